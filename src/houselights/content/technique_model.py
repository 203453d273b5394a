"""The trained numbers behind techniques, and what they say of a unit: two stages of probability, and the words that carry it.

Stage one is logistic regression on hashed n-grams; stage two a network of one hidden layer on the unit's meaning and shape. Both give log odds for
each technique; `mix` makes them one calibrated probability (Platt 1999). A technique whose first stage lies under its gate is silent, and
units where all are silent are not embedded: the gate loses about 3 % of what would be shown.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from houselights.content.technique_features import ngrams, places

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class TechniqueModel:
    """k techniques and families in the order of `LABELS`; c = 2 * 2**bits columns of n-grams; h hidden; p columns of places."""

    idf: Floats  # [c]
    ngram_weights: Floats  # [c, k]
    ngram_bias: Floats  # [k]
    hidden_weights: Floats  # [meaning + shape, h]
    hidden_bias: Floats  # [h]
    out_weights: Floats  # [h, k]
    skip_weights: Floats  # [meaning + shape, k]
    out_bias: Floats  # [k]
    mix: Floats  # [3, k] of stage one, of stage two, constant
    place_weights: Floats  # [p + 2, k]: places, then for what stage one says of the word alone, then a constant
    shown_at: Floats  # [k] least probability that is shown; above 1 where the technique is not shown
    wide_at: Floats  # [k] least probability with `every`
    gate: Floats  # [k] least log odds of stage one for which stage two is asked; infinite where the technique is not shown

    @property
    def bits(self) -> int:
        return len(self.idf).bit_length() - 2

    def first(self, ngrams: csr_matrix) -> Floats:
        """[units, k] log odds of stage one."""
        return np.asarray(ngrams @ self.ngram_weights + self.ngram_bias, np.float32)

    def second(self, seen: Floats) -> Floats:
        """[units, k] log odds of stage two. One unit at a time, so that a unit's figure does not depend on its company."""
        out = np.empty((len(seen), len(self.out_bias)), np.float32)
        for i, row in enumerate(seen):
            hidden = np.maximum(row @ self.hidden_weights + self.hidden_bias, 0)
            out[i] = hidden @ self.out_weights + row @ self.skip_weights + self.out_bias
        return out

    def probability(self, first: Floats, second: Floats) -> NDArray[np.float64]:
        """[units, k] rounded to what is stable between machines."""
        odds = self.mix[0] * first + self.mix[1] * second + self.mix[2]
        return np.asarray(np.round(1 / (1 + np.exp(-odds.astype(np.float64))), 4), np.float64)

    def carrying(self, words: Sequence[str], technique: int) -> tuple[int, int]:
        """Half-open range of the words of a unit that carry a technique: the run with the largest sum of log odds (Bentley 1984), never empty."""
        weights = self.place_weights[:, technique]
        columns = places(words, len(weights) - 2)
        alone = ngrams(words, self.bits, self.idf) @ self.ngram_weights[:, technique]
        own = np.array([weights[c].sum() for c in columns], np.float64)
        return best_run((own + weights[-2] * alone + weights[-1]).tolist())


def best_run(values: Sequence[float]) -> tuple[int, int]:
    """The first of the runs with the largest sum, as a half-open range of at least one."""
    best, begin, end = -np.inf, 0, 1
    total, start = 0.0, 0
    for i, value in enumerate(values):
        if total <= 0:
            total, start = 0.0, i
        total += value
        if total > best:
            best, begin, end = total, start, i + 1
    return begin, end


def seen(meaning: Floats, shape: Floats) -> Floats:
    """[units, meaning + shape] as stage two takes them: numbers of about unit size."""
    wide = np.asarray(meaning, np.float32)
    unit = wide / np.maximum(np.sqrt(np.einsum("ij,ij->i", wide, wide))[:, None], 1e-9)
    return np.hstack([unit * np.sqrt(wide.shape[1]), shape]).astype(np.float32)


_SMALL = {"ngram_weights", "place_weights"}  # one byte each, with a scale by technique


def save(model: TechniqueModel, path: Path) -> None:
    """Half precision, and a byte for the two large tables. The same numbers give the same bytes."""
    parts: dict[str, NDArray[np.generic]] = {}
    for field in fields(model):
        values = getattr(model, field.name)
        if field.name in _SMALL:
            scale = np.maximum(np.abs(values).max(axis=0), 1e-9) / 127
            parts[field.name] = np.round(values / scale).astype(np.int8)
            parts[f"{field.name}_scale"] = scale.astype(np.float32)
        else:
            parts[field.name] = values.astype(np.float32 if values.ndim == 1 else np.float16)
    np.savez_compressed(path, **parts)  # type: ignore[arg-type]


def load(path: Path) -> TechniqueModel:
    with np.load(path, allow_pickle=False) as stored:
        parts = {name: stored[name].astype(np.float32) for name in stored.files}
    for name in _SMALL:
        parts[name] = parts[name] * parts.pop(f"{name}_scale")
    return TechniqueModel(**parts)
