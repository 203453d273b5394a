"""Who belongs to a confirmed group: each account alone against the clean background.

Every account that shares a unit with the group is tested, close or not, on all its units with the *other* members:
whether it is tested does not depend on what the test measures, so both halves may serve.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from houselights.core import stats
from houselights.evidence.background import View, rates
from houselights.kernels import objects as kernel

MEMBER_EFFECT_SD = 1.0
"""Single people differ in speed more than groups do (logit scale)."""


@dataclass(frozen=True)
class Membership:
    """[m] one row per tested account, sorted by account code."""

    account: NDArray[np.int64]
    n_events: NDArray[np.int64]
    p_value: NDArray[np.float64]
    probability: NDArray[np.float64]


def assess(view: View, group: NDArray[np.int64], clean: NDArray[np.bool_], window_s: float) -> Membership:
    """Tests members and their co-sharers at one window. `clean`: [accounts] in no confirmed group."""
    e = view.events
    in_group = e.mask(group)
    units = np.unique(e.unit[in_group[e.account]]).astype(np.int64)
    asked = e.mask(e.account[np.isin(e.unit, units)].astype(np.int64))
    background = View(e, clean[e.account], view.window_us, view.max_size)
    known = rates(*background.totals(np.arange(len(e.size))), window_s)
    every_unit = np.unique(e.unit[asked[e.account]]).astype(np.int64)
    speed = view.speed(every_unit, asked, in_group, known)
    who, _, share, chance = kernel.account_units(
        *view.arrays, units, view.max_size, view.window_us, asked, in_group, known.rate, speed
    )
    order = np.argsort(who, kind="stable")
    who, share, chance = who[order], share[order], chance[order]
    accounts, first = np.unique(who, return_index=True)
    pieces = list(zip(np.split(share, first[1:]), np.split(chance, first[1:]), strict=True)) if len(who) else []
    p = np.array([stats.group_effect_tail(s, c, MEMBER_EFFECT_SD) for s, c in pieces])
    member_share = np.clip(share[in_group[who]].mean() if in_group[who].any() else 0.5, 0.05, 0.98)
    prior = len(group) / max(1, len(accounts))
    probability = np.array([_posterior(s, c, float(member_share), prior) for s, c in pieces])
    n_events = np.array([int((s > 0).sum()) for s, _ in pieces], dtype=np.int64)
    return Membership(accounts.astype(np.int64), n_events, p, probability)


def _posterior(share: NDArray[np.float64], chance: NDArray[np.float64], member_share: float, prior: float) -> float:
    """P(member | its units): per unit, the likelihood ratio of the group's own share of close pairs against the background's."""
    odds = special.logit(np.clip(prior, 0.02, 0.98))
    ratio = share * np.log(member_share / chance) + (1 - share) * np.log((1 - member_share) / (1 - chance))
    return float(special.expit(odds + ratio.sum()))
