"""Work cut into parts gives what it gives as a whole, wherever the cuts are."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from houselights.kernels.pairs import ClosePairs, close_pairs
from houselights.kernels.shards import close_pairs_of_many, close_pairs_of_shards

SECOND = 1_000_000
actions = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 7), st.integers(0, 20)), max_size=60)
unhurried = settings(deadline=None)


@pytest.fixture(scope="module", autouse=True)
def compiled() -> None:
    one = np.zeros(1, np.int32)
    close_pairs(one, one, np.zeros(1, np.int64), 1)


def columns(rows: list[tuple[int, int, int]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    account, what, at = (np.array([r[k] for r in rows], np.int32) for k in range(3))
    return account, what, at.astype(np.int64) * SECOND


def same(one: ClosePairs, other: ClosePairs) -> bool:
    return all(getattr(one, c).tobytes() == getattr(other, c).tobytes() for c in ("a", "b", "n_shared"))


@unhurried
@given(
    actions,
    st.integers(0, 13),
    st.integers(1, 4),
    st.lists(st.integers(0, 3), min_size=8, max_size=8),
    st.integers(1, 12),
)
def test_shards_of_objects_and_ranges_of_accounts(
    rows: list[tuple[int, int, int]], window: int, min_shared: int, shard_of_object: list[int], n_ranges: int
) -> None:
    """Any deal of objects into shards, empty ones too, and any number of ranges."""
    account, what, at = columns(rows)
    dealt = np.array(shard_of_object)[what] if len(what) else what
    shards = [(account[dealt == k], what[dealt == k], at[dealt == k]) for k in range(4)]
    whole = close_pairs(account, what, at, window * SECOND, min_shared)
    assert same(whole, close_pairs_of_shards(shards, window * SECOND, min_shared, n_ranges=n_ranges))


@unhurried
@given(actions, st.integers(0, 13), st.integers(1, 3), st.integers(1, 20))
def test_any_size_of_shards(rows: list[tuple[int, int, int]], window: int, min_shared: int, shard_actions: int) -> None:
    account, what, at = columns(rows)
    whole = close_pairs(account, what, at, window * SECOND, min_shared)
    assert same(whole, close_pairs_of_many(account, what, at, window * SECOND, min_shared, shard_actions=shard_actions))


def test_a_crowd_in_many_shards_equals_the_whole() -> None:
    rng = np.random.default_rng(5)
    n = 60_000
    what = (rng.pareto(1.0, n) * 20).astype(np.int32) % 5_000
    account = (rng.pareto(0.7, n) * 50).astype(np.int32) % 3_000
    at = rng.integers(0, 3_600, n) * SECOND
    whole = close_pairs(account, what, at, 60 * SECOND)
    assert len(whole.a) > 10_000
    assert same(whole, close_pairs_of_many(account, what, at, 60 * SECOND, shard_actions=7_000))
