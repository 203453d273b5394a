"""How many alerts a stream gets in which nobody agreed on anything: campaign-free worlds, post by post in order, through the alert engine.

    python benchmarks/watch/false_alerts.py --worlds 60 [--lookalikes] [--campaigns] [--accounts 2500] [--speed-sd 1.0]

Prints one JSON line per world and a summary.
"""

import argparse
import json
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from typing import Any

import duckdb
import numpy as np

from houselights import worlds
from houselights.watch.alerts import announce, block
from houselights.watch.alerts.acts import ACTS, Acts
from houselights.watch.alerts.alerts import _acts
from houselights.watch.alerts.engine import Engine

BLOCK_US = 60_000_000


def world_of(told: dict[str, Any], seed: int) -> worlds.World:
    settings = replace(
        worlds.preset("planted" if told["campaigns"] else "campaign_free"),
        n_accounts=told["accounts"],
        reaction_speed_sd=told["speed_sd"],
    )
    if not told["lookalikes"]:
        settings = replace(settings, lookalikes=())
    settings = replace(settings, mean_posts_per_account=told["posts"], n_days=told["days"])
    return worlds.simulate(settings, seed)


def acts_of(world: worlds.World, con: duckdb.DuckDBPyConnection) -> Acts:
    con.register("posts", world.posts)
    judged = "true AS timely, 0 AS behind_us, epoch_us(created_at) AS at_us, NULL::BIGINT AS clock_us"
    rows = f"(SELECT *, row_number() OVER () AS row, {judged} FROM posts)"
    return _acts(con.execute(ACTS.replace("{rows}", rows)).fetchnumpy())


def one(told: dict[str, Any], seed: int) -> dict[str, Any]:
    world = world_of(told, seed)
    con = duckdb.connect()
    con.execute("SET TimeZone = 'UTC'")
    acts = acts_of(world, con)
    name = dict(con.execute("SELECT DISTINCT md5_number_lower(author_id)::VARCHAR, author_id FROM posts").fetchall())
    role = dict(zip(world.truth["account_id"].to_pylist(), world.truth["role"].to_pylist(), strict=True))
    engine, alerts, most_tested, born = Engine(BLOCK_US, 0), [], 0, set()
    highest = 0.0
    acts = acts.only(np.argsort(acts.at_us, kind="stable"))
    for begin in (np.unique(acts.at_us // BLOCK_US) * BLOCK_US).tolist():
        low, high = np.searchsorted(acts.at_us, [begin - block.NEAR_US, begin + BLOCK_US])
        change, _ = engine.step(acts.only(np.arange(low, high)), begin)
        for g in engine.groups:
            g.names |= {str(m): name[str(m)] for m in g.members}
            born.add(g.group_id)
        standing = engine.standing(begin + BLOCK_US, told["q"])
        alerts += announce.alerts(engine.groups, standing, change, begin + BLOCK_US, told["q"])
        most_tested = max(most_tested, standing.n_tested)
        highest = max([highest, *(g.e_value for g in engine.groups)])
        engine.bury(standing.alive, begin + BLOCK_US)
    appeared = [a for a in alerts if a["event"] == "appear"]
    of = [max(("campaign", "lookalike", "organic"), key=[role[i] for i in a["account_ids"]].count) for a in appeared]
    return {
        "seed": seed,
        "posts": world.posts.num_rows,
        "groups_born": len(born),
        "most_tested": most_tested,
        "highest_e": round(highest, 2),
        "appeared": len(appeared),
        "organic": of.count("organic"),
        "lookalike": of.count("lookalike"),
        "campaign": of.count("campaign"),
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--worlds", type=int, default=60)
    parser.add_argument("--first-seed", type=int, default=1000)
    parser.add_argument("--accounts", type=int, default=2500)
    parser.add_argument("--posts", type=float, default=9.0)
    parser.add_argument("--days", type=float, default=10.0)
    parser.add_argument("--speed-sd", type=float, default=1.0)
    parser.add_argument("--q", type=float, default=0.05)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--lookalikes", action="store_true")
    parser.add_argument("--campaigns", action="store_true")
    told = vars(parser.parse_args())
    seeds = range(told["first_seed"], told["first_seed"] + told["worlds"])
    found = []
    with ProcessPoolExecutor(told["jobs"]) as pool:
        for row in pool.map(partial(one, told), seeds):
            print(json.dumps(row), flush=True)
            found.append(row)
    keys = ("groups_born", "appeared", "organic", "lookalike", "campaign")
    print(
        json.dumps(
            {
                "worlds": len(found),
                "with_an_organic_alert": sum(r["organic"] > 0 for r in found),
                **{k: sum(r[k] for r in found) for k in keys},
                "highest_e": max(r["highest_e"] for r in found),
            }
        )
    )


if __name__ == "__main__":
    main()
