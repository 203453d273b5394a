"""Posts that have nothing to do with each other, and worlds without a campaign, raise no finding."""

import json
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute
import pytest

from houselights.core.tables import POSTS
from houselights.evidence import sittings
from houselights.worlds import World, WorldSettings, simulate
from houselights.worlds.settings import LOOKALIKES

FREE = WorldSettings(n_accounts=700, n_days=4)


def everything_renamed(posts: pa.Table, prefix: str) -> pa.Table:
    """Another platform's posts: no id, link, tag or text in common with the original."""
    rows = posts.to_pylist()
    for r in rows:
        r["platform"] = prefix
        for name in (
            "post_id",
            "author_id",
            "reply_to",
            "reply_to_author",
            "thread_id",
            "repost_of",
            "repost_of_author",
            "quote_of",
            "quote_of_author",
        ):
            r[name] = r[name] and prefix + r[name]
        r["author_handle"] = prefix + r["author_handle"]
        r["mentions"] = [prefix + m for m in r["mentions"]]
        r["hashtags"] = [prefix + t for t in r["hashtags"]]
        r["urls"] = [u.replace("https://", f"https://{prefix}.") for u in r["urls"]]
        # Texts stay near-copies of each other where they were, and of nothing else.
        r["text"] = " ".join(prefix + w if w.isalpha() else w for w in r["text"].split())
    return pa.Table.from_pylist(rows, schema=POSTS.schema)


def without_surroundings(finding: dict[str, Any]) -> dict[str, Any]:
    """A finding but for what its explanations say of "the other posts in this data": these have become more."""
    explanations = [{k: v for k, v in e.items() if k != "detail"} for e in finding["explanations"]]
    return finding | {"explanations": explanations}


def test_another_platforms_lonely_posts_change_no_finding(
    planted: World, from_parquet: Any, scanned: Callable[..., Any]
) -> None:
    rng = np.random.default_rng(7)
    rows = planted.posts.to_pylist()
    lonely = []
    for k, r in enumerate(rows[:3000]):
        words = " ".join(f"w{x}" for x in rng.integers(0, 10**9, 12))
        lonely.append(
            r
            | {
                "post_id": f"lonely-{k}",
                "platform": "elsewhere",
                "author_id": f"somebody-{k % 400}",
                "author_handle": f"somebody{k % 400}",
                "text": words,
                "urls": [f"https://elsewhere.example/{k}"],
                "hashtags": [],
                "mentions": [],
                "kind": "post",
                "thread_id": f"lonely-{k}",
            }
            | dict.fromkeys(
                (
                    "reply_to",
                    "reply_to_author",
                    "repost_of",
                    "repost_of_author",
                    "quote_of",
                    "quote_of_author",
                )
            )
        )
    added = pa.Table.from_pylist(lonely, schema=POSTS.schema)
    run = scanned(pa.concat_tables([planted.posts, added]))
    assert run.manifest["accepted"] == from_parquet.manifest["accepted"] + len(lonely)
    names = ("members.parquet", "evidence.parquet", "highlights.parquet")
    assert run.bytes(*names) == from_parquet.bytes(*names)
    assert [without_surroundings(f) for f in run.findings] == [without_surroundings(f) for f in from_parquet.findings]
    assert from_parquet.observed


@pytest.mark.parametrize("seed", [21, 22])
def test_other_peoples_ordinary_life_is_no_finding(planted: World, scanned: Callable[..., Any], seed: int) -> None:
    other = everything_renamed(simulate(FREE, seed).posts, "zz")
    run = scanned(pa.concat_tables([planted.posts, other]))
    named = set().union(*(run.accounts(f) for f in run.observed))
    assert named and not any(a.startswith("zz") for a in named)
    # Who was found among the first world's accounts is still found: life elsewhere hides nobody.
    members = {g: set(c["members"]) for g, c in planted.campaigns.items()}
    cores = [run.accounts(f, "core") for f in run.observed]
    for group in members.values():
        assert max(len(core & group) for core in cores) >= 0.9 * len(group)


@pytest.mark.parametrize("seed", range(11, 14))
def test_a_world_without_campaigns_has_no_finding(scanned: Callable[..., Any], seed: int) -> None:
    assert scanned(simulate(FREE, seed).posts).findings == []


