"""Two runs side by side: which patterns appeared, grew, stayed, faded or are gone."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from houselights.outlets import wording
from houselights.outlets.hostile import terminal
from houselights.results import Results

if TYPE_CHECKING:
    from rich.console import Console

SAME_ACCOUNTS_0_1 = 0.5  # Jaccard: under it a pattern of other accounts is another pattern
GREW, FADED = 1.1, 0.9  # posts of the later run per post of the earlier
CHANGES = ("appeared", "grew", "stayed", "faded", "gone")
MEANING = (
    "A pattern is the same where it has the same id, or where at least half of the accounts of both are in both. It grew or faded where its "
    "posts became a tenth more or fewer. A pattern that is gone may have stopped, or its posts are not in the second run's data."
)


def compare(a: Results, b: Results) -> dict[str, Any]:
    """What became of every finding of run `a` in run `b`, and which of `b` are new; the strongest of `b` first, then what is gone."""
    pairs = _pairs(a, b)
    of_a = {str(f["finding_id"]): f for f in a.findings}
    rows = [
        _row(of_a.get(pairs[i]) if (i := str(f["finding_id"])) in pairs else None, f, _overlap_of(a, b, pairs, i))
        for f in b.findings
    ]
    left = set(of_a) - set(pairs.values())
    rows += [_row(f, None, None) | {"in_period": _in_period(f, b)} for f in a.findings if str(f["finding_id"]) in left]
    n = {change: sum(r["change"] == change for r in rows) for change in CHANGES}
    return {"sentence": sentence(n), "counts": n, "findings": rows, "data": [_data(a), _data(b)]}


def sentence(n: Mapping[str, int]) -> str:
    if not any(n.values()):
        return "Neither run found a pattern."
    told = {
        "appeared": "appeared",
        "grew": "grew",
        "stayed": "stayed as they were",
        "faded": "faded",
        "gone": "are gone",
    }
    parts = [f"{n[change]:,} {words}" for change, words in told.items() if n[change]]
    return f"Of {wording.count(sum(n.values()), 'pattern')} of both runs, {wording.listing(parts)}."


def _pairs(a: Results, b: Results) -> dict[str, str]:
    """Id in `b` -> id in `a`: the same id first, then the largest share of common accounts, each finding once."""
    mine, theirs = _accounts(a), _accounts(b)
    out = {i: i for i in theirs if i in mine}
    rest_a, rest_b = set(mine) - set(out), set(theirs) - set(out)
    near = sorted(
        ((_jaccard(mine[x], theirs[y]), x, y) for x in rest_a for y in rest_b if mine[x] & theirs[y]),
        key=lambda t: (-t[0], t[1], t[2]),
    )
    for share, x, y in near:
        if share >= SAME_ACCOUNTS_0_1 and x in rest_a and y in rest_b:
            out[y] = x
            rest_a.remove(x)
            rest_b.remove(y)
    return out


def _accounts(results: Results) -> dict[str, frozenset[str]]:
    return {
        i: frozenset(m["account_id"] for m in results.members(i) if m["role"] != "source")
        for i in (str(f["finding_id"]) for f in results.findings)
    }


def _jaccard(x: frozenset[str], y: frozenset[str]) -> float:
    return len(x & y) / len(x | y) if x or y else 0.0


def _overlap_of(a: Results, b: Results, pairs: Mapping[str, str], finding_id: str) -> dict[str, int] | None:
    """Accounts in both, come and left, of a finding that both runs have."""
    if finding_id not in pairs:
        return None
    old, new = (
        frozenset(m["account_id"] for m in r.members(i) if m["role"] != "source")
        for r, i in ((a, pairs[finding_id]), (b, finding_id))
    )
    return {"both": len(old & new), "came": len(new - old), "left": len(old - new)}


def _row(old: dict[str, Any] | None, new: dict[str, Any] | None, accounts: dict[str, int] | None) -> dict[str, Any]:
    shown = new or old or {}
    return {
        "change": _change(old, new),
        "finding_id": str(shown["finding_id"]),
        "earlier_id": str(old["finding_id"]) if old else None,
        "sentence": wording.told(shown)[0],
        "tiers": [str(f.get("tier")) if f else None for f in (old, new)],
        "n_accounts": [int(f.get("n_accounts") or 0) if f else None for f in (old, new)],
        "n_posts": [int(f.get("n_posts") or 0) if f else None for f in (old, new)],
        "span": wording.span(shown.get("first_at"), shown.get("last_at")),
        "accounts": accounts,
        "in_period": None,
    }


def _change(old: dict[str, Any] | None, new: dict[str, Any] | None) -> str:
    if old is None:
        return "appeared"
    if new is None:
        return "gone"
    before, after = int(old.get("n_posts") or 0), int(new.get("n_posts") or 0)
    if after > GREW * before:
        return "grew"
    return "faded" if after < FADED * before else "stayed"


def _in_period(finding: dict[str, Any], results: Results) -> bool | None:
    """Whether its time lies within the data of the other run: only then does its absence say something."""
    first, last = wording.when(finding.get("first_at")), wording.when(finding.get("last_at"))
    low, high = results.counts["first_at"], results.counts["last_at"]
    if first is None or last is None or low is None:
        return None
    return bool(low <= first and last <= high)


def _data(results: Results) -> dict[str, Any]:
    c = results.counts
    return {
        "run": results.run_dir.resolve().name,
        "posts": c["posts"],
        "accounts": c["accounts"],
        "period": wording.span(c["first_at"], c["last_at"]),
        "rate_0_1": wording.rate(results),
        "version": str(results.manifest.get("version") or "unknown"),
    }


def show(told: dict[str, Any], out: "Console") -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    out.print(Text(terminal(told["sentence"]), style="bold"))
    table = Table(box=box.SIMPLE, show_edge=False, pad_edge=False)
    for name in ("finding", "change", "tier", "accounts", "posts"):
        table.add_column(name)
    for r in told["findings"]:
        cells = [_both(r[k]) for k in ("tiers", "n_accounts", "n_posts")]
        table.add_row(terminal(r["finding_id"]), r["change"], *cells)
    if told["findings"]:
        out.print(table)
    for d in told["data"]:
        posts = f"{wording.count(d['posts'], 'post')} by {wording.count(d['accounts'], 'account')}, {d['period']}"
        out.print(Text(f"{terminal(d['run'])}: {posts}"))
    out.print(Text(MEANING))


def _both(values: list[Any]) -> str:
    """ "observed", "118 to 130", "- to 20"."""
    said = ["-" if v is None else f"{v:,}" if isinstance(v, int) else terminal(str(v)) for v in values]
    return said[0] if said[0] == said[1] else f"{said[0]} to {said[1]}"
