"""Texts -> spans of persuasion techniques, offline: where a trained model would say, at its thresholds, that a technique is used.

A hint for a reader, not a judgement: what it was trained on, how often it is right and what it must not be used for is in docs/heads-techniques.md.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from functools import cache, partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from houselights.content import (
    languages,
    technique_fourth,
    technique_model,
    technique_units,
    token_states,
    tuned_decoder,
    tuned_encoder,
)
from houselights.content import technique_features as features
from houselights.content.technique_fourth import FourthStage
from houselights.content.technique_model import LANGUAGES, TechniqueModel, probability
from houselights.content.technique_names import LABELS, families_of

Read = Callable[[Sequence[str]], Iterable[tuple[NDArray[np.float32], NDArray[np.int64]]]]
"""Texts -> of each, in order, the states of its tokens and where they lie."""


@dataclass(frozen=True)
class Readers:
    """What stage two and stage three read a unit with: `token_states.Reader` and `tuned_encoder.Encoder`, or others of their widths."""

    near: Read
    whole: Read


@dataclass(frozen=True)
class Fourth:
    """Stage four, and what it reads a unit with: `tuned_decoder.Decoder`, or another of its width."""

    stage: FourthStage
    read: Callable[[Sequence[str]], Iterable[NDArray[np.float32]]]


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
THOROUGH = "techniques-4"
"""With stage four."""
OTHER = len(LANGUAGES)
"""Row of every language that the training sets do not have."""
_SHIPPED = Path(__file__).parent / "heads" / "techniques.npz"
_TUNING = Path(__file__).parent / "heads" / "techniques_encoder.npz"
_FOURTH = Path(__file__).parent / "heads" / "techniques_fourth.npz"
_DECODING = Path(__file__).parent / "heads" / "techniques_decoder.npz"
_CHUNK = 2048  # texts looked at together, and units of texts: bounds memory
_Row = tuple[int, str, int, int, float]


@dataclass(frozen=True)
class _Unit:
    text_index: int
    begin: int  # where in the text
    words: str
    language: int  # index into LANGUAGES, or OTHER


@dataclass(frozen=True)
class _Open:
    """A unit about which later stages are asked."""

    unit: _Unit
    asked: NDArray[np.bool_]  # [techniques] which they are asked about
    stages: tuple[NDArray[np.float32], ...]  # [techniques] log odds of those before
    tokens: NDArray[np.float32]  # [tokens, techniques] what stage two says of its tokens
    bounds: NDArray[np.int64]  # [tokens, 2] where they lie


def shown(thorough: bool = False) -> dict[str, tuple[str, ...]]:
    """The techniques and families that are shown, with the languages in which they are; `thorough`: with stage four."""
    at = np.minimum(shipped().shown_at, fourth_stage().shown_at) if thorough else shipped().shown_at
    told = {
        t: tuple(lang for lang, p in zip(LANGUAGES, at[:, j], strict=False) if p <= 1) for j, t in enumerate(LABELS)
    }
    return {t: langs for t, langs in told.items() if langs}


@cache
def shipped() -> TechniqueModel:
    return technique_model.load(_SHIPPED)


@cache
def fourth_stage() -> FourthStage:
    return technique_fourth.load(_FOURTH)


@cache
def fourth_with(weights: Path) -> Fourth:
    """Raises HouselightsError where the file is not the weights that are known, or the extra is missing."""
    return Fourth(fourth_stage(), tuned_decoder.Decoder(weights, tuned_decoder.load(_DECODING)))


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
    fourth: Fourth | Path | None = None,
) -> pa.Table:
    """One row for each technique in each unit (a post, or some sentences of a long text) that reaches its threshold; by text, start and technique.
    A family of techniques has one where none of its techniques has one in the whole text: one of them is used, which one cannot be said.

    `start` and `end` are code points of the text as given, half-open, never empty; `confidence` is the probability that annotators of the training
    sets would find the technique in the unit. `read`: the installed ones where None. `codes`: BCP-47 of each text, told by the detector where
    None; where it is none of LANGUAGES, nothing is shown. With `every`: all techniques and families, each by itself, at the thresholds of their best
    F1; for evaluation. A text's rows depend on that text and its language alone, but for the last digit of some confidences,
    and so for rows that are at their threshold to that digit.
    `jobs`: processes, for the shipped model alone. `fourth`: stage four, or the weights that it reads with; more is shown then, and nothing less but
    families of what is shown then; `every` does without. Never raises for what a text holds. Raises HouselightsError where the extra is missing.
    """
    told = list(codes) if codes is not None else languages.identify(texts)[0]
    of = [LANGUAGES.index(c) if c in LANGUAGES else OTHER for c in told]
    last = None if every else fourth
    alone = jobs == 1 or read is not None or model is not None or isinstance(last, Fourth)
    parts = [(texts[i : i + _CHUNK], of[i : i + _CHUNK], i) for i in range(0, len(texts), _CHUNK)]
    pool = None if alone or len(parts) == 1 else ProcessPoolExecutor(jobs, get_context("spawn"))
    with pool or nullcontext():
        each = pool.map if pool else map
        one = partial(_three, read=read, every=every, model=model, fourth=last)
        found = list(each(one, *zip(*parts, strict=True))) if parts else []
        rows = [row for own, _ in found for row in own]
        if last:  # all at once: what it costs to open its weights does not hang on how many are asked about
            left = [own for _, some in found for own in some]
            shares = [left[i::jobs] for i in range(jobs)] if pool else [left]
            rows += [row for own in each(partial(_four, model=model, fourth=last), shares) for row in own]
    rows = sorted(rows if every else _alone(rows), key=lambda r: (r[0], r[2], r[1]))
    columns = list(zip(*rows, strict=True)) or [()] * len(SCHEMA)
    return pa.table([pa.array(c, f.type) for c, f in zip(columns, SCHEMA, strict=True)], schema=SCHEMA)


def _one_thread() -> AbstractContextManager[Any]:
    try:
        from threadpoolctl import threadpool_limits  # comes with scikit-learn, of the same extra
    except ImportError:
        return nullcontext()
    limits: AbstractContextManager[Any] = threadpool_limits(1, "blas")
    return limits


def _three(
    texts: Sequence[str],
    of: Sequence[int],
    first_index: int,
    read: Readers | None,
    every: bool,
    model: TechniqueModel | None,
    fourth: Fourth | Path | None,
) -> tuple[list[_Row], list[_Open]]:
    """(what three stages say of texts, what the fourth is to be asked about)."""
    known = model or shipped()
    stage = (fourth.stage if isinstance(fourth, Fourth) else fourth_stage()) if fourth else None
    shown = (known.wide_at if every else known.shown_at) <= 1
    if stage:
        shown |= stage.shown_at <= 1
    cleaned = [technique_units.clean(text) for text in texts]
    units = [
        _Unit(first_index + i, a, text[a:b], of[i])
        for i, text in enumerate(cleaned)
        if shown[of[i]].any()
        for a, b in technique_units.units(text)
    ]
    rows: list[_Row] = []
    left: list[_Open] = []
    with _one_thread():  # for products as small as these, threads wait for each other
        for begin in range(0, len(units), _CHUNK):
            said, more = _of_units(units[begin : begin + _CHUNK], read or readers(), every, known, stage)
            rows += said
            left += more
    return rows, left


def _of_units(
    units: list[_Unit], read: Readers, every: bool, model: TechniqueModel, stage: FourthStage | None
) -> tuple[list[_Row], list[_Open]]:
    lang = np.array([unit.language for unit in units])
    at = (model.wide_at if every else model.shown_at)[lang]
    gate, late_gate = (np.full_like(at, -np.inf) if every else g[lang] for g in (model.gate, model.late_gate))
    last_at = stage.shown_at[lang] if stage else np.full_like(at, 2)
    if stage:
        gate, late_gate = np.minimum(gate, stage.gate[lang]), np.minimum(late_gate, stage.late_gate[lang])
    first = model.first(features.ngrams([plain(unit.words) for unit in units], model.bits, model.idf))
    asked = ((at <= 1) | (last_at <= 1)) & (first >= gate)

    open_ = np.flatnonzero(asked.any(axis=1)).tolist()
    left: dict[int, _Open] = {}
    for u, (states, bounds) in zip(open_, read.near([units[u].words for u in open_]), strict=True):
        second, tokens = model.second(states)
        asked[u] &= model.early(first[u], second, lang[u]) >= late_gate[u]
        if asked[u].any():
            left[u] = _Open(units[u], asked[u], (first[u], second), tokens, bounds)

    rows: list[_Row] = []
    last: list[_Open] = []
    for u, (states, _) in zip(left, read.whole([units[u].words for u in left]), strict=True):
        own = replace(left[u], stages=(*left[u].stages, model.third(states)))
        odds = model.late(own.stages, lang[u])
        rows += _placed(own, own.asked & (probability(odds) >= at[u]), odds, model)
        if stage:
            further = own.asked & (last_at[u] <= 1) & (odds >= stage.last_gate[lang[u]])
            if further.any():
                last.append(replace(own, asked=further))
    return rows, last


def _four(left: Sequence[_Open], model: TechniqueModel | None, fourth: Fourth | Path) -> list[_Row]:
    if not left:
        return []
    known = fourth_with(fourth) if isinstance(fourth, Path) else fourth
    rows: list[_Row] = []
    with _one_thread():
        for own, states in zip(left, known.read([own.unit.words for own in left]), strict=True):
            odds = known.stage.last((*own.stages, known.stage.odds(states)), own.unit.language)
            said = own.asked & (probability(odds) >= known.stage.shown_at[own.unit.language])
            rows += _placed(own, said, odds, model or shipped())
    return rows


def _placed(own: _Open, said: NDArray[np.bool_], odds: NDArray[np.float32], model: TechniqueModel) -> Iterator[_Row]:
    sure, unit = probability(odds), own.unit
    for technique in np.flatnonzero(said).tolist():
        for start, end in _carried(unit.words, own.tokens[:, technique] + model.place_shift[technique], own.bounds):
            yield unit.text_index, LABELS[technique], unit.begin + start, unit.begin + end, float(sure[technique])


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
