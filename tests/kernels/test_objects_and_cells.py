"""Compiled counts against plain loops."""

from itertools import combinations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from houselights.kernels import cells, groups, objects

EVENTS = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, 400), st.integers(0, 7), st.booleans()), min_size=2, max_size=40
)


def arrays(rows: list[tuple[int, int, int, bool]]) -> tuple[np.ndarray, ...]:
    rows = sorted(rows, key=lambda r: (r[0], r[1]))
    unit = np.array([r[0] for r in rows])
    used, unit = np.unique(unit, return_inverse=True)
    start = np.concatenate([[0], np.cumsum(np.bincount(unit, minlength=len(used)))]).astype(np.int64)
    at = np.array([r[1] for r in rows], np.int64) * 1_000_000
    return start, at, np.array([r[2] for r in rows], np.int32), np.array([r[3] for r in rows], bool)


@given(EVENTS, st.sampled_from([10, 60, 600]))
@settings(max_examples=60, deadline=None)
def test_close_pairs_and_class_totals(rows: list[tuple[int, int, int, bool]], window_s: int) -> None:
    start, at, _, kept = arrays(rows)
    n_units = len(start) - 1
    source = np.full(n_units, objects.UNKNOWN_US)
    units, window = np.arange(n_units), window_s * 1_000_000
    i, j = objects.close_pairs_in_units(start, at, kept, kept, units, window)
    weight = np.linspace(0.5, 1.5, n_units)
    shares = objects.class_shares(start, at, source, kept, kept, n_kept(start, kept), weight, window)
    side_by_side = np.concatenate([*shares, np.zeros((n_units, 3))], axis=1)
    close, every, _ = objects.class_totals(units, np.zeros(n_units, np.int64), side_by_side)
    want, share, n_used = [], 0.0, 0.0
    for u in range(n_units):
        members = [k for k in range(start[u], start[u + 1]) if kept[k]]
        pairs = list(combinations(members, 2))
        near = [(a, b) for a, b in pairs if at[b] - at[a] <= window]
        want += near
        if pairs:
            share += weight[u] * len(near) / len(pairs)
            n_used += weight[u]
    assert sorted(zip(i.tolist(), j.tolist(), strict=True)) == sorted(want)
    assert np.isclose(close.sum(), share)
    assert np.isclose(every.sum(), n_used)


@given(EVENTS, st.sampled_from([10, 60, 600]))
@settings(max_examples=60, deadline=None)
def test_wedges_are_those_of_a_walk_over_all_triples(rows: list[tuple[int, int, int, bool]], window_s: int) -> None:
    start, at, _, kept = arrays(rows)
    n_units, window = len(start) - 1, window_s * 1_000_000
    weight = np.linspace(0.5, 1.5, n_units)
    found = objects.wedge_shares(start, at, kept, n_kept(start, kept), weight, window)
    for u in range(n_units):
        members = [k for k in range(start[u], start[u + 1]) if kept[k]]
        if len(members) < 3:
            assert not found[u].any()
            continue
        near = {(a, b): abs(at[a] - at[b]) <= window for a in members for b in members}
        wedges = [
            near[c, a] and near[c, b] for c in members for a, b in combinations([m for m in members if m != c], 2)
        ]
        pairs = [near[a, b] for a, b in combinations(members, 2)]
        assert np.allclose(found[u], weight[u] * np.array([np.mean(wedges), np.mean(pairs), 1.0]))


@given(EVENTS)
@settings(max_examples=60, deadline=None)
def test_a_crowd_counts_once(rows: list[tuple[int, int, int, bool]]) -> None:
    """k accounts that share with nobody else weigh one together, however many units of k they share."""
    start, _, account, kept = arrays(list({(r[0], r[2]): r for r in rows}.values()))
    n_units = len(start) - 1
    once = objects.crowd_weights(start, account, kept, *_classes(start, kept), 8)
    assert (once[n_kept(start, kept) >= 2] > 0).all() and (once <= 1 + 1e-12).all()
    crowd, copies = np.arange(8, 12, dtype=np.int32), 7
    start = np.concatenate([start, start[-1] + 4 * np.arange(1, copies + 1)])
    account, kept = np.concatenate([account, np.tile(crowd, copies)]), np.concatenate([kept, np.ones(28, bool)])
    weight = objects.crowd_weights(start, account, kept, *_classes(start, kept), 12)
    assert np.isclose(weight[n_units:].sum(), 1.0)
    assert np.allclose(weight[:n_units], once)


