"""What some accounts have to do with each other and with others on the units they share, from their own events alone.

Arrays of events sorted by (unit, at) and of units: of all data, as `Events` holds them, or of an excerpt that numbers the events and
units it holds; classes of pairs as in kernels/objects.py, `class_of_unit` as made there. A group
or the asked accounts come as the sorted rows of their kept events (`row`) and, per row, which of them it is (`who`). What
concerns everybody else is looked up in running counts once (`around`), so the cost does not depend on how large the shared units are.
"""

import numpy as np
from numpy.typing import NDArray

from houselights.kernels.compiled import compiled
from houselights.kernels.objects import N_LATENCIES, UNKNOWN_US, latency_bin


@compiled
def counted_in_bins(
    start: NDArray[np.int64], at_us: NDArray[np.int64], source_us: NDArray[np.int64], counted_before: NDArray[np.int32]
) -> NDArray[np.int32]:
    """[units, latency bins] kept events whose pairs count, of units with a known source; zeros for others."""
    n = np.zeros((len(start) - 1, N_LATENCIES), np.int32)
    for u in range(len(n)):
        if source_us[u] != UNKNOWN_US:
            for i in range(start[u], start[u + 1]):
                n[u, latency_bin(at_us[i], source_us[u])] += counted_before[i + 1] - counted_before[i]
    return n


