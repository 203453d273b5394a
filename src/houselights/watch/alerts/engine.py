"""Blocks of event time, one after the other: bets of the groups that were fixed before, what is usual, and the groups for the next block.

Everything here is a function of the acts and of what was known before; nothing is read or written.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from houselights.watch.alerts import block, evidence, groups
from houselights.watch.alerts.acts import Acts
from houselights.watch.alerts.block import N_SHARES, N_SIZES, Block, Pairs, Shared
from houselights.watch.alerts.groups import Change, Group
from houselights.watch.alerts.met import Met, Run

MEMORY_US = 14 * 24 * 3_600_000_000
MOST_PAIRS = 1_000_000
"""Close pairs that met again and are remembered, of 14 days at most, or of a shorter horizon; beyond it the oldest blocks go."""
HALF_LIFE_US = 24 * 3_600_000_000
"""After each, what is usual counts half."""


@dataclass(frozen=True)
class Standing:
    """[groups] whether it is alive, whether it passes; the evidence that takes; over how many groups, those that are gone counted."""

    alive: NDArray[np.bool_]
    found: NDArray[np.bool_]
    threshold: float
    n_tested: int


@dataclass
class Engine:
    """`usual` [N_SIZES, N_SHARES]: reference objects; `met`: who was close to somebody in the last `memory_us`; `pairs`: of each of its blocks
    the pairs that met again, with the meeting before, the oldest block first; `gone`: when groups that had bet died, or went into another."""

    block_us: int
    seed: int
    memory_us: int = MEMORY_US
    usual: NDArray[np.float64] = field(default_factory=lambda: np.zeros((N_SIZES, N_SHARES)))
    groups: list[Group] = field(default_factory=list)
    met: Met = field(default_factory=Met)
    pairs: list[Pairs] = field(default_factory=list)
    gone: list[int] = field(default_factory=list)
    aged_us: int | None = None

    def step(self, acts: Acts, begin_us: int) -> tuple[Change, Pairs]:
        """One block, which begins at begin_us; `acts`: at least its own and those of NEAR_US before it. Returns what became of the groups, and
        the block's pairs that met again."""
        end_us = begin_us + self.block_us
        seen = block.look(acts.only((acts.at_us >= begin_us - block.NEAR_US) & (acts.at_us < end_us)), begin_us)
        self._age(end_us)
        self._bet(seen, begin_us, end_us)
        self.usual = self.usual + seen.usual
        either, cell = seen.in_pairs
        of = seen.events
        since_us = end_us - self.memory_us
        self.met.add(Run.of(of.account[either], of.object[either], of.at_us[either], cell), since_us)
        again = self.met.again(seen.close, since_us)
        self._remember(again, end_us)
        if not len(again):
            return Change({}, 0), again
        everything = Pairs.joined(self.pairs)
        found = groups.communities(everything, self.seed)
        change = groups.renew(self.groups, found, everything, self._worth, end_us)
        self.gone += [end_us] * change.n_gone
        return change, again

    def standing(self, end_us: int, q: float) -> Standing:
        """Which groups are alive, and which of them pass e-BH over those that have bet. Those that have bet and died since are counted too: groups
        that are not close die, and to count survivors alone would be to choose by what is tested. Whether a group bets is decided by how many
        of its members share something, so those that have not bet need not be counted."""
        alive = np.array([groups.is_alive(g, end_us) for g in self.groups], bool)
        tested = alive & np.array([g.n_bets > 0 for g in self.groups], bool)
        found = np.zeros(len(alive), bool)
        e = np.array([g.e_value for g in self.groups], float)
        self.gone = [us for us in self.gone if end_us - us < self.memory_us]
        found[tested], threshold = evidence.discovered(e[tested], q, len(self.gone))
        return Standing(alive, found, threshold, int(tested.sum()) + len(self.gone))

    def bury(self, alive: NDArray[np.bool_], end_us: int) -> None:
        self.gone += [end_us for g, lives in zip(self.groups, alive, strict=True) if not lives and g.n_bets]
        self.groups = [g for g, lives in zip(self.groups, alive, strict=True) if lives]

    def _bet(self, seen: Block, begin_us: int, end_us: int) -> None:
        """Groups that were fixed before the block."""
        if not self.groups:
            return
        members = [g.betting if g.bets_in(begin_us) else g.members for g in self.groups]
        sizes = [len(m) for m in members]
        account = np.concatenate([np.array(m, np.uint64) for m in members])
        group = np.repeat(np.arange(len(sizes)), sizes)
        order = np.argsort(account, kind="stable")
        shared = block.shared_by_groups(seen, account[order], group[order])
        self._take(shared, np.array(sizes), begin_us, end_us)

    def _take(self, shared: Shared, sizes: NDArray[np.int64], begin_us: int, end_us: int) -> None:
        own = np.array([g.own for g in self.groups]).reshape(-1, N_SIZES, N_SHARES)
        usual = np.maximum(self.usual[None] - own[shared.group], 0.0)
        keys = [str(on) for on in shared.object.tolist()]
        waited = [self.groups[g].pending.get(key, evidence.PACE) for g, key in zip(shared.group, keys, strict=True)]
        e = evidence.e_values(shared.size, shared.share, usual, np.array(waited))
        enough = shared.size * evidence.LEAST_PART >= sizes[shared.group]
        for g in np.unique(shared.group).tolist():
            rows, group = np.flatnonzero(shared.group == g).tolist(), self.groups[g]
            group.saw([int(shared.object[i]) for i in rows if keys[i] in group.recent], end_us)
            if group.bets_in(begin_us):
                bets = [i for i in rows if keys[i] in group.pending and not np.isnan(e[i])]
                group.bet(e[bets].tolist(), shared.object[bets].tolist(), end_us)
            else:
                new = shared.object[[i for i in rows if enough[i]]].tolist()
                pace = evidence.pace(begin_us - group.close_us)
                group.wait([on for on in new if group.may_bet_on(on, begin_us)], pace, end_us)
            if (shared.share[rows] > 0).any():
                group.close_us = end_us
            for cell in shared.cell[rows]:
                if cell >= 0:
                    group.own[cell] += 1.0

    def _age(self, end_us: int) -> None:
        self.aged_us = end_us if self.aged_us is None else self.aged_us
        while end_us - self.aged_us >= HALF_LIFE_US:
            self.aged_us += HALF_LIFE_US
            self.usual = self.usual * 0.5
            for g in self.groups:
                g.own = [x * 0.5 for x in g.own]

    def _worth(self, pairs: Pairs) -> NDArray[np.float64]:
        """[pairs] what the object counts in `usual` now, about, at its first pair of a block; 0 at the others."""
        key = np.stack([pairs.object, (pairs.at_us // self.block_us).view(np.uint64)])
        _, first = np.unique(key, axis=1, return_index=True)
        halved = -(-((self.aged_us or 0) - pairs.at_us[first]) // HALF_LIFE_US)
        worth = np.zeros(len(pairs))
        worth[first] = 0.5 ** np.maximum(halved, 0)
        return worth

    def _remember(self, again: Pairs, end_us: int) -> None:
        if len(again):
            self.pairs.append(again)
        total = sum(len(p) for p in self.pairs)
        while self.pairs and (total > MOST_PAIRS or int(self.pairs[0].at_us.max()) < end_us - self.memory_us):
            total -= len(self.pairs.pop(0))
