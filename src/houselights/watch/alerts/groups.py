"""Groups of accounts that were close before: born, fed with evidence, grown, merged, faded. Ids stay."""

from dataclasses import asdict, dataclass, field
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

from houselights.evidence.communities import leiden, ties
from houselights.watch.alerts.block import N_SHARES, N_SIZES, NEAR_US, Pairs
from houselights.watch.alerts.evidence import PACE, PACE_AGAIN, weight

LEAST_ACCOUNTS = 5
MOST_ACCOUNTS = 500
MOST_GROUPS = 2_000
MEETINGS = 2
"""Different objects on which two accounts must have been close before they are tied."""
QUIET_US = 3 * 24 * 3_600_000_000
"""A group that was not close for so long is no longer alive."""
HOUR_US = 3_600_000_000
NEVER_US = -(2**62)


@dataclass
class Group:
    """`members`: sorted hashes. The evidence is `closed` (occasions that are over) times that of the current one."""

    group_id: str
    members: list[int]
    born_us: int
    close_us: int  # when two of them were last close
    closed: float = 1.0
    occasion_us: int = NEVER_US  # when the current one began
    bet_us: int = NEVER_US  # end of the last block with a bet
    pace: float = PACE
    occasion_sum: float = 0.0
    occasion_bets: int = 0
    recent: dict[str, tuple[int, int]] = field(
        default_factory=dict
    )  # object bet on within the hour -> when last, in which occasion
    n_objects: int = 0
    n_occasions: int = 0
    own: list[float] = field(default_factory=lambda: [0.0] * (N_SIZES * N_SHARES))  # its objects among the reference
    announced: list[int] = field(default_factory=list)  # members at the last alert; empty: never
    names: dict[str, str] = field(default_factory=dict)  # hash -> account id

    @property
    def e_value(self) -> float:
        return self.closed * (self.occasion_sum + 3.0**-self.occasion_bets)  # what is not yet staked of it stays

    def goes_on(self, begin_us: int) -> bool:
        """Whether what is bet on in the block that begins then belongs to the current occasion."""
        return begin_us - self.bet_us < NEAR_US and begin_us - self.occasion_us < HOUR_US

    def pace_at(self, begin_us: int) -> float:
        """How many times as frequent a share as high is supposed by chance in the block that begins then."""
        if self.goes_on(begin_us):
            return self.pace
        return PACE_AGAIN if begin_us - self.close_us < HOUR_US else PACE

    def may_bet_on(self, shared: int, begin_us: int) -> bool:
        """Not on an object that an earlier occasion of the last hour had."""
        last_us, occasion = self.recent.get(str(shared), (NEVER_US, 0))
        return begin_us - last_us >= HOUR_US or (self.goes_on(begin_us) and occasion == self.n_occasions)

    def bet(self, e: float, objects: list[int], begin_us: int, end_us: int) -> None:
        """The evidence of one block, from bets on these objects."""
        if not self.goes_on(begin_us):
            self.closed, self.pace = self.e_value, self.pace_at(begin_us)
            self.occasion_us, self.occasion_sum, self.occasion_bets = begin_us, 0.0, 0
            self.n_occasions += 1
        self.occasion_bets += 1
        self.occasion_sum += weight(self.occasion_bets) * e
        self.recent = {key: last for key, last in self.recent.items() if begin_us - last[0] < HOUR_US}
        now = dict.fromkeys(map(str, objects), (begin_us, self.n_occasions))
        self.n_objects += len(now.keys() - self.recent.keys())
        self.recent |= now
        self.bet_us = end_us

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Change:
    """What became of groups when a block was over."""

    merged: dict[str, list[str]]  # id -> ids that went into it
    crowded_out: int