@pytest.mark.parametrize("seed", range(31, 34))
def test_lookalikes_are_described_at_most(scanned: Callable[..., Any], seed: int) -> None:
    world = simulate(replace(FREE, n_accounts=850, lookalikes=LOOKALIKES), seed)
    run = scanned(world.posts)
    assert [(f["sentence"], run.groups(world, f)) for f in run.observed] == []


def objects(posts: pa.Table) -> dict[tuple[str, str], list[int]]:
    """Rows by what they point at: the post reposted, quoted or answered, else the link, else the words."""
    found: dict[tuple[str, str], list[int]] = defaultdict(list)
    columns = [posts[c].to_pylist() for c in ("repost_of", "quote_of", "reply_to", "urls", "text")]
    for row, (repost, quote, reply, urls, text) in enumerate(zip(*columns, strict=True)):
        named = {"repost": repost, "quote": quote, "reply": reply, "link": urls[0] if urls else None, "text": text}
        kind = next((k for k in named if named[k]), "text")
        found[kind, str(named[kind])].append(row)
    return found


def retimed(posts: pa.Table, parts: list[list[int]], seed: int) -> pa.Table:
    """Times permuted within each part."""
    rng = np.random.default_rng(seed)
    at = np.array(posts["created_at"].cast(pa.int64()).to_pylist())
    for rows in parts:
        at[rows] = at[rng.permutation(rows)]
    where = posts.column_names.index("created_at")
    field = posts.schema.field(where)
    return posts.set_column(where, field, pa.array(at, pa.int64()).cast(field.type))


@pytest.mark.parametrize("seed", range(41, 44))
def test_a_burst_shuffled_within_its_objects_is_no_finding(
    laid_out: dict[str, Any], scanned: Callable[..., Any], seed: int
) -> None:
    """Members and outsiders of an object trade their moments: the objects' bursts stay, nobody is together in them.

    (What a ring alone posts cannot be shuffled so: all its moments are the group's own.)
    """
    world = simulate(replace(laid_out["planted"], campaigns=(laid_out["burst"],)), seed)
    run = scanned(retimed(world.posts, list(objects(world.posts).values()), seed))
    assert [(f["sentence"], run.groups(world, f)) for f in run.observed] == []


@pytest.mark.parametrize("seed", range(51, 53))
def test_a_planted_world_with_shuffled_times_is_no_finding(
    planted: World, scanned: Callable[..., Any], seed: int
) -> None:
    """All originals, and all reposts, trade their moments: who shares what stays, when is anybody's."""
    by_kind: dict[str, list[int]] = defaultdict(list)
    for (kind, _), rows in objects(planted.posts).items():
        by_kind[kind].extend(rows)
    assert scanned(retimed(planted.posts, list(by_kind.values()), seed)).observed == []


def moved(posts: pa.Table, days: int) -> pa.Table:
    at = pa.compute.add(posts["created_at"].cast(pa.int64()), int(timedelta(days=days).total_seconds() * 1e6))
    where = posts.column_names.index("created_at")
    field = posts.schema.field(where)
    return posts.set_column(where, field, at.cast(field.type))


def test_a_world_moved_in_time_keeps_its_findings(
    planted: World, from_parquet: Any, scanned: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A coincidence is a matter of differences: a clock that is 100 days off for everybody finds the same groups, to the last byte,
    where the halves, which are drawn by the hour, are drawn alike."""
    draw = sittings.in_half_a
    monkeypatch.setattr(sittings, "in_half_a", lambda sitting, seed: draw(sitting + 100 * 24, seed))
    run = scanned(moved(planted.posts, -100))
    assert run.bytes("members.parquet", "evidence.parquet") == from_parquet.bytes("members.parquet", "evidence.parquet")
    unmoved = ("finding_id", "tier", "n_core", "p_value", "q_value", "score", "observed", "expected")
    assert json.dumps([[f[k] for k in unmoved] for f in run.findings]) == json.dumps(
        [[f[k] for k in unmoved] for f in from_parquet.findings]
    )


def test_other_halves_find_the_same_groups(planted: World, from_parquet: Any, scanned: Callable[..., Any]) -> None:
    """100 days earlier the halves are others; a group may win or lose an account or two."""
    run = scanned(moved(planted.posts, -100))
    before = [from_parquet.accounts(f, "core") for f in from_parquet.observed]
    after = [run.accounts(f, "core") for f in run.observed]
    assert len(before) == len(after) > 0
    for group in before:
        assert max(len(group & other) / len(group | other) for other in after) >= 0.8
