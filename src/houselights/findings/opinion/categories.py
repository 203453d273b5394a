"""From posts to counts: which posts are in the topic, which categories each of them is in, and how much of each account's voice that is.

A repost says what the post says that it repeats, where the data hold that post. A post weighs 1, split evenly over its categories."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from houselights.core.errors import HouselightsError
from houselights.core.paths import in_sql
from houselights.core.tables import ANNOTATIONS, POST_NARRATIVES, POSTS
from houselights.findings.opinion.estimate import exact_sum

Floats = NDArray[np.float64]

DIMENSIONS = ("narrative", "stance", "hashtag", "link_domain", "technique")
MOST, MOST_PUSHED = 12, 6
"""Categories shown by themselves: the largest, and those of which listed accounts have most."""
STANCES = ("favour", "against", "neither", "unclear")

_SAID = """
CREATE OR REPLACE TEMP TABLE said AS
WITH own AS (SELECT post_id, platform, author_id, created_at, kind, repost_of, "text", hashtags, urls FROM read_parquet({posts})),
source AS (
    SELECT post_id, platform, "text", hashtags, urls FROM own
    WHERE (post_id, platform) IN (SELECT (repost_of, platform) FROM own WHERE kind = 'repost' AND repost_of IS NOT NULL)
    QUALIFY row_number() OVER (PARTITION BY post_id, platform ORDER BY author_id, created_at) = 1),
whole AS (
    SELECT o.post_id, o.author_id, o.created_at, coalesce(s.post_id, o.post_id) AS said_id,
        coalesce(nullif(o."text", ''), s."text", '') AS words,
        CASE WHEN len(o.hashtags) > 0 OR s.post_id IS NULL THEN o.hashtags ELSE s.hashtags END AS hashtags,
        CASE WHEN len(o.urls) > 0 OR s.post_id IS NULL THEN o.urls ELSE s.urls END AS urls
    FROM own o LEFT JOIN source s ON o.kind = 'repost' AND s.post_id = o.repost_of AND s.platform = o.platform)
