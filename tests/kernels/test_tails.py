"""Tails are upper bounds, one by one and many at once."""

from typing import Any

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats as reference

from houselights.kernels.tails import group_effect_tail, group_effect_tails, tail_bound

PROBABILITY = st.floats(0.01, 0.95)


@given(st.integers(1, 40), PROBABILITY, st.data())
@settings(deadline=None)
def test_the_bound_is_never_under_the_binomial_tail(n: int, mean: float, data: st.DataObject) -> None:
    k = data.draw(st.integers(0, n))
    bound = tail_bound(float(k), np.ones(n), np.full(n, mean), np.ones(n))
    assert bound >= reference.binom.sf(k - 1, n, mean) * (1 - 1e-9)


@given(st.lists(st.tuples(PROBABILITY, st.floats(1, 5)), min_size=1, max_size=9), st.data())
@settings(max_examples=60, deadline=None)
def test_the_bound_holds_for_weighted_sums(items: list[tuple[float, float]], data: st.DataObject) -> None:
    mean, weight = (np.array(x) for x in zip(*items, strict=True))
    hits = (np.arange(2 ** len(items))[:, None] >> np.arange(len(items))) & 1
    chance = np.where(hits == 1, mean, 1 - mean).prod(axis=1)
    total = hits @ weight
    t = data.draw(st.sampled_from(sorted(total.tolist())))
    exact = chance[total >= t - 1e-9].sum()
    assert tail_bound(t, weight, mean, np.ones(len(mean))) >= exact * (1 - 1e-6)


@given(st.lists(st.tuples(st.floats(0, 1), PROBABILITY), min_size=1, max_size=30), st.floats(0.05, 1.5))
@settings(deadline=None)
def test_a_group_effect_never_lowers_the_tail_of_a_surprise(items: list[tuple[float, float]], sd: float) -> None:
    share, chance = (np.array(x) for x in zip(*items, strict=True))
    p = group_effect_tail(share, chance, sd)
    assert 0 <= p <= 1
    assert group_effect_tail(np.ones_like(share), chance, sd) <= p + 1e-12


def test_a_larger_group_effect_asks_for_more() -> None:
    share, chance = np.ones(12), np.full(12, 0.3)
    tails = [group_effect_tail(share, chance, sd) for sd in (0.1, 0.4, 0.8, 1.6)]
    assert tails == sorted(tails)
    assert tails[0] < tails[-1] / 100


def test_random_group_effects_are_covered() -> None:
    """Groups that differ at random, shares that move as one: the p-value stays above its level."""
    rng = np.random.default_rng(7)
    p = []
    for _ in range(1500):
        chance = np.full(15, 0.2)
        effect = rng.normal(0, 0.4)
        true = 1 / (1 + np.exp(-(np.log(0.25) + effect)))
        p.append(group_effect_tail((rng.random(15) < true).astype(float), chance, 0.4))
    for level in (0.05, 0.01):
        assert np.mean(np.array(p) <= level) <= level


@given(
    st.lists(
        st.lists(st.tuples(st.floats(0, 1), PROBABILITY, st.floats(0.5, 9), st.floats(0.01, 1)), max_size=6), max_size=5
    )
)
@settings(deadline=None)
def test_many_groups_at_once_are_each_alone(groups: list[list[tuple[float, ...]]]) -> None:
    rows = np.array([r for g in groups for r in g]).reshape(-1, 4)
    start = np.cumsum([0, *(len(g) for g in groups)])
    sd, most = np.full(len(rows), 0.4), np.linspace(0, 1, len(rows))
    together = group_effect_tails(*(rows[:, c].copy() for c in range(4)), start, sd, most)
    for p, low, high in zip(together, start[:-1], start[1:], strict=True):
        share, chance, weight, spread = (rows[low:high, c].copy() for c in range(4))
        assert p == group_effect_tail(share, chance, 0.4, weight, spread, most[low:high])


@given(st.lists(st.tuples(st.floats(0, 1), PROBABILITY, st.floats(0, 1)), min_size=1, max_size=20), st.floats(0.1, 3))
@settings(deadline=None)
def test_a_limit_lies_between_no_effect_and_an_effect_without_limit(items: list[tuple[float, ...]], sd: float) -> None:
    share, chance, most = (np.array(x) for x in zip(*items, strict=True))
    none, limited, free = (group_effect_tail(share, chance, sd, most=m) for m in (chance * 0, most, None))
    assert limited <= free + 1e-12
    assert none <= group_effect_tail(share, chance, sd, most=np.maximum(chance, most)) + 1e-12 == limited + 1e-12


def test_paces_up_to_the_limit_are_covered() -> None:
    """Groups of any pace up to the limit, shares that move as one: the p-value stays above its level."""
    rng = np.random.default_rng(8)
    p = []
    for _ in range(600):
        true = min(0.5, rng.random())
        p.append(
            group_effect_tail((rng.random(40) < true).astype(float), np.full(40, 0.07), 3.0, most=np.full(40, 0.5))
        )
    for level in (0.05, 0.01):
        assert np.mean(np.array(p) <= level) <= level


VALUES = st.lists(st.tuples(st.floats(0, 1), st.floats(0.05, 1)), min_size=2, max_size=4)


@given(st.lists(st.tuples(VALUES, st.floats(1, 5)), min_size=1, max_size=5), st.data())
@settings(max_examples=80, deadline=None)
def test_the_bound_holds_for_any_shares_of_known_mean_and_variance(items: list[Any], data: st.DataObject) -> None:
    """Shares that take a few values with any chances: every sum of them, listed."""
    total, chance = np.zeros(1), np.ones(1)
    weight, mean, spread = [], [], []
    for values, w in items:
        x, p = (np.array(c) for c in zip(*values, strict=True))
        p = p / p.sum()
        m = float(p @ x)
        assume(0.001 <= m <= 0.999)
        weight.append(w), mean.append(m), spread.append(min(1.0, float(p @ (x - m) ** 2) / (m * (1 - m))))
        total = (total[:, None] + w * x).ravel()
        chance = (chance[:, None] * p).ravel()
    t = data.draw(st.sampled_from(sorted(total.tolist())))
    bound = tail_bound(t, *(np.array(c) for c in (weight, mean, spread)))
    assert bound >= chance[total >= t - 1e-9].sum() * (1 - 1e-6)
    assert bound <= tail_bound(t, np.array(weight), np.array(mean), np.ones(len(mean))) * (1 + 1e-9)


def test_hundreds_of_hours_do_not_overflow() -> None:
    assert 0 <= group_effect_tail(np.ones(3000), np.full(3000, 0.5), 0.3) < 1e-9
    assert group_effect_tail(np.full(3000, 0.5), np.full(3000, 0.5), 0.3) > 0.1
