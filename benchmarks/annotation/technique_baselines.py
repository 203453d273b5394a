"""What the model of techniques has to beat: always the commonest technique, and TF-IDF with logistic regression on the same split."""

from dataclasses import dataclass

import corpora
import fitting
import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer

from houselights.content.technique_names import LABELS, TECHNIQUES

FOLDS = 5


@dataclass(frozen=True)
class Said:
    """What a predictor says of each text: techniques, and where (all of the text, for these)."""

    labels: list[frozenset[str]]
    spans: list[list[corpora.Span]]


def whole(examples: list[corpora.Example], labels: list[frozenset[str]]) -> Said:
    return Said(
        labels, [[(t, 0, len(e.text)) for t in sorted(found)] for e, found in zip(examples, labels, strict=True)]
    )


def majority(training: list[corpora.Example], tested: list[corpora.Example]) -> Said:
    """The technique that most training texts have, everywhere."""
    counts = {t: sum(t in e.labels for e in training) for t in TECHNIQUES}
    return whole(tested, [frozenset({max(counts, key=lambda t: counts[t])})] * len(tested))


def tfidf(training: list[corpora.Example], tested: list[corpora.Example], rule: fitting.Rule) -> tuple[Said, Said]:
    """At the threshold of the best F1, and of the rule for what is shown; both thresholds from left-out training articles, as for the model."""
    Y, M = _tables(training)
    fold = np.array([e.fold for e in training])
    left_out = np.zeros_like(Y)
    texts = [e.text for e in training]
    for f in range(FOLDS):
        inside, outside = np.flatnonzero(fold != f), np.flatnonzero(fold == f)
        left_out[outside] = _scores([texts[i] for i in inside], Y[inside], M[inside], [texts[i] for i in outside])
    found = _scores(texts, Y, M, [e.text for e in tested])
    counted = np.array([e.corpus != "semeval2023-en" for e in training])
    wide, sure = [], []
    for j in range(len(LABELS)):
        rows = counted & (M[:, j] > 0)
        truth, score = Y[rows, j] > 0, left_out[rows, j].astype(np.float64)
        wide.append(fitting.best_f1(truth, score))
        sure.append(rule.threshold(truth, score)[0])
    return _above(tested, found, np.array(wide)), _above(tested, found, np.array(sure))


def _above(tested: list[corpora.Example], found: NDArray[np.float32], at: NDArray[np.float64]) -> Said:
    return whole(tested, [frozenset(LABELS[j] for j in np.flatnonzero(row >= at)) for row in found])


def _tables(examples: list[corpora.Example]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    Y = np.array([[t in e.all_labels for t in LABELS] for e in examples], np.float32)
    return Y, np.array([[t not in e.all_unknown for t in LABELS] for e in examples], np.float32)


def _scores(texts: list[str], Y: NDArray[np.float32], M: NDArray[np.float32], asked: list[str]) -> NDArray[np.float32]:
    words = TfidfVectorizer(ngram_range=(1, 2), min_df=3, sublinear_tf=True, dtype=np.float32)
    W, b = fitting.logistic(words.fit_transform(texts), Y, M)
    return np.asarray(words.transform(asked) @ W + b, np.float32)
