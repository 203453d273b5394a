"""A candidate group and what the confirming half says of it, whichever channel asked."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from houselights.core import stats


class Retest(Protocol):
    def __call__(self, units_left_out: NDArray[np.int64]) -> float: ...


@dataclass(frozen=True)
class Tested:
    """One hypothesis: this group, this window, this direction. `observed`, `expected`: objects' worth of close pairs."""

    channel: str
    accounts: NDArray[np.int64]  # account codes, sorted
    window_us: int
    confirm_in_a: bool
    n_objects: int
    observed: float
    expected: float
    p_value: float  # already times the number of windows
    from_data_0_1: float
    retest: Retest


@dataclass(frozen=True)
class Confirmed:
    tested: Tested
    q_value: float


def discoveries(tested: list[Tested], q: float, round_: int) -> list[Confirmed]:
    """Benjamini-Hochberg per direction at q/2, spent over rounds as q / 2^round.

    The returned q-value is scaled back to q: it compares with q itself.
    """
    out = []
    for direction in (True, False):
        mine = [t for t in tested if t.confirm_in_a == direction]
        if not mine:
            continue
        scale = 2.0 * 2.0**round_
        q_values = stats.q_values(np.array([t.p_value for t in mine])) * scale
        out += [Confirmed(t, float(v)) for t, v in zip(mine, q_values, strict=True) if v <= q]
    return out


@dataclass(frozen=True)
class Merged:
    """Confirmed groups that are mostly the same accounts, found from two directions, several windows or channels."""

    accounts: NDArray[np.int64]
    parts: tuple[Confirmed, ...]

    @property
    def best(self) -> Confirmed:
        return min(self.parts, key=lambda c: (c.q_value, c.tested.p_value, c.tested.window_us, c.tested.confirm_in_a))


MERGE_OVERLAP_0_1 = 0.5
"""Share of the smaller group's accounts that lie in the larger one."""


def merge(confirmed: list[Confirmed]) -> list[Merged]:
    """Groups of overlapping findings, strongest first. Each is true as soon as one of its parts is."""
    pools: list[tuple[set[int], list[Confirmed]]] = []
    for c in sorted(confirmed, key=lambda c: (-len(c.tested.accounts), c.q_value, c.tested.accounts.tolist())):
        accounts = set(c.tested.accounts.tolist())
        home = [p for p in pools if len(p[0] & accounts) >= MERGE_OVERLAP_0_1 * min(len(p[0]), len(accounts))]
        for p in home[1:]:
            home[0][0].update(p[0])
            home[0][1].extend(p[1])
            pools.remove(p)
        if home:
            home[0][0].update(accounts)
            home[0][1].append(c)
        else:
            pools.append((accounts, [c]))
    merged = [Merged(np.array(sorted(a), dtype=np.int64), tuple(parts)) for a, parts in pools]
    return sorted(merged, key=lambda m: (m.best.q_value, m.best.tested.p_value, m.accounts.tolist()))
