"""Whose site a link leads to."""

from collections import Counter, defaultdict
from urllib.parse import urlsplit

from houselights.findings.casefile import Case, SharedObject

_SECOND_LEVEL = frozenset(("ac", "co", "com", "edu", "gob", "gouv", "gov", "go", "mil", "ne", "net", "or", "org"))

# Everybody links to these: short links and platforms have many owners behind them, so they are nobody's outlet.
COMMON_GROUND = frozenset(
    (
        *(
            "t.co",
            "bit.ly",
            "goo.gl",
            "tinyurl.com",
            "ow.ly",
            "buff.ly",
            "dlvr.it",
            "ift.tt",
            "is.gd",
            "fb.me",
            "lnkd.in",
        ),
        *(
            "x.com",
            "twitter.com",
            "facebook.com",
            "instagram.com",
            "youtube.com",
            "youtu.be",
            "tiktok.com",
            "vk.com",
            "t.me",
        ),
        *("reddit.com", "tumblr.com", "medium.com", "blogspot.com", "wordpress.com", "substack.com", "livejournal.com"),
        *("google.com", "telegram.org", "linkedin.com", "pinterest.com", "bsky.app", "change.org", "wikipedia.org"),
    )
)


def registrable_domain(url: str) -> str | None:
    """The domain somebody registers: the last two labels, three under a two-letter country with a second level
    ("co.uk")."""
    try:
        host = urlsplit(url if "//" in url else f"//{url}").hostname
    except ValueError:
        return None
    if not host or "." not in host.strip("."):
        return None
    labels = host.strip(".").removeprefix("www.").split(".")
    deep = len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in _SECOND_LEVEL
    return ".".join(labels[-3 if deep else -2 :])


def domains(case: Case, shared: SharedObject) -> set[str]:
    """Sites that at least half of the object's evidence posts link to."""
    if shared.kind == "link":
        own = registrable_domain(shared.object_id)
        return {own} if own else set()
    found: Counter[str] = Counter()
    for post in case.posts_of(shared):
        found.update({d for d in map(registrable_domain, links(case, post.ref)) if d})
    return {d for d, n in found.items() if 2 * n >= len(shared.posts)}


def links(case: Case, ref: tuple[str, str]) -> set[str]:
    """Links of an evidence post."""
    return {obj for kind, obj in case.traces.get(ref, ()) if kind == "link"} | set(case.posts[ref].urls)


NO_SITE = "The shared objects carry no links to a site of its own."


def most_linked_site(case: Case) -> tuple[str, list[SharedObject]]:
    """The site, nobody's common ground, that most of the shared objects link to, and these objects; none where there is no such site."""
    of_site: dict[str, list[SharedObject]] = defaultdict(list)
    for shared in case.objects.values():
        for domain in domains(case, shared) - COMMON_GROUND:
            of_site[domain].append(shared)
    return min(of_site.items(), key=lambda item: (-len(item[1]), item[0]), default=("", []))
