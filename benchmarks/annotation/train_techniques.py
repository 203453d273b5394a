"""Trains the model of techniques and writes techniques.npz and techniques_encoder.npz in src/houselights/content/heads.

python benchmarks/annotation/train_techniques.py --data DIR [--cache DIR]     needs PyTorch; two hours on two cores, 20 GB of disk

Only training articles are read into the fit. Thresholds, gates and calibration come from predictions for articles that were left out (five folds by
article, three others for stage three); a technique is shown in a language where these say so (`Rule`). What is fitted is kept in `--cache`: a run
that was stopped goes on.
"""

import argparse
import json
import pickle
import tempfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import fields
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import corpora
import encoder_tuning
import fitting
import numpy as np
import scores
import token_head
from numpy.typing import NDArray
from showing import Units, thresholds, units_of
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from houselights.content import (
    technique_features,
    technique_head,
    technique_model,
    technique_units,
    token_states,
    tuned_encoder,
)
from houselights.content.technique_model import LANGUAGES
from houselights.content.technique_names import LABELS

HERE = Path(__file__).parent
HEADS = HERE.parents[1] / "src/houselights/content/heads"
BITS, FOLDS = 13, 5
_SHIFTS = np.arange(-1.0, 6.01, 0.5)
Floats = NDArray[np.float32]


def first_stage(units: Units, inside: NDArray[np.int64]) -> dict[str, Floats]:
    said = [technique_head.plain(units.text[i]) for i in inside]
    idf = technique_features.inverse_frequencies(technique_features.ngrams(said, BITS))
    W, b = fitting.logistic(technique_features.ngrams(said, BITS, idf), units.Y[inside], units.M[inside])
    return {"idf": idf, "ngram_weights": W, "ngram_bias": b}


def as_model(**parts: Any) -> technique_model.TechniqueModel:
    """A model of which only some parts are known yet: the others are None."""
    known = dict.fromkeys(f.name for f in fields(technique_model.TechniqueModel)) | parts
    return technique_model.TechniqueModel(**known)


def said_of(model: technique_model.TechniqueModel, texts: list[str]) -> tuple[Floats, Floats, list[tuple[Floats, Any]]]:
    """(stage one, stage two, what each token says and where it lies) of units."""
    read = token_states.reader()
    first = model.first(technique_features.ngrams([technique_head.plain(t) for t in texts], model.bits, model.idf))
    second, tokens = [], []
    for states, bounds in read(texts):
        odds, token = model.second(states)
        second.append(odds)
        tokens.append((token.astype(np.float16), bounds))
    return first, np.array(second), tokens


def one_fold(data: Path, cache: Path, fold: int) -> tuple[NDArray[np.int64], Floats, Floats, list[tuple[Floats, Any]]]:
    """(units of the fold, their odds by a model that saw none of their articles)."""
    examples = corpora.training(data)
    units = units_of(examples)
    texts = token_head.texts_of(examples, cache / f"fold-{fold}")
    inside, outside = np.flatnonzero(units.fold != fold), np.flatnonzero(units.fold == fold)
    rows = np.flatnonzero([e.fold != fold for e in examples])
    model = as_model(**first_stage(units, inside), **token_head.fitted(texts, rows, fold))
    return (outside, *said_of(model, [units.text[i] for i in outside.tolist()]))


def calibrated(units: Units, *stages: Floats) -> Floats:
    """[stages + languages + 1, techniques] Platt's calibration of stages together on left-out units, with a constant by language."""
    k, n = len(LABELS), len(stages)
    out = np.zeros((n + len(LANGUAGES) + 1, k), np.float32)
    language = units.language[units.of]
    for j in range(k):
        rows = units.counted[units.of] & (units.M[:, j] > 0)
        own = np.eye(len(LANGUAGES))[language[rows]]
        seen = np.column_stack([*(stage[rows, j] for stage in stages), own])
        fit = LogisticRegression(C=1.0, max_iter=500).fit(seen, units.Y[rows, j])
        out[:n, j] = fit.coef_[0, :n]
        out[n:-1, j] = fit.coef_[0, n:] + fit.intercept_[0]
        out[-1, j] = out[n:-1, j].mean()
    return out


def mixed(units: Units, mix: Floats, *stages: Floats) -> Floats:
    """[u, techniques] log odds."""
    language = units.language[units.of]
    return np.asarray(sum(m * s for m, s in zip(mix, stages, strict=False)) + mix[len(stages) + language], np.float32)


def shifts(units: Units, tokens: list[tuple[Floats, Any]]) -> Floats:
    """[techniques] The constant with which the best runs overlap most with annotators' spans, on left-out units that have the technique."""
    out = np.zeros(len(LABELS), np.float32)
    for j, technique in enumerate(LABELS):
        rows = [
            u
            for u in range(len(units.of))
            if units.Y[u, j] and units.examples[units.of[u]].spans is not None and len(tokens[u][1]) > 2
        ]
        if len(rows) < 20:
            continue
        truth = []
        for u in rows:
            example = units.examples[units.of[u]]
            begin = technique_units.clean(example.text).find(units.text[u])
            truth.append([(t, a - begin, b - begin) for t, a, b in example.all_spans if t == technique])
        tried = []
        for shift in _SHIFTS:
            said = [
                [
                    (technique, a, b)
                    for a, b in technique_head._carried(units.text[u], tokens[u][0][:, j] + shift, tokens[u][1])
                ]
                for u in rows
            ]
            tried.append(scores.span_score(truth, said).f1)
        out[j] = _SHIFTS[int(np.argmax(tried))]
        print(f"{technique:34s} {len(rows)} units, overlap F1 within them {max(tried):.3f} at {out[j]}", flush=True)
    return out


