"""The chance level: class rates of close pairs, from this data without the group, shrunk to the shipped reference profile."""

import json
from dataclasses import dataclass, replace
from functools import cache, cached_property
from importlib import resources

import numpy as np
from numpy.typing import NDArray
from scipy import special

from houselights.evidence.events import ByAccount, Events
from houselights.kernels import groups as group_kernel
from houselights.kernels import objects as kernel

PROFILE_OBJECTS = 5.0
"""How many objects the reference profile weighs in a class rate."""
UNSEEN_EFFECT_SD = 3.0
"""A community that shares nothing with others may live at any pace: twenty times theirs is no wonder (logit scale)."""
OWN_DELAY_S = 600.0
"""What a community alone passes round may go round faster than anything else it does: at this typical delay it is no wonder."""
OWN_FASTEST_S = 30.0
"""But no ordinary community passes its own things round at a typical delay under this, over hour after hour."""
OWN_EFFECT_SD = 0.7
"""And communities differ in that: some pass it round in three minutes, some in half an hour (logit scale)."""
MIN_OBJECTS = 50
"""A kind the profile knows nothing of needs this many objects in the data, or it is left out."""
_SIZE_NAMES = ("2", "3", "4-5", "6-9", "10-19", "20+")


@dataclass(frozen=True)
class Rates:
    """[classes] chance of a close pair; NaN where neither data nor profile knows."""

    rate: NDArray[np.float64]
    together: NDArray[
        np.float64
    ]  # [families x sizes] correlation of the closeness of two pairs with an account in common
    from_data_0_1: float  # weight of this data against the profile, over the objects

    def spread(self, class_of_unit: NDArray[np.int64], n_pairs: NDArray[np.int64]) -> NDArray[np.float64]:
        """[rows] variance of the share of close pairs among so many of a unit, over that of a share that is 0 or 1: all pairs are taken
        to have an account in common, which they have the more in common the fewer they are."""
        return (1 + (n_pairs - 1) * self.together[class_of_unit // kernel.N_LATENCIES]) / n_pairs


@dataclass(frozen=True)
class View:
    """Events seen at one window, with some accounts taken out and, of a half, with the pairs of its sittings alone."""

    events: Events
    kept: NDArray[np.bool_]  # [n]
    window_us: int
    max_size: int
    in_a: bool | None = None  # half A, half B, or both

    @cached_property
    def halves(self) -> "dict[bool, View]":
        """Half A under True, half B under False."""
        return {a: replace(self, in_a=a) for a in (True, False)}

    @cached_property
    def counted(self) -> NDArray[np.bool_]:
        """[n] whether pairs with this earlier post count."""
        e = self.events
        return np.ones(len(e.in_a), dtype=np.bool_) if self.in_a is None else e.in_a == self.in_a

    @cached_property
    def n_kept(self) -> NDArray[np.int64]:
        """[u] kept events of each unit."""
        before = self._kept_before.astype(np.int64)[self.events.start]
        return before[1:] - before[:-1]

    @cached_property
    def class_of_unit(self) -> NDArray[np.int64]:
        """[u] class of its pairs, latency unknown; -1 where a unit makes no pair or is too large."""
        return kernel.class_of_units(self.events.family, self.n_kept, self.max_size)

    @cached_property
    def _kept_before(self) -> NDArray[np.int32]:
        return np.concatenate([[0], np.cumsum(self.kept)]).astype(np.int32)

    @cached_property
    def _counted_before(self) -> NDArray[np.int32]:
        return np.concatenate([[0], np.cumsum(self.kept & self.counted)]).astype(np.int32)

    @cached_property
    def units(self) -> NDArray[np.int64]:
        """Units with a post whose pairs count."""
        n = np.diff(self._counted_before[self.events.start])
        return np.flatnonzero((n > 0) & (self.class_of_unit >= 0))

    @cached_property
    def _by_account(self) -> ByAccount:
        usable = np.zeros(len(self.events.size), dtype=np.bool_)
        usable[self.units] = True
        return self.events.by_account.only(self.kept & usable[self.events.unit])

    @cached_property
    def _crowd_weight(self) -> NDArray[np.float64]:
        e = self.events
        return kernel.crowd_weights(e.start, e.account, self.kept, self.n_kept, self.class_of_unit, e.n_accounts)

    @cached_property
    def _class_shares(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        e = self.events
        return kernel.class_shares(
            e.start, e.at_us, e.source_us, self.kept, self.counted, self.n_kept, self._crowd_weight, self.window_us
        )

    @cached_property
    def _wedge_shares(self) -> NDArray[np.float64]:
        e = self.events
        return kernel.wedge_shares(e.start, e.at_us, self.kept, self.n_kept, self._crowd_weight, self.window_us)

    @cached_property
    def totals_of_all(self) -> "Totals":
        return self.totals(np.arange(len(self.events.size)))

    def totals(self, units: NDArray[np.int64]) -> "Totals":
        """What these units add to the class rates."""
        close, every = kernel.class_totals(units, self.class_of_unit, *self._class_shares)
        return Totals(close, every, kernel.wedge_totals(units, self.class_of_unit, self._wedge_shares))

    def rows_of(self, accounts: NDArray[np.int64]) -> "Rows":
        """Kept events of these accounts (sorted), in units whose pairs count."""
        return Rows(accounts, *self._by_account.rows_of(accounts))

    def pace(self, asked: "Rows", group: "Rows", background: "Rates") -> "Pace":
        """How the asked accounts keep step with accounts outside the group."""
        e = self.events
        observed, expected = group_kernel.speeds(
            e.start,
            e.at_us,
            e.unit,
            e.source_us,
            self.class_of_unit,
            self._kept_before,
            self._counted_before,
            self.window_us,
            asked.row,
            asked.who,
            len(asked.accounts),
            group.row,
            np.nan_to_num(background.rate, nan=1.0),
        )
        return Pace(np.maximum(1.0, (observed + 1) / (expected + 1)), expected)

    def between(
        self,
        asked: "Rows",
        speed: NDArray[np.float64],
        group: "Rows",
        group_speed: NDArray[np.float64],
        background: "Rates",
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
        """Per event of an asked account with a member beside it: event, members there, share of close pairs with them, mean chance.
        Speeds are those of each account."""
        e = self.events
        return group_kernel.account_units(
            e.at_us,
            e.unit,
            self.counted,
            e.source_us,
            self.class_of_unit,
            self.n_kept,
            self.window_us,
            asked.row,
            speed[asked.who],
            group.row,
            group_speed[group.who],
            background.rate,
            own_rate(self.window_us / 1e6),
        )


@dataclass(frozen=True)
class Pace:
    """[asked accounts] how many times faster than others each is with accounts outside the group, never under 1, and the
    close objects' worth that chance would have given it there: how much its speed is known from."""

    speed: NDArray[np.float64]
    expected: NDArray[np.float64]

    def effect_sd(self, of_known: float, own: NDArray[np.bool_]) -> NDArray[np.float64]:
        """[units] standard deviation of a group's effect (logit scale). A pair holds two members and a bridge one, so the group's logarithm
        is twice what a bridge shows, and E expected coincidences with outsiders know it to a variance of 4 / E. own: nobody
        outside shares the unit."""
        variance = of_known**2 + 1 / (1 / UNSEEN_EFFECT_SD**2 + self.expected.sum() / 4)
        return np.asarray(np.sqrt(variance + own * OWN_EFFECT_SD**2))


@dataclass(frozen=True)
class Rows:
    """Events of some accounts: their rows, sorted, and which account each is of."""

    accounts: NDArray[np.int64]  # sorted
    row: NDArray[np.int64]
    who: NDArray[np.int64]  # index into accounts

    def within(self, units: NDArray[np.int64], unit_of_row: NDArray[np.int32]) -> "Rows":
        """Those in one of `units` (sorted)."""
        mine = unit_of_row[self.row]
        inside = np.append(units, -1)[np.searchsorted(units, mine)] == mine
        return Rows(self.accounts, self.row[inside], self.who[inside])


@dataclass(frozen=True)
class Totals:
    """Crowds' worth of pairs: (close, all)[classes], and (wedges, pairs, all)[families x sizes] of units of three and more."""

    close: NDArray[np.float64]
    every: NDArray[np.float64]
    wedges: NDArray[np.float64]

    def without(self, other: "Totals") -> "Totals":
        mine = (self.close, self.every, self.wedges)
        theirs = (other.close, other.every, other.wedges)
        return Totals(*(np.maximum(a - b, 0) for a, b in zip(mine, theirs, strict=True)))


def rates(totals: Totals, window_s: float) -> Rates:
    """Class rates from totals of objects: (close + a0 x profile) / (objects + a0)."""
    profile = np.repeat(_profile(window_s), kernel.N_LATENCIES)
    known = ~np.isnan(profile)
    prior = np.where(known, profile, 0.5)
    n = totals.every + PROFILE_OBJECTS
    rate = np.clip((totals.close + PROFILE_OBJECTS * prior) / n, 1e-4, 0.999)
    unknown = ~known & (totals.every < MIN_OBJECTS)
    weight = totals.every.sum() / max(1e-9, (totals.every + PROFILE_OBJECTS * (totals.every > 0)).sum())
    return Rates(np.where(unknown, np.nan, rate), _together(totals.wedges), float(weight))


def _together(wedges: NDArray[np.float64]) -> NDArray[np.float64]:
    """Correlation of two pairs with an account in common, over objects: 1, an object that moves as one, until crowds show less."""
    both, pairs, every = wedges.T
    mean = np.clip(pairs / np.maximum(every, 1e-9), 1e-4, 0.999)
    given_one = (both + PROFILE_OBJECTS * mean) / (pairs + PROFILE_OBJECTS * mean)
    return np.asarray(np.where(every > 0, np.clip((given_one - mean) / (1 - mean), 0.0, 1.0), 1.0))


@cache
def own_rate(window_s: float, typical_s: float = OWN_DELAY_S) -> float:
    """Chance that two who share what nobody outside shares are close: their delays are log-normal around `typical_s` with sd 1."""
    u = special.ndtri((np.arange(2000) + 0.5) / 2000)
    delay_s = typical_s * np.exp(u)
    later = special.ndtr(np.log((delay_s + window_s) / typical_s))
    return float(2 * (later - special.ndtr(u)).mean())


@cache
def _profile(window_s: float) -> NDArray[np.float64]:
    """[families x sizes] mean rate over the objects of the ordinary conversations, at the nearest measured window not under
    `window_s`. Sizes of four and more are taken together: the conversations hold too few objects to tell them apart."""
    conversations = json.loads(resources.files("houselights.evidence").joinpath("reference_profile.json").read_text())
    out = np.full((kernel.N_FAMILIES, kernel.N_SIZES), np.nan)
    for family, name in enumerate(("original", "repost")):
        close, every = np.zeros(kernel.N_SIZES), np.zeros(kernel.N_SIZES)
        for conversation in conversations.values():
            wide_enough = [w for w in conversation["windows"] if float(w) >= window_s]
            measured = conversation["windows"][min(wide_enough, key=float)] if wide_enough else {}
            for size, label in enumerate(_SIZE_NAMES):
                entry = measured.get(f"{name}:{label}", {"rate": 0.0, "objects": 0})
                close[size] += entry["rate"] * entry["objects"]
                every[size] += entry["objects"]
        close[2:], every[2:] = close[2:].sum(), every[2:].sum()
        out[family] = np.divide(close, every, out=np.full_like(close, np.nan), where=every > 0)
    return out.ravel()
