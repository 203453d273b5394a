"""One block of event time: what is usual on an object in it, what each group did, and who was close to whom. Pure functions."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from houselights.kernels import block_pairs
from houselights.watch.alerts.acts import Acts, one_object_each, starts_of

NEAR_US, CLOSE_US = 600_000_000, 60_000_000
BACK_US = CLOSE_US
"""A share is of the pairs whose later one came in the block or so long before it: an act of a minute lies in two blocks as a rule."""
MOST_SHARERS = 50
"""What more accounts share within minutes is a crowd's; scans test that (the cell test), alerts do not."""
SIZE_EDGES = np.array([3, 4, 6, 10, 20], np.int64)
N_SIZES = len(SIZE_EDGES) + 1
SHARE_EDGES = np.array([1e-9, 0.1, 0.25, 0.4, 0.55, 0.7, 0.85, 0.95])
N_SHARES = len(SHARE_EDGES) + 1


@dataclass(frozen=True)
class Pairs:
    """[n] close pairs of accounts: a < b, on which object, when the later one came, and which cell of the reference the object fell in."""

    a: NDArray[np.uint64]
    b: NDArray[np.uint64]
    object: NDArray[np.uint64]
    at_us: NDArray[np.int64]
    cell: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.at_us)

    def only(self, kept: NDArray[np.bool_]) -> "Pairs":
        return Pairs(self.a[kept], self.b[kept], self.object[kept], self.at_us[kept], self.cell[kept])

    def rows(self) -> NDArray[np.uint64]:
        return np.stack([self.a, self.b, self.object, self.at_us.view(np.uint64), self.cell.view(np.uint64)])

    @staticmethod
    def of_rows(rows: NDArray[np.uint64]) -> "Pairs":
        return Pairs(rows[0], rows[1], rows[2], rows[3].view(np.int64), rows[4].view(np.int64))

    @staticmethod
    def joined(parts: list["Pairs"]) -> "Pairs":
        if not parts:
            return Pairs.of_rows(np.empty((5, 0), np.uint64))
        return Pairs.of_rows(np.concatenate([p.rows() for p in parts], axis=1))


@dataclass(frozen=True)
class Block:
    """What came of a block: `usual` [N_SIZES, N_SHARES] counts objects; `cell` [objects]: where it counts each, -1 where not; `close`: the pairs;
    `in_pairs`: which events are in one, and the cell of the object of each of them."""

    events: Acts
    start: NDArray[np.int64]
    begin_us: int
    usual: NDArray[np.float64]
    cell: NDArray[np.int64]
    close: Pairs
    in_pairs: tuple[NDArray[np.int64], NDArray[np.int64]]


@dataclass(frozen=True)
class Shared:
    """[n] a group's part in an object of the block: how many of its members, what share of their near pairs is close, and the object's cell of
    the reference (all who share it), -1 where it has none."""

    group: NDArray[np.int64]
    object: NDArray[np.uint64]
    size: NDArray[np.int64]
    share: NDArray[np.float64]
    cell: NDArray[np.int64]


def look(acts: Acts, begin_us: int) -> Block:
    """`acts`: those of the block, which begins at begin_us, and of NEAR_US before it."""
    events, start = one_object_each(acts)
    n = np.diff(start)
    near, close = block_pairs.pairs_of_units(start, events.at_us, begin_us - BACK_US, NEAR_US, CLOSE_US)
    told = (near > 0) & (n <= MOST_SHARERS)
    cell = cell_of(n, close / np.maximum(near, 1))
    usual = np.bincount(cell[told], minlength=N_SIZES * N_SHARES).astype(np.float64).reshape(N_SIZES, N_SHARES)
    i, j = block_pairs.close_pairs(start, events.at_us, told, begin_us, CLOSE_US)
    one, other = events.account[i], events.account[j]
    unit = np.searchsorted(start, j, side="right") - 1
    pairs = Pairs(np.minimum(one, other), np.maximum(one, other), events.object[j], events.at_us[j], cell[unit])
    either = np.unique(np.concatenate([i, j]))
    cell_of_either = cell[np.searchsorted(start, either, side="right") - 1]
    return Block(events, start, begin_us, usual, np.where(told, cell, -1), pairs, (either, cell_of_either))


def cell_of(size: NDArray[np.int64], share: NDArray[np.float64]) -> NDArray[np.int64]:
    """Size class and share class of an object as one number."""
    return np.searchsorted(SIZE_EDGES, size, side="right") * N_SHARES + np.searchsorted(
        SHARE_EDGES, share, side="right"
    )


def shared_by_groups(block: Block, account: NDArray[np.uint64], group: NDArray[np.int64]) -> Shared:
    """`account`, `group`: [m] who belongs to which group, sorted by account; an account may belong to several."""
    sharers = np.diff(block.start)
    small = np.repeat(sharers <= MOST_SHARERS, sharers)
    events, cell = block.events.only(small), np.repeat(block.cell, sharers)[small]
    first = np.searchsorted(account, events.account, side="left")
    n = np.searchsorted(account, events.account, side="right") - first
    row = np.repeat(np.arange(len(events)), n)
    place = np.repeat(first, n) + np.arange(len(row)) - np.repeat(np.cumsum(n) - n, n)
    of_group = group[place]
    order = np.lexsort((events.at_us[row], events.object[row], of_group))
    row, of_group = row[order], of_group[order]
    new = np.ones(len(row), bool)
    new[1:] = (of_group[1:] != of_group[:-1]) | (events.object[row][1:] != events.object[row][:-1])
    start = starts_of(np.cumsum(new).astype(np.uint64))
    near, close = block_pairs.pairs_of_units(start, events.at_us[row], block.begin_us - BACK_US, NEAR_US, CLOSE_US)
    told = near > 0
    head = start[:-1][told]
    return Shared(
        of_group[head], events.object[row[head]], np.diff(start)[told], close[told] / near[told], cell[row[head]]
    )
