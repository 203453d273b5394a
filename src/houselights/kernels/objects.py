"""Close pairs inside units of evidence: listed for screening, counted against class rates for testing.

Arrays of n events sorted by (unit, at) and of u units, as `Events` holds them. A **class** of a pair is
(family of the unit, size bin of the unit, latency bin of the earlier post since the source): numbers that
say how fast such things go round anyway. `counted` says of each event whether the pairs it is the earlier post of count:
a half of the evidence is a set of such events. Units with more than `max_size` kept events are passed over.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from houselights.kernels.compiled import compiled

SIZE_EDGES = np.array([3, 4, 6, 10, 20], dtype=np.int64)  # bins 2, 3, 4-5, 6-9, 10-19, 20+
LATENCY_EDGES_US = np.array([60, 600, 3600], dtype=np.int64) * 1_000_000
N_SIZES = len(SIZE_EDGES) + 1
N_LATENCIES = len(LATENCY_EDGES_US) + 2  # bin 0: no source known
N_FAMILIES = 5
N_CLASSES = N_FAMILIES * N_SIZES * N_LATENCIES
UNKNOWN_US = np.iinfo(np.int64).min


@compiled
def _base_class(family: int, size: int) -> Any:
    return (family * N_SIZES + np.searchsorted(SIZE_EDGES, size, side="right")) * N_LATENCIES


@compiled
def _latency_bin(at_us: int, source_us: int) -> Any:
    if source_us == UNKNOWN_US:
        return 0
    return 1 + np.searchsorted(LATENCY_EDGES_US, at_us - source_us, side="right")


@compiled
def _kept_in(start: Any, kept: Any, u: int, max_size: int) -> int:
    """Kept events of unit u; 0 where they make no pair or are too many."""
    n = 0
    for i in range(start[u], start[u + 1]):
        n += kept[i]
    return n if 2 <= n <= max_size else 0


@compiled
def relabel(
    account: NDArray[np.int32], rows: NDArray[np.int64], group: NDArray[np.int64], scratch: NDArray[np.int32]
) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int64]]:
    """Accounts of `rows` numbered anew by first appearance: (new number per row, old number per new one, new numbers of `group`).

    `scratch`: [accounts] of -1, left as it was found. Accounts of `group` that do not act in `rows` get no number.
    """
    local = np.empty(len(rows), np.int32)
    old = np.empty(len(rows), np.int64)
    n = 0
    for k in range(len(rows)):
        a = account[rows[k]]
        if scratch[a] < 0:
            scratch[a] = n
            old[n] = a
            n += 1
        local[k] = scratch[a]
    new_group = np.empty(len(group), np.int64)
    known = 0
    for k in range(len(group)):
        if scratch[group[k]] >= 0:
            new_group[known] = scratch[group[k]]
            known += 1
    for k in range(n):
        scratch[old[k]] = -1
    return local, old[:n].copy(), new_group[:known].copy()


@compiled
def touched_units(
    start: NDArray[np.int64], account: NDArray[np.int32], in_group: NDArray[np.bool_]
) -> NDArray[np.int64]:
    """Units with an event of the group."""
    out = np.empty(len(start) - 1, np.int64)
    n = 0
    for u in range(len(start) - 1):
        for i in range(start[u], start[u + 1]):
            if in_group[account[i]]:
                out[n] = u
                n += 1
                break
    return out[:n].copy()


@compiled
def mark_accounts(
    start: NDArray[np.int64], account: NDArray[np.int32], units: NDArray[np.int64], n_accounts: int
) -> NDArray[np.bool_]:
    """[n_accounts] True for accounts with an event in one of `units`."""
    out = np.zeros(n_accounts, np.bool_)
    for u in units:
        for i in range(start[u], start[u + 1]):
            out[account[i]] = True
    return out


@compiled
def close_pairs_in_units(
    start: NDArray[np.int64],
    at_us: NDArray[np.int64],
    kept: NDArray[np.bool_],
    counted: NDArray[np.bool_],
    units: NDArray[np.int64],
    max_size: int,
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
            if _kept_in(start, kept, u, max_size) == 0:
                continue
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
def class_totals(
    start: NDArray[np.int64],
    at_us: NDArray[np.int64],
    family: NDArray[np.int8],
    source_us: NDArray[np.int64],
    kept: NDArray[np.bool_],
    counted: NDArray[np.bool_],
    units: NDArray[np.int64],
    max_size: int,
    window_us: int,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(close, all)[N_CLASSES]: each unit weighs 1, shared out over its pairs, so that one big object is one object."""
    close = np.zeros(N_CLASSES)
    every = np.zeros(N_CLASSES)
    for u in units:
        n = _kept_in(start, kept, u, max_size)
        if n == 0:
            continue
        base = _base_class(family[u], n)
        weight = 2.0 / (n * (n - 1))
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
            if not counted[i]:
                continue
            c = base + _latency_bin(at_us[i], source_us[u])
            every[c] += weight * after
            close[c] += weight * within
    return close, every


