"""Tail bounds of sums of shares: the p-values of groups and of members, many at once."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from houselights.kernels.compiled import compiled

Floats = NDArray[np.float64]

_STEPS = np.geomspace(0.02, 12.0, 28)  # of the exponent, over the largest weight
_GRID = np.linspace(-3.0, 8.0, 67)  # standard deviations of a random effect
_WEIGHT = np.exp(-0.5 * _GRID**2) / np.exp(-0.5 * _GRID**2).sum()
_LARGE = 1e200


def group_effect_tail(share: Floats, chance: Floats, effect_sd: float, weight: Floats | None = None) -> float:
    """P(weighted sum of shares >= observed) when a whole group may be faster than others by a random effect.

    share, chance: [n] observed share of close pairs per unit and its expected value; effect_sd: standard deviation of the
    group's effect on the logit scale; weight: [n], 1 if not given. The Chernoff tail at each effect is averaged over a
    normal effect: organic groups differ, and a group is only odd when it is odd among groups.
    """
    w = np.ones(len(share)) if weight is None else weight
    return float(group_effect_tails(share, chance, w, np.array([0, len(share)]), effect_sd)[0])


@compiled
def group_effect_tails(
    share: Floats, chance: Floats, weight: Floats, start: NDArray[np.int64], effect_sd: float
) -> Floats:
    """`group_effect_tail` of each of m groups: that of rows start[k]:start[k + 1]. Returns [m]; 1 for a group without rows."""
    out = np.ones(len(start) - 1)
    for k in range(len(out)):
        low, high = start[k], start[k + 1]
        if low == high:
            continue
        odds = np.empty(high - low)
        total = 0.0
        for i in range(low, high):
            p = min(max(chance[i], 1e-9), 1 - 1e-9)
            odds[i - low] = p / (1 - p)
            total += weight[i] * share[i]
        growth = _growth(weight[low:high])
        mean = np.empty(high - low)
        p_value = 0.0
        for g in range(len(_GRID)):
            factor = np.exp(effect_sd * _GRID[g])
            for i in range(len(odds)):
                mean[i] = odds[i] * factor / (1 + odds[i] * factor)
            p_value += _WEIGHT[g] * _bound(total, growth, weight[low:high], mean)
        out[k] = min(1.0, p_value)
    return out


@compiled
def chernoff_tail(total: float, weight: Floats, mean: Floats) -> Any:
    """P(sum of weight x share >= total) for independent shares in [0, 1]: an upper bound, whatever their distribution.

    weight, mean: [n]. Among variables in [0, 1] with a given mean the Bernoulli one has the largest moment generating
    function (Hoeffding 1963), so min over t of exp(-t total) prod(1 - mean + mean exp(t weight)) bounds the tail: a whole
    object may move as one.
    """
    return _bound(total, _growth(weight), weight, mean)


@compiled
def _growth(weight: Floats) -> Floats:
    """[steps, n] exp(t weight) - 1 at every step of t."""
    out = np.empty((len(_STEPS), len(weight)))
    for s in range(len(_STEPS)):
        for i in range(len(weight)):
            out[s, i] = np.expm1(_STEPS[s] / weight.max() * weight[i])
    return out


@compiled
def _bound(total: float, growth: Floats, weight: Floats, mean: Floats) -> Any:
    largest = weight.max()
    lowest = 0.0
    for s in range(len(_STEPS)):
        log_p = -_STEPS[s] / largest * total
        product = 1.0  # of factors of at most e^12 each; its logarithm is taken now and then, not of every factor
        for i in range(len(mean)):
            product *= 1.0 + mean[i] * growth[s, i]
            if product > _LARGE:
                log_p += np.log(product)
                product = 1.0
        lowest = min(lowest, log_p + np.log(product))
    return np.exp(lowest)
