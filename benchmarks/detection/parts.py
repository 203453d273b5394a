"""The worlds of each part, and what is recorded of each: plain numbers, from which the tables are made."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import numpy as np
import pyarrow.compute as pc
from benchmarks.detection import measures
from benchmarks.detection.baselines import BASELINES
from benchmarks.detection.scan import Scanned, scan

from houselights import worlds
from houselights.worlds import settings as presets
from houselights.worlds.settings import CampaignSpec, WorldSettings

SPEEDS = (0.5, 1.0, 1.5)
MAIN = (presets.BURST, presets.RING, presets.POOL, presets.DRIP, presets.SIX)
NAMES = ("burst, 20 accounts", "own-content ring", "shared pool", "slow drip, 4 minutes", "burst, 6 accounts x 10")
SIZES, OBJECTS = (4, 6, 10, 20, 40), (5, 8, 10, 15, 30)
JITTER_S = (10.0, 60.0, 240.0, 480.0, 1200.0, 3600.0, 21_600.0, 86_400.0)
CAMOUFLAGE = (0.0, 0.5, 0.8, 0.9, 0.95)
ALONE = ((15, 3.0), (40, 3.0), (15, 30.0), (40, 30.0), (15, 60.0), (60, 60.0))  # things, seconds
RETENTION = (1.0, 0.5, 0.25, 0.1)
Record = dict[str, Any]


@dataclass(frozen=True)
class Part:
    """`settings(i)` of the i-th world, whose seed is `first_seed + i`; `record` says what is kept of it."""

    n_worlds: int
    first_seed: int
    settings: Callable[[int], WorldSettings]
    record: Callable[[WorldSettings, int], Record]


def _life(i: int, lookalikes: bool = True, **changes: Any) -> WorldSettings:
    """Ordinary life with every confounder on; reaction speeds and objects per post go through all their values."""
    base = worlds.preset("campaign_free") if lookalikes else WorldSettings()
    return replace(base, reaction_speed_sd=SPEEDS[i % 3], objects_per_post=1 + (i // 3) % 3, **changes)


# -- what is recorded ------------------------------------------------------------------------------------------------


def found(settings: WorldSettings, seed: int) -> Record:
    """What was found, whom it names, and which look-alikes end above `described`."""
    s = scan(worlds.simulate(settings, seed))
    core = [np.array(f["core"], np.int64) for f in s.passed if f["core"]]
    listed = [np.array(f["listed"], np.int64) for f in s.passed if f["listed"]]
    kind = np.array(s.kind)
    in_core = np.zeros(len(kind), dtype=np.bool_)
    for group in core:
        in_core[group] = True
    members = measures.found(core, s.campaign), measures.found(listed, s.campaign)
    false, n = measures.false_share(listed, s.campaign)
    return {
        "seed": seed,
        "findings": n,
        "false_findings": false,
        "organic_named": int((in_core & (s.campaign < 0)).sum()),
        "organic": int((s.campaign < 0).sum()),
        "lookalikes_named": sorted({str(k) for k in kind[in_core & (s.campaign < 0)]} - {"ordinary"}),
        "lookalikes_described": sorted(_described(s)),
        "campaigns": [_campaign(s, k, *members) for k in range(int(s.campaign.max()) + 1)],
        "adjusted_rand": measures.adjusted_rand(measures.labels(listed, len(kind)), s.campaign),
        "seconds": s.seconds,
    }


def _campaign(s: Scanned, k: int, core: np.ndarray, listed: np.ndarray) -> Record:
    mine = s.campaign == k
    return {"accounts": int(mine.sum()), "core": int(core[mine].sum()), "listed": int(listed[mine].sum())}


def _described(s: Scanned) -> set[str]:
    """Look-alikes that make up most of a finding whose explanation fits."""
    out = set()
    for f in s.findings:
        if f["tier"] == "described" and f["listed"]:
            kind, n = Counter(s.kind[a] for a in f["listed"]).most_common(1)[0]
            if kind != "ordinary" and 2 * n >= len(f["listed"]):
                out.add(kind)
    return out


def compared(settings: WorldSettings, seed: int) -> Record:
    """houselights and every baseline at every strictness, on the same shares. `seconds`: of houselights from posts to explained findings, of
    a baseline from shares to groups."""
    s = scan(worlds.simulate(settings, seed))
    ours = [np.array(f["core"], np.int64) for f in s.passed if f["core"]]
    score = np.zeros(len(s.kind))
    for f in s.passed:
        score[f["core"]] = np.maximum(score[f["core"]], f["score"])
    rows = [_row("houselights", 0.0, ours, score, s) | {"seconds": s.seconds}]
    for baseline in BASELINES:
        for strictness in sorted({baseline.default, *baseline.strictness_values}):
            began = time.perf_counter()
            answer = baseline.function(s.shares, strictness)
            seconds = time.perf_counter() - began
            rows.append(_row(baseline.name, strictness, answer.groups, answer.score, s) | {"seconds": seconds})
    return {"seed": seed, "organic": int((s.campaign < 0).sum()), "methods": rows}


def _row(name: str, knob: float, groups: list[np.ndarray], score: np.ndarray, s: Scanned) -> Record:
    planted = s.campaign >= 0
    false, n = measures.false_share(groups, s.campaign)
    ordinary = np.array([k == "ordinary" for k in s.kind])
    named = measures.named(groups, s.campaign)
    return {
        "method": name,
        "knob": knob,
        "false": false,
        "false_but_lookalike": sum(
            not measures.is_true(g, s.campaign) and 2 * ordinary[g].sum() < len(g) for g in groups
        ),
        "groups": n,
        "found": int(measures.found(groups, s.campaign).sum()),
        "planted": int(planted.sum()),
        "organic_named": int(named.sum()),
        "ordinary_named": int((named & ordinary).sum()),
        "average_precision": measures.average_precision(score, planted),
        "recall_at_fpr": measures.recall_at_fpr(score, planted, 0.001),
        "adjusted_rand": measures.adjusted_rand(measures.labels(groups, len(score)), s.campaign),
    }


def delay(settings: WorldSettings, seed: int) -> Record:
    """The day after which each campaign is first found, were the data scanned anew every evening; None if never."""
    world = worlds.simulate(settings, seed)
    first: list[int | None] = [None] * len(settings.campaigns)
    start = pc.min(world.posts["created_at"]).as_py().replace(hour=0, minute=0, second=0, microsecond=0)
    for day in range(1, int(settings.n_days) + 1):
        until = start + timedelta(days=day)
        s = scan(replace(world, posts=world.posts.filter(pc.less(world.posts["created_at"], until))))
        listed = measures.found([np.array(f["listed"], np.int64) for f in s.passed if f["listed"]], s.campaign)
        for k in range(len(first)):
            if first[k] is None and 2 * listed[s.campaign == k].sum() >= (s.campaign == k).sum():
                first[k] = day
    return {"seed": seed, "first_day": first}


# -- which worlds ----------------------------------------------------------------------------------------------------


def _planted(i: int) -> WorldSettings:
    return _life(i, campaigns=MAIN)


def _hard(i: int) -> WorldSettings:
    return _life(i, campaigns=worlds.preset("hard").campaigns)


def _surface(tactic: str) -> Callable[[int], WorldSettings]:
    def settings(i: int) -> WorldSettings:
        specs = tuple(CampaignSpec(tactic, size, OBJECTS[i % len(OBJECTS)], 60.0) for size in SIZES)
        return _life(i // len(OBJECTS), campaigns=specs)

    return settings


def _jitter(i: int) -> WorldSettings:
    specs = tuple(CampaignSpec("own_content_ring", 20, 15, w) for w in JITTER_S[i % 2 :: 2])
    return _life(i // 2, campaigns=specs)


def _camouflage(i: int) -> WorldSettings:
    value = CAMOUFLAGE[i % len(CAMOUFLAGE)]
    return _life(i // len(CAMOUFLAGE), campaigns=(presets.BURST, presets.RING), camouflage_0_1=value)


def _alone(i: int) -> WorldSettings:
    """Accounts that do nothing else."""
    specs = tuple(CampaignSpec("own_content_ring", 20, n, w) for n, w in ALONE)
    return _life(i, campaigns=specs, camouflage_0_1=0.0)


def _retention(i: int) -> WorldSettings:
    return _life(i // len(RETENTION), campaigns=MAIN, retention_0_1=RETENTION[i % len(RETENTION)])


def _minutes(i: int) -> WorldSettings:
    return _life(i, campaigns=MAIN, precision="min")


PARTS = {
    "free": Part(300, 70_000, lambda i: _life(i), found),
    "planted": Part(40, 80_000, _planted, found),
    "tuning": Part(6, 81_000, _planted, compared),
    "reporting": Part(12, 82_000, _planted, compared),
    "tuning_plain": Part(6, 83_000, lambda i: _life(i, lookalikes=False, campaigns=MAIN), compared),
    "reporting_plain": Part(12, 84_000, lambda i: _life(i, lookalikes=False, campaigns=MAIN), compared),
    "hard": Part(12, 85_000, _hard, found),
    "surface_burst": Part(4 * len(OBJECTS), 86_000, _surface("burst_amplification"), found),
    "surface_ring": Part(4 * len(OBJECTS), 87_000, _surface("own_content_ring"), found),
    "jitter": Part(12, 88_000, _jitter, found),
    "camouflage": Part(6 * len(CAMOUFLAGE), 89_000, _camouflage, found),
    "alone": Part(12, 94_000, _alone, found),
    "retention": Part(6 * len(RETENTION), 90_000, _retention, found),
    "minutes": Part(8, 91_000, _minutes, found),
    "delay": Part(6, 92_000, _planted, delay),
}
