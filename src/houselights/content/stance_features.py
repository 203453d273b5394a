"""Texts -> hashed features that a linear stance head weighs, and the way back to the words that carried them. No vocabulary is kept."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
BLOCK = 1 << 13
"""Slots for words, and as many again for letter sequences (feature hashing, Weinberger et al. 2009, arXiv 0902.2206, without signs)."""
SLOTS = 2 * BLOCK
MAX_CHARACTERS = 4000
"""A post begins with what it says; what comes after is not read."""
_MAX_WORDS = 400
_MAX_LETTERS = 30  # of a word: a hostile one is no word
_SEQUENCES = (2, 3, 4, 5)
_TOKEN = re.compile(
    r"(?P<skip>(?:https?://|www\.|pic\.twitter\.com/|\bt\.co/)\S*|@[\w.@-]+)|#?\w+(?:['’]\w+)*|[!?.]+|[^\w\s]"
)


@dataclass(frozen=True)
class Words:
    """w words of n texts, in reading order. `begin`, `end` are half-open code points in the original text; a word holds
    `slots[first[i] : first[i + 1]]`."""

    text: Ints  # [w] ascending
    begin: Ints  # [w]
    end: Ints  # [w]
    spoken: NDArray[np.bool_]  # [w] holds a letter or digit, so is more than a mark
    slots: Ints  # [s] in [0, SLOTS)
    first: Ints  # [w + 1]
    lengths: NDArray[
        np.float64
    ]  # [n, 2] Euclidean length of each text's counts, words and letter sequences apart; 1 where there are none


def words(texts: Sequence[str]) -> Words:
    """A word brings itself, its pair with the word before and its letter sequences. Links and handles bring nothing. Linear in the number of
    characters, up to MAX_CHARACTERS a text; never raises, whatever the text holds."""
    places: list[tuple[int, int, int, bool]] = []
    slots: list[Ints] = []
    for i, text in enumerate(texts):
        before, n_words = "^", 0
        for found in _TOKEN.finditer(text[:MAX_CHARACTERS]):
            if found.lastgroup == "skip":
                continue
            word = found.group()[:_MAX_LETTERS].casefold()
            places.append((i, found.start(), found.end(), word.strip("#_")[:1].isalnum()))
            slots += (_of_word(word), _of_pair(before, word))
            before, n_words = word, n_words + 1
            if n_words == _MAX_WORDS:
                break
    at = np.array(places, np.int64).reshape(-1, 4)
    sizes = np.fromiter(map(len, slots), np.int64, len(slots)).reshape(-1, 2).sum(1)
    first = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    flat = np.concatenate(slots) if slots else np.empty(0, np.int64)
    lengths = _lengths(np.repeat(at[:, 0], sizes), flat, len(texts))
    return Words(at[:, 0], at[:, 1], at[:, 2], at[:, 3] == 1, flat, first, lengths)


def counts(found: Words) -> tuple[Ints, Ints, NDArray[np.float64]]:
    """(text [m], slot [m], value [m]): how often a text holds a slot, divided by the length of its block."""
    text = np.repeat(found.text, np.diff(found.first))
    keys, n = np.unique(text * SLOTS + found.slots, return_counts=True)
    row, slot = keys // SLOTS, keys % SLOTS
    return row, slot, n / found.lengths[row, slot // BLOCK]


def per_word(found: Words, weights: NDArray[np.int8]) -> Ints:
    """[w, 2] summed weights [SLOTS] of each word's slots, words and letter sequences apart: exact, so no order of texts matters."""
    weight = weights.astype(np.int64)[found.slots]
    is_word = found.slots < BLOCK
    if not len(found.text):
        return np.empty((0, 2), np.int64)
    return np.stack([np.add.reduceat(np.where(m, weight, 0), found.first[:-1]) for m in (is_word, ~is_word)], axis=1)


def _lengths(text: Ints, slot: Ints, n_texts: int) -> NDArray[np.float64]:
    keys, n = np.unique(text * SLOTS + slot, return_counts=True)
    block = 2 * (keys // SLOTS) + (keys % SLOTS) // BLOCK
    squares = np.bincount(block, (n * n).astype(np.float64), 2 * n_texts).reshape(n_texts, 2)
    return np.asarray(np.sqrt(np.where(squares > 0, squares, 1.0)))


@lru_cache(1 << 15)
def _of_word(word: str) -> Ints:
    padded = f" {word} "
    found = [_slot(word)]
    found += [
        BLOCK + _slot(padded[i : i + n]) for n in _SEQUENCES for i in range(len(padded) - n + 1) if len(padded) >= n
    ]
    return np.array(found, np.int64)


@lru_cache(1 << 16)
def _of_pair(before: str, word: str) -> Ints:
    return np.array([_slot(f"{before} {word}")], np.int64)


def _slot(feature: str) -> int:
    return crc32(feature.encode("utf-8", "surrogatepass")) % BLOCK
