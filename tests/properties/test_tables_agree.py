"""The tables of a run say the same thing: ids lead somewhere, counts are counts, spans lie in their text."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pyarrow.parquet as pq
import pytest

from houselights.core import tables
from houselights.worlds import simulate

LOOKALIKES = ("fans", "newsroom")


@pytest.fixture(scope="module", params=["planted", "with look-alikes", "csv"])
def run(request: pytest.FixtureRequest, laid_out: dict[str, Any], scanned: Callable[..., Any]) -> Any:
    if request.param == "csv":
        found = request.getfixturevalue("from_csv")
    elif request.param == "planted":
        found = request.getfixturevalue("from_jsonl")
    else:
        campaigns = (laid_out["burst"],)
        world = simulate(replace(laid_out["planted"], campaigns=campaigns, lookalikes=LOOKALIKES), 1)
        found = scanned(world.posts)
    assert found.observed
    return found


def test_every_table_is_as_declared(run: Any) -> None:
    for table in (tables.POSTS, tables.REJECTS, tables.TRACES, tables.MEMBERS, tables.EVIDENCE, tables.HIGHLIGHTS):
        found = pq.read_table(run.path / table.file)
        assert found.column_names == [c.name for c in table.columns], table.name
        # The names that Parquet writers give to the items of a list are their own.
        assert [str(f.type).replace("<element:", "<item:") for f in found.schema] == [
            str(c.type) for c in table.columns
        ]
        table.check(found)
        keys = list(zip(*(found[c].to_pylist() for c in table.order), strict=True))
        assert keys == sorted(keys), table.name


def test_spans_lie_in_their_text_and_hold_what_they_claim(run: Any) -> None:
    posts = {p["post_id"]: p for p in run.rows("posts")}
    highlights = run.rows("highlights")
    assert highlights
    partial = 0
    for h in highlights:
        text = posts[h["post_id"]]["text"]
        assert 0 <= h["start"] <= h["end"] <= len(text)
        if h["start"] == h["end"]:
            assert (h["start"], h["end"]) == (0, 0), "an empty span means the whole post"
            continue
        partial += 1
        piece = text[h["start"] : h["end"]]
        assert piece.strip() == piece, "a span does not start or end in white space"
        if h["kind"] == "link":
            assert piece in posts[h["post_id"]]["urls"] or piece.startswith(("http", "www."))
    assert partial or all(h["kind"] in ("repost", "quote", "reply") for h in highlights)


def test_evidence_leads_to_posts_and_traces(run: Any) -> None:
    posts = {p["post_id"]: p for p in run.rows("posts")}
    traces = {(t["post_id"], t["account_id"], t["kind"], t["object_id"]) for t in run.rows("traces")}
    for f in run.findings:
        members = run.accounts(f, "core", "periphery")
        evidence = run.rows("evidence", f)
        assert evidence
        for e in evidence:
            a, b = posts[e["post_id_a"]], posts[e["post_id_b"]]
            assert (a["author_id"], b["author_id"]) == (e["account_a"], e["account_b"])
            assert {e["account_a"], e["account_b"]} <= members and e["account_a"] != e["account_b"]
            assert e["delta_s"] == pytest.approx((b["created_at"] - a["created_at"]).total_seconds())
            assert 0 <= e["delta_s"] <= f["window_s"]
            assert 0 < e["chance"] <= 1
            for side in "ab":
                key = (e[f"post_id_{side}"], e[f"account_{side}"], e["kind"], e["object_id"])
                assert key in traces
        highlighted = {h["post_id"] for h in run.rows("highlights", f)}
        assert highlighted <= {p for e in evidence for p in (e["post_id_a"], e["post_id_b"])}


def test_every_core_member_has_evidence(run: Any) -> None:
    for f in run.findings:
        shown = {a for e in run.rows("evidence", f) for a in (e["account_a"], e["account_b"])}
        assert run.accounts(f, "core") <= shown


def test_counts_are_counts(run: Any) -> None:
    for f in run.findings:
        evidence, members = run.rows("evidence", f), run.rows("members", f)
        assert len({m["account_id"] for m in members}) == len(members), "one role per account"
        roles = Counter(m["role"] for m in members)
        assert set(roles) <= {"core", "periphery", "source"}
        assert f["n_core"] == roles["core"]
        assert f["n_accounts"] == roles["core"] + roles["periphery"]
        assert f["resolved"] == (roles["core"] >= 3)
        assert f["n_posts"] == len({p for e in evidence for p in (e["post_id_a"], e["post_id_b"])})
        assert f["n_objects"] == len({(e["kind"], e["object_id"]) for e in evidence})
        assert 0 < f["expected"] < f["observed"] and f["p_value"] <= f["q_value"] <= 0.05
        assert set(f["channels"]) <= {e["channel"] for e in evidence}
        assert all(0 <= m["p_value"] <= 1 and 0 <= m["membership_probability"] <= 1 for m in members)
    ids = {f["finding_id"] for f in run.findings}
    for name in ("members", "evidence", "highlights"):
        assert {r["finding_id"] for r in run.rows(name)} <= ids


def test_nothing_leaves_the_count(run: Any) -> None:
    m = run.manifest
    assert m["accepted"] == len(run.rows("posts"))
    assert m["rejected"] == len(run.rows("rejects")) == sum(m["rejected_by_rule"].values())
    assert m["accepted"] + m["rejected"] + m["outside_window"] == sum(i["rows"] for i in m["inputs"])
    assert m["traces"] == len(run.rows("traces")) or sum(m["traces"].values()) == len(run.rows("traces"))
    scores = [f["score"] for f in run.findings]
    assert scores == sorted(scores, reverse=True)