SELECT row_number() OVER () AS nth, * EXCLUDE words FROM whole WHERE {where}
"""

_MARKS = """(SELECT DISTINCT post_id AS said_id, label AS category FROM read_parquet({file})
    WHERE task = 'stance' AND target = $target AND model = $model)"""

_HOST = r"regexp_extract(lower(u), '^[a-z][a-z0-9+.-]*://(?:[^/?#@]*@)?(?:www\.)?([^/:?#]+)', 1)"

_TAGGED = """
CREATE OR REPLACE TEMP TABLE tagged AS
SELECT nth, author_id, created_at, category, 1.0 / count(*) OVER (PARTITION BY nth) AS weight FROM ({each})
"""


@dataclass(frozen=True)
class Counts:
    """One dimension of one topic. names [C] (the last is None where it stands for all smaller ones); total [C] posts, accounts [C].

    listed: account -> [C] posts, of accounts in findings; patterns [k, C], n [k]: posts of all other accounts, equal ones once, and how many."""

    dimension: str
    names: list[str | None]
    n_posts: int
    accounts: NDArray[np.int64]
    listed: dict[str, Floats]
    patterns: Floats
    n: Floats

    @property
    def total(self) -> Floats:
        rows = [*(self.patterns * self.n[:, None]), *self.listed.values()]
        return exact_sum(rows, len(self.names))


def choose(con: duckdb.DuckDBPyConnection, run_dir: Path, topic: str) -> dict[str, int]:
    """Table `said`: the posts of the topic. Returns posts and accounts. Raises HouselightsError where there is no such topic or post."""
    where, params = _where(run_dir, topic)
    con.execute(_SAID.format(posts=in_sql(run_dir / POSTS.file), where=where), params)
    [row] = con.execute("SELECT count(*), count(DISTINCT author_id) FROM said").fetchall()
    if not row[0]:
        raise HouselightsError(f"--topic: no post of {run_dir} is in {topic!r}. Is it spelt as in the data?")
    return {"n_posts": int(row[0]), "n_accounts": int(row[1])}


def _where(run_dir: Path, topic: str) -> tuple[str, dict[str, str]]:
    what, colon, value = topic.partition(":")
    value = value.strip()
    if len(value) > 1 and value[0] == value[-1] == '"':
        value = value[1:-1]
    if topic == "all":
        return "true", {}
    if not colon or not value:
        raise HouselightsError(f"--topic {topic!r} is none: write all, hashtag:TAG, query:WORDS or narrative:ID.")
    if what == "hashtag":
        return "list_contains(hashtags, lower($value))", {"value": value.lstrip("#＃")}  # as a scan lowers them
    if what == "query":
        return "contains(lower(words), lower($value))", {"value": value}
    if what == "narrative":
        path = run_dir / POST_NARRATIVES.file
        if not path.is_file() or not pq.read_metadata(path).num_rows:
            raise HouselightsError(f"{run_dir} has no narratives: scan with --narratives first.")
        told = in_sql(run_dir / POST_NARRATIVES.file)
        return (
            f"post_id IN (SELECT post_id FROM read_parquet({told}) WHERE narrative_id IN ($value, 'narrative:' || $value))",
            {"value": value},
        )
    raise HouselightsError(f"--topic {topic!r} is none: write all, hashtag:TAG, query:WORDS or narrative:ID.")


def targets(con: duckdb.DuckDBPyConnection, run_dir: Path) -> list[str]:
    """What the stances of the run are toward."""
    if not (run_dir / ANNOTATIONS.file).is_file():
        return []
    marks = in_sql(run_dir / ANNOTATIONS.file)
    found = con.execute(
        f"SELECT DISTINCT target FROM read_parquet({marks}) WHERE task = 'stance' ORDER BY 1"
    ).fetchall()
    return [str(r[0]) for r in found]


def everything(con: duckdb.DuckDBPyConnection) -> None:
    """Table `tagged`: all posts of `said`, in one category."""
    con.execute(_TAGGED.format(each="SELECT nth, author_id, created_at, 'all' AS category FROM said"))


def tag(
    con: duckdb.DuckDBPyConnection, run_dir: Path, dimension: str, topic: str, target: str = "", model: str = ""
) -> bool:
    """Table `tagged`: posts of `said` with their categories and weights; stances are those toward `target` by `model`. False where the run has none
    of this dimension."""
    params: dict[str, str] = {}
    if dimension == "hashtag":
        what, _, value = topic.partition(":")
        each = "SELECT nth, author_id, created_at, unnest(list_distinct(hashtags)) AS category FROM said"
        if what == "hashtag":
            each = f"SELECT * FROM ({each}) WHERE category <> lower($own)"
            params = {"own": value.strip().strip('"').lstrip("#＃")}
    elif dimension == "link_domain":
        hosts = f"list_distinct(list_filter(list_transform(urls, lambda u: {_HOST}), lambda h: h <> ''))"
        each = f"SELECT nth, author_id, created_at, unnest({hosts}) AS category FROM said"
    elif dimension == "narrative":
        if not (run_dir / POST_NARRATIVES.file).is_file():
            return False
        told = in_sql(run_dir / POST_NARRATIVES.file)
        each = f"""SELECT nth, author_id, created_at, narrative_id AS category FROM said
            JOIN (SELECT DISTINCT post_id, narrative_id FROM read_parquet({told})) USING (post_id)"""
    else:
        if not (run_dir / ANNOTATIONS.file).is_file():
            return False
        marks = in_sql(run_dir / ANNOTATIONS.file)
        told = _MARKS.format(file=marks)
        if dimension == "stance":
            params = {"target": target, "model": model}
        else:
            told = f"(SELECT DISTINCT post_id AS said_id, label AS category FROM read_parquet({marks}) WHERE task = 'techniques')"
        each = f"SELECT nth, author_id, created_at, category FROM said JOIN {told} USING (said_id)"
    con.execute(_TAGGED.format(each=each), params)
    [row] = con.execute("SELECT count(*) FROM tagged").fetchall()
    return bool(row[0])


def count(con: duckdb.DuckDBPyConnection, dimension: str, listed: list[str]) -> Counts:
    """Counts of the table `tagged`; `listed`: accounts that are kept apart. The order of rows changes nothing."""
    con.register("listed_account", pa.table({"author_id": pa.array(listed, pa.string())}))
    con.execute("CREATE OR REPLACE TEMP TABLE listed AS SELECT DISTINCT author_id FROM listed_account")
    con.unregister("listed_account")
    names = _names(con, fixed=STANCES if dimension == "stance" else ())
    con.register("shown_name", pa.table({"category": [n for n in names if n is not None]}))
    last = len(names) - 1
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE voice AS
        SELECT author_id, coalesce(s.code, {last}) AS code, sum(weight) AS weight FROM tagged
        LEFT JOIN (SELECT category, row_number() OVER () - 1 AS code FROM shown_name) s USING (category) GROUP BY ALL"""
    )
    con.unregister("shown_name")
    accounts = np.zeros(len(names), np.int64)
    for code, n in con.execute("SELECT code, count(*) FROM voice GROUP BY 1").fetchall():
        accounts[code] = n
    [row] = con.execute("SELECT count(DISTINCT nth) FROM tagged").fetchall()
    return Counts(dimension, names, int(row[0]), accounts, _listed(con, len(names)), *_patterns(con, len(names)))


