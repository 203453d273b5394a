"""What the model of techniques has to beat: always the commonest technique, and TF-IDF with logistic regression on the same split."""

from dataclasses import dataclass

import corpora
import fitting
import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer

from houselights.content.technique_model import LANGUAGES
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


def tfidf(training: list[corpora.Example], tested: list[corpora.Example]) -> tuple[Said, Said]:
    """At the thresholds of the best F1, and of the rule for what is shown; by language, from left-out training articles, as for the model."""
    Y, M = _tables(training)
    fold = np.array([e.fold for e in training])
    left_out = np.zeros_like(Y)
    texts = [e.text for e in training]
    for f in range(FOLDS):
        inside, outside = np.flatnonzero(fold != f), np.flatnonzero(fold == f)
        left_out[outside] = _scores([texts[i] for i in inside], Y[inside], M[inside], [texts[i] for i in outside])
    counted = np.array([e.corpus != "semeval2023-en" for e in training])
    language = np.array([LANGUAGES.index(e.language) for e in training])
    wide, sure = (np.full((len(LANGUAGES) + 1, len(LABELS)), np.inf) for _ in range(2))
    for j in range(len(LABELS)):
        rows = counted & (M[:, j] > 0)
        parts = {
            c: (Y[rows & (language == i), j] > 0, left_out[rows & (language == i), j].astype(np.float64))
            for i, c in enumerate(LANGUAGES)
        }
        for i, (truth, score) in enumerate(parts.values()):
            wide[i, j] = fitting.best_f1(truth, score) if truth.any() else np.inf
        wide[-1, j] = np.mean(wide[:-1, j][np.isfinite(wide[:-1, j])]) if np.isfinite(wide[:-1, j]).any() else np.inf
        enough = {c: p for c, p in parts.items() if p[0].sum() >= fitting.RULE.least_texts}
        for code, threshold in fitting.RULE.languages(enough)[0].items():
            sure[LANGUAGES.index(code), j] = threshold
    found = _scores(texts, Y, M, [e.text for e in tested])
    of = [LANGUAGES.index(e.language) if e.language in LANGUAGES else len(LANGUAGES) for e in tested]
    return _above(tested, found, wide[of]), _above(tested, found, sure[of])


def _above(tested: list[corpora.Example], found: NDArray[np.float32], at: NDArray[np.float64]) -> Said:
    return whole(
        tested,
        [frozenset(LABELS[j] for j in np.flatnonzero(row >= least)) for row, least in zip(found, at, strict=True)],
    )


def _tables(examples: list[corpora.Example]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    Y = np.array([[t in e.all_labels for t in LABELS] for e in examples], np.float32)
    return Y, np.array([[t not in e.all_unknown for t in LABELS] for e in examples], np.float32)


def _scores(texts: list[str], Y: NDArray[np.float32], M: NDArray[np.float32], asked: list[str]) -> NDArray[np.float32]:
    words = TfidfVectorizer(ngram_range=(1, 2), min_df=3, sublinear_tf=True, dtype=np.float32)
    W, b = fitting.logistic(words.fit_transform(texts), Y, M)
    return np.asarray(words.transform(asked) @ W + b, np.float32)
