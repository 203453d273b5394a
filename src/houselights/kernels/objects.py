"""Close pairs inside units of evidence: listed for screening, counted against class rates for testing.

Arrays of n events sorted by (unit, at) and of u units, as `Events` holds them. A **class** of a pair is
(family of the unit, size bin of the unit, latency bin of the earlier post since the source): numbers that
say how fast such things go round anyway. `counted` says of each event whether the pairs it is the earlier post of count:
a half of the evidence is a set of such events. kernels/groups.py counts what concerns a group.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from houselights.kernels.compiled import compiled

SIZE_EDGES = np.array([3, 4, 6, 10, 20], dtype=np.int64)  # bins 2, 3, 4-5, 6-9, 10-19, 20+
LATENCY_EDGES_US = np.array([60, 600, 3600], dtype=np.int64) * 1_000_000
N_SIZES = len(SIZE_EDGES) + 1
N_LATENCIES = len(LATENCY_EDGES_US) + 2  # bin 0: no source known
N_FAMILIES = 6
N_CLASSES = N_FAMILIES * N_SIZES * N_LATENCIES
UNKNOWN_US = np.iinfo(np.int64).min


def class_of_units(family: NDArray[np.int8], n_kept: NDArray[np.int64], max_size: int) -> NDArray[np.int64]:
    """[u] class of a unit's pairs of unknown latency, to which a latency bin is added; -1 where a unit makes no pair or is too large."""
    sizes = np.searchsorted(SIZE_EDGES, n_kept, side="right")
    classes = (family.astype(np.int64) * N_SIZES + sizes) * N_LATENCIES
    return np.where((n_kept >= 2) & (n_kept <= max_size), classes, -1)


@compiled
def latency_bin(at_us: int, source_us: int) -> Any:
    if source_us == UNKNOWN_US:
        return 0
    return 1 + np.searchsorted(LATENCY_EDGES_US, at_us - source_us, side="right")


