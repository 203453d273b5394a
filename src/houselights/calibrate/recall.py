"""Of campaigns planted into the user's data, how many would have been found?"""

import tempfile
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from houselights import findings, traces
from houselights.calibrate import implants
from houselights.calibrate.implants import SIZES, TACTICS, Ground, Implant
from houselights.core.counted import TIERS
from houselights.core.settings import ScanSettings
from houselights.core.stats import wilson_interval
from houselights.core.tables import MEMBERS, POSTS, TRACES
from houselights.engine.local import connect
from houselights.evidence.detect import detect


@dataclass(frozen=True)
class Outcome:
    """What became of one implant."""

    tactic: str
    n_accounts: int
    n_objects: int
    found: bool
    n_core: int
    n_posts: int
    n_posts_listed: int  # posts of the implant by accounts that its finding lists


def copies(n_each: int, together: int, n_free: int, seed: int) -> list[list[tuple[int, int]]]:
    """Which implants share a copy of the data: (index of tactic, size) lists. Every tactic and size comes `n_each` times."""
    sizes = [s for s in SIZES if 2 * s <= n_free]
    wanted = [(t, s) for _ in range(n_each) for t in range(len(TACTICS)) for s in sizes]
    order = np.random.default_rng([seed, 3]).permutation(len(wanted))
    out: list[list[tuple[int, int]]] = [[]]
    for i in order:
        full = len(out[-1]) >= together or 2 * sum(s for _, s in [*out[-1], wanted[i]]) > n_free
        if full and out[-1]:
            out.append([])
        out[-1].append(wanted[i])
    return [c for c in out if c]


def scan_copy(
    posts: pa.Table,
    base_traces: pa.Table,
    ground: Ground,
    wanted: Sequence[tuple[int, int]],
    settings: ScanSettings,
    seed: int,
    k: int,
) -> list[Outcome]:
    """Plants, scans and compares. The traces of the new posts join those of the run: their words and links are in nobody else's posts."""
    rng = np.random.default_rng([seed, 4, k])
    planted = implants.plant(ground, [(TACTICS[t], size) for t, size in wanted], str(k), rng)
    added = implants.table(planted, ground)
    with tempfile.TemporaryDirectory(prefix="houselights-") as name:
        run, con = Path(name), connect(threads=1)
        try:
            pq.write_table(added, run / "added.parquet")
            traces.build(con, run / "added.parquet", run / "added-traces.parquet", settings.traces)
            together = pa.concat_tables([posts, added]).sort_by([(c, "ascending") for c in POSTS.order])
            pq.write_table(together, run / POSTS.file, compression="none")
            pq.write_table(
                pa.concat_tables([base_traces, pq.read_table(run / "added-traces.parquet")]),
                run / TRACES.file,
                compression="none",
            )
            detection = detect(con, run / POSTS.file, run / TRACES.file, settings.evidence)
            listed = findings.write(con, run, detection, settings)
            members = pq.read_table(run / MEMBERS.file).to_pylist()
        finally:
            con.close()
    return [_outcome(i, listed, members) for i in planted]


def _outcome(implant: Implant, listed: list[dict[str, Any]], members: list[dict[str, Any]]) -> Outcome:
    """Found: a finding of tier observed or better lists at least half of the members, and they are at least half of those it lists."""
    roles: dict[str, dict[str, str]] = defaultdict(dict)
    for m in members:
        if m["role"] != "source":
            roles[m["finding_id"]][m["account_id"]] = m["role"]
    best: dict[str, str] = {}
    for finding in listed:
        there = roles[finding["finding_id"]]
        mine = {a: there[a] for a in implant.members if a in there}
        passed = finding["tier"] in TIERS
        if passed and 2 * len(mine) >= max(len(implant.members), len(there)) and len(mine) > len(best):
            best = mine
    return Outcome(
        tactic=implant.tactic.name,
        n_accounts=len(implant.members),
        n_objects=implant.n_objects,
        found=bool(best),
        n_core=sum(role == "core" for role in best.values()),
        n_posts=len(implant.posts),
        n_posts_listed=sum(p["author_id"] in best for p in implant.posts),
    )


def summary(outcomes: Sequence[Outcome]) -> list[dict[str, Any]]:
    """One row per tactic and size."""
    rows = []
    for tactic in TACTICS:
        for size in SIZES:
            mine = [o for o in outcomes if (o.tactic, o.n_accounts) == (tactic.name, size)]
            if not mine:
                continue
            n_found = sum(o.found for o in mine)
            low, high = wilson_interval(n_found, len(mine))
            rows.append(
                {
                    "tactic": tactic.name,
                    "what_it_does": tactic.words,
                    "accounts": size,
                    "objects": round(float(np.mean([o.n_objects for o in mine]))),
                    "window_s": tactic.window_s,
                    "implants": len(mine),
                    "found": n_found,
                    "recall": n_found / len(mine),
                    "interval_95": [low, high],
                    "core_recall": sum(o.n_core for o in mine) / (size * len(mine)),
                    "volume_recall": sum(o.n_posts_listed for o in mine) / sum(o.n_posts for o in mine),
                    "posts": sum(o.n_posts for o in mine),
                    "posts_of_found": sum(o.n_posts for o in mine if o.found),
                    "posts_listed": sum(o.n_posts_listed for o in mine),
                }
            )
    return rows
