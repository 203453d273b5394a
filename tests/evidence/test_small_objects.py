"""The channel `small_objects`: counts are those of a walk over all pairs, a group is no part of its own background, chance stays chance."""

from itertools import combinations
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from houselights.evidence import background, sittings, small_objects
from houselights.evidence.background import MIN_OBJECTS, Totals, rates
from houselights.evidence.confirmed import discoveries
from houselights.evidence.events import NARRATIVE, ORIGINAL, REPOST
from houselights.evidence.small_objects import Sync
from houselights.kernels import objects as kernel
from houselights.worlds import WorldSettings

GROUP = np.arange(8, dtype=np.int64)


@pytest.fixture(scope="module")
def world(made: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Any:
    settings = WorldSettings(n_accounts=900, n_days=5)
    return [made.of_world(settings, seed, tmp_path_factory.mktemp("world"))[0] for seed in (1, 2, 3)]


def totals(close: np.ndarray, every: np.ndarray) -> Totals:
    return Totals(close, every, np.zeros((kernel.N_FAMILIES * kernel.N_SIZES, 3)))


# -- counting -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("window_s", [60.0, 600.0])
@pytest.mark.parametrize("half", [None, True, False])
def test_a_group_is_counted_as_by_hand(made: ModuleType, world: Any, window_s: float, half: bool | None) -> None:
    """Pairs, closeness and speeds of a group from running counts equal those of a walk over all pairs."""
    rng = np.random.default_rng(1)
    e = world[0]
    view = made.view(e, window_s, without=rng.choice(e.n_accounts, 40, replace=False))
    view = view if half is None else view.halves[half]
    seen = 0
    for group in made.companies(e, rng, 25, 6):
        sync = Sync.of(view.rows_of(group), window_s)
        met, speed = by_hand(view, group, sync.background.rate)
        assert np.allclose(sync.speed, speed, rtol=1e-9)
        of = dict(zip(group.tolist(), speed, strict=True))
        expected = {
            key: (np.mean([m[0] for m in pairs]), np.mean([min(0.999, r * of[a] * of[b]) for _, r, a, b in pairs]))
            for key, pairs in met.items()
        }
        found = zip(sync.unit.tolist(), sync.sitting.tolist(), sync.share, sync.chance, strict=True)
        assert {(u, h): (s, c) for u, h, s, c in found} == {k: pytest.approx(v) for k, v in expected.items()}
        seen += len(sync.unit)
    assert seen > 40


def by_hand(view: Any, group: np.ndarray, rate: np.ndarray) -> Any:
    """Every pair of kept events of every unit, one after the other: ((close, rate, account, account) of the group's own pairs per unit
    and sitting, speed of each member)."""
    e, members = view.events, set(group.tolist())
    met: dict[tuple[int, int], list[tuple[bool, float, int, int]]] = {}
    observed, expected = dict.fromkeys(members, 0.0), dict.fromkeys(members, 0.0)
    for u in e.units_of(group).tolist():
        rows = [i for i in range(e.start[u], e.start[u + 1]) if view.selection.kept[i]]
        if not 2 <= len(rows) <= view.selection.max_size:
            continue
        size = sum(len(rows) >= edge for edge in kernel.SIZE_EDGES.tolist())
        own = all(int(e.account[i]) in members for i in rows)
        outside: dict[int, list[tuple[bool, float]]] = {}
        for i, j in combinations(rows, 2):
            if not view.selection.counted[i]:
                continue
            is_close = bool(e.at_us[j] - e.at_us[i] <= view.window_us)
            latency = kernel.latency_bin(e.at_us[i], e.source_us[u])
            r = rate[(e.family[u] * kernel.N_SIZES + size) * kernel.N_LATENCIES + latency]
            a, b = int(e.account[i]), int(e.account[j])
            if a in members and b in members:
                if not np.isnan(r):
                    r = max(r, background.own_rate(view.window_us / 1e6)) if own else r
                    met.setdefault((u, int(e.sitting[i])), []).append((is_close, r, a, b))
            elif a in members or b in members:
                outside.setdefault(a if a in members else b, []).append((is_close, 1.0 if np.isnan(r) else r))
        for a, others in outside.items():
            observed[a] += float(np.mean([m[0] for m in others]))
            expected[a] += float(np.mean([m[1] for m in others]))
    return met, [max(1.0, (observed[a] + 1) / (expected[a] + 1)) for a in group.tolist()]


# -- class rates --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("window_s", [10.0, 60.0, 600.0])
def test_class_rates_lie_between_data_and_profile_and_go_to_the_data(window_s: float) -> None:
    nothing = np.zeros(kernel.N_CLASSES)
    profile = rates(totals(nothing, nothing), window_s)
    assert profile.from_data_0_1 == 0.0
    before = np.abs(0.7 - profile.rate)
    from_data = 0.0
    for n in (1.0, 10.0, 100.0, 10_000.0):
        found = rates(totals(np.full(kernel.N_CLASSES, 0.7 * n), np.full(kernel.N_CLASSES, n)), window_s)
        known = ~np.isnan(profile.rate)
        low, high = np.minimum(profile.rate, 0.7)[known], np.maximum(profile.rate, 0.7)[known]
        assert ((found.rate[known] >= low - 1e-12) & (found.rate[known] <= high + 1e-12)).all()
        assert (np.abs(0.7 - found.rate)[known] <= before[known] + 1e-12).all()
        assert np.isnan(found.rate[~known]).all() == (n < MIN_OBJECTS)
        assert from_data < found.from_data_0_1 < 1.0
        before, from_data = np.abs(0.7 - found.rate), found.from_data_0_1
    assert np.allclose(found.rate, 0.7, atol=1e-3)


def test_a_kind_nobody_measured_is_left_out_until_the_data_knows_it() -> None:
    none = np.zeros(kernel.N_CLASSES)
    by_family = rates(totals(none, none), 60.0).rate.reshape(kernel.N_FAMILIES, -1)
    measured = np.isin(np.arange(kernel.N_FAMILIES), (ORIGINAL, REPOST, NARRATIVE))
    assert not np.isnan(by_family[measured]).any() and np.isnan(by_family[~measured]).all()


def test_rates_grow_with_the_window() -> None:
    none = np.zeros(kernel.N_CLASSES)
    each = [rates(totals(none, none), w).rate[: 2 * kernel.N_SIZES * kernel.N_LATENCIES] for w in (10.0, 60.0, 600.0)]
    assert (each[0] <= each[1]).all() and (each[1] <= each[2]).all()


# -- the group and its background ---------------------------------------------------------------------------------


def test_a_group_is_no_part_of_its_own_background(made: ModuleType) -> None:
    """Its own objects, with the outsiders on them, may be as close as they like: the chance level does not move."""
    rng = np.random.default_rng(3)
    others = range(8, 300)
    ordinary = made.life(rng, 400, others)
    levels = []
    for window_s in (5.0, 50_000.0):
        shared = made.in_step(np.random.default_rng(4), 30, [*GROUP.tolist(), 20, 21], window_s)
        view = made.view(made.events([*ordinary, *shared], 300))
        levels.append(Sync.of(view.rows_of(GROUP), 60.0, True).background)
    assert np.allclose(levels[0].rate, levels[1].rate, equal_nan=True)
    # And it is the rate of the others' objects alone.
    alone = made.view(made.events(ordinary, 300))
    assert np.allclose(levels[0].rate, rates(alone.totals_of_all, 60.0).rate, equal_nan=True)


def test_a_group_in_step_passes_and_nothing_is_left_without_its_objects(made: ModuleType) -> None:
    rng = np.random.default_rng(5)
    units = [*made.in_step(rng, 24, GROUP.tolist(), 30.0), *made.life(rng, 400, range(8, 300))]
    units += made.bridges(rng, 100, GROUP.tolist(), range(8, 300))
    view = made.view(made.events(units, 300))
    found = small_objects.confirm(view, GROUP, True, 60.0)
    assert found is not None and found.p_value < 1e-6 and found.observed > 5 * found.expected
    assert len(found.units) == 11  # of 12 on this half; one lies within a window of the other half
    assert found.retest(found.units) == 1.0
    p = [found.retest(found.units[:k]) for k in (0, 4, 8, 11)]
    assert p == sorted(p) and p[0] == found.p_value


def test_a_group_that_could_not_pass_is_not_tested(made: ModuleType) -> None:
    """Whether it is tested does not depend on times: one shared object, perfectly in step, is no hypothesis, nor are five where
    everybody is quick."""
    rng = np.random.default_rng(6)
    units = [*made.life(rng, 400, range(8, 300)), *made.in_step(rng, 2, GROUP.tolist()[:3], 1.0)]
    view = made.view(made.events(units, 300), 600.0)
    assert small_objects.confirm(view, GROUP[:3], True, 600.0) is None
    quick = [*made.life(rng, 400, range(8, 300), hours=0.2), *made.in_step(rng, 10, GROUP.tolist()[:3], 1.0)]
    view = made.view(made.events(quick, 300), 600.0)
    sync = Sync.of(view.rows_of(GROUP[:3]), 600.0, True)
    assert len(np.unique(sync.sitting)) >= sittings.MIN_SITTINGS and sync.best_p > small_objects.MAX_BEST_P
    assert small_objects.confirm(view, GROUP[:3], True, 600.0) is None


# -- pace ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("quick_s", [60.0, 300.0, 600.0])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_quick_community_beside_a_slow_one_is_no_group(made: ModuleType, seed: int, quick_s: float) -> None:
    """Each shares its own things at its own pace, and nothing with the other: 60 people within minutes, 300 within hours."""
    rng = np.random.default_rng(seed)
    units = made.life(rng, 250, range(60), sizes=(8, 9), hours=3 * quick_s / 3600)
    units += made.life(rng, 250, range(60, 360), sizes=(8, 9), hours=12.0)
    e = made.events(units, 360, by_hour=True)
    tested = [t for w in (10.0, 60.0, 600.0) for t in small_objects.tested(made.view(e, w), w, 0)]
    assert not discoveries(tested, 0.05, 1)


def test_what_is_known_of_a_pace_narrows_a_groups_effect() -> None:
    own = np.array([False, True])
    known = [background.Pace(np.ones(3), np.full(3, n)).effect_sd(0.3, own).tolist() for n in (0.0, 1.0, 10.0, 1000.0)]
    others, alone = zip(*known, strict=True)
    assert list(others) == sorted(others, reverse=True)
    assert others[0] == pytest.approx(np.hypot(0.3, background.UNSEEN_EFFECT_SD)) and others[-1] < 0.31
    assert alone == pytest.approx([np.hypot(sd, background.OWN_EFFECT_SD) for sd in others])


def test_what_a_group_alone_shares_may_go_round_quickly() -> None:
    """The closed form is the chance of two log-normal delays."""
    rng = np.random.default_rng(0)
    delay_s = background.OWN_DELAY_S * rng.lognormal(0, 1, (2, 200_000))
    for w in (10.0, 60.0, 600.0):
        close = np.mean(np.abs(delay_s[0] - delay_s[1]) <= w)
        assert background.own_rate(w) == pytest.approx(close, abs=0.005)


@pytest.mark.parametrize(("within_s", "found"), [(3.0, True), (300.0, False)])
def test_accounts_that_do_nothing_else_are_found_where_no_people_are_so_quick(
    made: ModuleType, within_s: float, found: bool
) -> None:
    rng = np.random.default_rng(4)
    units = [*made.in_step(rng, 40, GROUP.tolist(), within_s), *made.life(rng, 400, range(8, 300))]
    e = made.events(units, 300)
    tested = [t for w in (10.0, 60.0, 600.0) for t in small_objects.tested(made.view(e, w), w, 0)]
    assert any(set(GROUP) <= set(c.tested.accounts) for c in discoveries(tested, 0.05, 1)) == found


# -- chance -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("window_s", [60.0, 600.0])
@pytest.mark.parametrize("size", [4, 10])
def test_company_without_agreement_gets_honest_p_values(
    made: ModuleType, world: Any, window_s: float, size: int
) -> None:
    """People of one community share a lot by taste: their p-values must not be smaller than chance ones."""
    p = []
    for k, e in enumerate(world):
        view = made.view(e, window_s)
        for group in made.companies(e, np.random.default_rng(k), 200, size):
            sync = Sync.of(view.rows_of(group), window_s, bool(k % 2))
            if len(sync.unit):
                p.append(sync.p_value())
    assert len(p) > 300
    for alpha in (0.001, 0.01, 0.05, 0.2):
        allowed = alpha + 2.5 * np.sqrt(alpha * (1 - alpha) / len(p))
        assert np.mean(np.array(p) <= alpha) <= allowed, f"{np.mean(np.array(p) <= alpha):.4f} at {alpha}"


def test_the_p_value_never_rises_with_more_close_pairs(made: ModuleType) -> None:
    rng = np.random.default_rng(8)
    ordinary = made.life(rng, 300, range(8, 300)) + made.bridges(rng, 100, GROUP.tolist(), range(8, 300))
    p = []
    for n_close in (0, 4, 8, 16, 24):
        shared = made.in_step(np.random.default_rng(9), n_close, GROUP.tolist(), 30.0)
        shared += made.life(np.random.default_rng(9), 24 - n_close, GROUP.tolist(), sizes=(8, 9))
        view = made.view(made.events([*shared, *ordinary], 300))
        p.append(Sync.of(view.rows_of(GROUP), 60.0, True).p_value())
    assert p == sorted(p, reverse=True) and p[0] > 0.05 and p[-1] < 1e-6


# -- screening ----------------------------------------------------------------------------------------------------


def test_hangers_on_are_let_go(made: ModuleType) -> None:
    """Four who share the group's objects hours later do not stay; the eight do."""
    rng = np.random.default_rng(10)
    shared = []
    for unit in made.in_step(rng, 40, GROUP.tolist(), 20.0):
        late = rng.choice([8, 9, 10, 11], 2, replace=False).tolist()
        shared.append([*unit, *((a, unit[0][1] + float(rng.uniform(3600, 40_000))) for a in late)])
    view = made.view(made.events([*made.life(rng, 400, range(12, 300)), *shared], 300))
    for in_a in (True, False):
        half = view.halves[in_a]
        kept = small_objects._trim(half.rows_of(np.arange(12)), 60.0, small_objects.SCREEN_P)
        assert kept is not None and kept.rows.accounts.tolist() == GROUP.tolist()


def test_a_group_without_synchrony_dissolves(made: ModuleType) -> None:
    rng = np.random.default_rng(11)
    half = made.view(made.events(made.life(rng, 500, range(200)), 200)).halves[True]
    for group in made.companies(half.events, rng, 20, 6):
        assert small_objects._trim(half.rows_of(group), 60.0, small_objects.SCREEN_P) is None


def test_screening_never_looks_at_the_confirming_half(made: ModuleType) -> None:
    """Other times on half B suggest the same groups from half A."""
    rng = np.random.default_rng(12)
    units = [*made.life(rng, 300, range(20, 300)), *made.in_step(rng, 40, range(10), 30.0)]
    units += made.bridges(rng, 30, range(10), range(20, 300))
    other = [[(a, s + float(rng.uniform(0, 90_000))) for a, s in u] if k % 2 else u for k, u in enumerate(units)]
    found = []
    for some in (units, other):
        half = made.view(made.events(some, 300)).halves[True]
        grown = [small_objects.grow(half, g, 60.0) for g in small_objects.screen(half, 60.0, 0)]
        found.append([g for g in grown if g is not None])
    assert [g.tolist() for g in found[0]] == [g.tolist() for g in found[1]]
    assert any(set(range(10)) <= set(g.tolist()) for g in found[0])


def test_the_profile_is_shipped() -> None:
    assert (~np.isnan(background._profile(60.0))).sum() == 3 * kernel.N_SIZES
    assert background._profile(60.0)[NARRATIVE * kernel.N_SIZES] == background.NARRATIVE_RATES[60.0]
