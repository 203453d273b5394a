"""How predicted techniques are scored against people's: pure functions, for any predictor.

Labels are counted text by text; a technique that a text's set does not annotate (`unknown`) is neither right nor wrong there.
Spans are half-open intervals of code points of their text.
"""

from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from houselights.core.stats import wilson_interval

Span = tuple[str, int, int]
Interval = tuple[float, float]


@dataclass(frozen=True)
class Counts:
    """Texts: said and so, said and not so, so and not said."""

    true_positive: int
    false_positive: int
    false_negative: int

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.true_positive + other.true_positive,
            self.false_positive + other.false_positive,
            self.false_negative + other.false_negative,
        )

    @property
    def support(self) -> int:
        return self.true_positive + self.false_negative

    @property
    def predicted(self) -> int:
        return self.true_positive + self.false_positive

    @property
    def precision(self) -> float:
        """0 where nothing was predicted."""
        return self.true_positive / self.predicted if self.predicted else 0.0

    @property
    def recall(self) -> float:
        """0 where there was nothing to find."""
        return self.true_positive / self.support if self.support else 0.0

    @property
    def f1(self) -> float:
        return f1(self.precision, self.recall)

    @property
    def precision_interval(self) -> Interval:
        """95 %, Wilson; as if texts were independent."""
        return wilson_interval(self.true_positive, self.predicted)

    @property
    def recall_interval(self) -> Interval:
        return wilson_interval(self.true_positive, self.support)


def f1(precision: float, recall: float) -> float:
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def label_counts(
    truth: Sequence[AbstractSet[str]],
    predicted: Sequence[AbstractSet[str]],
    unknown: Sequence[AbstractSet[str]],
    names: Iterable[str],
) -> dict[str, Counts]:
    """Counts of each name over the texts that were annotated for it."""
    out = {}
    for name in names:
        seen = [(name in t, name in p) for t, p, u in zip(truth, predicted, unknown, strict=True) if name not in u]
        tp = sum(t and p for t, p in seen)
        out[name] = Counts(tp, sum(p for _, p in seen) - tp, sum(t for t, _ in seen) - tp)
    return out


def micro_f1(counts: Iterable[Counts]) -> float:
    """F1 of all counts together."""
    return sum(counts, Counts(0, 0, 0)).f1


def macro_f1(counts: Iterable[Counts]) -> float:
    """Mean F1 of the names that occur in the truth."""
    found = [c.f1 for c in counts if c.support]
    return sum(found) / len(found) if found else 0.0


@dataclass(frozen=True)
class SpanScore:
    precision: float
    recall: float
    n_predicted: int
    n_true: int

    @property
    def f1(self) -> float:
        return f1(self.precision, self.recall)


def span_score(truth: Sequence[Sequence[Span]], predicted: Sequence[Sequence[Span]]) -> SpanScore:
    """Overlap in characters between predicted and true spans of one technique, each span counting the same.

    P = 1/|S| sum over s in S, t in T of |s and t|/|s|, R = 1/|T| sum of |s and t|/|t|, for s and t of the same text and technique: Da San Martino et
    al. 2019 (EMNLP, the fine-grained analysis) and 2020 (SemEval-2020 task 11). Spans of one technique that overlap are first made one, in both, as
    that task's scorer does; so P and R are at most 1.
    """
    of_predicted = of_true = 0.0
    n_predicted = n_true = 0
    for true_spans, said_spans in zip(truth, predicted, strict=True):
        true, said = merged(true_spans), merged(said_spans)
        n_true += len(true)
        n_predicted += len(said)
        for name, a, b in said:
            for other, x, y in true:
                if name == other and (shared := min(b, y) - max(a, x)) > 0:
                    of_predicted += shared / (b - a)
                    of_true += shared / (y - x)
    return SpanScore(
        of_predicted / n_predicted if n_predicted else 0.0, of_true / n_true if n_true else 0.0, n_predicted, n_true
    )


def unnamed(spans: Sequence[Span]) -> list[Span]:
    """The same places, whatever the technique: what SemEval-2020 task 11 scores as span identification."""
    return [("", a, b) for _, a, b in spans]


def merged(spans: Sequence[Span]) -> list[Span]:
    """Overlapping spans of one technique as one; empty ones are left out. Sorted."""
    out: list[Span] = []
    for name, a, b in sorted(spans):
        if a >= b:
            continue
        if out and out[-1][0] == name and a < out[-1][2]:
            out[-1] = (name, out[-1][1], max(b, out[-1][2]))
        else:
            out.append((name, a, b))
    return out


def bootstrap(
    groups: Sequence[str], statistic: Callable[[NDArray[np.int64]], float], rng: np.random.Generator, rounds: int = 200
) -> Interval:
    """95 % percentile interval of a statistic of rows (given as indices), drawing whole groups (articles) with replacement: texts of one article are
    alike."""
    _, of = np.unique(np.array(groups, str), return_inverse=True)
    rows = np.split(np.argsort(of, kind="stable"), np.cumsum(np.bincount(of))[:-1])
    found = [
        statistic(np.concatenate([rows[i] for i in rng.integers(0, len(rows), len(rows))]).astype(np.int64))
        for _ in range(rounds)
    ]
    return float(np.quantile(found, 0.025)), float(np.quantile(found, 0.975))
