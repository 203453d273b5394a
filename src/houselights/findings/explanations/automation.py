"""Accounts that say themselves that a machine posts there: feed readers, alert services."""

import re

from houselights.findings.casefile import Case
from houselights.findings.explanations.weighing import Check, covering, untestable
from houselights.findings.wording import of

_DECLARED = frozenset(
    [
        "bot",
        "bots",
        "robot",
        "auto",
        "automated",
        "automatic",
        "automatically",
        "automatisch",
        "autobot",
        "feed",
        "feeds",
        "rss",
        "newsfeed",
    ]
)
_RELAYS = frozenset(("ifttt", "dlvr.it", "zapier", "twitterfeed", "feedburner", "hootfeed", "rss.app", "echobox"))
_TOKEN = re.compile(r"[A-Z]?[^\W\d_A-Z]+|[A-Z]+(?![^\W\d_A-Z])")
# "newsbot", "quakebot": written together, these words stay recognisable, while surnames like Talbot and Abbot do not
# match.
_JOINED = re.compile(
    r"(?:news|weather|quake|alert|info|price|quote|word|traffic|stats?|feed|auto|rss|tweet|poem|photo)(?:bot|feed|rss)s?$"
)


def declares(text: str | None) -> bool:
    """Whether a handle, a display name or a client says that it is automatic."""
    if not text:
        return False
    tokens = [t.casefold() for t in _TOKEN.findall(text)]
    return any(t in _DECLARED or _JOINED.search(t) for t in tokens)


def declared_automation(case: Case) -> Check:
    """Objects on which every coincidence involves an account or a client that declares itself automatic."""
    name = "automated by own declaration"
    if not (case.data.n_with_handles or case.data.n_with_clients or any(n for _, n in case.handles.values())):
        return untestable(name, "handles, display names or clients")
    declared = {a for a, (handle, display) in case.handles.items() if declares(handle) or declares(display)}
    by_client = {
        r for r, p in case.posts.items() if p.client and (declares(p.client) or p.client.casefold() in _RELAYS)
    }
    marked = {r for r, p in case.posts.items() if p.account_id in declared} | by_client
    objects = [o for o in case.objects.values() if all(p.a in marked or p.b in marked for p in o.pairs)]
    accounts = {r[1] for r in marked}
    covered, half = covering(case, objects)
    detail = (
        f"{of(len(accounts), len(case.accounts), 'account')} declared to be automated "
        f"(handle, display name or "
        f"client); {of(len(objects), len(case.objects), 'shared object')} rested on them."
    )
    return Check(name, detail, True, half, covered, may_fit_in_part=True)
