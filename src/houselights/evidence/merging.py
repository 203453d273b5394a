"""One group, one finding: the same accounts are found from two directions, at several windows and scales."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from houselights.evidence.communities import leiden, ties
from houselights.evidence.confirmed import Confirmed, Tested
from houselights.evidence.events import Events
from houselights.kernels import objects as kernel

MIN_PART = 3
OVERLAP_0_1 = 0.5
"""Share of the smaller group's accounts that lie in the larger one, for the two to have to do with each other."""
MIXING_0_1 = 0.2
"""Ties between two parts, against the ties inside them, for the two to be one group."""

Accounts = NDArray[np.int64]


@dataclass(frozen=True)
class Merged:
    """Confirmed groups that are the same group. It is true as soon as one of its parts is."""

    accounts: Accounts
    parts: tuple[Confirmed, ...]

    @property
    def best(self) -> Confirmed:
        return min(self.parts, key=lambda c: (c.q_value, c.tested.p_value, c.tested.window_us, c.tested.confirm_in_a))

    def independent(self, channel: str) -> list[Tested]:
        """Parts of other channels that still confirm without the objects the best part used."""
        return [
            c.tested
            for c in self.parts
            if c.tested.channel != channel and c.tested.retest(self.best.tested.units) <= c.passing_p
        ]

    @property
    def independent_channels(self) -> tuple[str, ...]:
        best = self.best.tested.channel
        return tuple(sorted({best} | {t.channel for t in self.independent(best)}))


def merge(e: Events, confirmed: list[Confirmed], retest: Callable[[Accounts, Tested], Tested | None]) -> list[Merged]:
    """From small to large: a larger group that mixes with a smaller one is the same; else the smaller is cut out of it.

    What is left after a cut has to pass by itself (`retest`), or it goes.
    """
    groups: list[list[Confirmed]] = []
    for c in sorted(confirmed, key=lambda c: (len(c.tested.accounts), c.q_value, c.tested.accounts.tolist())):
        rest = c.tested.accounts
        homes: list[list[Confirmed]] = []
        for parts in groups:
            accounts = _steady(parts)
            if len(np.intersect1d(accounts, rest)) < OVERLAP_0_1 * min(len(accounts), len(rest)):
                continue
            beyond = np.setdiff1d(rest, accounts)
            if len(beyond) >= MIN_PART and mixing(e, accounts, beyond, c.tested.window_us) < MIXING_0_1:
                rest = beyond
            else:
                homes.append(parts)
        remaining = _by_itself(c, rest, retest) if len(rest) >= MIN_PART else None
        if remaining is not None:
            groups = [parts for parts in groups if not any(parts is home for home in homes)]
            groups.append([part for home in homes for part in home] + [remaining])
    merged = [Merged(_steady(parts), tuple(parts)) for parts in groups]
    return sorted(merged, key=lambda m: (m.best.q_value, m.best.tested.p_value, m.accounts.tolist()))


def _by_itself(c: Confirmed, rest: Accounts, retest: Callable[[Accounts, Tested], Tested | None]) -> Confirmed | None:
    """What a cut left of a discovery, if it still is one."""
    if len(rest) == len(c.tested.accounts):
        return c
    again = retest(rest, c.tested)
    return None if again is None or again.p_value > c.passing_p else c.like(again)


def _steady(parts: list[Confirmed]) -> Accounts:
    """Accounts in at least half of the parts: hangers-on differ from part to part, the group does not."""
    accounts, n = np.unique(np.concatenate([c.tested.accounts for c in parts]), return_counts=True)
    steady = np.asarray(accounts[2 * n >= len(parts)])
    # Three or more parts that scarcely overlap have no such accounts: then the best part speaks for all.
    return steady if len(steady) >= MIN_PART else min(parts, key=lambda c: c.q_value).tested.accounts


def mixing(e: Events, one: Accounts, other: Accounts, window_us: int) -> float:
    """Density of close pairs between two sets of accounts over the geometric mean of the densities inside them."""
    both = np.union1d(one, other)
    side = np.zeros(e.n_accounts, dtype=np.int8)
    side[one], side[other] = 1, 2
    kept = side[e.account] > 0
    i, j = kernel.close_pairs_in_units(e.start, e.at_us, kept, kept, e.units_of(both), window_us)
    unit = e.unit[i]
    weight = 1.0 / np.maximum(1, np.bincount(e.unit[kept], minlength=len(e.size))[unit] - 1)
    a, b = side[e.account[i]], side[e.account[j]]
    inside_one = weight[(a == 1) & (b == 1)].sum() / max(1.0, len(one) * (len(one) - 1) / 2)
    inside_other = weight[(a == 2) & (b == 2)].sum() / max(1.0, len(other) * (len(other) - 1) / 2)
    between = weight[a != b].sum() / (len(one) * len(other))
    scale = float(np.sqrt(inside_one * inside_other))
    return float(between) / scale if scale > 0 else (1.0 if between > 0 else 0.0)


def apart(e: Events, accounts: Accounts, window_us: int) -> list[Accounts]:
    """Sets of these accounts that keep step among themselves and not with each other, the largest first: communities of close
    pairs, those that mix put together again. Who is in none goes with the largest."""
    kept = e.mask(accounts)[e.account]
    i, j = kernel.close_pairs_in_units(e.start, e.at_us, kept, kept, e.units_of(accounts), window_us)
    n_sharers = np.bincount(e.unit[kept], minlength=len(e.size))[e.unit[i]]
    tied = ties(e.account[i], e.account[j], 1.0 / (n_sharers - 1), e.n_accounts)
    found = leiden(*tied, (1.0,), [0, window_us])
    sets = sorted((s for parts in found for s in parts), key=lambda s: (-len(s), s.tolist()))
    k = 1
    while k < len(sets):
        home = next((h for h in range(k) if mixing(e, sets[h], sets[k], window_us) >= MIXING_0_1), None)
        if home is None:
            k += 1
        else:
            sets[home], k = np.union1d(sets[home], sets.pop(k)), 1
    if not sets:
        return [accounts]
    left = np.setdiff1d(accounts, np.concatenate(sets))
    return [np.union1d(sets[0], left), *sets[1:]]
