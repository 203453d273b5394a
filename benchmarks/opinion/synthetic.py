"""The fast layer: accounts, categories and groups are drawn, and detection with the recalls of a measured table, whole groups missed included.

The estimator is the product's own; what is simulated is what it is given. Truth: posts in the topic by members of any group."""

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from houselights.findings.opinion import reach, readout
from houselights.findings.opinion.categories import Counts
from houselights.findings.opinion.groups import Counted
from houselights.findings.opinion.labels import Audit

HERE = Path(__file__).parent
TABLE = json.loads((HERE / "recall_table.json").read_text())
IMPLANTS = 20
N_ACCOUNTS, MEAN_POSTS = 800, 4.0
LABEL_ERROR = 0.15
UNSURE, WRONG = 0.05, 0.002
"""Of core accounts: those whose probability is that of the test alone; those that are no members."""
N_AUDITED = 300


@dataclass(frozen=True)
class Campaign:
    tactic: str  # '' is one that no spike-in plays and no scan sees
    n_accounts: int
    side: int
    share_0_1: float  # of the topic's posts


@dataclass(frozen=True)
class Scenario:
    title: str
    n_worlds: int
    labels: bool = False


SCENARIOS = {
    "none": Scenario("no campaign", 60),
    "one": Scenario("one campaign, one side", 200),
    "mixed": Scenario("three campaigns of different tactics, one side", 100),
    "counter": Scenario("two campaigns against each other", 100),
    "stance": Scenario("one campaign, 15 % of labels wrong, 300 audited", 100, labels=True),
    "seldom": Scenario("one campaign of a planted tactic that is found in less than half of the cases", 80),
    "missed": Scenario("one campaign of a tactic that is not planted and never found", 60),
    "half": Scenario("one found campaign, and one of a tactic never found", 60),
}
FINDABLE = ("burst_amplification", "shared_pool", "rotation")


def campaigns_of(name: str, rng: np.random.Generator) -> list[Campaign]:
    volume = float(rng.choice([0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4]))

    def size() -> int:
        return round(math.exp(rng.uniform(math.log(12), math.log(60))))

    tactics = [str(t) for t in rng.permutation(FINDABLE)]
    if name == "none":
        return []
    if name == "mixed":
        part = rng.dirichlet(np.full(3, 3.0)) * volume
        return [Campaign(t, size(), 0, float(p)) for t, p in zip(tactics, part, strict=True)]
    if name == "counter":
        return [Campaign(tactics[0], size(), 0, volume * 0.6), Campaign(tactics[1], size(), 1, volume * 0.4)]
    if name == "seldom":
        return [Campaign(str(rng.choice(["own_content_ring", "slow_drip"])), int(rng.integers(20, 61)), 0, volume)]
    if name == "missed":
        return [Campaign("", size(), 0, volume)]
    if name == "half":
        return [Campaign(tactics[0], size(), 0, volume / 2), Campaign("", size(), 0, volume / 2)]
    return [Campaign(tactics[0], size(), 0, volume)]


def chance(tactic: str, n_accounts: int) -> float:
    """True probability to be found: the measured table, between its sizes."""
    if not tactic:
        return 0.0
    rows = [r for r in TABLE if r["tactic"] == tactic]
    p = [(r["found"] + 0.5) / (r["implants"] + 1) for r in rows]
    return float(np.interp(math.log(n_accounts), np.log([r["accounts"] for r in rows]), p))


def listed_of(tactic: str) -> float:
    """True share of a found group's members that are core."""
    rows = [r for r in TABLE if r["tactic"] == tactic]
    found = sum(r["found"] * r["accounts"] for r in rows)
    return min(0.995, sum(r["core_recall"] * r["implants"] * r["accounts"] for r in rows) / max(found, 1e-9))


def one(name: str, seed: int) -> dict[str, Any]:
    scenario = SCENARIOS[name]
    rng = np.random.default_rng([seed, sum(map(ord, name))])
    width = 3
    planned = campaigns_of(name, rng)
    lean = rng.dirichlet(np.full(width, 4.0))
    mind = rng.dirichlet(lean * 1.5 + 1e-3, N_ACCOUNTS)
    activity = np.minimum(rng.lognormal(0, 1.1, N_ACCOUNTS), 25.0)
    posts = rng.poisson(activity / activity.mean() * MEAN_POSTS)
    volume = rng.multinomial(posts, mind).astype(float)
    role = np.full(N_ACCOUNTS, -1)
    free = rng.permutation(N_ACCOUNTS)
    whole = volume.sum() / max(1 - sum(c.share_0_1 for c in planned), 0.1)
    counted, used = [], 0
    for k, c in enumerate(planned):
        members = free[used : used + c.n_accounts]
        used += c.n_accounts
        role[members] = k
        push = np.full(width, 0.05)
        push[c.side] = 1 - 0.05 * (width - 1)
        volume[members] = rng.multinomial(rng.poisson(c.share_0_1 * whole / c.n_accounts, c.n_accounts), push)
    truth_volume = volume.copy()
    truth_role = role.copy()
    rows = _planted(rng)
    for k, c in enumerate(planned):
        if rng.random() < chance(c.tactic, c.n_accounts):
            counted.append(_found(rng, k, c, truth_role, free[used:], rows))
    audit: Audit | None = None
    if scenario.labels:
        listed_members = np.array(sorted({int(a) for f in counted for a in f.probability}), int)
        volume, audit = _mislabelled(rng, truth_volume, listed_members)
    found = [a for f in counted for a in f.probability]
    listed = {a: volume[int(a)] for a in found}
    outside = np.setdiff1d(np.arange(N_ACCOUNTS), np.array([int(a) for a in found], int))
    outside = outside[volume[outside].sum(axis=1) > 0]
    patterns, n = np.unique(volume[outside], axis=0, return_counts=True)
    counts = Counts(
        "narrative", ["a", "b", "c"], int(volume.sum()), (volume > 0).sum(axis=0), listed, patterns, n.astype(float)
    )
    limit = reach.largest(reach.limits(rows))
    told = readout.dimension(
        counts, counted, limit, reach.unseen(rows, 30), {}, audit, 2000, readout.stream(0, name, str(seed))
    )
    by_formula = published(counts, counted, rng)
    return (
        {"layer": "fast", "scenario": name, "seed": seed, "n_campaigns": len(planned), "n_found": len(counted)}
        | by_formula
        | measured(told, truth_volume, truth_role >= 0)
    )