def communities(pairs: Pairs, seed: int) -> list[NDArray[np.uint64]]:
    """Accounts that were close to each other on MEETINGS objects or more, as communities of LEAST_ACCOUNTS to MOST_ACCOUNTS."""
    if not len(pairs):
        return []
    key = np.lexsort((pairs.object, pairs.b, pairs.a))
    a, b, of = pairs.a[key], pairs.b[key], pairs.object[key]
    new_pair = np.ones(len(a), bool)
    new_pair[1:] = (a[1:] != a[:-1]) | (b[1:] != b[:-1])
    new_object = new_pair.copy()
    new_object[1:] |= of[1:] != of[:-1]
    number = np.cumsum(new_pair) - 1
    meetings = np.bincount(number[new_object], minlength=number[-1] + 1)
    kept = meetings >= MEETINGS
    one, other = a[new_pair][kept], b[new_pair][kept]
    if len(one) < LEAST_ACCOUNTS - 1:
        return []
    accounts, ends = np.unique(np.concatenate([one, other]), return_inverse=True)
    left, right = ends.reshape(2, -1).astype(np.int32)
    found = leiden(*ties(left, right, meetings[kept].astype(np.float64), len(accounts)), (1.0,), [seed])
    groups = [accounts[part] for parts in found for part in parts if LEAST_ACCOUNTS <= len(part) <= MOST_ACCOUNTS]
    return sorted(groups, key=lambda g: (-len(g), g.tolist()))


def renew(groups: list[Group], found: list[NDArray[np.uint64]], pairs: Pairs, now_us: int) -> Change:
    """Changes `groups`: each community goes on as the oldest group that it shares half of the smaller one's accounts with, or is born."""
    merged: dict[str, list[str]] = {}
    crowded_out = 0
    taken: set[str] = set()
    for community in found:
        accounts = {int(a) for a in community}
        alike = [
            g
            for g in groups
            if g.group_id not in taken
            and 2 * len(accounts.intersection(g.members)) >= min(len(accounts), len(g.members))
        ]
        if not alike and len(groups) >= MOST_GROUPS:
            crowded_out += 1
        elif not alike:
            groups.append(_born(sorted(accounts), pairs, now_us))
            taken.add(groups[-1].group_id)
        else:
            oldest = min(alike, key=lambda g: (g.born_us, g.group_id))
            others = [g for g in alike if g is not oldest]
            if others:
                _merge(oldest, others)
                merged[oldest.group_id] = sorted(g.group_id for g in others)
                groups[:] = [g for g in groups if g not in others]
            oldest.members = sorted(accounts)
            taken.add(oldest.group_id)
    return Change(merged, crowded_out)


def _born(members: list[int], pairs: Pairs, now_us: int) -> Group:
    """What made it a group is not evidence: it tells which reference objects are its own."""
    digest = blake2b(repr((now_us, members)).encode(), digest_size=5).hexdigest()
    group = Group(f"G{digest}", members, now_us, now_us)
    inside = np.isin(pairs.a, np.array(members, np.uint64)) & np.isin(pairs.b, np.array(members, np.uint64))
    own = pairs.only(inside)
    _, first = np.unique(
        np.stack([own.object, own.at_us.view(np.uint64) // np.uint64(60_000_000)]), axis=1, return_index=True
    )
    group.own = np.bincount(own.cell[first], minlength=N_SIZES * N_SHARES).astype(float).tolist()
    return group


def _merge(into: Group, others: list[Group]) -> None:
    """The mean of e-values is one, whatever depends on what."""
    into.closed = float(np.mean([g.e_value for g in (into, *others)]))
    into.occasion_us, into.bet_us, into.occasion_sum, into.occasion_bets = NEVER_US, NEVER_US, 0.0, 0
    into.close_us = max(g.close_us for g in (into, *others))
    into.recent = {key: (last[0], -1) for g in (into, *others) for key, last in g.recent.items()}
    into.own = np.sum([g.own for g in (into, *others)], axis=0).tolist()
    for other in others:
        into.names |= other.names
        if other.announced and not into.announced:
            into.announced = other.announced


def is_alive(group: Group, now_us: int) -> bool:
    return now_us - group.close_us < QUIET_US
