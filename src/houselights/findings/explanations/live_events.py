"""A few live events: who watches the same match shares its moments in the same minute, and sits down again for the next one."""

from itertools import pairwise

from houselights.findings.casefile import Case, SharedObject
from houselights.findings.explanations.weighing import Check, covering
from houselights.findings.wording import count, of, percent

_HOUR_US = 3_600_000_000
LONGEST_H = 4  # a match, a debate, a show
MIN_MOMENTS = (
    3  # that make an occasion of one evening; what began within the window of another thing is the same moment
)
MOST_OCCASIONS = 12
MOST_OF_TIME_0_1 = 0.1
"""Share of the data's hours. Who is in step at one hour in ten is at work, not at a match."""


def live_events(case: Case) -> Check:
    """At least half of the shared objects lie in a few short occasions, each with several moments."""
    name = "a few live events"
    if case.precision == "day":
        return Check(name, "Could not be tested: this data has no hours in its times.", tested=False)
    found = [o for o in _occasions(case) if _n_moments(case, o) >= MIN_MOMENTS]
    n_hours = max(case.data.posts_per_hour, default=0) - min(case.data.posts_per_hour, default=0) + 1
    of_time = sum(len({_hour(case, shared) for shared in o}) for o in found) / n_hours
    covered, half = covering(case, [shared for o in found for shared in o])
    detail = (
        f"{of(len(covered), len(case.object_ids), 'shared object')} began in {count(len(found), 'occasion')} of "
        f"up to {LONGEST_H} hours with {MIN_MOMENTS} or more moments each, "
        f"which together took {percent(of_time)} of the time."
    )
    few = len(found) <= MOST_OCCASIONS and of_time <= MOST_OF_TIME_0_1
    return Check(name, detail, fits=half and few, covered=covered, held_fixed_by_synchrony=True)


def _began_us(case: Case, shared: SharedObject) -> int:
    return min(p.at_us for p in case.posts_of(shared))


def _hour(case: Case, shared: SharedObject) -> int:
    return _began_us(case, shared) // _HOUR_US


def _n_moments(case: Case, occasion: list[SharedObject]) -> int:
    """One burst may leave several shared things: a message, and texts that two of its wordings have in common."""
    began = sorted(_began_us(case, shared) for shared in occasion)
    return 1 + sum(b - a > case.group.window_s * 1e6 for a, b in pairwise(began))


def _occasions(case: Case) -> list[list[SharedObject]]:
    """Runs of hours, at most one idle hour between two, in which shared objects began; runs that last longer are no occasion."""
    runs: list[list[tuple[int, SharedObject]]] = []
    ordered = sorted(((_hour(case, o), o) for o in case.objects.values()), key=lambda item: item[0])
    for hour, shared in ordered:
        if runs and hour - runs[-1][-1][0] <= 2:
            runs[-1].append((hour, shared))
        else:
            runs.append([(hour, shared)])
    return [[shared for _, shared in run] for run in runs if run[-1][0] - run[0][0] < LONGEST_H]
