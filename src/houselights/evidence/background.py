"""The chance level: class rates of close pairs, from this data without the group, shrunk to the shipped reference profile."""

import json
from dataclasses import dataclass, replace
from functools import cache, cached_property
from importlib import resources

import numpy as np
from numpy.typing import NDArray
from scipy import special

from houselights.evidence.events import NARRATIVE, ByAccount, Events, distinct
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
NARRATIVE_RATES = {10.0: 0.042, 60.0: 0.116, 600.0: 0.326}
"""Per window, seconds: who says the same in other words is close that often in a television debate, the liveliest of the ordinary
conversations that narratives were made of (13,871 posts, 16 narratives; the size class with the highest rates). Customers of
airlines (14,640 posts, 16 narratives): .001, .004, .029."""
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
class Selection:
    """Events with some accounts taken out and, of a half, with the pairs of its sittings alone: what is the same at every window."""

    events: Events
    kept: NDArray[np.bool_]  # [n]
    max_size: int
    in_a: bool | None = None  # half A, half B, or both
    whole: "Selection | None" = None  # what this is a half of: units are as large and as crowded in either

    @cached_property
    def halves(self) -> "dict[bool, Selection]":
        """Half A under True, half B under False."""
        return {a: replace(self, in_a=a, whole=self) for a in (True, False)}

    def let_go(self) -> None:
        """Of the halves, which know this as their whole: a circle that would lie in memory until the garbage collector comes by."""
        self.__dict__.pop("halves", None)

    @cached_property
    def counted(self) -> NDArray[np.bool_]:
        """[n] whether pairs with this earlier post count."""
        e = self.events
        return np.ones(len(e.in_a), dtype=np.bool_) if self.in_a is None else e.in_a == self.in_a

    @cached_property
    def kept_before(self) -> NDArray[np.int32]:
        """[n + 1] kept events before each."""
        if self.whole:
            return self.whole.kept_before
        return np.concatenate([[0], np.cumsum(self.kept)]).astype(np.int32)

    @cached_property
    def counted_before(self) -> NDArray[np.int32]:
        """[n + 1] kept events before each whose pairs count."""
        if self.in_a is None:
            return self.kept_before
        return np.concatenate([[0], np.cumsum(self.kept & self.counted)]).astype(np.int32)

    @cached_property
    def n_kept(self) -> NDArray[np.int64]:
        """[u] kept events of each unit."""
        if self.whole:
            return self.whole.n_kept
        return np.diff(self.kept_before[self.events.start]).astype(np.int64)

    @cached_property
    def class_of_unit(self) -> NDArray[np.int64]:
        """[u] class of its pairs, latency unknown; -1 where a unit makes no pair or is too large."""
        if self.whole:
            return self.whole.class_of_unit
        return kernel.class_of_units(self.events.family, self.n_kept, self.max_size)

    @cached_property
    def units(self) -> NDArray[np.int64]:
        """Units with a post whose pairs count."""
        n = np.diff(self.counted_before[self.events.start])
        return np.flatnonzero((n > 0) & (self.class_of_unit >= 0))

    @cached_property
    def by_account(self) -> ByAccount:
        """Kept events in these units."""
        usable = np.zeros(len(self.events.size), dtype=np.bool_)
        usable[self.units] = True
        return self.events.by_account.only(self.kept & usable[self.events.unit])

    @cached_property
    def in_bins(self) -> NDArray[np.int32]:
        """[u, latency bins] kept events whose pairs count, where a source is known."""
        e = self.events
        return group_kernel.counted_in_bins(e.start, e.at_us, e.source_us, self.counted_before)

    @cached_property
    def crowd_weight(self) -> NDArray[np.float64]:
        """[u] how much of a crowd each unit is."""
        if self.whole:
            return self.whole.crowd_weight
        e = self.events
        return kernel.crowd_weights(e.start, e.account, self.kept, self.n_kept, self.class_of_unit, e.n_accounts)


