"""Intervals of shares hold for rare labels and labels that nobody gave; no draw lets a post stand for many more than others."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from houselights.content import blind_sample, corrected_shares

SIZES = np.array([9, 25, 60, 130, 300, 420, 700, 1100, 1500, 2000, 2075, 4183])
"""Posts of the strata of a run that was looked at."""
RATES = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.3)


def _rates(rate: float, where: str) -> np.ndarray:
    """[h] share of a label in each stratum, `rate` of all posts."""
    chosen = {"everywhere": SIZES > 0, "in the largest": SIZES.max() == SIZES, "in small ones": SIZES <= 1100}[where]
    return np.where(chosen, min(1.0, rate * SIZES.sum() / SIZES[chosen].sum()), 0.0)


@pytest.mark.parametrize("where", ["everywhere", "in the largest", "in small ones"])
@pytest.mark.parametrize("rate", RATES)
def test_intervals_cover_rare_labels_too(rate: float, where: str) -> None:
    rng = np.random.default_rng(11)
    take = blind_sample.allocated({str(i): int(size) for i, size in enumerate(SIZES)}, 300)
    n = np.array([take[str(i)] for i in range(len(SIZES))])
    true = np.rint(_rates(rate, where) * SIZES).astype(int)
    strata, share = corrected_shares.Strata(SIZES, n), true.sum() / SIZES.sum()
    told = [corrected_shares.share(rng.hypergeometric(true, SIZES - true, n), strata) for _ in range(400)]
    assert np.mean([low <= share <= high for _, low, high in told]) >= 0.87  # 90 % stated; 400 draws leave .03 of doubt
    assert (
        np.mean([high - low for _, low, high in told]) < 4 * np.sqrt(share * (1 - share) / 300) + 0.02
    )  # and say something


@given(
    st.lists(st.tuples(st.integers(1, 5000), st.integers(0, 60), st.floats(0, 1)), min_size=1, max_size=8).filter(
        lambda rows: any(n for _, n, _ in rows)
    )
)
def test_no_interval_is_empty_or_outside(rows: list[tuple[int, int, float]]) -> None:
    posts = np.array([size for size, _, _ in rows])
    n = np.minimum(posts, [k for _, k, _ in rows])
    if not n.any():
        return
    hits = np.array([round(k * part) for k, (_, _, part) in zip(n.tolist(), rows, strict=True)])
    strata = corrected_shares.Strata(posts, n)
    share, low, high = corrected_shares.share(hits, strata)
    assert 0 <= low <= high <= 1 and 0 <= share <= 1 and low <= share * strata.covered_0_1 + 1e-12
    whole, least, most = corrected_shares.share(n - hits, strata)  # the label and its opposite
    assert (whole, least, most) == pytest.approx((1 - share, 1 - high, 1 - low), abs=1e-6)
    if (n < posts).any():
        assert low < high


@given(st.integers(1, 200), st.data())
def test_with_one_stratum_the_interval_is_the_exact_one(n: int, data: st.DataObject) -> None:
    hits = data.draw(st.integers(0, n))
    _, low, high = corrected_shares.share(np.array([hits]), corrected_shares.Strata(np.array([10**9]), np.array([n])))
    exact = stats.beta.ppf(0.05, hits, n - hits + 1) if hits else 0.0, stats.beta.ppf(0.95, hits + 1, n - hits)
    assert low <= exact[0] + 1e-6 and high >= (1.0 if hits == n else exact[1]) - 1e-6
    assert (low, high) == pytest.approx((exact[0], 1.0 if hits == n else exact[1]), abs=0.5 / n)


@given(st.lists(st.integers(1, 100_000), min_size=1, max_size=30), st.integers(8, 2000))
def test_no_labelled_post_stands_for_much_more_than_the_average_one(sizes: list[int], n: int) -> None:
    named = {str(i): size for i, size in enumerate(sizes)}
    n = min(n, sum(sizes))
    take = blind_sample.allocated(named, n)
    assert all(min(2, size) <= take[s] <= size for s, size in named.items())
    assert sum(take.values()) == max(n, sum(min(2, size) for size in sizes))
    if n >= 10 * len(sizes):  # else two of each leave little for the others
        assert all(size / take[s] <= 2.6 * sum(sizes) / n for s, size in named.items())


@given(st.lists(st.floats(0.01, 1000), min_size=1, max_size=50), st.floats(0.01, 100))
def test_effective_numbers(weights: list[float], times: float) -> None:
    w = np.array(weights)
    n = corrected_shares.effective_number(w)
    assert 1 - 1e-9 <= n <= len(w) * (1 + 1e-9)
    assert corrected_shares.effective_number(w * times) == pytest.approx(n)
    assert corrected_shares.effective_number(np.full(len(w), times)) == pytest.approx(len(w))
