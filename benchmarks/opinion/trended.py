"""Would it have trended anyway? What the readout says of tags, links and narratives, beside what the posts of all but planted accounts do."""

import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from whole import BURST, POOL, RING, ROTATION

from houselights import pipeline, worlds
from houselights.core.settings import OpinionSettings, ScanSettings
from houselights.engine.local import connect
from houselights.findings import opinion
from houselights.worlds.settings import CampaignSpec, WorldSettings

HIJACK = CampaignSpec("hashtag_hijack", 25, 15, 60.0)
PLANTED = ((BURST,), (POOL,), (ROTATION,), (RING,), (HIJACK,), (BURST, HIJACK), (POOL, RING), (HIJACK, ROTATION))
N_WORLDS = 32
FIRST_SEED = 67_000
TABLE = Path(__file__).parent / "recall_table.json"
THING = {"hashtag": "hashtags", "link": "urls"}
PERIOD_S = {"hour": 3600, "day": 86400}
BINS = ((0.0, 0.05), (0.05, 0.5), (0.5, 0.95), (0.95, 1.01))


def one(k: int) -> dict[str, Any]:
    """Rows that the readout tells of world k, each with what is true of it."""
    seed = FIRST_SEED + k
    world = worlds.simulate(
        WorldSettings(n_accounts=900, n_days=8.0, campaigns=PLANTED[k % len(PLANTED)], lookalikes=("newsroom", "fans")),
        seed,
    )
    members = sorted({a for c in world.campaigns.values() for a in c["members"]})
    with tempfile.TemporaryDirectory() as folder:
        path, run = Path(folder) / "posts.parquet", Path(folder) / "run"
        pq.write_table(world.posts, path)
        pipeline.scan([path], run, ScanSettings())
        told = opinion.write(
            connect(), run, OpinionSettings(dimension="hashtag"), json.loads(TABLE.read_text()), "spike-ins", 0.05
        )
        rows = [r for r in told["trends"] if r["kind"] in THING]
        true = {(kind, per): _truth(run, members, kind, per) for kind in THING for per in PERIOD_S}
    return {"seed": seed, "rows": [r | true[r["kind"], r["per"]].get(r["thing"], {}) for r in rows]}


def _truth(run: Path, members: list[str], kind: str, per: str) -> dict[str, dict[str, Any]]:
    """Per thing: whether the posts of accounts that were not planted reach what the tenth had in some hour or day, and how much later they do."""
    posts = pq.read_table(run / "posts.parquet").to_pylist()
    of = {p["post_id"]: p[THING[kind]] for p in posts}
    theirs = set(members)
    counted: dict[tuple[int, str], list[int]] = {}
    for p in posts:  # a repost says what the post says that it repeats
        for thing in set(p[THING[kind]] or of.get(p["repost_of"] or "", [])):
            n = counted.setdefault((int(p["created_at"].timestamp()) // PERIOD_S[per], thing), [0, 0])
            n[0] += 1
            n[1] += p["author_id"] not in theirs
    tenth: dict[int, int] = {}
    for period in {at for at, _ in counted}:
        most = sorted((n for (at, _), (n, _) in counted.items() if at == period), reverse=True)
        tenth[period] = max(5, most[9] if len(most) > 9 else 0)
    out: dict[str, dict[str, Any]] = {}
    for (at, thing), (n, organic) in sorted(counted.items()):
        t = out.setdefault(thing, {"first": None, "later": None})
        for key, m in (("first", n), ("later", organic)):
            if t[key] is None and m >= tenth[at]:
                t[key] = at
    hours = PERIOD_S[per] / 3600
    return {
        thing: {
            "would": t["later"] is not None,
            "later_h": None if t["later"] is None else (t["later"] - t["first"]) * hours,
        }
        for thing, t in out.items()
        if t["first"] is not None
    }


def lines(worlds_told: list[dict[str, Any]]) -> list[str]:
    rows = [r for w in worlds_told for r in w["rows"] if "would" in r]
    said, would = np.array([r["without_groups_0_1"] for r in rows]), np.array([r["would"] for r in rows], float)
    out = [
        "| said: passes without the groups | things | of these it is so |",
        "|---|---|---|",
    ]
    for low, high in BINS:
        mine = (said >= low) & (said < high)
        if mine.any():
            out.append(f"| {low:.2f} to {min(high, 1):.2f} | {mine.sum():,} | {would[mine].mean():.2f} |")
    hours = [
        (r["hours_earlier"], r["later_h"]) for r in rows if r["hours_earlier"] is not None and r["later_h"] is not None
    ]
    wrong = np.array([a - b for a, b in hours])
    base = would.mean()
    error, right = np.mean((said - would) ** 2), np.mean(wrong == 0)
    return [
        *out,
        "",
        f"{len(rows):,} tags and links of {len(worlds_told)} worlds. Mean square error of the probability {error:.3f} (the same probability for all, "
        f"{base:.2f}: {base * (1 - base):.3f}). Hours by which the entry came earlier, of {len(hours):,} that pass both ways: right in {right:.2f}, "
        f"mean error {wrong.mean():+.1f} h, mean size of the error {np.abs(wrong).mean():.1f} h.",
    ]
