"""One dimension of one topic as plain numbers for opinion.json: four ways of counting, manufactured volume, what would flip the headline."""

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any

import numpy as np

from houselights.findings.opinion import estimate, sentences
from houselights.findings.opinion.categories import Counts
from houselights.findings.opinion.estimate import Drawn, Floats, Group
from houselights.findings.opinion.groups import Counted
from houselights.findings.opinion.labels import Confusion, corrected

RECALLS = (1.0, 0.8, 0.6, 0.4, 0.2)
"""For which the result is told where the recall is not known."""


def stream(seed: int, *what: str) -> np.random.Generator:
    """Draws that hang on the seed and on what they are for, on nothing else."""
    name = "\0".join((str(seed), *what)).encode("utf-8", "surrogatepass")
    return np.random.default_rng(int.from_bytes(blake2b(name, digest_size=16).digest(), "big"))


def dimension(
    counts: Counts,
    counted: Sequence[Counted],
    limit: float | None,
    unseen_recall: float,
    evidence: Mapping[str, float],
    confusion: Confusion | None,
    draws: int,
    rng: np.random.Generator,
) -> dict[str, Any]:
    """`limit`: posts that a single group may have had and still be missed; None where there is no such number. `unseen_recall`: of groups of other
    tactics than those found."""
    total, width = counts.total, len(counts.names)
    groups = [c.group(counts.listed, width) for c in counted]
    voices_by = {a: row / row.sum() for a, row in counts.listed.items() if row.sum() > 0}
    whole = counts.patterns.sum(axis=1, keepdims=True)
    voices = estimate.exact_sum([*(counts.patterns / whole * counts.n[:, None]), *voices_by.values()], width)
    voice_groups = [c.group(voices_by, width) for c in counted]
    by_posts = _estimated(groups, total, confusion, draws, rng, unseen_recall)
    by_accounts = _estimated(voice_groups, voices, confusion, draws, rng, unseen_recall)
    of_many = estimate.population(by_posts[1], groups, counts.patterns, counts.n, rng)
    n_members = float(sum(g.q.sum() for g in groups))
    u = _undetected(limit, float(total.sum()))
    missed_accounts = min(u, float(voices.sum()))
    posts, accounts = _shares(by_posts, u, n_members > 0), _shares(by_accounts, missed_accounts, n_members > 0)
    one_voice = _shares(_one_voice(by_accounts), missed_accounts, n_members > 0)
    manufactured = _manufactured(by_posts, u, n_members > 0)
    removed = estimate.shares(estimate.plain(groups, total).organic)[0]
    low, high = estimate.interval(estimate.shares(of_many.organic), posts["at"])
    rows = []
    for i, name in enumerate(counts.names):
        rows.append(
            {
                "category": name,
                "posts": round(float(total[i]), 3),
                "accounts": int(counts.accounts[i]),
                "apparent_0_1": _r(estimate.shares(total)[i]),
                "apparent_by_accounts_0_1": _r(estimate.shares(voices)[i]),
                "organic_0_1": _told(posts, i),
                "organic_by_accounts_0_1": _told(accounts, i),
                "one_voice_per_group_0_1": _told(one_voice, i),
                "plain_removal_0_1": _r(removed[i]),
                "organic_of_a_population_0_1": {"low": _r(low[i]), "high": _r(high[i])},
                "manufactured_posts": {k: round(float(manufactured[k][i]), 2) for k in ("at", "low", "high")},
                "in_evidence_posts": round(evidence.get(name, 0.0), 3) if name is not None else None,
            }
        )
    told = {
        "dimension": counts.dimension,
        "n_posts": counts.n_posts,
        "n_listed_with_posts": sum(len(g.q) for g in groups),
        "labels_corrected": confusion is not None,
        "recall_known": any(g.implants for g in groups) or limit is not None,
        "categories": rows,
        "manufactured": _whole(by_posts, u, n_members > 0),
        "undetected_limit": {
            "posts": None if limit is None else round(u, 2),
            "share_0_1": None if limit is None else _r(u / max(total.sum(), 1e-9)),
        },
        "tipping_point": _tipping(counts.names, by_posts),
        "if_recall_were": _recalls(groups, total) if not any(g.implants for g in groups) and groups else [],
    }
    return told | {"sentences": sentences.dimension(told, has_groups=n_members > 0)}


Answers = tuple[Drawn, Drawn, Drawn]
"""The formula, draws, and plain removal."""


