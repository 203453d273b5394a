"""The clock of a stream: how far event time has come, row by row, in their order of arrival.

No single account moves it: where the source stamps posts itself, the clock is the latest of min(what the author says, what the
source says); where it does not, it is the time that `K_ACCOUNTS` different accounts have reached. So one machine with a date of next
year makes nobody else late.
"""

import numpy as np
from numpy.typing import NDArray

from houselights.kernels.compiled import compiled

K_ACCOUNTS = 5
UNSET_US = np.iinfo(np.int64).min


@compiled
def advance(
    at_us: NDArray[np.int64],
    stamped_us: NDArray[np.int64],
    account: NDArray[np.uint64],
    part: NDArray[np.int64],
    counts: NDArray[np.bool_],
    leaders: NDArray[np.uint64],
    leader_us: NDArray[np.int64],
    server_us: NDArray[np.int64],
) -> NDArray[np.int64]:
    """[n] the clock of the row's part after each row, UNSET_US while it has none.

    at_us, stamped_us (UNSET_US: the source gives no stamp), account (hash), part (0..P-1), counts (whether the row may move the clock): [n].
    leaders, leader_us [P, K]: the K accounts that are furthest and where they are; server_us [P]: both change in place.
    """
    out = np.empty(len(at_us), np.int64)
    for i in range(len(at_us)):
        p = part[i]
        if counts[i]:
            if stamped_us[i] != UNSET_US:
                server_us[p] = max(server_us[p], min(at_us[i], stamped_us[i]))
            else:
                least, place = 0, -1
                for k in range(K_ACCOUNTS):
                    if leader_us[p, k] != UNSET_US and leaders[p, k] == account[i]:
                        place = k
                    if leader_us[p, k] < leader_us[p, least]:
                        least = k
                if place < 0:
                    place = least
                if at_us[i] > leader_us[p, place]:
                    leaders[p, place], leader_us[p, place] = account[i], at_us[i]
        slowest = leader_us[p, 0]
        for k in range(1, K_ACCOUNTS):
            slowest = min(slowest, leader_us[p, k])
        out[i] = max(slowest, server_us[p])
    return out
