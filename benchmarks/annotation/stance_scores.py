"""How right stance answers are, whoever gave them: pure functions of labels, also for answers of a language model."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

SIDES = ("favour", "against")


def f1(gold: Sequence[str], answers: Sequence[str], label: str) -> float:
    """F1 of one label, 0 where it is neither given nor true."""
    hits = sum(g == label == a for g, a in zip(gold, answers, strict=True))
    said = sum(g == label for g in gold) + sum(a == label for a in answers)
    return 2 * hits / said if said else 0.0


def mean_f1(gold: Sequence[str], answers: Sequence[str]) -> float:
    """Mean of F1(favour) and F1(against). "neither" counts through its confusions alone; "unclear" is never right, and is a missed answer."""
    return sum(f1(gold, answers, side) for side in SIDES) / len(SIDES)


def score(gold: Sequence[str], answers: Sequence[str], targets: Sequence[str]) -> dict[str, Any]:
    """gold, answers, targets [n] -> scores in [0, 1].

    `pooled`: mean F1 over the posts of all targets together, the official measure of SemEval-2016 task 6 (Mohammad et al. 2016, section 3.3).
    `mean_over_targets`: mean F1 of each target, averaged, as in TweetEval (Barbieri et al. 2020, arXiv 2010.12421)."""
    by: dict[str, tuple[list[str], list[str]]] = {}
    for g, a, t in zip(gold, answers, targets, strict=True):
        said = by.setdefault(t, ([], []))
        said[0].append(g)
        said[1].append(a)
    per = {t: {"mean_f1": mean_f1(*p), **{s: f1(*p, s) for s in SIDES}, "n": len(p[0])} for t, p in sorted(by.items())}
    return {
        "pooled": mean_f1(gold, answers),
        "favour": f1(gold, answers, "favour"),
        "against": f1(gold, answers, "against"),
        "mean_over_targets": sum(p["mean_f1"] for p in per.values()) / max(len(per), 1),
        "accuracy": accuracy(gold, answers),
        "targets": per,
        "n": len(gold),
    }


def accuracy(gold: Sequence[str], answers: Sequence[str]) -> float:
    """Share of right answers."""
    return sum(g == a for g, a in zip(gold, answers, strict=True)) / max(len(gold), 1)


def selective(gold: Sequence[str], answers: Sequence[str]) -> dict[str, float]:
    """`coverage`: share that is answered at all ("unclear" is no answer); `accuracy`: share of right ones among those."""
    kept = [(g, a) for g, a in zip(gold, answers, strict=True) if a != "unclear"]
    return {
        "coverage": len(kept) / max(len(gold), 1),
        "accuracy": accuracy([g for g, _ in kept], [a for _, a in kept]),
        "n": len(kept),
    }


def calibration_error(right: Sequence[bool], confidence: Sequence[float], bins: int = 10) -> float:
    """Expected calibration error with bins of equal width (Guo et al. 2017, arXiv 1706.04599, eq. 3)."""
    hits, said = np.asarray(right, float), np.asarray(confidence, float)
    at = np.minimum((said * bins).astype(int), bins - 1)
    gaps = [abs(hits[at == b].mean() - said[at == b].mean()) * (at == b).mean() for b in range(bins) if (at == b).any()]
    return float(sum(gaps))


def interval(
    measure: Callable[[list[str], list[str], list[str]], float],
    gold: Sequence[str],
    answers: Sequence[str],
    targets: Sequence[str],
    rng: np.random.Generator,
    repeats: int = 1000,
) -> list[float]:
    """[low, high], 95 % of `measure` over posts drawn again with replacement (percentile bootstrap), within each target."""
    at = np.arange(len(gold))
    groups = [at[np.asarray(targets) == t] for t in sorted(set(targets))]
    found = []
    for _ in range(repeats):
        drawn = np.concatenate([rng.choice(g, len(g)) for g in groups]).tolist()
        found.append(measure([gold[i] for i in drawn], [answers[i] for i in drawn], [targets[i] for i in drawn]))
    return [round(float(v), 4) for v in np.percentile(found, (2.5, 97.5))]
