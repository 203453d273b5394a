"""Close pairs: which accounts acted on the same objects within a window, counted row by row and never listed.

A row-wise sparse accumulator, as in sparse matrix products (Gustavson 1978, "Two fast algorithms for sparse matrices"), over
actions sorted by (object, time). The actions of each account are walked; the neighbours of an action on the same object inside
the window go into a small open-addressing table keyed by the other account, which stays in the processor's first cache.
Memory grows with the actions and with the pairs that reach the minimum, not with the pairs that are looked at.
"""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
Float64 = npt.NDArray[np.float64]
Array = npt.NDArray[Any]

ROUNDS = 8  # of pruning; every round is exact, so stopping early costs time, never correctness
CHUNKS_PER_THREAD = 16  # activity is heavy-tailed: many account ranges keep the threads equally busy
SLOTS_LOG2 = 8  # first size of an accumulator: 2^8 slots of 16 bytes lie in the first cache
MAX_ACTIONS = 2**31 - 1  # positions are int32
KEY_BITS = 63  # of a sort key that holds time and account in one int64


@dataclass(frozen=True)
class ClosePairs:
    """Pairs of accounts, a < b, sorted by (a, b); `n_shared`: distinct objects both acted on within the window."""

    a: Int32
    b: Int32
    n_shared: Int32


@dataclass(frozen=True)
class CloseEdges:
    """Directed edges, sorted by (source, target); `weight`: distinct messages of the source with a close action of the target."""

    source: Int32
    target: Int32
    weight: Int32