@compiled
def only_wanted(
    row: NDArray[np.int64], bounds: NDArray[np.int64], wanted: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(row, bounds) of the wanted rows alone, where row[bounds[a]:bounds[a + 1]] are those of account a."""
    left = np.empty(len(row), np.int64)
    left_bounds = np.zeros(len(bounds), np.int64)
    total = 0
    for a in range(len(bounds) - 1):
        for k in range(bounds[a], bounds[a + 1]):
            left[total] = row[k]
            total += wanted[row[k]]
        left_bounds[a + 1] = total
    return left[:total], left_bounds


@compiled
def is_among(values: NDArray[np.int32], ascending: NDArray[np.int64]) -> NDArray[np.bool_]:
    """[values] whether each is one of `ascending`: few of many, where a mark for each of the many would cost more than the search."""
    out = np.zeros(len(values), np.bool_)
    for k in range(len(values)):
        at = np.searchsorted(ascending, values[k])
        out[k] = at < len(ascending) and ascending[at] == values[k]
    return out


@compiled
def rows_with_account(
    row: NDArray[np.int64], bounds: NDArray[np.int64], accounts: NDArray[np.int64], bits: int
) -> NDArray[np.int64]:
    """The rows row[bounds[a]:bounds[a + 1]] of these accounts, each followed by so many bits with the account's place among them."""
    total = 0
    for a in accounts:
        total += bounds[a + 1] - bounds[a]
    out = np.empty(total, np.int64)
    total = 0
    for k in range(len(accounts)):
        for p in range(bounds[accounts[k]], bounds[accounts[k] + 1]):
            out[total] = row[p] << bits | k
            total += 1
    return out


@compiled
def close_pairs_in_units(
    start: NDArray[np.int64],
    at_us: NDArray[np.int64],
    kept: NDArray[np.bool_],
    counted: NDArray[np.bool_],
    units: NDArray[np.int64],
    window_us: int,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Event indices (i, j), i before j, of kept events of one of `units` at most `window_us` apart."""
    total = 0
    for fill in range(2):
        if fill:
            left = np.empty(total, np.int64)
            right = np.empty(total, np.int64)
            total = 0
        for u in units:
            for i in range(start[u], start[u + 1]):
                if not (kept[i] and counted[i]):
                    continue
                for j in range(i + 1, start[u + 1]):
                    if at_us[j] - at_us[i] > window_us:
                        break
                    if kept[j]:
                        if fill:
                            left[total] = i
                            right[total] = j
                        total += 1
    return left, right


@compiled
def class_shares(
    start: NDArray[np.int64],
    at_us: NDArray[np.int64],
    source_us: NDArray[np.int64],
    kept: NDArray[np.bool_],
    counted: NDArray[np.bool_],
    n_kept: NDArray[np.int64],
    weight_of_unit: NDArray[np.float64],
    window_us: int,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(close, all)[units x latency bins]: the weight of each unit, shared out over its pairs, so that one big object is one object."""
    n_units = len(start) - 1
    close = np.zeros((n_units, N_LATENCIES))
    every = np.zeros((n_units, N_LATENCIES))
    for u in range(n_units):
        n = n_kept[u]
        if n < 2:
            continue
        weight = weight_of_unit[u] * 2.0 / (n * (n - 1))
        after = n
        within = 0  # kept events after i that are no more than a window away
        ahead = start[u]
        for i in range(start[u], start[u + 1]):
            if not kept[i]:
                continue
            after -= 1
            while ahead < start[u + 1] and at_us[ahead] - at_us[i] <= window_us:
                within += kept[ahead]
                ahead += 1
            within -= 1
            if counted[i]:
                b = latency_bin(at_us[i], source_us[u])
                every[u, b] += weight * after
                close[u, b] += weight * within
    return close, every


@compiled
def crowd_weights(
    start: NDArray[np.int64],
    account: NDArray[np.int32],
    kept: NDArray[np.bool_],
    n_kept: NDArray[np.int64],
    class_of_unit: NDArray[np.int64],
    n_accounts: int,
) -> NDArray[np.float64]:
    """[u] mean over a unit's kept accounts of 1 / (units of its family and size that the account has). Summed over the units of k
    accounts that share with nobody else it is one, however many they share: a crowd counts once in a class rate."""
    n_classes = N_FAMILIES * N_SIZES
    n_shared = np.zeros((n_accounts, n_classes), np.int32)
    for u in range(len(start) - 1):
        if class_of_unit[u] >= 0:
            for i in range(start[u], start[u + 1]):
                n_shared[account[i], class_of_unit[u] // N_LATENCIES] += kept[i]
    weight = np.zeros(len(start) - 1)
    for u in range(len(start) - 1):
        if class_of_unit[u] >= 0:
            for i in range(start[u], start[u + 1]):
                if kept[i]:
                    weight[u] += 1.0 / (n_shared[account[i], class_of_unit[u] // N_LATENCIES] * n_kept[u])
    return weight


@compiled
def wedge_shares(
    start: NDArray[np.int64],
    at_us: NDArray[np.int64],
    kept: NDArray[np.bool_],
    n_kept: NDArray[np.int64],
    weight_of_unit: NDArray[np.float64],
    window_us: int,
) -> NDArray[np.float64]:
    """[units, (wedges, pairs, all)] of units of three or more: the share of wedges (two pairs with an account in common) of which both are
    close, the share of close pairs, and 1, each times the unit's weight."""
    out = np.zeros((len(start) - 1, 3))
    for u in range(len(start) - 1):
        n = n_kept[u]
        if n < 3:
            continue
        wedges = 0.0
        pairs = 0.0
        low = start[u]
        high = start[u]
        near = 0  # kept events from low to high
        for i in range(start[u], start[u + 1]):
            if not kept[i]:
                continue
            while high < start[u + 1] and at_us[high] - at_us[i] <= window_us:
                near += kept[high]
                high += 1
            while at_us[i] - at_us[low] > window_us:
                near -= kept[low]
                low += 1
            wedges += (near - 1) * (near - 2) / 2.0
            pairs += near - 1
        out[u, 0] = weight_of_unit[u] * wedges / (n * (n - 1) * (n - 2) / 2.0)
        out[u, 1] = weight_of_unit[u] * pairs / (n * (n - 1.0))
        out[u, 2] = weight_of_unit[u]
    return out


@compiled
def class_totals(
    units: NDArray[np.int64], class_of_unit: NDArray[np.int64], shares: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """(close, all)[N_CLASSES] and wedges[families x sizes, 3] summed over `units`, from what `class_shares` and `wedge_shares` gave side by
    side."""
    close = np.zeros(N_CLASSES)
    every = np.zeros(N_CLASSES)
    wedges = np.zeros((N_FAMILIES * N_SIZES, 3))
    for u in units:
        class_ = class_of_unit[u]
        if class_ < 0:
            continue
        mine = shares[u]
        for b in range(N_LATENCIES):
            if mine[N_LATENCIES + b] > 0:
                close[class_ + b] += mine[b]
                every[class_ + b] += mine[N_LATENCIES + b]
        for k in range(3):
            wedges[class_ // N_LATENCIES, k] += mine[2 * N_LATENCIES + k]
    return close, every, wedges


def rate_of_pairs(
    earlier_us: NDArray[np.int64],
    source_us: NDArray[np.int64],
    class_: NDArray[np.int64],
    rate: NDArray[np.float64],
) -> NDArray[np.float64]:
    """[pairs] class rate of each pair, by the time of its earlier event, the source and the class of its unit; 1 where no rate is known."""
    latency = 1 + np.searchsorted(LATENCY_EDGES_US, earlier_us - source_us, side="right")
    return np.nan_to_num(rate[class_ + np.where(source_us == UNKNOWN_US, 0, latency)], nan=1.0)
