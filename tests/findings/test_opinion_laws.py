"""Laws of the estimate: what must hold whatever the data."""

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from houselights.findings.opinion import estimate, reach, readout, spread
from houselights.findings.opinion.categories import Counts
from houselights.findings.opinion.estimate import Drawn, Group
from houselights.findings.opinion.groups import Counted
from houselights.findings.opinion.labels import Audit, corrected
from houselights.findings.opinion.reach import Reach

DRAWS = 300


@st.composite
def worlds(draw: st.DrawFn) -> tuple[Counts, list[Counted]]:
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    width = draw(st.integers(1, 5))
    outside = rng.poisson(rng.gamma(1.0, 2.0, (draw(st.integers(0, 40)), width))).astype(float)
    patterns, n = np.unique(outside[outside.sum(axis=1) > 0], axis=0, return_counts=True)
    listed: dict[str, np.ndarray] = {}
    counted = []
    for k in range(draw(st.integers(0, 3))):
        mine = {f"g{k}m{i}": float(rng.choice([0.3, 0.9, 1.0])) for i in range(draw(st.integers(1, 12)))}
        listed |= {a: rng.poisson(2.0, width).astype(float) for a in mine}
        found = draw(st.integers(1, 20))
        counted.append(
            Counted(
                f"F{k}",
                "observed",
                "",
                mine,
                Reach("", float(found), 20.0, draw(st.sampled_from([0.5, 0.9, 1.0])), 80.0),
            )
        )
    if not len(n) and not any(v.sum() for v in listed.values()):
        listed["one"] = np.ones(width)
    names: list[str | None] = [f"c{i}" for i in range(width)]
    return Counts(
        "hashtag", names, 0, np.zeros(width, np.int64), listed, patterns.reshape(-1, width), n.astype(float)
    ), counted


def _told(world: tuple[Counts, list[Counted]], limit: float | None = 30.0, unseen: float = 0.9) -> dict[str, Any]:
    return readout.dimension(*world, limit, unseen, {}, None, DRAWS, np.random.default_rng(0))


@given(worlds())
@settings(max_examples=60, deadline=None)
def test_shares_add_up_and_intervals_hold_the_estimate(world: tuple[Counts, list[Counted]]) -> None:
    told = _told(world)
    rows = told["categories"]
    for pick in (
        lambda r: r["apparent_0_1"],
        lambda r: r["apparent_by_accounts_0_1"],
        lambda r: r["plain_removal_0_1"],
        lambda r: r["organic_0_1"]["at"],
        lambda r: r["organic_by_accounts_0_1"]["at"],
        lambda r: r["one_voice_per_group_0_1"]["at"],
    ):
        assert sum(map(pick, rows)) == pytest.approx(1.0, abs=1e-5)
    for r in rows:
        for way in ("organic_0_1", "organic_by_accounts_0_1", "one_voice_per_group_0_1"):
            x = r[way]
            assert 0 <= x["widest_low"] <= x["low"] + 1e-6 and x["low"] <= x["at"] + 1e-6
            assert x["at"] <= x["high"] + 1e-6 and x["high"] <= x["widest_high"] + 1e-6 <= 1 + 2e-6
        m = r["manufactured_posts"]
        assert 0 <= m["low"] <= m["at"] + 1e-6 and m["at"] <= m["high"] + 1e-6 and m["high"] <= r["posts"] + 0.01


