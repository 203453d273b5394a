"""Evaluates the shipped stance heads: `python benchmarks/annotation/evaluate_stance.py`. Writes stance.json beside it.

Each run that opens the test split adds a line to stance_test_looks.txt."""

import argparse
import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from semeval_stance import TARGETS, Split, encode, folder, split
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline, make_union
from stance_elsewhere import labelled, learning_curve, unseen_targets
from stance_scores import calibration_error, interval, score, selective

from houselights.content import stance_head, stance_model

HERE = Path(__file__).parent
Answers = tuple[list[str], list[float]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--no-test", action="store_true", help="all but what needs the test split; the old figures of it stay"
    )
    parser.add_argument("--why", default="", help="why the test split is opened: kept in stance_test_looks.txt")
    options = parser.parse_args()
    if not folder().is_dir():
        print(f"{folder()} is not there: nothing to evaluate")
        return
    path = HERE / "stance.json"
    out: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    if options.no_test:
        out["unseen_targets"] = unseen_targets()
        out["learning_curve"] = {key: learning_curve(key) for key in TARGETS}
    else:
        with (HERE / "stance_test_looks.txt").open("a") as looks:
            looks.write(f"{options.why or 'no reason given'}\n")
        out["test"] = test()
    path.write_text(json.dumps(out, indent=1) + "\n")


def test() -> dict[str, Any]:
    """Every measure on the test split, for the head and what it must beat."""
    parts = {key: split(key, "test") for key in TARGETS}
    gold = [label for part in parts.values() for label in part.labels]
    of = [key for key, part in parts.items() for _ in part.labels]
    begun = time.process_time()
    forced, confidence = _together(parts, _forced)
    answers, _ = _together(parts, _answers)
    head = measured(gold, forced, of)
    head["with_abstention"] = abstaining(gold, answers, of)
    right = [g == a for g, a in zip(gold, forced, strict=True)]
    head["calibration_error"] = round(calibration_error(right, confidence), 4)
    head["mean_confidence"] = round(float(np.mean(confidence)), 4)
    head["cpu_s"] = round(time.process_time() - begun, 1)
    others = {"majority": _majority, "tf-idf and logistic regression": _tf_idf}
    return {"head": head, **{name: measured(gold, _together(parts, f)[0], of) for name, f in others.items()}}


def measured(gold: Sequence[str], answers: Sequence[str], of: Sequence[str]) -> dict[str, Any]:
    """Scores with 95 % intervals."""
    found = score(gold, answers, of)
    rng = np.random.default_rng(1)
    out = {name: round(found[name], 4) for name in ("pooled", "favour", "against", "mean_over_targets", "accuracy")}
    for name in ("pooled", "mean_over_targets", "accuracy"):
        out[f"{name}_95"] = interval(lambda g, a, t, name=name: score(g, a, t)[name], gold, answers, of, rng)
    out["targets"] = {}
    for key in TARGETS:
        at = [i for i, t in enumerate(of) if t == key]
        own = ([gold[i] for i in at], [answers[i] for i in at], [key] * len(at))
        between = interval(lambda g, a, t: score(g, a, t)["pooled"], *own, rng)
        rounded = {k: round(v, 4) for k, v in found["targets"][key].items()}
        out["targets"][key] = {**rounded, "accuracy": round(score(*own)["accuracy"], 4), "mean_f1_95": between}
    return out


def abstaining(gold: Sequence[str], answers: Sequence[str], of: Sequence[str]) -> dict[str, Any]:
    """Coverage and accuracy where an answer is given, over all and by target and answer; mean F1 with missed answers counted."""
    out: dict[str, Any] = {k: round(v, 4) for k, v in selective(gold, answers).items()}
    found = score(gold, answers, of)
    out |= {name: round(found[name], 4) for name in ("pooled", "mean_over_targets")}
    out["accuracy_95"] = interval(
        lambda g, a, t: selective(g, a)["accuracy"], gold, answers, of, np.random.default_rng(2)
    )
    out["targets"], out["answers"] = {}, {}
    for key in TARGETS:
        own = [(g, a) for g, a, t in zip(gold, answers, of, strict=True) if t == key]
        out["targets"][key] = {k: round(v, 4) for k, v in selective([g for g, _ in own], [a for _, a in own]).items()}
    for label in stance_head.LABELS:
        said = [g for g, a in zip(gold, answers, strict=True) if a == label]
        out["answers"][label] = {"n": len(said), "precision": round(said.count(label) / max(len(said), 1), 4)}
    return out


def _together(parts: dict[str, Split], answer: Callable[[str, list[str]], Answers]) -> Answers:
    found = [answer(key, part.texts) for key, part in parts.items()]
    return [a for answers, _ in found for a in answers], [c for _, many in found for c in many]


def _forced(key: str, texts: list[str]) -> Answers:
    head = stance_head.shipped()[TARGETS[key]]
    found = stance_model.scores(head, stance_model.read(texts, encode))
    best = found.argmax(1)
    sure = stance_model.probabilities(head, found)[np.arange(len(best)), best]
    return [stance_head.LABELS[j] for j in best], sure.tolist()


def _answers(key: str, texts: list[str]) -> Answers:
    found = stance_head.stances(texts, TARGETS[key], encode)
    return found["label"].to_pylist(), found["confidence"].to_pylist()


def _majority(key: str, texts: list[str]) -> Answers:
    labels = labelled(key).labels
    return [max(stance_head.LABELS, key=labels.count)] * len(texts), []


def _tf_idf(key: str, texts: list[str]) -> Answers:
    """The usual: words and pairs, letter sequences of 2 to 5."""
    part = labelled(key)
    both = make_union(
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True),
        TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True),
    )
    model = make_pipeline(both, LogisticRegression(class_weight="balanced", max_iter=500))
    return model.fit(part.texts, part.labels).predict(texts).tolist(), []


if __name__ == "__main__":
    main()
