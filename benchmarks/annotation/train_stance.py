"""Trains the shipped stance heads: `python benchmarks/annotation/train_stance.py`. Two minutes on one core; the same bytes each time.

The penalty is chosen by cross-validation on the training split alone (five folds, printed); then each head is fitted to training and
validation split. The test split is not opened here."""

import argparse
import time
from pathlib import Path

from semeval_stance import TARGETS, encode, split
from stance_scores import score

from houselights.content import stance_head, stance_training

OUT = Path(__file__).parents[2] / "src/houselights/content/heads/stance.npz"
PENALTIES = (0.1, 0.3, 1.0, 3.0)


def held_out(penalty_c: float) -> dict[str, float]:
    """Scores of out-of-fold answers on the training split, without abstention."""
    gold, answers, of = [], [], []
    for key in TARGETS:
        part = split(key, "train")
        sheet = stance_training.read_sheet(part.texts, part.labels, encode)
        best = stance_training.out_of_fold(sheet, penalty_c).argmax(1)
        gold += [stance_head.LABELS[j] for j in sheet.label]
        answers += [stance_head.LABELS[j] for j in best]
        of += [key] * len(best)
    found = score(gold, answers, of)
    return {"penalty_c": penalty_c, "pooled": found["pooled"], "mean_over_targets": found["mean_over_targets"]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--choose", action="store_true", help="print the cross-validated scores of each penalty first")
    begun = time.process_time()
    if parser.parse_args().choose:
        for penalty_c in PENALTIES:
            print(held_out(penalty_c))
    heads = []
    for key, target in TARGETS.items():
        part = split(key, "train") + split(key, "val")
        heads.append(stance_head.fit(part.texts, part.labels, target, encode))
        print(f"{target}: {len(part.texts)} posts, answers from a confidence of {heads[-1].threshold_0_1:.3f} on")
    OUT.parent.mkdir(exist_ok=True)
    stance_head.save(heads, OUT)
    print(f"{OUT.name}: {OUT.stat().st_size:,} bytes, {time.process_time() - begun:.0f} CPU s")


if __name__ == "__main__":
    main()
