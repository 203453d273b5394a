"""Which findings count, who is in them, and what spike-ins say of each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from houselights.core import counted as passed
from houselights.core.paths import in_sql
from houselights.core.tables import EVIDENCE
from houselights.findings.opinion import reach
from houselights.findings.opinion.estimate import Group
from houselights.findings.opinion.reach import Reach, Row

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Counted:
    """A finding that counts: its accounts with their probabilities, each account in one finding only, and what its recall is taken from."""

    finding_id: str
    tier: str
    tactic: str
    probability: dict[str, float]
    reach: Reach
    resolved: bool = True

    def group(self, volume: Mapping[str, Floats], width: int) -> Group:
        """Accounts with nothing in the topic have weight 0."""
        nothing = np.zeros(width)
        rows = np.array([volume.get(a, nothing) for a in self.probability]).reshape(-1, width)
        here = rows.sum(axis=1) > 0
        q = np.array(list(self.probability.values()), np.float64)
        r = self.reach
        return Group(q[here], rows[here], r.found, r.implants, r.listed_0_1, r.listed_accounts)


def counted(con: duckdb.DuckDBPyConnection, run_dir: Path, rows: Sequence[Row], fdr: float) -> list[Counted]:
    """Findings of tier observed or better, and their accounts as `core.counted` has them."""
    kept = passed.findings(run_dir)
    owner, probability = _members(con, run_dir, fdr)
    width = _accounts_per_object(con, run_dir)
    out = []
    for f in kept:
        id_ = str(f["finding_id"])
        tactic = reach.tactic_of(f, width.get(id_, 0.0))
        mine = {a: probability[a] for a in sorted(probability) if owner[a] == id_}
        n = int(f.get("n_accounts") or len(mine))
        core = bool(f.get("resolved"))
        out.append(Counted(id_, str(f["tier"]), tactic, mine, reach.of_group(rows, tactic, n, core=core), core))
    return out


def _members(con: duckdb.DuckDBPyConnection, run_dir: Path, fdr: float) -> tuple[dict[str, str], dict[str, float]]:
    """Per account the finding that it most likely belongs to, and the probability that it belongs to any.

    Where a finding is resolved, its core alone: those passed a test of their own among accounts corrected at `fdr`, so their probability is at
    least 1 - fdr, whatever the likelihood ratio of single sittings says; of the periphery hardly any were members on worlds with truth."""
    missed: dict[str, float] = {}
    best: dict[str, tuple[float, str]] = {}
    for id_, account, role, probability in passed.members(con, run_dir):
        p = min(1.0, max(float(probability), 1 - fdr if role == "core" else 0.0))
        missed[account] = missed.get(account, 1.0) * (1 - p)
        best[account] = max(best.get(account, (-1.0, "")), (p, id_))
    return {a: id_ for a, (_, id_) in best.items()}, {a: 1 - m for a, m in missed.items()}


def _accounts_per_object(con: duckdb.DuckDBPyConnection, run_dir: Path) -> dict[str, float]:
    rows = con.execute(
        f"""SELECT finding_id, avg(n) FROM (
            SELECT finding_id, object_id, count(DISTINCT account) AS n FROM (
                SELECT finding_id, object_id, unnest([account_a, account_b]) AS account
                FROM read_parquet({in_sql(run_dir / EVIDENCE.file)})) GROUP BY 1, 2) GROUP BY 1"""
    ).fetchall()
    return {str(id_): float(n) for id_, n in rows}


def in_evidence(con: duckdb.DuckDBPyConnection, run_dir: Path, counted: Sequence[Counted]) -> dict[str, Any]:
    """Table `shown_post`: posts that lie in the evidence of findings that count, which is the least that can be called theirs."""
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE shown_post AS
        SELECT DISTINCT unnest([post_id_a, post_id_b]) AS post_id, unnest([account_a, account_b]) AS author_id
        FROM read_parquet({in_sql(run_dir / EVIDENCE.file)}) WHERE list_contains($ids, finding_id)""",
        {"ids": [c.finding_id for c in counted]},
    )
    rows = con.execute(
        """SELECT category, sum(weight) FROM tagged JOIN said USING (nth, author_id) SEMI JOIN shown_post USING (post_id, author_id)
        GROUP BY 1"""
    ).fetchall()
    return {str(c): float(w) for c, w in rows}
