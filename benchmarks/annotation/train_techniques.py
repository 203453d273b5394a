"""Trains the model of techniques and writes src/houselights/content/heads/techniques.npz.

python benchmarks/annotation/train_techniques.py --data DIR [--cache DIR]     about a quarter of an hour on one core; embeddings are kept in the cache

Only training articles are read into the fit. Thresholds, gates and calibration come from predictions for articles that were left out (five folds by
article).
"""

import argparse
import json
import tempfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import corpora
import fitting
import numpy as np
import places
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from houselights.content import embedding, technique_features, technique_head, technique_model, technique_units
from houselights.content.technique_names import LABELS
from houselights.core.stats import wilson_interval

HERE = Path(__file__).parent
OUT = HERE.parents[1] / "src/houselights/content/heads/techniques.npz"
BITS, HIDDEN, EPOCHS, SEEDS, FOLDS = 14, 64, 6, 3, 5
LEAST_PRECISION = 0.7
"""The lower end of the 95 % interval of precision must reach this for a technique to be shown."""
RULE = fitting.Rule(recall=0.11, comfortable=0.75)
"""A little above the recall of .1 that is asked for on held-out articles."""
LOST_TO_GATE = 0.03
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Units:
    """u units of e examples, in order."""

    examples: list[corpora.Example]
    text: list[str]  # [u]
    of: NDArray[np.int64]  # [u] example
    Y: Floats  # [u, techniques]
    M: Floats  # [u, techniques] 1 where annotated

    @cached_property
    def fold(self) -> NDArray[np.int64]:
        return np.array([self.examples[i].fold for i in self.of], np.int64)

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
            text.append(technique_head.plain(cleaned[a:b]))
            of.append(i)
            Y.append([t in found for t in LABELS])
            M.append([t not in example.all_unknown for t in LABELS])
    return Units(examples, text, np.array(of), np.array(Y, np.float32), np.array(M, np.float32))


def training_examples(root: Path) -> list[corpora.Example]:
    every = [*corpora.ptc(root), *corpora.semeval2023(root), *corpora.memes(root)]
    return [e for e in every if not e.held_out]


def left_out(units: Units, seen: Floats) -> tuple[Floats, Floats]:
    """[u, techniques] log odds of both stages for each unit, from models that did not see its article."""
    first, second = np.zeros_like(units.Y), np.zeros_like(units.Y)
    for fold in range(FOLDS):
        inside, outside = np.flatnonzero(units.fold != fold), np.flatnonzero(units.fold == fold)
        Y, M = units.Y[inside], units.M[inside]
        found = technique_features.ngrams([units.text[i] for i in inside], BITS)
        idf = technique_features.inverse_frequencies(found)
        weighted = technique_features.ngrams([units.text[i] for i in inside], BITS, idf)
        W, b = fitting.logistic(weighted, Y, M)
        first[outside] = technique_features.ngrams([units.text[i] for i in outside], BITS, idf) @ W + b
        net = fitting.network(seen[inside], Y, M, HIDDEN, EPOCHS, SEEDS)
        second[outside] = fitting.outputs(net, seen[outside])
        print(f"fold {fold + 1} of {FOLDS}", flush=True)
    return first, second


def mixed(units: Units, first: Floats, second: Floats) -> Floats:
    """[3, techniques] Platt's calibration of both stages together, on left-out units."""
    out = np.zeros((3, len(LABELS)), np.float32)
    for j in range(len(LABELS)):
        rows = units.counted[units.of] & (units.M[:, j] > 0)
        fit = LogisticRegression(C=1.0).fit(np.stack([first[rows, j], second[rows, j]], 1), units.Y[rows, j])
        out[:, j] = (*fit.coef_[0], fit.intercept_[0])
    return out


def thresholds(
    units: Units, probability: NDArray[np.float64], first: Floats
) -> tuple[dict[str, Floats], dict[str, dict[str, float]]]:
    """Per technique: where it is shown, where F1 is best, the gate; and a table of what was found on left-out examples."""
    k = len(LABELS)
    at = {
        "shown_at": np.full(k, 2, np.float32),
        "wide_at": np.full(k, 2, np.float32),
        "gate": np.full(k, np.inf, np.float32),
    }
    table = {}
    for j, technique in enumerate(LABELS):
        truth, score = of_examples(units, probability[:, j], j)
        at["wide_at"][j] = fitting.best_f1(truth, score) - 1e-6
        threshold, true, said = RULE.threshold(truth, score)
        low, high = wilson_interval(true, said)
        table[technique] = {
            "threshold": threshold,
            "precision": true / said,
            "low": low,
            "high": high,
            "recall": true / int(truth.sum()),
            "support": int(truth.sum()),
        }
        if low >= LEAST_PRECISION:
            at["shown_at"][j] = threshold - 1e-6
            at["gate"][j] = np.quantile(first[probability[:, j] >= threshold, j], LOST_TO_GATE)
    return at, table


def of_examples(
    units: Units, values: NDArray[np.float64], technique: int
) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Truth and highest value of the examples that count for a technique."""
    highest = np.full(len(units.examples), -1.0)
    np.maximum.at(highest, units.of, values)
    name = LABELS[technique]
    rows = [i for i, e in enumerate(units.examples) if units.counted[i] and name not in e.all_unknown]
    return np.array([name in units.examples[i].all_labels for i in rows]), highest[rows]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "houselights-training")
    given = parser.parse_args()
    units = units_of(training_examples(given.data))
    meaning = embedding.vectors(units.text, embedding.chosen("", ""), given.cache, 1)
    seen = technique_model.seen(meaning, technique_features.shapes(units.text))
    first, second = left_out(units, seen)
    mix = mixed(units, first, second)
    odds = mix[0] * first + mix[1] * second + mix[2]
    at, table = thresholds(units, np.round(1 / (1 + np.exp(-odds.astype(np.float64))), 4), first)
    idf = technique_features.inverse_frequencies(technique_features.ngrams(units.text, BITS))
    W, b = fitting.logistic(technique_features.ngrams(units.text, BITS, idf), units.Y, units.M)
    net = fitting.network(seen, units.Y, units.M, HIDDEN, EPOCHS, SEEDS)
    model = technique_model.TechniqueModel(
        idf=idf,
        ngram_weights=W,
        ngram_bias=b,
        mix=mix,
        place_weights=places.fitted(units.examples, idf, W),
        **net,
        **at,
    )
    OUT.parent.mkdir(exist_ok=True)
    technique_model.save(model, OUT)
    (HERE / "thresholds.json").write_text(
        json.dumps({t: {n: round(v, 4) for n, v in row.items()} for t, row in table.items()}, indent=1) + "\n"
    )
    for technique, row in table.items():
        print(f"{technique:34s}", *(f"{n} {v:.3f}" for n, v in row.items()))


if __name__ == "__main__":
    main()
