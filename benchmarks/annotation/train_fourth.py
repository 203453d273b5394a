"""Trains stage four of the model of techniques and writes techniques_fourth.npz and techniques_decoder.npz in src/houselights/content/heads.

python benchmarks/annotation/train_fourth.py --data DIR --weights FILE [--cache DIR]     after train_techniques.py, with its --cache; PyTorch with AMX

Three times, a part of the training articles is left out and asked about. Where these predictions, with those of the stages before, say that a
technique may be shown (`Rule.by_itself`) in a language in which three stages do not show it, stage four shows it. What is shipped is the fit that saw
the most texts, so that what was measured on left-out articles is what a fit on about as many articles does. Writes fourth.json beside this file.
"""

import argparse
import json
import tempfile
from functools import partial
from pathlib import Path

import corpora
import decoder_tuning as tuning
import encoder_tuning
import numpy as np
import torch
from showing import Units, thresholds_of_fourth, units_of
from train_techniques import HEADS, HERE, calibrated, kept, left_out, left_out_third, mixed

from houselights.content import technique_fourth, technique_head, tuned_decoder

Floats = tuning.Floats
Fold = tuple[np.ndarray, Floats, tuned_decoder.Changes, dict[str, Floats]]


def fold_of(weights: Path, units: Units, cache: Path, fold: int) -> Fold:
    """(units of the fold that count, their odds by a stage four that saw none of their articles, what it learned)."""
    decoder = tuned_decoder.Decoder(weights, None)
    examples = [e for e, counts in zip(units.examples, units.counted, strict=True) if counts]
    texts = tuning.texts_of(examples, decoder, cache)
    tuned = tuning.fitted(
        texts, np.flatnonzero([encoder_tuning.fold_of(e) != fold for e in examples]), decoder, seed=fold
    )
    of = np.array([encoder_tuning.fold_of(e) for e in units.examples])[units.of]
    rows = np.flatnonzero((of == fold) & units.counted[units.of])
    asked = tuning.lower_states([units.text[u] for u in rows.tolist()], decoder, cache, f"decoder-units-{fold}")
    return rows, tuned.odds(asked), tuned.changes(), tuned.weights()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--weights", type=Path, required=True, help="what `houselights models fetch` brings")
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "houselights-training")
    given = parser.parse_args()
    torch.set_num_threads(1)
    units = units_of(corpora.training(given.data))
    first, second, _ = kept(given.cache / "left-out.pickle", partial(left_out, given.data, given.cache, units))
    third, fourth = left_out_third(given.data, given.cache, units), np.zeros_like(units.Y)
    folds: list[Fold] = [
        kept(given.cache / f"fourth-{f}.pickle", partial(fold_of, given.weights, units, given.cache, f))
        for f in range(encoder_tuning.FOLDS)
    ]
    for rows, odds, *_ in folds:
        fourth[rows] = odds
    shipped = technique_head.shipped()
    early, late = mixed(units, shipped.early_mix, first, second), mixed(units, shipped.mix, first, second, third)
    mix = calibrated(units, first, second, third, fourth)
    odds = mixed(units, mix, first, second, third, fourth)
    at, table = thresholds_of_fourth(units, odds, first, early, late, shipped)
    _, _, changes, weights = min(folds, key=lambda fold: len(fold[0]))
    tuned_decoder.save(changes, HEADS / "techniques_decoder.npz")
    technique_fourth.save(technique_fourth.FourthStage(**weights, mix=mix, **at), HEADS / "techniques_fourth.npz")
    (HERE / "fourth.json").write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")
    for technique, row in table.items():
        print(technique, json.dumps(row))


if __name__ == "__main__":
    main()
