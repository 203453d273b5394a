"""Pairs of acts on one object that end in a block of time: how many, how many of them close, and which.

Arrays of n events sorted by (unit, at); unit u has the events start[u]:start[u + 1]. A pair belongs to the block of its later event, and
is one at all if both lie within `near_us`.
"""

import numpy as np
from numpy.typing import NDArray

from houselights.kernels.compiled import compiled


@compiled
def pairs_of_units(
    start: NDArray[np.int64], at_us: NDArray[np.int64], begin_us: int, near_us: int, close_us: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(near, close)[u]: pairs of each unit whose later event lies at or after begin_us."""
    near = np.zeros(len(start) - 1, np.int64)
    close = np.zeros(len(start) - 1, np.int64)
    for u in range(len(start) - 1):
        for j in range(start[u], start[u + 1]):
            if at_us[j] < begin_us:
                continue
            for i in range(j - 1, start[u] - 1, -1):
                gap = at_us[j] - at_us[i]
                if gap > near_us:
                    break
                near[u] += 1
                close[u] += gap <= close_us
    return near, close


@compiled
def close_pairs(
    start: NDArray[np.int64], at_us: NDArray[np.int64], wanted: NDArray[np.bool_], begin_us: int, close_us: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(i, j), i before j: the close pairs of wanted units."""
    total = 0
    for fill in range(2):
        if fill:
            left = np.empty(total, np.int64)
            right = np.empty(total, np.int64)
            total = 0
        for u in range(len(start) - 1):
            if not wanted[u]:
                continue
            for j in range(start[u], start[u + 1]):
                if at_us[j] < begin_us:
                    continue
                for i in range(j - 1, start[u] - 1, -1):
                    if at_us[j] - at_us[i] > close_us:
                        break
                    if fill:
                        left[total] = i
                        right[total] = j
                    total += 1
    return left, right
