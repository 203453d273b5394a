"""What a head is worth elsewhere: for a target it never saw, and for a user's own target by the number of labelled posts. Opens no test split."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from semeval_stance import TARGETS, Split, encode, split
from sklearn.linear_model import LogisticRegression
from stance_scores import accuracy, score, selective

from houselights.content import stance_features, stance_head, stance_model

Matrix = Any
SIZES = (50, 100, 200, 300, 500)
REPEATS = 5
_COVERAGES = (0.05, 0.1, 0.2, 0.5, 1.0)
_FOR = ("I support {}", "{} is right", "I love {}", "{} is good and important", "we need {}")
_AGAINST = ("I am against {}", "{} is wrong", "I hate {}", "{} is bad and dangerous", "stop {}")
_GLAD = (
    "this is great, I love it",
    "what a wonderful day",
    "well done, I agree",
    "we need this now",
    "proud and happy",
)
_ANGRY = ("this is terrible, I hate it", "what a shame", "this is wrong, I disagree", "stop this now", "liars")


def labelled(key: str) -> Split:
    return split(key, "train") + split(key, "val")


# -- a target never seen ------------------------------------------------------------------------------------------


def unseen_targets() -> dict[str, Any]:
    """Trained on four targets, asked for the fifth: by likeness to sentences for and against it, and with words and products besides."""
    parts = {key: labelled(key) for key in TARGETS}
    return {
        "likeness": _left_out(parts, {key: _likeness(key, part) for key, part in parts.items()}),
        "likeness, products and words": _left_out(parts, {key: _all(key, part) for key, part in parts.items()}),
    }


def _left_out(parts: dict[str, Split], features: dict[str, Matrix]) -> dict[str, Any]:
    out, gold, answers, of = {}, [], [], []
    for key, part in parts.items():
        others = [k for k in parts if k != key]
        y = np.concatenate([parts[k].labels for k in others])
        weight = np.concatenate([np.full(len(parts[k].labels), 400 / len(parts[k].labels)) for k in others])
        model = LogisticRegression(class_weight="balanced", max_iter=500)
        model.fit(sparse.vstack([features[k] for k in others]), y, weight)
        p = model.predict_proba(features[key])
        said = model.classes_[p.argmax(1)].tolist()
        right = np.array(said) == np.array(part.labels)
        order = np.argsort(-p.max(1), kind="stable")
        at = {f"{c:.2f}": round(float(right[order[: max(1, int(c * len(right)))]].mean()), 3) for c in _COVERAGES}
        most = max(part.labels.count(label) for label in stance_head.LABELS) / len(right)
        out[key] = {"accuracy_at_coverage": at, "share_of_most_frequent_label": round(most, 3)}
        gold, answers, of = gold + part.labels, answers + said, of + [key] * len(said)
    found = score(gold, answers, of)
    for key in parts:
        out[key]["mean_f1"] = round(found["targets"][key]["mean_f1"], 3)
    against = score(gold, ["against"] * len(gold), of)
    return {
        "pooled": round(found["pooled"], 3),
        "mean_over_targets": round(found["mean_over_targets"], 3),
        "always_against": {
            "pooled": round(against["pooled"], 3),
            "mean_over_targets": round(against["mean_over_targets"], 3),
        },
        "targets": out,
    }


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)


def _vectors(part: Split) -> NDArray[Any]:
    return stance_model.read(part.texts, encode).meaning / stance_model.GRAIN


def _likeness(key: str, part: Split) -> Matrix:
    said, name = _vectors(part), TARGETS[key]
    for_it, against = (said @ _unit(encode([s.format(name) for s in many])).T for many in (_FOR, _AGAINST))
    glad, angry = said @ _unit(encode(_GLAD)).T, said @ _unit(encode(_ANGRY)).T
    mood = glad.mean(1, keepdims=True) - angry.mean(1, keepdims=True)
    near = said @ _unit(encode([name])).T
    return sparse.csr_matrix(np.hstack([for_it, against, for_it - against, glad, angry, mood, near, near * mood]))


def _all(key: str, part: Split) -> Matrix:
    said, target = _vectors(part), _unit(encode([TARGETS[key]]))
    row, slot, value = stance_features.counts(stance_features.words(part.texts))
    words = sparse.csr_matrix((value, (row, slot)), (len(part.texts), stance_features.SLOTS))
    return sparse.hstack([_likeness(key, part), 10 * said * target, np.abs(said - target), words], format="csr")


# -- a user's own target ------------------------------------------------------------------------------------------


def learning_curve(key: str) -> dict[str, Any]:
    """A head fitted to some posts of one target and asked for a fifth of the posts that it never saw; means and deviations over repeats."""
    part = labelled(key)
    rows: dict[int, list[dict[str, float]]] = {}
    for size, train, held in _draws(part):
        head = stance_head.fit([part.texts[i] for i in train], [part.labels[i] for i in train], TARGETS[key], encode)
        said, gold = [part.texts[i] for i in held], [part.labels[i] for i in held]
        best = stance_model.scores(head, stance_model.read(said, encode)).argmax(1)
        forced = [stance_head.LABELS[j] for j in best]
        kept = selective(gold, stance_head.judge(said, head, encode)["label"].to_pylist())
        rows.setdefault(size, []).append(
            {
                "mean_f1": score(gold, forced, [key] * len(gold))["pooled"],
                "accuracy": accuracy(gold, forced),
                "coverage": kept["coverage"],
                "n_answered": kept["n"],
                "n_right": kept["accuracy"] * kept["n"],
            }
        )
    return {str(size): _summary(found) for size, found in sorted(rows.items())}


def _draws(part: Split) -> Iterator[tuple[int, list[int], list[int]]]:
    for repeat in range(REPEATS):
        order = np.random.default_rng(repeat).permutation(len(part.texts)).tolist()
        n_held = len(order) // 5
        for size in SIZES:
            if size <= len(order) - n_held:
                yield size, order[n_held : n_held + size], order[:n_held]


def _summary(found: list[dict[str, float]]) -> dict[str, float]:
    out = {}
    for name in ("mean_f1", "accuracy", "coverage"):
        values = [f[name] for f in found]
        out[name], out[f"{name}_sd"] = round(float(np.mean(values)), 3), round(float(np.std(values)), 3)
    answered = sum(f["n_answered"] for f in found)
    out["selective_accuracy"] = round(sum(f["n_right"] for f in found) / answered, 3) if answered else 0.0
    return out