def _names(con: duckdb.DuckDBPyConnection, fixed: tuple[str, ...]) -> list[str | None]:
    """The categories shown: the largest and the most pushed, then None for all others where there are any."""
    rows = con.execute(
        """SELECT category, sum(weight) AS w, coalesce(sum(weight) FILTER (l.author_id IS NOT NULL), 0) AS pushed
        FROM tagged LEFT JOIN listed l USING (author_id) GROUP BY 1 ORDER BY w DESC, category"""
    ).fetchall()
    if fixed:
        return list(fixed)
    by_push = sorted((r for r in rows if r[2] > 0), key=lambda r: (-r[2], r[0]))[:MOST_PUSHED]
    kept = {r[0] for r in rows[:MOST]} | {r[0] for r in by_push}
    shown: list[str | None] = [r[0] for r in rows if r[0] in kept]
    return shown + ([None] if len(kept) < len(rows) else [])


def _listed(con: duckdb.DuckDBPyConnection, width: int) -> dict[str, Floats]:
    out: dict[str, Floats] = {}
    for account, code, weight in con.execute(
        "SELECT author_id, code, weight FROM voice SEMI JOIN listed USING (author_id) ORDER BY author_id, code"
    ).fetchall():
        out.setdefault(account, np.zeros(width))[code] = weight
    return out


def _patterns(con: duckdb.DuckDBPyConnection, width: int) -> tuple[Floats, Floats]:
    """Accounts that post alike are one row, so that a million of them are a few thousand."""
    rows = con.execute(
        """SELECT codes, weights, count(*) AS n FROM (
            SELECT list(code ORDER BY code) AS codes, list(round(weight, 6) ORDER BY code) AS weights FROM voice
            ANTI JOIN listed USING (author_id) GROUP BY author_id) GROUP BY 1, 2 ORDER BY 1, 2"""
    ).fetchnumpy()
    n = np.asarray(rows["n"], np.float64)
    patterns = np.zeros((len(n), width))
    for i, (codes, weights) in enumerate(zip(rows["codes"], rows["weights"], strict=True)):
        patterns[i, np.asarray(codes, np.int64)] = np.asarray(weights, np.float64)
    return patterns, n


def volume(con: duckdb.DuckDBPyConnection, probability: Mapping[str, float]) -> dict[str, Any]:
    """The topic over time: posts per bin, and how many of them are by groups, by the probabilities of membership of their authors."""
    ids = sorted(probability)
    known = pa.table({"author_id": pa.array(ids, pa.string()), "q": [float(probability[a]) for a in ids]})
    con.register("member_q", known)
    [row] = con.execute("SELECT epoch_us(min(created_at)), epoch_us(max(created_at)) FROM said").fetchall()
    first, last = int(row[0]), int(row[1])
    bin_s = next(
        (b for b in (60, 300, 900, 3600, 10800, 21600, 86400, 604800) if (last - first) / 1e6 / b <= 96), 2592000
    )
    start = first // 1_000_000 // bin_s * bin_s
    posts, theirs = (np.zeros(int((last // 1_000_000 - start) // bin_s) + 1) for _ in range(2))
    for nth, n, q in con.execute(
        f"""SELECT (epoch_us(created_at) // 1000000 - {start}) // {bin_s} AS nth, count(*), coalesce(sum(q), 0) FROM said
        LEFT JOIN member_q USING (author_id) GROUP BY 1 ORDER BY 1"""
    ).fetchall():
        posts[nth], theirs[nth] = n, q
    con.unregister("member_q")
    return {
        "bin_s": bin_s,
        "first_s": start,
        "posts": [int(n) for n in posts],
        "by_groups": [round(float(q), 3) for q in theirs],
    }
