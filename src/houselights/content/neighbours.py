"""The nearest texts of each text, by the cosine of their vectors: exact for what fits, by an inverted file (FAISS) above."""

import numpy as np
from numpy.typing import NDArray

from houselights.core.errors import HouselightsError

EXACT_TEXTS = 40_000
"""Up to here every pair is looked at: a minute. The cost grows with the square."""
_BLOCK = 1024
_CELLS_PER_ROOT, _CELLS_ASKED = 4, 24
"""4 sqrt(n) cells, 24 of them asked: recall of true neighbours .9 and more on posts."""
MISSING = "more than {n:,} different texts need the extra: pip install 'houselights[narratives]'"


def nearest(vectors: NDArray[np.float32], k: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """(index, cosine)[n, k'] of the k nearest other texts, nearest first; k' = min(k, n - 1). vectors: [n, d] of unit length."""
    n = len(vectors)
    k = min(k, n - 1)
    if k < 1:
        return np.empty((n, 0), np.int64), np.empty((n, 0), np.float32)
    return _exact(vectors, k) if n <= EXACT_TEXTS else _by_cells(vectors, k)


def _exact(vectors: NDArray[np.float32], k: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    n = len(vectors)
    index, cosine = np.empty((n, k), np.int64), np.empty((n, k), np.float32)
    for begin in range(0, n, _BLOCK):
        rows = np.arange(begin, min(begin + _BLOCK, n))
        close = vectors[rows] @ vectors.T
        close[np.arange(len(rows)), rows] = -2.0
        best = np.argpartition(-close, k - 1, axis=1)[:, :k]
        value = np.take_along_axis(close, best, axis=1)
        order = np.lexsort((best, -value), axis=1)
        index[rows], cosine[rows] = np.take_along_axis(best, order, 1), np.take_along_axis(value, order, 1)
    return index, cosine


def _by_cells(vectors: NDArray[np.float32], k: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    try:
        import faiss
    except ImportError as error:
        raise HouselightsError(MISSING.format(n=EXACT_TEXTS)) from error
    n, d = vectors.shape
    n_cells = int(_CELLS_PER_ROOT * n**0.5)
    index = faiss.IndexIVFScalarQuantizer(
        faiss.IndexFlatIP(d), d, n_cells, faiss.ScalarQuantizer.QT_8bit, faiss.METRIC_INNER_PRODUCT
    )
    sample = np.random.default_rng(0).permutation(n)[: 40 * n_cells]
    index.train(vectors[np.sort(sample)])
    index.add(vectors)
    index.nprobe = _CELLS_ASKED
    cosine, found = index.search(vectors, k + 1)
    own = found == np.arange(n)[:, None]
    own[~own.any(axis=1), -1] = True  # quantised, a text may not find itself: the last one goes instead
    rest = ~own
    shape = (n, k)
    return found[rest].reshape(shape).astype(np.int64), np.clip(cosine[rest].reshape(shape), -1, 1).astype(np.float32)
