"""Units of text -> what a model of techniques sees: hashed n-grams, shape, hashed words in their places. No vocabulary is kept anywhere."""

from collections.abc import Sequence
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack

from houselights.content.technique_units import WORD_PATTERN
from houselights.core.errors import HouselightsError

MISSING = (
    "techniques need hashed words and a model of meaning, which are not installed: pip install 'houselights[narratives]' "
    "(no network is used afterwards)"
)
N_SHAPE = 6
_QUOTES = '"“”«»„'


def ngrams(units: Sequence[str], bits: int, idf: NDArray[np.float32] | None = None) -> csr_matrix:
    """[units, 2 * 2**bits] float32: words and pairs of words, and 4 to 5 characters within words, lower case, present or not.

    Each half is weighted by `idf` (ones where None) and of unit length. A row depends on its unit alone. Raises HouselightsError where scikit-learn
    is missing."""
    halves = [_hashed(units, bits, **how) for how in _HOW]
    weights = np.ones(2 << bits, np.float32) if idf is None else idf
    return hstack([_weighted(half, w) for half, w in zip(halves, np.split(weights, 2), strict=True)], format="csr")


_HOW: tuple[dict[str, Any], ...] = (
    {"ngram_range": (1, 2), "token_pattern": WORD_PATTERN},
    {"ngram_range": (4, 5), "analyzer": "char_wb"},
)


def _hashed(units: Sequence[str], bits: int, **how: Any) -> csr_matrix:
    try:
        from sklearn.feature_extraction.text import HashingVectorizer
    except ImportError as error:
        raise HouselightsError(MISSING) from error
    hasher = HashingVectorizer(n_features=1 << bits, alternate_sign=False, norm=None, binary=True, **how)
    found = hasher.transform(list(units)).astype(np.float32)
    found.sort_indices()  # sums are then added in one order, whatever the batch
    return found


def _weighted(found: csr_matrix, weights: NDArray[np.float32]) -> csr_matrix:
    out = csr_matrix((weights[found.indices].astype(np.float32), found.indices, found.indptr), shape=found.shape)
    squares = np.add.reduceat(np.append(out.data**2, np.float32(0)), out.indptr[:-1]) * (np.diff(out.indptr) > 0)
    out.data /= np.repeat(np.sqrt(np.maximum(squares, 1e-12)), np.diff(out.indptr)).astype(np.float32)
    return out


def inverse_frequencies(found: csr_matrix) -> NDArray[np.float32]:
    """[columns] log((1 + units) / (1 + units that have it)) + 1."""
    have = np.bincount(found.indices, minlength=found.shape[1])
    return np.asarray(np.log((1 + found.shape[0]) / (1 + have)) + 1, np.float32)


def shapes(units: Sequence[str]) -> NDArray[np.float32]:
    """[units, N_SHAPE] length, share of capitals, and whether there are exclamation and question marks, quotes, digits."""
    rows = [
        (
            np.log1p(len(t)) / 6,
            sum(map(str.isupper, t)) / max(len(t), 1),
            "!" in t,
            "?" in t,
            any(q in t for q in _QUOTES),
            any(map(str.isdigit, t)),
        )
        for t in units
    ]
    return np.array(rows, np.float32).reshape(-1, N_SHAPE)


def places(words: Sequence[str], size: int) -> list[list[int]]:
    """For each word of a unit, in order, the columns (of `size`) that stand for it, its beginning and end, its neighbours and its place."""
    low = ["^", *(w.lower() for w in words), "$"]
    out = []
    for i, word in enumerate(words, 1):
        seen = (
            f"w{low[i]}", f"p{low[i][:4]}", f"s{low[i][-3:]}", f"-{low[i - 1]}", f"+{low[i + 1]}",
            f"-{low[i - 1]} {low[i]}", f"+{low[i]} {low[i + 1]}",
            f"c{word[:1].isupper()}{word.isupper()}{i == 1}", f"e{i == len(words)}", f"l{min(len(words) // 8, 6)}",
        )  # fmt: skip
        out.append([crc32(s.encode("utf-8", "replace")) % size for s in seen])
    return out