def _classes(start: np.ndarray, kept: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    n = n_kept(start, kept)
    return n, objects.class_of_units(np.zeros(len(n), np.int8), n, 10**6)


@given(EVENTS, st.sampled_from([10, 60, 600]))
@settings(max_examples=60, deadline=None)
def test_group_and_account_counts_agree_with_each_other(rows: list[tuple[int, int, int, bool]], window_s: int) -> None:
    distinct = {(r[0], r[2]): r for r in rows}
    start, at, account, kept = arrays(list(distinct.values()))
    n_units = len(start) - 1
    unit = np.repeat(np.arange(n_units, dtype=np.int32), np.diff(start))
    classes = objects.class_of_units(np.zeros(n_units, np.int8), n_kept(start, kept), 10**6)
    about = (np.full(n_units, objects.UNKNOWN_US), classes, n_kept(start, kept), window_s * 1_000_000)
    mine = np.flatnonzero(kept & (account < 4))
    rate, speed, sitting = np.full(objects.N_CLASSES, 0.2), np.ones(8), at // (100 * 1_000_000)
    _, _, pairs, close, chance, _ = groups.group_units(
        at, unit, sitting, kept, *about, mine, account[mine], rate, 0.0, speed
    )
    ones = np.ones(len(mine))
    row, others, share, _ = groups.account_units(at, unit, kept, *about, mine, ones, mine, ones, rate, 0.0)
    assert (pairs > 0).all() and np.allclose(chance, 0.2)
    assert others.sum() == 2 * pairs.sum()
    assert np.isclose((share * others).sum(), 2 * close.sum())
    assert set(account[mine[row]].tolist()) <= {0, 1, 2, 3}
    beside = groups.rows_close_to(start, at, unit, kept, kept, window_s * 1_000_000, mine)
    i, j = objects.close_pairs_in_units(start, at, kept, kept, np.arange(n_units), window_s * 1_000_000)
    assert set(beside.tolist()) == {b for a, b in zip([*i, *j], [*j, *i], strict=True) if account[a] < 4}


def n_kept(start: np.ndarray, kept: np.ndarray) -> np.ndarray:
    return np.diff(np.concatenate([[0], np.cumsum(kept)])[start])


def test_units_without_a_pair_or_too_large_have_no_class() -> None:
    family, n = np.array([0, 0, 0, 1, 1], np.int8), np.array([0, 1, 2, 500, 501])
    classes = objects.class_of_units(family, n, 500)
    assert (classes >= 0).tolist() == [False, False, True, True, False]
    assert classes[2] == 0 and classes[3] == (objects.N_SIZES + objects.N_SIZES - 1) * objects.N_LATENCIES


def test_the_chance_of_a_pair_goes_by_its_class_and_latency() -> None:
    rate = np.arange(objects.N_CLASSES, dtype=float)
    rate[7] = np.nan
    at, none = np.array([0, 59, 60, 3600, 5]) * 1_000_000, objects.UNKNOWN_US
    source = np.array([none, 0, 0, 0, 0])
    found = objects.rate_of_pairs(at, source, np.array([0, 0, 0, 0, 6]), rate)
    assert found.tolist() == [0.0, 1.0, 2.0, 4.0, 1.0]


@given(EVENTS, st.sampled_from([10, 60]))
@settings(max_examples=60, deadline=None)
def test_cell_statistics(rows: list[tuple[int, int, int, bool]], window_s: int) -> None:
    start, at, _, kept = arrays(rows)
    window = window_s * 1_000_000
    source = np.full(len(start) - 1, cells.UNKNOWN_US)
    cell, bins, unit, first = cells.assign_cells(start, at, source, kept, at // (100 * 1_000_000), window)
    size, close, wedges = cells.cell_statistics(cell, at, len(bins), window)
    assert (cell >= 0).tolist() == kept.tolist()
    for c in range(len(bins)):
        inside = np.flatnonzero(cell == c)
        near = np.abs(at[inside][:, None] - at[inside][None, :]) <= window
        degree = near.sum(axis=1) - 1
        assert size[c] == len(inside)
        assert close[c] == degree.sum() // 2
        assert wedges[c] == (degree * (degree - 1) / 2).sum()
        assert len({start.searchsorted(i, side="right") - 1 for i in inside.tolist()}) == 1
        assert unit[c] == start.searchsorted(inside[0], side="right") - 1
        assert first[c] == inside[0]


@given(st.integers(0, 10**12), st.sampled_from([10, 60, 600]))
def test_latency_bins_never_decrease_and_begin_at_the_window(latency_us: int, window_s: int) -> None:
    window = window_s * 1_000_000
    b = cells.latency_bin(latency_us, window)
    assert (b == 0) == (latency_us < window)
    assert cells.latency_bin(latency_us + 1, window) >= b
