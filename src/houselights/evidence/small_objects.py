"""Channel `small_objects`: a pool of accounts whose small shared objects are always in sync, partners changing.

Screen on one half of the sittings, confirm on the other, without the group in the background, and the other way round.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from houselights.evidence import sittings
from houselights.evidence.background import OWN_FASTEST_S, Rates, Rows, View, own_rate, rates
from houselights.evidence.communities import MIN_GROUP, leiden, ties
from houselights.evidence.confirmed import GROUP_EFFECT_SD, Tested
from houselights.evidence.events import Events
from houselights.kernels import groups as group_kernel
from houselights.kernels import objects as object_kernel
from houselights.kernels.tails import group_effect_tail

RESOLUTIONS = (0.02, 0.1, 1.0)
"""Coarse to fine. A pool with changing partners has no inner structure: at resolution 1 it falls apart at random and
each part hides the others, since they are its background."""
LASTING_RESOLUTIONS = (1.0, 3.0)
MIN_TIE = 0.02
"""One coincidence on a thing that hundreds share ties nobody (-ln(rate) / (size - 1) is less than this); several do."""
SCREEN_P = 0.01
"""On the half that suggested the group this p-value claims nothing; it keeps hopeless candidates from the confirming half."""
MIN_SURPRISE = 4.6
"""-ln(SCREEN_P), over sittings: what shows less on the screening half is not worth looking at."""
MAX_STEPS = 6
JOIN_P = 0.05
"""Others may join a candidate that already shows something on the screening half."""
JOIN_LOG_RATIO = 3.0
"""An account joins a candidate when its units are e^3 times likelier as a member's than as anybody's."""
OTHER_LIFE_0_1 = (0.5, 0.8, 0.95)
"""Members have a life beside the group: of the hours in which they meet others of it, so many may be chance, whichever fits best."""
GATE_P = 0.2
"""A candidate that shows nothing on the other half before it is filled up counts as tested in vain, at p = 1: a p-value that is
the larger of two is one too."""
MAX_BEST_P = 1e-3
"""A candidate that could not pass with perfect synchrony is no hypothesis (Tarone 1990)."""


def tested(view: View, window_s: float, seed: int) -> list[Tested]:
    """Every candidate of both directions with its p-value on the half that did not suggest it."""
    return [t for in_a in (True, False) for t in tested_from(view, window_s, in_a, seed)]


def tested_from(view: View, window_s: float, screen_in_a: bool, seed: int) -> list[Tested]:
    """Every candidate that this half suggests, with its p-value on the other."""
    half = view.halves[screen_in_a]
    out: list[Tested] = []
    grown: dict[tuple[int, ...], None] = {}
    tried: dict[tuple[int, ...], Tested | None] = {}
    for standing in screen(half, window_s, seed):
        accounts = standing.rows.accounts
        first = tried[tuple(accounts.tolist())] = confirm(view, accounts, not screen_in_a, window_s)
        if first is not None and first.p_value > GATE_P:
            out.append(replace(first, p_value=1.0))
            continue
        joined = grow(half, standing, window_s)
        if joined is not None:
            grown[tuple(joined.tolist())] = None
    for group in grown:
        known = group in tried
        found = tried[group] if known else confirm(view, np.array(group, dtype=np.int64), not screen_in_a, window_s)
        if found is not None:
            out.append(found)
    return out


def confirm(view: View, accounts: NDArray[np.int64], in_a: bool, window_s: float) -> Tested | None:
    """The test on half A or B against a background without the group; None where perfect synchrony could not pass."""
    sync = Sync.of(view.rows_of(accounts), window_s, in_a)
    n_sittings = len(np.unique(sync.sitting))
    if n_sittings < sittings.MIN_SITTINGS or sync.best_p > MAX_BEST_P:
        return None
    objects, observed, expected = sync.per_unit()
    return Tested(
        channel="small_objects",
        accounts=accounts,
        window_us=view.window_us,
        confirm_in_a=in_a,
        units=objects,
        n_sittings=n_sittings,
        observed=float(observed.sum()),
        expected=float(expected.sum()),
        p_value=sync.p_value(),
        from_data_0_1=sync.background.from_data_0_1,
        retest=sync.p_without,
    )


@dataclass(frozen=True)
class Sync:
    """How close a group's members are, and how close chance would have them: [n] per unit they share and sitting."""

    unit: NDArray[np.int64]
    sitting: NDArray[np.int64]
    pairs: NDArray[np.int64]  # of members
    share: NDArray[np.float64]
    chance: NDArray[np.float64]
    weight: NDArray[np.float64]
    """Root of the member pairs, between one (a unit moves as one) and their number (every pair moves by itself), times the square of the members
    share of all who have the unit: what half the world shares says little about them. Neither depends on when they share."""
    spread: NDArray[np.float64]  # variance of a share, over that of a share that is 0 or 1
    background: Rates
    speed: NDArray[np.float64]  # of each account
    effect_sd: NDArray[np.float64]
    most: NDArray[np.float64]  # what a group's effect may raise the chance to

    @staticmethod
    def of(rows: Rows, window_s: float, in_a: bool | None = None) -> "Sync":
        """Against the background of the rows' view without the group. `in_a`: the group's own pairs on this half alone, as they confirm."""
        x = rows.excerpt
        background = rates(x.view.totals_of_all.without(x.view.totals(rows.units)), window_s)
        pace = rows.pace(rows, background)
        unit, sitting, pairs, close, chance, own = group_kernel.group_units(
            x.at_us,
            x.unit,
            x.sitting,
            x.counted if in_a is None else x.confirming(in_a),
            x.source_us,
            x.class_of_unit,
            x.n_kept,
            x.view.window_us,
            rows.at,
            rows.who,
            background.rate,
            own_rate(window_s),
            pace.speed,
        )
        return Sync(
            unit=x.units[unit],
            sitting=sitting,
            pairs=pairs,
            share=close / pairs,
            chance=chance,
            weight=np.sqrt(pairs) * (rows.n_sharers[unit] / x.n_kept[unit]) ** 2,
            spread=background.spread(x.class_of_unit[unit], pairs),
            background=background,
            speed=pace.speed,
            effect_sd=pace.effect_sd(GROUP_EFFECT_SD, own),
            most=np.where(own, own_rate(window_s, OWN_FASTEST_S), 1.0),
        )

    def p_value(self, stay: NDArray[np.bool_] | slice = slice(None)) -> float:
        return self._tail(self.share, stay)

    def p_without(self, units: NDArray[np.int64]) -> float:
        return self.p_value(~np.isin(self.unit, units))

    def _tail(self, share: NDArray[np.float64], stay: NDArray[np.bool_] | slice) -> float:
        _, which = sittings.numbered(self.sitting[stay])
        weight = self.weight[stay]
        effect_sd = sittings.mean_of_each(which, self.effect_sd[stay], weight)
        most = sittings.mean_of_each(which, np.maximum(self.most, self.chance)[stay], weight)
        share, chance, weight, spread = sittings.once_each(
            which, share[stay], self.chance[stay], weight, self.spread[stay]
        )
        return float(group_effect_tail(share, chance, effect_sd, weight, spread, most))

    def per_unit(self) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
        """(unit, share, chance) over all its sittings, per unit."""
        unit, which = np.unique(self.unit, return_inverse=True)
        pairs = np.bincount(which, self.pairs)
        share = np.bincount(which, self.pairs * self.share) / pairs
        return unit, share, np.bincount(which, self.pairs * self.chance) / pairs

    @property
    def best_p(self) -> float:
        """The p-value were every pair close. It depends on the chance of the pairs, not on whether they were close, so it may decide
        who is tested at all."""
        return self._tail(np.ones(len(self.share)), slice(None))


