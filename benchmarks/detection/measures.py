"""How well groups were found. Truth: per account the campaign it belongs to, or -1."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


def is_true(group: Ints, campaign: Ints) -> bool:
    """A reported group is true when at least half of its accounts belong to campaigns, of one or of several."""
    return bool(2 * (campaign[group] >= 0).sum() >= len(group))


def false_share(groups: Sequence[Ints], campaign: Ints) -> tuple[int, int]:
    """(false groups, groups): their ratio is the realised false-discovery proportion."""
    return sum(not is_true(g, campaign) for g in groups), len(groups)


def found(groups: Sequence[Ints], campaign: Ints) -> NDArray[np.bool_]:
    """[accounts] campaign members in a true group."""
    out = np.zeros(len(campaign), dtype=np.bool_)
    for g in groups:
        if is_true(g, campaign):
            out[g] = True
    return out & (campaign >= 0)


def named(groups: Sequence[Ints], campaign: Ints) -> NDArray[np.bool_]:
    """[accounts] accounts of no campaign in any group."""
    out = np.zeros(len(campaign), dtype=np.bool_)
    for g in groups:
        out[g] = True
    return out & (campaign < 0)


def average_precision(score: NDArray[np.float64], positive: NDArray[np.bool_]) -> float:
    """Area under the precision-recall curve, ties taken together."""
    levels, which = np.unique(-score, return_inverse=True)
    hits = np.cumsum(np.bincount(which, positive, minlength=len(levels)))
    all_ = np.cumsum(np.bincount(which, minlength=len(levels)))
    step = np.diff(hits, prepend=0.0) / max(1, int(positive.sum()))
    return float((step * hits / all_).sum())


def recall_at_fpr(score: NDArray[np.float64], positive: NDArray[np.bool_], rate: float) -> float:
    """Recall of the strictest cut that flags more than `rate` of the others, just before it does; ties stay together."""
    others = np.sort(score[~positive])[::-1]
    limit = others[min(len(others) - 1, int(rate * len(others)))]
    return float((score[positive] > limit).mean())


def adjusted_rand(one: Ints, other: Ints) -> float:
    """Hubert and Arabie 1985. Labels of the same accounts, each -1 or a group; -1 is a group too."""
    _, a = np.unique(one, return_inverse=True)
    _, b = np.unique(other, return_inverse=True)
    table = np.zeros((a.max() + 1, b.max() + 1))
    np.add.at(table, (a, b), 1)
    together, rows, columns, every = (
        float((n * (n - 1) / 2).sum()) for n in (table, table.sum(axis=1), table.sum(axis=0), table.sum())
    )
    by_chance, most = rows * columns / every, (rows + columns) / 2
    return 1.0 if most == by_chance else (together - by_chance) / (most - by_chance)


def labels(groups: Sequence[Ints], n: int) -> Ints:
    """[accounts] number of the group that each is in (the first, where in several), -1 for none."""
    out = np.full(n, -1, np.int64)
    for k, g in reversed(list(enumerate(groups))):
        out[g] = k
    return out


def pooled(records: Sequence[dict[str, Any]], k: int, what: str) -> float:
    """Share of the accounts of the k-th campaigns that are core or listed, over worlds."""
    campaigns = [r["campaigns"][k] for r in records]
    return sum(c[what] for c in campaigns) / max(1, sum(c["accounts"] for c in campaigns))
