"""A hand-labelled sheet of posts -> a stance head: multinomial logistic regression, calibrated on posts it was not fitted to."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import minimize

from houselights.content import stance_features, texts
from houselights.content.stance_features import SLOTS, Ints
from houselights.content.stance_model import (
    GRAIN,
    LABELS,
    NEVER,
    UNCLEAR,
    Encode,
    Floats,
    Read,
    StanceHead,
    probabilities,
    read,
    softmax,
)
from houselights.core.errors import HouselightsError

PENALTY_C = 1.0
"""Inverse strength of the ridge penalty; the best of .1, .3, 1 and 3 in cross-validation on SemEval-2016's training split."""
ACCURACY_WANTED_0_1 = 0.8
"""Where a head answers, it should be right this often; measured on posts it was not fitted to."""
LEAST_CONFIDENCE_0_1 = 0.5
"""An answer that is more likely wrong than right is none."""
MIN_POSTS = 40
MIN_PER_LABEL = 5
_FOLDS = 5
_FEW = 20  # answers below which an accuracy says nothing
_UNSEEN = -1000.0


@dataclass(frozen=True)
class Sheet:
    """n labelled texts in order of their hash, so that no order of rows matters."""

    features: sparse.csr_matrix  # [n, SLOTS + d]
    found: Read
    label: Ints  # [n] index into LABELS
    fold: Ints  # [n] texts that say the same lie in one fold


def fit(
    said: Sequence[str], labels: Sequence[str], target: str, encode: Encode, penalty_c: float = PENALTY_C
) -> StanceHead:
    """A head for `target` from texts [n] and their labels [n] ("favour", "against", "neither"; "unclear" ones and empty texts are left out).

    A few hundred posts are needed for a useful head (docs/heads-stance.md, learning curve); where its answers are not right often enough on
    held-out posts, it abstains always. Deterministic, whatever the order of rows. Raises HouselightsError for other labels and for fewer
    than MIN_POSTS posts or two labels of MIN_PER_LABEL posts."""
    sheet = read_sheet(said, labels, encode)
    score = out_of_fold(sheet, penalty_c)
    head = _calibrated(_head(target, sheet, np.arange(len(sheet.label)), penalty_c), score, sheet.label)
    confidence = probabilities(head, score)[np.arange(len(score)), score.argmax(1)]
    return replace(head, threshold_0_1=threshold(confidence, score.argmax(1) == sheet.label))


def read_sheet(said: Sequence[str], labels: Sequence[str], encode: Encode) -> Sheet:
    if len(said) != len(labels):
        raise HouselightsError(f"{len(said)} texts have {len(labels)} labels. Give each text one.")
    if wrong := set(labels) - {*LABELS, UNCLEAR}:
        raise HouselightsError(f"{sorted(wrong)[0]!r:.80} is no stance. Write one of {', '.join((*LABELS, UNCLEAR))}.")
    rows = [
        (_hash(text), text, LABELS.index(label))
        for text, label in zip(said, labels, strict=True)
        if label in LABELS and texts.meaning(text)
    ]
    rows.sort()
    distinct = {h: label for h, _, label in rows}
    number = np.bincount(list(distinct.values()), minlength=len(LABELS))
    if len(distinct) < MIN_POSTS or (number >= MIN_PER_LABEL).sum() < 2:
        raise HouselightsError(
            f"{len(distinct)} labelled posts that say something of their own are too few for a stance head: label at least {MIN_POSTS}, "
            f"with {MIN_PER_LABEL} of each of two stances; 200 or more make a useful one."
        )
    found = read([text for _, text, _ in rows], encode)
    label = np.array([label for _, _, label in rows], np.int64)
    return Sheet(_features(found), found, label, _folds([h for h, _, _ in rows], label))


