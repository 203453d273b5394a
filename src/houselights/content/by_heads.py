"""The heads that serve without a language model: stance and techniques of every post in own words, as rows of `annotations`."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from houselights.content import embedding, marking, stance_head, technique_head
from houselights.content.write import CACHE
from houselights.core.errors import HouselightsError
from houselights.core.paths import in_sql
from houselights.core.settings import AnnotateSettings
from houselights.core.tables import POSTS

Tell = Callable[[int, int], None]


def mark(
    con: duckdb.DuckDBPyConnection, run_dir: Path, tasks: Sequence[str], settings: AnnotateSettings, tell: Tell
) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """(rows of annotations, task -> why it could not be done). The same text is read once, however many posts have it."""
    try:
        model = embedding.chosen(settings.embeddings_url, settings.embeddings_model)
    except HouselightsError as error:
        if settings.embeddings_url:
            raise
        return [], dict.fromkeys(tasks, str(error))
    if model.name != embedding.EMBEDDED:
        return [], dict.fromkeys(
            tasks, "the heads know the vectors of the embedded model alone: leave --embeddings out"
        )
    found = con.execute(
        f"""SELECT "text", list(post_id ORDER BY post_id) FROM read_parquet({in_sql(run_dir / POSTS.file)})
        WHERE kind <> 'repost' AND trim("text") <> '' GROUP BY 1 ORDER BY min(post_id)"""
    ).fetchall()
    texts, posts = [str(t) for t, _ in found], [[str(p) for p in ids] for _, ids in found]

    def encode(pieces: list[str]) -> NDArray[np.float32]:
        return embedding.vectors(pieces, model, run_dir / CACHE, settings.jobs, tell)

    rows: list[dict[str, Any]] = []
    if marking.TECHNIQUES in tasks:
        spans = technique_head.spans(texts)
        name, version = (
            f"head:{marking.TECHNIQUES}",
            technique_head.VERSION,
        )
        for i, technique, start, end, confidence in zip(
            *(spans[c].to_pylist() for c in spans.column_names), strict=True
        ):
            rows += [
                marking.row(p, marking.TECHNIQUES, "", technique, (start, end), texts[i], confidence, name, version)
                for p in posts[i]
            ]
    if marking.STANCE in tasks:
        name, version = f"head:{marking.STANCE}", stance_head.VERSION
        own = {head.target: head for path in settings.head_files for head in stance_head.load(Path(path))}
        for target in settings.targets:
            said = (
                stance_head.judge(texts, own[target], encode)
                if target in own
                else stance_head.stances(texts, target, encode)
            )
            for i, label, confidence, start, end in zip(*(said[c].to_pylist() for c in said.column_names), strict=True):
                rows += [
                    marking.row(p, marking.STANCE, target, label, (start, end), texts[i], confidence, name, version)
                    for p in posts[i]
                ]
    return rows, {}


def learn(
    con: duckdb.DuckDBPyConnection, run_dir: Path, labelled: dict[str, str], target: str, jobs: int
) -> stance_head.StanceHead:
    """A stance head for `target` from posts labelled by hand, post id -> label. Raises HouselightsError for too few, or without the extra."""
    model = embedding.chosen("", "")
    rows = con.execute(
        f'SELECT any_value("text"), post_id FROM read_parquet({in_sql(run_dir / POSTS.file)}) WHERE list_contains($ids, post_id) GROUP BY post_id',
        {"ids": sorted(labelled)},
    ).fetchall()

    def encode(pieces: list[str]) -> NDArray[np.float32]:
        return embedding.vectors(pieces, model, run_dir / CACHE, jobs)

    return stance_head.fit([str(t) for t, _ in rows], [labelled[str(p)] for _, p in rows], target, encode)
