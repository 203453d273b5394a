"""The trained numbers behind techniques, and what they say of a unit: two stages of log odds, and the words that carry it.

Stage one is logistic regression on hashed n-grams; it is cheap, and a unit whose odds lie under a technique's gate is silent about it: the gate
loses about 3 % of what would be shown. Stage two reads the states of the tokens (`token_states`): each token says its odds and how much it is to be
listened to (attention-based multiple-instance learning: Ilse et al. 2018, arXiv 1802.04712). Both stages become one calibrated probability by
language (Platt 1999): how often annotators see a technique differs between languages.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

Floats = NDArray[np.float32]
LANGUAGES = ("de", "en", "fr", "it", "pl", "ru")
"""Those of the training sets; of any other nothing is shown."""


@dataclass(frozen=True)
class TechniqueModel:
    """k techniques and families in the order of `LABELS`; c = 2 * 2**bits columns of n-grams; w numbers a token; h hidden; l languages."""

    idf: Floats  # [c]
    ngram_weights: Floats  # [c, k]
    ngram_bias: Floats  # [k]
    project: Floats  # [w, h]
    project_bias: Floats  # [h]
    near: Floats  # [3 h, h] of the token before, itself, the one after
    near_bias: Floats  # [h]
    token: Floats  # [h, k]
    token_bias: Floats  # [k]
    attend: Floats  # [h, k]
    attend_bias: Floats  # [k]
    whole: Floats  # [2 h, k] of the largest and the mean over tokens
    whole_bias: Floats  # [k]
    mix: Floats  # [2 + l, k] of stage one, of stage two, a constant by language
    place_shift: Floats  # [k] added to a token's odds, so that the best run overlaps most with what annotators marked
    shown_at: Floats  # [l, k] least probability that is shown; above 1 where the technique is not shown
    wide_at: Floats  # [l, k] least probability with `every`
    gate: Floats  # [k] least log odds of stage one for which stage two is asked; infinite where the technique is not shown

    @property
    def bits(self) -> int:
        return len(self.idf).bit_length() - 2

    def first(self, ngrams: csr_matrix) -> Floats:
        """[units, k] log odds of stage one."""
        return np.asarray(ngrams @ self.ngram_weights + self.ngram_bias, np.float32)

    def second(self, states: Floats) -> tuple[Floats, Floats]:
        """([k] log odds of stage two for a unit, [tokens, k] what its tokens say). states: [tokens, w]."""
        h = np.maximum(states @ self.project + self.project_bias, 0)
        none = np.zeros((1, h.shape[1]), h.dtype)
        sides = np.concatenate([np.concatenate([none, h[:-1]]), h, np.concatenate([h[1:], none])], axis=1)
        h = h + np.maximum(sides @ self.near + self.near_bias, 0)
        token, share = h @ self.token + self.token_bias, h @ self.attend + self.attend_bias
        share = np.exp(share - share.max(axis=0))
        share /= share.sum(axis=0)
        together = np.concatenate([h.max(axis=0), h.mean(axis=0)])
        return np.asarray((share * token).sum(axis=0) + together @ self.whole + self.whole_bias, np.float32), token

    def probability(self, first: Floats, second: Floats, language: NDArray[np.int64]) -> NDArray[np.float64]:
        """[units, k] rounded to what is stable between machines. language: [units] index into LANGUAGES."""
        odds = self.mix[0] * first + self.mix[1] * second + self.mix[2 + language]
        return np.asarray(np.round(1 / (1 + np.exp(-odds.astype(np.float64))), 4), np.float64)


def best_run(values: Sequence[float]) -> tuple[int, int]:
    """The first of the runs with the largest sum (Bentley 1984), as a half-open range of at least one."""
    best, begin, end = -np.inf, 0, 1
    total, start = 0.0, 0
    for i, value in enumerate(values):
        if total <= 0:
            total, start = 0.0, i
        total += value
        if total > best:
            best, begin, end = total, start, i + 1
    return begin, end


_SMALL = ("ngram_weights", "project")  # one byte each, with a scale by column


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
            parts[field.name] = values.astype(np.float32 if values.size < 10_000 else np.float16)
    np.savez_compressed(path, **parts)  # type: ignore[arg-type]


def load(path: Path) -> TechniqueModel:
    with np.load(path, allow_pickle=False) as stored:
        parts = {name: stored[name].astype(np.float32) for name in stored.files}
    for name in _SMALL:
        parts[name] = parts[name] * parts.pop(f"{name}_scale")
    return TechniqueModel(**parts)
