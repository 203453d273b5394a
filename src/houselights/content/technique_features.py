"""Units of text -> hashed n-grams, what the first stage of the model of techniques sees. No vocabulary is kept anywhere."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack

from houselights.content.technique_units import WORD_PATTERN
from houselights.core.errors import HouselightsError

MISSING = (
    "techniques need hashed words and a model of meaning, which are not installed: pip install 'houselights[narratives]' "
    "(no network is used afterwards)"
)


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
