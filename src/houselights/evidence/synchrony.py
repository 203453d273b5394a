"""Channel `synchrony`: a group that is close on objects others share too, beyond what each object's own rhythm explains.

The cell test: inside an object, a sitting and a latency bin since its first sighting, accounts are exchangeable over the observed times.
This conditions on bursts, taste, time of day and reaction speed, which act alike on everybody in the cell. Its blind spot is
content nobody else shares; the channel `small_objects` looks there.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import special
from scipy import stats as distributions

from houselights.evidence import sittings
from houselights.evidence.background import View
from houselights.evidence.communities import MIN_GROUP, leiden
from houselights.evidence.confirmed import GROUP_EFFECT_SD, Tested
from houselights.kernels import cells as kernel
from houselights.kernels.shards import close_pairs_of_many
from houselights.kernels.tails import group_effect_tail

PAIR_P = 0.02
RESOLUTIONS = (0.1, 1.0, 3.0)
PERMUTATIONS_PER_HYPOTHESIS = 20
MAX_PERMUTATIONS = 200_000
ENOUGH_EXTREME = 20


@dataclass(frozen=True)
class Cells:
    """Cells of one window: per event its cell, per cell bin, unit, sitting, size n, close pairs m and W (see kernels/cells.py)."""

    of_event: NDArray[np.int32]
    bin: NDArray[np.int32]
    unit: NDArray[np.int32]
    sitting: NDArray[np.int64]
    in_a: NDArray[np.bool_]
    size: NDArray[np.int64]
    close: NDArray[np.int64]
    wedges: NDArray[np.float64]

    @staticmethod
    def of(view: View) -> "Cells":
        e = view.events
        cell, bins, unit, first = kernel.assign_cells(
            e.start, e.at_us, e.source_us, view.selection.kept, e.sitting, view.window_us
        )
        return Cells(
            cell,
            bins,
            unit,
            e.sitting[first],
            e.in_a[first],
            *kernel.cell_statistics(cell, e.at_us, len(bins), view.window_us),
        )

    @cached_property
    def pairs(self) -> NDArray[np.float64]:
        return self.size * (self.size - 1) / 2.0


def tested(view: View, q: float, n_windows: int, seed: int) -> list[Tested]:
    """Every candidate of both directions, tested on the half that did not suggest it."""
    cells = Cells.of(view)
    return [t for in_a in (True, False) for t in tested_from(view, cells, in_a, q, n_windows, seed)]


def tested_from(view: View, cells: Cells, screen_in_a: bool, q: float, n_windows: int, seed: int) -> list[Tested]:
    """Every candidate that this half suggests, tested on the other."""
    candidates = screen(view, cells, screen_in_a, seed)
    draws = int(min(MAX_PERMUTATIONS, PERMUTATIONS_PER_HYPOTHESIS * max(1, len(candidates)) * n_windows / q))
    found = (confirm(view, cells, accounts, not screen_in_a, draws, seed) for accounts in candidates)
    return [t for t in found if t is not None]


def screen(view: View, cells: Cells, in_a: bool, seed: int) -> list[NDArray[np.int64]]:
    """Groups of pairs that are close more often than the pooled rates of their latency bins say. Makes no claim."""
    e = view.events
    wanted = (cells.of_event >= 0) & (e.in_a == in_a)
    rows = np.flatnonzero(wanted)
    pairs = close_pairs_of_many(e.account[rows], cells.of_event[rows], e.at_us[rows], view.window_us, min_shared=2)
    if len(pairs.a) < MIN_GROUP:
        return []
    mine = cells.in_a == in_a
    n_bins = int(cells.bin.max()) + 1
    close = np.bincount(cells.bin[mine], cells.close[mine], minlength=n_bins)
    pooled = close / np.maximum(1.0, np.bincount(cells.bin[mine], cells.pairs[mine], minlength=n_bins))
    by_account = e.by_account.only(wanted)  # the cells of an account ascend as its events do
    common, expected = kernel.expected_of_pairs(
        pairs.a, pairs.b, by_account.bounds, cells.of_event[by_account.row], pooled[cells.bin]
    )
    p = pair_tail(pairs.n_shared.astype(np.int64), common, expected)
    odd = p <= PAIR_P
    if odd.sum() < MIN_GROUP:
        return []
    weight = -np.log(np.maximum(p[odd], 1e-12))
    partitions = leiden(
        pairs.a[odd].astype(np.int64), pairs.b[odd].astype(np.int64), weight, RESOLUTIONS, [seed, view.window_us]
    )
    distinct = {tuple(part.tolist()): part for parts in partitions for part in parts}
    return list(distinct.values())


def pair_tail(t: NDArray[np.int64], n: NDArray[np.int64], mean: NDArray[np.float64]) -> NDArray[np.float64]:
    """P(T >= t) <= I_{mean/n}(t, n - t + 1), valid for t >= mean + 1 (Hoeffding 1956); 1 elsewhere."""
    valid = (t >= mean + 1) & (n >= t)
    chance = np.clip(mean / np.maximum(n, 1), 0.0, 1.0)
    return np.where(valid, special.betainc(np.maximum(t, 1), np.maximum(n - t + 1, 1), chance), 1.0)


@dataclass(frozen=True)
class _Counts:
    """Cells of the confirming half that at least two members share: members g, close pairs among them."""

    cell: NDArray[np.int64]
    members: NDArray[np.int64]
    close: NDArray[np.int64]


@dataclass(frozen=True)
class _CellTest:
    """What the test of a group needs of its cells, and no more: it outlives them."""

    members: NDArray[np.int64]
    close_members: NDArray[np.int64]
    unit: NDArray[np.int64]
    sitting: NDArray[np.int64]
    size: NDArray[np.int64]
    close: NDArray[np.int64]
    wedges: NDArray[np.float64]

    @staticmethod
    def of(cells: Cells, counts: _Counts) -> "_CellTest":
        c = counts.cell
        columns = (cells.unit[c].astype(np.int64), cells.sitting[c], cells.size[c], cells.close[c], cells.wedges[c])
        return _CellTest(counts.members, counts.close, *columns)

    def p_value(self, left_out: NDArray[np.int64]) -> float:
        """Without these units."""
        stay = ~np.isin(self.unit, left_out)
        g, t, n, m = self.members[stay], self.close_members[stay], self.size[stay], self.close[stay]
        pairs = g * (g - 1) / 2.0
        _, which = sittings.numbered(self.sitting[stay])
        share, chance, weight, _ = sittings.once_each(
            which, t / pairs, m / (n * (n - 1) / 2.0), np.sqrt(pairs), np.ones(len(g))
        )
        robust = group_effect_tail(share, chance, GROUP_EFFECT_SD, weight)
        return float(max(robust, moment_tail(int(t.sum()), *_moments(n, m, self.wedges[stay], g))))


def confirm(view: View, cells: Cells, accounts: NDArray[np.int64], in_a: bool, draws: int, seed: int) -> Tested | None:
    """The permutation test of T = close pairs inside the group; None where cells of two members and a third account lie in too few hours."""
    counts = _count(view, cells, accounts, in_a)
    n_sittings = len(np.unique(cells.sitting[counts.cell]))
    if n_sittings < sittings.MIN_SITTINGS:
        return None

    test = _CellTest.of(cells, counts)
    nothing = np.empty(0, np.int64)
    p = test.p_value(nothing)
    if p <= 0.05:
        p = max(
            p, _permuted(view, cells, counts, draws, np.random.default_rng([seed, view.window_us, int(accounts[0])]))
        )
    pairs = counts.members * (counts.members - 1) / 2.0
    return Tested(
        channel="synchrony",
        accounts=accounts,
        window_us=view.window_us,
        confirm_in_a=in_a,
        units=np.unique(cells.unit[counts.cell]).astype(np.int64),
        n_sittings=n_sittings,
        observed=float((counts.close / pairs).sum()),
        expected=float((cells.close[counts.cell] / cells.pairs[counts.cell]).sum()),
        p_value=p,
        from_data_0_1=1.0,
        retest=test.p_value,
    )


def _count(view: View, cells: Cells, accounts: NDArray[np.int64], in_a: bool) -> _Counts:
    e = view.events
    rows = e.rows_of(accounts)
    rows = rows[(cells.of_event[rows] >= 0) & (e.in_a[rows] == in_a)]
    cell, first, members = np.unique(cells.of_event[rows], return_index=True, return_counts=True)
    close = kernel.close_in_group(e.at_us[rows], np.append(first, len(rows)), view.window_us)
    # A cell of members alone says nothing: there is nobody to exchange them with.
    usable = (members >= 2) & (cells.size[cell] > members)
    return _Counts(cell[usable], members[usable], close[usable])


def _moments(
    size: NDArray[np.int64], close: NDArray[np.int64], wedges: NDArray[np.float64], g: NDArray[np.int64]
) -> tuple[float, float]:
    """Mean and variance of T when each cell's g members are a random g-subset of its n events."""
    n, m, w = size.astype(float), close.astype(float), wedges
    p2 = g * (g - 1) / (n * (n - 1))
    p3 = p2 * np.maximum(g - 2, 0) / np.maximum(n - 2, 1)
    p4 = p3 * np.maximum(g - 3, 0) / np.maximum(n - 3, 1)
    mean = m * p2
    variance = mean + 2 * w * p3 + (m * (m - 1) - 2 * w) * p4 - mean**2
    return float(mean.sum()), float(variance.sum())


def moment_tail(t: int, mean: float, variance: float) -> float:
    """P(T >= t) of the negative binomial with these moments; Poisson where the variance is not larger than the mean."""
    if t <= 0 or mean <= 0:
        return 1.0
    if variance <= mean * (1 + 1e-9):
        return float(distributions.poisson.sf(t - 1, mean))
    return float(distributions.nbinom.sf(t - 1, mean**2 / (variance - mean), mean / variance))


def _permuted(view: View, cells: Cells, counts: _Counts, draws: int, rng: np.random.Generator) -> float:
    """Exact within-cell permutation p-value, up to 1 / draws."""
    e = view.events
    inside = np.flatnonzero(np.isin(cells.of_event, counts.cell))
    bounds = np.append(np.searchsorted(cells.of_event[inside], counts.cell), len(inside))
    extreme, made = kernel.permutation_exceedances(
        e.at_us[inside], bounds, counts.members, view.window_us, int(counts.close.sum()), draws, ENOUGH_EXTREME, rng
    )
    return extreme / made if extreme >= ENOUGH_EXTREME else (extreme + 1) / (made + 1)
