"""The scores of stance answers against their definitions."""

import numpy as np
import pytest
from benchmarks.annotation import stance_scores as s
from hypothesis import given
from hypothesis import strategies as st

LABELS = ("favour", "against", "neither")
ROWS = st.lists(
    st.tuples(st.sampled_from(LABELS), st.sampled_from((*LABELS, "unclear")), st.sampled_from("xy")), max_size=30
)


@given(ROWS)
def test_f1_is_the_harmonic_mean_of_precision_and_recall(rows: list[tuple[str, str, str]]) -> None:
    gold, answers, targets = [r[0] for r in rows], [r[1] for r in rows], [r[2] for r in rows]
    for side in s.SIDES:
        hits = sum(g == a == side for g, a in zip(gold, answers, strict=True))
        precision, recall = hits / max(answers.count(side), 1), hits / max(gold.count(side), 1)
        mean = 2 * precision * recall / (precision + recall) if hits else 0.0
        assert s.f1(gold, answers, side) == pytest.approx(mean)
    found = s.score(gold, answers, targets)
    assert found["pooled"] == pytest.approx((found["favour"] + found["against"]) / 2)
    assert sum(t["n"] for t in found["targets"].values()) == found["n"] == len(rows)
    assert 0 <= found["mean_over_targets"] <= 1


@given(ROWS)
def test_abstaining_lowers_coverage_alone(rows: list[tuple[str, str, str]]) -> None:
    gold, answers = [r[0] for r in rows], [r[1] for r in rows]
    found = s.selective(gold, answers)
    more = s.selective([*gold, "favour"], [*answers, "unclear"])
    assert (more["accuracy"], more["n"]) == (found["accuracy"], found["n"])
    assert more["coverage"] <= found["coverage"] or not rows


def test_confidence_that_is_right_as_often_as_it_says_has_no_error() -> None:
    assert s.calibration_error([True, True, True, False], [0.75] * 4) == 0
    assert s.calibration_error([True, False], [1.0, 1.0]) == 0.5


def test_an_interval_holds_what_it_is_of() -> None:
    gold = ["favour", "against", "neither"] * 40
    answers = ["favour", "against", "against"] * 40
    rng = np.random.default_rng(0)
    low, high = s.interval(lambda g, a, t: s.mean_f1(g, a), gold, answers, ["x"] * 120, rng, 200)
    assert 0 < low < s.mean_f1(gold, answers) < high < 1
