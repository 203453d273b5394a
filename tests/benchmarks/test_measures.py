"""How the benchmark counts: what is a true group, and the measures against their definitions."""

from itertools import combinations

import numpy as np
import pytest
from benchmarks.detection import measures
from hypothesis import given
from hypothesis import strategies as st

CAMPAIGN = np.array([0, 0, 1, -1, -1, -1])


def test_a_group_is_true_when_half_of_it_are_of_campaigns() -> None:
    groups = [np.array([0, 3]), np.array([1, 3, 4]), np.array([0, 2])]
    assert [measures.is_true(g, CAMPAIGN) for g in groups] == [True, False, True]
    assert measures.false_share(groups, CAMPAIGN) == (1, 3)
    assert measures.found(groups, CAMPAIGN).tolist() == [True, False, True, False, False, False]
    assert measures.named(groups, CAMPAIGN).tolist() == [False, False, False, True, True, False]
    assert measures.labels(groups, 6).tolist() == [0, 1, 2, 0, 1, -1]


LABELS = st.lists(st.tuples(st.integers(-1, 2), st.integers(-1, 2)), min_size=2, max_size=12)


@given(LABELS)
def test_adjusted_rand_is_agreement_of_pairs_beyond_chance(rows: list[tuple[int, int]]) -> None:
    one, other = (np.array(x) for x in zip(*rows, strict=True))
    pairs = list(combinations(range(len(rows)), 2))
    same_one, same_other = ({p for p in pairs if x[p[0]] == x[p[1]]} for x in (one, other))
    by_chance = len(same_one) * len(same_other) / len(pairs)
    most = (len(same_one) + len(same_other)) / 2
    expected = 1.0 if most == by_chance else (len(same_one & same_other) - by_chance) / (most - by_chance)
    assert measures.adjusted_rand(one, other) == pytest.approx(expected)


def test_ranking_measures() -> None:
    score, positive = np.array([0.9, 0.8, 0.8, 0.1]), np.array([True, False, True, False])
    assert measures.average_precision(score, positive) == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)
    assert measures.average_precision(-score, positive) < measures.average_precision(score, positive)
    assert measures.recall_at_fpr(score, positive, 0.0) == 0.5  # a tie with one of the others is no find