@given(worlds(), st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_neither_names_nor_order_change_anything(world: tuple[Counts, list[Counted]], random: Any) -> None:
    counts, counted = world
    names = list(counts.listed)
    new = dict(zip(names, random.sample([f"z{i}" for i in range(len(names))], len(names)), strict=True))
    shuffled = list(counts.listed.items())
    random.shuffle(shuffled)
    rows = np.array(random.sample(range(len(counts.n)), len(counts.n)), int)
    other = Counts(
        counts.dimension,
        counts.names,
        0,
        counts.accounts,
        {new[a]: v for a, v in shuffled},
        counts.patterns[rows],
        counts.n[rows],
    )
    renamed = [
        Counted(
            f"G{c.finding_id}",
            c.tier,
            c.tactic,
            {new[a]: q for a, q in sorted(c.probability.items(), key=lambda _: random.random())},
            c.reach,
        )
        for c in counted
    ]
    random.shuffle(renamed)
    assert _told((other, renamed)) == _told(world)


@given(worlds())
@settings(max_examples=30, deadline=None)
def test_without_a_finding_nothing_is_taken_out(world: tuple[Counts, list[Counted]]) -> None:
    told = _told((world[0], []))
    assert told["manufactured"]["posts"]["at"] == 0
    for r in told["categories"]:
        assert r["organic_0_1"]["at"] == r["apparent_0_1"] == r["plain_removal_0_1"]
        assert r["manufactured_posts"]["high"] == pytest.approx(min(30.0, r["posts"]), abs=0.01)
    assert all(r["organic_0_1"]["high"] == 1.0 for r in _told((world[0], []), None)["categories"])


@given(worlds(), st.floats(0.1, 1.0), st.floats(0.1, 1.0))
@settings(max_examples=40, deadline=None)
def test_more_recall_less_manufactured(world: tuple[Counts, list[Counted]], a: float, b: float) -> None:
    counts, counted = world
    low, high = sorted((a, b))

    def at(recall: float) -> np.ndarray:
        groups = [c.group(counts.listed, len(counts.names)) for c in counted]
        groups = [Group(g.q, g.volume, 20.0, 20.0, recall, 10.0) for g in groups]
        return estimate.point(groups, counts.total).manufactured[0]

    assert (at(high) <= at(low) + 1e-9).all()


def test_the_oftener_its_like_is_missed_the_wider_the_interval() -> None:
    volume, total = np.full((20, 2), 3.0), np.array([500.0, 500.0])
    upper = []
    for found in (20.0, 16.0, 12.0):
        g = Group(np.ones(20), volume, found, 20.0)
        drawn = estimate.draw([g], total, 4000, np.random.default_rng(0)).manufactured.sum(axis=1)
        upper.append(np.quantile(drawn, 0.95))
        assert estimate.point([g], total).manufactured.sum() == 120
    assert upper[0] < upper[1] <= upper[2]


def test_the_mean_of_the_draws_is_the_formula() -> None:
    rng = np.random.default_rng(3)
    g = Group(np.full(40, 0.9), rng.poisson(5.0, (40, 1)).astype(float), 0.0, 0.0, 0.8, 4000.0)
    total = np.array([1e6])
    at = estimate.point([g], total).manufactured[0, 0]
    drawn = estimate.draw([g], total, 40_000, np.random.default_rng(0)).manufactured[:, 0]
    assert drawn.mean() == pytest.approx(at, rel=0.02)


def test_labels_that_are_right_change_nothing_and_wrong_ones_are_undone() -> None:
    volume = np.array([[60.0, 40.0]]), np.array([[300.0, 700.0]])
    right = Audit(np.stack([np.diag([1e7, 1e7])] * 2))
    same = corrected(Drawn(volume[0], volume[1], volume[0]), right, None)
    assert same.manufactured == pytest.approx(volume[0], abs=0.1) and same.total == pytest.approx(volume[1], abs=0.1)
    miss = np.array([[0.8, 0.2], [0.1, 0.9]])  # true -> predicted
    true_mine, true_others = np.array([[90.0, 10.0]]), np.array([[200.0, 700.0]])
    sheet = Audit(np.stack([1e6 * (true[0][:, None] * miss).T for true in (true_others, true_mine)]))
    undone = corrected(Drawn(true_mine @ miss, (true_mine + true_others) @ miss, true_mine @ miss), sheet, None)
    assert undone.manufactured == pytest.approx(true_mine, rel=0.01)
    assert undone.organic == pytest.approx(true_others, rel=0.01)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(0, 60), min_size=4, max_size=4), st.lists(st.integers(0, 60), min_size=4, max_size=4))
def test_a_classifier_that_knows_nothing_gives_what_the_sheet_says(others: list[int], theirs: list[int]) -> None:
    assume(sum(others) > 20 and sum(theirs) > 20)
    n = np.zeros((2, 4, 4))
    n[0, 3], n[1, 3] = others, theirs  # everything was predicted 'unclear'
    volume = Drawn(np.array([[0, 0, 0, 100.0]]), np.array([[0, 0, 0, 1000.0]]), np.array([[0, 0, 0, 1.0]]))
    at = corrected(volume, Audit(n), None)
    assert at.manufactured[0] / 100 == pytest.approx(np.array(theirs) / sum(theirs), abs=2 / sum(theirs))
    assert at.organic[0] / 900 == pytest.approx(np.array(others) / sum(others), abs=2 / sum(others))
    unused = np.array(others) + np.array(theirs) == 0
    assert not at.total[0][unused].any()  # a label that nobody gave has no share
    drawn = corrected(
        Drawn(*(np.repeat(x, 400, axis=0) for x in (volume.manufactured, volume.total, volume.voices))),
        Audit(n),
        np.random.default_rng(0),
    )
    spread = drawn.manufactured[:, int(np.argmax(theirs))].std()
    assert spread > 0 or np.count_nonzero(np.array(others) + np.array(theirs)) == 1  # what few rows say is not certain


