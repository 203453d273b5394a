"""Reading a RUN directory."""

from pathlib import Path
from types import ModuleType

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from houselights.core import tables
from houselights.core.errors import HouselightsError
from houselights.results import Results


@pytest.fixture
def results(run_dir: Path) -> Results:
    return Results(run_dir)


def test_what_is_no_run_is_said(tmp_path: Path) -> None:
    with pytest.raises(HouselightsError, match="is not a directory"):
        Results(tmp_path / "missing")
    with pytest.raises(HouselightsError, match=r"no manifest\.json"):
        Results(tmp_path)


def test_an_unknown_finding_lists_the_known(results: Results) -> None:
    for query in (results.finding, results.members, results.evidence, results.timeline, results.edges, results.shown):
        with pytest.raises(HouselightsError, match="f-ring, f-pool, f-desk"):
            query("nope")


def test_a_scan_that_did_not_finish_is_no_result(made: ModuleType, tmp_path: Path) -> None:
    run = made.build(tmp_path / "run")
    (run / "manifest.json").write_text('{"complete": false}', encoding="utf-8")
    with pytest.raises(HouselightsError, match="did not finish"):
        Results(run)


def test_a_damaged_run_is_said(made: ModuleType, tmp_path: Path) -> None:
    run = made.build(tmp_path / "run")
    (run / "evidence.parquet").write_bytes(b"not parquet")
    with pytest.raises(HouselightsError, match="Run the scan again"):
        Results(run).n_evidence("f-ring")
    (run / "findings.json").write_text("{", encoding="utf-8")
    with pytest.raises(HouselightsError, match=r"findings\.json"):
        _ = Results(run).findings


def test_counts(results: Results) -> None:
    posts = pq.read_table(results.run_dir / "posts.parquet")
    assert results.counts["posts"] == len(posts)
    assert results.counts["accounts"] == len(set(posts["author_id"].to_pylist()))
    assert results.rejects_by_rule == [("no_time", 2), ("bad_json", 1)]
    assert results.precisions == [("s", len(posts))]


def test_pairs_hold_both_posts_and_are_spread_over_objects(results: Results) -> None:
    pairs = results.pairs("f-ring", 12)
    assert len({p.object_id for p in pairs}) == 12
    for p in pairs:
        assert p.post_a is not None and p.post_b is not None
        assert p.post_a.author_id == p.account_a and p.post_b.author_id == p.account_b
        assert (p.post_b.created_at - p.post_a.created_at).total_seconds() == p.delta_s
    assert [p.chance_0_1 for p in pairs] == sorted(p.chance_0_1 for p in pairs)


def test_a_post_is_the_same_whether_it_is_in_evidence_or_not(made: ModuleType, tmp_path: Path) -> None:
    run = made.build(tmp_path / "run")
    rows = pq.read_table(run / tables.POSTS.file).to_pylist()
    cited = {
        id_ for r in pq.read_table(run / tables.EVIDENCE.file).to_pylist() for id_ in (r["post_id_a"], r["post_id_b"])
    }
    original = next(r for r in rows if r["post_id"] not in cited)
    copy = next(r for r in rows if r["post_id"] in cited)
    copy["repost_of"] = original["post_id"]
    pq.write_table(pa.Table.from_pylist(rows, schema=tables.POSTS.schema), run / tables.POSTS.file)
    results = Results(run)
    everybody = results.posts([(r["post_id"], r["author_id"]) for r in rows])
    assert {key: p.text for key, p in everybody.items()} == {(r["post_id"], r["author_id"]): r["text"] for r in rows}
    in_evidence = [key for key in everybody if key[0] in cited]
    assert results.posts(in_evidence) == {key: everybody[key] for key in in_evidence}
    assert results.posts(in_evidence)[copy["post_id"], copy["author_id"]].reposted_text == original["text"]


def test_the_timeline_counts_every_post_once(results: Results) -> None:
    posts = pq.read_table(results.run_dir / "posts.parquet", columns=["created_at"])["created_at"].to_pylist()
    line = results.timeline("f-ring")
    span = (line.starts[0], line.starts[-1] + (line.starts[1] - line.starts[0]))
    assert sum(line.group) == results.finding("f-ring")["n_posts"]
    assert sum(line.group) + sum(line.others) == sum(span[0] <= at < span[1] for at in posts)
    assert line.group[0] == line.group[-1] == 0


def test_edges_count_coincidences(results: Results) -> None:
    edges = results.edges("f-pool")
    assert sum(n for _, _, n in edges) == results.n_evidence("f-pool") == 15
    assert all(a < b for a, b, _ in edges)


def test_evidence_is_strongest_first_and_limited(results: Results) -> None:
    whole = results.evidence("f-ring")
    assert whole.schema == tables.EVIDENCE.schema
    assert whole["chance"].to_pylist() == sorted(whole["chance"].to_pylist())
    assert results.evidence("f-ring", 5).equals(whole.slice(0, 5))


def test_only_core_of_a_resolved_finding_that_passed_is_named(results: Results, made: ModuleType) -> None:
    ring = results.shown("f-ring")
    assert {a for a, s in ring.items() if s.named} == {*made.RING, "copied_writer"}
    for finding in ("f-pool", "f-desk"):
        shown = results.shown(finding)
        assert not any(s.named for s in shown.values())
        assert {s.label for s in shown.values()} == {f"account {i}" for i in range(1, len(shown) + 1)}


def test_highlights_lie_inside_their_text(results: Results) -> None:
    post = results.pairs("f-ring", 1)[0].post_a
    assert post is not None
    for h in results.highlights(post.post_id):
        assert 0 <= h["start"] <= h["end"] <= len(post.text)
    assert results.highlights("no such post") == []


def test_a_missing_table_is_an_empty_one(made: ModuleType, tmp_path: Path) -> None:
    run = made.build(tmp_path / "run", nothing=True)
    (run / "evidence.parquet").unlink()
    (run / "rejects.parquet").unlink()
    results = Results(run)
    assert results.counts["rejected"] == 0
    assert results.table(tables.EVIDENCE).num_rows == 0


def test_a_path_with_a_quote_works(made: ModuleType, tmp_path: Path) -> None:
    assert Results(made.build(tmp_path / "it's; DROP")).counts["posts"] > 0


def test_wordings_are_of_near_identical_texts_only(results: Results) -> None:
    texts = results.wordings("f-ring")
    assert texts and all(len(t) == 2 for t in texts)
    for most, other in texts:
        assert most.n_posts > other.n_posts == other.n_accounts == 1
        assert "Friday" in most.first.text and "Sunday" in other.first.text
    assert results.wordings("f-pool") == [] and len(results.wordings("f-ring", 2)) == 2
