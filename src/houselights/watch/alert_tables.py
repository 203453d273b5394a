"""alerts.parquet: every alert of a watch, each once."""

import json
from pathlib import Path

import pyarrow as pa

from houselights.core.tables import ALERTS
from houselights.watch.log import State


def write(folder: Path, state: State, out_dir: Path) -> None:
    """Of the alerts in the log, as the state counts them."""
    rows = [
        json.loads(line)
        for name in state.alerts.get("lines", [])
        for line in (folder / name).read_text("utf-8").splitlines()
    ]
    columns = {c.name: [row[c.name] for row in rows] for c in ALERTS.columns if c.name != "at"}
    at = pa.array([row["at_us"] for row in rows], pa.int64()).cast(pa.timestamp("us", tz="UTC"))
    table = pa.table({"at": at} | {c.name: pa.array(columns[c.name], c.type) for c in ALERTS.columns if c.name != "at"})
    ALERTS.write(out_dir, table.sort_by([(name, "ascending") for name in ALERTS.order]))
