"""The clock of a stream: how far event time has come, row by row, in their order of arrival.

No few accounts move it: where the source stamps posts itself, the clock is the latest of min(what the author says, what the source
says); where it does not, it is the latest median over the `K_ACCOUNTS` different accounts that posted last. So machines with a date of
next year make nobody else late, as long as they are fewer than half.
"""

import numpy as np
from numpy.typing import NDArray

from houselights.kernels.compiled import compiled

K_ACCOUNTS = 15
LEAST_ACCOUNTS = 5  # before so many have posted there is no clock
UNSET_US = np.iinfo(np.int64).min


@compiled
def advance(
    at_us: NDArray[np.int64],
    stamped_us: NDArray[np.int64],
    account: NDArray[np.uint64],
    part: NDArray[np.int64],
    counts: NDArray[np.bool_],
    last: NDArray[np.uint64],
    last_us: NDArray[np.int64],
    last_row: NDArray[np.int64],
    now_us: NDArray[np.int64],
) -> NDArray[np.int64]:
    """[n] the clock of the row's part after each row, UNSET_US while it has none.

    at_us, stamped_us (UNSET_US: the source gives no stamp), account (hash), part (0..P-1), counts (whether the row may move the clock): [n].
    last, last_us, last_row [P, K]: the accounts that posted last, when by what they say, and in which order (0: a free place); now_us [P]:
    the clocks. All four change in place.
    """
    out = np.empty(len(at_us), np.int64)
    for i in range(len(at_us)):
        p = part[i]
        if counts[i]:
            if stamped_us[i] != UNSET_US:
                now_us[p] = max(now_us[p], min(at_us[i], stamped_us[i]))
            else:
                place, newest = 0, 0
                for k in range(K_ACCOUNTS):
                    if last_row[p, k] < last_row[p, place]:
                        place = k
                    newest = max(newest, last_row[p, k])
                for k in range(K_ACCOUNTS):
                    if last_row[p, k] > 0 and last[p, k] == account[i]:
                        place = k
                last[p, place], last_us[p, place], last_row[p, place] = account[i], at_us[i], newest + 1
                known = np.sort(last_us[p][last_row[p] > 0])
                if len(known) >= LEAST_ACCOUNTS:
                    now_us[p] = max(now_us[p], known[(len(known) - 1) // 2])
        out[i] = now_us[p]
    return out
