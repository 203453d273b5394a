"""What worlds are calibrated to: activity, rhythm, object sizes, and how often sharers of a small object are close."""

import dataclasses
import re
from collections import Counter, defaultdict
from functools import cache
from typing import Any

import numpy as np
import pytest

from houselights.worlds import World, WorldSettings, preset, simulate

SEEDS = (1, 2, 3)


@cache
def world(name: str, seed: int = 1) -> World:
    return simulate(preset(name) if name != "life" else WorldSettings(), seed)


def times_s(w: World) -> list[float]:
    return [t.timestamp() for t in w.posts["created_at"].to_pylist()]


@cache
def objects(name: str, seed: int) -> dict[str, list[np.ndarray]]:
    """Moments of the first share of each account, per object: reposts, and originals (links, texts of 5 words)."""
    w = world(name, seed)
    found: dict[tuple[str, str], dict[str, float]] = defaultdict(dict)
    columns = (w.posts[c].to_pylist() for c in ("author_id", "kind", "repost_of", "text", "urls"))
    for at, (author, kind, repost_of, text, urls) in zip(times_s(w), zip(*columns, strict=True), strict=True):
        keys = [("repost", repost_of)] if kind == "repost" else []
        if kind == "post":
            words = re.sub(r"https?://\S+|#\S+", "", text).strip()
            keys = [("original", u) for u in urls] + ([("original", words)] if len(words.split()) >= 5 else [])
        for key in keys:
            found[key].setdefault(author, at)
    out: dict[str, list[np.ndarray]] = defaultdict(list)
    for (kind, _), shares in found.items():
        out[kind].append(np.sort(np.array(list(shares.values()))))
    return out


def close_rate(kind: str, size: int, window_s: float) -> float:
    pairs = [o for seed in SEEDS for o in objects("life", seed)[kind] if len(o) == size]
    assert len(pairs) >= 200
    return float(np.mean([o[1] - o[0] <= window_s for o in pairs]))


@pytest.mark.parametrize(
    ("kind", "window_s", "low", "high"),
    [
        ("repost", 60, 0.03, 0.10),
        ("repost", 600, 0.20, 0.32),
        ("original", 60, 0.10, 0.30),
        ("original", 600, 0.35, 0.80),
    ],
)
def test_close_pairs_of_small_objects_are_as_common_as_in_life(
    kind: str, window_s: float, low: float, high: float
) -> None:
    assert low <= close_rate(kind, 2, window_s) <= high


def test_most_shared_objects_are_small_and_some_are_large() -> None:
    for kind in ("repost", "original"):
        n = np.array([len(o) for seed in SEEDS for o in objects("life", seed)[kind]])
        shared = n[n >= 2]
        assert np.mean(shared <= 5) > 0.6
        assert shared.max() >= 50


