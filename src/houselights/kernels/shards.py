"""Close pairs of more actions than fit in memory as one: the objects are dealt into shards, the accounts into ranges.

Exact. An object lies in one shard, so the number of objects that two accounts share is the sum over shards; and a pair is counted in the row
of its less active account, activity being that over all shards, so it lies in one range. A range is added up over all shards before its pairs
are held against the minimum, and then it is done.
"""

from collections.abc import Sequence
from functools import partial

import numpy as np

from houselights.core.work import HERE, Work
from houselights.kernels.accumulate import count_range, sorted_pairs
from houselights.kernels.pairs import (
    Array,
    ClosePairs,
    Int32,
    Int64,
    Prepared,
    activity_order,
    check,
    close_pairs,
    prepared,
)

Actions = tuple[Int32, Int32, Int64]
"""account, object, at_us, as `close_pairs` takes them."""
SHARD_ACTIONS = 1 << 27
"""Of a shard at most: 2 GB to hold, about 5 to prepare."""
RANGES_PER_PLACE = 4
"""Ranges for each part that runs at a time: activity is heavy-tailed."""
NEAR_OF_RANGE = 50_000_000
"""Neighbours of a range at most, where there are several shards: each may be a pair that another shard completes, 40 bytes while it waits."""


def close_pairs_of_many(
    account: Int32,
    object: Int32,
    at_us: Int64,
    window_us: int,
    min_shared: int = 2,
    work: Work = HERE,
    shard_actions: int = SHARD_ACTIONS,
) -> ClosePairs:
    """`close_pairs`, by as many shards as the actions need and where `work` runs them."""
    n_shards = -(-len(account) // shard_actions)
    if n_shards <= 1 and work.width == 1:
        return close_pairs(account, object, at_us, window_us, min_shared)
    dealt = object % np.int32(max(1, n_shards))
    chosen = [np.flatnonzero(dealt == k) for k in range(max(1, n_shards))] if n_shards > 1 else [slice(None)]
    shards = [(account[rows], object[rows], at_us[rows]) for rows in chosen]
    return close_pairs_of_shards(shards, window_us, min_shared, work)


def close_pairs_of_shards(
    shards: Sequence[Actions], window_us: int, min_shared: int, work: Work = HERE, n_ranges: int = 0
) -> ClosePairs:
    """`close_pairs` of all actions of the shards, none of which has an object of another. n_ranges: of accounts; by default enough for `work`."""
    for shard in shards:
        check(shard, window_us, min_shared)
    n_accounts = max((int(account.max(initial=-1)) + 1 for account, _, _ in shards), default=0)
    n_actions: Int64 = sum((np.bincount(a, minlength=n_accounts) for a, _, _ in shards), np.zeros(n_accounts, np.int64))
    by_rank = work.publish(activity_order(n_actions))
    least = min_shared if len(shards) == 1 else 1  # of one shard: the others may have the rest
    ready = work.keep(partial(_prepared, window_us=window_us, least=least), shards, by_rank)
    weight, n_ranges = np.sort(n_actions)[::-1], n_ranges or RANGES_PER_PLACE * work.width
    if len(shards) > 1:
        [weight] = work.map(_near, [None], *ready)
        n_ranges = max(n_ranges, -(-int(weight.sum()) // NEAR_OF_RANGE))
    bounds = _ranges(weight, n_ranges)
    found = list(work.map(partial(_pairs_of_range, min_shared=min_shared, least=least), bounds, *ready))
    first, second, n = (np.concatenate([part[k] for part in found]) for k in range(3)) if found else _nothing()
    order = activity_order(n_actions)
    a, b = order[first], order[second]
    return ClosePairs(*sorted_pairs(np.minimum(a, b), np.maximum(a, b), n))


def _prepared(shard: Actions, by_rank: Int32, window_us: int, least: int) -> Prepared:
    return prepared(*shard, window_us, least, by_rank)


def _near(_: None, *shards: Prepared) -> Int64:
    """[accounts] by activity: neighbours of all actions of an account, in all shards."""
    total: Int64 = np.zeros(len(shards[0].starts) - 1, np.int64)
    for shard in shards:
        seen = np.concatenate([[0], np.cumsum(shard.rows[:, 2] - shard.rows[:, 1], dtype=np.int64)])
        total += seen[shard.starts[1:]] - seen[shard.starts[:-1]]
    return total


def _ranges(weight: Int64, n: int) -> list[tuple[int, int]]:
    """Ranges of accounts, in order of activity, with about equal sums of `weight`."""
    total = np.cumsum(weight)
    inner = np.searchsorted(total, np.linspace(0, total[-1] if len(total) else 0, n + 1)[1:-1]) + 1
    edges = np.unique(np.concatenate([[0], np.minimum(inner, len(weight)), [len(weight)]]))
    return list(zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True))


def _pairs_of_range(
    accounts: tuple[int, int], *shards: Prepared, min_shared: int, least: int
) -> tuple[Array, Array, Array]:
    """(account, other, objects) of the pairs in these accounts' rows that share enough in all shards together; accounts by activity."""
    first, second, n = _nothing()
    for shard in shards:
        more = count_range(shard.starts, shard.rows, shard.neighbour, *accounts, least, False)
        first, second, n = _added(first, second, n, *more) if len(first) else more
    enough = n >= min_shared
    return first[enough], second[enough], n[enough]


def _added(a: Array, b: Array, n: Array, more_a: Array, more_b: Array, more_n: Array) -> tuple[Array, Array, Array]:
    key = np.concatenate([a.astype(np.int64) << 32 | b, more_a.astype(np.int64) << 32 | more_b])
    key, which = np.unique(key, return_inverse=True)
    total = np.bincount(which, np.concatenate([n, more_n]), minlength=len(key))
    return (key >> 32).astype(np.int32), (key & 0xFFFFFFFF).astype(np.int32), total.astype(np.int32)


def _nothing() -> tuple[Array, Array, Array]:
    return np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0, np.int32)
