"""How much of the apparent opinion is a group's: opinion.json of a RUN.

Recall comes in as rows (`recall` of calibration.json, or spike-ins made for this); nothing here plants or scans."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

import duckdb
import numpy as np

from houselights.core.errors import HouselightsError
from houselights.core.paths import digest
from houselights.core.settings import OpinionSettings
from houselights.core.tables import ANNOTATIONS, CONFUSION
from houselights.findings.opinion import categories, groups, reach, readout, sentences, spread, stances, trends
from houselights.findings.opinion.reach import Row

__all__ = ["FILE", "check", "write"]

FILE = "opinion.json"


def check(con: duckdb.DuckDBPyConnection, run_dir: Path, settings: OpinionSettings) -> None:
    """Raises HouselightsError where the run has no such topic or target."""
    categories.choose(con, run_dir, settings.topic)
    if settings.dimension in ("", "stance"):
        _target(con, run_dir, settings)


def write(
    con: duckdb.DuckDBPyConnection,
    run_dir: Path,
    settings: OpinionSettings,
    recall: Sequence[Row],
    source: str,
    fdr: float,
) -> dict[str, Any]:
    """Adds the topic to RUN/opinion.json, in place of an earlier answer about it, and returns it.

    recall: rows of planted groups, none where `source` is 'unknown'. Raises HouselightsError where the run has no such topic or dimension."""
    counted = groups.counted(con, run_dir, recall, fdr)
    found = _topic(con, run_dir, settings, counted, recall, source)
    kept = [t for t in _earlier(run_dir) if t.get("topic") != found["topic"]]
    topics = sorted([*kept, found], key=lambda t: str(t["topic"]))
    beside = run_dir / f"{FILE}.part"
    text = json.dumps({"topics": topics}, ensure_ascii=False, indent=1, allow_nan=False)
    beside.write_bytes(text.encode("utf-8", "replace") + b"\n")
    beside.replace(run_dir / FILE)
    return found


def _earlier(run_dir: Path) -> list[dict[str, Any]]:
    """Other topics that were asked about; a file that cannot be read is replaced."""
    try:
        topics = json.loads((run_dir / FILE).read_text(encoding="utf-8"))["topics"]
    except (OSError, ValueError, KeyError, TypeError):
        return []
    return [t for t in topics if isinstance(t, dict)] if isinstance(topics, list) else []


def _topic(
    con: duckdb.DuckDBPyConnection,
    run_dir: Path,
    settings: OpinionSettings,
    counted: Sequence[groups.Counted],
    recall: Sequence[Row],
    source: str,
) -> dict[str, Any]:
    sizes = categories.choose(con, run_dir, settings.topic)
    limits = reach.limits(recall)
    used = [_used(c) for c in counted]
    probability: dict[str, float] = {}
    for c in counted:
        probability |= c.probability
    sizes_found = [len(c.probability) for c in counted]
    unseen = reach.unseen(recall, round(float(np.mean(sizes_found)))) if sizes_found else 1.0
    missed = reach.largest(limits), unseen
    whole = _whole(con, settings, counted, missed, sorted(probability))
    dimensions, left_out = _dimensions(con, run_dir, settings, counted, missed, sorted(probability))
    supposed = sentences.ASSUMPTION if source != "unknown" else sentences.ASSUMPTION_UNMEASURED
    return {
        "topic": settings.topic,
        **sizes,
        "target": settings.target,
        "draws": settings.draws,
        "seed": settings.seed,
        "level_0_1": 0.9,
        "findings": used,
        "recall_from": source,
        "limits_by_tactic": limits,
        "labels_from": {t.file: digest(run_dir / t.file) for t in (ANNOTATIONS, CONFUSION)},
        "manufactured": whole,
        "dimensions": dimensions,
        "volume": categories.volume(con, probability),
        "trends": trends.trends(con, run_dir, counted, settings),
        "spread": spread.spread(con, probability),
        "sentences": [
            *left_out,
            *sentences.recall(used, source),
            *sentences.limits(limits),
            supposed,
            sentences.NOT_OPINION,
        ],
    }


def _used(c: groups.Counted) -> dict[str, Any]:
    return {
        "finding_id": c.finding_id,
        "tier": c.tier,
        "n_accounts": len(c.probability),
        "expected_members": round(sum(c.probability.values()), 3),
        "looks_like": c.tactic,
        "tactic": c.reach.tactic,
        "words": reach.TACTIC_WORDS.get(c.reach.tactic, ""),
        "found": round(c.reach.found, 3),
        "implants": round(c.reach.implants, 3),
        "listed_0_1": round(c.reach.listed_0_1, 6),
        "listed_of": "accounts, as core" if c.resolved else "posts",
    }


def _whole(
    con: duckdb.DuckDBPyConnection,
    settings: OpinionSettings,
    counted: Sequence[groups.Counted],
    missed: tuple[float | None, float],
    listed: list[str],
) -> dict[str, Any]:
    """Of all posts of the topic, whatever they say: how many are by groups."""
    categories.everything(con)
    counts = categories.count(con, "", listed)
    rng = readout.stream(settings.seed, settings.topic)
    told = readout.manufactured(counts, counted, *missed, settings.draws, rng)
    return told | {"sentence": sentences.topic(told, counts.n_posts)}


def _dimensions(
    con: duckdb.DuckDBPyConnection,
    run_dir: Path,
    settings: OpinionSettings,
    counted: Sequence[groups.Counted],
    missed: tuple[float | None, float],
    listed: list[str],
) -> tuple[list[dict[str, Any]], list[str]]:
    """What is counted, and sentences on what is not."""
    out, left_out = [], []
    for name in (settings.dimension,) if settings.dimension else categories.DIMENSIONS:
        target = _target(con, run_dir, settings) if name == "stance" else ""
        if name == "stance" and not target:
            continue
        marked = stances.read(con, run_dir, target, categories.STANCES) if target else stances.Read()
        if marked.why_not:
            left_out.append(marked.why_not)
            continue
        if not categories.tag(con, run_dir, name, settings.topic, target, marked.model):
            continue
        counts = categories.count(con, name, listed)
        evidence = groups.in_evidence(con, run_dir, counted)
        rng = readout.stream(settings.seed, settings.topic, name, target)
        told = readout.dimension(counts, counted, *missed, evidence, marked.audit, settings.draws, rng)
        told["sentences"] += sentences.labels(name, marked.n_audited, marked.note) + sentences.alone(counts.names)
        out.append(told | ({"target": target, "labels_by": marked.model} if target else {}))
    if not out and settings.dimension:
        _refuse(run_dir, settings, left_out)
    return out, left_out


def _refuse(run_dir: Path, settings: OpinionSettings, left_out: Sequence[str]) -> NoReturn:
    if left_out:
        raise HouselightsError(" ".join(left_out))
    lacking = {
        "narrative": "scan with --narratives first",
        "stance": "run houselights annotate with a --target first",
        "technique": "run houselights annotate first",
    }.get(settings.dimension, "no post there has one")
    what = settings.dimension.replace("_", " ")
    raise HouselightsError(f"{run_dir}: the posts of {settings.topic!r} have no {what} to count: {lacking}.")


def _target(con: duckdb.DuckDBPyConnection, run_dir: Path, settings: OpinionSettings) -> str:
    """Raises HouselightsError where a stance is asked for and it is not clear toward what."""
    known = categories.targets(con, run_dir)
    if settings.target and settings.target not in known:
        raise HouselightsError(
            f"--target: no stance toward {settings.target!r} was annotated. There are: {', '.join(known) or 'none'}."
        )
    if not settings.target and len(known) > 1 and settings.dimension == "stance":
        raise HouselightsError(f"--target: say toward what; annotated are {', '.join(known)}.")
    return settings.target or (known[0] if len(known) == 1 else "")
