"""Whose posts count as a group's: the accounts of findings that passed."""

import json
from pathlib import Path
from typing import Any

import duckdb

from houselights.core.paths import in_sql
from houselights.core.tables import MEMBERS

TIERS = ("observed", "strong", "reviewed")
"""Described ones do not count: an innocent explanation fits them."""


def findings(run_dir: Path) -> list[dict[str, Any]]:
    """Those of tier observed or better; none where nothing was looked for."""
    path = run_dir / "findings.json"
    if not path.is_file():
        return []
    return [f for f in json.loads(path.read_text(encoding="utf-8")) if f.get("tier") in TIERS]


def members(con: duckdb.DuckDBPyConnection, run_dir: Path) -> list[tuple[str, str, str, float]]:
    """(finding_id, account_id, role, membership_probability): of resolved findings the core, whose members passed a test of their own; of others
    all that are listed but sources. In order."""
    kept = findings(run_dir)
    if not kept or not (run_dir / MEMBERS.file).is_file():
        return []
    rows: list[tuple[str, str, str, float]] = con.execute(
        f"""SELECT finding_id, account_id, role, membership_probability FROM read_parquet({in_sql(run_dir / MEMBERS.file)})
        WHERE (role = 'core' OR role = 'periphery' AND NOT list_contains($resolved, finding_id))
        AND list_contains($ids, finding_id) ORDER BY finding_id, account_id""",
        {
            "ids": [str(f["finding_id"]) for f in kept],
            "resolved": sorted(str(f["finding_id"]) for f in kept if f.get("resolved")),
        },
    ).fetchall()
    return rows
