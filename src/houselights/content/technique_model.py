"""The trained numbers behind techniques, and what they say of a unit: three stages of log odds, and the words that carry it.

Stage one is logistic regression on hashed n-grams. Stage two reads the states of the tokens, each of which knows its near neighbours
(`token_states`): each token says its odds and how much it is to be listened to (attention-based multiple-instance learning: Ilse et al. 2018,
arXiv 1802.04712). Stage three does the same with a transformer that was tuned for it and reads the unit whole (`tuned_encoder`). Each is some ten
times as dear as the one before, so each is asked only about units that the ones before leave open: the gates, each of which loses about 5 % of what
would be shown. The stages become one calibrated probability by language (Platt 1999): how often annotators see a technique differs between languages.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from houselights.content.byte_numbers import to_bytes

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
    late_token: Floats  # [v, k] stage three: v numbers a token
    late_token_bias: Floats  # [k]
    late_attend: Floats  # [v, k]
    late_attend_bias: Floats  # [k]
    late_whole: Floats  # [2 v, k]
    late_whole_bias: Floats  # [k]
    early_mix: Floats  # [2 + l, k] of stage one, of stage two, a constant by language: what is known before stage three
    mix: Floats  # [3 + l, k] of each stage, a constant by language
    place_shift: Floats  # [k] added to a token's odds, so that the best run overlaps most with what annotators marked
    shown_at: Floats  # [l, k] least probability that is shown; above 1 where the technique is not shown
    wide_at: Floats  # [l, k] least probability with `every`
    gate: Floats  # [l, k] least log odds of stage one for which stage two is asked; infinite where the technique is not shown
    late_gate: Floats  # [l, k] least log odds of stages one and two together for which stage three is asked

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
        token = h @ self.token + self.token_bias
        share = h @ self.attend + self.attend_bias
        return _together(h, token, share, self.whole) + self.whole_bias, token

    def third(self, states: Floats) -> Floats:
        """[k] log odds of stage three for a unit. states: [tokens, v]."""
        token = states @ self.late_token + self.late_token_bias
        share = states @ self.late_attend + self.late_attend_bias
        return _together(states, token, share, self.late_whole) + self.late_whole_bias

    def early(self, first: Floats, second: Floats, language: int) -> Floats:
        """[k] log odds of a unit before stage three. language: index into LANGUAGES."""
        return np.asarray(self.early_mix[0] * first + self.early_mix[1] * second + self.early_mix[2 + language])

    def probability(self, first: Floats, second: Floats, third: Floats, language: int) -> NDArray[np.float64]:
        """[k] of a unit."""
        return of_odds(self.mix[0] * first + self.mix[1] * second + self.mix[2] * third + self.mix[3 + language])


def of_odds(odds: Floats) -> NDArray[np.float64]:
    """Probabilities of log odds, rounded to what is stable between machines."""
    return np.asarray(np.round(1 / (1 + np.exp(-odds.astype(np.float64))), 4), np.float64)


def _together(h: Floats, token: Floats, share: Floats, whole: Floats) -> Floats:
    """[k] What tokens say, as each is listened to, and the largest and the mean of their states."""
    share = np.exp(share - share.max(axis=0))
    share /= share.sum(axis=0)
    return np.asarray((share * token).sum(axis=0) + np.concatenate([h.max(axis=0), h.mean(axis=0)]) @ whole, np.float32)


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
            parts[field.name], scale = to_bytes(values)
            parts[f"{field.name}_scale"] = scale[0]
        else:
            parts[field.name] = values.astype(np.float32 if values.size < 10_000 else np.float16)
    np.savez_compressed(path, **parts)  # type: ignore[arg-type]


def load(path: Path) -> TechniqueModel:
    with np.load(path, allow_pickle=False) as stored:
        parts = {name: stored[name].astype(np.float32) for name in stored.files}
    for name in _SMALL:
        parts[name] = parts[name] * parts.pop(f"{name}_scale")
    return TechniqueModel(**parts)