def _hash(text: str) -> str:
    return blake2b(texts.meaning(text).casefold().encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def _folds(hashes: Sequence[str], label: Ints) -> Ints:
    """Each label is spread evenly; a text that says the same as one before goes where that went."""
    fold_of: dict[str, int] = {}
    seen = [0] * len(LABELS)
    for h, j in zip(hashes, label.tolist(), strict=True):
        if h not in fold_of:
            fold_of[h] = seen[j] % _FOLDS
            seen[j] += 1
    return np.array([fold_of[h] for h in hashes], np.int64)


def _features(found: Read) -> sparse.csr_matrix:
    row, slot, value = stance_features.counts(found.words)
    n = len(found.empty)
    return sparse.hstack(
        [sparse.csr_matrix((value, (row, slot)), (n, SLOTS)), sparse.csr_matrix(found.meaning / GRAIN)], format="csr"
    )


def out_of_fold(sheet: Sheet, penalty_c: float) -> Floats:
    """[n, 3] scores of each post by a model that was fitted to the other folds."""
    out = np.zeros((len(sheet.label), len(LABELS)))
    for k in range(_FOLDS):
        held, rest = np.flatnonzero(sheet.fold == k), np.flatnonzero(sheet.fold != k)
        weight, bias = _regression(sheet.features[rest], sheet.label[rest], penalty_c)
        out[held] = sheet.features[held] @ weight.T + bias
    return out


def _head(target: str, sheet: Sheet, rows: Ints, penalty_c: float) -> StanceHead:
    weight, bias = _regression(sheet.features[rows], sheet.label[rows], penalty_c)
    half = SLOTS // 2
    blocks = (weight[:, :half], weight[:, half:SLOTS], weight[:, SLOTS:])
    scale = np.array([np.abs(b).max(initial=1e-12) / 127 for b in blocks])
    words, letters, meaning = (np.rint(b / s).astype(np.int8) for b, s in zip(blocks, scale, strict=True))
    return StanceHead(target, np.concatenate([words, letters], 1), meaning, scale, bias, 1.0, np.zeros(3), NEVER)


def _regression(x: sparse.csr_matrix, label: Ints, penalty_c: float) -> tuple[Floats, Floats]:
    """Weights [3, features] and biases [3] that minimise the ridge-penalised log loss, labels weighing the same whatever their number."""
    n, width = x.shape
    number = np.bincount(label, minlength=len(LABELS))
    seen = np.flatnonzero(number)
    of = np.searchsorted(seen, label)
    weight = n / (len(seen) * number[label])
    truth = np.eye(len(seen))[of]
    back = x.T.tocsr()

    def loss(flat: Floats) -> tuple[float, Floats]:
        w, b = flat[: -len(seen)].reshape(len(seen), width), flat[-len(seen) :]
        p = softmax(x @ w.T + b)
        off = weight[:, None] * (p - truth)
        value = -penalty_c * float(weight @ np.log(np.maximum(p[np.arange(n), of], 1e-300))) + float((w * w).sum()) / 2
        return value, np.concatenate([(penalty_c * (back @ off).T + w).ravel(), penalty_c * off.sum(0)])

    found = minimize(loss, np.zeros((width + 1) * len(seen)), jac=True, method="L-BFGS-B", options={"maxiter": 300}).x
    weights, bias = np.zeros((len(LABELS), width)), np.full(len(LABELS), _UNSEEN)
    weights[seen], bias[seen] = found[: -len(seen)].reshape(len(seen), width), found[-len(seen) :]
    return weights, bias


def _calibrated(head: StanceHead, score: Floats, label: Ints) -> StanceHead:
    """Slope and shifts with the least log loss on held-out scores; a light penalty keeps them finite on few posts."""
    rows = np.arange(len(label))

    def loss(flat: Floats) -> float:
        p = softmax(np.exp(flat[0]) * score + flat[1:])
        return float(-np.log(np.maximum(p[rows, label], 1e-300)).sum() + (flat * flat).sum() / 2)

    found = minimize(loss, np.zeros(4), method="L-BFGS-B").x
    return replace(head, slope=float(np.exp(found[0])), shift=found[1:])


def threshold(confidence: Floats, right: NDArray[np.bool_]) -> float:
    """The least confidence, of LEAST_CONFIDENCE_0_1 at least, from which on answers are right ACCURACY_WANTED_0_1 of the time; NEVER where
    there is none."""
    order = np.argsort(-confidence, kind="stable")
    good = np.flatnonzero(np.cumsum(right[order]) >= ACCURACY_WANTED_0_1 * np.arange(1, len(order) + 1))
    if not len(good) or good[-1] + 1 < _FEW:
        return NEVER
    return max(LEAST_CONFIDENCE_0_1, float(confidence[order[good[-1]]]))
