"""A daily habit: who reads the same feed at breakfast, or keeps the same breaks, shares the same links in the same minutes, day
after day."""

import numpy as np
from numpy.typing import NDArray

from houselights.findings.casefile import Case, SharedObject
from houselights.findings.explanations.weighing import Check, covering
from houselights.findings.wording import of, percent

_MINUTE_US = 60_000_000
_DAY_MIN = 1440
WIDTH_H = 2
MIN_DAYS = 3  # fewer mornings are no habit
TIMES_OTHERS = 2.0  # where everybody keeps these hours, the chance level is measured at them already
SPELLS_MIN = (15, 5)
"""Who comes by at a fixed time comes this close to it. What happens every hour shows in the narrow spell alone."""
OF_DAYS_0_1 = 1 / 3
"""Share of the group's other days on which something began at the same time."""
TIMES_AROUND = 3.0
"""How many times more began at that time than before or after it: who is busy all day has something on every day at every time."""


def daily_habit(case: Case) -> Check:
    """At least half of the shared objects begin in the same two hours of the day, or else at times of the day that come back."""
    name = "a daily habit"
    if case.precision == "day":
        return Check(name, "Could not be tested: this data has no hours in its times.", tested=False)
    objects = list(case.objects.values())
    minute = np.array([min(p.at_us for p in case.posts_of(o)) // _MINUTE_US for o in objects], np.int64)
    others = _others(case)
    first_h = _busiest_two(minute)
    in_span = np.isin(np.arange(_DAY_MIN) // 60, [(first_h + k) % 24 for k in range(WIDTH_H)])
    within = in_span[minute % _DAY_MIN]
    for spell_min in SPELLS_MIN:
        recurs, spells = _recurring(minute, spell_min)
        recurs_rarer = _rarer(recurs, others[spells].sum())
        if recurs_rarer:
            break
    chosen = np.zeros(len(objects), dtype=np.bool_)
    n_days = len(np.unique(minute[within] // _DAY_MIN))
    if n_days >= MIN_DAYS and 2 * within.sum() >= len(within) and _rarer(within, others[in_span].sum()):
        chosen |= within
    late = np.zeros(len(objects), dtype=np.bool_)
    if recurs_rarer:
        late = _with_edges(spells, spell_min)[minute % _DAY_MIN] & ~recurs
        chosen |= recurs | late
    detail = (
        f"{of(int(within.sum()), len(objects), 'shared object')} began between {first_h:02d}:00 and "
        f"{(first_h + WIDTH_H) % 24:02d}:00 UTC ({percent(within.sum() / max(1, len(within)))}); of the other posts in this data "
        f"{percent(float(others[in_span].sum()))} were made in these hours. {of(int(recurs.sum()), len(objects), 'shared object')} "
        f"began within {spell_min} minutes of times of the day that came back on other days{_more(int(late.sum()))}; "
        f"{percent(float(others[spells].sum()))} of the other posts were made at these times."
    )
    covered, half = covering(case, _those(objects, chosen))
    return Check(name, detail, fits=half, covered=covered, held_fixed_by_synchrony=True)


def _rarer(chosen: NDArray[np.bool_], share_of_others: float) -> bool:
    """Whether others keep these times far less than the group does."""
    return bool(chosen.any() and chosen.mean() >= TIMES_OTHERS * share_of_others)


def _those(objects: list[SharedObject], chosen: NDArray[np.bool_]) -> list[SharedObject]:
    return [o for o, take in zip(objects, chosen.tolist(), strict=True) if take]


def _others(case: Case) -> NDArray[np.float64]:
    """[minutes of the day] share of the other posts that were made then; they are counted by the hour."""
    n = np.zeros(24)
    for absolute, count in case.data.posts_per_hour.items():
        n[absolute % 24] += count
    for post in case.posts.values():
        n[post.at_us // _MINUTE_US // 60 % 24] -= 1
    return np.asarray(np.repeat(n, 60) / max(1.0, 60 * n.sum()))


def _busiest_two(minute: NDArray[np.int64]) -> int:
    """First of the two hours of the day in which most objects began."""
    n_began = np.bincount(minute // 60 % 24, minlength=24)
    return int(np.argmax(n_began + np.roll(n_began, -1)))


def _recurring(minute: NDArray[np.int64], spell_min: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """([n] objects that began at a time of day that came back, [minutes of the day] these times). On other days than its own, others
    began within `spell_min` of the same time: on three days and a third of all, and three times as many as in the spell before
    or in that after."""
    days, day = np.unique(minute // _DAY_MIN, return_inverse=True)
    of_day = minute % _DAY_MIN
    began = np.zeros((len(days), _DAY_MIN), dtype=np.int64)
    np.add.at(began, (day, of_day), 1)
    here = _within(began, -spell_min, spell_min)
    before = _within(began, -3 * spell_min, -spell_min - 1)
    after = _within(began, spell_min + 1, 3 * spell_min)
    n_here, n_before, n_after, n_days = (
        x.sum(axis=0)[of_day] - x[day, of_day] for x in (here, before, after, (here > 0).astype(np.int64))
    )
    n_around = np.minimum(n_before, n_after)  # one of them may be the next break
    often = n_days >= max(MIN_DAYS, OF_DAYS_0_1 * (len(days) - 1))
    recurs = often & (n_here >= TIMES_AROUND * n_around)
    at_these = np.bincount(of_day[recurs], minlength=_DAY_MIN)[None]
    return recurs, _within(at_these, -spell_min, spell_min)[0] > 0


def _more(n_late: int) -> str:
    return f" and {n_late} more not long before or after" if n_late else ""


def _with_edges(spells: NDArray[np.bool_], spell_min: int) -> NDArray[np.bool_]:
    """[minutes of the day] the spells and as much time again before and after: who keeps a time is late now and then."""
    return np.asarray(_within(spells[None].astype(np.int64), -spell_min, spell_min)[0] > 0)


def _within(began: NDArray[np.int64], first: int, last: int) -> NDArray[np.int64]:
    """[days, minutes of the day] sum of what began `first` to `last` minutes later, around the clock."""
    return np.asarray(sum(np.roll(began, -k, axis=1) for k in range(first, last + 1)), np.int64)
