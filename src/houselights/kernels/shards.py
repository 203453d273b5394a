"""Close pairs of more actions than fit in memory as one: the objects are dealt into shards, the accounts into ranges.

Exact. An object lies in one shard, so the number of objects that two accounts share is the sum over shards; and a pair is counted in the row
of its less active account, activity being that over all shards, so it lies in one range. An account is added up over all shards before its pairs
are held against the minimum.
"""

from collections.abc import Sequence
from functools import partial

import numpy as np
from numba.typed import List

from houselights.core.work import HERE, Work
from houselights.kernels.accumulate import count_range_of_shards, sorted_pairs
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
    bounds = _ranges(np.sort(n_actions)[::-1], n_ranges or RANGES_PER_PLACE * work.width)
    found = list(work.map(partial(_pairs_of_range, min_shared=min_shared), bounds, *ready))
    first, second, n = (np.concatenate([part[k] for part in found]) for k in range(3)) if found else _nothing()
    order = activity_order(n_actions)
    a, b = order[first], order[second]
    return ClosePairs(*sorted_pairs(np.minimum(a, b), np.maximum(a, b), n))


def _prepared(shard: Actions, by_rank: Int32, window_us: int, least: int) -> Prepared:
    return prepared(*shard, window_us, least, by_rank)


def _ranges(weight: Int64, n: int) -> list[tuple[int, int]]:
    """Ranges of accounts, in order of activity, with about equal sums of `weight`."""
    total = np.cumsum(weight)
    inner = np.searchsorted(total, np.linspace(0, total[-1] if len(total) else 0, n + 1)[1:-1]) + 1
    edges = np.unique(np.concatenate([[0], np.minimum(inner, len(weight)), [len(weight)]]))
    return list(zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True))


def _pairs_of_range(accounts: tuple[int, int], *shards: Prepared, min_shared: int) -> tuple[Array, Array, Array]:
    """(account, other, objects) of the pairs in these accounts' rows that share enough in all shards together; accounts by activity."""
    starts, rows, neighbour = (List([getattr(s, name) for s in shards]) for name in ("starts", "rows", "neighbour"))
    found: tuple[Array, Array, Array] = count_range_of_shards(starts, rows, neighbour, *accounts, min_shared)
    return found


def _nothing() -> tuple[Array, Array, Array]:
    return np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0, np.int32)
