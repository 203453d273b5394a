"""Sittings: what one hour of two people explains counts once, and people who share threads are no group."""

from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from houselights.evidence import sittings, small_objects
from houselights.evidence.confirmed import discoveries
from houselights.evidence.events import Events
from houselights.kernels import objects as kernel
from houselights.kernels.tails import group_effect_tail

ROWS = st.lists(
    st.tuples(st.integers(0, 5), st.floats(0, 1), st.floats(0.01, 0.9), st.floats(0.5, 9), st.floats(0.01, 1)),
    min_size=1,
    max_size=30,
)


def columns(rows: list[tuple[int, float, float, float, float]]) -> tuple[np.ndarray, ...]:
    hour, *others = (np.array(c) for c in zip(*rows, strict=True))
    return sittings.numbered(hour.astype(np.int64))[1], *others


@given(st.lists(st.one_of(st.integers(-9, 9), st.integers(-(10**9), 10**9)), max_size=30))
@settings(deadline=None)
def test_numbers_are_those_of_a_sort(values: list[int]) -> None:
    some = np.array(values, np.int64)
    for found, sorted_ in zip(sittings.numbered(some), np.unique(some, return_inverse=True), strict=True):
        assert np.array_equal(found, sorted_)


@given(ROWS, st.randoms())
@settings(max_examples=80, deadline=None)
def test_a_sitting_lies_among_its_rows_whatever_their_order(rows: list[Any], random: Any) -> None:
    share, chance, weight, spread = sittings.once_each(*columns(rows))
    hours = sorted({r[0] for r in rows})
    assert len(share) == len(hours)
    for k, h in enumerate(hours):
        mine = [r for r in rows if r[0] == h]
        assert min(r[1] for r in mine) - 1e-9 <= share[k] <= max(r[1] for r in mine) + 1e-9
        assert min(r[2] for r in mine) - 1e-9 <= chance[k] <= max(r[2] for r in mine) + 1e-9
    shuffled = random.sample(rows, len(rows))
    for one, other in zip((share, chance, weight, spread), sittings.once_each(*columns(shuffled)), strict=True):
        assert np.allclose(one, other)


@given(ROWS, st.integers(2, 12))
@settings(max_examples=60, deadline=None)
def test_more_parts_of_the_same_sittings_are_no_more_evidence(rows: list[Any], n_parts: int) -> None:
    def p(some: list[Any]) -> float:
        share, chance, weight, spread = sittings.once_each(*columns(some))
        return group_effect_tail(share, chance, 0.3, weight, spread)

    assert p(rows * n_parts) == pytest.approx(p(rows), rel=1e-6)


@given(ROWS, st.lists(st.integers(0, 3), min_size=30, max_size=30))
@settings(max_examples=60, deadline=None)
def test_many_accounts_at_once_are_each_alone(rows: list[Any], who: list[int]) -> None:
    hour, share, chance, weight, spread = columns(rows)
    account = np.array(who[: len(rows)])
    found = sittings.once_each_account(account, hour, share, chance, weight, spread)
    for a in np.unique(account).tolist():
        mine, alone = account == a, found[0] == a
        by_itself = sittings.once_each(
            sittings.numbered(hour[mine])[1], share[mine], chance[mine], weight[mine], spread[mine]
        )
        for all_at_once, once in zip(found[1:], by_itself, strict=True):
            assert np.allclose(all_at_once[alone], once)


def test_a_half_is_half_of_the_hours_and_all_of_each() -> None:
    at_us = np.arange(0, 400 * 24 * 3_600_000_000, 600_000_000)
    hour = sittings.of_times(at_us)
    in_a = sittings.in_half_a(hour, 0)
    assert all(len(set(in_a[hour == h].tolist())) == 1 for h in range(50))
    assert abs(in_a.mean() - 0.5) < 0.03
    assert np.mean(in_a == sittings.in_half_a(hour, 1)) == pytest.approx(0.5, abs=0.03)
    assert np.array_equal(sittings.in_half_a(hour[::-1], 0), in_a[::-1])


def threads(made: ModuleType, seed: int, n_parts: int, n_threads: int) -> Events:
    """300 people, everybody for themselves: six of them share each thread, all its parts, when they come by within an hour or so."""
    rng = np.random.default_rng(seed)
    units = made.life(rng, 500, range(300))
    for _ in range(n_threads):
        start_s = rng.uniform(0, 10 * 86_400)
        who = rng.choice(300, 6, replace=False).tolist()
        sat_down_s = (start_s + rng.exponential(1800, 6)).tolist()
        units += [[(a, s + 15.0 * k) for a, s in zip(who, sat_down_s, strict=True)] for k in range(n_parts)]
    return made.events(units, 300, by_hour=True)


