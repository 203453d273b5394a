"""Who met before: a memory in runs finds what a slow look at all acts finds."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from houselights.watch.alerts import met
from houselights.watch.alerts.block import CLOSE_US, Pairs
from houselights.watch.alerts.met import Met, Run

Act = tuple[int, int, int]
ACTS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 4), st.integers(0, 200)), max_size=40)
SECOND_US = 1_000_000


def run_of(acts: list[Act]) -> Run:
    account, of, second = (np.array([a[i] for a in acts], np.int64) for i in range(3))
    return Run.of(account.astype(np.uint64), of.astype(np.uint64), second * SECOND_US, of % 7)


def pairs_of(rows: list[Act]) -> Pairs:
    """(a, b, object), met just now."""
    a, b, of = (np.array([r[i] for r in rows], np.uint64) for i in range(3))
    return Pairs(
        np.minimum(a, b), np.maximum(a, b), of, np.full(len(rows), 10**9, np.int64), np.zeros(len(rows), np.int64)
    )


@given(
    ACTS, st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6), st.integers(0, 4)), max_size=20), st.integers(0, 99)
)
@settings(max_examples=200, deadline=None)
def test_the_last_meeting_on_another_object_is_that_of_a_slow_look(acts: list[Act], now: list[Act], since: int) -> None:
    now = [row for row in now if row[0] != row[1]]
    found = Met([run_of(acts)] if acts else []).again(pairs_of(now), since * SECOND_US)
    expected = []
    for a, b, of in now:
        meetings = [
            (max(t, u) * SECOND_US, o)
            for who, o, t in acts
            for whom, p, u in acts
            if (who, whom) == (min(a, b), max(a, b))
            and o == p != of
            and abs(t - u) * SECOND_US <= CLOSE_US
            and min(t, u) >= since
        ]
        if meetings:
            latest = max(at for at, _ in meetings)
            expected.append(((min(a, b), max(a, b)), latest, {o for at, o in meetings if at == latest}))
    then = found.at_us < 10**9
    rows = zip(
        found.a[then].tolist(),
        found.b[then].tolist(),
        found.at_us[then].tolist(),
        found.object[then].tolist(),
        strict=True,
    )
    for (a, b, at, of), (pair, latest, objects) in zip(rows, expected, strict=True):
        assert (a, b) == pair and at == latest and of in objects
    assert sorted(zip(found.a[~then].tolist(), found.b[~then].tolist(), strict=True)) == sorted(
        p for p, _, _ in expected
    )


@given(
    st.lists(ACTS, max_size=12),
    st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6), st.integers(0, 4)), max_size=10),
)
@settings(max_examples=100, deadline=None)
def test_merging_runs_loses_no_meeting(blocks: list[list[Act]], now: list[Act]) -> None:
    whole, kept = Met([run_of(b) for b in blocks if b]), Met()
    for block in blocks:
        kept.add(run_of(block), 0)
    asked = pairs_of([row for row in now if row[0] != row[1]])
    one, other = whole.again(asked, 0), kept.again(asked, 0)
    assert {*zip(one.a.tolist(), one.b.tolist(), strict=True)} <= {
        *zip(other.a.tolist(), other.b.tolist(), strict=True)
    }
    assert len(kept.runs) <= len([b for b in blocks if b])
    assert all(np.array_equal(Run.of_rows(r.rows()).rows(), r.rows()) for r in kept.runs)


def test_what_is_too_old_is_forgotten() -> None:
    kept = Met()
    for k in range(300):
        kept.add(run_of([(a, k, k) for a in range(100)]), (k - 150) * SECOND_US)
    assert int(kept.runs[0].at_us.max()) >= 149 * SECOND_US and len(kept.runs) <= 12


def test_a_memory_that_is_too_old_as_a_whole_is_forgotten_and_goes_on() -> None:
    kept = Met()
    kept.add(run_of([(a, a, 10) for a in range(3)]), 0)
    kept.add(run_of([(a, a, 20) for a in range(3)]), 25 * SECOND_US)
    assert not kept.runs and not len(kept.again(pairs_of([(0, 1, 99)]), 25 * SECOND_US))
    kept.add(run_of([(0, 1, 30), (1, 1, 30)]), 25 * SECOND_US)
    assert len(kept.again(pairs_of([(0, 1, 99)]), 25 * SECOND_US)) == 2


def test_who_is_in_everything_meets_nobody() -> None:
    busy = [(1, k, k) for k in range(met.MOST_OF_AN_ACCOUNT + 1)]
    acts = run_of([*busy, (2, 0, 0), (2, 5, 5), (3, 5, 5)])
    found = Met([acts]).again(pairs_of([(1, 2, 9_999), (2, 3, 9_999)]), 0)
    assert {*zip(found.a.tolist(), found.b.tolist(), strict=True)} == {(2, 3)}
