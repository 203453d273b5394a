"""Communities of a weighted graph of accounts: where candidate groups come from, in both channels."""

import random

import igraph as ig
import numpy as np
from numpy.typing import NDArray

MIN_GROUP = 3
MAX_GROUP = 3_000
"""A larger community is the crowd itself, not a group within it; finer scales still look inside."""


def ties(
    one: NDArray[np.int32], other: NDArray[np.int32], weight: NDArray[np.float64], n_accounts: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """(a, b, weight) of every pair of accounts once, a < b, with the summed weight of its coincidences. n_accounts: codes lie below it."""
    a, b = np.minimum(one, other), np.maximum(one, other)
    key, inverse = np.unique(a.astype(np.int64) * n_accounts + b, return_inverse=True)
    return key // n_accounts, key % n_accounts, np.bincount(inverse, weight).astype(np.float64)


def leiden(
    a: NDArray[np.int64],
    b: NDArray[np.int64],
    weight: NDArray[np.float64],
    resolutions: tuple[float, ...],
    seed: list[int],
) -> list[list[NDArray[np.int64]]]:
    """Per resolution, communities of 3 to MAX_GROUP accounts in the 2-core of the graph with edges (a, b) (Traag et al. 2019)."""
    if not len(a):
        return []
    nodes, ends = np.unique(np.concatenate([a, b]), return_inverse=True)
    graph = ig.Graph(n=len(nodes), edges=ends.reshape(2, -1).T)
    graph.es["weight"] = weight
    cored = np.flatnonzero(np.asarray(graph.coreness()) >= 2)
    if len(cored) < MIN_GROUP:
        return []
    graph = graph.induced_subgraph(cored.tolist())
    ig.set_random_number_generator(random.Random("/".join(map(str, seed))))  # noqa: S311
    partitions = []
    for resolution in resolutions:
        parts = graph.community_leiden(
            objective_function="modularity", weights="weight", resolution=resolution, n_iterations=2
        )
        partitions.append([np.sort(nodes[cored[part]]) for part in parts if MIN_GROUP <= len(part) <= MAX_GROUP])
    return partitions