@pytest.mark.parametrize("n_parts", [1, 3, 5, 12])
def test_people_who_share_threads_are_no_group(made: ModuleType, n_parts: int) -> None:
    """Of 8 such worlds at most one may have a discovery (5 % each: two or more have a chance of .06)."""
    n_found, n_tested = 0, 0
    for seed in range(8):
        e = threads(made, seed, n_parts, 60)
        tested = [t for w in (10.0, 60.0, 600.0) for t in small_objects.tested(made.view(e, w), w, 0)]
        n_found += bool(discoveries(tested, 0.05, 1))
        n_tested += len(tested)
    assert n_found <= 1
    assert n_parts == 1 or n_tested > 0, "nothing was tested, so nothing was shown"


def test_a_group_that_posts_threads_is_found_all_the_same(made: ModuleType) -> None:
    rng = np.random.default_rng(3)
    units = made.life(rng, 500, range(300))
    for (unit,) in ([u] for u in made.in_step(rng, 40, list(range(10)), 20.0)):
        units += [[(a, s + 15.0 * k) for a, s in unit] for k in range(5)]
    units += made.bridges(rng, 30, range(10), range(10, 300))
    e = made.events(units, 300, by_hour=True)
    found = discoveries(small_objects.tested(made.view(e), 60.0, 0), 0.05, 1)
    assert any(set(range(10)) <= set(c.tested.accounts.tolist()) and len(c.tested.accounts) < 14 for c in found)
    assert all(c.tested.n_sittings < 40 for c in found)


@given(
    st.lists(st.integers(0, 8 * 3600), min_size=2, max_size=40, unique=True),
    st.lists(st.booleans(), min_size=8, max_size=8),
    st.sampled_from([10, 600, 5000]),
)
@settings(max_examples=200, deadline=None)
def test_no_post_is_in_close_pairs_of_either_half(seconds: list[int], halves: list[bool], window_s: int) -> None:
    """What suggests a group, and what confirms it, are not the same burst on either side of the full hour."""
    at_us = np.sort(np.array(seconds, np.int64)) * 1_000_000
    hour = sittings.of_times(at_us)
    in_a = np.array([*halves, halves[0]])[hour]
    clear = sittings.Surroundings.of(hour, in_a).are_clear(at_us, hour, window_s * 1_000_000)
    close = [
        (i, j) for i in range(len(at_us)) for j in range(i + 1, len(at_us)) if at_us[j] - at_us[i] <= window_s * 10**6
    ]
    for suggests in (True, False):
        seen = {k for i, j in close if in_a[i] == suggests for k in (i, j)}
        confirming = {k for i, j in close if in_a[i] != suggests and clear[i] for k in (i, j)}
        assert not seen & confirming
    assert clear.all() or len(set(in_a.tolist())) == 2


def test_a_burst_across_the_full_hour_does_not_confirm_itself(made: ModuleType) -> None:
    """Of objects that hundreds share over days: those who were close on one in an hour of half A, on the same object in half B."""
    rng = np.random.default_rng(0)
    units = []
    for _ in range(1500):
        who = np.unique(rng.integers(0, 1000, int(min(300, 2 + rng.pareto(0.8)))))
        delays_s = rng.lognormal(np.log(6 * 3600), 1.5, len(who))
        units.append(list(zip(who.tolist(), (rng.uniform(0, 10 * 86_400) + delays_s).tolist(), strict=True)))
    e = made.events([u for u in units if len(u) > 1], 1000, by_hour=True)
    view = made.view(e, 600.0)
    half = view.halves[True].selection
    i, j = kernel.close_pairs_in_units(e.start, e.at_us, half.kept, half.counted, half.units, view.window_us)
    bursts, counted = np.unique(np.stack([e.unit[i], e.sitting[i]]), axis=1), 0
    for unit, hour in bursts.T.tolist():
        mine = (e.unit[i] == unit) & (e.sitting[i] == hour)
        group = np.unique(np.concatenate([e.account[i[mine]], e.account[j[mine]]])).astype(np.int64)
        sync = small_objects.Sync.of(view.rows_of(group), 600.0, False)
        assert not (sync.unit == unit).any()
        counted += len(sync.unit)
    assert bursts.shape[1] > 300 and counted > 300
