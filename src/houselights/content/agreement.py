"""How far a language model and a head agree on the posts that both read: no measure of truth, a reason to look where they differ."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from houselights.content.marking import STANCE, TECHNIQUES

HEAD = "head:"


def between(annotations: pa.Table, read: dict[str, set[str]], shown: Sequence[str]) -> list[dict[str, Any]]:
    """Per stance target, and per technique that the head shows: posts that both read, the share on which both say the same, and Cohen's kappa
    (Cohen 1960), which is 0 where that is what their frequencies alone would give.

    annotations: the table. read: task and target, as 'stance\\0target', -> ids of the posts that a model read. A post without a row of a
    technique is one in which it was not seen.
    """
    labels: dict[tuple[str, str, bool], dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for row in annotations.select(["post_id", "task", "target", "label", "model"]).to_pylist():
        labels[row["task"], row["target"], row["model"].startswith(HEAD)][row["post_id"]].add(row["label"])
    out = []
    for key in sorted(read):
        task, target = key.split("\0")
        head, model = labels[task, target, True], labels[task, target, False]
        if task == STANCE:
            pairs = [
                (*head[p], *model[p]) for p in sorted(read[key]) if len(head.get(p, ())) == len(model.get(p, ())) == 1
            ]
            out.append(_row(task, target, "", [p for p in pairs if "unclear" not in p]))
        elif task == TECHNIQUES:
            for technique in shown:
                pairs = [
                    (str(technique in head.get(p, ())), str(technique in model.get(p, ()))) for p in sorted(read[key])
                ]
                out.append(_row(task, target, technique, pairs))
    return out


def _row(task: str, target: str, label: str, pairs: Sequence[tuple[str, ...]]) -> dict[str, Any]:
    n = len(pairs)
    same = sum(a == b for a, b in pairs)
    by_chance = (
        sum(Counter(a for a, _ in pairs)[x] * Counter(b for _, b in pairs)[x] for x in {a for a, _ in pairs})
        / max(n, 1) ** 2
    )
    kappa = (same / n - by_chance) / (1 - by_chance) if n and by_chance < 1 else None
    return {
        "task": task,
        "target": target,
        "label": label,
        "n_posts": n,
        "agreement_0_1": round(same / n, 4) if n else None,
        "kappa": None if kappa is None else round(kappa, 4),
    }
