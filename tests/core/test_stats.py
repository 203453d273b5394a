"""Tails are upper bounds, false-discovery control is Benjamini and Hochberg's."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as reference

from houselights.core import stats

PROBABILITY = st.floats(0.01, 0.95)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=60))
def test_q_values_are_those_of_scipy(p: list[float]) -> None:
    assert np.allclose(stats.q_values(np.array(p)), reference.false_discovery_control(p))


@given(st.lists(st.floats(0, 1), min_size=1, max_size=60), st.randoms())
def test_q_values_follow_their_p_values_whatever_the_order(p: list[float], random: object) -> None:
    order = np.random.default_rng(len(p)).permutation(len(p))
    assert np.allclose(stats.q_values(np.array(p))[order], stats.q_values(np.array(p)[order]))


@given(st.integers(1, 40), PROBABILITY, st.data())
def test_chernoff_tail_is_never_under_the_binomial_tail(n: int, mean: float, data: st.DataObject) -> None:
    k = data.draw(st.integers(0, n))
    bound = stats.chernoff_tail(float(k), np.ones(n), np.full((n, 1), mean))[0]
    assert bound >= reference.binom.sf(k - 1, n, mean) * (1 - 1e-9)


@given(st.lists(st.tuples(PROBABILITY, st.floats(1, 5)), min_size=1, max_size=9), st.data())
@settings(max_examples=60)
def test_chernoff_tail_bounds_weighted_sums(items: list[tuple[float, float]], data: st.DataObject) -> None:
    mean, weight = (np.array(x) for x in zip(*items, strict=True))
    hits = (np.arange(2 ** len(items))[:, None] >> np.arange(len(items))) & 1
    chance = np.where(hits == 1, mean, 1 - mean).prod(axis=1)
    total = hits @ weight
    t = data.draw(st.sampled_from(sorted(total.tolist())))
    exact = chance[total >= t - 1e-9].sum()
    assert stats.chernoff_tail(t, weight, mean[:, None])[0] >= exact * (1 - 1e-6)


@given(st.lists(st.tuples(st.floats(0, 1), PROBABILITY), min_size=1, max_size=30), st.floats(0.05, 1.5))
def test_a_group_effect_never_lowers_the_tail_of_a_surprise(items: list[tuple[float, float]], sd: float) -> None:
    share, chance = (np.array(x) for x in zip(*items, strict=True))
    p = stats.group_effect_tail(share, chance, sd)
    assert 0 <= p <= 1
    assert stats.group_effect_tail(np.ones_like(share), chance, sd) <= p + 1e-12


def test_a_larger_group_effect_asks_for_more() -> None:
    share, chance = np.ones(12), np.full(12, 0.3)
    tails = [stats.group_effect_tail(share, chance, sd) for sd in (0.1, 0.4, 0.8, 1.6)]
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
        p.append(stats.group_effect_tail((rng.random(15) < true).astype(float), chance, 0.4))
    for level in (0.05, 0.01):
        assert np.mean(np.array(p) <= level) <= level


@given(st.integers(0, 30), st.integers(0, 30), PROBABILITY)
def test_binomial_tail_is_that_of_scipy(k: int, n: int, p: float) -> None:
    k = min(k, n)
    got = stats.binomial_tail(np.array([k]), np.array([n]), np.array([p]))[0]
    assert got == pytest.approx(reference.binom.sf(k - 1, n, p), abs=1e-9)


@pytest.mark.parametrize(("k", "n"), [(0, 0), (0, 10), (17, 20), (10, 10)])
def test_wilson_interval_holds_its_share(k: int, n: int) -> None:
    low, high = stats.wilson_interval(k, n)
    assert 0 <= low <= (k / n if n else 0) + 1e-12
    assert (k / n if n else 0) <= high + 1e-12 <= 1 + 1e-11
