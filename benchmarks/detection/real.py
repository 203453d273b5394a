"""Real accounts of known operations among ordinary ones, in one window of time. Only counts leave this file, never a name.

The data may not be shared and lie beside the repository (HOUSELIGHTS_SHARED, else ../shared); without them the part is skipped.
"""

import csv
import os
import subprocess
import sys
import tempfile
from collections import Counter
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from benchmarks.detection.baselines import BASELINES
from benchmarks.detection.networks import Shares

from houselights import pipeline
from houselights.core.settings import EvidenceSettings, ScanSettings
from houselights.core.tables import POSTS, TRACES
from houselights.engine.local import connect
from houselights.evidence import events

RATES = (0.01, 0.05, 0.1, 0.2)
SPANS = {"two weeks": ("2015-08-01", "2015-08-15"), "three days": ("2015-08-06", "2015-08-09")}


def run(pool: Executor, share: float) -> dict[str, Any]:
    shared = Path(os.environ.get("HOUSELIGHTS_SHARED", Path(__file__).resolve().parents[2].parent / "shared"))
    make = shared / "tools" / "make_dev_mix.py"
    if not make.is_file():
        return {"skipped": f"the labelled sets are not there ({make.name} was looked for beside the repository)"}
    return {span: curve(make, *dates) for span, dates in SPANS.items()}


def curve(make: Path, since: str, until: str) -> dict[str, Any]:
    """Per method and strictness: accounts flagged, by label. `active`: accounts with two texts or more that another has too."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        subprocess.run(
            [sys.executable, make, folder, "--since", since, "--until", until], check=True, capture_output=True
        )
        with (folder / "labels.csv").open(encoding="utf-8") as lines:
            label = {r["author_id"]: _label(r) for r in csv.DictReader(lines)}
        rows = [_ours(folder, q, label) for q in RATES]
        shares, authors = _shares(folder / "run")
        for baseline in BASELINES:
            for strictness in baseline.strictness_values:
                flagged = {authors[a] for g in baseline.function(shares, strictness).groups for a in g.tolist()}
                found = Counter(label[a] for a in flagged)
                rows.append({"method": baseline.name, "knob": strictness, "flagged": found})
    return {"accounts": Counter(label.values()), "rows": rows}


def _label(row: dict[str, str]) -> str:
    kind = "ordinary" if row["label"].startswith("ordinary") else row["label"]
    return f"{kind}, active" if row["active"] == "1" else kind


def _ours(folder: Path, q: float, label: dict[str, str]) -> dict[str, Any]:
    pipeline.scan([folder / "posts.csv"], folder / "run", ScanSettings(evidence=EvidenceSettings(q=q)))
    members = pq.read_table(folder / "run" / "members.parquet").to_pylist()
    core = {m["account_id"] for m in members if m["role"] == "core"}
    return {"method": "houselights", "knob": q, "flagged": Counter(label[a] for a in core)}


def _shares(run_dir: Path) -> tuple[Shares, list[str]]:
    con = connect()
    e = events.load(con, str(run_dir / POSTS.file), str(run_dir / TRACES.file), 0)
    con.close()
    authors = pq.read_table(run_dir / POSTS.file, columns=["author_id"])["author_id"].take(e.account_rows).to_pylist()
    unit = e.unit.astype(np.int64)
    return Shares(
        e.account.astype(np.int64), unit, e.at_us / 1e6, e.family[e.unit] == events.REPOST, e.n_accounts
    ), authors
