"""Would it have trended anyway? What stood among the first ten of an hour or a day, with and without the accounts of groups.

The threshold is the one that held: posts of the tenth thing of that hour or day, everybody counted. Only the thing in question loses the
groups' posts; the probability is over draws of membership and of posts by members that were missed. Groups that nobody found are in none of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from houselights.core.paths import in_sql
from houselights.core.settings import OpinionSettings
from houselights.core.tables import POST_NARRATIVES
from houselights.findings.opinion.estimate import ACCOUNTS_PER_OBSERVATION, LEAST_RECALL
from houselights.findings.opinion.groups import Counted
from houselights.findings.opinion.readout import stream

Floats = NDArray[np.float64]
TOP = 10
LEAST_POSTS = 5
"""In an hour or a day; what has fewer trends nowhere."""
MOST_TOLD = 8
PERIODS = {"hour": 3600, "day": 86400}

_THINGS = {
    "hashtag": "SELECT nth, author_id, created_at, unnest(list_distinct(hashtags)) AS thing FROM said",
    "link": "SELECT nth, author_id, created_at, unnest(list_distinct(urls)) AS thing FROM said",
    "narrative": """SELECT nth, author_id, created_at, narrative_id AS thing FROM said
        JOIN (SELECT DISTINCT post_id, narrative_id FROM read_parquet({told})) USING (post_id)""",
}


@dataclass(frozen=True)
class Board:
    """Things [t] by periods [p]: posts, posts by listed accounts weighted by membership, and the posts of the tenth thing of each period."""

    things: list[str]
    posts: Floats
    expected: Floats
    threshold: Floats
    period_s: int
    at: Floats  # [p] number of each period since 1970


def trends(
    con: duckdb.DuckDBPyConnection, run_dir: Path, counted: Sequence[Counted], settings: OpinionSettings
) -> list[dict[str, Any]]:
    """Per kind, period and thing that listed accounts had a part in; most of their posts first."""
    if not counted:
        return []
    ids = [a for c in counted for a in c.probability]
    inflated = {a: q / (c.reach.listed_0_1 or 1.0) for c in counted for a, q in c.probability.items()}
    con.register(
        "listed_q", pa.table({"author_id": pa.array(ids, pa.string()), "q": [min(inflated[a], 1.0) for a in ids]})
    )
    con.execute("CREATE OR REPLACE TEMP TABLE member_of AS SELECT * FROM listed_q")
    con.unregister("listed_q")
    out = []
    for kind, sql in _THINGS.items():
        if kind == "narrative" and not (run_dir / POST_NARRATIVES.file).is_file():
            continue
        con.execute(f"CREATE OR REPLACE TEMP TABLE thing AS {sql.format(told=in_sql(run_dir / POST_NARRATIVES.file))}")
        for period, period_s in PERIODS.items():
            board = _board(con, period_s)
            if board is not None:
                rng = stream(settings.seed, settings.topic, "trend", kind, period)
                out += [{"kind": kind, "per": period} | row for row in _told(con, board, counted, settings.draws, rng)]
    return out


def _board(con: duckdb.DuckDBPyConnection, period_s: int) -> Board | None:
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE board AS
        SELECT thing, epoch_us(created_at) // 1000000 // {period_s} AS period, count(*) AS n, coalesce(sum(q), 0) AS mine
        FROM thing LEFT JOIN member_of USING (author_id) GROUP BY ALL"""
    )
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE threshold AS
        SELECT period, greatest({LEAST_POSTS}, coalesce(min(n) FILTER (place = {TOP}), 0)) AS least FROM (
            SELECT *, row_number() OVER (PARTITION BY period ORDER BY n DESC, thing) AS place FROM board) GROUP BY 1"""
    )
    rows = con.execute(
        f"""WITH trending AS (
            SELECT thing FROM board JOIN threshold USING (period) GROUP BY thing
            HAVING bool_or(n >= least) AND sum(mine) > 0.5 ORDER BY sum(mine) DESC, thing LIMIT {MOST_TOLD})
        SELECT thing, period, n, mine, least FROM board JOIN threshold USING (period) SEMI JOIN trending USING (thing) ORDER BY thing, period"""
    ).fetchall()
    if not rows:
        return None
    things = sorted({r[0] for r in rows})
    periods = sorted({r[1] for r in rows})
    row_of, column_of = {t: i for i, t in enumerate(things)}, {p: i for i, p in enumerate(periods)}
    posts, mine = np.zeros((len(things), len(periods))), np.zeros((len(things), len(periods)))
    threshold = np.zeros(len(periods))
    for thing, period, n, q, least in rows:
        posts[row_of[thing], column_of[period]] = n
        mine[row_of[thing], column_of[period]] = q
        threshold[column_of[period]] = least
    con.register(
        "period_told",
        pa.table({"period": pa.array(periods, pa.int64()), "col": pa.array(range(len(periods)), pa.int64())}),
    )
    con.execute("CREATE OR REPLACE TEMP TABLE period_of AS SELECT * FROM period_told")
    con.unregister("period_told")
    return Board(things, posts, mine, threshold, period_s, np.asarray(periods, np.float64))


def _told(
    con: duckdb.DuckDBPyConnection, board: Board, counted: Sequence[Counted], n: int, rng: np.random.Generator
) -> list[dict[str, Any]]:
    rank_with, rank_without = _ranks(con, board)
    out = []
    for i, thing in enumerate(board.things):
        theirs = _drawn(con, thing, board, counted, n, rng)
        organic = np.maximum(board.posts[i] - theirs, 0.0)
        entered = board.posts[i] >= board.threshold
        passes = organic >= board.threshold
        first = int(entered.argmax())
        later = np.where(passes.any(axis=1), passes.argmax(axis=1), -1)
        often = float((later >= 0).mean())
        hours = None
        if often >= 0.5:
            hours = round(float(np.median(board.at[later[later >= 0]] - board.at[first])) * board.period_s / 3600, 2)
        best = int(np.lexsort((-board.posts[i], rank_with[i]))[0])
        out.append(
            {
                "thing": thing,
                "posts": int(board.posts[i].sum()),
                "by_groups": round(float(theirs.mean(axis=0).sum()), 2),
                "without_groups_0_1": round(often, 4),
                "hours_earlier": hours,
                "best_rank": int(rank_with[i, best]),
                "rank_without": int(rank_without[i, best]),
                "first_at_s": int(board.at[first] * board.period_s),
            }
        )
    return sorted(out, key=lambda r: (-r["by_groups"], r["thing"]))


def _drawn(
    con: duckdb.DuckDBPyConnection,
    thing: str,
    board: Board,
    counted: Sequence[Counted],
    n: int,
    rng: np.random.Generator,
) -> Floats:
    """[draws, p] posts of groups: members drawn, and posts of missed ones as often as the listed ones' let expect (negative binomial), which may
    well be none of so few."""
    rows = con.execute(
        """SELECT author_id, col, count(*) FROM thing SEMI JOIN member_of USING (author_id)
        JOIN period_of ON period = epoch_us(created_at) // 1000000 // $period_s WHERE thing = $thing GROUP BY ALL ORDER BY ALL""",
        {"thing": thing, "period_s": board.period_s},
    ).fetchall()
    per: dict[str, Floats] = {}
    for author, col, k in rows:
        per.setdefault(author, np.zeros(len(board.threshold)))[col] = k
    out = np.zeros((n, len(board.threshold)))
    for c in counted:
        here = sorted((c.probability[a], tuple(per[a])) for a in c.probability if a in per)
        if not here:
            continue
        z = rng.random((n, len(here))) < np.array([q for q, _ in here])
        mine = z @ np.array([v for _, v in here])
        r = c.reach
        if r.listed_accounts:
            m = r.listed_accounts / ACCOUNTS_PER_OBSERVATION
            recall = np.maximum(rng.beta(r.listed_0_1 * m + 0.5, (1 - r.listed_0_1) * m + 0.5, n), LEAST_RECALL)
            missed = rng.negative_binomial(np.maximum(np.rint(mine), 1), recall[:, None])
            mine = mine + np.where(mine > 0, missed, 0)
        out += mine
    return out


def _ranks(con: duckdb.DuckDBPyConnection, board: Board) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """[t, p] place of each thing in each period: everybody counted, and without what is expected to be the groups'."""
    shape = board.posts.shape
    with_, without = np.full(shape, 10**6), np.full(shape, 10**6)
    row_of = {t: i for i, t in enumerate(board.things)}
    con.register("thing_told", pa.table({"thing": pa.array(board.things, pa.string())}))
    rows = con.execute(
        """SELECT thing, col, place, place_without FROM (
            SELECT thing, period, rank() OVER (PARTITION BY period ORDER BY n DESC) AS place,
                rank() OVER (PARTITION BY period ORDER BY round(n - mine, 6) DESC) AS place_without
            FROM board WHERE period IN (SELECT period FROM period_of)) JOIN period_of USING (period) SEMI JOIN thing_told USING (thing)"""
    ).fetchall()
    con.unregister("thing_told")
    for thing, col, place, place_without in rows:
        with_[row_of[thing], col], without[row_of[thing], col] = place, place_without
    return with_, without
