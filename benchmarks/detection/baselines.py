"""What others do, and two ways of guessing, on one table of shares: the baselines that a detection has to beat.

Every baseline is `f(shares, strictness) -> Answer`. `BASELINES` lists them with the published default and further
strictness values, loose to strict. No baseline sees anything but who shared what when and whether by a repost.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from benchmarks.detection.networks import (
    Answer,
    Edges,
    Floats,
    Ints,
    Shares,
    close_edges,
    close_rows,
    counted_edges,
    eigenvector_centrality,
    log_hypergeometric_tail,
    named_components,
    share_table,
    shared_only,
    similar_edges,
    splitmix64,
    top_accounts,
)
from scipy import sparse

MIN_SHARES = 10  # Pacheco et al. leave out accounts with fewer
SEED = 20_260_302


@dataclass(frozen=True)
class Baseline:
    name: str
    source: str
    function: Callable[[Shares, float], Answer]
    default: float
    strictness_values: tuple[float, ...]  # loose to strict


@dataclass(frozen=True)
class PairTests:
    """Every pair of accounts with a common object. The other `n_tests` - len(a) pairs have p = 1."""

    a: Ints
    b: Ints
    overlap: Ints
    log_p: Floats  # natural logarithm; p itself may be too small for a float
    n_tests: int

    @property
    def p(self) -> Floats:
        return np.exp(self.log_p)


def co_shares(shares: Shares, strictness: float = 2) -> Answer:
    """Pairs with at least `strictness` objects that both shared within a minute (the rule behind Hoaxy-style networks).

    Fixed windows and counts: Keller et al. 2020 (Political Communication 37:2), Giglietto et al. 2020 (ICS 23:6).
    """
    edges = close_edges(shared_only(shares))
    return named_components(edges.take(edges.weight >= strictness), shares.n_accounts)


def coortweet(shares: Shares, strictness: float = 0.5, min_co_shares: int = 1) -> Answer:
    """CooRTweet 2.x (Righetti and Balluff): edges heavier than the `strictness` quantile of all edge weights.

    `detect_groups` with min_participation = 2 leaves out accounts with one share, and pairs of shares neither of whose
    accounts has two shares in such pairs. `generate_coordinated_network` counts the rest per pair of accounts and marks
    weights above (not at) the quantile. The tool's own window is 10 s; here it is everybody's minute.
    `min_co_shares`: lighter edges leave before the quantile is taken, which the tool does not do.
    """
    kept = shares.take(np.bincount(shares.account, minlength=shares.n_accounts)[shares.account] >= 2)
    one, other = close_rows(kept)
    paired = np.bincount(kept.account[np.union1d(one, other)], minlength=shares.n_accounts)
    stays = np.maximum(paired[kept.account[one]], paired[kept.account[other]]) >= 2
    edges = counted_edges(kept.account[one[stays]], kept.account[other[stays]], shares.n_accounts)
    edges = edges.take(edges.weight >= min_co_shares)
    if len(edges.a):
        edges = edges.take(edges.weight > np.quantile(edges.weight, strictness))
    return named_components(edges, shares.n_accounts)


def coordination_network_toolkit(shares: Shares, strictness: float = 2) -> Answer:
    """`compute co_retweet` of Coordination Network Toolkit (Graham and QUT Digital Observatory 2020), at its defaults.

    Reposts alone; weight = reposts of the one within 60 s of the other's repost of the same post; weight >= 2.
    """
    edges = close_edges(shares.take(shares.is_repost))
    return named_components(edges.take(edges.weight >= strictness), shares.n_accounts)


def svn(shares: Shares, strictness: float = 0.05) -> Answer:
    """Statistically validated network: pairs significant at `strictness` by Benjamini and Yekutieli 2001, over all pairs.

    Test: `svn_pairs`. The p-value of rank i of m passes where p <= alpha i / (m (1 + 1/2 + ... + 1/m)), as does all below.
    """
    tests = svn_pairs(shares)
    order = np.argsort(tests.log_p, kind="stable")
    harmonic = np.sum(1.0 / np.arange(1, tests.n_tests + 1))
    line = np.log(strictness) + np.log(np.arange(1, len(order) + 1)) - np.log(max(tests.n_tests, 1) * max(harmonic, 1))
    passed = np.flatnonzero(tests.log_p[order] <= line)
    found = tests.log_p <= (tests.log_p[order[passed[-1]]] if len(passed) else -np.inf)
    return named_components(Edges(tests.a, tests.b, -tests.log_p).take(found), shares.n_accounts)


def svn_pairs(shares: Shares) -> PairTests:
    """P(X >= k) for each pair, X hypergeometric: objects of the one that the other would hit, drawing as many as it did.

    Tumminello et al. 2011 (PLoS ONE 6:3, e17994): N objects in all, N_A and N_B of the accounts, k of both.
    """
    kept = shared_only(shares)
    table, n_objects = share_table(kept)
    degree = np.bincount(kept.account, minlength=shares.n_accounts)
    both = sparse.triu(table @ table.T, k=1).tocoo()
    a, b, k = both.row.astype(np.int64), both.col.astype(np.int64), np.rint(both.data).astype(np.int64)
    few, many = np.minimum(degree[a], degree[b]), np.maximum(degree[a], degree[b])
    base = shares.object.size + 1
    _, at, back = np.unique((k * base + few) * base + many, return_index=True, return_inverse=True)
    log_p = log_hypergeometric_tail(k[at], few[at], many[at], n_objects)[back]
    n_active = int(np.count_nonzero(degree))
    return PairTests(a, b, k, log_p, n_active * (n_active - 1) // 2)


def pacheco(shares: Shares, strictness: float = 0.005, min_shares: int = MIN_SHARES) -> Answer:
    """The `strictness` share of edges with the highest cosine similarity of TF-IDF vectors; ties at the end stay in.

    Pacheco et al. 2021 (arXiv 2001.05658), co-retweets: accounts with ten shares or more, top 0.5 % of edges.
    """
    edges = similar_edges(shares, min_shares)
    if len(edges.a):
        n_kept = max(1, int(np.ceil(strictness * len(edges.a))))
        edges = edges.take(edges.weight >= np.partition(edges.weight, -n_kept)[-n_kept])
    return named_components(edges, shares.n_accounts)


def luceri(shares: Shares, strictness: float = 0.995, min_shares: int = MIN_SHARES) -> Answer:
    """Accounts at or above the `strictness` quantile of eigenvector centrality in the network of similar accounts.

    Luceri et al. 2024 (arXiv 2310.09884): node pruning. Cosine of TF-IDF builds the network; as in the authors' code the
    centrality counts every edge alike. Groups are the components among the accounts kept.
    """
    edges = similar_edges(shares, min_shares)
    centrality = eigenvector_centrality(edges, shares.n_accounts)
    nodes = np.union1d(edges.a, edges.b)
    if len(nodes):
        centrality[centrality < np.quantile(centrality[nodes], strictness)] = 0
    named = named_components(edges.take((centrality[edges.a] > 0) & (centrality[edges.b] > 0)), shares.n_accounts)
    return Answer(named.groups, np.where(named.score > 0, centrality, 0.0))


def most_active(shares: Shares, strictness: float = 0.01) -> Answer:
    """The `strictness` share of accounts with the most shares, as one group: activity alone, nothing about agreement."""
    kept = shared_only(shares)
    return top_accounts(np.bincount(kept.account, minlength=shares.n_accounts).astype(float), strictness)


def random_accounts(shares: Shares, strictness: float = 0.01) -> Answer:
    """A `strictness` share of accounts as one group, by a number that is noise but belongs to the account's shares.

    The number is a sum of splitmix64 hashes (Steele, Lea and Flood 2014) of the account's shares and a fixed seed, so
    neither the order of rows nor the accounts' codes decide who is drawn.
    """
    kept = shared_only(shares)
    key = splitmix64(kept.object.astype(np.int64).view(np.uint64) + np.uint64(SEED))
    key = splitmix64(key ^ np.ascontiguousarray(kept.at_s, np.float64).view(np.uint64))
    total = np.zeros(shares.n_accounts, np.uint64)
    np.add.at(total, kept.account, key)
    active = np.bincount(kept.account, minlength=shares.n_accounts) > 0
    return top_accounts(np.where(active, (splitmix64(total) >> np.uint64(11)) * 2.0**-53 + 2.0**-54, 0.0), strictness)


_SHARES_OF_ACCOUNTS = (0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002)
_QUANTILES = (0.0, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999)
BASELINES = [
    Baseline("co-shares", "Hoaxy-style rule", co_shares, 2, (1, 2, 3, 4, 5, 7, 10, 15)),
    Baseline("CooRTweet", "Righetti and Balluff, CooRTweet 2.x", coortweet, 0.5, _QUANTILES),
    Baseline(
        "CooRTweet, pairs of two",
        "the same, pairs with two co-shares or more before the quantile",
        partial(coortweet, min_co_shares=2),
        0.5,
        _QUANTILES,
    ),
    Baseline(
        "Coordination Network Toolkit",
        "Graham and QUT Digital Observatory 2020",
        coordination_network_toolkit,
        2,
        (1, 2, 3, 4, 5, 7, 10, 15),
    ),
    Baseline(
        "SVN", "Tumminello et al. 2011", svn, 0.05, (0.5, 0.2, 0.1, 0.05, 0.01, 1e-3, 1e-4, 1e-6, 1e-10, 1e-20, 1e-40)
    ),
    Baseline("Pacheco", "arXiv 2001.05658", pacheco, 0.005, (0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 0.0005)),
    Baseline("Luceri", "arXiv 2310.09884", luceri, 0.995, (0.5, 0.75, 0.9, 0.95, 0.975, 0.99, 0.995, 0.999)),
    Baseline("most active", "activity alone", most_active, 0.01, _SHARES_OF_ACCOUNTS),
    Baseline("random accounts", "chance", random_accounts, 0.01, _SHARES_OF_ACCOUNTS),
]
