"""From what a group did in a block to its evidence (an e-value), and from the evidence of all groups to alerts (e-BH).

For an object that k members share in the block, p is the share of reference objects (of k sharers, from earlier blocks, without those of
the group) whose pairs are as close as the group's. The group may be quicker than others by PACE. A p-value becomes an e-value by the
mixture of kappa p^(kappa - 1) over kappa from 0 to 1 (Vovk and Wang 2021, section 2); several objects of a block are averaged. Within an
hour of event time nothing counts as independent: its blocks are added with weights 1/2, 1/6, 1/12 ... (which sum to less than 1), and only
hours are multiplied. Averages, weighted sums and products over hours of e-values are e-values again, whatever depends on what inside an
hour; so the evidence may be looked at after every block. Wang and Ramdas (2022): e-BH holds the false-discovery rate at q whatever depends
on what among the groups.
"""

import numpy as np
from numpy.typing import NDArray

from houselights.watch.alerts.block import N_SHARES, SHARE_EDGES, SIZE_EDGES

PACE = 4.0
LEAST_REFERENCE = 100
"""Reference objects; with fewer nothing is bet."""

Floats = NDArray[np.float64]


def calibrated(p: Floats) -> Floats:
    """The e-value of a p-value: the integral of kappa p^(kappa - 1) over kappa in (0, 1)."""
    p = np.clip(p, 1e-12, 1.0)
    log = np.log(p)
    near_one = log > -1e-3
    safe = np.where(near_one, -1.0, log)
    return np.where(near_one, 0.5 - log / 6.0, (1.0 - p + p * log) / (p * safe * safe))


def p_values(size: NDArray[np.int64], share: Floats, usual: Floats) -> Floats:
    """[n] how usual such a share is among objects of that size; NaN where there is too little to compare with.

    usual [n, N_SIZES, N_SHARES]: what each is compared with. Classes of few objects are joined with those of fewer sharers, where high shares
    are more usual.
    """
    out = np.ones(len(size))
    classes = np.searchsorted(SIZE_EDGES, size, side="right")
    bins = np.searchsorted(SHARE_EDGES, share, side="right")
    for i in range(len(size)):
        counts = np.zeros(N_SHARES)
        for c in range(classes[i], -1, -1):
            counts += usual[i, c]
            if counts.sum() >= LEAST_REFERENCE:
                break
        if counts.sum() < LEAST_REFERENCE:
            out[i] = np.nan
        elif bins[i] > 0:
            out[i] = min(1.0, PACE * (1.0 + counts[bins[i] :].sum()) / (1.0 + counts.sum()))
    return out


def weight(bet: int) -> float:
    """Of the bet-th block (from 1) of an hour."""
    return 1.0 / (bet * (bet + 1))


def discovered(e: Floats, q: float) -> tuple[NDArray[np.bool_], float]:
    """Which groups pass e-BH, and what evidence that took (for one group, where none passes)."""
    if not len(e):
        return np.zeros(0, bool), np.inf
    ordered = np.sort(e)[::-1]
    needed = len(e) / (q * np.arange(1, len(e) + 1))
    passing = np.flatnonzero(ordered >= needed)
    threshold = float(needed[passing[-1]] if len(passing) else needed[0])
    return e >= threshold, threshold

