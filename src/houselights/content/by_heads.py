"""The heads that serve without a language model: stance and techniques of every post in own words, as rows of `annotations`."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from houselights.content import embedding, languages, marking, stance_head, technique_head
from houselights.content.stance_head import Encode, StanceHead
from houselights.content.write import CACHE
from houselights.core.errors import HouselightsError
from houselights.core.paths import in_sql
from houselights.core.settings import AnnotateSettings
from houselights.core.tables import POSTS

Tell = Callable[[int, int], None]
ENGLISH = "en"
"""The language of the shipped stance heads' training posts; in no other were their answers measured."""


@dataclass
class Marked:
    """Rows of annotations; (task, target, model) that were marked, rows or not; what could not be done or was left unclear -> why."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    done: list[tuple[str, str, str]] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Said:
    """t distinct texts, with the posts that say each, and for each post the language that its platform tells, '' where it tells none."""

    texts: list[str]
    posts: list[list[str]]
    told: list[list[str]]


def mark(
    con: duckdb.DuckDBPyConnection, run_dir: Path, tasks: Sequence[str], settings: AnnotateSettings, tell: Tell
) -> Marked:
    """The same text is read once, however many posts have it."""
    if not tasks:
        return Marked()
    try:
        model = embedding.chosen(settings.embeddings_url, settings.embeddings_model)
    except HouselightsError as error:
        if settings.embeddings_url:
            raise
        return Marked(left_out=dict.fromkeys(tasks, str(error)))
    if model.name != embedding.EMBEDDED:
        why = "the heads know the vectors of the embedded model alone: leave --embeddings out"
        return Marked(left_out=dict.fromkeys(tasks, why))
    said = _said(con, run_dir)

    def encode(pieces: list[str]) -> NDArray[np.float32]:
        return embedding.vectors(pieces, model, run_dir / CACHE, settings.jobs, tell)

    out = Marked()
    if marking.TECHNIQUES in tasks:
        try:
            _techniques(said, out, settings.jobs)
        except HouselightsError as error:  # one head of two may be there
            out.left_out[marking.TECHNIQUES] = str(error)
    if marking.STANCE in tasks:
        own = {head.target: head for path in settings.head_files for head in stance_head.load(Path(path))}
        for target in settings.targets:
            _stances(said, target, own.get(target), encode, out)
    return out


def _said(con: duckdb.DuckDBPyConnection, run_dir: Path) -> _Said:
    found = con.execute(
        f"""SELECT "text", list(post_id ORDER BY post_id), list(coalesce(lang, '') ORDER BY post_id) FROM read_parquet({in_sql(run_dir / POSTS.file)})
        WHERE kind <> 'repost' AND trim("text") <> '' GROUP BY 1 ORDER BY min(post_id)"""
    ).fetchall()
    return _Said([str(t) for t, _, _ in found], [list(ids) for _, ids, _ in found], [list(c) for _, _, c in found])


def _techniques(said: _Said, out: Marked, jobs: int) -> None:
    name = f"head:{marking.TECHNIQUES}"
    for i, technique, start, end, confidence in _each(technique_head.spans(said.texts, jobs=jobs)):
        out.rows += [
            marking.row(
                p,
                marking.TECHNIQUES,
                "",
                technique,
                (start, end),
                said.texts[i],
                confidence,
                name,
                technique_head.VERSION,
            )
            for p in said.posts[i]
        ]
    out.done.append((marking.TECHNIQUES, "", name))


def _stances(said: _Said, target: str, own: StanceHead | None, encode: Encode, out: Marked) -> None:
    """By the user's head where there is one; else by a shipped one, of English posts alone; every other post is 'unclear', with confidence 0."""
    name = f"head:{marking.STANCE}"
    found = stance_head.judge(said.texts, own, encode) if own else stance_head.stances(said.texts, target, encode)
    knows = [[True] * len(ids) for ids in said.posts]
    if own is None and stance_head.known_target(target):
        knows = _in_english(said)
        n_left = sum(not k for ks in knows for k in ks)
        if n_left:
            out.left_out[f"stance toward {target}"] = (
                f"{n_left:,} posts that are not in English, or whose language cannot be told, are 'unclear': its head has learned from English alone"
            )
    elif own is None:
        out.left_out[f"stance toward {target}"] = (
            "this target has no head, so every post is 'unclear'. Label posts with houselights sample, learn one with --save-head, and give it with "
            "--head; or ask a language model (--llm)"
        )
    for i, label, confidence, start, end in _each(found):
        for post_id, known in zip(said.posts[i], knows[i], strict=True):
            told = (label, (start, end), confidence) if known else (stance_head.UNCLEAR, (0, 0), 0.0)
            out.rows.append(
                marking.row(
                    post_id,
                    marking.STANCE,
                    target,
                    told[0],
                    told[1],
                    said.texts[i],
                    told[2],
                    name,
                    stance_head.VERSION,
                )
            )
    out.done.append((marking.STANCE, target, name))


def _in_english(said: _Said) -> list[list[bool]]:
    """Of each post: does the detector say English, or, where it cannot tell, the platform?"""
    codes, _ = languages.identify(said.texts)
    return [
        [
            code == ENGLISH or (code == languages.UNKNOWN and told.split("-")[0].lower() == ENGLISH)
            for told in said.told[i]
        ]
        for i, code in enumerate(codes)
    ]


def _each(table: pa.Table) -> Iterator[tuple[Any, ...]]:
    return zip(*(table[c].to_pylist() for c in table.column_names), strict=True)


def learn(
    con: duckdb.DuckDBPyConnection, run_dir: Path, labelled: dict[str, str], target: str, jobs: int
) -> StanceHead:
    """A stance head for `target` from posts labelled by hand, post id -> label. Raises HouselightsError for too few, or without the extra."""
    model = embedding.chosen("", "")
    rows = con.execute(
        f'SELECT any_value("text"), post_id FROM read_parquet({in_sql(run_dir / POSTS.file)}) WHERE list_contains($ids, post_id) GROUP BY post_id',
        {"ids": sorted(labelled)},
    ).fetchall()

    def encode(pieces: list[str]) -> NDArray[np.float32]:
        return embedding.vectors(pieces, model, run_dir / CACHE, jobs)

    return stance_head.fit([str(t) for t, _ in rows], [labelled[str(p)] for _, p in rows], target, encode)
