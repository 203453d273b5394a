"""Whose posts count as a group's: the accounts of findings that passed."""

import json
from pathlib import Path

import pyarrow.parquet as pq

from houselights.core.tables import MEMBERS

TIERS = ("observed", "strong", "reviewed")
"""Described ones do not count: an innocent explanation fits them."""


def accounts(run_dir: Path) -> list[str]:
    """Of resolved findings the core, whose members passed a test of their own; of others all that are listed but sources. In order, each once."""
    findings, members = run_dir / "findings.json", run_dir / MEMBERS.file
    if not (findings.is_file() and members.is_file()):
        return []
    passed = [f for f in json.loads(findings.read_text(encoding="utf-8")) if f.get("tier") in TIERS]
    core_alone = {str(f["finding_id"]): bool(f.get("resolved")) for f in passed}
    rows = pq.read_table(members, columns=["finding_id", "account_id", "role"]).to_pylist()
    counted = {
        r["account_id"]
        for r in rows
        if r["finding_id"] in core_alone
        and (r["role"] == "core" or (r["role"] == "periphery" and not core_alone[r["finding_id"]]))
    }
    return sorted(counted)
