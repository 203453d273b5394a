"""How soon is a planted group alerted? The acts of a firehose of 1,000 posts a second, made at once as arrays, through the alert engine block
by block: what `watch` does after its frames are read.

    python benchmarks/watch/planted.py --every 1200 3660 --seeds 1 2 3

The group: 20 accounts that all repost one post within 60 s, five times, the first time at some moment of the second hour. Prints, per spacing and
seed, the event time from the last post of the fifth joint act to the moment the alert is made: the end of its block plus the lateness.
"""

import argparse
import itertools
import json
import time

import numpy as np

from houselights.watch.alerts import announce, block
from houselights.watch.alerts.acts import Acts
from houselights.watch.alerts.engine import Engine

BLOCK_US, LATENESS_S = 60_000_000, 300.0


def background(rate_per_s: int, seconds: float, rng: np.random.Generator, n_accounts: int = 200_000) -> Acts:
    """As firehose.seconds has it: 55 % posts, of which a quarter have a link and a quarter answer somebody; waves of reposts of any size and pace."""
    n = int(rate_per_s * seconds * 0.65)
    at = np.sort(rng.random(n) * seconds)
    reposts = np.minimum(rng.pareto(1.1, n) * 0.12, 3_000).astype(np.int64)
    pace = np.exp(rng.normal(np.log(1200), 1.4, n))
    of = np.repeat(np.arange(n), reposts)
    when = at[of] + np.exp(rng.normal(0, 1.0, len(of))) * pace[of]
    kept = when < seconds
    of, when = of[kept], when[kept]
    linking = np.flatnonzero(rng.random(n) < 0.25)
    links = (2e6 * rng.random(len(linking)) ** 4).astype(np.int64) + 10**12
    answering = np.flatnonzero(rng.random(n) < 0.25)
    parents = np.maximum(answering - rng.integers(1, 20_000, len(answering)), 0) + 2 * 10**12
    second = np.concatenate([when, at[linking], at[answering]])
    objects = np.concatenate([of, links, parents])
    account = (n_accounts * rng.random(len(second)) ** 3).astype(np.int64)
    return acts_of(account, objects, second, 0)


def planted(times: int, every_s: float, n_accounts: int, window_s: float, rng: np.random.Generator) -> Acts:
    """The first act may come at any moment of an hour of the clock."""
    k, member = np.divmod(np.arange(times * n_accounts), n_accounts)
    first_s = 3600 * (1 + rng.random())
    return acts_of(10**9 + member, 3 * 10**12 + k, first_s + k * every_s + rng.random(len(k)) * window_s, 10**9)


def acts_of(account: np.ndarray, objects: np.ndarray, second: np.ndarray, first_post: int) -> Acts:
    return Acts(
        first_post + np.arange(len(second)),
        account.astype(np.uint64),
        objects.astype(np.uint64),
        (second * 1e6).astype(np.int64),
    )


def run(acts: Acts, q: float) -> tuple[list[dict[str, object]], Engine, int]:
    engine, alerts, most = Engine(BLOCK_US, 0), [], 0
    acts = acts.only(np.argsort(acts.at_us, kind="stable"))
    for begin in range(0, int(acts.at_us[-1]) + 1, BLOCK_US):
        low, high = np.searchsorted(acts.at_us, [begin - block.NEAR_US, begin + BLOCK_US])
        change, _ = engine.step(acts.only(np.arange(low, high)), begin)
        standing = engine.standing(begin + BLOCK_US, q)
        alerts += announce.alerts(engine.groups, standing, change, begin + BLOCK_US, q)
        most = max(most, standing.n_tested)
        engine.bury(standing.alive, begin + BLOCK_US)
    return alerts, engine, most


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rate", type=int, default=1000)
    parser.add_argument("--every", type=float, nargs="+", default=[3660.0])
    parser.add_argument("--accounts", type=int, default=20)
    parser.add_argument("--window", type=float, default=60.0)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    parser.add_argument("--none", action="store_true", help="plant nothing")
    told = parser.parse_args()
    for every_s, seed in itertools.product(told.every, told.seeds):
        rng, begun = np.random.default_rng(seed), time.process_time()
        group = planted(5, every_s, told.accounts, told.window, rng)
        fifth_s = float(group.at_us.max()) / 1e6
        seconds = fifth_s + 660
        crowd = background(told.rate, seconds, rng)
        alerts, engine, most = run(crowd if told.none else Acts.joined([crowd, group]), 0.05)
        members = {10**9 + i for i in range(told.accounts)}
        appeared = [a for a in alerts if a["event"] == "appear"]
        right = [
            a
            for a in appeared
            if a["group_id"]
            in {g.group_id for g in engine.groups if len(members & set(g.members)) > len(g.members) / 2}
        ]
        first_s = min((float(str(a["at_us"])) / 1e6 for a in right), default=None)
        print(
            json.dumps(
                {
                    "every_s": every_s,
                    "seed": seed,
                    "acts": len(crowd),
                    "fifth_act_over_s": round(fifth_s, 1),
                    "told_s_after_it": None if first_s is None else round(first_s + LATENESS_S - fifth_s, 1),
                    "alerts_of_others": len(appeared) - len(right),
                    "most_groups_tested": most,
                    "met": {
                        "runs": len(engine.met.runs),
                        "acts": sum(map(len, engine.met.runs)),
                        "again": sum(map(len, engine.pairs)),
                    },
                    "evidence": sorted((round(g.e_value, 1) for g in engine.groups), reverse=True)[:5],
                    "usual_by_size": engine.usual.astype(int).tolist(),
                    "cpu_s": round(time.process_time() - begun, 1),
                }
            ),
            flush=True,
        )


if __name__ == "__main__":
    main()
