"""How often are two accounts that were close close again, and how soon? What PACES (watch/alerts) were set from, on campaign-free simulated worlds.

    python benchmarks/watch/again.py [--worlds 4] [--lookalikes]

Of pairs of accounts that share two objects, each within ten minutes: the share that is within 60 s on the second, by the time between the two and by
whether they were within 60 s on the first; and the odds of it against those of all pairs.
"""

import argparse
import itertools

import duckdb
import false_alerts
import numpy as np
from numpy.typing import NDArray

from houselights.watch.alerts import block
from houselights.watch.alerts.acts import Acts, one_object_each

GAPS_MIN = ((0, 10), (10, 60), (60, 360), (360, 4320))


def near_pairs(acts: Acts) -> tuple[NDArray[np.uint64], NDArray[np.int64], NDArray[np.bool_]]:
    """[2, n] accounts, [n] when the later one came, whether they were close; sorted by pair and time."""
    events, start = one_object_each(acts)
    parts = []
    for first, end in itertools.pairwise(start.tolist()):
        if end - first > block.MOST_SHARERS:
            continue
        at, account = events.at_us[first:end], events.account[first:end]
        i, j = np.triu_indices(end - first, 1)
        near = at[j] - at[i] <= block.NEAR_US
        i, j = i[near], j[near]
        pair = np.sort(np.stack([account[i], account[j]]), axis=0)
        parts.append((pair, at[j], at[j] - at[i] <= block.CLOSE_US))
    pair, at, close = (np.concatenate([p[k] for p in parts], axis=-1) for k in range(3))
    order = np.lexsort((at, pair[1], pair[0]))
    return pair[:, order], at[order], close[order]


def odds(share: float) -> float:
    return share / max(1.0 - share, 1e-9)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--worlds", type=int, default=4)
    parser.add_argument("--lookalikes", action="store_true")
    told = parser.parse_args()
    world = {
        "campaigns": False,
        "accounts": 2500,
        "speed_sd": 1.0,
        "lookalikes": told.lookalikes,
        "posts": 30,
        "days": 3,
    }
    con = duckdb.connect()
    con.execute("SET TimeZone = 'UTC'")
    for seed in range(901, 901 + told.worlds):
        pair, at, close = near_pairs(false_alerts.acts_of(false_alerts.world_of(world, seed), con))
        same = (pair[:, 1:] == pair[:, :-1]).all(axis=0)
        gap_min = np.diff(at) / 60e6
        for low, high in GAPS_MIN:
            here = same & (gap_min >= low) & (gap_min < high)
            for was in (True, False):
                of = here & (close[:-1] == was)
                n, again = int(of.sum()), int((of & close[1:]).sum())
                times = odds(again / max(n, 1)) / odds(close.mean())
                print(
                    f"seed {seed}, {low} to {high} minutes after {'close' if was else 'not close'}: "
                    f"{again} of {n} close; {times:.2f} times the usual odds"
                )


if __name__ == "__main__":
    main()
