"""Which techniques are shown in which languages and from which probability on, chosen on texts that the model did not see: no PyTorch."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import corpora
import fitting
import numpy as np
from numpy.typing import NDArray

from houselights.content import technique_units
from houselights.content.technique_model import LANGUAGES, of_odds
from houselights.content.technique_names import LABELS, families_of

LOST_TO_GATE = 0.05
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Units:
    """u units of e examples, in order."""

    examples: list[corpora.Example]
    text: list[str]  # [u] cleaned
    of: NDArray[np.int64]  # [u] example
    Y: Floats  # [u, techniques]
    M: Floats  # [u, techniques] 1 where annotated

    @cached_property
    def fold(self) -> NDArray[np.int64]:
        return np.array([self.examples[i].fold for i in self.of], np.int64)

    @cached_property
    def language(self) -> NDArray[np.int64]:
        """[e] index into LANGUAGES."""
        return np.array([LANGUAGES.index(e.language) for e in self.examples])

    @cached_property
    def counted(self) -> NDArray[np.bool_]:
        """[e] English paragraphs teach but do not count: they are the lines of `ptc` once more."""
        return np.array([e.corpus != "semeval2023-en" for e in self.examples])


def units_of(examples: list[corpora.Example]) -> Units:
    text, of, Y, M = [], [], [], []
    for i, example in enumerate(examples):
        cleaned = technique_units.clean(example.text)
        for a, b in technique_units.units(cleaned):
            found = example.all_labels
            if example.spans is not None:
                found = frozenset(t for t, x, y in example.all_spans if x < b and y > a)
            text.append(cleaned[a:b])
            of.append(i)
            Y.append([t in found for t in LABELS])
            M.append([t not in example.all_unknown for t in LABELS])
    return Units(examples, text, np.array(of), np.array(Y, np.float32), np.array(M, np.float32))


def thresholds(units: Units, odds: Floats, first: Floats, early: Floats) -> tuple[dict[str, Floats], dict[str, Any]]:
    """Per technique and language: where it is shown, where F1 is best, the gates; and a table of what was found on left-out examples."""
    k, n = len(LABELS), len(LANGUAGES) + 1
    at = {name: np.full((n, k), 2, np.float32) for name in ("shown_at", "wide_at")} | {
        name: np.full((n, k), np.inf, np.float32) for name in ("gate", "late_gate")
    }
    probability = of_odds(odds)
    table: dict[str, Any] = {}
    lang = units.language[units.of]
    # of families: texts in which one of their techniques is shown
    covered = np.zeros((len(units.examples), k), np.bool_)
    for j, technique in enumerate(LABELS):  # techniques, then families, which are shown in the other texts alone
        parts, wide = {}, []
        truth_all, score_all, language = of_examples(units, probability[:, j], j)
        alone = ~covered[units.of, j]
        _, alone_all, _ = of_examples(units, np.where(alone, probability[:, j], -1), j)
        for i, code in enumerate(LANGUAGES):
            truth, score = truth_all[language == i], score_all[language == i]
            if truth.sum():
                at["wide_at"][i, j] = fitting.best_f1(truth, score) - 1e-6
                wide.append(at["wide_at"][i, j])
            if truth.sum() >= fitting.RULE.least_texts:
                parts[code] = (truth, alone_all[language == i])
        at["wide_at"][-1, j] = np.mean(wide) if wide else 2
        found, row = fitting.RULE.languages(parts)
        table[technique] = row
        for code, threshold in found.items():
            at["shown_at"][LANGUAGES.index(code), j] = threshold - 1e-6
        for i in (LANGUAGES.index(code) for code in found):
            passing = units.counted[units.of] & (lang == i) & alone & (probability[:, j] >= at["shown_at"][i, j])
            at["gate"][i, j] = np.quantile(first[passing, j], LOST_TO_GATE)
            at["late_gate"][i, j] = np.quantile(early[passing, j], LOST_TO_GATE)
        for family in families_of({technique}):
            covered[units.of[probability[:, j] >= at["shown_at"][lang, j]], LABELS.index(family)] = True
    return at, table


def of_examples(
    units: Units, values: NDArray[np.float64], technique: int
) -> tuple[NDArray[np.bool_], NDArray[np.float64], NDArray[np.int64]]:
    """Truth, highest value and language of the examples that count for a technique."""
    highest = np.full(len(units.examples), -1.0)
    np.maximum.at(highest, units.of, values)
    name = LABELS[technique]
    rows = [i for i, e in enumerate(units.examples) if units.counted[i] and name not in e.all_unknown]
    return np.array([name in units.examples[i].all_labels for i in rows]), highest[rows], units.language[rows]
