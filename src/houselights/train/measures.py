"""How good answers are, on held-out groups."""

from collections import Counter
from collections.abc import Sequence

from houselights.train.examples import Span

Measures = dict[str, float]


def of_labels(given: Sequence[str], right: Sequence[str]) -> Measures:
    """Share that is right, and F1 averaged over the labels that occur. An unusable answer ('') counts as wrong."""
    n_right, n_given = Counter(right), Counter(given)
    hits = Counter(g for g, r in zip(given, right, strict=True) if g == r)
    each = [2 * hits[label] / (n_right[label] + n_given[label]) for label in n_right]
    most = max(n_right.values(), default=0)
    return {
        "accuracy": _share(sum(hits.values()), len(right)),
        "macro_f1": _share(sum(each), len(each)),
        "accuracy_of_commonest": _share(most, len(right)),
    }


def of_spans(given: Sequence[Sequence[Span]], right: Sequence[Sequence[Span]]) -> Measures:
    """Precision, recall and F1 with credit for parts, as in SemEval-2020 task 11 (Da San Martino et al. 2020, section 5, after Potthast et al.
    2010): a span counts for the share of its characters that spans of the same technique on the other side cover."""
    precision = _covered(given, right)
    recall = _covered(right, given)
    both = precision + recall
    return {
        "span_precision": precision,
        "span_recall": recall,
        "span_f1": 2 * precision * recall / both if both else 0.0,
        "n_spans": float(sum(map(len, right))),
        "n_spans_given": float(sum(map(len, given))),
    }


def _covered(spans: Sequence[Sequence[Span]], by: Sequence[Sequence[Span]]) -> float:
    share, n = 0.0, 0
    for ours, theirs in zip(spans, by, strict=True):
        for span in ours:
            places = {
                i
                for other in theirs
                if other.technique == span.technique
                for i in range(max(span.start, other.start), min(span.end, other.end))
            }
            share += len(places) / (span.end - span.start)
            n += 1
    return _share(share, n)


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0
