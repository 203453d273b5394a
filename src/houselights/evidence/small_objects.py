"""Channel `small_objects`: a pool of accounts whose small shared objects are always in sync, partners changing.

Screen on one half of the units, confirm on the other, without the group in the background, and the other way round.
"""

import igraph as ig
import numpy as np
from numpy.typing import NDArray

from houselights.core import stats
from houselights.evidence.background import View, rates
from houselights.evidence.confirmed import Tested
from houselights.evidence.events import Events
from houselights.kernels import objects as kernel

MIN_GROUP = 3
RESOLUTIONS = (0.02, 0.1, 1.0)
"""Coarse to fine. A pool with changing partners has no inner structure: at resolution 1 it falls apart at random and
each part hides the others, since they are its background."""
GROUP_EFFECT_SD = 0.7
"""Organic groups differ in how fast they share (logit scale)."""


def tested(view: View, window_s: float, n_windows: int, seed: int) -> list[Tested]:
    """Every candidate of both directions with its p-value, times the number of windows."""
    everything = np.arange(len(view.events.size))
    totals = view.totals(everything)
    rate = rates(*totals, window_s).rate
    out = []
    for screen_in_a in (True, False):
        confirming = everything[view.events.in_a != screen_in_a]
        for accounts in screen(view, screen_in_a, rate, seed):
            out.append(confirm(view, accounts, confirming, totals, window_s, n_windows, not screen_in_a))
    return out


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


def confirm(
    view: View,
    accounts: NDArray[np.int64],
    units: NDArray[np.int64],
    totals: tuple[NDArray[np.float64], NDArray[np.float64]],
    window_s: float,
    n_windows: int,
    in_a: bool,
) -> Tested:
    """Tests a group on the units of the other half against a background without it."""
    e = view.events
    in_group = e.mask(accounts)
    touched = np.unique(e.unit[in_group[e.account]]).astype(np.int64)
    mine = view.totals(touched)
    background = rates(np.maximum(totals[0] - mine[0], 0), np.maximum(totals[1] - mine[1], 0), window_s)
    speed = view.speed(touched, in_group, in_group, background)
    pairs, close, chance = kernel.group_units(
        *view.arrays, touched[np.isin(touched, units)], view.max_size, view.window_us, in_group, background.rate, speed
    )
    has = pairs > 0
    unit, share, chance = touched[np.isin(touched, units)][has], close[has] / pairs[has], chance[has]

    def retest(left_out: NDArray[np.int64]) -> float:
        stay = ~np.isin(unit, left_out)
        return min(1.0, n_windows * stats.group_effect_tail(share[stay], chance[stay], GROUP_EFFECT_SD))

    return Tested(
        channel="small_objects",
        accounts=accounts,
        window_us=view.window_us,
        confirm_in_a=in_a,
        n_objects=len(unit),
        observed=float(share.sum()),
        expected=float(chance.sum()),
        p_value=retest(np.empty(0, np.int64)),
        from_data_0_1=background.from_data_0_1,
        retest=retest,
    )