def _estimated(
    groups: Sequence[Group],
    total: Floats,
    confusion: Confusion | None,
    n: int,
    rng: np.random.Generator,
    unseen_recall: float,
) -> Answers:
    at, drawn = estimate.point(groups, total), estimate.draw(groups, total, n, rng, unseen_recall)
    if groups and not any(g.implants for g in groups):
        drawn = estimate.with_half_missed(drawn)
    plain = estimate.plain(groups, total)
    if confusion is not None:
        return corrected(at, confusion, None), corrected(drawn, confusion, rng), corrected(plain, confusion, None)
    return at, drawn, plain


def _one_voice(answers: Answers) -> Answers:
    """What is left of the accounts, and every group as one of them."""
    at, drawn, plain = (Drawn(np.zeros_like(d.total), d.organic + d.voices, d.voices) for d in answers)
    return at, drawn, plain


def _undetected(limit: float | None, whole: float) -> float:
    return whole if limit is None else min(limit, whole)


def _shares(answers: Answers, u: float, found: bool) -> dict[str, Floats]:
    """at, low, high and widest: with a group of `u` posts more that was not seen. Without a finding the interval is the widest."""
    at = estimate.shares(answers[0].organic)[0]
    organic = answers[1].organic
    low, high = estimate.interval(estimate.shares(organic), at, estimate.shares(answers[2].organic)[0])
    here, there = estimate.with_undetected(organic, u)
    widest_low = np.minimum(np.quantile(here, 0.05, axis=0), low)
    widest_high = np.maximum(np.quantile(there, 0.95, axis=0), high)
    if not found:
        low, high = widest_low, widest_high
    return {"at": at, "low": low, "high": high, "widest_low": widest_low, "widest_high": widest_high}


def _manufactured(answers: Answers, u: float, found: bool) -> dict[str, Floats]:
    at, total = answers[0].manufactured[0], answers[0].total[0]
    low, high = estimate.interval(answers[1].manufactured, at, answers[2].manufactured[0])
    return {"at": at, "low": low, "high": high if found else np.minimum(np.maximum(high, u), total)}


def _whole(answers: Answers, u: float, found: bool) -> dict[str, Any]:
    """Over all categories: posts, and their share of the topic."""
    at, total = float(answers[0].manufactured.sum()), float(answers[0].total.sum())
    held = np.asarray(at), answers[2].manufactured.sum()
    low, high = (float(x) for x in estimate.interval(answers[1].manufactured.sum(axis=1), *held))
    widest = min(total, high + u)
    high = high if found else widest
    posts = {"at": at, "low": low, "high": high, "with_undetected": widest}
    return {"posts": {k: round(v, 2) for k, v in posts.items()}} | {
        "share_0_1": {k: _r(v / total if total else 0.0) for k, v in posts.items()}
    }


def _tipping(names: Sequence[str | None], answers: Answers) -> dict[str, Any] | None:
    """How much undetected volume, all in the leading category, would make another one lead. Small categories together lead nothing."""
    organic = answers[0].organic[0]
    named = [i for i, name in enumerate(names) if name is not None]
    if len(named) < 2 or not organic.sum():
        return None
    first, second = sorted(named, key=lambda i: (-organic[i], str(names[i])))[:2]
    apparent = max(named, key=lambda i: (answers[0].total[0][i], str(names[i])))
    gap = float(organic[first] - organic[second])
    leads = answers[1].organic[:, named].argmax(axis=1) == named.index(first)
    return {
        "leader": names[first],
        "runner_up": names[second],
        "apparent_leader": names[apparent],
        "posts": round(gap, 2),
        "share_0_1": _r(gap / float(answers[0].total.sum())),
        "leads_in_draws_0_1": _r(float(leads.mean())),
    }


def _recalls(groups: Sequence[Group], total: Floats) -> list[dict[str, Any]]:
    """The organic shares if only this much of the groups' volume had been found, where nobody measured it."""
    seen = np.sum([g.q @ g.volume for g in groups], axis=0)
    return [
        {
            "recall_0_1": r,
            "organic_0_1": [_r(x) for x in estimate.shares(np.maximum(total - np.minimum(seen / r, total), 0))],
        }
        for r in RECALLS
    ]


def _told(found: Mapping[str, Floats], i: int) -> dict[str, float]:
    return {k: _r(found[k][i]) for k in ("at", "low", "high", "widest_low", "widest_high")}


def _r(x: Any) -> float:
    return round(float(x), 6)
