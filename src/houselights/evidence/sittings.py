"""Sittings: what one hour of two people explains counts once.

Who shares several things in one sitting (the parts of a thread, a digest, an evening of reposts) and sits down at the same moment as
somebody else, by chance or because both watch the same match, is close to them on every one of those things. So the hour is what
independence is assumed of: halves are drawn by hour, and all pairs of an hour make one observation of the test.

A burst does not heed the clock. What came at five to one suggests who is close, and what came at five past is close to it: the same burst would
confirm itself. So a pair counts for the test only where no post of it can be in a close pair of the half that suggested the group.
"""

from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

SITTING_US = 3_600_000_000
"""Longer than most sittings, and short enough for days of data to hold many."""
MIN_SITTINGS = 3
"""Hours of a half that a group must share something in: fewer are an occasion or two."""

Floats = NDArray[np.float64]


def of_times(at_us: NDArray[np.int64]) -> NDArray[np.int64]:
    """[n] number of the hour since 1970 that each moment lies in."""
    return np.asarray(at_us // SITTING_US)


def in_half_a(sitting: NDArray[np.int64], seed: int) -> NDArray[np.bool_]:
    """[n] half A or half B, by keyed hash of (seed, sitting)."""
    if not len(sitting):
        return np.empty(0, np.bool_)
    first = int(sitting.min())
    present = np.zeros(int(sitting.max()) - first + 1, dtype=np.bool_)
    present[sitting - first] = True
    drawn = np.zeros(len(present), dtype=np.bool_)
    for hour in np.flatnonzero(present).tolist():
        drawn[hour] = blake2b(f"{seed}/{first + hour}".encode(), digest_size=1).digest()[0] & 1
    return drawn[sitting - first]


@dataclass(frozen=True)
class Surroundings:
    """[h] hours that hold something, sorted; time from the end of the last one of the other half to the begin of each, and from the end of each
    to the begin of the next one of the other half."""

    hour: NDArray[np.int64]
    since_us: NDArray[np.int64]
    until_us: NDArray[np.int64]

    @staticmethod
    def of(sitting: NDArray[np.int64], in_a: NDArray[np.bool_]) -> "Surroundings":
        """sitting, in_a: [n] hour of each event, and its half."""
        first = int(sitting.min()) if len(sitting) else 0
        place = sitting - first
        drawn = np.zeros((2, int(place.max(initial=0)) + 1), np.bool_)  # whether an hour is there, and in half A
        drawn[0, place], drawn[1, place] = True, in_a
        hour = np.flatnonzero(drawn[0])
        half, hour = drawn[1, hour], hour + first
        since, until = np.full(len(hour), _FAR_US), np.full(len(hour), _FAR_US)
        for mine in (True, False):
            own, others = np.flatnonzero(half == mine), hour[half != mine]
            if not len(others):
                continue
            after = np.searchsorted(others, hour[own])
            known = after > 0
            since[own[known]] = (hour[own[known]] - others[after[known] - 1] - 1) * SITTING_US
            known = after < len(others)
            until[own[known]] = (others[after[known]] - hour[own[known]] - 1) * SITTING_US
        return Surroundings(hour, since, until)

    def are_clear(self, at_us: NDArray[np.int64], sitting: NDArray[np.int64], window_us: int) -> NDArray[np.bool_]:
        """[n] whether the other half lies more than a window before, and more than a window after, each of these moments."""
        of = np.searchsorted(self.hour, sitting)
        into_us = at_us - sitting * SITTING_US
        return (self.since_us[of] + into_us >= window_us) & (self.until_us[of] + SITTING_US - into_us > window_us)


_FAR_US = np.int64(2**61)


def numbered(values: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(distinct values, sorted; which of them each is)."""
    low, high = (int(values.min()), int(values.max())) if len(values) else (0, 0)
    if high - low > 8 * len(values) + 1000:
        return np.unique(values, return_inverse=True)  # the same, by sorting
    present = np.zeros(high - low + 1, dtype=np.bool_)
    present[values - low] = True
    return np.flatnonzero(present) + low, (np.cumsum(present) - 1)[values - low]


def once_each(
    which: NDArray[np.int64], share: Floats, chance: Floats, weight: Floats, spread: Floats
) -> tuple[Floats, Floats, Floats, Floats]:
    """(share, chance, weight, spread) of every sitting from those of its rows: weighted means, and the root of the summed squared weights.
    which: the number of each row's sitting, none of them without a row (`numbered`).

    A mean of shares in [0, 1] lies there too, and its standard deviation is at most the mean of theirs, whatever the parts
    have to do with each other: that is all that the tail bound asks.
    """
    total = np.bincount(which, weight)
    mean = np.clip(np.bincount(which, weight * chance) / total, 1e-9, 1 - 1e-9)
    sd = np.bincount(which, weight * np.sqrt(spread * chance * (1 - chance))) / total
    return (
        np.bincount(which, weight * share) / total,
        mean,
        np.sqrt(np.bincount(which, weight**2)),
        np.minimum(1.0, sd**2 / (mean * (1 - mean))),
    )


def mean_of_each(which: NDArray[np.int64], value: Floats, weight: Floats) -> Floats:
    """Weighted mean of every sitting, in the order of `once_each`."""
    return np.asarray(np.bincount(which, weight * value) / np.bincount(which, weight))


def once_each_account(
    account: NDArray[np.int32] | NDArray[np.int64],
    sitting: NDArray[np.int64],
    share: Floats,
    chance: Floats,
    weight: Floats,
    spread: Floats,
) -> tuple[NDArray[np.int64], Floats, Floats, Floats, Floats]:
    """(account, share, chance, weight, spread) of every sitting of every account, sorted by account: `once_each` for many at once."""
    hours, hour = numbered(sitting)
    pairs, which = numbered(account * np.int64(len(hours)) + hour)
    return (pairs // max(1, len(hours)), *once_each(which, share, chance, weight, spread))
