"""One dimension of one topic as plain numbers for opinion.json: four ways of counting, manufactured volume, what would flip the headline."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import numpy as np

from houselights.findings.opinion import estimate, sentences
from houselights.findings.opinion.categories import Counts
from houselights.findings.opinion.estimate import Drawn, Floats, Group
from houselights.findings.opinion.groups import Counted
from houselights.findings.opinion.labels import Audit, corrected

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
    audit: Audit | None,
    draws: int,
    rng: np.random.Generator,
) -> dict[str, Any]:
    """`evidence`: posts of each category in the evidence of findings. `audit`: where labels were predicted and a sample of them was labelled by
    hand; all ways of counting are then of true labels. `limit`: posts that a single group may have had and still be missed; None where there is
    no such number. `unseen_recall`: of groups of other tactics than those found."""
    total, width = counts.total, len(counts.names)
    groups = [c.group(counts.listed, width) for c in counted]
    voices_by = {a: row / row.sum() for a, row in counts.listed.items() if row.sum() > 0}
    whole = counts.patterns.sum(axis=1, keepdims=True)
    voices = estimate.exact_sum([*(counts.patterns / whole * counts.n[:, None]), *voices_by.values()], width)
    voice_groups = [c.group(voices_by, width) for c in counted]
    shown = np.array([evidence.get(name, 0.0) if name is not None else 0.0 for name in counts.names])
    relabel = _Relabelled(audit, rng)
    drawn = _estimated(groups, total, draws, rng, unseen_recall)
    of_many = estimate.population(drawn[1], groups, counts.patterns, counts.n, rng)
    by_posts, of_many = relabel(drawn), relabel((of_many, of_many, of_many))[1]
    by_accounts = relabel(_estimated(voice_groups, voices, draws, rng, unseen_recall))
    found = bool(sum(g.q.sum() for g in groups) > 0)
    u = _undetected(limit, float(total.sum()))
    measured = any(g.implants for g in groups)
    told = {
        "dimension": counts.dimension,
        "n_posts": counts.n_posts,
        "n_listed_with_posts": sum(len(g.q) for g in groups),
        "labels_corrected": audit is not None,
        "recall_known": measured or limit is not None,
        "categories": _rows(counts, (by_posts, by_accounts, of_many), u, found, None if audit else shown),
        "manufactured": whole_volume(by_posts, u, found),
        "undetected_limit": {
            "posts": None if limit is None else round(u, 2),
            "share_0_1": None if limit is None else _r(u / max(total.sum(), 1e-9)),
        },
        "tipping_point": _tipping(counts.names, by_posts),
        "if_recall_were": _recalls(groups, total, relabel) if groups and not measured else [],
    }
    return told | {"sentences": sentences.dimension(told, has_groups=found)}


Answers = tuple[Drawn, Drawn, Drawn]
"""The formula, draws, and plain removal."""


def manufactured(
    counts: Counts,
    counted: Sequence[Counted],
    limit: float | None,
    unseen_recall: float,
    draws: int,
    rng: np.random.Generator,
) -> dict[str, Any]:
    """Of all that is counted, whatever it says: posts by groups, and their share."""
    total = counts.total
    groups = [c.group(counts.listed, len(counts.names)) for c in counted]
    found = sum(g.q.sum() for g in groups) > 0
    answers = _estimated(groups, total, draws, rng, unseen_recall)
    return whole_volume(answers, _undetected(limit, float(total.sum())), found) | {
        "has_groups": bool(found),
        "recall_known": any(g.implants for g in groups) or limit is not None,
    }


@dataclass(frozen=True)
class _Relabelled:
    """True labels for predicted ones, in every way of counting; nothing to do where nothing was audited."""

    audit: Audit | None
    rng: np.random.Generator

    def __call__(self, answers: Answers) -> Answers:
        if self.audit is None:
            return answers
        at, drawn, plain = answers
        return (
            corrected(at, self.audit, None),
            corrected(drawn, self.audit, self.rng),
            corrected(plain, self.audit, None),
        )


def _rows(
    counts: Counts, answers: tuple[Answers, Answers, Drawn], u: float, found: bool, shown: Floats | None
) -> list[dict[str, Any]]:
    """One row a category; `shown`: posts in evidence, None where these are of predicted labels and all else is not."""
    by_posts, by_accounts, of_many = answers
    total, voices = by_posts[0].total[0], by_accounts[0].total[0]
    missed_accounts = min(u, float(voices.sum()))
    posts, accounts = _shares(by_posts, u, found), _shares(by_accounts, missed_accounts, found)
    one_voice = _shares(_one_voice(by_accounts), missed_accounts, found)
    manufactured = _manufactured(by_posts, u, found)
    removed = estimate.shares(by_posts[2].organic)[0]
    low, high = estimate.interval(estimate.shares(of_many.organic), posts["at"])
    return [
        {
            "category": name,
            "posts": round(float(total[i]), 3),
            "accounts": int(counts.accounts[i]),
            "apparent_0_1": _r(estimate.shares(total)[i]),
            "apparent_by_accounts_0_1": _r(estimate.shares(voices)[i]),
            "as_predicted_0_1": _r(estimate.shares(counts.total)[i]),
            "organic_0_1": _told(posts, i),
            "organic_by_accounts_0_1": _told(accounts, i),
            "one_voice_per_group_0_1": _told(one_voice, i),
            "plain_removal_0_1": _r(removed[i]),
            "organic_of_a_population_0_1": {"low": _r(low[i]), "high": _r(high[i])},
            "manufactured_posts": {k: round(float(manufactured[k][i]), 2) for k in ("at", "low", "high")},
            "in_evidence_posts": None if name is None or shown is None else round(float(shown[i]), 3),
        }
        for i, name in enumerate(counts.names)
    ]


def _estimated(
    groups: Sequence[Group],
    total: Floats,
    n: int,
    rng: np.random.Generator,
    unseen_recall: float,
) -> Answers:
    at, drawn = estimate.point(groups, total), estimate.draw(groups, total, n, rng, unseen_recall)
    if groups and not any(g.implants for g in groups):
        drawn = estimate.with_half_missed(drawn)
    return at, drawn, estimate.plain(groups, total)


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


def whole_volume(answers: Answers, u: float, found: bool) -> dict[str, Any]:
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
    apparent = min(named, key=lambda i: (-answers[0].total[0][i], str(names[i])))
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


def _recalls(groups: Sequence[Group], total: Floats, relabel: _Relabelled) -> list[dict[str, Any]]:
    """The organic shares if only this much of the groups' volume had been found, where nobody measured it."""
    seen = np.sum([g.q @ g.volume for g in groups], axis=0)
    out = []
    for r in RECALLS:
        at = Drawn(np.minimum(seen / r, total)[None], total[None], np.zeros((1, len(total))))
        organic = relabel((at, at, at))[0].organic
        out.append({"recall_0_1": r, "organic_0_1": [_r(x) for x in estimate.shares(organic)[0]]})
    return out


def _told(found: Mapping[str, Floats], i: int) -> dict[str, float]:
    return {k: _r(found[k][i]) for k in ("at", "low", "high", "widest_low", "widest_high")}


def _r(x: Any) -> float:
    return round(float(x), 6)