def published(counts: Counts, counted: list[Counted], rng: np.random.Generator) -> dict[str, Any]:
    """The formula as it was first put down: one recall of volume per group, Beta from its counts, and a Bayesian bootstrap over all accounts."""
    groups = [c.group(counts.listed, len(counts.names)) for c in counted]
    n = 2000
    outside = rng.gamma(np.broadcast_to(counts.n, (n, len(counts.n)))) @ counts.patterns
    made = np.zeros_like(outside)
    total = outside.copy()
    for g in groups:
        weight = rng.standard_exponential((n, len(g.q)))
        recall = g.found / max(g.implants, 1) * g.listed_0_1
        rho = rng.beta(recall * g.implants + 0.5, (1 - recall) * g.implants + 0.5, n)
        made += (weight * (rng.random(weight.shape) < g.q)) @ g.volume / np.maximum(rho, 0.05)[:, None]
        total += weight @ g.volume
    made = np.minimum(made, total)
    share = (total - made)[:, 0] / np.maximum((total - made).sum(axis=1), 1e-9)
    volume = made.sum(axis=1) / total.sum(axis=1)
    at = {"organic": share, "made": volume}
    return {"published": {k: [float(x.mean()), *map(float, np.quantile(x, (0.05, 0.95)))] for k, x in at.items()}}


def _planted(rng: np.random.Generator) -> list[dict[str, Any]]:
    """A table of recalls as a calibration would have measured it, 20 planted groups to a cell."""
    rows = []
    for r in TABLE:
        found = int(rng.binomial(IMPLANTS, (r["found"] + 0.5) / (r["implants"] + 1)))
        posts = round(posts_each(r) * IMPLANTS)
        of_found = round(posts * found / IMPLANTS)
        core = sum(rng.binomial(r["accounts"], listed_of(r["tactic"])) for _ in range(found)) / (
            r["accounts"] * IMPLANTS
        )
        rows.append(
            r | {"found": found, "implants": IMPLANTS, "posts": posts, "posts_of_found": of_found, "core_recall": core}
        )
    return rows


def posts_each(row: dict[str, Any]) -> float:
    """Posts of one planted group, as calibrate/implants.py makes them."""
    n = row["accounts"]
    return {"rotation": 3.0 * n, "shared_pool": 15.0 * n}.get(row["tactic"], 13.5 * n)


def _found(
    rng: np.random.Generator, k: int, c: Campaign, role: np.ndarray, free: np.ndarray, rows: list[dict[str, Any]]
) -> Counted:
    """Members are core with the measured recall; a few others are, too."""
    members = np.flatnonzero(role == k)
    members = members[rng.random(len(members)) < listed_of(c.tactic)]
    strangers = rng.permutation(free)[: rng.binomial(len(members), WRONG)]
    listed = [*members.tolist(), *strangers.tolist()]
    probability = {str(m): 0.95 if rng.random() < UNSURE else 0.998 for m in listed}
    return Counted(
        f"F{k}",
        "observed",
        c.tactic,
        dict(sorted(probability.items())),
        reach.of_group(rows, c.tactic, len(probability)),
    )


def _mislabelled(rng: np.random.Generator, volume: np.ndarray, listed: np.ndarray) -> tuple[np.ndarray, Audit]:
    """What a classifier makes of it, and an audited sample: half of posts by accounts of findings, where there are any, half of all others, by turns
    from each predicted label."""
    width = volume.shape[1]
    miss = np.full((width, width), LABEL_ERROR / (width - 1))
    np.fill_diagonal(miss, 1 - LABEL_ERROR)
    joint = np.array(
        [[rng.multinomial(int(v[t]), miss[t]) for t in range(width)] for v in volume]
    )  # account, true, predicted
    theirs = joint[listed].sum(axis=0)
    n = np.zeros((2, width, width))
    strata = [t for t in ((0, joint.sum(axis=0) - theirs), (1, theirs)) if t[1].sum()]
    for which, table in strata:
        for predicted in range(width):
            take = min(N_AUDITED // (width * len(strata)), int(table[:, predicted].sum()))
            n[which, predicted] = rng.multivariate_hypergeometric(table[:, predicted], take)
    return joint.sum(axis=1).astype(float), Audit(n)


def measured(told: dict[str, Any], volume: np.ndarray, member: np.ndarray) -> dict[str, Any]:
    """Truth and answers for the first category, which is the one that is pushed, and for the whole manufactured volume."""
    total, theirs = volume.sum(axis=0), volume[member].sum(axis=0)
    organic = (total - theirs) / (total - theirs).sum()
    row = told["categories"][0]
    made = told["manufactured"]["share_0_1"]
    return {
        "organic": float(organic[0]),
        "made": float(theirs.sum() / total.sum()),
        "apparent": row["apparent_0_1"],
        "removed": row["plain_removal_0_1"],
        "at": row["organic_0_1"],
        "population": row["organic_of_a_population_0_1"],
        "made_at": made,
    }
