"""The whole way: simulate, scan, plant spike-ins into the world's own posts, estimate. Sides are given to posts as narratives, so that detection
sees the world as it is; everything else is the product."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import synthetic

from houselights import pipeline, worlds
from houselights.calibrate import spike_ins
from houselights.core.settings import OpinionSettings, ScanSettings
from houselights.core.tables import MEMBERS, NARRATIVES, POST_NARRATIVES, POSTS
from houselights.engine.local import connect
from houselights.findings import opinion
from houselights.worlds.settings import CampaignSpec, WorldSettings

BURST = CampaignSpec("burst_amplification", 25, 15, 60.0)
RING = CampaignSpec("own_content_ring", 15, 15, 30.0)
POOL = CampaignSpec("shared_pool", 40, 200, 60.0, accounts_per_object=(2, 3))
ROTATION = CampaignSpec("rotation", 60, 20, 60.0, accounts_per_object=(8, 10))
SWARM = CampaignSpec("paraphrase_swarm", 30, 10, 600.0)
DRIP = CampaignSpec("slow_drip", 25, 30, 480.0)
ONE = (BURST, POOL, ROTATION, RING)
PARTS: dict[str, tuple[tuple[tuple[tuple[CampaignSpec, int], ...], int], ...]] = {
    # scenario: worlds, each (campaigns with the side that they push), spike-ins of each tactic and size
    "none": (((), 10), ((), 10), ((), 10), ((), 10)),
    "one": tuple((((spec, 0),), 4) for spec in (*ONE, *ONE)),
    "mixed": tuple((((a, 0), (b, 0)), 4) for a, b in ((BURST, POOL), (POOL, ROTATION), (BURST, RING), (DRIP, BURST))),
    "counter": tuple((((a, 0), (b, 1)), 4) for a, b in ((BURST, POOL), (POOL, BURST), (ROTATION, BURST), (RING, POOL))),
    "missed": tuple((((SWARM, 0),), 4) for _ in range(4)),
}
TOPIC = (0.1, 0.3, 0.9)
"""Share of ordinary posts in the topic, so that campaigns of one size are from 2 to 40 % of it."""
FIRST_SEED = 61_000
SIDES = ("narrative:a", "narrative:b", "narrative:c")


def tasks() -> list[tuple[str, int]]:
    return [(name, k) for name, parts in PARTS.items() for k in range(len(parts))]


def one(name: str, k: int, keep: Path) -> dict[str, Any]:
    """`keep`: where runs and spike-ins stay, so that another estimator can be measured on them without a scan."""
    planned, n_spikes = PARTS[name][k]
    seed = FIRST_SEED + 100 * list(PARTS).index(name) + k
    world = worlds.simulate(
        WorldSettings(
            n_accounts=900,
            n_days=8.0,
            campaigns=tuple(s for s, _ in planned),
            lookalikes=("newsroom", "feed_readers", "syndicate"),
        ),
        seed,
    )
    side = _sides(world, [s for _, s in planned], TOPIC[k % 3], np.random.default_rng(seed))
    run = keep / f"{name}-{k}"
    rows = _scanned(world, side, run, n_spikes, seed)
    told = opinion.write(connect(), run, OpinionSettings(dimension="narrative"), rows, "spike-ins", 0.05)
    members = pq.read_table(run / MEMBERS.file).to_pylist()
    findings = {f["finding_id"]: f for f in json.loads((run / "findings.json").read_text())}
    planted = {a: c["tactic"] for c in world.campaigns.values() for a in c["members"]}
    order = sorted(range(3), key=lambda i: SIDES[i])
    [dimension] = told["dimensions"]
    at = {r["category"]: r for r in dimension["categories"]}
    dimension["categories"] = [at[SIDES[i]] for i in order]
    volume, member = _truth(world, side, planted)
    probabilities = [
        (m["role"], m["membership_probability"], m["account_id"] in planted)
        for m in members
        if m["role"] != "source" and findings[m["finding_id"]]["tier"] != "described"
    ]
    shapes = []
    for f in told["findings"]:
        mine = [
            planted[m["account_id"]]
            for m in members
            if m["finding_id"] == f["finding_id"] and m["account_id"] in planted
        ]
        shapes.append((max(sorted(set(mine)), key=mine.count) if mine else "", f["looks_like"]))
    return {
        "layer": "whole",
        "scenario": name,
        "seed": seed,
        "n_campaigns": len(planned),
        "n_found": len(told["findings"]),
        "shapes": shapes,
        "membership": [(r, round(q, 4), t) for r, q, t in probabilities],
    } | synthetic.measured(dimension, volume, member)


def _scanned(world: worlds.World, side: dict[str, int], run: Path, n_spikes: int, seed: int) -> list[dict[str, Any]]:
    """The run, unless it is there already, and what its own spike-ins say."""
    planted = run / "spike_ins.json"
    if not planted.is_file():
        run.mkdir(parents=True, exist_ok=True)
        path = run.with_suffix(".parquet")
        pq.write_table(world.posts, path)
        shutil.rmtree(run)
        pipeline.scan([path], run, ScanSettings())
        _write_narratives(run, world, side)
        planted.write_text(json.dumps(spike_ins(run, n_spikes, 1, seed)))
    return list(json.loads(planted.read_text()))


def _sides(world: worlds.World, pushed: list[int], topic: float, rng: np.random.Generator) -> dict[str, int]:
    """Post id -> side, of posts in the topic. Posts of campaigns are in it; a repost is where its source is, and sources that are pushed are on the
    pushed side."""
    ids, authors = world.posts["post_id"].to_pylist(), world.posts["author_id"].to_pylist()
    source = world.posts["repost_of"].to_pylist()
    lean = rng.dirichlet(np.full(3, 4.0))
    accounts = sorted(set(authors))
    mind = dict(zip(accounts, rng.dirichlet(lean * 1.5 + 1e-3, len(accounts)), strict=True))
    side: dict[str, int] = {}
    of = {i: s for i, s in zip(ids, source, strict=True) if s}
    for c, s in zip(world.campaigns.values(), pushed, strict=True):
        for i in (p for posts in c["posts"] for p in posts):
            side[i] = s
            if i in of:
                side[of[i]] = s
    for i, a, s in zip(ids, authors, source, strict=True):
        draw, which = rng.random(), int(rng.choice(3, p=mind[a]))
        if s:
            if s in side:
                side[i] = side[s]
        elif i not in side and draw < topic:
            side[i] = which
    return side


def _truth(world: worlds.World, side: dict[str, int], planted: dict[str, str]) -> tuple[np.ndarray, np.ndarray]:
    rows = [
        (a, side[i])
        for i, a in zip(world.posts["post_id"].to_pylist(), world.posts["author_id"].to_pylist(), strict=True)
        if i in side
    ]
    accounts = sorted({a for a, _ in rows})
    at = {a: i for i, a in enumerate(accounts)}
    volume = np.zeros((len(accounts), 3))
    for a, s in rows:
        volume[at[a], s] += 1
    return volume, np.array([a in planted for a in accounts])


def _write_narratives(run: Path, world: worlds.World, side: dict[str, int]) -> None:
    posts = set(pq.read_table(run / POSTS.file, columns=["post_id"])["post_id"].to_pylist())
    rows = [
        {"post_id": i, "narrative_id": SIDES[s], "similarity_0_1": 1.0, "by": "text"}
        for i, s in side.items()
        if i in posts
    ]
    pq.write_table(pa.Table.from_pylist(rows, schema=POST_NARRATIVES.schema), run / POST_NARRATIVES.file)
    pq.write_table(NARRATIVES.empty(), run / NARRATIVES.file)
