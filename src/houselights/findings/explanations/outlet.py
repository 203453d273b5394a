"""One owner behind several accounts, in the open: a newsroom's desks, a company's branches."""

from collections import Counter, defaultdict

from houselights.findings.casefile import Case
from houselights.findings.explanations.handles import Family, family
from houselights.findings.explanations.sites import NO_SITE, most_linked_site
from houselights.findings.explanations.weighing import Check, untestable
from houselights.findings.wording import of, percent

DOMAIN_0_1 = 0.6  # of the shared objects that must link to one site
ORDER_0_1 = 0.9  # of a pair's coincidences that keep its usual order; chance gives .75 at three, less at more
ORDER_MIN_EACH, ORDER_MIN_ALL = 3, 10
FAMILY_0_1 = 0.6  # of the accounts with evidence
RARE_CLIENT_0_1 = 0.01
MIN_SITE_NAME = 4  # letters; a shorter name lies in handles by chance


def same_outlet(case: Case) -> Check:
    """Most shared objects link to one site, and the accounts' handles are near-identical or their order of
    publication is constant."""
    name = "accounts of one outlet"
    if not case.data.n_with_links:
        return untestable(name, "links")
    site, objects = most_linked_site(case)
    if not objects:
        return Check(name, NO_SITE)
    kin, order = _family(case), _order(case)
    alike = kin is not None and not kin.numbered and len(kin.accounts) >= FAMILY_0_1 * len(case.accounts)
    named = _named_after(case, site)
    alike = alike or len(named) >= FAMILY_0_1 * len(case.accounts)
    steady = order is not None and order[0] >= ORDER_0_1 * order[1]
    detail = (
        f"{of(len(objects), len(case.objects), 'shared object')} linked to one site; "
        f"{_handle_words(case, kin)}, {len(named)} carried the site's name; "
        + (
            f"pairs kept their order in {order[0]:,} of {order[1]:,} coincidences."
            if order
            else "too few repeats to test the order."
        )
    )
    fits = len(objects) >= DOMAIN_0_1 * len(case.objects) and (alike or steady)
    return Check(name, detail, fits=fits, covered=frozenset(o.object_id for o in objects))


def same_owner(case: Case) -> Check:
    """Near-identical handles explain only what lies wholly inside the family, and only if that is all the evidence.
    A numbered series
    and a client that nobody else uses are marks of one hand, not of an open owner: reported, never an excuse."""
    name = "accounts of one owner"
    if not case.data.n_with_handles and not case.data.n_with_clients:
        return untestable(name, "handles and no clients")
    kin = _family(case)
    inside = [o for o in case.objects.values() if kin is not None and not kin.numbered and o.accounts <= kin.accounts]
    detail = f"{_handle_words(case, kin).capitalize()}; {_client_words(case)}."
    if kin is not None and kin.numbered:
        detail += " Handles that differ in digits only are no sign of an open owner."
    fits = bool(inside) and len(inside) == len(case.objects)
    return Check(name, detail, fits=fits, covered=frozenset(o.object_id for o in inside))


def _family(case: Case) -> Family | None:
    handles = {a: h for a, (h, _) in case.handles.items() if h and a in case.accounts}
    return family(handles, case.handle_outside) if len(handles) >= 2 else None


def _named_after(case: Case, site: str) -> set[str]:
    """Accounts with evidence whose handle carries the site's own name, as a newsroom's desks do."""
    name = "".join(c for c in site.split(".")[0] if c.isalpha())
    if len(name) < MIN_SITE_NAME:
        return set()
    letters = {
        a: "".join(c for c in (case.handles.get(a, ("", ""))[0] or "").casefold() if c.isalpha()) for a in case.accounts
    }
    return {a for a, handle in letters.items() if name in handle}


def _handle_words(case: Case, kin: Family | None) -> str:
    if not case.data.n_with_handles:
        return "handles could not be compared: this data has no handles"
    n = len(kin.accounts) if kin else 0
    return f"{of(n, len(case.accounts), 'account')} had near-identical handles"


def _client_words(case: Case) -> str:
    if not case.data.n_with_clients:
        return "this data has no clients"
    used = Counter(p.client for p in case.posts.values() if p.client)
    if not used:
        return "no client is known for the shared posts"
    client, n = min(used.items(), key=lambda item: (-item[1], item[0]))
    own = {p.account_id for p in case.posts.values() if p.client == client}
    outside = max(0, case.data.client_accounts.get(client, 0) - len(own))
    share = outside / max(1, case.data.n_accounts - len(case.members))
    rare = " (a rare one: a mark of one hand)" if share < RARE_CLIENT_0_1 and 2 * n >= len(case.posts) else ""
    return (
        f"{percent(n / len(case.posts))} of the shared posts came through one client{rare}, "
        f"which {percent(share)} of the other accounts used"
    )


def _order(case: Case) -> tuple[int, int] | None:
    """(coincidences in their pair's usual order, all) over pairs that meet on three objects or more; None under ten
    of them."""
    first: dict[frozenset[str], dict[str, set[tuple[str, str]]]] = defaultdict(lambda: defaultdict(set))
    for shared in case.objects.values():
        for pair in shared.pairs:
            if pair.delta_s > 0:
                first[frozenset((pair.a[1], pair.b[1]))][pair.a[1]].add(pair.key)
    usual = total = 0
    for ahead in first.values():
        counts = [len(keys) for keys in ahead.values()]
        if sum(counts) >= ORDER_MIN_EACH:
            usual, total = usual + max(counts), total + sum(counts)
    return (usual, total) if total >= ORDER_MIN_ALL else None
