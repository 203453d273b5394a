"""The same worlds read from each format that the simulator writes: who is named, by format and by language."""

import json
import tempfile
from collections import Counter
from concurrent.futures import Executor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from benchmarks.detection.parts import MAIN, SPEEDS
from benchmarks.detection.scan import NAMING_TIERS

from houselights import pipeline, worlds
from houselights.core.settings import ScanSettings

FILES = {"our schema, Parquet": "posts.parquet", "X API v2 lines": "posts.jsonl", "CSV": "posts.csv"}
N_WORLDS, FIRST_SEED = 8, 95_000


def run(pool: Executor, share: float) -> list[dict[str, Any]]:
    n = max(2, round(share * N_WORLDS))
    return [row for rows in pool.map(one, range(n)) for row in rows]


def one(i: int) -> list[dict[str, Any]]:
    """Every other world holds campaigns."""
    base = replace(worlds.preset("campaign_free"), reaction_speed_sd=SPEEDS[i % 3], objects_per_post=1 + (i // 3) % 3)
    settings = replace(base, campaigns=MAIN if i % 2 else ())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        world = worlds.simulate_to(folder / "world", settings, FIRST_SEED + i)
        planted = {r["account_id"] for r in world.truth.to_pylist() if r["role"] == "campaign"}
        spoken: dict[str, Counter[str]] = {}
        for account, lang in zip(*(world.posts[c].to_pylist() for c in ("author_id", "lang")), strict=True):
            spoken.setdefault(account, Counter())[lang] += 1
        language = {account: counts.most_common(1)[0][0] for account, counts in spoken.items()}
        rows = []
        for format_, file in FILES.items():
            run_dir = folder / file.replace(".", "-")
            pipeline.scan([folder / "world" / file], run_dir, ScanSettings())
            rows.append(
                {"format": format_, "campaigns": bool(settings.campaigns), **_named(run_dir, planted, language)}
            )
    return rows


def _named(run_dir: Path, planted: set[str], language: dict[str, str]) -> dict[str, Any]:
    tiers = {f["finding_id"]: f["tier"] for f in json.loads((run_dir / "findings.json").read_text(encoding="utf-8"))}
    members = pq.read_table(run_dir / "members.parquet").to_pylist()
    core = {m["account_id"] for m in members if m["role"] == "core" and tiers[m["finding_id"]] in NAMING_TIERS}
    organic = language.keys() - planted
    return {
        "findings": sum(t in NAMING_TIERS for t in tiers.values()),
        "planted": len(planted),
        "planted_named": len(core & planted),
        "organic": Counter(language[a] for a in organic),
        "organic_named": Counter(language[a] for a in core & organic),
    }
