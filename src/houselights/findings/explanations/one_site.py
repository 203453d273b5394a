"""Followers or promoters of one site: who follows a busy feed shares its new items soon, and others come to them later."""

from collections import Counter

from houselights.findings.casefile import Case, SharedObject
from houselights.findings.explanations.sites import NO_SITE, most_linked_site
from houselights.findings.explanations.weighing import Check, untestable
from houselights.findings.wording import count, of

PUBLIC_0_1 = 0.5
"""Of the site's items that a public must share too: what nobody else shares is no feed that people follow."""
ATTACHED_0_1 = 0.2
"""Who shares more of the items than this belongs to the site rather than to its public."""
ATTACHED_MIN = 2  # items that anybody may share


def one_site(case: Case) -> Check:
    """At least half of the shared objects link to one site, and a public shares most of these too: people who come to single items, at
    least as many as the group has accounts, so that a few helpers who repeat everything are no public. Timing alone cannot tell
    the site's followers from a group that pushes it, so it is described; like fans of one author, unless synchrony was confirmed."""
    name = "followers of one site"
    if not case.data.n_with_links:
        return untestable(name, "links")
    _, objects = most_linked_site(case)
    if not objects:
        return Check(name, NO_SITE)
    public, n_items = _public(objects)
    detail = (
        f"{of(len(objects), len(case.objects), 'shared object')} linked to one site; {count(public, 'account')} outside the group, "
        f"none with more than a few of them, shared {n_items} of {count(len(objects), 'such object')} too."
    )
    fits = (
        2 * len(objects) >= len(case.objects) and n_items >= PUBLIC_0_1 * len(objects) and public >= len(case.accounts)
    )
    return Check(name, detail, fits=fits, covered=frozenset(o.object_id for o in objects), held_fixed_by_synchrony=True)


def _public(objects: list[SharedObject]) -> tuple[int, int]:
    """(accounts outside the group that share a few of the objects, objects that at least one of them shares)."""
    n_shared = Counter(a for o in objects for a in o.some_outside)
    public = {a for a, n in n_shared.items() if n <= max(ATTACHED_MIN, ATTACHED_0_1 * len(objects))}
    return len(public), sum(bool(public & o.some_outside) for o in objects)
