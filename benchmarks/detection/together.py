"""Planted groups that share a copy of the data: are they found as often as when each has a copy to itself?"""

from concurrent.futures import Executor
from functools import cache, partial
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from houselights import traces, worlds
from houselights.calibrate import recall
from houselights.calibrate.implants import Ground
from houselights.core.settings import ScanSettings
from houselights.core.tables import POSTS, TRACES
from houselights.engine.local import connect

SEED, N_EACH, TOGETHER = 94_000, 6, 5


@cache
def _base() -> tuple[pa.Table, pa.Table, Ground]:
    """Ordinary life of 2,500 accounts and its traces; once per process."""
    run, con = Path(mkdtemp(prefix="houselights-")), connect(threads=1)
    posts = worlds.simulate(worlds.WorldSettings(), SEED).posts
    pq.write_table(posts, run / POSTS.file)
    traces.build(con, run / POSTS.file, run / TRACES.file, ScanSettings().traces)
    return posts, pq.read_table(run / TRACES.file), Ground.of(posts, set())


def _one(seed: int, task: tuple[int, list[tuple[int, int]]]) -> list[recall.Outcome]:
    posts, traced, ground = _base()
    return recall.scan_copy(posts, traced, ground, task[1], ScanSettings(), seed, task[0])


def run(pool: Executor, share: float) -> dict[str, Any]:
    """Rows of calibration's own summary, for groups alone and for groups that share a copy."""
    n_each = max(1, round(share * N_EACH))
    out = {}
    for name, together, seed in (("alone", 1, 1), ("together", TOGETHER, 2)):
        copies = recall.copies(n_each, together, len(_base()[2].accounts), seed)
        outcomes = [o for found in pool.map(partial(_one, seed), enumerate(copies)) for o in found]
        out[name] = recall.summary(outcomes)
    return out
