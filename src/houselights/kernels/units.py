"""From traces to units of evidence: which object a post counts for, and who shares it. In place:
a hundred million traces need eight bytes each."""

import numpy as np
from numpy.typing import NDArray

from houselights.kernels.compiled import compiled


@compiled
def packed(high: NDArray[np.int32], low: NDArray[np.int32], n_low: int) -> NDArray[np.int64]:
    """[n] high x n_low + low: sorts as the pair does."""
    key = np.empty(len(high), np.int64)
    for i in range(len(high)):
        key[i] = np.int64(high[i]) * n_low + low[i]
    return key


@compiled
def packed_through(
    high: NDArray[np.int32], low: NDArray[np.int32], through: NDArray[np.int32], n_low: int
) -> NDArray[np.int64]:
    """[n] high x n_low + through[low]."""
    key = np.empty(len(high), np.int64)
    for i in range(len(high)):
        key[i] = np.int64(high[i]) * n_low + through[low[i]]
    return key


@compiled
def n_distinct(key: NDArray[np.int64], n_low: int, n_high: int) -> NDArray[np.int64]:
    """[n_high] distinct lows of each high. key: as `packed` makes it, sorted."""
    n = np.zeros(n_high, np.int64)
    for i in range(len(key)):
        if i == 0 or key[i] != key[i - 1]:
            n[key[i] // n_low] += 1
    return n


@compiled
def lowest_of_each(key: NDArray[np.int64], n_low: int) -> int:
    """Leaves, in place, the smallest low of each high; how many. key: as `packed` makes it, sorted."""
    kept = 0
    last = np.int64(-1)
    for i in range(len(key)):
        high = key[i] // n_low
        if high != last:
            last = high
            key[kept] = key[i]
            kept += 1
    return kept


@compiled
def shared_firsts(key: NDArray[np.int64], n_low: int, account_of: NDArray[np.int32], n_accounts: int) -> int:
    """Leaves, in place, the first low of each account under each high, where two accounts or more have the high; how many.
    key: as `packed` makes it, sorted; account_of: [n_low]."""
    seen = np.full(n_accounts, -1, np.int64)  # under which high an account was met last
    kept = 0
    begin = 0  # of the present high
    last = np.int64(-1)
    for i in range(len(key)):
        high = key[i] // n_low
        if high != last:
            if kept - begin < 2:
                kept = begin
            begin = kept
            last = high
        account = account_of[key[i] % n_low]
        if seen[account] != high:
            seen[account] = high
            key[kept] = key[i]
            kept += 1
    if kept - begin < 2:
        kept = begin
    return kept