def test_activity_is_heavy_tailed_around_its_mean() -> None:
    w = world("life")
    posts = np.array(list(Counter(w.posts["author_id"].to_pylist()).values()))
    assert 8 <= w.posts.num_rows / 2500 <= 10
    assert np.sort(posts)[-len(posts) // 10 :].sum() > 0.3 * posts.sum()


def test_nights_are_quiet() -> None:
    w = simulate(WorldSettings(n_communities=1), 4)
    hours = np.bincount([t.hour for t in w.posts["created_at"].to_pylist()], minlength=24)
    assert hours.max() > 2.5 * hours.min()


def test_own_words_all_but_never_coincide() -> None:
    texts = Counter(
        t for t, k in zip(*(world("life").posts[c].to_pylist() for c in ("text", "kind")), strict=True) if k == "reply"
    )
    long = [n for t, n in texts.items() if len(t.split()) > 7]
    assert len(long) > 1000
    assert max(long) == 1


def test_camouflage_is_the_share_of_ordinary_actions() -> None:
    for camouflage in (0.0, 0.5, 0.8):
        w = simulate(dataclasses.replace(preset("planted"), camouflage_0_1=camouflage), 7)
        acts = Counter(w.posts["author_id"].to_pylist())
        members = [m for c in w.campaigns.values() for m in c["members"]]
        coordinated = sum(len(p) for c in w.campaigns.values() for p in c["posts"])
        assert abs(1 - coordinated / sum(acts[m] for m in members) - camouflage) < 0.08


def test_an_api_sample_keeps_its_share() -> None:
    s = WorldSettings()
    whole, sample = (simulate(dataclasses.replace(s, retention_0_1=r), 3).posts.num_rows for r in (1.0, 0.4))
    assert 0.4 <= sample / whole < 0.6  # sources of kept posts come along


def test_objects_of_a_ring_belong_to_it_alone() -> None:
    w = world("planted")
    group = dict(zip(w.truth["account_id"].to_pylist(), w.truth["group_id"].to_pylist(), strict=True))
    rows = {r["post_id"]: r for r in w.posts.select(["post_id", "author_id", "urls", "text"]).to_pylist()}
    owners: dict[str, set[str | None]] = defaultdict(set)
    for r in rows.values():
        for u in r["urls"]:
            owners[u].add(group[r["author_id"]])
    for g, c in w.campaigns.items():
        if c["tactic"] in ("own_content_ring", "shared_pool"):
            for posts in c["posts"]:
                assert all(owners[u] == {g} for p in posts for u in rows[p]["urls"])
                assert len({rows[p]["text"] for p in posts}) == 1


def test_lookalikes_behave_as_named() -> None:
    w = world("demo")
    kind = dict(zip(w.truth["account_id"].to_pylist(), w.truth["tactic"].to_pylist(), strict=True))
    rows = [dict(r, tactic=kind[r["author_id"]]) for r in w.posts.to_pylist()]
    fans = Counter(r["repost_of_author"] for r in rows if r["tactic"] == "fans" and r["repost_of_author"])
    assert fans.most_common(1)[0][1] > 0.6 * fans.total()
    newsroom = {r["author_handle"] for r in rows if r["tactic"] == "newsroom"}
    assert len(newsroom) == 12 == len({h for h in newsroom if h.split("_")[0] == min(newsroom).split("_")[0]})
    feed = [r["created_at"] for r in rows if r["tactic"] == "feed_readers" and r["client"] == "Feed Relay"]
    assert feed
    assert all(t.minute % 5 == 0 and t.second < 5 for t in feed)
    signed = Counter(r["text"] for r in rows if r["tactic"] == "petition").most_common(1)[0][1]
    assert signed >= 80
    breaking = Counter(u for r in rows if r["tactic"] == "breaking_news" for u in r["urls"])
    assert sum(n >= 10 for n in breaking.values()) >= 4
    for name, within_s in (("timetable", 900), ("quick_circle", 3600)):
        assert quick_links_of_their_own(rows, name, within_s) >= 0.5, name


def quick_links_of_their_own(rows: list[dict[str, Any]], name: str, within_s: float) -> float:
    """Share of the links that only look-alikes of this kind share, at least two of them, and all within this time."""
    shared: dict[str, list[tuple[object, object, float]]] = defaultdict(list)
    for r in rows:
        for u in r["urls"]:
            shared[u].append((r["tactic"], r["author_id"], r["created_at"].timestamp()))
    own = [s for s in shared.values() if {t for t, _, _ in s} == {name} and len({a for _, a, _ in s}) >= 2]
    assert len(own) >= 100
    return float(np.mean([max(t for *_, t in s) - min(t for *_, t in s) <= within_s for s in own]))


def test_hard_tactics_behave_as_named() -> None:
    w = world("hard")
    rows = {r["post_id"]: r for r in w.posts.to_pylist()}
    found = {c["tactic"]: [[rows[p] for p in posts] for posts in c["posts"]] for c in w.campaigns.values()}
    assert max(Counter(r["author_id"] for o in found["rotation"] for r in o).values()) <= 3
    for objects_ in (found["reply_brigade"], found["hashtag_flood"], found["paraphrase_swarm"]):
        texts = [r["text"] for o in objects_ for r in o if len(r["text"].split()) > 7]
        assert len(set(texts)) > 0.8 * len(texts) > 50
    assert all(len({r["reply_to"] for r in o}) == 1 for o in found["reply_brigade"])
    assert len({t for o in found["hashtag_flood"] for r in o for t in r["hashtags"]}) == 1
