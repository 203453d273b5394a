"""The demo's last word: what was planted, what was found, and which look-alikes were left in peace."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from houselights.core import tables
from houselights.outlets import summary, wording
from houselights.results import NAMING_TIERS, Results

ENOUGH_0_1 = 0.5  # a planted group counts as found when half of it is listed in one finding


@dataclass(frozen=True)
class Told:
    """One group of the world: how many of its accounts some finding of tier observed or better lists, and how many are
    named."""

    group: str
    kind: str
    planted: bool
    n_accounts: int
    n_listed: int
    n_named: int
    finding_id: str | None  # the finding that lists most of it

    @property
    def verdict(self) -> str:
        if self.planted:
            found = "found" if self.n_listed >= ENOUGH_0_1 * self.n_accounts else "not found"
            return found if self.n_named or found == "not found" else "found, nobody named"
        return "left in peace" if not self.n_named else f"{self.n_named:,} named: an error"


def compare(results: Results, world_dir: Path) -> list[Told]:
    """Truth of the simulated world against the findings; planted groups first, then look-alikes, then ordinary
    accounts."""
    truth = pq.read_table(world_dir / tables.TRUTH.file).to_pylist()
    listed, named = _accounts(results)
    groups: dict[tuple[bool, str, str], set[str]] = {}
    for row in truth:
        planted = row["role"] == "campaign"
        group = row["group_id"] or "everybody else"
        kind = row["tactic"] or "ordinary life"
        groups.setdefault((not planted, "~" if row["group_id"] is None else group, kind), set()).add(row["account_id"])
    out = []
    for (innocent, group, kind), accounts in sorted(groups.items()):
        best = max(sorted(listed), key=lambda f: len(listed[f] & accounts), default=None)
        everywhere = set().union(*listed.values()) if listed else set()
        touched = best is not None and bool(listed[best] & accounts)
        out.append(
            Told(
                "everybody else" if group == "~" else group,
                kind.replace("_", " "),
                not innocent,
                len(accounts),
                len(everywhere & accounts),
                len(named & accounts),
                best if touched else None,
            )
        )
    return out


def _accounts(results: Results) -> tuple[dict[str, set[str]], set[str]]:
    """Accounts listed per finding of tier observed or better (sources left out), and those named as core in any."""
    listed, named = {}, set()
    for finding in results.findings:
        if finding.get("tier") not in NAMING_TIERS:
            continue
        shown = results.shown(str(finding["finding_id"]))
        listed[str(finding["finding_id"])] = {a for a, s in shown.items() if s.role != "source"}
        named |= {a for a, s in shown.items() if s.named and s.role == "core"}
    return listed, named


def show(told: Iterable[Told], out: Console) -> None:
    out.print(Text("\nThis world is simulated, so the truth is known:", style="bold"))
    table = Table(box=box.SIMPLE, show_edge=False, pad_edge=False)
    for name, justify in (
        ("group", "left"),
        ("accounts", "right"),
        ("listed", "right"),
        ("named", "right"),
        ("", "left"),
    ):
        table.add_column(name, justify=justify)  # type: ignore[arg-type]
    for t in told:
        what = f"planted: {t.kind}" if t.planted else t.kind if t.kind == "ordinary life" else f"look-alike: {t.kind}"
        table.add_row(what, f"{t.n_accounts:,}", f"{t.n_listed:,}", f"{t.n_named:,}", t.verdict)
    out.print(table)


def as_json(results: Results, report: Path, told: list[Told]) -> str:
    whole: dict[str, Any] = json.loads(summary.as_json(results, report, 0))
    whole["truth"] = [asdict(t) | {"verdict": t.verdict} for t in told]
    whole["found"] = len(wording.passed(results.findings))
    return summary.dumps(whole)