@dataclass(frozen=True)
class Standing:
    """A candidate that stands on the half that suggested it."""

    rows: Rows
    sync: Sync | None  # of these rows; None where the last step of trimming was not looked at again


def screen(half: View, window_s: float, seed: int) -> Iterator[Standing]:
    """Candidate groups by one half alone: communities of close pairs, cut to those who carry the synchrony."""
    found: set[tuple[int, ...]] = set()
    for accounts in communities(half, rates(half.totals_of_all, window_s).rate, seed):
        standing = _trim(half.rows_of(accounts), window_s, JOIN_P)
        if standing is not None and (group := tuple(standing.rows.accounts.tolist())) not in found:
            found.add(group)
            yield standing


def grow(half: View, standing: Standing, window_s: float) -> NDArray[np.int64] | None:
    """The candidate filled up with others who share its synchrony; None where that leaves too little on this half."""
    rows = standing.rows
    sync = Sync.of(rows, window_s) if standing.sync is None else standing.sync
    joined = _with_joiners(rows, sync)
    same = np.array_equal(joined, rows.accounts)
    grown = _trim(rows, window_s, SCREEN_P, sync) if same else _trim(half.rows_of(joined), window_s, SCREEN_P)
    return None if grown is None else grown.rows.accounts


def _trim(rows: Rows, window_s: float, most_p: float, known: Sync | None = None) -> Standing | None:
    """Lets hangers-on go until the group stands; None where it dissolves or its p-value is above `most_p`. known: of these rows."""
    for _ in range(MAX_STEPS):
        sync = Sync.of(rows, window_s) if known is None else known
        stay = _carries(sync, rows, rows)
        if stay.sum() < MIN_GROUP:
            return None
        known = sync if stay.all() else None
        if known is not None:
            break
        rows = rows.only(stay)
    return Standing(rows, known) if sync.p_value() <= most_p else None


