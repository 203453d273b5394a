"""From what a group did in a block to its evidence (an e-value), and from the evidence of all groups to alerts (e-BH).

For an object that k members share in a block, the share of their pairs that is close is compared with reference objects of as many sharers in
earlier blocks, without the group's own. The bet: STAKES on shares above the edges of HIGH, the rest on a lower one. By chance a share as high
as that is supposed at most `pace` times as frequent as among the reference objects; so the expectation of

    e = STAKES[bin] / (pace x share of reference objects at or above the bin),  or  1 - sum(STAKES)  below

is at most 1. `pace` grows with how lately the group was close (PACES): who was quick a little while ago often is so again. How much more often
was measured for pairs of accounts on campaign-free worlds (benchmarks/watch/again.py), which is a guide to groups and no proof. A p-value turned
into evidence (Vovk and Wang 2021) gives a fifth of such a bet where it matters: at p = .01 it is worth 4.5.

A bet is made in the block after the one in which enough members first shared the object, about both blocks, since an act of a minute lies in two
as a rule; at which pace and about whom is fixed before, and no two bets of a group are about the same block. Several objects are averaged, and a
group bets on an object once: not again before the object has been away for an hour. Bets are multiplied. Averages and products of e-values whose
expectation is at most 1 whatever came before are e-values again; so the evidence may be looked at after every block. Wang and Ramdas (2022): e-BH
holds the false-discovery rate at q whatever depends on what among the groups.
"""

import numpy as np
from numpy.typing import NDArray

from houselights.watch.alerts.block import N_SHARES, NEAR_US, SHARE_EDGES, SIZE_EDGES

HOUR_US = 3_600_000_000
PACE = 2.0
PACES = ((NEAR_US, 20.0), (HOUR_US, 8.0))
"""Where the group was close less than so many microseconds before; else PACE."""
MOST_EVIDENCE = 1e12
"""A group with more keeps this much, so that it can still lose it."""
STAKES = np.array([0.05, 0.1, 0.15, 0.5])
"""Of the last four classes of shares: from .55, .7, .85 and .95 on."""
HIGH = N_SHARES - len(STAKES)
LEAST_REFERENCE = 100
"""Reference objects; with fewer nothing is bet."""
LEAST_GAIN = 2.0
"""If not even the highest share would be worth so much, nothing is bet."""
LEAST_PART = 5
"""A bet is made on objects that one in so many members share, or more: what two of a hundred share tells of scans, not of alerts."""

Floats = NDArray[np.float64]


def e_values(size: NDArray[np.int64], share: Floats, usual: Floats, pace: Floats) -> Floats:
    """[n] what the bet on each object came to; NaN where none is made.

    usual [n, N_SIZES, N_SHARES]: what each is compared with; pace [n]. Classes of few objects are joined with those of fewer sharers, where
    high shares are more usual.
    """
    out = np.full(len(size), np.nan)
    classes = np.searchsorted(SIZE_EDGES, size, side="right")
    bins = np.searchsorted(SHARE_EDGES, share, side="right")
    for i in range(len(size)):
        counts = np.zeros(N_SHARES)
        for c in range(classes[i], -1, -1):
            counts += usual[i, c]
            if counts.sum() >= LEAST_REFERENCE:
                break
        total = counts.sum()
        at_or_above = (1.0 + np.cumsum(counts[::-1])[::-1][HIGH:]) / (1.0 + total)
        gains = STAKES / (pace[i] * at_or_above)
        if total >= LEAST_REFERENCE and gains[-1] >= LEAST_GAIN:
            out[i] = gains[bins[i] - HIGH] if bins[i] >= HIGH else 1.0 - STAKES.sum()
    return out


def pace(since_close_us: int) -> float:
    """How many times as frequent a share as high is supposed by chance, so long after the group was last close."""
    return next((times for within_us, times in PACES if since_close_us < within_us), PACE)


def discovered(e: Floats, q: float, n_others: int = 0) -> tuple[NDArray[np.bool_], float]:
    """Which groups pass e-BH, and what evidence that took (for one group, where none passes); `n_others` more were tested and do not pass."""
    if not len(e):
        return np.zeros(0, bool), np.inf
    ordered = np.sort(e)[::-1]
    needed = (len(e) + n_others) / (q * np.arange(1, len(e) + 1))
    passing = np.flatnonzero(ordered >= needed)
    threshold = float(needed[passing[-1]] if len(passing) else needed[0])
    return e >= threshold, threshold
