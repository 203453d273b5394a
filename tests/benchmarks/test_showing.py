"""How thresholds of techniques are chosen: on texts that were left out, by text and language, families where none of their techniques is shown."""

import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks/annotation"))

import corpora
import fitting
import showing

from houselights.content.technique_model import LANGUAGES
from houselights.content.technique_names import LABELS, families_of

pytest.importorskip("sklearn", reason="the extra `narratives` is not installed")
DOUBT, ATTACK = LABELS.index("Doubt"), LABELS.index("Attack_on_Reputation")
IT = LANGUAGES.index("it")


def examples(labels: list[frozenset[str]]) -> list[corpora.Example]:
    return [
        corpora.Example("semeval2023-it", f"it{i}", "One sentence.", own, frozenset(), None, False)
        for i, own in enumerate(labels)
    ]


def chosen(
    labels: list[frozenset[str]], of: list[int], doubt: list[float], attack: list[float]
) -> tuple[dict[str, np.ndarray], dict[str, dict]]:
    """Thresholds from units of texts, `of` which text each is, that only say how likely doubt and attack on reputation are."""
    texts = examples(labels)
    Y = np.array([[t in texts[i].all_labels for t in LABELS] for i in of], np.float32)
    units = showing.Units(texts, ["One sentence."] * len(of), np.array(of), Y, np.ones_like(Y))
    odds = np.full(Y.shape, -9, np.float32)
    for column, values in ((DOUBT, doubt), (ATTACK, attack)):
        odds[:, column] = np.log(np.array(values) / (1 - np.array(values)))
    return showing.thresholds(units, odds, odds, odds)


def test_a_family_is_not_right_by_what_is_shown_elsewhere_in_the_text() -> None:
    """Sixty texts with doubt, found in their first part, whose second part says attack; and sixty with nothing, of which fifteen say it as well."""
    labels = [frozenset({"Doubt"})] * 60 + [frozenset()] * 60
    of = [i for i in range(60) for _ in range(2)] + list(range(60, 120))
    doubt = [0.9, 0.01] * 60 + [0.01] * 60
    attack = [0.01, 0.8] * 60 + [0.8] * 15 + [0.01] * 45
    at, table = chosen(labels, of, doubt, attack)
    assert at["shown_at"][IT, DOUBT] < 0.9
    assert at["shown_at"][IT, ATTACK] > 1 and table["Attack_on_Reputation"]["shown"]["said"] == 0


def test_a_family_is_shown_where_its_techniques_are_not_and_it_is_right() -> None:
    labels = [frozenset({"Doubt"})] * 60 + [frozenset({"Guilt_by_Association"})] * 60 + [frozenset()] * 60
    doubt = [0.9] * 60 + [0.01] * 120
    attack = [0.01] * 60 + [0.8] * 60 + [0.8] * 10 + [0.01] * 50
    at, table = chosen(labels, list(range(180)), doubt, attack)
    assert at["shown_at"][IT, ATTACK] == pytest.approx(0.8, abs=1e-3)
    row = table["Attack_on_Reputation"]["it"]
    assert row["said"] == 70 and row["precision"] == pytest.approx(60 / 70, abs=1e-3) and row["recall"] == 0.5
    assert np.isfinite(at["gate"][IT, ATTACK]) and np.isfinite(at["late_gate"][IT, ATTACK])


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1))
@example(0)
def test_what_is_shown_was_right_often_enough(seed: int) -> None:
    rng = np.random.default_rng(seed)
    has = rng.random(400) < 0.4
    doubt = np.clip(np.where(has, rng.beta(4, 2, 400), rng.beta(2, 4, 400)), 0.01, 0.99)
    labels = [frozenset({"Doubt"}) if h else frozenset() for h in has]
    at, table = chosen(labels, list(range(400)), doubt.tolist(), [0.01] * 400)
    said = np.round(doubt, 4) >= at["shown_at"][IT, DOUBT]
    assert said.any() or seed != 0  # nearly always; where nothing may be shown, nothing is to be held against it
    if said.any():
        assert has[said].mean() >= fitting.RULE.aimed and has[said].sum() >= fitting.RULE.recall * has.sum()
        assert table["Doubt"]["it"]["said"] == said.sum()
    assert families_of({"Doubt"}) == {LABELS[ATTACK]}


def test_of_texts_about_which_nothing_may_be_said_nothing_is_counted() -> None:
    truth = np.array([True, True, False, False])
    assert fitting.RULE._one(truth, np.array([-1.0, -1.0, 0.4, -1.0]))[1:] == (0, 0)
    assert fitting.RULE._one(truth, np.array([0.9, -1.0, 0.4, -1.0]))[1:] == (1, 1)
