"""Organisations the user vouches for: a file of account ids, handles or domains."""

import csv
from dataclasses import dataclass
from pathlib import Path

from houselights.core.errors import HouselightsError
from houselights.findings.casefile import Case
from houselights.findings.explanations.sites import domains, registrable_domain
from houselights.findings.explanations.weighing import Check, covering
from houselights.findings.wording import of

MOSTLY_0_1 = 0.5
_HEADINGS = frozenset(
    [
        "id",
        "account",
        "account_id",
        "author_id",
        "user_id",
        "handle",
        "username",
        "screen_name",
        "domain",
        "site",
        "url",
        "name",
    ]
)


@dataclass(frozen=True)
class Vouched:
    ids: frozenset[str]
    names: frozenset[str]  # handles and domains, casefolded, without @

    @classmethod
    def read(cls, path: Path) -> "Vouched":
        """One organisation a line, or CSV; lines that begin with '#' are comments. Raises HouselightsError."""
        try:
            with open(path, encoding="utf-8-sig", errors="replace", newline="") as file:
                rows = [[c.strip() for c in row] for row in csv.reader(line.replace("\0", "") for line in file)]
        except (OSError, csv.Error) as exc:
            raise HouselightsError(
                f"{path}: the file of known organisations cannot be read ({exc}); check --known"
            ) from exc
        rows = [[c for c in row if c] for row in rows if row and not row[0].startswith("#")]
        if rows and all(c.casefold() in _HEADINGS for c in rows[0]):
            rows = rows[1:]
        cells = {c for row in rows for c in row}
        names = {c.removeprefix("@").casefold() for c in cells}
        sites = {d for c in cells if "." in c and (d := registrable_domain(c.casefold())) is not None}
        return cls(frozenset(cells), frozenset(names | sites))


def known_organisation(case: Case, vouched: Vouched | None) -> Check:
    """Every coincidence of an object involves a vouched account, or the object links to a vouched site."""
    name = "organisation the user vouches for"
    if vouched is None:
        return Check(name, "Could not be tested: no file of known organisations was given with --known.", tested=False)
    accounts = {
        a
        for a in case.accounts
        if a in vouched.ids or (case.handles.get(a, (None, None))[0] or "").casefold() in vouched.names - {""}
    }
    objects = [
        o
        for o in case.objects.values()
        if all(p.a[1] in accounts or p.b[1] in accounts for p in o.pairs) or domains(case, o) & vouched.names
    ]
    covered, half = covering(case, objects)
    detail = (
        f"{of(len(accounts), len(case.accounts), 'account')} found on the user's list; "
        f"{of(len(objects), len(case.objects), 'shared object')} came from there or led to a site on it."
    )
    mostly = len(accounts) >= MOSTLY_0_1 * len(case.accounts) if case.accounts else False
    return Check(name, detail, True, half or (bool(objects) and mostly), covered, may_fit_in_part=True)
