"""RUN directories made by hand, and browsers without a screen: starlette's client speaks to the app in this process."""

import importlib.util
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from starlette.testclient import TestClient

from houselights.core import tables

TOKEN = "a-token-of-this-server"
WHERE = "http://127.0.0.1:8765"


def _made() -> ModuleType:
    spec = importlib.util.spec_from_file_location("made_run", Path(__file__).parents[1] / "made_run.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _table(run: Path, declared: tables.Table, rows: list[dict[str, Any]]) -> None:
    table = pa.Table.from_pylist(rows, schema=declared.schema)
    pq.write_table(table.sort_by([(c, "ascending") for c in declared.order]), run / declared.file)


def _posts(run: Path) -> list[dict[str, Any]]:
    return list(pq.read_table(run / tables.POSTS.file).to_pylist())


@pytest.fixture(scope="session")
def rich_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The made RUN with languages, narratives, techniques, a model's words, calibration and opinion; names are as hostile as texts."""
    run = Path(_made().build(tmp_path_factory.mktemp("web") / "rich <run>"))
    posts = _posts(run)
    for i, p in enumerate(posts):
        p["hashtags"] = ["vote", "<b>tag</b>"] if i % 3 else []
        p["urls"] = ["javascript:alert(1)", f"https://site{i % 4}.example/<x>"] if i % 2 else []
        p["author_handle"] = f"h_{p['author_id']}" if i % 5 else "<i>handle</i>"
        p["url"] = "javascript:alert(2)" if i % 2 else f"https://site.example/{p['post_id']}"
        p["text"] += " @somebody_else" if i % 7 == 0 else ""
    _table(run, tables.POSTS, posts)
    own = [p for p in posts if p["text"].strip()]
    _table(
        run,
        tables.LANGUAGES,
        [
            {"post_id": p["post_id"], "lang": ("en", "de", "und")[i % 3], "confidence_0_1": 0.9}
            for i, p in enumerate(own)
        ],
    )
    _narratives(run, own)
    _table(
        run,
        tables.ANNOTATIONS,
        [
            dict(
                zip(
                    [c.name for c in tables.ANNOTATIONS.columns],
                    (
                        p["post_id"],
                        "techniques",
                        "",
                        "Loaded_Language",
                        0,
                        4,
                        p["text"][:4],
                        0.8,
                        "head:techniques",
                        "1",
                    ),
                    strict=True,
                )
            )
            for p in own[::3]
        ],
    )
    (run / "calibration.json").write_text(json.dumps(_calibration()), encoding="utf-8")
    return run


def _narratives(run: Path, own: list[dict[str, Any]]) -> None:
    rows, told = [], []
    for k in range(3):
        mine = own[k::4]
        rows.append(
            {
                "narrative_id": f"narrative:{k}",
                "name": f"<script>alert({k})</script> · words",
                "keywords": ["words"],
                "languages": ["en", "<de>"],
                "n_posts": len(mine),
                "n_texts": len(mine),
                "n_accounts": len({p["author_id"] for p in mine}),
                "account_share_0_1": 0.5,
                "first_at": min(p["created_at"] for p in mine),
                "last_at": max(p["created_at"] for p in mine),
                "representative_post_ids": [p["post_id"] for p in mine[:3]],
            }
        )
        told += [
            {"post_id": p["post_id"], "narrative_id": f"narrative:{k}", "similarity_0_1": 1.0, "by": "text"}
            for p in mine
        ]
    _table(run, tables.NARRATIVES, rows)
    _table(run, tables.POST_NARRATIVES, told)
    findings = json.loads((run / "findings.json").read_text(encoding="utf-8"))
    findings[0]["narratives"] = [
        {
            "narrative_id": "narrative:0",
            "name": rows[0]["name"],
            "languages": ["en"],
            "n_posts": 5,
            "n_accounts": 4,
            "n_posts_of_all": rows[0]["n_posts"],
            "share_0_1": 5 / rows[0]["n_posts"],
        }
    ]
    (run / "findings.json").write_text(json.dumps(findings), encoding="utf-8")


def _calibration() -> dict[str, Any]:
    recall = {
        "tactic": "own_content_ring",
        "what_it_does": "acts",
        "accounts": 20,
        "objects": 15,
        "window_s": 60.0,
        "implants": 20,
        "found": 19,
        "recall": 0.95,
        "interval_95": [0.76, 0.99],
    }
    shuffle = {"kind": "within_cells", "draws": 20, "draws_with_a_group": 1, "interval_95": [0.0, 0.2]}
    variants = [{"setting": "window_s", "value": 60.0, "found": True}, {"setting": "q", "value": 0.01, "found": False}]
    return {
        "shuffles": [shuffle],
        "recall": [recall],
        "uniformity": {"pairs": [], "groups": {}},
        "sensitivity": [{"finding_id": "f-ring", "variants": variants}],
    }


@pytest.fixture(scope="session")
def bare_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Nothing but what every scan writes: no narratives, no opinion, no calibration."""
    return Path(_made().build(tmp_path_factory.mktemp("web") / "bare"))


@pytest.fixture(scope="session")
def nothing_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(_made().build(tmp_path_factory.mktemp("web") / "nothing", nothing=True))


@pytest.fixture(scope="session")
def no_posts_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run whose posts were all outside the time asked for."""
    run = Path(_made().build(tmp_path_factory.mktemp("web") / "no-posts", nothing=True))
    _table(run, tables.POSTS, [])
    return run


def client_of(run: Path) -> TestClient:
    from houselights.outlets.web.app import app

    return TestClient(app(run, TOKEN), base_url=WHERE, follow_redirects=False)


def _served(run: Path) -> Iterator[TestClient]:
    client = client_of(run)
    client.app.state.shown.wait()  # type: ignore[attr-defined]
    yield client
    client.app.state.shown.close()  # type: ignore[attr-defined]


@pytest.fixture(scope="session")
def rich(rich_run: Path) -> Iterator[TestClient]:
    yield from _served(rich_run)


@pytest.fixture(scope="session")
def bare(bare_run: Path) -> Iterator[TestClient]:
    yield from _served(bare_run)


@pytest.fixture(scope="session")
def nothing(nothing_run: Path) -> Iterator[TestClient]:
    yield from _served(nothing_run)


@pytest.fixture(scope="session")
def no_posts(no_posts_run: Path) -> Iterator[TestClient]:
    yield from _served(no_posts_run)


@pytest.fixture
def own_run(bare_run: Path, tmp_path: Path) -> Path:
    """A copy that a test may write beside."""
    return Path(shutil.copytree(bare_run, tmp_path / "runs" / "own", ignore=shutil.ignore_patterns(".web")))