def close_pairs(
    account: Int32,
    object: Int32,  # noqa: A002
    at_us: Int64,
    window_us: int,
    min_shared: int = 2,
) -> ClosePairs:
    """Pairs of accounts that acted on at least `min_shared` common objects within `window_us` of each other (inclusive).

    `account`, `object`: int32[n], codes from 0. `at_us`: int64[n], microseconds. An object counts once for a pair, however often
    the two repeat it: when any action of the one is close to any action of the other. Row order does not matter.
    Raises ValueError for arrays of unequal length, negative codes, a negative window or a minimum below 1.
    """
    _check((account, object, at_us), window_us, min_shared)
    names, dense = _dense(account)
    who, what, at, unit_us = _sort_by_object(dense, _dense(object)[1], at_us, len(names))
    low, high = np.empty(len(who), np.int32), np.empty(len(who), np.int32)
    n = _prune(who, what, at, low, high, window_us // unit_us, min_shared, len(names))
    del at
    who, what, low, high = who[:n], what[:n], low[:n], high[:n]
    rank = _activity_rank(np.bincount(who, minlength=len(names)))
    neighbour = rank[who]
    starts = _starts(neighbour, len(names))
    rows = _rows(neighbour, np.arange(n, dtype=np.int32), what, low, high, starts)
    del who, what, low, high
    first, second, n_shared = _count(starts, rows, neighbour, min_shared, directed=False)
    by_rank = np.empty_like(names)
    by_rank[rank] = names
    a, b = by_rank[first], by_rank[second]
    return ClosePairs(*_sorted_pairs(np.minimum(a, b), np.maximum(a, b), n_shared))


def close_edges(
    account: Int32,
    object: Int32,  # noqa: A002
    message: Int32,
    at_s: Float64,
    window_s: float,
    min_weight: int = 1,
) -> CloseEdges:
    """Directed edges: how many messages of the source have an action of the target on the same object within the window.

    `account`, `object`, `message`: int32[n], codes from 0; a message may act on several objects and counts once. `at_s`:
    float64[n], seconds; the window is the closed interval [t - window_s, t + window_s] in floating point. No self loops.
    """
    _check((account, object, message, at_s), window_s, min_weight)
    names, dense = _dense(account)
    order = np.lexsort((at_s, object))
    who, what = dense[order], object[order]
    low, high = np.empty(len(who), np.int32), np.empty(len(who), np.int32)
    _window_bounds(what, at_s[order], float(window_s), low, high)
    units = message[order]
    walk = np.argsort(units, kind="stable").astype(np.int32)
    starts = _starts(who, len(names))
    rows = _rows(who, walk, units, low, high, starts)
    source, target, weight = _count(starts, rows, who, min_weight, directed=True)
    return CloseEdges(*_sorted_pairs(names[source], names[target], weight))


def _check(columns: Sequence[Array], window: float, minimum: int) -> None:
    if len({len(c) for c in columns}) != 1:
        raise ValueError("the columns of the actions differ in length")
    if len(columns[0]) > MAX_ACTIONS:
        raise ValueError(f"{len(columns[0])} actions; at most {MAX_ACTIONS} fit, split them by object")
    if any(len(c) and c.min() < 0 for c in columns[:-1]):
        raise ValueError("codes start at 0; found a negative one")
    if window < 0 or minimum < 1:
        raise ValueError(f"window {window} and minimum {minimum}: the first may not be negative, the second not below 1")


def _dense(codes: Int32) -> tuple[Int32, Int32]:
    """Names by code, and codes without large gaps: tables are as long as the largest code."""
    n = int(codes.max()) + 1 if len(codes) else 0
    if n <= 4 * len(codes) + 1024:
        return np.arange(n, dtype=np.int32), codes
    names, dense = np.unique(codes, return_inverse=True)
    return names, dense.astype(np.int32)


def _sort_by_object(who: Int32, what: Int32, at_us: Int64, n_accounts: int) -> tuple[Int32, Int32, Int64, int]:
    """Actions on objects with two or more, by (object, time); times in the returned unit, from the first action.

    Exact: all differences of times are multiples of the unit, so a window may be divided by it and rounded down.
    """
    if not len(who):
        return who, what, at_us, 1
    first, last = int(at_us.min()), int(at_us.max())
    unit_us = max(int(_common_unit(at_us, first)), 1)
    account_bits = max(n_accounts - 1, 1).bit_length()
    if ((last - first) // unit_us).bit_length() + account_bits <= KEY_BITS:
        who, what, at = _sorted_by_key(who, what, at_us, _starts(what, int(what.max()) + 1), first, unit_us, account_bits)
        return who, what, at, unit_us
    order = np.lexsort((who, at_us, what))
    return who[order], what[order], (at_us[order] - first) // unit_us, unit_us


def _activity_rank(n_actions: Int64) -> Int32:
    """0 for the most active account. A pair is counted in the row of its less active account: rows, and tables, stay short."""
    rank = np.empty(len(n_actions), np.int32)
    rank[np.argsort(-n_actions, kind="stable")] = np.arange(len(n_actions), dtype=np.int32)
    return rank


def _count(starts: Int64, rows: Int32, neighbour: Int32, minimum: int, directed: bool) -> tuple[Int32, Int32, Int32]:
    """Counts ranges of accounts side by side; the ranges hold equal numbers of actions, and come back in their order."""
    threads = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    chunks = threads * CHUNKS_PER_THREAD
    bounds = np.searchsorted(starts, np.linspace(0, len(rows), chunks + 1)[1:-1])
    edges = [0, *bounds.tolist(), len(starts) - 1]

    def count(chunk: int) -> tuple[Int32, Int32, Int32]:
        found: tuple[Int32, Int32, Int32] = _count_rows(
            starts, rows, neighbour, edges[chunk], edges[chunk + 1], minimum, directed
        )
        return found

    with ThreadPoolExecutor(threads) as pool:
        parts = list(pool.map(count, range(chunks)))
    one, other, n = (np.concatenate([part[i] for part in parts]) for i in range(3))
    return one, other, n


@njit(cache=True, nogil=True)
def _common_unit(at_us: Array, first: int) -> int:
    """Greatest common divisor of the times since the first."""
    unit = 0
    for i in range(len(at_us)):
        rest = at_us[i] - first
        if unit and rest % unit == 0:
            continue
        while rest:
            unit, rest = rest, unit % rest
        if unit == 1:
            break
    return unit


@njit(cache=True, nogil=True)
def _starts(codes: Array, n_codes: int) -> Array:
    """int64[n_codes + 1]: where each code begins in an array sorted by code."""
    starts = np.zeros(n_codes + 1, np.int64)
    for i in range(len(codes)):
        starts[codes[i] + 1] += 1
    for c in range(n_codes):
        starts[c + 1] += starts[c]
    return starts


@njit(cache=True, nogil=True)
def _sorted_by_key(
    who: Array, what: Array, at_us: Array, starts: Array, first: int, unit_us: int, account_bits: int
) -> tuple[Array, Array, Array]:
    """Counting sort by object, then each object by a key of time and account; objects with one action fall out here."""
    n = 0
    fill = np.empty(len(starts) - 1, np.int64)
    for o in range(len(starts) - 1):
        size = starts[o + 1] - starts[o]
        fill[o] = n if size > 1 else -1
        n += size if size > 1 else 0
    keys = np.empty(n, np.int64)
    for i in range(len(who)):
        k = fill[what[i]]
        if k >= 0:
            keys[k] = ((at_us[i] - first) // unit_us) << account_bits | who[i]
            fill[what[i]] = k + 1
    sorted_who, sorted_what = np.empty(n, np.int32), np.empty(n, np.int32)
    begin = 0
    for o in range(len(starts) - 1):
        end = fill[o]
        if end < 0:
            continue
        keys[begin:end].sort()
        for k in range(begin, end):
            sorted_who[k] = keys[k] & ((1 << account_bits) - 1)
            sorted_what[k] = o
            keys[k] >>= account_bits
        begin = end
    return sorted_who, sorted_what, keys


@njit(cache=True, nogil=True)
def _window_bounds(what: Array, at: Array, window: Any, low: Array, high: Array) -> None:
    """Fills the half-open range of positions on the same object inside the window of each action."""
    n = len(what)
    first = last = 0
    for i in range(n):
        if i and what[i] != what[i - 1]:
            first = last = i
        while at[first] < at[i] - window:
            first += 1
        while last < n and what[last] == what[i] and at[last] <= at[i] + window:
            last += 1
        low[i], high[i] = first, last


@njit(cache=True, nogil=True)
def _prune(
    who: Array, what: Array, at: Array, low: Array, high: Array, window: int, minimum: int, n_accounts: int
) -> int:
    """Drops, in place, actions with nobody else near and accounts with too few objects; returns how many stay.

    Neither can add to a pair that reaches the minimum, and each drop may make room for the next.
    """
    n = len(who)
    n_objects, last_object = np.empty(n_accounts, np.int32), np.empty(n_accounts, np.int32)
    near = np.empty(n, np.bool_)
    for left in range(ROUNDS, 0, -1):
        _window_bounds(what[:n], at[:n], window, low, high)
        n_objects[:] = 0
        last_object[:] = -1
        run = 0  # where the run of the same account on the same object began
        for i in range(n):
            if i and (who[i] != who[i - 1] or what[i] != what[i - 1]):
                run = i
            near[i] = low[i] < run
        run = n
        for i in range(n - 1, -1, -1):
            if i < n - 1 and (who[i] != who[i + 1] or what[i] != what[i + 1]):
                run = i + 1
            near[i] |= high[i] > run
            if near[i] and last_object[who[i]] != what[i]:
                last_object[who[i]] = what[i]
                n_objects[who[i]] += 1
        kept = 0
        for i in range(n):
            kept += near[i] and n_objects[who[i]] >= minimum
        if left == 1 or kept > 0.98 * n:
            break
        kept = 0
        for i in range(n):
            if near[i] and n_objects[who[i]] >= minimum:
                who[kept], what[kept], at[kept] = who[i], what[i], at[i]
                kept += 1
        n = kept
    return n


@njit(cache=True, nogil=True)
def _rows(who: Array, walk: Array, unit: Array, low: Array, high: Array, starts: Array) -> Array:
    """int32[n, 3]: unit, low and high of each action, by account and then in the order of the walk."""
    rows = np.empty((len(who), 3), np.int32)
    fill = starts[:-1].copy()
    for w in range(len(walk)):
        p = walk[w]
        k = fill[who[p]]
        fill[who[p]] = k + 1
        rows[k, 0], rows[k, 1], rows[k, 2] = unit[p], low[p], high[p]
    return rows


@njit(cache=True, nogil=True)
def _grown(table: Array, log2: int) -> Array:
    """The accumulator in twice the room."""
    wider = np.full((1 << (log2 + 1), 4), -1, np.int32)
    for s in range(1 << log2):
        if table[s, 0] >= 0:
            k = ((table[s, 0] * 2654435769) & 0xFFFFFFFF) >> (31 - log2)
            while wider[k, 0] >= 0:
                k = (k + 1) & ((1 << (log2 + 1)) - 1)
            wider[k] = table[s]
    return wider


@njit(cache=True, nogil=True)
def _count_rows(
    starts: Array, rows: Array, neighbour: Array, first: int, last: int, minimum: int, directed: bool
) -> tuple[Array, Array, Array]:
    """Accumulates the rows of accounts first..last-1; an undirected pair is counted in the row of its larger code."""
    log2 = SLOTS_LOG2
    table = np.full((1 << log2, 4), -1, np.int32)  # other account, count, last unit counted
    touched = np.empty(1 << (log2 - 1), np.int64)
    out = np.empty((1024, 3), np.int32)
    n_out = 0
    for a in range(first, last):
        n = 0
        unit, done = np.int32(-1), np.int32(0)
        for r in range(starts[a], starts[a + 1]):
            if rows[r, 0] != unit:
                unit, done = rows[r, 0], np.int32(0)
            begin = rows[r, 1]
            if not directed:  # the unit is the object, so what an earlier action on it saw has been counted
                begin = max(begin, done)
                done = rows[r, 2]
            for p in range(begin, rows[r, 2]):
                b = neighbour[p]
                if (b >= a) if not directed else (b == a):
                    continue
                k = ((b * 2654435769) & 0xFFFFFFFF) >> (32 - log2)
                while table[k, 0] != b and table[k, 0] >= 0:
                    k = (k + 1) & ((1 << log2) - 1)
                if table[k, 0] == b:
                    if table[k, 2] != unit:
                        table[k, 1] += 1
                        table[k, 2] = unit
                    continue
                table[k, 0], table[k, 1], table[k, 2] = b, 1, unit
                touched[n] = k
                n += 1
                if n == len(touched):
                    table = _grown(table, log2)
                    log2 += 1
                    touched = np.empty(1 << (log2 - 1), np.int64)
                    touched[:n] = np.nonzero(table[:, 0] >= 0)[0]
        for i in range(n):
            k = touched[i]
            if table[k, 1] >= minimum:
                if n_out == len(out):
                    wider = np.empty((2 * n_out, 3), np.int32)
                    wider[:n_out] = out
                    out = wider
                out[n_out, 0], out[n_out, 1], out[n_out, 2] = a, table[k, 0], table[k, 1]
                n_out += 1
            table[k, 0] = -1
    return out[:n_out, 0].copy(), out[:n_out, 1].copy(), out[:n_out, 2].copy()


@njit(cache=True, nogil=True)
def _sorted_pairs(a: Array, b: Array, n: Array) -> tuple[Array, Array, Array]:
    """Two counting sorts, by b and then stably by a."""
    for key_is_a in (False, True):
        if not len(a):
            break
        key = a if key_is_a else b
        fill = _starts(key, key.max() + 1)
        next_a, next_b, next_n = np.empty_like(a), np.empty_like(b), np.empty_like(n)
        for i in range(len(key)):
            k = fill[key[i]]
            fill[key[i]] = k + 1
            next_a[k], next_b[k], next_n[k] = a[i], b[i], n[i]
        a, b, n = next_a, next_b, next_n
    return a, b, n
