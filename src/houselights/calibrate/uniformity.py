"""Are p-values what they say? Those of pairs of ordinary accounts, who should be exchangeable inside cells, and those of random groups."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats as distributions

from houselights.core.stats import wilson_interval
from houselights.evidence import small_objects, synchrony
from houselights.evidence.background import Selection, View
from houselights.evidence.events import MAX_UNIT_ACCOUNTS, Events

N_DRAWS = 40_000
MIN_HOURS = 2
"""Hours that a pair has in common: the p-value of a single hour is uniform whatever people do, since the cell's own rate is its chance."""
N_GROUPS = 300
GROUP_SIZE = 10
LEVELS = (0.05, 0.01, 0.001, 0.0001)
N_BINS = 20


def pair_p_values(e: Events, window_s: float, seed: int) -> NDArray[np.float64]:
    """Randomised exact p-values of pairs of accounts under the null of the cell test.

    One cell drawn of every hour that two accounts share one in, with the cell's own chance m / C(n, 2) of being close; the number of
    close ones is Poisson-binomial, and p = P(T > t) + U P(T = t) is uniform if accounts are exchangeable inside cells. Of pairs with
    MIN_HOURS hours in common at least.
    """
    rng = np.random.default_rng([seed, 1, round(window_s * 1000)])
    view = View(Selection(e, np.ones(len(e.account), dtype=np.bool_), MAX_UNIT_ACCOUNTS), round(window_s * 1e6))
    cells = synchrony.Cells.of(view)
    p = (_pair_p(e, view.window_us, cells, a, b, rng) for a, b in _pairs_in_cells(e, cells, rng))
    return np.array([x for x in p if x is not None])


def pairs(e: Events, window_s: float, seed: int) -> dict[str, Any]:
    """How uniform they are."""
    p = pair_p_values(e, window_s, seed)
    if not len(p):
        return {"window_s": window_s, "pairs": 0}
    ks = distributions.kstest(p, "uniform")
    return {
        "window_s": window_s,
        "pairs": len(p),
        "ks_distance": float(ks.statistic),
        "ks_p_value": float(ks.pvalue),
        "histogram": np.histogram(p, bins=N_BINS, range=(0.0, 1.0))[0].tolist(),
        "levels": [_level(p, level) for level in LEVELS],
    }


def _level(p: NDArray[np.float64], level: float) -> dict[str, Any]:
    n = int((p <= level).sum())
    low, high = wilson_interval(n, len(p))
    return {"level": level, "share": n / len(p), "inflation": n / len(p) / level, "interval_95": [low, high]}


def _pairs_in_cells(e: Events, cells: synchrony.Cells, rng: np.random.Generator) -> list[tuple[int, int]]:
    """Distinct pairs of accounts that share a cell with others, each drawn from a random such cell."""
    rows = np.flatnonzero((cells.of_event >= 0) & (cells.size[np.maximum(cells.of_event, 0)] > 2))
    if not len(rows):
        return []
    cell = cells.of_event[rows]
    first = np.searchsorted(cell, cell, side="left")
    n_in = np.searchsorted(cell, cell, side="right") - first
    one = rng.integers(0, len(rows), N_DRAWS)
    other = first[one] + np.floor(rng.random(N_DRAWS) * n_in[one]).astype(np.int64)
    a, b = e.account[rows[one]], e.account[rows[other]]
    both = np.unique(np.stack([np.minimum(a, b), np.maximum(a, b)], axis=1)[a != b], axis=0)
    return [(int(x), int(y)) for x, y in both]


def _pair_p(
    e: Events, window_us: int, cells: synchrony.Cells, a: int, b: int, rng: np.random.Generator
) -> float | None:
    mine, theirs = (e.rows_of(np.array([x])) for x in (a, b))
    mine, theirs = mine[cells.of_event[mine] >= 0], theirs[cells.of_event[theirs] >= 0]
    _, i, j = np.intersect1d(cells.of_event[mine], cells.of_event[theirs], return_indices=True)
    order = rng.permutation(len(i))
    _, one_each = np.unique(e.sitting[mine[i[order]]], return_index=True)
    if len(one_each) < MIN_HOURS:
        return None
    i, j = i[order[one_each]], j[order[one_each]]
    cell = cells.of_event[mine[i]]
    chance = cells.close[cell] / cells.pairs[cell]
    t = int((np.abs(e.at_us[mine[i]] - e.at_us[theirs[j]]) <= window_us).sum())
    count = np.ones(1)
    for c in chance:
        count = np.convolve(count, [1 - c, c])
    return float(count[t + 1 :].sum() + rng.random() * count[t])


def groups(e: Events, windows_s: list[float], seed: int) -> dict[str, Any]:
    """p-values that a scan would report, of random groups: an account and others that share something with it on one half, tested on
    the other. They are upper bounds, so fewer than alpha lie under alpha."""
    rng = np.random.default_rng([seed, 2])
    found: dict[str, list[float]] = {"small_objects": [], "synchrony": []}
    for window_s in windows_s:
        view = View(Selection(e, np.ones(len(e.account), dtype=np.bool_), MAX_UNIT_ACCOUNTS), round(window_s * 1e6))
        cells = synchrony.Cells.of(view)
        for accounts in companies(view, rng, N_GROUPS // len(windows_s)):
            by_objects = small_objects.confirm(view, accounts, False, window_s)
            by_cells = synchrony.confirm(view, cells, accounts, False, 2_000, seed)
            found["small_objects"] += [by_objects.p_value] if by_objects else []
            found["synchrony"] += [by_cells.p_value] if by_cells else []
    return {
        channel: {"groups": len(p), "levels": [_level(np.array(p), level) for level in LEVELS] if p else []}
        for channel, p in found.items()
    }


def companies(view: View, rng: np.random.Generator, n: int) -> list[NDArray[np.int64]]:
    """Groups of up to GROUP_SIZE accounts that share units with their first on half A."""
    e = view.events
    often = np.flatnonzero(np.bincount(e.account[e.in_a], minlength=e.n_accounts) >= 3)
    out = []
    for seed_account in rng.permutation(often)[:n]:
        units = e.units_of(np.array([seed_account]))
        beside = np.unique(e.account[e.rows_in(units)][e.in_a[e.rows_in(units)]])
        others = rng.permutation(np.setdiff1d(beside, [seed_account]))[: GROUP_SIZE - 1]
        if len(others) >= 2:
            out.append(np.sort(np.append(others, seed_account)).astype(np.int64))
    return out
