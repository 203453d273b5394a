"""Tails are upper bounds, false-discovery control is Benjamini and Hochberg's."""

import numpy as np
import pytest
from hypothesis import given
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
