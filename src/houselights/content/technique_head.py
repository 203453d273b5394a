"""Texts -> spans of persuasion techniques, offline: where a trained model would say, at its thresholds, that a technique is used.

A hint for a reader, not a judgement: what it was trained on, how often it is right and what it must not be used for is in docs/heads-techniques.md.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cache, partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from houselights.content import languages, technique_model, technique_units, token_states, tuned_encoder
from houselights.content import technique_features as features
from houselights.content.technique_model import LANGUAGES, TechniqueModel
from houselights.content.technique_names import LABELS, families_of

Read = Callable[[Sequence[str]], Iterable[tuple[NDArray[np.float32], NDArray[np.int64]]]]
"""Texts -> of each, in order, the states of its tokens and where they lie."""


@dataclass(frozen=True)
class Readers:
    """What stage two and stage three read a unit with: `token_states.Reader` and `tuned_encoder.Encoder`, or others of their widths."""

    near: Read
    whole: Read


SCHEMA = pa.schema(
    [
        ("text_index", pa.int64()),
        ("technique", pa.string()),
        ("start", pa.int64()),
        ("end", pa.int64()),
        ("confidence", pa.float64()),
    ]
)
VERSION = "techniques-3"
OTHER = len(LANGUAGES)
"""Row of every language that the training sets do not have."""
_SHIPPED = Path(__file__).parent / "heads" / "techniques.npz"
_TUNING = Path(__file__).parent / "heads" / "techniques_encoder.npz"
_CHUNK = 2048  # texts looked at together, and units of texts: bounds memory
_Row = tuple[int, str, int, int, float]
_Open = tuple[int, NDArray[np.float32], NDArray[np.float32], NDArray[np.int64]]
"""A unit that stage three is asked about: its number, what stage two says of it and of its tokens, and where these lie."""


def shown() -> dict[str, tuple[str, ...]]:
    """The techniques and families that are shown, with the languages in which they are."""
    at = shipped().shown_at
    told = {
        t: tuple(lang for lang, p in zip(LANGUAGES, at[:, j], strict=False) if p <= 1) for j, t in enumerate(LABELS)
    }
    return {t: langs for t, langs in told.items() if langs}


@cache
def shipped() -> TechniqueModel:
    return technique_model.load(_SHIPPED)


@cache
def readers() -> Readers:
    """The installed ones. Raises HouselightsError where one is missing."""
    return Readers(token_states.reader(), tuned_encoder.Encoder(tuned_encoder.load(_TUNING)))


def spans(
    texts: Sequence[str],
    read: Readers | None = None,
    codes: Sequence[str] | None = None,
    every: bool = False,
    model: TechniqueModel | None = None,
    jobs: int = 1,
) -> pa.Table:
    """One row for each technique in each unit (a post, or some sentences of a long text) that reaches its threshold; by text, start and technique.
    A family of techniques has one where none of its techniques has one in the whole text: one of them is used, which one cannot be said.

    `start` and `end` are code points of the text as given, half-open, never empty; `confidence` is the probability that annotators of the training
    sets would find the technique in the unit. `read`: the installed ones where None. `codes`: BCP-47 of each text, told by the detector where
    None; where it is none of LANGUAGES, nothing is shown. With `every`: all techniques and families, each by itself, at the thresholds of their best
    F1; for evaluation. A text's rows depend on that text and its language alone, but for the last digit of some confidences,
    and so for rows that are at their threshold to that digit.
    `jobs`: processes, for the shipped model alone. Never raises for what a text holds. Raises HouselightsError where the extra is missing.
    """
    told = list(codes) if codes is not None else languages.identify(texts)[0]
    of = [LANGUAGES.index(c) if c in LANGUAGES else OTHER for c in told]
    one = partial(_rows, read=read, every=every, model=model)
    parts = [(texts[i : i + _CHUNK], of[i : i + _CHUNK], i) for i in range(0, len(texts), _CHUNK)]
    rows: list[_Row] = []
    if jobs == 1 or read or model or len(parts) == 1:
        rows = [row for part in parts for row in one(*part)]
    else:
        with ProcessPoolExecutor(jobs, get_context("spawn")) as pool:
            rows = [row for found in pool.map(one, *zip(*parts, strict=True)) for row in found]
    columns = list(zip(*rows, strict=True)) or [()] * len(SCHEMA)
    return pa.table([pa.array(c, f.type) for c, f in zip(columns, SCHEMA, strict=True)], schema=SCHEMA)


def _rows(
    texts: Sequence[str],
    of: Sequence[int],
    first_index: int,
    read: Readers | None,
    every: bool,
    model: TechniqueModel | None,
) -> list[_Row]:
    with _one_thread():  # for products as small as these, threads wait for each other
        return _read(texts, of, first_index, read or readers(), every, model or shipped())


def _one_thread() -> AbstractContextManager[Any]:
    try:
        from threadpoolctl import threadpool_limits  # comes with scikit-learn, of the same extra
    except ImportError:
        return nullcontext()
    limits: AbstractContextManager[Any] = threadpool_limits(1, "blas")
    return limits


def _read(
    texts: Sequence[str],
    of: Sequence[int],
    first_index: int,
    read: Readers,
    every: bool,
    model: TechniqueModel,
) -> list[_Row]:
    cleaned = [technique_units.clean(text) for text in texts]
    shown = (model.wide_at if every else model.shown_at) <= 1
    where = [(i, a, b) for i, text in enumerate(cleaned) if shown[of[i]].any() for a, b in technique_units.units(text)]
    rows = []
    for begin in range(0, len(where), _CHUNK):
        some = where[begin : begin + _CHUNK]
        units, lang = [cleaned[i][a:b] for i, a, b in some], np.array([of[i] for i, _, _ in some])
        for u, technique, start, end, confidence in _said(units, lang, read, every, model):
            i, a, _ = some[u]
            rows.append((first_index + i, LABELS[technique], a + start, a + end, confidence))
    return sorted(rows if every else _alone(rows), key=lambda r: (r[0], r[2], r[1]))


def _said(
    units: list[str], lang: NDArray[np.int64], read: Readers, every: bool, model: TechniqueModel
) -> Iterator[tuple[int, int, int, int, float]]:
    """(number of the unit, column of the technique, start and end in the unit, probability) of what reaches its threshold."""
    at = (model.wide_at if every else model.shown_at)[lang]
    gate, late_gate = (np.full_like(at, -np.inf) if every else g[lang] for g in (model.gate, model.late_gate))
    first = model.first(features.ngrams([plain(unit) for unit in units], model.bits, model.idf))
    asked = (at <= 1) & (first >= gate)

    open_ = np.flatnonzero(asked.any(axis=1)).tolist()
    left: list[_Open] = []
    for u, (states, bounds) in zip(open_, read.near([units[u] for u in open_]), strict=True):
        second, tokens = model.second(states)
        asked[u] &= model.early(first[u], second, lang[u]) >= late_gate[u]
        if asked[u].any():
            left.append((u, second, tokens, bounds))

    for (u, second, tokens, bounds), (states, _) in zip(left, read.whole([units[u] for u, *_ in left]), strict=True):
        probability = model.probability(first[u], second, model.third(states), lang[u])
        for technique in np.flatnonzero(asked[u] & (probability >= at[u])).tolist():
            for start, end in _carried(units[u], tokens[:, technique] + model.place_shift[technique], bounds):
                yield u, technique, start, end, float(probability[technique])


def _alone(rows: list[_Row]) -> list[_Row]:
    """The same without families of which a technique is shown in the same text."""
    covered = {(text, family) for text, label, *_ in rows for family in families_of({label})}
    return [row for row in rows if row[:2] not in covered]


def plain(piece: str) -> str:
    """A unit as stage one reads it: single spaces."""
    return " ".join(piece.split())


def _carried(unit: str, odds: NDArray[np.float32], bounds: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """Where in a unit: the words of the run of tokens with the largest sum of odds; nowhere without words."""
    own = np.flatnonzero(bounds[:, 1] > 0)
    if len(own):
        first, last = technique_model.best_run(odds[own].tolist())
        start, end = int(bounds[own[first], 0]), int(bounds[own[last - 1], 1])
        words = [(a, b) for a, b in technique_units.words(unit[start:end])]
        if words:
            yield start + words[0][0], start + words[-1][1]
