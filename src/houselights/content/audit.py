"""How far labels of a head or a model can be trusted on this data: what a blind sample that a person labelled says about the rest.

Shares are corrected by design, whatever the errors of the labels are: the estimate of every share rests on the hand-labelled posts, weighted by their
inclusion probabilities, and predictions only make it sharper (`corrected_shares`).
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from houselights.content import sheet
from houselights.content.blind_sample import LEAST_IN_STRATUM
from houselights.content.corrected_shares import Floats, Strata, effective_number, share
from houselights.content.earlier_tables import kept_with, read_table
from houselights.content.write import write_table
from houselights.core.errors import HouselightsError
from houselights.core.tables import CONFUSION, SAMPLE


@dataclass(frozen=True)
class Share:
    """Of all posts in own words: predicted, and as the hand labels say, with its interval."""

    label: str
    predicted_0_1: float
    corrected_0_1: float
    low_0_1: float
    high_0_1: float


@dataclass(frozen=True)
class Audit:
    task: str
    target: str
    n_sheet: int
    n_labelled: int
    covered_0_1: (
        float  # of all posts those in strata of which a row is labelled; intervals allow for any label in the others
    )
    agreement_0_1: float  # weighted: of all posts that are covered, not of the sheet
    shares: list[Share]
    by_language: list[dict[str, Any]]


def read_back(run_dir: Path, path: Path, task: str = "", target: str = "") -> Audit:
    """What the filled-in sheet says, `confusion` of its task and target written into the RUN.

    `task`, `target`: where not empty, what the sheet must be of. Raises HouselightsError where it is not, or is no sheet of this RUN."""
    task, target, sample, labelled = _read(run_dir, path, task, target)
    if len(labelled) < 2 * LEAST_IN_STRATUM:
        raise HouselightsError(
            f"{path}: {len(labelled)} rows have a label; at least {2 * LEAST_IN_STRATUM} are needed."
        )
    weights = _weights(labelled)
    told = _confusion(labelled, weights)
    write_table(run_dir, CONFUSION, kept_with(run_dir, CONFUSION, told, told.select(["task", "target"])))

    right = np.array([r["labelled"] == r["predicted"] for r in labelled])
    names, strata = _of_strata(sample, labelled)
    return Audit(
        task,
        target,
        len(sample),
        len(labelled),
        strata.covered_0_1,
        float(weights @ right / weights.sum()),
        [_share(label, sample, labelled, names, strata) for label in sheet.LABELS[task]],
        _languages(labelled, weights),
    )


def labels_of_posts(run_dir: Path, path: Path, task: str = "", target: str = "") -> tuple[str, str, dict[str, str]]:
    """(task, target, post id -> label) of a filled-in sheet."""
    task, target, _, labelled = _read(run_dir, path, task, target)
    return task, target, {str(r["post_id"]): str(r["labelled"]) for r in labelled}


def _read(
    run_dir: Path, path: Path, task: str, target: str
) -> tuple[str, str, list[dict[str, Any]], list[dict[str, Any]]]:
    """(task, target, rows of its sample, those of them with a label, as `labelled`)."""
    if not (run_dir / SAMPLE.file).is_file():
        raise HouselightsError(f"{run_dir} has no sample: draw one with houselights sample {run_dir}.")
    samples = read_table(run_dir, SAMPLE).to_pylist()
    its_task, its_target, given = sheet.of_sample(run_dir, path, samples)
    if (task or its_task, target or its_target) != (its_task, its_target):
        raise HouselightsError(
            f"{path} is the sheet of {its_task} {its_target!r}, not of {task or its_task} {target or its_target!r}. Give that one's sheet, or leave "
            "--task and --target out."
        )
    sample = [r for r in samples if (r["task"], r["target"]) == (its_task, its_target)]
    return its_task, its_target, sample, [r | {"labelled": given[r["row"]]} for r in sample if r["row"] in given]


def _weights(labelled: Sequence[dict[str, Any]]) -> Floats:
    """Posts that each labelled one stands for: its stratum's posts over its labelled ones, so that rows left empty are taken as left by chance."""
    n_labelled: dict[str, int] = defaultdict(int)
    for r in labelled:
        n_labelled[r["stratum"]] += 1
    return np.array([r["n_stratum"] / n_labelled[r["stratum"]] for r in labelled], float)


def _of_strata(sample: Sequence[dict[str, Any]], labelled: Sequence[dict[str, Any]]) -> tuple[list[str], Strata]:
    posts = {str(r["stratum"]): int(r["n_stratum"]) for r in sample}
    names = sorted(posts)
    return names, Strata(np.array([posts[s] for s in names], np.int64), _counted(labelled, names))


def _counted(rows: Sequence[dict[str, Any]], names: list[str]) -> np.ndarray[Any, np.dtype[np.int64]]:
    at = {s: i for i, s in enumerate(names)}
    return np.bincount([at[r["stratum"]] for r in rows], minlength=len(names)).astype(np.int64)


def _share(
    label: str,
    sample: Sequence[dict[str, Any]],
    labelled: Sequence[dict[str, Any]],
    names: list[str],
    strata: Strata,
) -> Share:
    hits = _counted([r for r in labelled if r["labelled"] == label], names)
    return Share(label, _predicted_share(label, sample), *share(hits, strata))


def _predicted_share(label: str, sample: Sequence[dict[str, Any]]) -> float:
    """Of all posts: every row stands for 1 / its inclusion probability."""
    weight = np.array([1 / r["inclusion_probability"] for r in sample])
    return float(weight @ np.array([r["predicted"] == label for r in sample]) / weight.sum())


def _confusion(labelled: Sequence[dict[str, Any]], weights: Floats) -> pa.Table:
    """Effective numbers are those of Kish (1965): the square of the summed weights over the sum of their squares, of all rows with the same
    prediction, so that those of its labels add up to it."""
    n: dict[tuple[Any, ...], int] = defaultdict(int)
    mass: dict[tuple[Any, ...], float] = defaultdict(float)
    of_prediction: dict[tuple[Any, ...], list[float]] = defaultdict(list)
    for r, w in zip(labelled, weights.tolist(), strict=True):
        for lang in ("all", r["lang"]):
            key = (r["task"], r["target"], r["model"], lang, r["predicted"], r["found"])
            n[*key, r["labelled"]] += 1
            mass[*key, r["labelled"]] += w
            of_prediction[key].append(w)
    names = ("task", "target", "model", "lang", "predicted", "found", "labelled")
    rows = []
    for key in sorted(n):
        whole = np.array(of_prediction[key[:-1]])
        part = mass[key] / whole.sum() * effective_number(whole)
        rows.append(dict(zip(names, key, strict=True)) | {"n": n[key], "weight": mass[key], "n_effective": part})
    return pa.Table.from_pylist(rows, schema=CONFUSION.schema)


def _languages(labelled: Sequence[dict[str, Any]], weights: Floats) -> list[dict[str, Any]]:
    rows: dict[str, list[int]] = defaultdict(list)
    for i, r in enumerate(labelled):
        rows[r["lang"]].append(i)
    out = []
    for lang, at in sorted(rows.items(), key=lambda item: (-len(item[1]), item[0])):
        right = np.array([labelled[i]["labelled"] == labelled[i]["predicted"] for i in at], float)
        out.append(
            {"lang": lang, "n": len(at), "agreement_0_1": round(float(weights[at] @ right / weights[at].sum()), 4)}
        )
    return out