@dataclass(frozen=True)
class View:
    """A selection seen at one window."""

    selection: Selection
    window_us: int
    whole: "View | None" = None  # what this is a half of

    @cached_property
    def halves(self) -> "dict[bool, View]":
        """Half A under True, half B under False."""
        return {a: View(half, self.window_us, self) for a, half in self.selection.halves.items()}

    def let_go(self) -> None:
        """As `Selection.let_go`."""
        self.__dict__.pop("halves", None)

    @property
    def events(self) -> Events:
        return self.selection.events

    @cached_property
    def _wedge_shares(self) -> NDArray[np.float64]:
        if self.whole:
            return self.whole._wedge_shares
        e, s = self.events, self.selection
        return kernel.wedge_shares(e.start, e.at_us, s.kept, s.n_kept, s.crowd_weight, self.window_us)

    @cached_property
    def shares(self) -> NDArray[np.float64]:
        """[u, columns of Totals] what each unit adds to the class rates."""
        e, s = self.events, self.selection
        close_and_all = kernel.class_shares(
            e.start, e.at_us, e.source_us, s.kept, s.counted, s.n_kept, s.crowd_weight, self.window_us
        )
        return np.concatenate([*close_and_all, self._wedge_shares], axis=1)

    @cached_property
    def totals_of_all(self) -> "Totals":
        return self.totals(np.arange(len(self.events.size)))

    def totals(self, units: NDArray[np.int64]) -> "Totals":
        """What these units add to the class rates."""
        return Totals(*kernel.class_totals(units, self.selection.class_of_unit, self.shares))

    def rows_of(self, accounts: NDArray[np.int64], units: NDArray[np.int64] | None = None) -> "Rows":
        """Kept events of these accounts (sorted), in units whose pairs count, or in those of them that are among `units`."""
        event, who = self.selection.by_account.rows_of(accounts, self.events.unit, units)
        return Rows(Excerpt(self, event), accounts, np.arange(len(event)), who)


@dataclass(frozen=True)
class Excerpt:
    """What a view shows of k events and of the m units they lie in, in arrays of these sizes: a candidate is asked again and again while it is
    trimmed, and that shall not walk through all data."""

    view: View
    event: NDArray[np.int64]  # [k] sorted

    @cached_property
    def _unit_of_event(self) -> NDArray[np.int32]:
        return self.view.events.unit[self.event]

    @cached_property
    def units(self) -> NDArray[np.int64]:
        """[m] sorted."""
        return distinct(self._unit_of_event)

    @cached_property
    def unit(self) -> NDArray[np.int64]:
        """[k] index into units."""
        return np.asarray(np.cumsum(np.diff(self._unit_of_event, prepend=-1) != 0) - 1)

    @cached_property
    def at_us(self) -> NDArray[np.int64]:
        return self.view.events.at_us[self.event]

    @cached_property
    def sitting(self) -> NDArray[np.int64]:
        return self.view.events.sitting[self.event]

    @cached_property
    def counted(self) -> NDArray[np.bool_]:
        return self.view.selection.counted[self.event]

    def confirming(self, in_a: bool) -> NDArray[np.bool_]:
        """[k] whether pairs with this earlier event count in the test on half A or B: by its time alone, so that the share of close pairs is that of
        pairs at any other time of the hour."""
        e, in_half = self.view.events, self.view.selection.halves[in_a].counted[self.event]
        return in_half & e.surroundings.are_clear(self.at_us, self.sitting, self.view.window_us)

    @cached_property
    def source_us(self) -> NDArray[np.int64]:
        """[m]"""
        return self.view.events.source_us[self.units]

    @cached_property
    def class_of_unit(self) -> NDArray[np.int64]:
        """[m]"""
        return self.view.selection.class_of_unit[self.units]

    @cached_property
    def n_kept(self) -> NDArray[np.int64]:
        """[m]"""
        return self.view.selection.n_kept[self.units]

    @cached_property
    def around(self) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
        """What makes pairs with each event, the group or not (see kernels/groups.py)."""
        e, s = self.view.events, self.view.selection
        return group_kernel.around(
            e.start,
            e.at_us,
            s.kept_before,
            s.counted_before,
            s.in_bins,
            self.view.window_us,
            self.event,
            self.unit,
            self.units,
            self.source_us,
        )


