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


def hoeffding_tail(total: float, n: int, mean_total: float | Floats) -> Floats:
    """P(sum >= total) for n independent variables in [0, 1] with the given mean sum: at most exp(-n KL(total/n || mean/n)).

    Hoeffding 1963, theorem 1. It holds whatever the distribution inside [0, 1], so a whole object may move as one.
    """
    t = min(max(total / n, 0.0), 1.0)
    mu = np.clip(np.asarray(mean_total, dtype=np.float64) / n, 1e-12, 1 - 1e-12)
    divergence = special.rel_entr(t, mu) + special.rel_entr(1 - t, 1 - mu)
    return np.asarray(np.where(t <= mu, 1.0, np.exp(-n * divergence)))


_GRID = np.linspace(-4.0, 10.0, 113)  # standard deviations; the lower end only lowers the chance level
_WEIGHT = np.exp(-0.5 * _GRID**2) / np.exp(-0.5 * _GRID**2).sum()


def group_effect_tail(shares: Floats, chance: Floats, effect_sd: float) -> float:
    """P(sum of shares >= observed) when a whole group may be faster than others by a random effect on the logit scale.

    shares, chance: [n] observed share of close pairs per unit and its expected value; effect_sd: standard deviation of the
    group's effect. The Hoeffding tail at each effect is averaged over a normal effect: organic groups differ, and a group
    is only odd when it is odd among groups.
    """
    n = len(shares)
    if n == 0:
        return 1.0
    logit = special.logit(np.clip(chance, 1e-9, 1 - 1e-9))
    means = special.expit(logit[:, None] + effect_sd * _GRID[None, :]).sum(axis=0)
    return float(min(1.0, (_WEIGHT * hoeffding_tail(float(shares.sum()), n, means)).sum()))


def wilson_interval(successes: int, n: int, z: float = 1.959964) -> tuple[float, float]:
    """95 % interval of a proportion (Wilson 1927)."""
    if n == 0:
        return (0.0, 1.0)
    share, z2 = successes / n, z * z
    centre, half = share + z2 / (2 * n), z * np.sqrt(share * (1 - share) / n + z2 / (4 * n * n))
    return (max(0.0, (centre - half) / (1 + z2 / n)), min(1.0, (centre + half) / (1 + z2 / n)))
