"""Texts of one message: dense spots among vectors (HDBSCAN on the graph of nearest neighbours), everything else is noise.

The clusters are a function of texts alone. They see neither times nor accounts, so a test that exchanges times or accounts among the
posts of one cluster stays exact whichever posts made the cluster.
"""

import warnings

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from houselights.content import neighbours
from houselights.core.errors import HouselightsError

N_NEIGHBOURS = 24
MIN_TEXTS = 5
"""A narrative is said in at least so many wordings, or copied so often."""
MIN_SAMPLES = 5
"""Neighbours that make a spot dense (McInnes and Healy 2017)."""
MIN_COSINE = 0.5
"""Unlike texts of one topic come near this; beyond it nothing is the same message."""
NOISE = -1
MISSING = "narratives need the extra: pip install 'houselights[narratives]'"


def dense(vectors: NDArray[np.float32]) -> NDArray[np.int64]:
    """[n] cluster of each text, from 0, NOISE for those in none. vectors: [n, d] of unit length."""
    n = len(vectors)
    if n < 2 * MIN_TEXTS:
        return np.full(n, NOISE, np.int64)
    try:
        from fast_hdbscan import fast_hdbscan
    except ImportError as error:
        raise HouselightsError(MISSING) from error
    index, cosine = neighbours.nearest(vectors, N_NEIGHBOURS)
    near = cosine >= MIN_COSINE
    ends = np.concatenate([[0], np.cumsum(near.sum(axis=1))])
    angle = np.arccos(np.clip(cosine[near].astype(np.float64), -1.0, 1.0))
    graph = sparse.csr_matrix((angle, index[near], ends), shape=(n, n))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # parts of the graph that do not hang together are what we look for
        labels = fast_hdbscan(
            graph,
            min_samples=MIN_SAMPLES,
            min_cluster_size=MIN_TEXTS,
            cluster_selection_method="leaf",
            metric="precomputed",
            algorithm="kruskal",
        )[0]
    return _numbered(np.asarray(labels, np.int64))


def with_copied(label: NDArray[np.int64], n_posts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Texts outside all clusters that many posts copy are narratives of their own. n_posts: [n] posts that say each text."""
    out = label.copy()
    alone = np.flatnonzero((label == NOISE) & (n_posts >= MIN_TEXTS))
    out[alone] = label.max(initial=NOISE) + 1 + np.arange(len(alone))
    return _numbered(out)


def _numbered(label: NDArray[np.int64]) -> NDArray[np.int64]:
    """0, 1, ... in order of each cluster's first text."""
    inside = np.flatnonzero(label >= 0)
    _, first, which = np.unique(label[inside], return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    out = np.full(len(label), NOISE, np.int64)
    out[inside] = rank[which]
    return out


def centres(vectors: NDArray[np.float32], label: NDArray[np.int64]) -> NDArray[np.float32]:
    """[clusters, d] mean direction of each cluster."""
    inside = np.flatnonzero(label >= 0)
    n = int(label.max(initial=-1)) + 1
    member = sparse.csr_matrix((np.ones(len(inside), np.float32), (label[inside], inside)), shape=(n, len(label)))
    total = np.asarray(member @ vectors, np.float32)
    return np.asarray(total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-9), np.float32)


def assigned(
    new: NDArray[np.float32], vectors: NDArray[np.float32], label: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """(cluster, cosine)[m] of texts that came later: that of the nearest clustered text, if it is as near as the cluster's own texts are to each
    other. Nothing that is known changes."""
    inside = np.flatnonzero(label >= 0)
    if not len(inside) or not len(new):
        return np.full(len(new), NOISE, np.int64), np.zeros(len(new), np.float32)
    known, of = vectors[inside], label[inside]
    reach = _reach(known, of)
    out, best = np.full(len(new), NOISE, np.int64), np.zeros(len(new), np.float32)
    for begin in range(0, len(new), 1024):
        close = new[begin : begin + 1024] @ known.T
        nearest = close.argmax(axis=1)
        rows = np.arange(begin, begin + len(nearest))
        best[rows] = close[np.arange(len(nearest)), nearest]
        near = best[rows] >= reach[of[nearest]]
        out[rows[near]] = of[nearest[near]]
    return out, best


def _reach(known: NDArray[np.float32], of: NDArray[np.int64]) -> NDArray[np.float32]:
    """[clusters] cosine of the loneliest text of each cluster to the one nearest to it; 0.9 for a cluster of one text."""
    out = np.full(int(of.max()) + 1, 0.9, np.float32)
    order = np.argsort(of, kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(of[order])) + 1):
        if len(rows) > 1:
            _, cosine = neighbours.nearest(known[rows], 1)
            out[of[rows[0]]] = cosine.min()
    return out
