"""Cells: an object within one sitting and one latency bin since it was first seen. Inside a cell, accounts are exchangeable over
the times.

Bins after the first sighting have the edges 0, w, 2w, 4w ... up to one hour, then a width of one hour (20 w where that is more).
"""

import numpy as np
from numpy.typing import NDArray

from houselights.kernels.compiled import compiled

HOUR_US = 3_600_000_000
UNKNOWN_US = np.iinfo(np.int64).min


@compiled
def latency_bin(latency_us: int, window_us: int) -> int:
    if latency_us < window_us:
        return 0
    width = max(HOUR_US, 20 * window_us)
    edge = window_us
    k = 1
    while 2 * edge <= HOUR_US:
        if latency_us < 2 * edge:
            return k
        edge *= 2
        k += 1
    return k + (latency_us - edge) // width


@compiled
def assign_cells(
    start: NDArray[np.int64],
    at_us: NDArray[np.int64],
    source_us: NDArray[np.int64],
    kept: NDArray[np.bool_],
    sitting: NDArray[np.int64],
    window_us: int,
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
    """Cell of each event (-1 if not kept), and bin, unit and first event of each cell. Events are sorted by (unit, at); so are cells."""
    n = len(at_us)
    cell = np.full(n, -1, np.int32)
    bins = np.empty(n, np.int32)
    units = np.empty(n, np.int32)
    firsts = np.empty(n, np.int32)
    n_cells = 0
    for u in range(len(start) - 1):
        first = UNKNOWN_US
        last_bin = -1
        last_sitting = UNKNOWN_US
        for i in range(start[u], start[u + 1]):
            if not kept[i]:
                continue
            if first == UNKNOWN_US:
                first = at_us[i]
                if source_us[u] != UNKNOWN_US and source_us[u] < first:
                    first = source_us[u]
            b = latency_bin(at_us[i] - first, window_us)
            if b != last_bin or sitting[i] != last_sitting:
                bins[n_cells] = b
                units[n_cells] = u
                firsts[n_cells] = i
                n_cells += 1
                last_bin = b
                last_sitting = sitting[i]
            cell[i] = n_cells - 1
    return cell, bins[:n_cells].copy(), units[:n_cells].copy(), firsts[:n_cells].copy()


@compiled
def cell_statistics(
    cell: NDArray[np.int32], at_us: NDArray[np.int64], n_cells: int, window_us: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Per cell: events n, close pairs m, and W = sum over events of C(close partners, 2). Events of a cell stand together."""
    size = np.zeros(n_cells, np.int64)
    close = np.zeros(n_cells, np.int64)
    wedges = np.zeros(n_cells)
    rows = np.flatnonzero(cell >= 0)
    low = 0
    high = 0
    for k in range(len(rows)):
        i = rows[k]
        c = cell[i]
        size[c] += 1
        while cell[rows[low]] != c or at_us[i] - at_us[rows[low]] > window_us:
            low += 1
        high = max(high, k)
        while high + 1 < len(rows) and cell[rows[high + 1]] == c and at_us[rows[high + 1]] - at_us[i] <= window_us:
            high += 1
        degree = high - low
        close[c] += degree
        wedges[c] += degree * (degree - 1) / 2.0
    return size, close // 2, wedges


@compiled
def close_in_group(times_us: NDArray[np.int64], bounds: NDArray[np.int64], window_us: int) -> NDArray[np.int64]:
    """Close pairs among the sorted times of each slice bounds[k]:bounds[k + 1]."""
    out = np.zeros(len(bounds) - 1, np.int64)
    for k in range(len(bounds) - 1):
        ahead = bounds[k]
        for i in range(bounds[k], bounds[k + 1]):
            ahead = max(ahead, i + 1)
            while ahead < bounds[k + 1] and times_us[ahead] - times_us[i] <= window_us:
                ahead += 1
            out[k] += ahead - i - 1
    return out


@compiled
def permutation_exceedances(
    times_us: NDArray[np.int64],
    bounds: NDArray[np.int64],
    members: NDArray[np.int64],
    window_us: int,
    observed: int,
    max_draws: int,
    enough: int,
    rng: np.random.Generator,
) -> tuple[int, int]:
    """(draws as extreme as observed, draws): members[k] accounts are drawn from cell k's sorted times, again and again.

    Stops once `enough` draws are as extreme (Besag and Clifford 1991).
    """
    extreme = 0
    for draw in range(1, max_draws + 1):
        total = 0
        for k in range(len(members)):
            n = bounds[k + 1] - bounds[k]
            chosen = np.empty(members[k], np.int64)
            for g in range(members[k]):  # Floyd's sampling without replacement
                j = n - members[k] + g
                pick = int(rng.random() * (j + 1))
                for h in range(g):
                    if chosen[h] == pick:
                        pick = j
                        break
                chosen[g] = pick
            for a in range(members[k]):
                for b in range(a):
                    total += abs(times_us[bounds[k] + chosen[a]] - times_us[bounds[k] + chosen[b]]) <= window_us
        if total >= observed:
            extreme += 1
            if extreme >= enough:
                return extreme, draw
    return extreme, max_draws


@compiled
def expected_of_pairs(
    a: NDArray[np.int32],
    b: NDArray[np.int32],
    bounds: NDArray[np.int64],
    cells: NDArray[np.int32],
    rate: NDArray[np.float64],
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Common cells and their summed rates, per pair. Pairs come sorted by a, whose cells are marked once for all its pairs. Cells of account x,
    sorted: cells[bounds[x]:bounds[x + 1]]."""
    common = np.zeros(len(a), np.int64)
    expected = np.zeros(len(a))
    marked = np.zeros(len(rate), np.bool_)
    last = -1
    for k in range(len(a)):
        if a[k] != last:
            if last >= 0:
                for i in range(bounds[last], bounds[last + 1]):
                    marked[cells[i]] = False
            last = a[k]
            for i in range(bounds[last], bounds[last + 1]):
                marked[cells[i]] = True
        for j in range(bounds[b[k]], bounds[b[k] + 1]):
            if marked[cells[j]]:
                common[k] += 1
                expected[k] += rate[cells[j]]
    return common, expected
