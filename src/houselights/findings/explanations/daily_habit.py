"""A daily habit: who reads the same feed at breakfast every morning shares its links in the same minutes, day after day."""

from houselights.findings.casefile import Case, SharedObject
from houselights.findings.explanations.weighing import Check, covering
from houselights.findings.wording import of, percent

_HOUR_US = 3_600_000_000
WIDTH_H = 2
MIN_DAYS = 3  # fewer mornings are no habit
TIMES_OTHERS = 2.0  # where everybody keeps these hours, the chance level is measured at them already


def daily_habit(case: Case) -> Check:
    """At least half of the shared objects begin in the same two hours of the day, on several days, and the rest of the data
    does not keep those hours."""
    name = "a daily habit"
    if case.precision == "day":
        return Check(name, "Could not be tested: this data has no hours in its times.", tested=False)
    by_hour: list[list[tuple[int, SharedObject]]] = [[] for _ in range(24)]
    for shared in case.objects.values():
        day, hour = divmod(min(p.at_us for p in case.posts_of(shared)) // _HOUR_US, 24)
        by_hour[hour].append((day, shared))
    others = [0] * 24
    for absolute, n in case.data.posts_per_hour.items():
        others[absolute % 24] += n
    for post in case.posts.values():
        others[post.at_us // _HOUR_US % 24] -= 1
    first = max(range(24), key=lambda h: (sum(len(by_hour[(h + k) % 24]) for k in range(WIDTH_H)), -h))
    span = [(first + k) % 24 for k in range(WIDTH_H)]
    inside = [item for h in span for item in by_hour[h]]
    share = len(inside) / max(1, len(case.objects))
    share_of_others = sum(others[h] for h in span) / max(1, sum(others))
    covered, half = covering(case, [shared for _, shared in inside])
    detail = (
        f"{of(len(inside), len(case.objects), 'shared object')} began between {first:02d}:00 and "
        f"{(first + WIDTH_H) % 24:02d}:00 UTC ({percent(share)}); of the other posts in this data "
        f"{percent(share_of_others)} were made in these hours."
    )
    daily = len({day for day, _ in inside}) >= MIN_DAYS and share >= TIMES_OTHERS * share_of_others
    return Check(name, detail, fits=half and daily, covered=covered, held_fixed_by_synchrony=True)