@compiled
def speeds(
    start: NDArray[np.int64],
    at_us: NDArray[np.int64],
    account: NDArray[np.int32],
    family: NDArray[np.int8],
    source_us: NDArray[np.int64],
    kept: NDArray[np.bool_],
    counted: NDArray[np.bool_],
    units: NDArray[np.int64],
    max_size: int,
    window_us: int,
    asked: NDArray[np.bool_],
    in_group: NDArray[np.bool_],
    rate: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(observed, expected)[accounts] of each asked account: summed over units, the share of its pairs with accounts outside
    the group that are close, and their mean rate."""
    observed = np.zeros(len(in_group))
    expected = np.zeros(len(in_group))
    for u in units:
        n = _kept_in(start, kept, u, max_size)
        if n == 0:
            continue
        base = _base_class(family[u], n)
        for i in range(start[u], start[u + 1]):
            if not (kept[i] and asked[account[i]]):
                continue
            outside = 0
            close = 0
            chance = 0.0
            for j in range(start[u], start[u + 1]):
                if j != i and kept[j] and counted[min(i, j)] and not in_group[account[j]]:
                    outside += 1
                    chance += rate[base + _latency_bin(min(at_us[i], at_us[j]), source_us[u])]
                    close += abs(at_us[j] - at_us[i]) <= window_us
            if outside:
                observed[account[i]] += close / outside
                expected[account[i]] += chance / outside
    return observed, expected


@compiled
def group_units(
    start: NDArray[np.int64],
    at_us: NDArray[np.int64],
    account: NDArray[np.int32],
    family: NDArray[np.int8],
    source_us: NDArray[np.int64],
    kept: NDArray[np.bool_],
    counted: NDArray[np.bool_],
    units: NDArray[np.int64],
    max_size: int,
    window_us: int,
    in_group: NDArray[np.bool_],
    rate: NDArray[np.float64],
    speed: NDArray[np.float64],
    sitting: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """One row per unit and sitting of the earlier post: unit, sitting, member pairs with a known class rate, close ones among
    them, and their mean chance. Pairs without a known rate are left out."""
    most = 0
    for u in units:
        for i in range(start[u], start[u + 1]):
            most += in_group[account[i]]
    unit = np.empty(most, np.int64)
    when = np.empty(most, np.int64)
    pairs = np.zeros(most, np.int64)
    close = np.zeros(most, np.int64)
    chance = np.zeros(most)
    row = -1
    for u in units:
        n = _kept_in(start, kept, u, max_size)
        if n == 0:
            continue
        base = _base_class(family[u], n)
        fresh = True
        for i in range(start[u], start[u + 1]):
            if not (kept[i] and counted[i] and in_group[account[i]]):
                continue
            r = rate[base + _latency_bin(at_us[i], source_us[u])]
            if np.isnan(r):
                continue
            for j in range(i + 1, start[u + 1]):
                if kept[j] and in_group[account[j]]:
                    if fresh or when[row] != sitting[i]:
                        row += 1
                        unit[row] = u
                        when[row] = sitting[i]
                        fresh = False
                    pairs[row] += 1
                    chance[row] += min(0.999, r * speed[account[i]] * speed[account[j]])
                    close[row] += at_us[j] - at_us[i] <= window_us
    n_rows = row + 1
    return unit[:n_rows], when[:n_rows], pairs[:n_rows], close[:n_rows], chance[:n_rows] / pairs[:n_rows]


@compiled
def account_units(
    start: NDArray[np.int64],
    at_us: NDArray[np.int64],
    account: NDArray[np.int32],
    family: NDArray[np.int8],
    source_us: NDArray[np.int64],
    kept: NDArray[np.bool_],
    counted: NDArray[np.bool_],
    units: NDArray[np.int64],
    max_size: int,
    window_us: int,
    asked: NDArray[np.bool_],
    in_group: NDArray[np.bool_],
    rate: NDArray[np.float64],
    speed: NDArray[np.float64],
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """One row per event of an asked account with a member beside it: event, (other) members there, share of close pairs with them,
    mean chance. Pairs without a known rate are left out."""
    total = 0
    for u in units:
        for i in range(start[u], start[u + 1]):
            total += asked[account[i]]
    event = np.empty(total, np.int64)
    others = np.empty(total, np.int64)
    share = np.empty(total)
    chance = np.empty(total)
    members = np.empty(max_size, np.int64)
    total = 0
    for u in units:
        n = _kept_in(start, kept, u, max_size)
        if n == 0:
            continue
        base = _base_class(family[u], n)
        inside = 0
        for i in range(start[u], start[u + 1]):
            if kept[i] and in_group[account[i]]:
                members[inside] = i
                inside += 1
        for i in range(start[u], start[u + 1]):
            if not (kept[i] and asked[account[i]]):
                continue
            pairs = 0
            close = 0
            mean = 0.0
            for m in range(inside):
                j = members[m]
                if j == i or not counted[min(i, j)]:
                    continue
                r = rate[base + _latency_bin(min(at_us[i], at_us[j]), source_us[u])]
                if np.isnan(r):
                    continue
                pairs += 1
                mean += min(0.999, r * speed[account[i]] * speed[account[j]])
                close += abs(at_us[j] - at_us[i]) <= window_us
            if pairs:
                event[total] = i
                others[total] = pairs
                share[total] = close / pairs
                chance[total] = mean / pairs
                total += 1
    return event[:total], others[:total], share[:total], chance[:total]


@compiled
def class_rate_of_pairs(
    at_us: NDArray[np.int64],
    family: NDArray[np.int8],
    source_us: NDArray[np.int64],
    size: NDArray[np.int64],
    earlier: NDArray[np.int64],
    unit: NDArray[np.int64],
    rate: NDArray[np.float64],
) -> NDArray[np.float64]:
    """[pairs] class rate of each pair, by its earlier event and its unit; 1 where no rate is known."""
    out = np.empty(len(earlier))
    for k in range(len(earlier)):
        u = unit[k]
        r = rate[_base_class(family[u], size[u]) + _latency_bin(at_us[earlier[k]], source_us[u])]
        out[k] = 1.0 if np.isnan(r) else r
    return out
