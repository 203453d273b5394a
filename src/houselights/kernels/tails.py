"""Tail bounds of sums of shares: the p-values of groups and of members, many at once."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from houselights.kernels.compiled import compiled

Floats = NDArray[np.float64]

_STEPS = np.geomspace(0.02, 12.0, 28)  # of the exponent t, over the largest weight
_GRID = np.linspace(-3.0, 8.0, 67)  # standard deviations of a random effect
_WEIGHT = np.exp(-0.5 * _GRID**2) / np.exp(-0.5 * _GRID**2).sum()
_LARGE = 1e200


def group_effect_tail(
    share: Floats,
    chance: Floats,
    effect_sd: Floats | float,
    weight: Floats | None = None,
    spread: Floats | None = None,
    most: Floats | None = None,
) -> float:
    """P(weighted sum of shares >= observed) when a whole group may be faster than others by a random effect.

    share, chance: [n] observed share of close pairs per unit and its expected value; effect_sd: standard deviation of the
    group's effect on the logit scale, of all units or of each; weight: [n], 1 if not given; spread: [n] variance of a share
    over that of a share that is 0 or 1, 1 if not given; most: [n] what the effect may raise a chance to, 1 if not given, and never less
    than the chance itself. The tail at each effect is averaged over a normal effect: organic
    groups differ, and a group is only odd when it is odd among groups.
    """
    w = np.ones(len(share)) if weight is None else weight
    v = np.ones(len(share)) if spread is None else spread
    sd = np.broadcast_to(np.float64(effect_sd), len(share)).copy()
    cap = np.ones(len(share)) if most is None else most
    return float(group_effect_tails(share, chance, w, v, np.array([0, len(share)]), sd, cap)[0])


@compiled
def group_effect_tails(
    share: Floats,
    chance: Floats,
    weight: Floats,
    spread: Floats,
    start: NDArray[np.int64],
    effect_sd: Floats,
    most: Floats,
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
        exponent, grown = _exponents(weight[low:high])
        mean = np.empty(high - low)
        p_value = 0.0
        step = len(_STEPS) // 2
        for g in range(len(_GRID)):
            for i in range(len(odds)):
                faster = odds[i] * np.exp(effect_sd[low + i] * _GRID[g])
                mean[i] = min(faster / (1 + faster), max(most[low + i], chance[low + i]))
            # The best exponent changes little from one effect to the next.
            bound, step = _lowest(total, weight[low:high], mean, spread[low:high], exponent, grown, step)
            p_value += _WEIGHT[g] * bound
        out[k] = min(1.0, p_value)
    return out


@compiled
def tail_bound(total: float, weight: Floats, mean: Floats, spread: Floats) -> Any:
    """P(sum of weight x share >= total) for independent shares in [0, 1] with these means and variances of spread x mean (1 - mean)
    at most: an upper bound, whatever else their distribution.

    weight, mean, spread: [n]. Among variables up to 1 with a given mean and variance the one with two values, 1 and
    mean (1 - spread), has the largest moment generating function (Bennett 1962; Hoeffding 1963, section 4); the bound is
    min over t of exp(-t total) times their product (Chernoff). spread = 1 supposes that a whole object moves as one.
    """
    exponent, grown = _exponents(weight)
    return _lowest(total, weight, mean, spread, exponent, grown, 0)[0]


@compiled
def _exponents(weight: Floats) -> tuple[Floats, Floats]:
    """(t, exp(t weight)) of every step: [steps], [steps, n]."""
    exponent = _STEPS / weight.max()
    grown = np.empty((len(exponent), len(weight)))
    for s in range(len(exponent)):
        for i in range(len(weight)):
            grown[s, i] = np.exp(exponent[s] * weight[i])
    return exponent, grown


@compiled
def _lowest(
    total: float, weight: Floats, mean: Floats, spread: Floats, exponent: Floats, grown: Floats, step: int
) -> tuple[float, int]:
    """(the bound of `tail_bound`, the step it is reached at). The logarithm of the bound is convex in the exponent, so the way down from
    `step` ends at its lowest."""
    as_one = np.empty(len(mean))
    for i in range(len(mean)):
        as_one[i] = spread[i] * mean[i] / (spread[i] * mean[i] + 1 - mean[i])
    log_p = _log_bound(total, weight, mean, spread, as_one, exponent[step], grown[step])
    for direction in (-1, 1):
        begin = step
        while 0 <= step + direction < len(exponent):
            next_ = step + direction
            there = _log_bound(total, weight, mean, spread, as_one, exponent[next_], grown[next_])
            if there >= log_p:
                break
            step, log_p = next_, there
        if step != begin:
            break
    return np.exp(min(0.0, log_p)), step


@compiled
def _log_bound(
    total: float, weight: Floats, mean: Floats, spread: Floats, as_one: Floats, t: float, grown: Floats
) -> Any:
    """Logarithm of the bound at exponent t; `grown`: exp(t weight)."""
    log_p = -t * total
    product = 1.0  # of factors of at most e^12 each; its logarithm is taken now and then, not of every factor
    for i in range(len(mean)):
        rest = 1.0 if spread[i] == 1 else np.exp(t * weight[i] * mean[i] * (1 - spread[i]))
        product *= (1 - as_one[i]) * rest + as_one[i] * grown[i]
        if product > _LARGE:
            log_p += np.log(product)
            product = 1.0
    return log_p + np.log(product)
