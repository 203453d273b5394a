"""Channel `small_objects`: a pool of accounts whose small shared objects are always in sync, partners changing.

Screen on one half of the units, confirm on the other, without the group in the background, and the other way round.
"""

from dataclasses import dataclass

import igraph as ig
import numpy as np
from numpy.typing import NDArray

from houselights.core import stats
from houselights.evidence.background import Rates, View, rates
from houselights.evidence.events import MAX_UNIT_ACCOUNTS, Events
from houselights.kernels import objects as kernel

MIN_GROUP = 3
RESOLUTIONS = (0.02, 0.1, 1.0)
"""Coarse to fine. A pool with changing partners has no inner structure: at resolution 1 it falls apart at random and
each part hides the others, since they are its background."""
GROUP_EFFECT_SD = 0.7
"""Organic groups differ in how fast they share (logit scale)."""


@dataclass(frozen=True)
class Candidate:
    accounts: NDArray[np.int64]  # account codes, sorted
    window_us: int
    confirm_in_a: bool
    round: int
    n_units: int
    observed: float  # sum over units of the share of close member pairs
    expected: float
    p_value: float
    rates: Rates


def screen(view: View, in_a: bool, rate: NDArray[np.float64], seed: int) -> list[NDArray[np.int64]]:
    """Candidate groups of the accounts that are close on one half: Leiden communities, cut to their 2-core."""
    e = view.events
    units = np.flatnonzero(e.in_a == in_a)
    i, j = kernel.close_pairs_in_units(e.start, e.at_us, view.kept, units, view.max_size, view.window_us)
    if len(i) < MIN_GROUP:
        return []
    unit = np.searchsorted(e.start, i, side="right") - 1
    size = np.add.reduceat(view.kept.astype(np.int64), e.start[:-1])[unit]
    surprise = -np.log(np.clip(_unit_rate(e, unit, size, rate), 1e-3, 0.95)) / (size - 1)
    a, b = np.minimum(e.account[i], e.account[j]), np.maximum(e.account[i], e.account[j])
    key, inverse = np.unique(a.astype(np.int64) * e.n_accounts + b, return_inverse=True)
    weight = np.bincount(inverse, surprise)
    nodes, ends = np.unique(np.concatenate([key // e.n_accounts, key % e.n_accounts]), return_inverse=True)
    graph = ig.Graph(n=len(nodes), edges=ends.reshape(2, -1).T)
    graph.es["weight"] = weight
    cored = np.flatnonzero(np.asarray(graph.coreness()) >= 2)
    if len(cored) < MIN_GROUP:
        return []
    graph = graph.induced_subgraph(cored.tolist())
    generator = np.random.default_rng([seed, view.window_us, in_a])
    ig.set_random_number_generator(_Generator(generator))
    found: dict[tuple[int, ...], None] = {}
    for resolution in RESOLUTIONS:
        parts = graph.community_leiden(
            objective_function="modularity", weights="weight", resolution=resolution, n_iterations=5
        )
        found.update((tuple(sorted(part)), None) for part in parts if len(part) >= MIN_GROUP)
    return [np.sort(nodes[cored[list(part)]]) for part in found]


class _Generator:
    """What igraph asks of a random source, on a NumPy generator."""

    def __init__(self, generator: np.random.Generator) -> None:
        self.generator = generator

    def random(self) -> float:
        return float(self.generator.random())

    def randint(self, low: int, high: int) -> int:
        return int(self.generator.integers(low, high + 1))

    def gauss(self, mean: float, sd: float) -> float:
        return float(self.generator.normal(mean, sd))


def _unit_rate(e: Events, unit: NDArray[np.int64], size: NDArray[np.int64], rate: NDArray[np.float64]) -> NDArray[np.float64]:
    bins = np.searchsorted(kernel.SIZE_EDGES, size, side="right")
    by_class = np.nan_to_num(rate.reshape(kernel.N_FAMILIES, kernel.N_SIZES, kernel.N_LATENCIES), nan=0.95)
    return by_class.mean(axis=2)[e.family[unit], bins]


@dataclass(frozen=True)
class Confirmation:
    units: NDArray[np.int64]
    share: NDArray[np.float64]
    chance: NDArray[np.float64]
    pairs: NDArray[np.int64]
    p_value: float
    rates: Rates
    speed: NDArray[np.float64]


def confirm(
    view: View, accounts: NDArray[np.int64], units: NDArray[np.int64], totals: tuple[NDArray[np.float64], NDArray[np.float64]], window_s: float
) -> Confirmation:
    """Tests a group on the units of the other half against a background without it."""
    e = view.events
    in_group = np.zeros(e.n_accounts, dtype=np.bool_)
    in_group[accounts] = True
    touched = np.unique(e.unit[in_group[e.account]]).astype(np.int64)
    mine = view.totals(touched)
    background = rates(np.maximum(totals[0] - mine[0], 0), np.maximum(totals[1] - mine[1], 0), window_s)
    common = (e.start, e.at_us, e.account, e.family, e.source_us, view.kept)
    observed, expected = kernel.speeds(*common, touched, view.max_size, view.window_us, in_group, np.nan_to_num(background.rate, nan=1.0))
    speed = np.maximum(1.0, (observed + 1) / (expected + 1))
    tested = touched[np.isin(touched, units)]
    pairs, close, chance = kernel.group_units(*common, tested, view.max_size, view.window_us, in_group, background.rate, speed)
    has = pairs > 0
    share, chance = close[has] / pairs[has], chance[has]
    p = stats.group_effect_tail(share, chance, GROUP_EFFECT_SD)
    return Confirmation(tested[has], share, chance, pairs[has], p, background, speed)
