"""One simulated world, scanned as a user's data would be."""

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from benchmarks.detection.networks import Shares
from numpy.typing import NDArray

from houselights import findings, traces, worlds
from houselights.core.settings import ScanSettings
from houselights.core.tables import MEMBERS, POSTS, TRACES
from houselights.engine.local import connect
from houselights.evidence import events
from houselights.evidence.detect import detect

NAMING_TIERS = ("observed", "strong", "reviewed")


@dataclass(frozen=True)
class Scanned:
    """`campaign`: [accounts] number of the campaign or -1; `kind`: tactic, look-alike or "ordinary" of each account."""

    accounts: list[str]
    campaign: NDArray[np.int64]
    kind: list[str]
    findings: list[dict[str, Any]]  # with `core` and `listed`: account codes
    shares: Shares
    seconds: float

    @property
    def passed(self) -> list[dict[str, Any]]:
        return [f for f in self.findings if f["tier"] in NAMING_TIERS]


def scan(world: worlds.World, settings: ScanSettings | None = None) -> Scanned:
    settings = settings or ScanSettings()
    truth = world.truth.to_pylist()
    accounts = [r["account_id"] for r in truth]
    code = {a: i for i, a in enumerate(accounts)}
    groups = {name: i for i, name in enumerate(world.campaigns)}
    with tempfile.TemporaryDirectory() as name:
        run, con = Path(name), connect(threads=1)
        pq.write_table(world.posts, run / POSTS.file)
        began = time.perf_counter()
        traces.build(con, run / POSTS.file, run / TRACES.file, settings.traces)
        listed = findings.write(con, run, detect(con, run / POSTS.file, run / TRACES.file, settings.evidence), settings)
        seconds = time.perf_counter() - began
        for f in listed:
            f["core"], f["listed"] = [], []
        by_id = {f["finding_id"]: f for f in listed}
        for m in pq.read_table(run / MEMBERS.file).to_pylist():
            if m["role"] != "source":
                by_id[m["finding_id"]]["listed"].append(code[m["account_id"]])
            if m["role"] == "core":
                by_id[m["finding_id"]]["core"].append(code[m["account_id"]])
        shares = _shares(con, run, code, world.posts)
        con.close()
    return Scanned(
        accounts=accounts,
        campaign=np.array([groups.get(r["group_id"], -1) for r in truth]),
        kind=[r["tactic"] or "ordinary" for r in truth],
        findings=listed,
        shares=shares,
        seconds=seconds,
    )


def _shares(con: Any, run: Path, code: dict[str, int], posts: pa.Table) -> Shares:
    """The same first shares that the channels see."""
    e = events.load(con, str(run / POSTS.file), str(run / TRACES.file), 0)
    author = np.array([code[a] for a in posts["author_id"].to_pylist()])
    account = author[e.account_rows][e.account]
    return Shares(account, e.unit.astype(np.int64), e.at_us / 1e6, e.family[e.unit] == events.REPOST, len(code))
