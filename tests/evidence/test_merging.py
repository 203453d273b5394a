"""One group, one finding; and discoveries among hypotheses that are all false."""

from collections.abc import Callable
from dataclasses import replace
from itertools import permutations
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from houselights.core.detection import COINCIDENCES, Group, Member
from houselights.evidence.confirmed import Confirmed, discoveries
from houselights.evidence.confirmed import Tested as Hypothesis
from houselights.evidence.detect import _distinct, _one_set
from houselights.evidence.merging import MIXING_0_1, Merged, apart, merge, mixing

A, B = list(range(8)), list(range(8, 16))
N = 300


def hypothesis(
    accounts: list[int], p: float, window_s: float = 60.0, in_a: bool = True, retest: float = 0.0
) -> Hypothesis:
    return Hypothesis(
        channel="small_objects",
        accounts=np.array(sorted(accounts), np.int64),
        window_us=round(window_s * 1e6),
        confirm_in_a=in_a,
        units=np.arange(3),
        n_sittings=3,
        observed=10.0,
        expected=1.0,
        p_value=p,
        from_data_0_1=1.0,
        retest=lambda left_out: retest,
    )


def confirmed(accounts: list[int], p: float = 1e-6, window_s: float = 60.0, in_a: bool = True) -> Confirmed:
    return Confirmed(hypothesis(accounts, p, window_s, in_a), q_value=p * 10, passing_p=0.005, alone_p=0.005)


def passes(part: np.ndarray, whole: Hypothesis) -> Hypothesis | None:
    return hypothesis(part.tolist(), whole.p_value, whole.window_us / 1e6, whole.confirm_in_a)


def fails(part: np.ndarray, whole: Hypothesis) -> Hypothesis | None:
    return hypothesis(part.tolist(), 0.5, whole.window_us / 1e6, whole.confirm_in_a)


@pytest.fixture(scope="module")
def two_campaigns(made: ModuleType) -> Any:
    rng = np.random.default_rng(1)
    units = [*made.in_step(rng, 20, A, 30.0), *made.in_step(rng, 20, B, 30.0), *made.life(rng, 300, range(16, N))]
    return made.events(units, N)


@pytest.fixture(scope="module")
def one_pool(made: ModuleType) -> Any:
    """Twenty accounts, two to four on each object, partners changing."""
    rng = np.random.default_rng(2)
    units = [*made.in_step(rng, 300, range(20), 30.0, some=(2, 5)), *made.life(rng, 300, range(20, N))]
    return made.events(units, N)


def sets(merged: list[Any]) -> list[list[int]]:
    return sorted(m.accounts.tolist() for m in merged)


def test_two_campaigns_do_not_mix_and_one_pool_does(two_campaigns: Any, one_pool: Any) -> None:
    window_us = 60_000_000
    assert mixing(two_campaigns, np.array(A), np.array(B), window_us) == 0.0
    assert mixing(one_pool, np.arange(10), np.arange(10, 20), window_us) > 3 * MIXING_0_1
    assert mixing(one_pool, np.arange(6), np.arange(6, 20), window_us) == pytest.approx(
        mixing(one_pool, np.arange(6, 20), np.arange(6), window_us)
    )


def test_a_candidate_that_holds_two_campaigns_comes_apart(two_campaigns: Any) -> None:
    merged = merge(two_campaigns, [confirmed(A), confirmed(A + B, 1e-9)], passes)
    assert sets(merged) == [A, B]
    merged = merge(two_campaigns, [confirmed(A), confirmed(B), confirmed(A + B, 1e-9)], passes)
    assert sets(merged) == [A, B]


def test_what_a_cut_leaves_has_to_pass_by_itself(two_campaigns: Any) -> None:
    assert sets(merge(two_campaigns, [confirmed(A), confirmed(A + B, 1e-9)], fails)) == [A]
    assert sets(merge(two_campaigns, [confirmed(A), confirmed(A + B, 1e-9)], lambda part, whole: None)) == [A]