def kept(path: Path, make: Callable[[], Any]) -> Any:
    """What `make` gives, or what it gave an earlier run."""
    if not path.exists():
        part = path.with_suffix(".part")
        part.write_bytes(pickle.dumps(make()))
        part.rename(path)
    return pickle.loads(path.read_bytes())


def left_out(data: Path, cache: Path, units: Units) -> tuple[Floats, Floats, list[tuple[Floats, Any]]]:
    """(odds of stage one, of stage two, what each token says and where it lies), all by models that saw none of the unit's article."""
    first, second = np.zeros_like(units.Y), np.zeros_like(units.Y)
    tokens: list[Any] = [None] * len(units.of)
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        for rows, one, two, token in pool.map(one_fold, [data] * FOLDS, [cache] * FOLDS, range(FOLDS)):
            first[rows], second[rows] = one, two
            for u, t in zip(rows.tolist(), token, strict=True):
                tokens[u] = t
            print(f"{len(rows)} units left out", flush=True)
    return first, second, tokens


def early_stages(units: Units, cache: Path) -> dict[str, Floats]:
    """Stages one and two of all articles."""
    examples = units.examples
    texts = token_head.texts_of(examples, cache / "all")
    return first_stage(units, np.arange(len(units.of))) | token_head.fitted(texts, np.arange(len(examples)), FOLDS)


def tuned(data: Path, cache: Path, fold: int) -> tuple[tuned_encoder.Changes, dict[str, Floats]]:
    """Stage three without a fold, or of all articles where `fold` is the number of folds."""
    examples = corpora.training(data)
    rows = np.flatnonzero([encoder_tuning.fold_of(e) != fold for e in examples])
    return encoder_tuning.fitted(encoder_tuning.texts_of(examples, cache), rows, fold)


def third_of_fold(data: Path, cache: Path, fold: int) -> tuple[NDArray[np.int64], Floats]:
    """(units of the fold that count, their odds by a stage three that saw none of their articles)."""
    units = units_of(corpora.training(data))
    of = np.array([encoder_tuning.fold_of(e) for e in units.examples])[units.of]
    rows = np.flatnonzero((of == fold) & units.counted[units.of])
    changes, weights = kept(cache / f"tuned-{fold}.pickle", partial(tuned, data, cache, fold))
    with tempfile.TemporaryDirectory() as folder:  # as it will be shipped: a byte a number
        tuned_encoder.save(changes, Path(folder) / "changes.npz")
        read = tuned_encoder.Encoder(tuned_encoder.load(Path(folder) / "changes.npz"))
    model = as_model(**weights)
    with threadpool_limits(1, "blas"):
        return rows, np.array([model.third(states) for states, _ in read([units.text[u] for u in rows.tolist()])])


def left_out_third(data: Path, cache: Path, units: Units) -> Floats:
    """[u, techniques] Zero for units that do not count."""
    third = np.zeros_like(units.Y)
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        asked = [
            pool.submit(kept, cache / f"third-{f}.pickle", partial(third_of_fold, data, cache, f))
            for f in range(encoder_tuning.FOLDS)
        ]
        for each in asked:
            rows, odds = each.result()
            third[rows] = odds
            print(f"{len(rows)} units left out of stage three", flush=True)
    return third


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "houselights-training")
    given = parser.parse_args()
    given.cache.mkdir(parents=True, exist_ok=True)
    examples = corpora.training(given.data)
    units = units_of(examples)
    data, cache = given.data, given.cache
    first, second, tokens = kept(cache / "left-out.pickle", partial(left_out, data, cache, units))
    if not (cache / f"tuned-{encoder_tuning.FOLDS}.pickle").exists():
        encoder_tuning.texts_of(examples, cache)  # once, before two processes ask for it
    third = left_out_third(data, cache, units)
    early_mix, mix = calibrated(units, first, second), calibrated(units, first, second, third)
    early, odds = mixed(units, early_mix, first, second), mixed(units, mix, first, second, third)
    at, table = thresholds(units, odds, first, early)
    n = encoder_tuning.FOLDS
    changes, late = kept(cache / f"tuned-{n}.pickle", partial(tuned, data, cache, n))
    model = as_model(
        **kept(cache / "early.pickle", partial(early_stages, units, cache)),
        **late,
        early_mix=early_mix,
        mix=mix,
        place_shift=kept(cache / "places.pickle", partial(shifts, units, tokens)),
        **at,
    )
    HEADS.mkdir(exist_ok=True)
    technique_model.save(model, HEADS / "techniques.npz")
    tuned_encoder.save(changes, HEADS / "techniques_encoder.npz")
    (HERE / "thresholds.json").write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")
    for technique, row in table.items():
        print(technique, json.dumps(row))


if __name__ == "__main__":
    main()