@compiled
def around(
    start: NDArray[np.int64],
    at_us: NDArray[np.int64],
    kept_before: NDArray[np.int32],
    counted_before: NDArray[np.int32],
    in_bins: NDArray[np.int32],
    window_us: int,
    event: NDArray[np.int64],
    unit: NDArray[np.int64],
    units: NDArray[np.int64],
    source_us: NDArray[np.int64],
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
    """(close, later)[events] and earlier[events, latency bins] of an excerpt: kept events of the same unit that make a pair with this one,
    those of the pairs that are close, and the bins of the earlier ones. `event` to `source_us` are the excerpt's; `in_bins`: what
    `counted_in_bins` gave."""
    close = np.zeros(len(event), np.int32)
    later = np.zeros(len(event), np.int32)
    earlier = np.zeros((len(event), N_LATENCIES), np.int32)
    for k in range(len(event)):
        if k == 0 or unit[k] != unit[k - 1]:
            u = units[unit[k]]
            source = source_us[unit[k]]
            first = start[u]
            end = start[u + 1]
        i = event[k]
        if counted_before[i + 1] > counted_before[i]:
            j = i + 1
            while j < end and at_us[j] - at_us[i] <= window_us:
                j += 1
            later[k] = kept_before[end] - kept_before[i + 1]
            close[k] = kept_before[j] - kept_before[i + 1]
        j = i
        while j > first and at_us[i] - at_us[j - 1] <= window_us:
            j -= 1
        close[k] += counted_before[i] - counted_before[j]
        left = counted_before[i] - counted_before[first]
        mine = latency_bin(at_us[i], source)
        for b in range(1, mine):
            earlier[k, b] = in_bins[u, b]
            left -= in_bins[u, b]
        earlier[k, mine] = left
    return close, later, earlier


@compiled
def speeds(
    at_us: NDArray[np.int64],
    unit: NDArray[np.int64],
    counted: NDArray[np.bool_],
    source_us: NDArray[np.int64],
    class_of_unit: NDArray[np.int64],
    close: NDArray[np.int32],
    later: NDArray[np.int32],
    earlier: NDArray[np.int32],
    window_us: int,
    row: NDArray[np.int64],
    who: NDArray[np.int64],
    n_asked: int,
    group_row: NDArray[np.int64],
    rate: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(observed, expected)[asked accounts]: summed over units, the share of its pairs with accounts outside the group that are
    close, and their mean rate. close, later, earlier: what `around` gave."""
    observed = np.zeros(n_asked)
    expected = np.zeros(n_asked)
    g = 0
    for k in range(len(row)):
        i = row[k]
        u = unit[i]
        while g < len(group_row) and unit[group_row[g]] < u:
            g += 1
        base = class_of_unit[u]
        if base < 0:
            continue
        n_close = close[i]
        n_outside = later[i]
        rate_of_later = rate[base + latency_bin(at_us[i], source_us[u])]
        chance = n_outside * rate_of_later
        for b in range(N_LATENCIES):
            if earlier[i, b]:
                n_outside += earlier[i, b]
                chance += earlier[i, b] * rate[base + b]
        # All but the group.
        m = g
        while m < len(group_row) and unit[group_row[m]] == u:
            j = group_row[m]
            if j < i and counted[j]:
                n_outside -= 1
                n_close -= at_us[i] - at_us[j] <= window_us
                chance -= rate[base + latency_bin(at_us[j], source_us[u])]
            elif j > i and counted[i]:
                n_outside -= 1
                n_close -= at_us[j] - at_us[i] <= window_us
                chance -= rate_of_later
            m += 1
        if n_outside > 0:
            observed[who[k]] += n_close / n_outside
            expected[who[k]] += chance / n_outside
    return observed, expected


@compiled
def group_units(
    at_us: NDArray[np.int64],
    unit: NDArray[np.int64],
    sitting: NDArray[np.int64],
    counted: NDArray[np.bool_],
    source_us: NDArray[np.int64],
    class_of_unit: NDArray[np.int64],
    n_kept: NDArray[np.int64],
    window_us: int,
    row: NDArray[np.int64],
    who: NDArray[np.int64],
    rate: NDArray[np.float64],
    own_rate: float,
    speed: NDArray[np.float64],
) -> tuple[
    NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], NDArray[np.bool_]
]:
    """One row per unit and sitting of the earlier post: unit, sitting, member pairs with a known class rate, close ones among
    them, their mean chance, and whether nobody outside shares the unit. Pairs without a known rate are left out. `speed`: of
    each `who`."""
    units = np.empty(len(row), np.int64)
    sittings = np.empty(len(row), np.int64)
    pairs = np.zeros(len(row), np.int64)
    close = np.zeros(len(row), np.int64)
    chance = np.zeros(len(row))
    own = np.zeros(len(row), np.bool_)
    out = -1
    first = 0  # of the group's rows in this unit
    end = 0
    for a in range(len(row)):
        i = row[a]
        u = unit[i]
        if a == end:
            first = a
            while end < len(row) and unit[row[end]] == u:
                end += 1
        if class_of_unit[u] < 0 or not counted[i]:
            continue
        r = rate[class_of_unit[u] + latency_bin(at_us[i], source_us[u])]
        if np.isnan(r):
            continue
        if end - first == n_kept[u]:
            r = max(r, own_rate)
        b = a + 1
        while b < len(row) and unit[row[b]] == u:
            if out < 0 or units[out] != u or sittings[out] != sitting[i]:
                out += 1
                units[out] = u
                sittings[out] = sitting[i]
                own[out] = end - first == n_kept[u]
            pairs[out] += 1
            chance[out] += min(0.999, r * speed[who[a]] * speed[who[b]])
            close[out] += at_us[row[b]] - at_us[i] <= window_us
            b += 1
    n = out + 1
    return units[:n], sittings[:n], pairs[:n], close[:n], chance[:n] / pairs[:n], own[:n]


@compiled
def account_units(
    at_us: NDArray[np.int64],
    unit: NDArray[np.int64],
    counted: NDArray[np.bool_],
    source_us: NDArray[np.int64],
    class_of_unit: NDArray[np.int64],
    n_kept: NDArray[np.int64],
    window_us: int,
    row: NDArray[np.int64],
    speed: NDArray[np.float64],
    group_row: NDArray[np.int64],
    group_speed: NDArray[np.float64],
    rate: NDArray[np.float64],
    own_rate: float,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """One row per asked event with a member beside it: index into `row`, (other) members there, share of close pairs with them, mean chance.

    Pairs without a known rate are left out. `speed`, `group_speed`: of each row.
    """
    which = np.empty(len(row), np.int64)
    others = np.empty(len(row), np.int64)
    share = np.empty(len(row))
    chance = np.empty(len(row))
    total = 0
    g = 0  # the group's rows in this unit
    end = 0
    for k in range(len(row)):
        i = row[k]
        u = unit[i]
        while g < len(group_row) and unit[group_row[g]] < u:
            g += 1
        end = max(g, end)
        while end < len(group_row) and unit[group_row[end]] == u:
            end += 1
        base = class_of_unit[u]
        if base < 0:
            continue
        pairs = 0
        close = 0
        mean = 0.0
        at = g + np.searchsorted(group_row[g:end], i)
        is_member = at < end and group_row[at] == i
        own = own_rate if end - g + (not is_member) == n_kept[u] else 0.0
        for m in range(g, end):
            j = group_row[m]
            if j != i and counted[min(i, j)]:
                r = rate[base + latency_bin(min(at_us[i], at_us[j]), source_us[u])]
                if not np.isnan(r):
                    pairs += 1
                    mean += min(0.999, max(r, own) * speed[k] * group_speed[m])
                    close += abs(at_us[j] - at_us[i]) <= window_us
        if pairs:
            which[total] = k
            others[total] = pairs
            share[total] = close / pairs
            chance[total] = mean / pairs
            total += 1
    return which[:total], others[:total], share[:total], chance[:total]


@compiled
def rows_close_to(
    start: NDArray[np.int64],
    at_us: NDArray[np.int64],
    unit: NDArray[np.int32],
    kept: NDArray[np.bool_],
    counted: NDArray[np.bool_],
    window_us: int,
    group_row: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Rows of kept events close to one of the group's, with repeats."""
    total = 0
    for fill in range(2):
        if fill:
            out = np.empty(total, np.int64)
            total = 0
        for i in group_row:
            u = unit[i]
            j = i - 1
            while j >= start[u] and at_us[i] - at_us[j] <= window_us:
                if kept[j] and counted[j]:
                    if fill:
                        out[total] = j
                    total += 1
                j -= 1
            if not counted[i]:
                continue
            j = i + 1
            while j < start[u + 1] and at_us[j] - at_us[i] <= window_us:
                if kept[j]:
                    if fill:
                        out[total] = j
                    total += 1
                j += 1
    return out
