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


def chernoff_tail(total: float, weight: Floats, mean: Floats) -> Floats:
    """P(sum of weight x share >= total) for independent shares in [0, 1]: an upper bound, whatever their distribution.

    weight: [n]; mean: [n, m], expected shares under m hypotheses; returns [m]. Among variables in [0, 1] with a given mean
    the Bernoulli one has the largest moment generating function (Hoeffding 1963), so min over t of
    exp(-t total) prod(1 - mean + mean exp(t weight)) bounds the tail: a whole object may move as one.
    """
    steps = _STEPS / weight.max()
    log_p = np.zeros((len(steps), mean.shape[1]))
    for k, t in enumerate(steps):
        log_p[k] = np.log1p(mean * np.expm1(t * weight)[:, None]).sum(axis=0) - t * total
    return np.asarray(np.exp(np.minimum(0.0, log_p.min(axis=0))))


_STEPS = np.geomspace(0.02, 12.0, 28)
_GRID = np.linspace(-3.0, 8.0, 67)  # standard deviations of a random effect
_WEIGHT = np.exp(-0.5 * _GRID**2) / np.exp(-0.5 * _GRID**2).sum()


def group_effect_tail(shares: Floats, chance: Floats, effect_sd: float, weight: Floats | None = None) -> float:
    """P(weighted sum of shares >= observed) when a whole group may be faster than others by a random effect.

    shares, chance: [n] observed share of close pairs per unit and its expected value; effect_sd: standard deviation of the
    group's effect on the logit scale; weight: [n], 1 if not given. The Chernoff tail at each effect is averaged over a
    normal effect: organic groups differ, and a group is only odd when it is odd among groups.
    """
    if len(shares) == 0:
        return 1.0
    w = np.ones(len(shares)) if weight is None else weight
    logit = special.logit(np.clip(chance, 1e-9, 1 - 1e-9))
    means = special.expit(logit[:, None] + effect_sd * _GRID[None, :])
    return float(min(1.0, (_WEIGHT * chernoff_tail(float((w * shares).sum()), w, means)).sum()))


def wilson_interval(successes: int, n: int, z: float = 1.959964) -> tuple[float, float]:
    """95 % interval of a proportion (Wilson 1927)."""
    if n == 0:
        return (0.0, 1.0)
    share, z2 = successes / n, z * z
    centre, half = share + z2 / (2 * n), z * np.sqrt(share * (1 - share) / n + z2 / (4 * n * n))
    return (max(0.0, (centre - half) / (1 + z2 / n)), min(1.0, (centre + half) / (1 + z2 / n)))
