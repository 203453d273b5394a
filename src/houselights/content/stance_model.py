"""One linear head: which stance a post takes toward one target, how sure that is, and which words weighed most. Kept in a .npz file."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from houselights.content import stance_features, texts
from houselights.content.stance_features import BLOCK, SLOTS, Ints, Words
from houselights.core.errors import HouselightsError

Encode = Callable[[list[str]], NDArray[np.float32]]
Floats = NDArray[np.float64]
LABELS = ("favour", "against", "neither")
UNCLEAR = "unclear"
NEVER = 2.0
"""A threshold no confidence reaches: the head abstains always."""
STANCES = pa.schema(
    [
        ("text_index", pa.int64()),
        ("label", pa.string()),
        ("confidence", pa.float64()),
        ("start", pa.int64()),
        ("end", pa.int64()),
    ]
)
_VERSION = 1
GRAIN = 1 << 20
"""Vectors are rounded to this fraction: sums of whole numbers are exact, so no order of texts changes them."""
_TEXTS_AT_ONCE = 32_768
_QUOTED_WORDS = 8
_FINE = 1 << 24


@dataclass(frozen=True)
class StanceHead:
    """d numbers a vector; the labels stand in the order of LABELS. A label that was never seen has a bias of -1000."""

    target: str
    slots: NDArray[np.int8]  # [3, SLOTS]
    meaning: NDArray[np.int8]  # [3, d]
    scale: Floats  # [3] what 1 in `slots` is worth for words, for letter sequences, and 1 in `meaning`
    bias: Floats  # [3]
    slope: float  # calibration: softmax(slope * score + shift)
    shift: Floats  # [3]
    threshold_0_1: float  # abstains below this confidence


@dataclass(frozen=True)
class Read:
    """What a head reads of n texts."""

    words: Words
    meaning: NDArray[np.float64]  # [n, d] whole numbers, GRAIN for 1
    empty: NDArray[np.bool_]  # [n] texts that say nothing


def read(said: Sequence[str], encode: Encode) -> Read:
    """Features of the texts. `encode` is asked for each distinct text once, in one order whatever the texts' order.

    Raises HouselightsError where `encode` gives no finite [texts, d] array."""
    cleaned = [texts.meaning(text) for text in said]
    distinct = sorted(set(cleaned) - {""}, key=lambda text: (len(text), text))
    words = stance_features.words(said)
    bare = np.bincount(words.text[words.spoken], minlength=len(said)) == 0
    vectors = _whole(encode(distinct), len(distinct)) if distinct else np.zeros((0, 0))
    row = {text: i for i, text in enumerate(distinct)}
    at = np.array([row.get(text, -1) for text in cleaned], np.int64)
    padded = np.concatenate([vectors, np.zeros((1, vectors.shape[1]))])
    return Read(words, padded[at], bare | (at < 0))


def _whole(vectors: NDArray[Any], n_texts: int) -> Floats:
    found = np.asarray(vectors, np.float64)
    if found.ndim != 2 or len(found) != n_texts or not np.isfinite(found).all():
        raise HouselightsError(f"{n_texts} texts were to be encoded, the encoder gave {found.shape}. Check the model.")
    return np.asarray(np.rint(found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-9) * GRAIN))


def scores(head: StanceHead, found: Read) -> Floats:
    """[n, 3] one score a label, of no unit; the largest is the label. The same to the last bit whatever stands beside a text."""
    if found.meaning.shape[1] not in (0, head.meaning.shape[1]):
        raise HouselightsError(
            f"the stance head for {head.target!r} was made with vectors of {head.meaning.shape[1]} numbers, these have "
            f"{found.meaning.shape[1]}. Use the model it was made with, or fit it again."
        )
    n = len(found.empty)
    out = np.tile(head.bias, (n, 1))
    if found.meaning.shape[1]:
        out += found.meaning @ head.meaning.T.astype(np.float64) * (head.scale[2] / GRAIN)
    for j in range(len(LABELS)):
        sums = stance_features.per_word(found.words, head.slots[j])
        for block in (0, 1):
            total = np.bincount(found.words.text, sums[:, block], n)
            out[:, j] += total * head.scale[block] / found.words.lengths[:, block]
    return out


def probabilities(head: StanceHead, score: Floats) -> Floats:
    """[n, 3] calibrated probabilities, by bias-corrected temperature scaling (Alexandari, Kundaje & Shrikumar 2020, arXiv 1901.06852)."""
    return softmax(head.slope * score + head.shift)


def softmax(score: Floats) -> Floats:
    """Rows that sum to 1."""
    raised = np.exp(score - score.max(1, keepdims=True, initial=-np.inf))
    return np.asarray(raised / raised.sum(1, keepdims=True))


def judge(said: Sequence[str], head: StanceHead, encode: Encode) -> pa.Table:
    """Texts -> one row each of STANCES, in their order.

    `confidence` is the calibrated probability of the label that fits best, 0 for a text without words; the label is "unclear" below the
    head's threshold. `start`, `end`: half-open code points of the run of at most eight words of the original text that weighs most for
    "favour" or "against"; 0, 0 otherwise. Linear, and no text raises. Raises HouselightsError where `encode` is not the head's."""
    parts = [_judge(said[i : i + _TEXTS_AT_ONCE], i, head, encode) for i in range(0, len(said), _TEXTS_AT_ONCE)]
    return pa.concat_tables(parts) if parts else STANCES.empty_table()