def _row(tactic: str, accounts: int, found: int, implants: int = 20) -> dict[str, Any]:
    each = 13.5 * accounts
    n = {"posts": each * implants, "posts_of_found": each * found, "posts_listed": each * found * 0.9}
    return {
        "tactic": tactic,
        "accounts": accounts,
        "found": found,
        "implants": implants,
        "objects": 15,
        "volume_recall": 0.9 * found / implants,
        "core_recall": 0.8 * found / implants,
        **n,
    }


def test_the_limit_is_where_one_group_is_missed_in_one_of_twenty() -> None:
    rows = [
        _row("a", 6, 20),
        _row("a", 20, 20),
        _row("b", 6, 0),
        _row("b", 20, 20),
        _row("c", 6, 4, 4),
        _row("d", 6, 20),
        _row("d", 20, 10),
    ]
    found = {r["tactic"]: r["posts"] for r in reach.limits(rows)}
    assert 0 < found["a"] < 13.5 * 6 < found["b"] < 13.5 * 20
    assert found["c"] is None and found["d"] is None  # too few planted; the larger ones were missed
    assert reach.largest(reach.limits(rows)) == found["b"] and reach.largest([]) is None


def test_recall_comes_from_the_tactic_and_the_size() -> None:
    rows = [_row("a", 6, 10), _row("a", 60, 20), _row("b", 6, 0)]
    assert reach.of_group(rows, "a", 6).found == 10 and reach.of_group(rows, "a", 1000).found == 20
    between = reach.of_group(rows, "a", 19)
    assert 10 < between.found < 20 and between.listed_0_1 == pytest.approx(0.8)
    assert reach.of_group(rows, "a", 19, core=False).listed_0_1 == pytest.approx(0.9)
    other = reach.of_group(rows, "z", 6)
    assert other.tactic == "" and other.implants == 40
    assert reach.of_group([], "a", 6).implants == 0


@pytest.mark.parametrize(
    ("kinds", "posts", "per_object", "window_s", "tactic"),
    [
        ({"repost": 15}, 270, 18, 60, "burst_amplification"),
        ({"repost": 20}, 60, 5, 60, "rotation"),
        ({"link": 15}, 270, 18, 60, "own_content_ring"),
        ({"text": 100}, 270, 2.5, 60, "shared_pool"),
        ({"link": 15}, 270, 18, 600, "slow_drip"),
        ({"hashtags": 15}, 270, 18, 60, ""),
    ],
)
def test_the_shape_says_which_tactic(
    kinds: dict[str, int], posts: int, per_object: float, window_s: float, tactic: str
) -> None:
    finding = {"kinds": kinds, "n_accounts": 20, "n_posts": posts, "window_s": window_s}
    assert reach.tactic_of(finding, per_object) == tactic


def _process(rng: np.random.Generator, ratio: float) -> tuple[np.ndarray, np.ndarray, int]:
    """Ten days: 4,000 posts of nobody's doing, thirty bursts of twenty, what each sets off, and what that sets off."""
    span = 10 * 86400.0

    def children(of: np.ndarray, mean: float) -> np.ndarray:
        n = rng.poisson(mean, len(of))
        born = np.repeat(of, n) + rng.exponential(3600.0, n.sum())
        return born[born < span]

    bursts = np.concatenate([at + rng.random(20) * 60 for at in rng.random(30) * (span - 100)])
    first = children(bursts, ratio)
    others = [rng.random(4000) * span, first]
    last = np.concatenate(others)
    while len(last):
        last = children(last, 0.3)
        others.append(last)
    every = np.concatenate(others)
    at = np.concatenate([every, bursts])
    order = np.argsort(at)
    return at[order], np.r_[np.zeros(len(every), bool), np.ones(len(bursts), bool)][order], len(first)


@pytest.mark.parametrize("ratio", [0.0, 1.0])
def test_the_model_of_contagion_finds_what_was_set_off(ratio: float) -> None:
    at, theirs, true = _process(np.random.default_rng(2), ratio)
    found = spread.fit(at, theirs, 3600.0)
    assert abs(found.induced - true) <= 3 * max(found.error, 15.0)
    moved = spread.fit(*spread._moved(at, theirs, 3), 3600.0)
    assert moved.induced < 100 and found.error > 0
