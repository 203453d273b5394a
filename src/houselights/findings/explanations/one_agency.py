"""Papers that print the same agency: one headline, each over a link to the paper's own site."""

from collections import Counter, defaultdict

from houselights.findings.casefile import Case
from houselights.findings.explanations.sites import COMMON_GROUND, links, registrable_domain
from houselights.findings.explanations.weighing import Check, covering, untestable
from houselights.findings.wording import of

OWN_SITE_0_1 = 0.8  # of an account's linked posts that must lead to its own site
MIN_POSTS = 3  # of an account: one link makes no site its own
MAX_ACCOUNTS = 2  # of the group on one site: a paper may have two


def one_agency(case: Case) -> Check:
    """Most of the accounts each link to a site of their own, which hardly another account of the group links to, and at least half of the
    shared objects are texts over such links. A network of made-up papers looks the same: the sites have to be read."""
    name = "papers of one agency"
    if not case.data.n_with_links:
        return untestable(name, "links")
    site_of = _own_sites(case)
    texts = [
        o
        for o in case.objects.values()
        if o.kind == "text" and sum(a in site_of for _, a in o.posts) >= OWN_SITE_0_1 * len(o.posts)
    ]
    covered, half = covering(case, texts)
    detail = (
        f"{of(len(site_of), len(case.accounts), 'account')} linked to a site of their own that at most one other of the group linked "
        f"to; {of(len(texts), len(case.objects), 'shared object')} were texts over such links."
    )
    return Check(name, detail, fits=half and len(site_of) >= OWN_SITE_0_1 * len(case.accounts), covered=covered)


def _own_sites(case: Case) -> dict[str, str]:
    """Account -> the site that nearly all of its evidence posts link to, and at most one other account."""
    linked: dict[str, Counter[str]] = defaultdict(Counter)
    n_posts: Counter[str] = Counter()
    for post in case.posts.values():
        sites = {d for d in map(registrable_domain, links(case, post.ref)) if d} - COMMON_GROUND
        linked[post.account_id].update(sites)
        n_posts[post.account_id] += bool(sites)
    users = Counter(site for counts in linked.values() for site in counts)
    out = {}
    for account, counts in linked.items():
        site, n = min(counts.items(), key=lambda item: (-item[1], item[0]), default=("", 0))
        if n >= max(MIN_POSTS, OWN_SITE_0_1 * n_posts[account]) and users[site] <= MAX_ACCOUNTS:
            out[account] = site
    return out
