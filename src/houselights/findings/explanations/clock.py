"""Scheduling tools fire at round minutes: two accounts that use one meet there without knowing of each other."""

from scipy.stats import binom

from houselights.findings.casefile import PRECISION_ORDER, Case, Post
from houselights.findings.explanations.weighing import Check, covering
from houselights.findings.wording import of, percent, probability

_MINUTE_US = 60_000_000
LEVEL = 0.01  # two tests on every finding: one in fifty would pass by chance, and passing only opens the retest


def round_minutes(case: Case) -> Check:
    """First posts of the shared objects fall at minutes divisible by 5 more often than one in five, and more often
    than the rest of
    this data (binomial tests; one post per object, since the others follow it)."""
    name = "scheduling at round minutes"
    if PRECISION_ORDER.index(case.precision) > PRECISION_ORDER.index("min"):
        return Check(name, "Could not be tested: this data has no minutes in its times.", tested=False)
    firsts = [min(case.posts_of(o), key=lambda p: (p.at_us, p.ref)) for o in case.objects.values()]
    n, n_round = len(firsts), sum(map(_is_round, firsts))
    own_round = sum(map(_is_round, case.posts.values()))
    others = case.data.n_minute_known - len(case.posts)
    background = (case.data.n_round_minute - own_round) / others if others > 0 else 0.2
    p = max(float(binom.sf(n_round - 1, n, chance)) for chance in (0.2, min(max(background, 0.0), 1.0)))
    detail = (
        f"{of(n_round, n, 'shared object')} began at a minute divisible by 5 ({percent(n_round / n)}); "
        f"of the other posts in this data {percent(background)} were (p = {probability(p)})."
    )
    clocked = [o for o in case.objects.values() if 2 * sum(map(_is_round, case.posts_of(o))) >= len(o.posts)]
    covered, half = covering(case, clocked)
    return Check(name, detail, fits=p < LEVEL and half, covered=covered)


def _is_round(post: Post) -> bool:
    return post.at_us // _MINUTE_US % 5 == 0
