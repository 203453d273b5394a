"""Four CSV files: findings, accounts, evidence, highlights. No cell is ever a formula."""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from houselights.core import tables
from houselights.outlets.hostile import csv_cell
from houselights.records import Shown
from houselights.results import Results

FINDING_COLUMNS = (
    "finding_id", "tier", "resolved", "n_accounts", "n_core", "n_posts", "n_objects", "first_at", "last_at",
    "observed", "expected", "p_value", "q_value", "window_s", "sentence",
)  # fmt: skip
MEMBER_COLUMNS = ("finding_id", "account", "named", "role", "n_events", "p_value")
EVIDENCE_COLUMNS = tuple(c.name for c in tables.EVIDENCE.columns)
HIGHLIGHT_COLUMNS = tuple(c.name for c in tables.HIGHLIGHTS.columns)


def write(results: Results, out_dir: Path) -> list[Path]:
    """Writes findings.csv, members.csv, evidence.csv and highlights.csv (UTF-8 with a byte-order mark, for
    spreadsheets)."""
    out_dir.mkdir(parents=True, exist_ok=True)
    shown = {str(f["finding_id"]): results.shown(str(f["finding_id"])) for f in results.findings}
    highlights = results.table(tables.HIGHLIGHTS).to_pylist()
    return [
        _file(out_dir / "findings.csv", FINDING_COLUMNS, results.findings),
        _file(out_dir / "members.csv", MEMBER_COLUMNS, _members(results, shown)),
        _file(out_dir / "evidence.csv", EVIDENCE_COLUMNS, _evidence(results, shown)),
        _file(out_dir / "highlights.csv", HIGHLIGHT_COLUMNS, highlights),
    ]


def _members(results: Results, shown: dict[str, dict[str, Shown]]) -> Iterable[dict[str, Any]]:
    for finding_id, accounts in shown.items():
        for row in results.members(finding_id):
            who = accounts[row["account_id"]]
            yield row | {"account": who.label, "named": who.named}


def _evidence(results: Results, shown: dict[str, dict[str, Shown]]) -> Iterable[dict[str, Any]]:
    for finding_id, accounts in shown.items():
        for row in results.evidence(finding_id).to_pylist():
            names = {side: accounts[row[side]].label for side in ("account_a", "account_b") if row[side] in accounts}
            yield row | {"account_a": "not listed", "account_b": "not listed"} | names


def _file(path: Path, columns: Sequence[str], rows: Iterable[dict[str, Any]]) -> Path:
    beside = path.with_name(path.name + ".part")
    with beside.open("w", encoding="utf-8-sig", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(columns)
        writer.writerows([csv_cell(row.get(c)) for c in columns] for row in rows)
    beside.replace(path)
    return path
