"""How much of each category is a group's, and what is left without it: draws of everything that is not known, on plain arrays.

Three things are not known, and each is drawn by itself (docs/opinion.md has the formulas):
which listed accounts are members (their probabilities), how many members of a found group were not listed (negative binomial over the
listed ones, with the recall of members inside found spike-ins), and how many groups were missed whole (geometric, with the share of
spike-ins of its tactic and size that were found). The last is no part of the point estimate: a group that was found was not missed.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

LEAST_RECALL = 0.05
"""Of members: a listed one stands for twenty at most."""
LEAST_GROUP_RECALL = 0.5
"""In the draws a found group stands for two on average at most, however seldom its like is found (trimmed as survey weights are, Potter 1990): what
is hardly ever found has no limit, which is said in words."""
ACCOUNTS_PER_OBSERVATION = 4.0
"""Members of one spike-in are listed or not together; four count as one."""
HEAVY_PATTERNS = 2_000
"""Accounts that are drawn one by one in the bootstrap; sums over the many light ones are normal."""


@dataclass(frozen=True)
class Group:
    """One finding. q [n]: probability of membership of each listed account; volume [n, C]: its weight in each category.

    `found` of `implants` spike-ins of its tactic and size were found (0 of 0: not known); `listed_0_1`: share of the posts of found ones by
    accounts that their finding lists, measured on `listed_accounts` accounts (0: not known)."""

    q: Floats
    volume: Floats
    found: float = 0.0
    implants: float = 0.0
    listed_0_1: float = 1.0
    listed_accounts: float = 0.0


@dataclass(frozen=True)
class Drawn:
    """[draws, C] per category: weight by groups, all weight, and the voices of groups where each counts as one account."""

    manufactured: Floats
    total: Floats
    voices: Floats

    @property
    def organic(self) -> Floats:
        """A billionth of a post is none: it would be the rounding of a sum."""
        left = self.total - self.manufactured
        return np.asarray(np.where(left > 1e-9, left, 0.0))


def point(groups: Sequence[Group], total: Floats) -> Drawn:
    """The plain formula, one row: sum of q w / recall of members, not more than there is. Groups that nobody found are in the draws alone."""
    m, voices = np.zeros_like(total), np.zeros_like(total)
    for g in sorted((_in_order(g) for g in groups), key=_key):
        seen = g.q @ g.volume
        m += seen / max(g.listed_0_1, LEAST_RECALL)
        voices += _profile(seen)
    return Drawn(np.minimum(m, total)[None], total[None], voices[None])


def draw(groups: Sequence[Group], total: Floats, n: int, rng: np.random.Generator, unseen_recall: float = 1.0) -> Drawn:
    """n joint draws. Neither the order of groups and accounts nor their names change anything.

    `unseen_recall`: how likely a group of another tactic would have been found; one that was not is allowed for beside each draw
    (negative binomial with Jeffreys' half of a found one), as large as the found ones are on average."""
    m, voices = np.zeros((n, len(total))), np.zeros((n, len(total)))
    for g in sorted((_in_order(g) for g in groups), key=_key):
        mine = _members(g, n, rng)
        twins = _missed_groups(g, n, rng)
        profile = _profile(mine)
        elsewhere = _elsewhere(profile, total, rng)
        m += mine + (twins * mine.sum(axis=1))[:, None] * elsewhere
        voices += profile + twins[:, None] * elsewhere
    if groups and unseen_recall < 1:
        unseen = rng.negative_binomial(0.5, max(unseen_recall, LEAST_RECALL), n)[:, None] * _elsewhere(
            _profile(m), total, rng
        )
        m += m.sum(axis=1, keepdims=True) / len(groups) * unseen
        voices += unseen
    return Drawn(np.minimum(m, total), np.broadcast_to(total, m.shape), voices)


def with_half_missed(drawn: Drawn) -> Drawn:
    """Every draw twice: as it is, and with as much again missed. For where nobody measured how much a scan finds."""
    more = np.minimum(2 * drawn.manufactured, drawn.total)
    return Drawn(
        np.concatenate([drawn.manufactured, more]),
        np.concatenate([drawn.total, drawn.total]),
        np.concatenate([drawn.voices, 2 * drawn.voices]),
    )


def _members(g: Group, n: int, rng: np.random.Generator) -> Floats:
    """[n, C] weight of the group: its listed members, and as many like them as are likely to be missing."""
    z = rng.random((n, len(g.q))) < g.q
    mine = z @ g.volume
    if not g.listed_accounts or not len(g.q):
        return np.asarray(mine, np.float64)
    m = g.listed_accounts / ACCOUNTS_PER_OBSERVATION
    recall = np.maximum(rng.beta(g.listed_0_1 * m + 0.5, (1 - g.listed_0_1) * m + 0.5, n), LEAST_RECALL)
    listed = z.sum(axis=1)
    missing = np.where(listed > 0, rng.negative_binomial(np.maximum(listed, 1), recall), 0)
    like = g.q / g.q.sum() if g.q.sum() > 0 else np.full(len(g.q), 1 / len(g.q))
    return np.asarray(mine + rng.multinomial(missing, like) @ g.volume, np.float64)


def _missed_groups(g: Group, n: int, rng: np.random.Generator) -> Floats:
    """[n] groups like this one that were missed whole, given that this one was found."""
    if not g.implants:
        return np.zeros(n)
    recall = rng.beta(g.found + 0.5, g.implants - g.found + 0.5, n)
    return rng.geometric(np.maximum(recall, LEAST_GROUP_RECALL)).astype(np.float64) - 1.0


def _elsewhere(profile: Floats, total: Floats, rng: np.random.Generator) -> Floats:
    """What a missed group pushes is not known: in half of the draws the same as the found one, else what a post drawn by chance says, so that
    splitting a category in two changes nothing for the others."""
    n = len(profile)
    other = np.zeros_like(profile)
    cut = np.cumsum(total) / max(float(total.sum()), 1e-300)
    other[np.arange(n), np.minimum(np.searchsorted(cut, rng.random(n), side="right"), len(total) - 1)] = 1.0
    return np.asarray(np.where(rng.random((n, 1)) < 0.5, profile, other))


def _profile(volume: Floats) -> Floats:
    whole = volume.sum(axis=-1, keepdims=True)
    return np.asarray(np.divide(volume, whole, out=np.zeros_like(volume), where=whole > 0))


def _in_order(g: Group) -> Group:
    rows = np.lexsort((*g.volume.T, g.q))
    return Group(g.q[rows], g.volume[rows], g.found, g.implants, g.listed_0_1, g.listed_accounts)


def _key(g: Group) -> tuple[float, ...]:
    return (
        float(len(g.q)),
        g.found,
        g.implants,
        g.listed_0_1,
        g.listed_accounts,
        *g.q.tolist(),
        *g.volume.ravel().tolist(),
    )


def population(
    drawn: Drawn, groups: Sequence[Group], patterns: Floats, counts: Floats, rng: np.random.Generator
) -> Drawn:
    """The same where the accounts are themselves a sample: Bayesian bootstrap over accounts (Rubin 1981).

    patterns [k, C], counts [k]: weights of accounts outside the groups, and how many accounts have them. Weights of members are drawn as one
    over the group: what it does is not a sample of anything."""
    n, c = drawn.total.shape
    outside = np.maximum(drawn.total - exact_sum([row for g in groups for row in g.volume], c), 0.0)
    order = np.lexsort((*patterns.T, counts, -(patterns.sum(axis=1) * counts)))
    heavy, light = order[:HEAVY_PATTERNS], order[HEAVY_PATTERNS:]
    weight = rng.gamma(np.broadcast_to(counts[heavy], (n, len(heavy))))
    drawn_outside = weight @ patterns[heavy]
    if len(light):
        rows = patterns[light]
        spread = (rows * counts[light][:, None]).T @ rows
        mean = counts[light] @ rows
        drawn_outside += np.maximum(mean + rng.standard_normal((n, c)) @ _root(spread).T, 0.0)
    scale = np.divide(drawn_outside, outside, out=np.ones_like(drawn_outside), where=outside > 0)
    organic = drawn.organic * scale
    return Drawn(drawn.manufactured, organic + drawn.manufactured, drawn.voices)


def _root(covariance: Floats) -> Floats:
    value, vector = np.linalg.eigh(covariance)
    return np.asarray(vector * np.sqrt(np.maximum(value, 0.0)))


def exact_sum(rows: Iterable[Floats], width: int) -> Floats:
    """[width] of rows, rounded once, so that their order does not show in the last digit."""
    columns = list(zip(*rows, strict=True))
    return np.array([math.fsum(c) for c in columns]) if columns else np.zeros(width)


def shares(volume: Floats) -> Floats:
    """[..., C] parts of a whole; even where there is nothing."""
    whole = volume.sum(axis=-1, keepdims=True)
    return np.asarray(np.divide(volume, whole, out=np.full_like(volume, 1 / volume.shape[-1]), where=whole > 0))


def interval(draws: Floats, *held: Floats, level: float = 0.9) -> tuple[Floats, Floats]:
    """Quantiles over the first axis, stretched to hold `held`: the estimate, and plain removal, for a group may be better known than
    planted ones are."""
    low, high = np.quantile(draws, ((1 - level) / 2, (1 + level) / 2), axis=0)
    for at in held:
        low, high = np.minimum(low, at), np.maximum(high, at)
    return low, high


def plain(groups: Sequence[Group], total: Floats) -> Drawn:
    """Listed members taken out, and nothing for those that were missed."""
    return point([Group(g.q, g.volume) for g in groups], total)


def with_undetected(organic: Floats, limit: float) -> tuple[Floats, Floats]:
    """[..., C] lowest and highest share of each category if `limit` more of the volume were a group's, all of it here or all of it elsewhere."""
    whole = organic.sum(axis=-1, keepdims=True)
    here = np.minimum(limit, organic)
    there = np.minimum(limit, whole - organic)
    low = np.divide(organic - here, whole - here, out=np.zeros_like(organic), where=whole - here > 0)
    high = np.divide(organic, whole - there, out=np.ones_like(organic), where=whole - there > 0)
    return low, high
