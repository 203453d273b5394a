"""How much of the apparent opinion is a group's: opinion.json of a RUN.

Recall comes in as rows (`recall` of calibration.json, or spike-ins made for this); nothing here plants or scans."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from houselights.core.errors import HouselightsError
from houselights.core.paths import in_sql
from houselights.core.settings import OpinionSettings
from houselights.core.tables import CONFUSION
from houselights.findings.opinion import categories, groups, reach, readout, sentences, spread, trends
from houselights.findings.opinion.labels import Confusion
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
    dimensions = _dimensions(con, run_dir, settings, counted, (reach.largest(limits), unseen), sorted(probability))
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
        "dimensions": dimensions,
        "volume": categories.volume(con, probability),
        "trends": trends.trends(con, run_dir, counted, settings),
        "spread": spread.spread(con, probability),
        "sentences": [
            *sentences.recall(used, source),
            *sentences.limits(limits),
            sentences.ASSUMPTION,
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
    }


def _dimensions(
    con: duckdb.DuckDBPyConnection,
    run_dir: Path,
    settings: OpinionSettings,
    counted: Sequence[groups.Counted],
    missed: tuple[float | None, float],
    listed: list[str],
) -> list[dict[str, Any]]:
    asked = (settings.dimension,) if settings.dimension else categories.DIMENSIONS
    out = []
    for name in asked:
        target = _target(con, run_dir, settings) if name == "stance" else ""
        if name == "stance" and not target:
            continue
        if not categories.tag(con, run_dir, name, settings.topic, target or ""):
            continue
        counts = categories.count(con, name, listed)
        evidence = groups.in_evidence(con, run_dir, counted)
        confusion = _confusion(con, run_dir, target, counts.names) if name == "stance" else None
        rng = readout.stream(settings.seed, settings.topic, name, target)
        told = readout.dimension(counts, counted, *missed, evidence, confusion, settings.draws, rng)
        out.append(told | ({"target": target} if target else {}))
    if not out:
        lacking = {
            "narrative": "scan with --narratives first",
            "stance": "run houselights annotate with a --target first",
            "technique": "run houselights annotate first",
        }.get(settings.dimension, "no post there has one")
        what = settings.dimension.replace("_", " ") or "hashtag, link, narrative or label"
        raise HouselightsError(f"{run_dir}: the posts of {settings.topic!r} have no {what} to count: {lacking}.")
    return out


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


def _confusion(
    con: duckdb.DuckDBPyConnection, run_dir: Path, target: str, names: Sequence[str | None]
) -> Confusion | None:
    """The audited sample of this target; each predicted label has as many observations as rows of the sheet, weighted as these were drawn."""
    if not (run_dir / CONFUSION.file).is_file():
        return None
    rows = con.execute(
        f"""SELECT predicted, labelled, sum(n), sum(weight) FROM read_parquet({in_sql(run_dir / CONFUSION.file)})
        WHERE task = 'stance' AND target = $target AND lang = 'all' GROUP BY 1, 2 ORDER BY 1, 2""",
        {"target": target},
    ).fetchall()
    if not rows:
        return None
    at = {name: i for i, name in enumerate(names)}
    n, weight = np.zeros((len(names), len(names))), np.zeros((len(names), len(names)))
    for predicted, labelled, rows_, mass in rows:
        if predicted in at and labelled in at:
            n[at[predicted], at[labelled]], weight[at[predicted], at[labelled]] = rows_, mass
    whole = weight.sum(axis=1, keepdims=True)
    share = np.divide(weight, whole, out=np.zeros_like(weight), where=whole > 0)
    return Confusion(share * n.sum(axis=1, keepdims=True))
