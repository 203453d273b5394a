"""Who was close to somebody, on what and when, so that two who meet again are known long after they first met.

Acts are remembered, not pairs: an object of fifty sharers takes fifty rows instead of 1,225. They lie in runs, each of some blocks that follow each
other; small neighbours are merged, so that few are searched, and the oldest run is let go as a whole.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from houselights.kernels import meetings
from houselights.watch.alerts.block import CLOSE_US, Pairs

MOST_ACTS = 4_000_000
"""That are remembered (100 MB), of 14 days at most, or of a shorter horizon."""
MOST_OF_A_RUN = MOST_ACTS // 16
MOST_OF_AN_ACCOUNT = 300
"""Acts in one run: who is in more than that meets everybody, and a meeting says nothing."""


@dataclass(frozen=True)
class Run:
    """[n] acts that were close to another, sorted by (account, object, at); cell: where the object fell in the reference."""

    account: NDArray[np.uint64]
    object: NDArray[np.uint64]
    at_us: NDArray[np.int64]
    cell: NDArray[np.int8]

    def __len__(self) -> int:
        return len(self.at_us)

    @staticmethod
    def of(
        account: NDArray[np.uint64], objects: NDArray[np.uint64], at_us: NDArray[np.int64], cell: NDArray[np.int64]
    ) -> "Run":
        order = np.lexsort((at_us, objects, account))
        return Run(account[order], objects[order], at_us[order], cell[order].astype(np.int8))

    def joined(self, later: "Run", since_us: int) -> "Run":
        """Each act from `since_us` on, once: one that was close to two lies in the block of either."""
        both = Run.of(*(np.concatenate([getattr(r, name) for r in (self, later)]) for name in _COLUMNS))
        new = np.ones(len(both), bool)
        new[1:] = (np.diff(both.account) != 0) | (np.diff(both.object) != 0) | (np.diff(both.at_us) != 0)
        new &= both.at_us >= since_us
        return Run(both.account[new], both.object[new], both.at_us[new], both.cell[new])

    def rows(self) -> NDArray[np.uint64]:
        columns = (self.account, self.object, self.at_us.view(np.uint64), self.cell.astype(np.uint64))
        return np.stack(columns)

    @staticmethod
    def of_rows(rows: NDArray[np.uint64]) -> "Run":
        return Run(rows[0], rows[1], rows[2].view(np.int64), rows[3].astype(np.int8))


_COLUMNS = ("account", "object", "at_us", "cell")


@dataclass
class Met:
    """`runs`: the oldest first."""

    runs: list[Run] = field(default_factory=list)

    def add(self, acts: Run, since_us: int) -> None:
        """The acts of a block. Forgets what is older than `since_us`, and what is too much."""
        if len(acts):
            self.runs.append(acts)
        while len(self.runs) > 1 and len(self.runs[-2]) < 2 * len(self.runs[-1]):
            if len(self.runs[-2]) + len(self.runs[-1]) > MOST_OF_A_RUN:
                break
            later = self.runs.pop()
            self.runs[-1] = self.runs[-1].joined(later, since_us)
        total = sum(len(r) for r in self.runs)
        while self.runs and (total > MOST_ACTS or int(self.runs[0].at_us.max(initial=since_us - 1)) < since_us):
            total -= len(self.runs.pop(0))

    def again(self, close: Pairs, since_us: int) -> Pairs:
        """Of these pairs those that met before on another object, from `since_us` on, and each run's last meeting of them."""
        repeated = np.zeros(len(close), bool)
        found = []
        for run in self.runs:
            last = meetings.last_meetings(
                run.account,
                run.object,
                run.at_us,
                close.a,
                close.b,
                close.object,
                since_us,
                CLOSE_US,
                MOST_OF_AN_ACCOUNT,
            )
            then, row = last >= 0, last[last >= 0]
            repeated |= then
            found.append(
                Pairs(close.a[then], close.b[then], run.object[row], run.at_us[row], run.cell[row].astype(np.int64))
            )
        return Pairs.joined([*found, close.only(repeated)])
