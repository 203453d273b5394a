"""Counts over the rows of a sparse matrix, accounts by accounts, that is never written down.

A row-wise sparse accumulator, as in sparse matrix products (Gustavson 1978, "Two fast algorithms for sparse matrices").
The neighbours of an account's actions are first marked in a small array of bytes; those met often enough are then
counted in a small table, so that both stay in the processor's first caches.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

Array = npt.NDArray[Any]

CHUNKS_PER_THREAD = 16  # activity is heavy-tailed: many account ranges keep the threads equally busy
BYTES_PER_PARTNER = 32  # that mark who is met often: the more, the fewer enter the table in vain
MET_LOG2 = 20  # of these bytes at most; a row with more partners shares them more


def count(starts: Array, rows: Array, neighbour: Array, minimum: int, directed: bool) -> tuple[Array, Array, Array]:
    """Counts account ranges with equal numbers of actions side by side; the results keep the order of the ranges."""
    threads = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    chunks = threads * CHUNKS_PER_THREAD
    bounds = np.searchsorted(starts, np.linspace(0, len(rows), chunks + 1)[1:-1])
    edges = [0, *bounds.tolist(), len(starts) - 1]

    def part(chunk: int) -> tuple[Array, Array, Array]:
        found: tuple[Array, Array, Array] = count_range(
            starts, rows, neighbour, edges[chunk], edges[chunk + 1], minimum, directed
        )
        return found

    with ThreadPoolExecutor(threads) as pool:
        parts = list(pool.map(part, range(chunks)))
    one, other, n = (np.concatenate([p[i] for p in parts]) for i in range(3))
    return one, other, n


@njit(cache=True, nogil=True)
def starts_of(codes: Array, n_codes: int) -> Array:
    """int64[n_codes + 1]: where each code begins in an array sorted by code."""
    starts = np.zeros(n_codes + 1, np.int64)
    for i in range(len(codes)):
        starts[codes[i] + 1] += 1
    for c in range(n_codes):
        starts[c + 1] += starts[c]
    return starts


@njit(cache=True, nogil=True)
def rows_by_account(who: Array, walk: Array, unit: Array, low: Array, high: Array, starts: Array) -> Array:
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
def _wider(array: Array, size: int) -> Array:
    wider = np.empty((size, *array.shape[1:]), array.dtype)
    wider[: len(array)] = array
    return wider


@njit(cache=True, nogil=True)
def _row_partners(
    rows: Array, neighbour: Array, a: int, directed: bool, partners: Array, ends: Array, n_units: int
) -> tuple[Array, int]:
    """Writes the partners of account a, unit after unit, and where each unit ends, behind those of n_units that are there; returns them and how
    many units there are then."""
    n = ends[n_units - 1] if n_units else 0
    done = np.int32(0)
    for r in range(len(rows)):
        if r and rows[r, 0] == rows[r - 1, 0]:
            n_units -= 1
        else:
            done = np.int32(0)
        begin, end = rows[r, 1], rows[r, 2]
        if not directed:  # the unit is the object: what an earlier action on it saw has been written
            begin, done = max(begin, done), end
        if n + end - begin > len(partners):
            partners = _wider(partners, 2 * (n + end - begin))  # what is there stays
        for p in range(begin, end):  # without a branch: half of the comparisons go either way
            b = neighbour[p]
            partners[n] = b
            n += b < a if not directed else b != a
        ends[n_units] = n
        n_units += 1
    return partners, n_units


@njit(cache=True, nogil=True)
def _keep_often_met(partners: Array, ends: Array, n_units: int, minimum: int, met: Array) -> int:
    """Drops, in place, partners met fewer than `minimum` times; returns how many stay. Most partners are met once.

    A byte per partner, shared by a few because it is found by its low bits, gains a bit with every meeting.
    """
    often = (1 << min(minimum, 8)) - 1
    n = ends[n_units - 1]
    fold = 1023
    while fold < BYTES_PER_PARTNER * n and fold < len(met) - 1:
        fold = 2 * fold + 1
    for i in range(n):
        k = partners[i] & fold
        met[k] = (met[k] << 1) | 1
    kept = i = 0
    for unit in range(n_units):
        while i < ends[unit]:
            b = partners[i]
            i += 1
            partners[kept] = b
            kept += met[b & fold] >= often
        ends[unit] = kept
    met[: fold + 1] = 0
    return kept


@njit(cache=True, nogil=True)
def _count_partners(partners: Array, ends: Array, n_units: int, table: Array, log2: int, slots: Array) -> int:
    """Counts units per partner in 2^log2 slots of an open-addressing table; returns how many slots are taken."""
    n = i = 0
    for unit in range(n_units):
        while i < ends[unit]:
            b = partners[i]
            i += 1
            k = ((b * 2654435769) & 0xFFFFFFFF) >> (32 - log2)  # Knuth's multiplicative hash
            while table[k, 0] != b and table[k, 0] >= 0:
                k = (k + 1) & ((1 << log2) - 1)
            if table[k, 0] == b:
                table[k, 1] += table[k, 2] != unit
                table[k, 2] = unit
            else:
                table[k, 0], table[k, 1], table[k, 2] = b, 1, unit
                slots[n] = k
                n += 1
    return n


@njit(cache=True, nogil=True)
def count_range(
    starts: Array, rows: Array, neighbour: Array, first: int, last: int, minimum: int, directed: bool
) -> tuple[Array, Array, Array]:
    """Accumulates the rows of accounts first..last-1; an undirected pair is counted in the row of its larger code."""
    partners, ends = np.empty(1 << 16, np.int32), np.empty(1 << 10, np.int64)
    met = np.zeros(1 << MET_LOG2, np.uint8)
    table, slots = np.empty((0, 4), np.int32), np.empty(0, np.int64)  # partner, count, last unit counted
    out = np.empty((1024, 3), np.int32)
    n_out = 0
    for a in range(first, last):
        row = rows[starts[a] : starts[a + 1]]
        if len(row) < minimum:
            continue
        if len(row) > len(ends):
            ends = np.empty(2 * len(row), np.int64)
        partners, n_units = _row_partners(row, neighbour, a, directed, partners, ends, 0)
        out, n_out, table, slots = _counted(a, partners, ends, n_units, minimum, met, table, slots, out, n_out)
    return out[:n_out, 0].copy(), out[:n_out, 1].copy(), out[:n_out, 2].copy()


@njit(cache=True, nogil=True)
def count_range_of_shards(
    starts: Any, rows: Any, neighbour: Any, first: int, last: int, minimum: int
) -> tuple[Array, Array, Array]:
    """`count_range`, undirected, of several matrices of the same accounts and different units, added. Typed lists, one array a matrix."""
    partners, ends = np.empty(1 << 16, np.int32), np.empty(1 << 10, np.int64)
    met = np.zeros(1 << MET_LOG2, np.uint8)
    table, slots = np.empty((0, 4), np.int32), np.empty(0, np.int64)
    out = np.empty((1024, 3), np.int32)
    n_out = 0
    for a in range(first, last):
        n_rows = n_units = 0
        for k in range(len(starts)):
            n_rows += starts[k][a + 1] - starts[k][a]
        if n_rows < minimum:
            continue
        if n_rows > len(ends):
            ends = np.empty(2 * n_rows, np.int64)
        for k in range(len(starts)):
            row = rows[k][starts[k][a] : starts[k][a + 1]]
            partners, n_units = _row_partners(row, neighbour[k], a, False, partners, ends, n_units)
        out, n_out, table, slots = _counted(a, partners, ends, n_units, minimum, met, table, slots, out, n_out)
    return out[:n_out, 0].copy(), out[:n_out, 1].copy(), out[:n_out, 2].copy()


@njit(cache=True, nogil=True)
def _counted(
    a: int,
    partners: Array,
    ends: Array,
    n_units: int,
    minimum: int,
    met: Array,
    table: Array,
    slots: Array,
    out: Array,
    n_out: int,
) -> tuple[Array, int, Array, Array]:
    """Adds to `out` the partners of account a that share enough; returns what may have grown."""
    n = _keep_often_met(partners, ends, n_units, minimum, met)
    log2 = 4
    while (1 << log2) < 2 * n:
        log2 += 1
    if (1 << log2) > len(table):
        table, slots = np.full((1 << log2, 4), -1, np.int32), np.empty(1 << log2, np.int64)
    n = _count_partners(partners, ends, n_units, table, log2, slots)
    if n_out + n > len(out):
        out = _wider(out, 2 * (n_out + n))
    for k in slots[:n]:
        if table[k, 1] >= minimum:
            out[n_out, 0], out[n_out, 1], out[n_out, 2] = a, table[k, 0], table[k, 1]
            n_out += 1
        table[k, 0] = -1
    return out, n_out, table, slots


@njit(cache=True, nogil=True)
def sorted_pairs(a: Array, b: Array, n: Array) -> tuple[Array, Array, Array]:
    """Two counting sorts, by b and then stably by a."""
    for key_is_a in (False, True):
        if not len(a):
            break
        key = a if key_is_a else b
        fill = starts_of(key, key.max() + 1)
        next_a, next_b, next_n = np.empty_like(a), np.empty_like(b), np.empty_like(n)
        for i in range(len(key)):
            k = fill[key[i]]
            fill[key[i]] = k + 1
            next_a[k], next_b[k], next_n[k] = a[i], b[i], n[i]
        a, b, n = next_a, next_b, next_n
    return a, b, n
