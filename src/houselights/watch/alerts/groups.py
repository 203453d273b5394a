"""Groups of accounts that were close before: born, fed with evidence, grown, merged, faded. Ids stay."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

from houselights.evidence.communities import leiden, ties
from houselights.watch.alerts.block import N_SHARES, N_SIZES, Pairs
from houselights.watch.alerts.evidence import HOUR_US, MOST_EVIDENCE, PACE

LEAST_ACCOUNTS = 5
MOST_ACCOUNTS = 500
MOST_GROUPS = 2_000
MEETINGS = 2
"""Different objects on which two accounts must have been close before they are tied."""
QUIET_US = 3 * 24 * 3_600_000_000
"""A group that was not close for so long is no longer alive."""
NEVER_US = -(2**62)
Worth = Callable[[Pairs], NDArray[np.float64]]


@dataclass
class Group:
    """`members`: sorted hashes."""

    group_id: str
    members: list[int]
    born_us: int
    close_us: int  # when two of them were last close
    e_value: float = 1.0
    n_bets: int = 0  # objects; one may come again after an hour
    n_blocks: int = 0  # with a bet
    recent: dict[str, int] = field(default_factory=dict)  # object that is not bet on again -> when it was last shared
    pending: dict[str, float] = field(default_factory=dict)  # object that is bet on in the next block -> pace
    pending_us: int = NEVER_US  # when that block begins
    betting: list[int] = field(default_factory=list)  # the members that it is about
    own: list[float] = field(default_factory=lambda: [0.0] * (N_SIZES * N_SHARES))  # its objects among the reference
    announced: list[int] = field(default_factory=list)  # members at the last alert; empty: never
    names: dict[str, str] = field(default_factory=dict)  # hash -> account id

    def may_bet_on(self, shared: int, begin_us: int) -> bool:
        """In the block that begins then."""
        return begin_us - self.recent.get(str(shared), NEVER_US) >= HOUR_US

    def bets_in(self, begin_us: int) -> bool:
        """Whether the block that begins then is the one that was waited for."""
        return bool(self.pending) and self.pending_us == begin_us

    def wait(self, objects: list[int], pace: float, next_us: int) -> None:
        """Bets on these in the next block, when most of an act has come; who they are about and at which pace is fixed now."""
        self.pending = {str(shared): pace for shared in objects}
        self.pending_us, self.betting = next_us, list(self.members) if objects else []

    def bet(self, e: list[float], objects: list[int], at_us: int) -> None:
        """What was waited for has come: the bets on these objects, or none."""
        if e:
            self.e_value = min(self.e_value * float(np.mean(e)), MOST_EVIDENCE)
            self.n_bets += len(e)
            self.n_blocks += 1
            self.saw(objects, at_us)
        self.wait([], PACE, NEVER_US)

    def saw(self, objects: list[int], at_us: int) -> None:
        """Members shared these: bet on, or what made them members."""
        self.recent = {key: us for key, us in self.recent.items() if at_us - us < HOUR_US}
        for shared in objects:
            self.recent[str(shared)] = max(at_us, self.recent.get(str(shared), NEVER_US))

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Change:
    """What became of groups when a block was over."""

    merged: dict[str, list[str]]  # id -> ids that went into it
    n_gone: int  # of those, how many had bet


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


def renew(groups: list[Group], found: list[NDArray[np.uint64]], pairs: Pairs, worth: Worth, now_us: int) -> Change:
    """Changes `groups`: each community goes on as the oldest group that it shares half of the smaller one's accounts with, or is born.

    `worth`: what the objects of pairs count among the reference today.
    """
    merged: dict[str, list[str]] = {}
    n_gone = 0
    taken: set[str] = set()
    late = pairs.only(pairs.at_us > now_us - HOUR_US)
    for community in found:
        accounts = {int(a) for a in community}
        alike = [
            g
            for g in groups
            if g.group_id not in taken
            and 2 * len(accounts.intersection(g.members)) >= min(len(accounts), len(g.members))
        ]
        if not alike and len(groups) >= MOST_GROUPS:
            continue
        if not alike:
            groups.append(_born(sorted(accounts), pairs, worth, now_us))
            group = groups[-1]
        else:
            group = min(alike, key=lambda g: (g.born_us, g.group_id))
            others = [g for g in alike if g is not group]
            if others:
                _merge(group, others)
                merged[group.group_id] = sorted(g.group_id for g in others)
                n_gone += sum(g.n_bets > 0 for g in others)
                groups[:] = [g for g in groups if g not in others]
        taken.add(group.group_id)
        if sorted(accounts) != group.members or group.born_us == now_us:
            _now_has(group, sorted(accounts), late)
    return Change(merged, n_gone)


def _born(members: list[int], pairs: Pairs, worth: Worth, now_us: int) -> Group:
    """What made it a group is not evidence: it tells which reference objects are its own."""
    digest = blake2b(repr((now_us, members)).encode(), digest_size=5).hexdigest()
    group = Group(f"G{digest}", members, now_us, now_us)
    own = pairs.only(_inside(members, pairs))
    group.own = np.bincount(own.cell, worth(own), N_SIZES * N_SHARES).tolist()
    return group


def _now_has(group: Group, members: list[int], late: Pairs) -> None:
    """What made newcomers members is no evidence either: nobody bets on it, and the group counts as close then."""
    group.members = members
    group.names = {m: name for m, name in group.names.items() if int(m) in set(members)}
    inside = late.only(_inside(members, late))
    for at_us in np.unique(inside.at_us).tolist():
        group.saw(inside.object[inside.at_us == at_us].tolist(), at_us)
    group.close_us = max([group.close_us, *inside.at_us.tolist()])


def _inside(members: list[int], pairs: Pairs) -> NDArray[np.bool_]:
    of = np.array(members, np.uint64)
    return np.isin(pairs.a, of) & np.isin(pairs.b, of)


def _merge(into: Group, others: list[Group]) -> None:
    """The mean of e-values is one, whatever depends on what."""
    all_ = (into, *others)
    into.e_value = float(np.mean([g.e_value for g in all_]))
    into.n_bets, into.n_blocks = sum(g.n_bets for g in all_), sum(g.n_blocks for g in all_)
    into.close_us = max(g.close_us for g in all_)
    into.wait([], PACE, NEVER_US)
    into.own = np.sum([g.own for g in all_], axis=0).tolist()
    for other in others:
        into.recent = {
            key: max(into.recent.get(key, NEVER_US), other.recent.get(key, NEVER_US))
            for key in into.recent.keys() | other.recent.keys()
        }
        into.names |= other.names
        if other.announced and not into.announced:
            into.announced = other.announced


def is_alive(group: Group, now_us: int) -> bool:
    return now_us - group.close_us < QUIET_US