def test_two_left_over_are_no_group_and_no_steady_part_of_one(two_campaigns: Any) -> None:
    found = [confirmed(A), confirmed(A, 1e-7, 600.0), confirmed([*A, 8, 9])]
    assert sets(merge(two_campaigns, found, passes)) == [A]


def test_what_a_cut_leaves_is_no_stronger_than_its_test(two_campaigns: Any) -> None:
    def weaker(part: np.ndarray, whole: Hypothesis) -> Hypothesis | None:
        return hypothesis(part.tolist(), whole.p_value * 100)

    whole = confirmed(A + B, 1e-9)
    (rest,) = [m for m in merge(two_campaigns, [confirmed(A), whole], weaker) if m.accounts.tolist() == B]
    assert rest.best.q_value == pytest.approx(100 * whole.q_value)


def test_fragments_of_one_pool_come_together(one_pool: Any) -> None:
    fragments = [list(range(12)), list(range(6, 18)), list(range(4, 20)), list(range(20))]
    merged = merge(one_pool, [confirmed(f, 1e-6 / (k + 1)) for k, f in enumerate(fragments)], passes)
    assert len(merged) == 1
    assert len(merged[0].parts) == len(fragments)
    assert set(range(6, 18)) <= set(merged[0].accounts.tolist()) <= set(range(20))


def test_the_same_group_at_several_windows_and_directions_is_one(two_campaigns: Any) -> None:
    found = [confirmed(A, p, w, d) for w in (10.0, 60.0, 600.0) for d, p in ((True, 1e-5), (False, 1e-8))]
    (merged,) = merge(two_campaigns, found, passes)
    assert merged.accounts.tolist() == A
    assert merged.best.tested.p_value == 1e-8 and merged.best.tested.window_us == 10_000_000


@pytest.mark.parametrize("world", ["two_campaigns", "one_pool"])
def test_the_order_of_confirmed_groups_is_irrelevant(world: str, request: pytest.FixtureRequest) -> None:
    e = request.getfixturevalue(world)
    found = [
        confirmed(A, 1e-6),
        confirmed(A, 1e-7, 600.0, in_a=False),
        confirmed(B, 1e-6),
        confirmed(A + B, 1e-9),
        confirmed([*A, *range(8, 12)], 1e-6),
    ]
    seen = set()
    for order in permutations(found):
        merged = merge(e, list(order), passes)
        seen.add(tuple((tuple(m.accounts.tolist()), m.best.tested.p_value, m.best.tested.window_us) for m in merged))
    assert len(seen) == 1


def test_a_group_is_in_one_finding_only(two_campaigns: Any) -> None:
    found = [confirmed(A), confirmed(A[:5]), confirmed(A[2:]), confirmed(B), confirmed(A + B, 1e-9)]
    everybody = np.concatenate([m.accounts for m in merge(two_campaigns, found, passes)])
    assert len(np.unique(everybody)) == len(everybody)


# -- discoveries --------------------------------------------------------------------------------------------------


def hypotheses(p: np.ndarray) -> list[Hypothesis]:
    return [hypothesis(A, float(x), in_a=bool(k % 2)) for k, x in enumerate(p)]


@pytest.mark.parametrize("q", [0.05, 0.2])
@pytest.mark.parametrize("draw", ["uniform", "copies"])
def test_where_nothing_is_the_chance_of_any_discovery_is_at_most_q(q: float, draw: str) -> None:
    """Over all rounds and both directions together, independent or all the same hypothesis."""
    rng = np.random.default_rng(3)
    draws: dict[str, Callable[[], np.ndarray]] = {
        "uniform": lambda: rng.uniform(size=12),
        "copies": lambda: np.repeat(rng.uniform(size=2), 6).reshape(2, 6).T.ravel(),
    }
    n, any_found = 3000, 0
    for _ in range(n):
        for round_ in range(1, 6):
            if discoveries(hypotheses(draws[draw]()), q, round_):
                any_found += 1
                break
    assert any_found / n <= q + 2.5 * np.sqrt(q * (1 - q) / n)
    assert any_found / n >= q / 4, "the law would hold for a test that never finds anything"


