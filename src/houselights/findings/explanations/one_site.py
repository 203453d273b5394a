"""Followers or promoters of one site: who follows a busy feed shares its new items soon, and others come to them later."""

from collections import defaultdict

from houselights.findings.casefile import Case, SharedObject
from houselights.findings.explanations.sites import COMMON_GROUND, domains
from houselights.findings.explanations.weighing import Check, untestable
from houselights.findings.wording import count, of

ALSO_OUTSIDE_0_1 = 0.5
"""Of the site's items: what hardly anybody else shares has no public, and is no feed that people follow."""


def one_site(case: Case) -> Check:
    """At least half of the shared objects link to one site, and other people share most of these too. Timing alone cannot tell its
    followers from a group that pushes it, so it is described; like the fans of one author, unless synchrony was confirmed."""
    name = "followers of one site"
    if not case.data.n_with_links:
        return untestable(name, "links")
    of_site: dict[str, list[SharedObject]] = defaultdict(list)
    for shared in case.objects.values():
        for domain in domains(case, shared) - COMMON_GROUND:
            of_site[domain].append(shared)
    if not of_site:
        return Check(name, "The shared objects carry no links to a site of its own.")
    _, objects = min(of_site.items(), key=lambda item: (-len(item[1]), item[0]))
    n_outside = sum(o.n_outside > 0 for o in objects)
    detail = (
        f"{of(len(objects), len(case.objects), 'shared object')} linked to one site; accounts outside the group shared "
        f"{n_outside} of {count(len(objects), 'such object')} too."
    )
    fits = 2 * len(objects) >= len(case.objects) and n_outside >= ALSO_OUTSIDE_0_1 * len(objects)
    return Check(name, detail, fits=fits, covered=frozenset(o.object_id for o in objects), held_fixed_by_synchrony=True)