def _with_joiners(group: Rows, sync: Sync) -> NDArray[np.int64]:
    """The group's accounts that carry its synchrony, and others who do."""
    view = group.excerpt.view
    e, s = view.events, view.selection
    mine = group.excerpt.event[group.at]
    close = group_kernel.rows_close_to(e.start, e.at_us, e.unit, s.kept, s.counted, view.window_us, mine)
    asked = view.rows_of(np.union1d(group.accounts, e.account[close]), group.units)
    is_member = np.isin(asked.accounts, group.accounts, assume_unique=True)
    return asked.accounts[_carries(sync, asked.only(is_member), asked)]


def _carries(sync: Sync, group: Rows, asked: Rows) -> NDArray[np.bool_]:
    """[asked accounts] whose own sittings with the group look like the group's rather than like chance. group: the rows of `sync` in the
    excerpt of those asked, who hold the group."""
    x = asked.excerpt
    is_member = np.isin(asked.accounts, group.accounts, assume_unique=True)
    if not len(sync.share):
        return np.zeros(len(is_member), dtype=np.bool_)
    speed = np.ones(len(is_member))
    speed[is_member] = sync.speed
    row, n, share, chance = asked.beside(speed, group, sync.speed, sync.background)
    at = asked.at[row]
    spread = sync.background.spread(x.class_of_unit[x.unit[at]], n)
    who, share, chance, _, spread = sittings.once_each_account(
        asked.who[row], x.sitting[at], share, chance, np.sqrt(n), spread
    )
    group_share = np.clip(np.average(sync.share, weights=sync.weight), 0.05, 0.98)
    chance = np.clip(chance, 1e-4, 0.999)
    ratio = share * np.log(group_share / chance) + (1 - share) * np.log((1 - group_share) / (1 - chance))
    ratio = ratio / spread  # an hour with many is worth more than one with one, as far as they do not move as one
    lives = [np.bincount(who, np.log(c + (1 - c) * np.exp(ratio)), minlength=len(is_member)) for c in OTHER_LIFE_0_1]
    return np.asarray(np.max(lives, axis=0) > np.where(is_member, 0.0, JOIN_LOG_RATIO))


