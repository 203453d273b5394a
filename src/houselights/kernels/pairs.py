"""Close pairs: which accounts acted on the same objects within a window, counted row by row and never listed.

Actions are sorted by (object, time) once and pruned; then the actions of each account are walked, and their neighbours
on the same object inside the window are counted (`accumulate.py`), account ranges side by side on all cores.
Memory grows with the actions and with the pairs that reach the minimum, not with the pairs that are looked at.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from houselights.kernels.accumulate import count, rows_by_account, sorted_pairs, starts_of

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
Float64 = npt.NDArray[np.float64]
Array = npt.NDArray[Any]

ROUNDS = 8  # of pruning; every round is exact, so stopping early costs time, never correctness
MAX_ACTIONS = 2**31 - 1  # positions are int32
KEY_BITS = 63  # of a sort key that holds time and account in one int64


@dataclass(frozen=True)
class ClosePairs:
    """Pairs of accounts, a < b, sorted by (a, b); `n_shared`: distinct objects both acted on within the window."""

    a: Int32
    b: Int32
    n_shared: Int32


@dataclass(frozen=True)
class Prepared:
    """Actions ready to be counted account by account; accounts are numbered by activity."""

    starts: Int64  # [accounts + 1] rows of account k are rows[starts[k]:starts[k + 1]]
    rows: Int32  # [n, 3] object, and the range of the actions near it
    neighbour: Int32  # [n] account of each action, by (object, time)
    by_rank: Int32  # [accounts] code of account k


@dataclass(frozen=True)
class CloseEdges:
    """Directed edges, sorted by (source, target); `weight`: messages of the source with a close act of the target."""

    source: Int32
    target: Int32
    weight: Int32


def close_pairs(
    account: Int32,
    object: Int32,
    at_us: Int64,
    window_us: int,
    min_shared: int = 2,
) -> ClosePairs:
    """Pairs of accounts that acted on at least `min_shared` common objects, `window_us` or less apart.

    `account`, `object`: int32[n], codes from 0. `at_us`: int64[n], microseconds. An object counts once for a
    pair, however often the two repeat it: when any action of the one is close to any of the other. Row order does not
    matter.
    Raises ValueError for arrays of unequal length, negative codes, a negative window or a minimum below 1.
    """
    check((account, object, at_us), window_us, min_shared)
    ready = prepared(account, object, at_us, window_us, min_shared)
    first, second, n_shared = count(ready.starts, ready.rows, ready.neighbour, min_shared, directed=False)
    a, b = ready.by_rank[first], ready.by_rank[second]
    return ClosePairs(*sorted_pairs(np.minimum(a, b), np.maximum(a, b), n_shared))


def prepared(
    account: Int32, object: Int32, at_us: Int64, window_us: int, min_shared: int, by_rank: Int32 | None = None
) -> Prepared:
    """The actions that can add to a pair of `min_shared` objects, ready to be counted. by_rank: accounts, the most active first, where that
    was decided over more actions than these."""
    names, dense = _dense(account) if by_rank is None else (np.arange(len(by_rank), dtype=np.int32), account)
    who, what, at, unit_us = _sort_by_object(dense, _dense(object)[1], at_us, len(names))
    low, high = np.empty(len(who), np.int32), np.empty(len(who), np.int32)
    n = _prune(who, what, at, low, high, window_us // unit_us, min_shared, len(names))
    del at
    who, what, low, high = who[:n], what[:n], low[:n], high[:n]
    order = activity_order(np.bincount(who, minlength=len(names))) if by_rank is None else by_rank
    rank = np.empty(len(order), np.int32)
    rank[order] = np.arange(len(order), dtype=np.int32)
    neighbour = rank[who]
    starts = starts_of(neighbour, len(names))
    rows = rows_by_account(neighbour, np.arange(n, dtype=np.int32), what, low, high, starts)
    return Prepared(starts, rows, neighbour, names[order])


def close_edges(
    account: Int32,
    object: Int32,
    message: Int32,
    at_s: Float64,
    window_s: float,
    min_weight: int = 1,
) -> CloseEdges:
    """Directed edges: how many messages of the source have an action of the target on the same object in the window.

    `account`, `object`, `message`: int32[n], codes from 0; a message may act on several objects and counts once.
    `at_s`: float64[n], seconds; the window is the closed interval [t - window_s, t + window_s] in floating point.
    No self loops. Raises ValueError like `close_pairs`.
    """
    check((account, object, message, at_s), window_s, min_weight)
    names, dense = _dense(account)
    order = np.lexsort((at_s, object))
    who, what = dense[order], object[order]
    low, high = np.empty(len(who), np.int32), np.empty(len(who), np.int32)
    window_bounds(what, at_s[order], float(window_s), low, high)
    units = message[order]
    walk = np.argsort(units, kind="stable").astype(np.int32)
    starts = starts_of(who, len(names))
    rows = rows_by_account(who, walk, units, low, high, starts)
    source, target, weight = count(starts, rows, who, min_weight, directed=True)
    return CloseEdges(*sorted_pairs(names[source], names[target], weight))


def check(columns: Sequence[Array], window: float, minimum: int) -> None:
    if len({len(c) for c in columns}) != 1:
        raise ValueError("the columns of the actions differ in length")
    if len(columns[0]) > MAX_ACTIONS:
        raise ValueError(f"{len(columns[0])} actions; at most {MAX_ACTIONS} fit, split them by object")
    if any(len(c) and c.min() < 0 for c in columns[:-1]):
        raise ValueError("codes start at 0; found a negative one")
    if window < 0 or minimum < 1:
        raise ValueError(
            f"window {window} and minimum {minimum}: the first may not be negative, the second not below 1"
        )


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
        who, what, at = _sorted_by_key(
            who, what, at_us, starts_of(what, int(what.max()) + 1), first, unit_us, account_bits
        )
        return who, what, at, unit_us
    order = np.lexsort((who, at_us, what))
    return who[order], what[order], (at_us[order] - first) // unit_us, unit_us


def activity_order(n_actions: Int64) -> Int32:
    """Accounts, the most active first. A pair is counted in the row of its less active account, so rows stay short."""
    return np.argsort(-n_actions, kind="stable").astype(np.int32)


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
def window_bounds(what: Array, at: Array, window: Any, low: Array, high: Array) -> None:
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
        window_bounds(what[:n], at[:n], window, low, high)
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