def test_a_q_value_compares_with_q() -> None:
    rng = np.random.default_rng(4)
    p = rng.uniform(size=30) ** 6
    for round_ in (1, 2, 3):
        at_5 = discoveries(hypotheses(p), 0.05, round_)
        assert at_5 and all(c.q_value <= 0.05 and c.tested.p_value <= c.passing_p for c in at_5)
        wider = discoveries(hypotheses(p), 0.2, round_)
        assert {c.tested.p_value for c in wider if c.q_value <= 0.05} == {c.tested.p_value for c in at_5}
        for c in at_5:  # with this p-value instead of its own it would be a discovery, with a larger one it would not
            others = [t for t in hypotheses(p) if t.p_value != c.tested.p_value]
            for factor, still in ((0.999, True), (1.001, False)):
                again = replace(c.tested, p_value=c.passing_p * factor)
                found = [x.tested.p_value for x in discoveries([*others, again], 0.05, round_)]
                assert (again.p_value in found) == still
            by_itself = [replace(c.tested, p_value=c.alone_p * 0.999), *(replace(t, p_value=1.0) for t in others)]
            assert len(discoveries(by_itself, 0.05, round_)) == 1
    assert discoveries([], 0.05, 1) == []


# -- findings -----------------------------------------------------------------------------------------------------


def group_of(names: str, sources: str = "") -> Group:
    roles = [*((a, "core") for a in names), *((a, "source") for a in sources)]
    return Group(
        channels=("small_objects",),
        window_s=60.0,
        members=tuple(Member(a, role, 5, 0.001, 0.9) for a, role in roles),
        resolved=True,
        n_accounts_tested=len(names),
        n_hours_tested=9,
        n_objects_tested=9,
        observed=9.0,
        expected=1.0,
        p_value=1e-6,
        q_value=1e-5,
        rest_p=0.01,
        coincidences=COINCIDENCES.empty_table(),
        background="this data",
        retest=lambda left_out: 1.0,
    )


def test_the_same_members_twice_are_one_finding_and_the_strongest_stays() -> None:
    first, again, part, other = group_of("abcdef"), group_of("abcdefg"), group_of("abx"), group_of("axyz")
    assert _distinct([first, again, part, other]) == [first, other]
    assert _distinct([other, first]) == [other, first]


def test_a_common_source_makes_no_two_groups_one() -> None:
    one, two = group_of("abc", sources="s"), group_of("xyz", sources="s")
    assert _distinct([one, two]) == [one, two]


def test_sets_that_do_not_keep_step_with_each_other_come_apart(two_campaigns: Any, one_pool: Any) -> None:
    """Two campaigns are two sets, also where one is small; a pool whose partners change is one, whatever part of it is asked for."""
    for b in (B, B[:3]):
        sets = apart(two_campaigns, np.array(A + b), 60_000_000)
        assert [s.tolist() for s in sets] == [A, b]
    for n in (6, 12, 20):
        assert [s.tolist() for s in apart(one_pool, np.arange(n), 60_000_000)] == [list(range(n))]


def test_who_is_in_step_with_nobody_stays_with_the_largest_set(two_campaigns: Any) -> None:
    assert [s.tolist() for s in apart(two_campaigns, np.array([*A, *B[:3], 99]), 60_000_000)] == [[*A, 99], B[:3]]
    assert [s.tolist() for s in apart(two_campaigns, np.array([97, 98, 99]), 60_000_000)] == [[97, 98, 99]]


def test_hangers_on_bring_nobody_along(two_campaigns: Any) -> None:
    """Two of B got into the group of A: the rest of B is in step with these two, and with nobody of A."""
    group = [*A, *B[:2]]
    found = Merged(np.array(group), (confirmed(group),))
    core, likely = _one_set(two_campaigns, np.array(A + B), np.array(group), found)
    assert core.tolist() == likely.tolist() == A
