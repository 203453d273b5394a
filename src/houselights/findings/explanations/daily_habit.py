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
SPELL_MIN = 15
"""Who comes by at a fixed time comes this close to it."""
OF_DAYS_0_1 = 1 / 3
"""Share of the group's other days on which something began at the same time."""
TIMES_AROUND = 3.0
"""How many times more began at that time than before and after it: who is busy all day has something on every day at every time."""


def daily_habit(case: Case) -> Check:
    """At least half of the shared objects begin in the same two hours of the day, or else at times of the day that come back."""
    name = "a daily habit"
    if case.precision == "day":
        return Check(name, "Could not be tested: this data has no hours in its times.", tested=False)
    objects = list(case.objects.values())
    minute = np.array([min(p.at_us for p in case.posts_of(o)) // _MINUTE_US for o in objects], np.int64)
    first_h, within, share_of_others = _two_hours(case, minute)
    recurs = _recurring(minute)
    detail = (
        f"{of(int(within.sum()), len(objects), 'shared object')} began between {first_h:02d}:00 and "
        f"{(first_h + WIDTH_H) % 24:02d}:00 UTC ({percent(float(within.mean()) if len(within) else 0.0)}); of the other posts in "
        f"this data {percent(share_of_others)} were made in these hours. {int(recurs.sum()):,} began at a time of day at which "
        "others began on other days, and not shortly before and after it."
    )
    n_days = len(np.unique(minute[within] // _DAY_MIN))
    same_hours = (
        n_days >= MIN_DAYS and within.mean() >= TIMES_OTHERS * share_of_others and 2 * within.sum() >= len(within)
    )
    chosen = within | recurs if same_hours else recurs
    covered, half = covering(case, _those(objects, chosen))
    return Check(name, detail, fits=half, covered=covered, held_fixed_by_synchrony=True)


def _those(objects: list[SharedObject], chosen: NDArray[np.bool_]) -> list[SharedObject]:
    return [o for o, take in zip(objects, chosen.tolist(), strict=True) if take]


def _two_hours(case: Case, minute: NDArray[np.int64]) -> tuple[int, NDArray[np.bool_], float]:
    """(first hour of the busiest two, which objects began in them, share of the other posts that were made in them)."""
    others = [0] * 24
    for absolute, n in case.data.posts_per_hour.items():
        others[absolute % 24] += n
    for post in case.posts.values():
        others[post.at_us // _MINUTE_US // 60 % 24] -= 1
    hour = minute // 60 % 24
    n_began = np.bincount(hour, minlength=24)
    first = max(range(24), key=lambda h: (sum(int(n_began[(h + k) % 24]) for k in range(WIDTH_H)), -h))
    span = [(first + k) % 24 for k in range(WIDTH_H)]
    return first, np.isin(hour, span), sum(others[h] for h in span) / max(1, sum(others))


def _recurring(minute: NDArray[np.int64]) -> NDArray[np.bool_]:
    """[n] whether, on other days than its own, others began within a quarter of an hour of the same time of day: on three days and a third
    of all, and three times as many as in the half hours before and after."""
    day, of_day = minute // _DAY_MIN, minute % _DAY_MIN
    n_days = len(np.unique(day))
    out = np.zeros(len(minute), dtype=np.bool_)
    for k in range(len(minute)):
        apart = np.abs(of_day - of_day[k])
        apart = np.minimum(apart, _DAY_MIN - apart)
        other_day = day != day[k]
        here = other_day & (apart <= SPELL_MIN)
        n_around = np.count_nonzero(other_day & (apart > SPELL_MIN) & (apart <= 3 * SPELL_MIN)) / 2
        often = len(np.unique(day[here])) >= max(MIN_DAYS, OF_DAYS_0_1 * (n_days - 1))
        out[k] = often and np.count_nonzero(here) >= TIMES_AROUND * n_around
    return out
