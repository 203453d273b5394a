"""Shares of objects, the networks of accounts that they make, and the groups in a network: what baselines are made of."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from scipy.special import gammaln

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

WINDOW_S = 60.0
SMALLEST_GROUP = 3


@dataclass(frozen=True)
class Shares:
    """One row per first share of an object by an account. `account` counts from 0 to `n_accounts` - 1."""

    account: Ints
    object: Ints
    at_s: Floats
    is_repost: Bools
    n_accounts: int

    def take(self, rows: Bools | Ints) -> "Shares":
        columns = (self.account, self.object, self.at_s, self.is_repost)
        return Shares(*(c[rows] for c in columns), self.n_accounts)


@dataclass(frozen=True)
class Answer:
    """`groups`: sorted account codes of each group named. `score`: 0 for accounts in no group, else the more the surer."""

    groups: list[Ints]
    score: Floats


@dataclass(frozen=True)
class Edges:
    """Undirected edges between accounts, each once, `a` < `b`."""

    a: Ints
    b: Ints
    weight: Floats

    def take(self, rows: Bools) -> "Edges":
        return Edges(self.a[rows], self.b[rows], self.weight[rows])


def shared_only(shares: Shares) -> Shares:
    """Without objects that one account alone shared."""
    if not len(shares.object):
        return shares
    _, code = np.unique(shares.object, return_inverse=True)
    return shares.take(np.bincount(code)[code] > 1)


def close_rows(shares: Shares) -> tuple[Ints, Ints]:
    """Row numbers of two shares of one object at most a minute apart, each pair once."""
    order = np.lexsort((shares.at_s, shares.object))
    what, at = shares.object[order], shares.at_s[order]
    left, lag, found = np.arange(len(order)), 0, [np.empty((2, 0), np.int64)]
    while len(left):  # rows whose neighbour `lag` places on is too far have no closer one further on
        lag += 1
        left = left[left + lag < len(order)]
        left = left[(what[left] == what[left + lag]) & (at[left + lag] - at[left] <= WINDOW_S)]
        found.append(np.stack([order[left], order[left + lag]]))
    one, other = np.concatenate(found, axis=1)
    return one, other


def close_edges(shares: Shares) -> Edges:
    """Pairs of accounts, weighed by the objects that both shared at most a minute apart."""
    one, other = close_rows(shares)
    return counted_edges(shares.account[one], shares.account[other], shares.n_accounts)


def counted_edges(one: Ints, other: Ints, n_accounts: int) -> Edges:
    """An edge per pair of accounts, weighed by how often the pair is listed."""
    key, weight = np.unique(np.minimum(one, other) * n_accounts + np.maximum(one, other), return_counts=True)
    return Edges(key // n_accounts, key % n_accounts, weight.astype(float))


def share_table(shares: Shares) -> tuple[sparse.csr_array, int]:
    """Accounts by objects, 1 where shared; and the number of objects."""
    what, code = np.unique(shares.object, return_inverse=True)
    ones = np.ones(len(code))
    return sparse.csr_array((ones, (shares.account, code)), shape=(shares.n_accounts, len(what))), len(what)


def similar_edges(shares: Shares, min_shares: int) -> Edges:
    """Cosine of TF-IDF vectors, idf = ln((1 + accounts) / (1 + sharers)) + 1 (scikit-learn's, which both papers use)."""
    enough = np.bincount(shares.account, minlength=shares.n_accounts) >= min_shares
    kept = shared_only(shares.take(enough[shares.account]))
    table, _ = share_table(kept)
    n_documents = np.count_nonzero(np.diff(table.indptr))
    idf = np.log((1 + n_documents) / (1 + table.sum(axis=0))) + 1
    vectors = table @ sparse.diags_array(idf)
    length = np.sqrt(vectors.power(2).sum(axis=1))
    vectors = sparse.diags_array(1 / np.where(length > 0, length, 1)) @ vectors
    near = sparse.triu(vectors @ vectors.T, k=1).tocoo()
    return Edges(near.row.astype(np.int64), near.col.astype(np.int64), np.round(near.data, 10))


def eigenvector_centrality(edges: Edges, n_accounts: int) -> Floats:
    """Leading eigenvector by power iteration on A + I from equal values (as networkx does), the largest entry 1."""
    links = sparse.csr_array((np.ones(len(edges.a)), (edges.a, edges.b)), shape=(n_accounts, n_accounts))
    links = (links + links.T).tocsr()
    value = (np.diff(links.indptr) > 0).astype(float)
    for _ in range(500 if len(edges.a) else 0):
        before, value = value, value + links @ value
        value /= value.max()
        if np.abs(value - before).max() < 1e-10:
            break
    return np.round(value, 8)


def log_hypergeometric_tail(k: Ints, few: Ints, many: Ints, n_objects: int) -> Floats:
    """ln P(X >= k): terms from k to `few`, each against the largest, so that nothing under- or overflows."""
    log_factorial = gammaln(np.arange(n_objects + 2) + 1.0)

    def log_choose(n: Ints | int, r: Ints) -> Floats:
        return log_factorial[n] - log_factorial[r] - log_factorial[n - r]

    def log_pmf(x: Ints, rows: Ints) -> Floats:
        f, m = few[rows], many[rows]
        return log_choose(m, x) + log_choose(n_objects - m, f - x) - log_choose(n_objects, f)

    rows = np.arange(len(k))
    mode = (few + 1) * (many + 1) // (n_objects + 2)
    largest = log_pmf(np.maximum(k, mode), rows)
    total, x = np.zeros(len(k)), k.copy()
    while len(rows):
        term = np.exp(log_pmf(x[rows], rows) - largest[rows])
        total[rows] += term
        x[rows] += 1
        rows = rows[(x[rows] <= few[rows]) & ((x[rows] <= mode[rows]) | (term > 1e-17))]
    return np.minimum(largest + np.log(total), 0.0)


def named_components(edges: Edges, n_accounts: int) -> Answer:
    """Connected components of three accounts or more; an account scores the weight of its heaviest edge."""
    links = sparse.coo_array((np.ones(len(edges.a)), (edges.a, edges.b)), shape=(n_accounts, n_accounts))
    _, label = connected_components(links, directed=False)
    size = np.bincount(label, minlength=1)
    order = np.argsort(label, kind="stable")
    groups = [g for g in np.split(order, np.cumsum(size)[:-1]) if len(g) >= SMALLEST_GROUP]
    score = np.zeros(n_accounts)
    for end in (edges.a, edges.b):
        np.maximum.at(score, end, edges.weight)
    return Answer(groups, np.where(size[label] >= SMALLEST_GROUP, score, 0.0))


def top_accounts(value: Floats, share: float) -> Answer:
    """The accounts with the highest values, ties included, as one group."""
    n_kept = max(1, int(np.ceil(share * len(value))))
    named = (value > 0) & (value >= np.partition(value, -n_kept)[-n_kept])
    group = np.flatnonzero(named)
    if len(group) < SMALLEST_GROUP:
        return Answer([], np.zeros(len(value)))
    return Answer([group], np.where(named, value, 0.0))


def splitmix64(x: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Noise that is a function of x alone: the finaliser of SplitMix64 (Steele, Lea and Flood 2014)."""
    x = x + np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))
