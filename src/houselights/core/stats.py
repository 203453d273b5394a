"""Tails, false-discovery control and intervals on arrays."""

import numpy as np
from numpy.typing import NDArray
from scipy import special

Floats = NDArray[np.float64]


def benjamini_hochberg(p: Floats, q: float) -> NDArray[np.bool_]:
    """Which of the p-values are discoveries at false-discovery rate q (Benjamini and Hochberg 1995)."""
    return q_values(p) <= q


def q_values(p: Floats) -> Floats:
    """Benjamini-Hochberg adjusted p-values, same shape as p."""
    p = np.asarray(p, dtype=np.float64)
    order = np.argsort(p, kind="stable")
    ratio = p[order] * len(p) / np.arange(1, len(p) + 1)
    out = np.empty_like(p)
    out[order] = np.minimum(1.0, np.minimum.accumulate(ratio[::-1])[::-1])
    return out


def binomial_tail(k: NDArray[np.int64], n: NDArray[np.int64], p: Floats) -> Floats:
    """P(X >= k) for X binomial(n, p), elementwise; 1 for k = 0."""
    return np.asarray(np.where(k > 0, special.betainc(np.maximum(k, 1), np.maximum(n - k + 1, 1), p), 1.0))


def wilson_interval(successes: int, n: int, z: float = 1.959964) -> tuple[float, float]:
    """95 % interval of a proportion (Wilson 1927)."""
    if n == 0:
        return (0.0, 1.0)
    share, z2 = successes / n, z * z
    centre, half = share + z2 / (2 * n), z * np.sqrt(share * (1 - share) / n + z2 / (4 * n * n))
    return (float(max(0.0, (centre - half) / (1 + z2 / n))), float(min(1.0, (centre + half) / (1 + z2 / n))))