def _judge(said: Sequence[str], offset: int, head: StanceHead, encode: Encode) -> pa.Table:
    found = read(said, encode)
    score = scores(head, found)
    best = score.argmax(1)
    confidence = np.where(found.empty, 0.0, probabilities(head, score)[np.arange(len(best)), best])
    kept = confidence >= head.threshold_0_1
    begin, end = _quotes(found.words, head, best)
    quoted = kept & (best < 2)
    labels = [LABELS[j] if sure else UNCLEAR for j, sure in zip(best.tolist(), kept.tolist(), strict=True)]
    columns = [
        pa.array(np.arange(offset, offset + len(said))),
        pa.array(labels, pa.string()),
        pa.array(confidence),
        pa.array(np.where(quoted, begin, 0)),
        pa.array(np.where(quoted, end, 0)),
    ]
    return pa.table(columns, schema=STANCES)


def _quotes(words: Words, head: StanceHead, best: Ints) -> tuple[Ints, Ints]:
    """[n] begin and end of the run of words that speaks most for the label `best` [n], above what the text's words do on average."""
    n = len(best)
    begin, end = np.zeros(n, np.int64), np.zeros(n, np.int64)
    gain = _gain(words, head, best)
    total = np.concatenate([[0], np.cumsum(gain)])
    top = np.full(n, np.iinfo(np.int64).min)
    for size in range(1, min(_QUOTED_WORDS, len(gain)) + 1):
        first = np.arange(len(gain) - size + 1)
        last = first + size - 1
        fits = (words.text[first] == words.text[last]) & words.spoken[first] & words.spoken[last]
        first, last = first[fits], last[fits]
        sums, text = total[last + 1] - total[first], words.text[first]
        order = np.lexsort((first, -sums, text))
        lead = order[np.unique(text[order], return_index=True)[1]]
        lead = lead[sums[lead] > top[text[lead]]]
        at = text[lead]
        top[at], begin[at], end[at] = sums[lead], words.begin[first[lead]], words.end[last[lead]]
    return begin, end


def _gain(words: Words, head: StanceHead, best: Ints) -> Ints:
    """[w] what each word adds to its text's label over the other two, less the text's mean; whole numbers, so sums are exact."""
    if not len(words.text):
        return np.empty(0, np.int64)
    sums = np.stack([stance_features.per_word(words, head.slots[j]) for j in range(3)])  # [3, w, 2]
    label = best[words.text]
    over = 3 * np.take_along_axis(sums, label[None, :, None], 0)[0] - sums.sum(0)
    worth = (over * (head.scale[:2] / words.lengths[words.text])).sum(1)
    whole = np.rint(worth * _FINE)
    mean = np.bincount(words.text, whole) / np.maximum(np.bincount(words.text), 1)
    return np.asarray(whole - np.rint(mean)[words.text], np.int64)


def save(heads: Sequence[StanceHead], path: Path) -> None:
    """Several heads of one model of meaning, in one file. The same heads give the same bytes."""
    arrays = {
        "version": np.array(_VERSION),
        "target": np.array([h.target for h in heads], np.str_),
        "slots": np.stack([h.slots for h in heads]),
        "meaning": np.stack([h.meaning for h in heads]),
        "calibration": np.array([[*h.scale, *h.bias, h.slope, *h.shift, h.threshold_0_1] for h in heads]),
    }
    with path.open("wb") as file:
        np.savez_compressed(file, **arrays)  # type: ignore[arg-type]


def load(path: Path) -> tuple[StanceHead, ...]:
    """The heads in a file that `save` wrote. Raises HouselightsError where it is none; nothing in it is run."""
    try:
        with np.load(path, allow_pickle=False) as kept:
            if int(kept["version"]) != _VERSION:
                raise ValueError(f"version {kept['version']}")
            target, slots, meaning, numbers = (kept[k] for k in ("target", "slots", "meaning", "calibration"))
        n = len(target)
        if (
            slots.shape != (n, 3, 2 * BLOCK)
            or meaning.shape[:2] != (n, 3)
            or numbers.shape != (n, 11)
            or {slots.dtype, meaning.dtype} != {np.dtype(np.int8)}
            or not np.isfinite(numbers).all()
        ):
            raise ValueError("shapes")
        return tuple(_of(str(t), s, m, row) for t, s, m, row in zip(target, slots, meaning, numbers, strict=True))
    except (OSError, ValueError, KeyError, TypeError, EOFError, BadZipFile) as error:
        raise HouselightsError(f"{path} is no stance head ({error}). Fit it again.") from error


def _of(target: str, slots: NDArray[np.int8], meaning: NDArray[np.int8], row: Floats) -> StanceHead:
    return StanceHead(target, slots, meaning, row[:3], row[3:6], float(row[6]), row[7:10], float(row[10]))


assert SLOTS == 2 * BLOCK
