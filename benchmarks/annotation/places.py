"""Fitting which words of a unit carry a technique, on the sets that say where: news lines of SemEval-2020 and memes of SemEval-2021."""

import corpora
import numpy as np
import scores
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack
from sklearn.linear_model import LogisticRegression

from houselights.content import technique_features, technique_model, technique_units
from houselights.content.technique_names import LABELS

Floats = NDArray[np.float32]
SIZE = 8192
LEAST_UNITS = 20
FOLDS = 3
_SHIFTS = np.arange(-1.0, 3.01, 0.25)


def fitted(examples: list[corpora.Example], idf: Floats, ngram_weights: Floats) -> Floats:
    """[SIZE + 2, techniques], as `TechniqueModel.place_weights`. Techniques with too few spans are carried by all words of a unit."""
    out = np.zeros((SIZE + 2, len(LABELS)), np.float32)
    for j, technique in enumerate(LABELS):
        found = [_words(e, technique, idf, ngram_weights[:, j]) for e in examples if _has(e, technique)]
        if len(found) < LEAST_UNITS:
            out[-1, j] = 1
        else:
            out[:, j] = _one(found, technique)
    return out


class _Unit:
    """The words of one unit: bounds, columns, and whether they lie in a span."""

    def __init__(
        self, bounds: list[tuple[int, int]], X: csr_matrix, y: NDArray[np.bool_], spans: list[scores.Span], fold: int
    ):
        self.bounds, self.X, self.y, self.spans, self.fold = bounds, X, y, spans, fold


def _has(example: corpora.Example, technique: str) -> bool:
    return (
        bool(example.spans)
        and technique in example.all_labels
        and bool(technique_units.words(technique_units.clean(example.text)))
    )


def _words(example: corpora.Example, technique: str, idf: Floats, weights: Floats) -> _Unit:
    text = technique_units.clean(example.text)
    bounds = technique_units.words(text)
    words = [text[a:b] for a, b in bounds]
    columns = technique_features.places(words, SIZE)
    rows = np.repeat(np.arange(len(words)), [len(c) for c in columns])
    placed = csr_matrix((np.ones(len(rows)), (rows, np.concatenate(columns))), (len(words), SIZE))
    bits = len(idf).bit_length() - 2
    alone = csr_matrix((technique_features.ngrams(words, bits, idf) @ weights)[:, None])
    spans = [s for s in example.all_spans if s[0] == technique]
    y = np.array([any(x < b and z > a for _, x, z in spans) for a, b in bounds])
    return _Unit(bounds, hstack([placed, alone]).tocsr(), y, spans, example.fold % FOLDS)


def _one(units: list[_Unit], technique: str) -> Floats:
    """Weights of all units; the constant is the one whose runs overlap best with the spans of units left out."""
    left_out: list[NDArray[np.float64]] = [np.zeros(0)] * len(units)
    for fold in range(FOLDS):
        weights = _fit([u for u in units if u.fold != fold])
        for i, unit in enumerate(units):
            if unit.fold == fold:
                left_out[i] = unit.X @ weights[:-1] + weights[-1]
    truth = [u.spans for u in units]
    tried = [
        scores.span_score(truth, [_run(u, o + s, technique) for u, o in zip(units, left_out, strict=True)]).f1
        for s in _SHIFTS
    ]
    weights = _fit(units)
    weights[-1] += _SHIFTS[int(np.argmax(tried))]
    print(f"{technique:34s} {len(units)} units, overlap F1 within them {max(tried):.3f}", flush=True)
    return weights.astype(np.float32)


def _run(unit: _Unit, odds: NDArray[np.float64], technique: str) -> list[scores.Span]:
    first, last = technique_model.best_run(odds.tolist())
    return [(technique, unit.bounds[first][0], unit.bounds[last - 1][1])]


def _fit(units: list[_Unit]) -> NDArray[np.float64]:
    X, y = hstack([u.X.T for u in units]).T.tocsr(), np.concatenate([u.y for u in units])
    if y.all() or not y.any():
        return np.append(np.zeros(X.shape[1]), 1.0)
    fit = LogisticRegression(C=0.5, l1_ratio=1, solver="liblinear", random_state=0).fit(X, y)
    return np.append(fit.coef_[0], fit.intercept_[0])
