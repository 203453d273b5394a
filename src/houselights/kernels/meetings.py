"""Where two accounts met before: close on another object, in a memory of who was close to somebody on what and when.

The memory holds n acts sorted by (account, object).
"""

import numpy as np
from numpy.typing import NDArray

from houselights.kernels.compiled import compiled


@compiled
def last_meetings(
    account: NDArray[np.uint64],
    of: NDArray[np.uint64],
    at_us: NDArray[np.int64],
    one: NDArray[np.uint64],
    other: NDArray[np.uint64],
    now_of: NDArray[np.uint64],
    since_us: int,
    close_us: int,
    most_acts: int,
) -> NDArray[np.int64]:
    """[pairs] row of the later act of the last meeting of `one` and `other` on another object than `now_of`, from `since_us` on; -1 where there
    is none, or where one of them has more than `most_acts` rows. account, of, at_us: [n]."""
    out = np.full(len(one), -1, np.int64)
    for k in range(len(one)):
        i = np.searchsorted(account, one[k])
        j = np.searchsorted(account, other[k])
        i_end, j_end = i, j
        while i_end < len(account) and account[i_end] == one[k] and i_end - i <= most_acts:
            i_end += 1
        while j_end < len(account) and account[j_end] == other[k] and j_end - j <= most_acts:
            j_end += 1
        if i_end - i > most_acts or j_end - j > most_acts:
            continue
        p, q = i_end - 1, j_end - 1  # backwards: of an object the first that is found is the last meeting
        while p >= i and q >= j:
            if of[p] > of[q]:
                p -= 1
            elif of[p] < of[q]:
                q -= 1
            else:
                later = p if at_us[p] >= at_us[q] else q
                apart = abs(at_us[p] - at_us[q])
                is_new = at_us[later] - apart >= since_us and (out[k] < 0 or at_us[later] > at_us[out[k]])
                if of[p] != now_of[k] and apart <= close_us and is_new:
                    out[k] = later
                if at_us[p] >= at_us[q]:
                    p -= 1
                else:
                    q -= 1
    return out
