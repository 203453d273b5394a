"""Texts -> spans of persuasion techniques, offline: where a trained model would say, at its thresholds, that a technique is used.

A hint for a reader, not a judgement: what it was trained on, how often it is right and what it must not be used for stands in docs/heads-techniques.md.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from houselights.content import technique_features as features
from houselights.content import technique_model, technique_units
from houselights.content.technique_model import TechniqueModel
from houselights.content.technique_names import LABELS, TECHNIQUES

Encode = Callable[[list[str]], NDArray[np.float32]]
SCHEMA = pa.schema(
    [
        ("text_index", pa.int64()),
        ("technique", pa.string()),
        ("start", pa.int64()),
        ("end", pa.int64()),
        ("confidence", pa.float64()),
    ]
)
VERSION = "techniques-1"
_SHIPPED = Path(__file__).parent / "heads" / "techniques.npz"
_CHUNK = 4096  # texts looked at together: bounds memory
_Row = tuple[int, str, int, int, float]


def shown() -> dict[str, float]:
    """The techniques and families that are shown, with the least probability at which they are."""
    return {t: float(p) for t, p in zip(LABELS, shipped().shown_at, strict=True) if p <= 1}


@cache
def shipped() -> TechniqueModel:
    return technique_model.load(_SHIPPED)


def spans(
    texts: Sequence[str],
    encode: Encode,
    every: bool = False,
    families: bool = False,
    model: TechniqueModel | None = None,
) -> pa.Table:
    """One row for each technique in each unit (a post, or some sentences of a long text) that reaches its threshold; by text, start and technique.

    `start` and `end` are code points of the text as given, half-open, never empty; `confidence` is the probability that annotators of the training
    sets would find the technique in the unit. `encode` gives the meaning of texts by the embedded model, [texts, 512] (another model's numbers mean
    nothing here), and is asked for units that the first stage lets through alone. With `every`: all techniques, at the thresholds of their best F1,
    and every unit is embedded; for evaluation. With `families`, rows of the taxonomy's six families as well, named as technique.
    A text's rows depend on that text alone, as far as `encode` does. Never raises for what a text holds. Raises HouselightsError where scikit-learn
    is missing.
    """
    model = model or shipped()
    rows: list[_Row] = []
    for begin in range(0, len(texts), _CHUNK):
        rows += _rows(texts[begin : begin + _CHUNK], begin, encode, every, families, model)
    columns = list(zip(*rows, strict=True)) or [()] * len(SCHEMA)
    return pa.table([pa.array(c, f.type) for c, f in zip(columns, SCHEMA, strict=True)], schema=SCHEMA)


def _rows(
    texts: Sequence[str], first_index: int, encode: Encode, every: bool, families: bool, model: TechniqueModel
) -> list[_Row]:
    cleaned = [technique_units.clean(text) for text in texts]
    where = [(i, a, b) for i, text in enumerate(cleaned) for a, b in technique_units.units(text)]
    said = [plain(cleaned[i][a:b]) for i, a, b in where]
    distinct = sorted(set(said))
    asked = len(LABELS) if families else len(TECHNIQUES)
    gate = np.full(asked, -np.inf, np.float32) if every else model.gate[:asked]
    at = (model.wide_at if every else model.shown_at)[:asked]
    found = dict(zip(distinct, probabilities(distinct, encode, gate, model), strict=True))
    rows = []
    for (i, a, b), unit in zip(where, said, strict=True):
        for technique in np.flatnonzero(found[unit] >= at).tolist():
            for start, end in _carried(cleaned[i][a:b], technique, model):
                row = (first_index + i, LABELS[technique], a + start, a + end, float(found[unit][technique]))
                rows.append(row)
    return sorted(rows, key=lambda r: (r[0], r[2], r[1]))


def plain(piece: str) -> str:
    """A unit as the model reads it: single spaces."""
    return " ".join(piece.split())


def probabilities(
    units: list[str], encode: Encode, gate: NDArray[np.float32], model: TechniqueModel
) -> NDArray[np.float64]:
    """[units, gates] of the first labels; -1 where stage one lies under the gate. Units under all gates are not embedded."""
    out = np.full((len(units), len(gate)), -1.0)
    if not units:
        return out
    first = model.first(features.ngrams(units, model.bits, model.idf))
    through = first[:, : len(gate)] >= gate
    asked = np.flatnonzero(through.any(axis=1))
    if len(asked):
        chosen = [units[i] for i in asked.tolist()]
        second = model.second(technique_model.seen(encode(chosen), features.shapes(chosen)))
        probability = model.probability(first[asked], second)[:, : len(gate)]
        out[asked] = np.where(through[asked], probability, -1.0)
    return out


def _carried(unit: str, technique: int, model: TechniqueModel) -> Iterator[tuple[int, int]]:
    """Where in a unit: from the first to the last character of the words that carry it; nowhere without words."""
    words = technique_units.words(unit)
    if words:
        first, last = model.carrying([unit[a:b] for a, b in words], technique)
        yield words[first][0], words[last - 1][1]
