"""The chance level: class rates of close pairs, from this data without the group, shrunk to the shipped reference profile."""

import json
from dataclasses import dataclass, replace
from functools import cache, cached_property
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from houselights.evidence.events import Events
from houselights.kernels import objects as kernel

PROFILE_OBJECTS = 5.0
"""How many objects the reference profile weighs in a class rate."""
MIN_OBJECTS = 50
"""A kind the profile knows nothing of needs this many objects in the data, or it is left out."""
_SIZE_NAMES = ("2", "3", "4-5", "6-9", "10-19", "20+")


@dataclass(frozen=True)
class Rates:
    """[classes] chance of a close pair; NaN where neither data nor profile knows."""

    rate: NDArray[np.float64]
    from_data_0_1: float  # weight of this data against the profile, over the objects


@dataclass(frozen=True)
class View:
    """Events seen at one window, with some accounts taken out and, of a half, with the pairs of its sittings alone."""

    events: Events
    kept: NDArray[np.bool_]  # [n]
    window_us: int
    max_size: int
    in_a: bool | None = None  # half A, half B, or both

    def half(self, in_a: bool) -> "View":
        return replace(self, in_a=in_a)

    @cached_property
    def counted(self) -> NDArray[np.bool_]:
        """[n] whether pairs with this earlier post count."""
        e = self.events
        return np.ones(len(e.in_a), dtype=np.bool_) if self.in_a is None else e.in_a == self.in_a

    @cached_property
    def units(self) -> NDArray[np.int64]:
        """Units with a post whose pairs count."""
        e = self.events
        if self.in_a is None or not len(e.size):
            return np.arange(len(e.size))
        return np.flatnonzero(np.logical_or.reduceat(self.counted, e.start[:-1]))

    @property
    def arrays(self) -> tuple[Any, Any, Any, Any, Any, Any, Any]:
        """What every counting kernel takes first."""
        e = self.events
        return e.start, e.at_us, e.account, e.family, e.source_us, self.kept, self.counted

    def speed(
        self, units: NDArray[np.int64], asked: NDArray[np.bool_], in_group: NDArray[np.bool_], background: "Rates"
    ) -> NDArray[np.float64]:
        """[accounts] how many times faster than others an asked account is with accounts outside the group; never under 1."""
        rate = np.nan_to_num(background.rate, nan=1.0)
        observed, expected = kernel.speeds(*self.arrays, units, self.max_size, self.window_us, asked, in_group, rate)
        return np.asarray(np.maximum(1.0, (observed + 1) / (expected + 1)))

    def totals(self, units: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        e = self.events
        return kernel.class_totals(
            e.start, e.at_us, e.family, e.source_us, self.kept, self.counted, units, self.max_size, self.window_us
        )


@dataclass(frozen=True)
class Near:
    """The units a group touches, with accounts and units numbered anew: small arrays for what is asked many times."""

    view: View
    group: NDArray[np.int64]  # the group's accounts in the new numbers
    accounts: NDArray[np.int64]  # [new] old number of each account
    units: NDArray[np.int64]  # [new] old number of each unit

    @staticmethod
    def of(view: View, group: NDArray[np.int64]) -> "Near":
        """Members without a unit on the half of `view` are left out: nothing is known of them there."""
        e = view.events
        units = e.units_of(group)
        if view.in_a is not None:
            units = units[np.isin(units, view.units, assume_unique=True)]
        rows = e.rows_in(units)
        local, accounts, new_group = kernel.relabel(e.account, rows, group, e.scratch)
        sizes = e.size[units]
        near = replace(
            e,
            account=local,
            at_us=e.at_us[rows],
            post=e.post[rows],
            object=e.object[rows],
            sitting=e.sitting[rows],
            in_a=e.in_a[rows],
            start=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
            family=e.family[units],
            source_us=e.source_us[units],
            n_accounts=len(accounts),
            account_rows=e.account_rows[accounts],
        )
        return Near(
            View(near, view.kept[rows], view.window_us, view.max_size, view.in_a),
            np.sort(new_group),
            accounts,
            units,
        )


def rates(close: NDArray[np.float64], every: NDArray[np.float64], window_s: float) -> Rates:
    """Class rates from totals of objects: (close + a0 x profile) / (objects + a0)."""
    profile = np.repeat(_profile(window_s), kernel.N_LATENCIES)
    known = ~np.isnan(profile)
    prior = np.where(known, profile, 0.5)
    n = every + PROFILE_OBJECTS
    rate = np.clip((close + PROFILE_OBJECTS * prior) / n, 1e-4, 0.999)
    unknown = ~known & (every < MIN_OBJECTS)
    weight = every.sum() / max(1e-9, (every + PROFILE_OBJECTS * (every > 0)).sum())
    return Rates(np.where(unknown, np.nan, rate), float(weight))


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
