"""What an explanation may take away: it demotes a finding only if the evidence outside what it covers no longer
confirms the group.

Otherwise boosting one author, or posting one petition, would be a licence for everything else.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from houselights.findings.casefile import Case, SharedObject
from houselights.findings.wording import of, probability


@dataclass(frozen=True)
class Check:
    """Outcome of one explanation's own criterion."""

    name: str
    detail: str  # plain words with numbers; never an account name or anybody's text
    tested: bool = True
    fits: bool = False
    covered: frozenset[str] = frozenset()  # ids of the shared objects it would account for
    may_fit_in_part: bool = False  # fits as well where it covers less, if the rest no longer confirms
    held_fixed_by_synchrony: bool = (
        False  # acts alike on everybody who shares the object, and the synchrony null conditions on that
    )


@dataclass(frozen=True)
class Weighed:
    name: str
    tested: bool
    fits: bool
    demotes: bool
    detail: str
    leaves_synchrony_only: bool = False  # it takes the other channels' evidence away, and the synchrony channel's not


def untestable(name: str, lacks: str) -> Check:
    """`lacks`: what the data has not got, as a noun in the plural ("links")."""
    return Check(name, f"Could not be tested: this data has no {lacks}.", tested=False)


def covering(case: Case, objects: Sequence[SharedObject]) -> tuple[frozenset[str], bool]:
    """(ids of the objects, whether they are at least half of the group's shared objects)."""
    return frozenset(o.object_id for o in objects), bool(objects) and 2 * len(objects) >= len(case.objects)


def weigh(case: Case, checks: Sequence[Check]) -> list[Weighed]:
    """Retests the group without what each explanation covers: what is left still confirms if it would have been a discovery by itself,
    in the same search. Explanations that fit but leave enough evidence each are also retested together."""
    rest_p = case.group.rest_p
    p_of: dict[frozenset[str], float] = {}

    def p_without(covered: frozenset[str]) -> float:
        if covered >= case.object_ids:
            return 1.0
        if covered not in p_of:
            p = float(case.group.retest(covered))
            p_of[covered] = 1.0 if math.isnan(p) else p
        return p_of[covered]

    out = []
    for check in checks:
        if not check.covered or not (check.fits or check.may_fit_in_part):
            out.append(Weighed(check.name, check.tested, False, False, check.detail))
            continue
        p = p_without(check.covered)
        gone, held = p > rest_p, _held(case, check)
        detail = f"{check.detail} {_outcome(case, check, p)}"
        out.append(Weighed(check.name, True, check.fits or gone, gone and not held, detail, gone and held))
    fitting = [c for c, w in zip(checks, out, strict=True) if w.fits and not _held(case, c)]
    if len(fitting) >= 2 and not any(w.demotes for w in out):
        out.extend(_together(case, frozenset().union(*(c.covered for c in fitting)), len(fitting), p_without))
    return out


def _held(case: Case, check: Check) -> bool:
    return check.held_fixed_by_synchrony and "synchrony" in case.group.channels


def _together(
    case: Case, covered: frozenset[str], n: int, p_without: Callable[[frozenset[str]], float]
) -> list[Weighed]:
    p = p_without(covered)
    if p <= case.group.rest_p:
        return []
    detail = (
        f"{n} explanations fit in part and cover {of(len(covered), len(case.object_ids), 'shared object')} "
        f"between them. "
        f"Without these the evidence no longer confirms the group (p = {probability(p)})."
    )
    return [Weighed("several explanations together", True, True, True, detail)]


def _outcome(case: Case, check: Check, p: float) -> str:
    if p <= case.group.rest_p:
        return f"The rest of the evidence still confirms the group (p = {probability(p)}), so the finding stands."
    if _held(case, check):
        return (
            "The synchrony test already allows for this, for everybody who shared the same objects, and was passed, "
            "so the finding stands."
        )
    if check.covered >= case.object_ids:
        return "No other evidence is left."
    return f"Without these objects the evidence no longer confirms the group (p = {probability(p)})."
