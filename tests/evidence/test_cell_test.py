"""The cell test: exact moments, honest p-values where nothing is, and power where a group acts on what everybody shares."""

from itertools import combinations

import numpy as np
import pyarrow as pa
import pytest
from scipy import stats as reference

from houselights.evidence import sittings, synchrony
from houselights.evidence.background import Selection, View
from houselights.evidence.events import UNKNOWN_US, Events


def events(per_unit: list[list[tuple[int, float]]], n_accounts: int) -> Events:
    """Units of (account, second)."""
    account, at, start = [], [], [0]
    for rows in per_unit:
        for who, second in sorted(rows, key=lambda r: (r[1], r[0])):
            account.append(who)
            at.append(round(second * 1e6))
        start.append(len(account))
    n = len(per_unit)
    return Events(
        account=np.array(account, np.int32),
        at_us=np.array(at, np.int64),
        post=np.arange(len(account)),
        object=np.repeat(np.arange(n, dtype=np.int32), np.diff(start)),
        sitting=sittings.of_times(np.array(at, np.int64)),
        in_a=np.repeat(np.arange(n) % 2 == 0, np.diff(start)),
        start=np.array(start, np.int64),
        family=np.ones(n, np.int8),
        source_us=np.full(n, UNKNOWN_US),
        n_accounts=n_accounts,
        account_rows=np.arange(n_accounts),
        object_ids=pa.array([str(k) for k in range(n)]),
        object_kinds=pa.array(["repost"] * n),
    )


def popular(rng: np.random.Generator, n_units: int, n_accounts: int, group: int = 0) -> Events:
    """Objects of 300 sharers with decaying bursts; `group` accounts share a moment on each."""
    units = []
    for _ in range(n_units):
        who = rng.choice(np.arange(group, n_accounts), 300, replace=False)
        rows = list(zip(who.tolist(), rng.exponential(20_000, 300).tolist(), strict=True))
        if group:
            moment = rng.uniform(5_000, 40_000)
            rows += [(k, moment + rng.uniform(0, 30)) for k in range(group)]
        units.append(rows)
    return events(units, n_accounts)


def view(e: Events, window_s: float = 60.0) -> View:
    return View(Selection(e, np.ones(len(e.account), bool), 500), round(window_s * 1e6))


def test_moments_are_those_of_all_subsets() -> None:
    times = np.array([0, 10, 30, 55, 61, 90, 200]) * 1.0
    v = view(events([[(k, t) for k, t in enumerate(times)]], 7), 59.0)
    cells = synchrony.Cells.of(v)
    for g in (2, 3, 4):
        c = 0
        inside = np.flatnonzero(cells.of_event == c)
        counts = [
            sum(abs(v.events.at_us[a] - v.events.at_us[b]) <= 59e6 for a, b in combinations(s, 2))
            for s in combinations(inside.tolist(), g)
        ]
        if not counts:
            continue
        mean, variance = synchrony._moments(cells.size[[c]], cells.close[[c]], cells.wedges[[c]], np.array([g]))
        assert mean == pytest.approx(np.mean(counts))
        assert variance == pytest.approx(np.var(counts))


@pytest.mark.parametrize("t", [1, 3, 8])
def test_moment_tail_is_the_named_distribution(t: int) -> None:
    assert synchrony.moment_tail(t, 2.0, 2.0) == pytest.approx(reference.poisson.sf(t - 1, 2.0))
    assert synchrony.moment_tail(t, 2.0, 4.0) == pytest.approx(reference.nbinom.sf(t - 1, 2.0, 0.5))


def test_random_groups_on_bursts_get_honest_p_values() -> None:
    rng = np.random.default_rng(3)
    e = popular(rng, 40, 600)
    cells = synchrony.Cells.of(view(e))
    p = []
    for k in range(150):
        group = np.sort(rng.choice(600, 20, replace=False))
        found = synchrony.confirm(view(e), cells, group, in_a=False, draws=2000, seed=k)
        assert found is not None
        p.append(found.p_value)
    assert np.mean(np.array(p) <= 0.05) <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 150)


def test_a_group_on_popular_objects_is_suggested_and_confirmed() -> None:
    e = popular(np.random.default_rng(5), 40, 900, group=15)
    found = synchrony.tested(view(e), q=0.05, n_windows=3, seed=0)
    best = min(found, key=lambda t: t.p_value)
    assert set(best.accounts.tolist()) == set(range(15))
    assert best.p_value < 1e-3
    assert best.retest(best.units) == 1.0


def test_bursts_without_a_group_confirm_nothing() -> None:
    for seed in range(3):
        found = synchrony.tested(view(popular(np.random.default_rng(seed), 40, 900)), q=0.05, n_windows=3, seed=0)
        assert all(t.p_value > 0.001 for t in found)


@pytest.mark.parametrize(("n_hours", "tested"), [(2, False), (6, True)])
def test_a_group_of_too_few_hours_is_not_tested(n_hours: int, tested: bool) -> None:
    """However much it does in them."""
    rng = np.random.default_rng(6)
    units = []
    for k in range(24):
        moment = 3600 * (k % n_hours) + rng.uniform(600, 3000)
        others = [
            (int(a), float(rng.uniform(0, 3600 * n_hours))) for a in rng.choice(np.arange(5, 400), 200, replace=False)
        ]
        units.append([*others, *((a, moment + 2.0 * a) for a in range(5))])
    v = view(events(units, 400))
    found = synchrony.confirm(v, synchrony.Cells.of(v), np.arange(5), in_a=False, draws=2000, seed=0)
    assert (found is not None) == tested
