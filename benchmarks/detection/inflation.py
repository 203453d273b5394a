"""How often p-values lie under a level where nobody acts together: it should be no more often than the level says."""

import tempfile
from concurrent.futures import Executor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from benchmarks.detection.baselines import svn_pairs
from benchmarks.detection.networks import Shares
from benchmarks.detection.parts import SPEEDS

from houselights import traces, worlds
from houselights.calibrate import uniformity
from houselights.core.settings import ScanSettings
from houselights.core.tables import POSTS, TRACES
from houselights.engine.local import connect
from houselights.evidence import events, members, small_objects, synchrony
from houselights.evidence.background import Selection, View
from houselights.evidence.events import MAX_UNIT_ACCOUNTS

LEVELS = (1e-2, 1e-3, 1e-4, 1e-5, 1e-6)
N_WORLDS, FIRST_SEED = 20, 93_000


def one(i: int) -> dict[str, list[int]]:
    """Per kind of p-value: how many there are, and how many lie under each level. Ordinary life with every confounder, no look-alikes."""
    settings = replace(worlds.WorldSettings(), reaction_speed_sd=SPEEDS[i % 3], objects_per_post=1 + (i // 3) % 3)
    world, scan = worlds.simulate(settings, FIRST_SEED + i), ScanSettings()
    with tempfile.TemporaryDirectory() as name:
        run, con = Path(name), connect(threads=1)
        pq.write_table(world.posts, run / POSTS.file)
        traces.build(con, run / POSTS.file, run / TRACES.file, scan.traces)
        e = events.load(con, str(run / POSTS.file), str(run / TRACES.file), 0)
        con.close()
    p: dict[str, list[float]] = {
        "candidate groups": [],
        "random groups, small objects": [],
        "random groups, synchrony": [],
        "members of random groups": [],
        "pairs with two common hours, exchangeability (randomised)": [],
    }
    everybody = Selection(e, np.ones(len(e.account), dtype=np.bool_), MAX_UNIT_ACCOUNTS)
    rng = np.random.default_rng(i)
    for window_s in scan.evidence.windows_s:
        view = View(everybody, round(window_s * 1e6))
        found = [*small_objects.tested(view, window_s, 0), *synchrony.tested(view, 0.05, 3, 0)]
        p["candidate groups"] += [t.p_value for t in found]
        cells = synchrony.Cells.of(view)
        for accounts in uniformity.companies(view, rng, 300):
            by_objects = small_objects.confirm(view, accounts, False, window_s)
            by_cells = synchrony.confirm(view, cells, accounts, False, 2_000, 0)
            p["random groups, small objects"] += [by_objects.p_value] if by_objects else []
            p["random groups, synchrony"] += [by_cells.p_value] if by_cells else []
        for accounts in uniformity.companies(view, rng, 60):
            tested = members.assess(view, accounts, view)
            p["members of random groups"] += tested.p_value[tested.testable].tolist()
        p["pairs with two common hours, exchangeability (randomised)"] += uniformity.pair_p_values(
            e, window_s, i
        ).tolist()
    counts = {kind: _counts(np.array(values)) for kind, values in p.items()}
    shares = Shares(
        e.account.astype(np.int64), e.unit.astype(np.int64), e.at_us / 1e6, e.family[e.unit] == 1, e.n_accounts
    )
    pairs = svn_pairs(shares)
    counts["SVN, all pairs"] = [pairs.n_tests, *_counts(pairs.p)[1:]]
    return counts


def _counts(p: np.ndarray) -> list[int]:
    return [len(p), *(int((p <= level).sum()) for level in LEVELS)]


def run(pool: Executor, share: float) -> dict[str, Any]:
    worlds_ = list(pool.map(one, range(max(1, round(share * N_WORLDS)))))
    return {
        "levels": list(LEVELS),
        "worlds": len(worlds_),
        "counts": {k: np.sum([w[k] for w in worlds_], axis=0).tolist() for k in worlds_[0]},
    }
