"""What others do, from their published definitions: every method maps shares to groups, with one knob from loose to strict.

Shares are the first of each account on each object. A group is a connected component of three accounts or more of the method's own
network. The exact tables of CooRTweet and Coordination Network Toolkit come from houselights.compat; here their rules run on
the same shares as everybody else's.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from scipy.stats import hypergeom

Ints = NDArray[np.int64]
Groups = list[Ints]


@dataclass(frozen=True)
class Shares:
    """One row per first share of an account of an object that two accounts or more have, sorted by (object, at_s)."""

    account: Ints
    object: Ints
    at_s: NDArray[np.float64]
    is_repost: NDArray[np.bool_]
    n_accounts: int


@dataclass(frozen=True)
class Method:
    name: str
    rule: Callable[[Shares, float], tuple[Groups, NDArray[np.float64]]]  # -> groups, score of each account
    default: float
    knob: tuple[float, ...]  # from loose to strict


def close_pairs(s: Shares, window_s: float = 60.0) -> sparse.csr_matrix:
    """[accounts x accounts], a < b: objects that both shared within the window."""
    a, b = [], []
    ends = np.searchsorted(s.object, s.object, side="right")
    reach = np.searchsorted(s.object * 1e8 + s.at_s, s.object * 1e8 + s.at_s + window_s, side="right")
    reach = np.minimum(reach, ends)
    for i in np.flatnonzero(reach > np.arange(len(reach)) + 1):
        a.append(np.full(reach[i] - i - 1, s.account[i]))
        b.append(s.account[i + 1 : reach[i]])
    if not a:
        return sparse.csr_matrix((s.n_accounts, s.n_accounts))
    one, other = np.concatenate(a), np.concatenate(b)
    low, high = np.minimum(one, other), np.maximum(one, other)
    return sparse.coo_matrix((np.ones(len(low)), (low, high)), shape=(s.n_accounts,) * 2).tocsr()


def co_shares(s: Shares, least: float) -> tuple[Groups, NDArray[np.float64]]:
    """Pairs with at least so many objects shared within 60 s of each other."""
    pairs = close_pairs(s)
    return _components(pairs, pairs.data >= least)


def coortweet(s: Shares, quantile: float) -> tuple[Groups, NDArray[np.float64]]:
    """CooRTweet 2 (Righetti and Balluff): pairs with two co-shares within 60 s, of which the edges above a quantile of the weights stay."""
    pairs = close_pairs(s)
    enough = pairs.data >= 2
    if not enough.any():
        return [], np.zeros(s.n_accounts)
    return _components(pairs, enough & (pairs.data >= np.quantile(pairs.data[enough], quantile)))


def toolkit(s: Shares, least: float) -> tuple[Groups, NDArray[np.float64]]:
    """Coordination Network Toolkit (Graham), co_retweet: reposts of one post within 60 s, weight at least so much."""
    only = Shares(
        s.account[s.is_repost], s.object[s.is_repost], s.at_s[s.is_repost], s.is_repost[s.is_repost], s.n_accounts
    )
    return co_shares(only, least)


def pair_p_values(s: Shares) -> sparse.csr_matrix:
    """[pairs] P(as many common objects or more) if each drew its objects at random: hypergeometric (Tumminello et al. 2011)."""
    held = _held(s)
    common = sparse.triu(held @ held.T, 1).tocoo()
    n = np.asarray(held.sum(axis=1)).ravel()
    p = hypergeom.sf(common.data - 1, held.shape[1], n[common.row], n[common.col])
    return sparse.csr_matrix((np.maximum(p, 1e-300), (common.row, common.col)), shape=common.shape)


def validated_network(s: Shares, alpha: float) -> tuple[Groups, NDArray[np.float64]]:
    """Statistically validated network: those pairs that pass Benjamini-Yekutieli over all pairs of accounts."""
    p = pair_p_values(s)
    n_tests = s.n_accounts * (s.n_accounts - 1) / 2
    order = np.sort(p.data)
    bound = alpha * np.arange(1, len(order) + 1) / (n_tests * (np.log(n_tests) + 0.5772))
    passed = np.flatnonzero(order <= bound)
    strength = p.copy()
    strength.data = -np.log(p.data)
    return _components(strength, p.data <= (order[passed[-1]] if len(passed) else -1.0))


def _held(s: Shares) -> sparse.csr_matrix:
    return sparse.coo_matrix(
        (np.ones(len(s.account)), (s.account, s.object)), shape=(s.n_accounts, int(s.object.max()) + 1)
    ).tocsr()


def _similarity(s: Shares) -> sparse.csr_matrix:
    """Cosine of TF-IDF vectors of shared objects, of every pair once."""
    held = _held(s)
    idf = np.log(s.n_accounts / np.asarray(held.sum(axis=0)).ravel())
    vectors = held @ sparse.diags(idf)
    length = np.sqrt(np.asarray(vectors.multiply(vectors).sum(axis=1)).ravel())
    vectors = sparse.diags(1 / np.maximum(length, 1e-12)) @ vectors
    return sparse.triu(vectors @ vectors.T, 1).tocsr()


def similar(s: Shares, kept: float) -> tuple[Groups, NDArray[np.float64]]:
    """Pacheco et al. 2021 (arXiv 2001.05658): the most similar share of the edges."""
    edges = _similarity(s)
    return _components(edges, edges.data >= np.quantile(edges.data, 1 - kept))


def central(s: Shares, quantile: float) -> tuple[Groups, NDArray[np.float64]]:
    """Luceri et al. 2024 (arXiv 2310.09884): nodes of the similarity network above a quantile of eigenvector centrality."""
    edges = _similarity(s)
    both = edges + edges.T
    centrality = np.full(s.n_accounts, 1.0)
    for _ in range(200):
        centrality = both @ centrality + 1e-12
        centrality /= np.linalg.norm(centrality)
    score = np.where(centrality >= np.quantile(centrality, quantile), centrality, 0.0)
    inside = (score[edges.nonzero()[0]] > 0) & (score[edges.nonzero()[1]] > 0)
    return _components(edges, inside)[0], score


def most_active(s: Shares, share: float) -> tuple[Groups, NDArray[np.float64]]:
    n = np.bincount(s.account, minlength=s.n_accounts).astype(float)
    chosen = np.sort(np.argsort(-n, kind="stable")[: max(3, round(share * s.n_accounts))])
    return [chosen], n


def at_random(s: Shares, share: float) -> tuple[Groups, NDArray[np.float64]]:
    score = np.random.default_rng(1).random(s.n_accounts)
    return [np.sort(np.argsort(-score)[: max(3, round(share * s.n_accounts))])], score


def _components(edges: sparse.csr_matrix, kept: NDArray[np.bool_]) -> tuple[Groups, NDArray[np.float64]]:
    """Components of three or more; an account scores its strongest kept edge."""
    row, column = edges.nonzero()
    row, column, weight = row[kept], column[kept], np.asarray(edges.data)[kept]
    n = edges.shape[0]
    score = np.zeros(n)
    np.maximum.at(score, row, weight)
    np.maximum.at(score, column, weight)
    _, label = connected_components(sparse.coo_matrix((np.ones(len(row)), (row, column)), shape=(n, n)), directed=False)
    sizes = np.bincount(label)
    order = np.argsort(label, kind="stable")
    parts = np.split(order, np.cumsum(sizes)[:-1])
    return [np.sort(part) for part in parts if len(part) >= 3], score


METHODS = (
    Method(">= 2 co-shares within 60 s", co_shares, 2, (2, 3, 4, 5, 6, 8, 10)),
    Method("CooRTweet", coortweet, 0.5, (0.0, 0.5, 0.9, 0.99, 0.995, 0.999)),
    Method("Coordination Network Toolkit, co_retweet", toolkit, 2, (1, 2, 3, 4, 5, 6, 8, 10)),
    Method("validated network (hypergeometric, BY)", validated_network, 0.05, (0.05, 1e-3, 1e-6, 1e-9, 1e-12, 1e-16)),
    Method("TF-IDF cosine, top share of edges", similar, 0.005, (0.02, 0.005, 0.002, 0.001, 0.0005, 0.0002)),
    Method("eigenvector centrality", central, 0.995, (0.95, 0.98, 0.99, 0.995, 0.998)),
    Method("most active accounts", most_active, 0.01, (0.05, 0.02, 0.01)),
    Method("random accounts", at_random, 0.01, (0.05, 0.02, 0.01)),
)
