"""Scores of annotations: laws, and the published definitions on a case small enough to count."""

import numpy as np
import pytest
from benchmarks.annotation import scores
from hypothesis import given
from hypothesis import strategies as st

NAMES = ("a", "b", "c")
LABELS = st.frozensets(st.sampled_from(NAMES))
TEXTS = st.lists(st.tuples(LABELS, LABELS, LABELS), max_size=20)
SPAN = st.tuples(st.sampled_from(NAMES), st.integers(0, 30), st.integers(1, 9)).map(lambda s: (s[0], s[1], s[1] + s[2]))
SPANS = st.lists(st.lists(SPAN, max_size=6), min_size=1, max_size=5)


@given(TEXTS)
def test_counts_add_up_to_the_texts_annotated(texts: list[tuple[frozenset[str], ...]]) -> None:
    truth, said, unknown = ([row[i] for row in texts] for i in range(3))
    for name, counts in scores.label_counts(truth, said, unknown, NAMES).items():
        known = [i for i, u in enumerate(unknown) if name not in u]
        assert counts.support == sum(name in truth[i] for i in known)
        assert counts.predicted == sum(name in said[i] for i in known)
        for value, (low, high) in (
            (counts.precision, counts.precision_interval),
            (counts.recall, counts.recall_interval),
        ):
            assert 0 <= low <= high <= 1 and (low - 1e-9 <= value <= high + 1e-9 or low == 0)


@given(TEXTS)
def test_truth_scores_one_and_the_order_of_texts_does_not_matter(texts: list[tuple[frozenset[str], ...]]) -> None:
    truth, said, unknown = ([row[i] for row in texts] for i in range(3))
    perfect = scores.label_counts(truth, truth, unknown, NAMES)
    assert all(c.f1 == 1 for c in perfect.values() if c.support)
    assert scores.label_counts(truth, said, unknown, NAMES) == scores.label_counts(
        truth[::-1], said[::-1], unknown[::-1], NAMES
    )


@given(SPANS)
def test_true_spans_score_one(spans: list[list[scores.Span]]) -> None:
    found = scores.span_score(spans, spans)
    assert found.f1 == pytest.approx(1.0 if any(spans) else 0.0)


@given(SPANS, st.randoms(use_true_random=False))
def test_precision_is_recall_seen_from_the_other_side(spans: list[list[scores.Span]], random: object) -> None:
    other = [[(n, a + 2, b + 3) for n, a, b in text] for text in spans]
    one, back = scores.span_score(spans, other), scores.span_score(other, spans)
    assert one.precision == pytest.approx(back.recall) and one.recall == pytest.approx(back.precision)
    assert 0 <= one.precision <= 1 + 1e-9 and 0 <= one.recall <= 1 + 1e-9


@given(SPANS)
def test_merged_spans_cover_the_same_characters_and_are_apart(spans: list[list[scores.Span]]) -> None:
    for text in spans:
        found = scores.merged(text)
        covered = {(n, i) for n, a, b in text for i in range(a, b)}
        assert {(n, i) for n, a, b in found for i in range(a, b)} == covered
        assert sum(b - a for _, a, b in found) == len(covered)


def test_span_score_by_the_published_formula() -> None:
    truth = [[("a", 0, 10), ("b", 20, 30)]]
    said = [[("a", 5, 15), ("a", 20, 30)]]
    found = scores.span_score(truth, said)
    assert (found.precision, found.recall) == (0.25, 0.25)
    places = scores.span_score([scores.unnamed(t) for t in truth], [scores.unnamed(t) for t in said])
    assert (places.precision, places.recall) == (0.75, 0.75)


def test_empty_inputs_score_nothing() -> None:
    assert scores.span_score([[]], [[]]).f1 == 0
    assert scores.micro_f1([]) == scores.macro_f1([]) == 0
    assert scores.Counts(0, 0, 0).precision_interval == (0.0, 1.0)


def test_f1_over_labels() -> None:
    counts = [scores.Counts(3, 1, 1), scores.Counts(0, 0, 4), scores.Counts(0, 2, 0)]
    assert scores.macro_f1(counts) == pytest.approx(0.375)
    assert scores.micro_f1(counts) == pytest.approx(2 * 3 / (6 + 8))


def test_the_bootstrap_draws_whole_groups() -> None:
    rows: list[np.ndarray] = []

    def keep(found: np.ndarray) -> float:
        rows.append(found)
        return float(np.mean(found))

    low, high = scores.bootstrap(["x", "y", "x", "z"], keep, np.random.default_rng(1), 50)
    assert low <= 1.5 <= high
    for found in rows:
        assert np.count_nonzero(found == 0) == np.count_nonzero(found == 2)
