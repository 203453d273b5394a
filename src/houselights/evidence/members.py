"""Who belongs to a confirmed group: each account alone against the clean background.

Every account that shares a unit with the group is tested, close or not, in all its sittings with the *other* members:
whether it is tested does not depend on what the test measures, so both halves may serve.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from houselights.evidence import sittings
from houselights.evidence.background import View, rates
from houselights.kernels.tails import group_effect_tails

MEMBER_EFFECT_SD = 0.4
"""Single people differ in speed more than groups do (logit scale)."""
TESTABLE_P = 0.02
"""An account that could not reach this with every pair close is not tested: one shared object says nothing about a person."""


@dataclass(frozen=True)
class Membership:
    """[m] one row per tested account, sorted by account code."""

    account: NDArray[np.int64]
    n_events: NDArray[np.int64]
    p_value: NDArray[np.float64]
    testable: NDArray[
        np.bool_
    ]  # enough shared units, by their chance, for perfect synchrony to show; whether the pairs were close plays no part
    probability: NDArray[np.float64]
    """P(member | its sittings): per sitting, the likelihood ratio of the group's own share of close pairs against the background's."""


def assess(view: View, group: NDArray[np.int64], clean: View) -> Membership:
    """Tests members and their co-sharers at one window. `clean`: the same window without any confirmed group."""
    e = view.events
    in_group, group = e.mask(group), np.sort(group)
    units = e.units_of(group)
    asked = view.rows_of(np.flatnonzero(e.accounts_in(units)))
    of_group = asked.only(in_group[asked.accounts])
    known = rates(clean.totals_of_all, clean.window_us / 1e6)
    speed = asked.pace(of_group, known).speed
    group_speed = speed[np.searchsorted(asked.accounts, group)]
    within = asked.within(units)
    row, others, share, chance = within.beside(speed, of_group, group_speed, known)
    event = asked.excerpt.event[within.at[row]]
    n_close = np.bincount(e.account[event], share > 0, minlength=e.n_accounts)
    # The others keep step, which the group was found for: who is close to one of them is close to all (spread 1).
    weight = np.sqrt(others) * (others + 1) / view.selection.n_kept[e.unit[event]]
    who, share, chance, weight, spread = sittings.once_each_account(
        e.account[event], e.sitting[event], share, chance, weight, np.ones(len(event))
    )
    accounts, first = np.unique(who, return_index=True)
    start = np.append(first, len(who))
    effect_sd = np.full(len(share), MEMBER_EFFECT_SD)
    p = group_effect_tails(share, chance, weight, spread, start, effect_sd, np.ones_like(share))
    best_p = group_effect_tails(np.ones_like(share), chance, weight, spread, start, effect_sd, np.ones_like(share))
    member_share = np.clip(
        np.average(share[in_group[who]], weights=weight[in_group[who]]) if in_group[who].any() else 0.5, 0.05, 0.98
    )
    ratio = share * np.log(member_share / chance) + (1 - share) * np.log((1 - member_share) / (1 - chance))
    prior = len(group) / max(1, len(accounts))
    odds = special.logit(np.clip(prior, 0.02, 0.98)) + np.bincount(np.searchsorted(accounts, who), ratio)
    return Membership(accounts, n_close[accounts].astype(np.int64), p, best_p <= TESTABLE_P, special.expit(odds))