def communities(view: View, rate: NDArray[np.float64], seed: int) -> list[NDArray[np.int64]]:
    """Leiden communities of close pairs, at several resolutions, cut to the 2-core."""
    e, s = view.events, view.selection
    i, j = object_kernel.close_pairs_in_units(e.start, e.at_us, s.kept, s.counted, s.units, view.window_us)
    if len(i) < MIN_GROUP:
        return []
    unit = e.unit[i]
    size = s.n_kept[unit]
    by_class = np.nan_to_num(rate.reshape(-1, object_kernel.N_LATENCIES), nan=0.95).mean(axis=1)
    chance = by_class[s.class_of_unit[unit] // object_kernel.N_LATENCIES]
    surprise = -np.log(np.clip(chance, 1e-3, 0.95))
    a, b, weight = ties(e.account[i], e.account[j], surprise / (size - 1), e.n_accounts)
    tied = weight >= MIN_TIE
    partitions = leiden(a[tied], b[tied], weight[tied], RESOLUTIONS, [seed, view.window_us])
    lasting = _lasting_ties(e, i, j, surprise)
    partitions += leiden(*lasting, LASTING_RESOLUTIONS, [seed, view.window_us])
    worth: dict[tuple[int, ...], None] = {}
    for parts in partitions:
        total, n = _surprise_of_sittings(e, parts, i, j, surprise)
        promising = (total >= MIN_SURPRISE) & (n >= sittings.MIN_SITTINGS)
        worth.update((tuple(p.tolist()), None) for p, take in zip(parts, promising.tolist(), strict=True) if take)
    return [np.array(p, dtype=np.int64) for p in worth]


def _lasting_ties(
    e: Events, i: NDArray[np.int64], j: NDArray[np.int64], surprise: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """(a, b, weight) of the pairs that were close in several hours: a steady group among people with a busy life of their own shows in
    partners that come back, as a pool does in partners that change. weight: the largest surprise of each hour but one."""
    a, b = np.minimum(e.account[i], e.account[j]), np.maximum(e.account[i], e.account[j])
    pair, which = np.unique(a.astype(np.int64) * e.n_accounts + b, return_inverse=True)
    order = np.lexsort((-surprise, e.sitting[i], which))
    which, hour, surprise = which[order], e.sitting[i][order], surprise[order]
    first = np.r_[True, (np.diff(which) != 0) | (np.diff(hour) != 0)]
    n_hours = np.bincount(which[first], minlength=len(pair))
    total = np.bincount(which[first], surprise[first], minlength=len(pair))
    lasting = n_hours >= 2
    pair = pair[lasting]
    weight = (total * (n_hours - 1) / n_hours)[lasting].astype(np.float64)
    return np.asarray(pair // e.n_accounts), np.asarray(pair % e.n_accounts), weight


def _surprise_of_sittings(
    e: Events,
    parts: list[NDArray[np.int64]],
    i: NDArray[np.int64],
    j: NDArray[np.int64],
    surprise: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Per part, the summed largest surprise of every sitting in which two of its accounts are close, and how many such sittings."""
    label = np.full(e.n_accounts, -1, dtype=np.int64)
    for k, part in enumerate(parts):
        label[part] = k
    of_pair = label[e.account[i]]
    inside = (of_pair >= 0) & (of_pair == label[e.account[j]])
    hour = e.sitting[i[inside]] - e.sitting.min()
    n_hours = int(hour.max(initial=0)) + 1
    key = of_pair[inside] * n_hours + hour
    order = np.lexsort((-surprise[inside], key))
    key, first = np.unique(key[order], return_index=True)
    part = key // n_hours
    total = np.bincount(part, surprise[inside][order][first], minlength=len(parts))
    return total.astype(np.float64), np.bincount(part, minlength=len(parts))
