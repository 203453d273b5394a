"""Laws of the pair kernel, against a count that looks at every pair of actions."""

from collections import defaultdict
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from houselights.kernels import pairs
from houselights.kernels.pairs import ClosePairs, close_edges, close_pairs

Action = tuple[int, int, int]
SECOND = 1_000_000
actions = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 4), st.integers(0, 12)), max_size=40)
windows = st.integers(0, 13)
minima = st.integers(1, 4)
unhurried = settings(deadline=None)  # threads wait on a busy machine


@pytest.fixture(scope="module", autouse=True)
def compiled() -> None:
    """Compilation takes seconds and is none of a law's business."""
    one = np.zeros(1, np.int32)
    close_pairs(one, one, np.zeros(1, np.int64), 1)
    close_edges(one, one, one, np.zeros(1), 1.0)


def counted(rows: list[Action], window: int, min_shared: int = 2, scale: int = 1) -> ClosePairs:
    account = np.array([r[0] for r in rows], np.int32)
    what = np.array([r[1] for r in rows], np.int32)
    at = np.array([r[2] for r in rows], np.int64) * scale
    return close_pairs(account, what, at, window * scale, min_shared)


def as_rows(found: ClosePairs) -> list[Action]:
    return list(zip(found.a.tolist(), found.b.tolist(), found.n_shared.tolist(), strict=True))


def oracle(rows: list[Action], window: int, min_shared: int) -> list[Action]:
    shared: dict[tuple[int, int], set[int]] = defaultdict(set)
    for (a, o, t), (b, p, u) in combinations(rows, 2):
        if o == p and a != b and abs(t - u) <= window:
            shared[min(a, b), max(a, b)].add(o)
    return sorted((a, b, len(objects)) for (a, b), objects in shared.items() if len(objects) >= min_shared)


@unhurried
@given(actions, windows, minima, st.sampled_from([1, 7, SECOND]))
def test_equals_the_count_over_all_pairs_of_actions(
    rows: list[Action], window: int, min_shared: int, scale: int
) -> None:
    assert as_rows(counted(rows, window, min_shared, scale)) == oracle(rows, window, min_shared)


@unhurried
@given(actions, windows, st.randoms(use_true_random=False))
def test_row_order_changes_nothing(rows: list[Action], window: int, random: object) -> None:
    shuffled = list(rows)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert as_rows(counted(rows, window)) == as_rows(counted(shuffled, window))


@unhurried
@given(actions, windows, st.permutations(range(7)), st.permutations(range(5)))
def test_renaming_only_renames(rows: list[Action], window: int, people: list[int], things: list[int]) -> None:
    renamed = counted([(people[a] * 1000, things[o] * 5_000_000, t) for a, o, t in rows], window)
    back = {people[a] * 1000: a for a in range(7)}
    undone = sorted((*sorted((back[a], back[b])), n) for a, b, n in as_rows(renamed))
    assert undone == as_rows(counted(rows, window))


@unhurried
@given(actions, windows)
def test_repeating_every_action_changes_nothing(rows: list[Action], window: int) -> None:
    assert as_rows(counted(rows * 3, window)) == as_rows(counted(rows, window))


@unhurried
@given(actions, windows, st.integers(-(2**40), 2**40))
def test_only_differences_of_times_matter(rows: list[Action], window: int, shift: int) -> None:
    moved = [(a, o, t + shift) for a, o, t in rows]
    assert as_rows(counted(moved, window)) == as_rows(counted(rows, window))


@unhurried
@given(actions, windows)
def test_times_too_long_for_the_packed_sort_key_give_the_same_pairs(rows: list[Action], window: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pairs, "KEY_BITS", 0)
        unpacked = as_rows(counted(rows, window))
    assert unpacked == as_rows(counted(rows, window))


def test_the_window_is_closed_and_kept_to_the_microsecond() -> None:
    def shared_with_gap(gap: int) -> list[Action]:
        return as_rows(counted([(0, 0, 0), (1, 0, gap), (0, 1, 5), (1, 1, 5)], 60 * SECOND))

    assert shared_with_gap(60 * SECOND) == [(0, 1, 2)]
    assert shared_with_gap(60 * SECOND + 1) == []


def test_a_window_between_two_ticks_of_a_coarse_clock_rounds_down() -> None:
    minute = 60 * SECOND
    rows = [(0, 0, 0), (1, 0, minute), (0, 1, 0), (1, 1, minute)]
    assert as_rows(counted(rows, minute - 1)) == []
    assert as_rows(counted(rows, minute + 1)) == [(0, 1, 2)]


def test_many_partners_outgrow_the_first_table() -> None:
    rng = np.random.default_rng(3)
    n = 4000
    account = np.concatenate([rng.permutation(n), rng.permutation(n)]).astype(np.int32)
    what = np.repeat(np.array([0, 1], np.int32), n)
    at = np.zeros(2 * n, np.int64)
    found = close_pairs(account, what, at, 0)
    a, b = np.triu_indices(n, 1)
    assert np.array_equal(found.a, a)
    assert np.array_equal(found.b, b)
    assert (found.n_shared == 2).all()


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_larger_random_worlds_equal_the_oracle(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows = list(zip(rng.zipf(1.5, 400) % 60, rng.zipf(1.4, 400) % 50, rng.integers(0, 300, 400), strict=True))
    plain = [(int(a), int(o), int(t)) for a, o, t in rows]
    assert as_rows(counted(plain, 20)) == oracle(plain, 20, 2)


messages = st.lists(
    st.tuples(st.integers(0, 5), st.sets(st.integers(0, 4), min_size=1), st.integers(0, 8)), max_size=20
)


@unhurried
@given(messages, st.sampled_from([0.0, 0.5, 1.0, 3.0]), st.integers(1, 3))
def test_edges_count_the_messages_of_the_source(
    posts: list[tuple[int, set[int], int]], window_s: float, min_weight: int
) -> None:
    close: dict[tuple[int, int], set[int]] = defaultdict(set)
    for i, (a, objects, t) in enumerate(posts):
        for b, others, u in posts:
            if a != b and objects & others and abs(t - u) / 2 <= window_s:
                close[a, b].add(i)
    expected = sorted((a, b, len(m)) for (a, b), m in close.items() if len(m) >= min_weight)
    rows = [(a, o, i, t / 2) for i, (a, objects, t) in enumerate(posts) for o in sorted(objects)]
    a, o, m = (np.array([r[k] for r in rows], np.int32) for k in range(3))
    found = close_edges(a, o, m, np.array([r[3] for r in rows], np.float64), window_s, min_weight)
    assert list(zip(found.source.tolist(), found.target.tolist(), found.weight.tolist(), strict=True)) == expected


@pytest.mark.parametrize(
    ("account", "at", "window", "min_shared"),
    [([0, 1], [0], 1, 2), ([-1, 0], [0, 0], 1, 2), ([0, 1], [0, 0], -1, 2), ([0, 1], [0, 0], 1, 0)],
)
def test_wrong_arguments_are_refused(account: list[int], at: list[int], window: int, min_shared: int) -> None:
    with pytest.raises(ValueError):
        close_pairs(np.array(account, np.int32), np.zeros(2, np.int32), np.array(at, np.int64), window, min_shared)
