"""Shares of all posts from labels of a stratified sample, with intervals that hold where a label is rare or was never given.

Right on average whatever the predictions are: each stratum's labelled posts stand for all of it (Horvitz and Thompson 1952; Egami et al. 2023,
arXiv 2306.04746).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Floats = NDArray[np.float64]
OUTSIDE_0_1 = 0.05
"""At either end of a 90 % interval."""


@dataclass(frozen=True)
class Strata:
    """Of h strata, in one order."""

    posts: NDArray[np.int64]  # [h] in the data
    labelled: NDArray[np.int64]  # [h] of these, by hand; 0 where nobody labelled one

    @property
    def covered_0_1(self) -> float:
        """Share of all posts in strata of which at least one post has a label."""
        return float(self.posts[self.labelled > 0].sum() / self.posts.sum())


def share(hits: NDArray[np.int64], strata: Strata) -> tuple[float, float, float]:
    """(share, low, high), 90 %, of all posts. hits [h]: labelled posts that have the label. At least one post must be labelled.

    The share is of the posts in strata with labels; of the others nothing is known, so the interval reaches as far as if all or none of them had
    the label. Stratified variance (Cochran 1977, 5.3), each stratum's share drawn towards the whole by one post, so that an even one is not thought
    to be without spread.
    """
    known = strata.labelled > 0
    size, n, hit = strata.posts[known].astype(float), strata.labelled[known].astype(float), hits[known].astype(float)
    part = size / size.sum()
    left = 1 - n / size  # of what was not looked at
    whole = float(np.clip(part @ (hit / n), 0.0, 1.0))
    mean = (hit + whole) / (n + 1)
    spread = mean * (1 - mean) * n / np.maximum(n - 1, 1)
    spread[n == 1] = whole * (1 - whole)
    variance = float((part**2 * left * spread / n).sum())
    heaviest = float((part * left / n).max())
    low, high = 1 - _highest(1 - whole, variance, heaviest), _highest(whole, variance, heaviest)
    covered = strata.covered_0_1
    least, most = min(whole, low) * covered, max(whole, high) * covered + 1 - covered
    return whole, least, max(least, most)  # where all was looked at, rounding must not turn them round


def _highest(whole: float, variance: float, heaviest: float) -> float:
    """Upper end of the interval: one hit more than was seen, of the heaviest weight there is (Fay and Feuer 1997), with a beta distribution in place
    of their gamma. With equal weights it is that of Clopper and Pearson (1934)."""
    if heaviest <= 0:
        return whole  # all was looked at
    mean = (whole + heaviest) / (1 + heaviest)
    wide = (variance + heaviest**2 * (1 - whole)) / ((1 + heaviest) ** 2 * (1 + 2 * heaviest))
    if whole >= 1 or mean * (1 - mean) <= wide:
        return 1.0
    times = mean * (1 - mean) / wide - 1
    return float(stats.beta.ppf(1 - OUTSIDE_0_1, mean * times, (1 - mean) * times))


def effective_number(weights: Floats) -> float:
    """Kish (1965): as many observations of equal weight tell as much."""
    return float(weights.sum() ** 2 / (weights**2).sum())
