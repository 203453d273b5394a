"""A candidate group and what the confirming half says of it, whichever channel asked."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from houselights.core import stats

GROUP_EFFECT_SD = 0.3
"""Organic groups differ in how fast they share (logit scale)."""


@dataclass(frozen=True)
class Tested:
    """One hypothesis: this group, this window, this direction. `observed`, `expected`: objects' worth of close pairs."""

    channel: str
    accounts: NDArray[np.int64]  # account codes, sorted
    window_us: int
    confirm_in_a: bool
    units: NDArray[np.int64]  # units of the confirming half that at least two members share
    n_sittings: int
    observed: float
    expected: float
    p_value: float
    from_data_0_1: float
    retest: Callable[[NDArray[np.int64]], float]
    """p-value without these units."""


@dataclass(frozen=True)
class Confirmed:
    tested: Tested
    q_value: float  # compares with the q of the run
    passing_p: float  # the largest p-value that would have been a discovery beside the others
    alone_p: float  # and as the only one

    def like(self, again: Tested) -> "Confirmed":
        """The same discovery with another p-value of the same family."""
        factor = again.p_value / max(self.tested.p_value, 1e-300)
        return Confirmed(again, self.q_value * factor, self.passing_p, self.alone_p)


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
        alone_p = q / (len(mine) * scale)
        passing_p = alone_p * int((q_values <= q).sum())
        out += [Confirmed(t, float(v), passing_p, alone_p) for t, v in zip(mine, q_values, strict=True) if v <= q]
    return out