@dataclass(frozen=True)
class Rows:
    """Events of some accounts within an excerpt: where they lie in it, ascending, and which account each is of."""

    excerpt: Excerpt
    accounts: NDArray[np.int64]  # sorted
    at: NDArray[np.int64]
    who: NDArray[np.int64]  # index into accounts

    def only(self, stay: NDArray[np.bool_]) -> "Rows":
        """Those of some of the accounts. stay: [accounts]."""
        mine = stay[self.who]
        return Rows(self.excerpt, self.accounts[stay], self.at[mine], (np.cumsum(stay) - 1)[self.who[mine]])

    def within(self, units: NDArray[np.int64]) -> "Rows":
        """Those in one of `units`."""
        inside = np.isin(self.excerpt.units, units, assume_unique=True)[self.excerpt.unit[self.at]]
        return Rows(self.excerpt, self.accounts, self.at[inside], self.who[inside])

    @cached_property
    def n_sharers(self) -> NDArray[np.int64]:
        """[m] how many of the accounts have each unit of the excerpt."""
        return np.bincount(self.excerpt.unit[self.at], minlength=len(self.excerpt.units))

    @property
    def units(self) -> NDArray[np.int64]:
        """Units that one of the accounts has, sorted."""
        return self.excerpt.units[self.n_sharers > 0]

    def pace(self, group: "Rows", background: "Rates") -> "Pace":
        """How these accounts keep step with accounts outside the group, whose rows lie in the same excerpt."""
        x = self.excerpt
        observed, expected = group_kernel.speeds(
            x.at_us,
            x.unit,
            x.counted,
            x.source_us,
            x.class_of_unit,
            *x.around,
            x.view.window_us,
            self.at,
            self.who,
            len(self.accounts),
            group.at,
            np.nan_to_num(background.rate, nan=1.0),
        )
        return Pace(np.maximum(1.0, (observed + 1) / (expected + 1)), expected)

    def beside(
        self,
        speed: NDArray[np.float64],
        group: "Rows",
        group_speed: NDArray[np.float64],
        background: "Rates",
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
        """Per event of these accounts with a member of the group beside it: index into the rows, members there, share of close pairs with
        them, mean chance. Speeds are those of each account; the group's rows lie in the same excerpt."""
        x = self.excerpt
        return group_kernel.account_units(
            x.at_us,
            x.unit,
            x.counted,
            x.source_us,
            x.class_of_unit,
            x.n_kept,
            x.view.window_us,
            self.at,
            speed[self.who],
            group.at,
            group_speed[group.who],
            background.rate,
            own_rate(x.view.window_us / 1e6),
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
    prior, known = _prior(window_s)
    n = totals.every + PROFILE_OBJECTS
    rate = np.clip((totals.close + PROFILE_OBJECTS * prior) / n, 1e-4, 0.999)
    unknown = ~known & (totals.every < MIN_OBJECTS)
    weight = totals.every.sum() / max(1e-9, (totals.every + PROFILE_OBJECTS * (totals.every > 0)).sum())
    return Rates(np.where(unknown, np.nan, rate), _together(totals.wedges), float(weight))


@cache
def _prior(window_s: float) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """([classes] rate of the profile, whether it has one)."""
    profile = np.repeat(_profile(window_s), kernel.N_LATENCIES)
    known = ~np.isnan(profile)
    return np.where(known, profile, 0.5), known


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
    out[NARRATIVE] = NARRATIVE_RATES[min((w for w in NARRATIVE_RATES if w >= window_s), default=max(NARRATIVE_RATES))]
    return out.ravel()
