"""Raw rows of any reader -> posts and rejects. What passes here is sound; nothing else checks again."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from houselights.core.errors import HouselightsError
from houselights.core.paths import in_sql
from houselights.core.settings import ReadSettings
from houselights.core.tables import POSTS, PRECISIONS, REJECTS, TIME
from houselights.ingest import text_parts, times
from houselights.ingest.sample import Format

_MEDIA = 'STRUCT("type" VARCHAR, url VARCHAR, hash VARCHAR, alt VARCHAR)[]'
_METRICS = "STRUCT(reposts BIGINT, replies BIGINT, likes BIGINT, quotes BIGINT, views BIGINT)"
RAW: dict[str, str] = {
    "line": "BIGINT",
    "rule": "VARCHAR",  # set by a reader that could not make a row of this
    "detail": "VARCHAR",
    "post_id": "VARCHAR",
    "platform": "VARCHAR",
    "author_id": "VARCHAR",
    "author_handle": "VARCHAR",
    "author_name": "VARCHAR",
    "author_created": "VARCHAR",
    "author_followers": "VARCHAR",
    "created": "VARCHAR",  # as written
    "created_at": "TIMESTAMP",  # when the source has a typed time, UTC
    "collected": "VARCHAR",
    "text": "VARCHAR",
    "lang": "VARCHAR",
    "urls": "VARCHAR[]",
    "hashtags": "VARCHAR[]",
    "mentions": "VARCHAR[]",
    "reply_to": "VARCHAR",
    "reply_to_author": "VARCHAR",
    "thread_id": "VARCHAR",
    "repost_of": "VARCHAR",
    "repost_of_author": "VARCHAR",
    "quote_of": "VARCHAR",
    "quote_of_author": "VARCHAR",
    "media": _MEDIA,
    "client": "VARCHAR",
    "metrics": _METRICS,
    "url": "VARCHAR",
    "kind": "VARCHAR",
    "precision": "VARCHAR",  # as the row itself declares it, in our own files
    "deletes": "BOOLEAN",  # no post, but word that the one of this id is deleted
    "local_id": "VARCHAR",  # what references and deletions within the same file call this post
    "version_of": "VARCHAR",  # first id of the edit history: all versions share it, the last one is kept
}
_NULL_WORDS = r"|nan|NaN|NULL|null|None|\\N|<NA>|NaT"  # a pattern: DuckDB makes a join of a long IN
_REFERENCES = (
    "reply_to",
    "reply_to_author",
    "thread_id",
    "repost_of",
    "repost_of_author",
    "quote_of",
    "quote_of_author",
    "version_of",
)
_FIRST_DAY, _LAST_DAY = "TIMESTAMP '2000-01-01'", "TIMESTAMP '2100-01-01'"
IN_RANGE = f"""created_at >= {_FIRST_DAY} AND created_at < {_LAST_DAY} AND (collected_at IS NULL OR created_at <= collected_at + INTERVAL 1 DAY)"""
_ROUNDED_ID = r"(?:\d\.\d+[eE]\+?\d+|\d[eE]\+\d+|\d{16,}\.0*|\d{15,}\.\d+)"  # a number that went through a float
_CONTENT = [
    c.name for c in POSTS.columns if c.name not in ("created_at_precision", "source_format", "raw_ref", "lang_source")
]


def raw_select(columns: dict[str, str], relation: str) -> str:
    """SELECT of every RAW column from `relation`; columns not given are NULL."""
    items = ", ".join(f"CAST({columns.get(name, 'NULL')} AS {type_}) AS {name}" for name, type_ in RAW.items())
    return f"SELECT {items} FROM {relation}"


@dataclass(frozen=True)
class Told:
    """What a format tells of itself: the target columns it supplies, and what holds for every row that does not say otherwise."""

    fields: frozenset[str]
    platform: str
    lang_source: str

    @staticmethod
    def of(format_: Format, fields: frozenset[str]) -> "Told":
        return Told(fields, format_.platform, format_.lang_source)


@dataclass(frozen=True)
class Staged:
    """One input after reading: SQL of its cleaned rows with `row`, the number of each in order; and how to read them."""

    rows: str
    name: str
    format: str
    has_ids: bool
    time: times.TimeColumn


@dataclass(frozen=True)
class Counts:
    read: int
    accepted: int
    filtered: int
    rejected: dict[str, int]
    precisions: dict[str, int]  # accepted posts by what their stamps know, most first


def staging(raw: str, told: Told) -> str:
    """SQL that makes staged rows of raw ones: cleans ids, reads times, takes links and tags from the text where the format has none, and
    sets the rules that need no other row."""
    ids = ", ".join(f"{_clean_id(c)} AS {c}" for c in _REFERENCES)
    cleaned = f"""SELECT * REPLACE (
        {ids}, trim(created) AS created, trim(collected) AS collected, trim(author_created) AS author_created, nullif(trim(platform), '') AS platform,
        {_clean_id("post_id", keep_rounded=True)} AS post_id, {_clean_id("author_id", keep_rounded=True)} AS author_id,
        nullif(ltrim(trim(author_handle), '@'), '') AS author_handle, nullif(author_name, '') AS author_name,
        nullif(lang, '') AS lang, nullif(client, '') AS client, nullif(url, '') AS url,
        coalesce(try_cast(author_followers AS BIGINT), try_cast(try_cast(author_followers AS DOUBLE) AS BIGINT)) AS author_followers,
        coalesce("text", '') AS "text", {text_parts.KIND} AS kind) FROM ({raw})"""
    read = f"""SELECT * REPLACE (coalesce(created_at, {times.plain_time("created")}) AS created_at),
        CASE WHEN created_at IS NOT NULL THEN 2 ELSE {times.written_form("created")} END AS created_form,
        {times.plain_time("collected")} AS collected_at, {times.plain_time("author_created")} AS author_created_at
        FROM ({cleaned})"""
    timed = f"""SELECT * EXCLUDE (created, collected, author_created), left(nullif(created, ''), 120) AS created_raw,
        CASE WHEN created_at IS NULL THEN {times.parts_of_day_month("created")} END AS created_parts,
        CASE WHEN collected_at IS NULL THEN {times.parts_of_day_month("collected")} END AS collected_parts FROM ({read})"""
    staged = text_parts.columns(told.fields, told.platform, told.lang_source)
    no_id = "WHEN post_id IS NULL THEN 'missing_post_id'" if "post_id" in told.fields else ""
    rule = f"""CASE WHEN rule IS NOT NULL THEN rule WHEN deletes THEN 'deletion' {no_id}
        WHEN {_rounded("post_id")} OR {_rounded("author_id")} THEN 'lossy_id' WHEN author_id IS NULL THEN 'missing_author' END"""
    return f"""SELECT * REPLACE ({rule} AS rule, CASE WHEN {IN_RANGE} THEN NULL ELSE created_raw END AS created_raw)
        FROM (SELECT {staged} FROM ({timed}))"""


def write(con: duckdb.DuckDBPyConnection, sql: str, parquet: Path) -> None:
    """The rows as one Parquet file, which is there as a whole or not at all."""
    beside = parquet.with_name(parquet.name + ".part")
    con.execute(f"COPY ({sql}) TO '{sql_path(beside)}' (FORMAT parquet, COMPRESSION snappy)").fetchall()
    beside.replace(parquet)


@dataclass(frozen=True)
class Part:
    """Staged rows in a file, and SQL of each row's line in the input: `place` is 0, 1, ..."""

    parquet: Path
    line: str = "line"


def rows_of(parts: Sequence[Part]) -> str:
    """SQL of the rows of staged parts, and `row`, the number of each, in order. One scan: branches of a UNION would wait for each other in memory."""
    files = ", ".join(in_sql(part.parquet) for part in parts)
    lines = " ".join(f"WHEN {i} THEN {part.line}" for i, part in enumerate(parts))
    return f"""(SELECT * EXCLUDE (part, place) REPLACE (CASE part {lines} END AS line), (part << 40) + place AS row FROM (
        SELECT * EXCLUDE (file_row_number), file_row_number AS place, file_index::BIGINT AS part
        FROM read_parquet([{files}], file_row_number = true)))"""


def rows_in(table: str, line: str) -> str:
    """SQL of the rows of a staged table, and `row`."""
    return f"(SELECT * EXCLUDE (place) REPLACE ({line} AS line), place AS row FROM (SELECT *, rowid AS place FROM {table}))"


def _rounded(column: str) -> str:
    return f"((contains({column}, '.') OR contains({column}, '+')) AND regexp_full_match({column}, '{_ROUNDED_ID}'))"


def _clean_id(column: str, keep_rounded: bool = False) -> str:
    """An id went through a float when it reads 1.23e18: never joined on; in post and author ids it is a reject, elsewhere NULL."""
    rounded = "" if keep_rounded else f" OR {_rounded(f'trim({column})')}"
    usual = f"strlen({column}) > 4 AND NOT contains({column}, ' ') AND NOT contains({column}, '.') AND NOT contains({column}, '+')"
    return f"""CASE WHEN {usual} THEN {column} WHEN {column} IS NULL OR regexp_full_match(trim({column}), '{_NULL_WORDS}'){rounded} THEN NULL
        WHEN ends_with({column}, '.0') AND regexp_full_match({column}, '\\d{{1,15}}\\.0') THEN left({column}, -2) ELSE trim({column}) END"""


def sql_path(path: Path) -> str:
    return str(path).replace("'", "''")


def _checked(source: Staged, index: int, settings: ReadSettings) -> str:
    """SELECT of all rows of a source with the rule that rejects each, or NULL, and whether the window leaves it out."""
    at = f"coalesce(created_at, {times.day_month_time('created_parts', source.time.day_first)})"
    seen = f"coalesce(collected_at, {times.day_month_time('collected_parts', source.time.day_first)})"
    outside = " OR ".join(
        f"created_at {operator} TIMESTAMP '{_utc(bound)}'"
        for operator, bound in (("<", settings.since), (">=", settings.until))
        if bound is not None
    )
    name = "CASE WHEN isfinite(created_at) THEN 'gen-' || left(md5(concat_ws(chr(31), author_id, created_at, \"text\", repost_of)), 24) END"
    # a day of collection whose order of day and month is a guess refuses nothing
    return f"""SELECT * REPLACE ({"post_id" if source.has_ids else name} AS post_id, {seen} AS collected_at),
      rule IS NULL AND ({outside or "false"}) AS outside FROM (
      SELECT * REPLACE (CASE WHEN rule IS NOT NULL THEN rule WHEN created_at IS NULL AND created_raw IS NULL THEN 'missing_time'
        WHEN created_at IS NULL THEN 'unparseable_time'
        WHEN NOT ({IN_RANGE}) THEN 'time_out_of_range' END AS rule) FROM (
        SELECT * REPLACE ({at} AS created_at), {index} AS source
        FROM {source.rows}))"""


def _utc(moment: datetime) -> str:
    """Naive UTC, as DuckDB reads it."""
    return (moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment).isoformat(" ")


def finish(
    con: duckdb.DuckDBPyConnection,
    sources: list[Staged],
    out_dir: Path,
    settings: ReadSettings,
    before_writing: Callable[[], None],
) -> list[Counts]:
    """Writes posts.parquet and rejects.parquet from the staged sources. Raises HouselightsError when no row is left; an earlier result in
    `out_dir` is then left as it is."""
    for i, source in enumerate(sources):
        con.execute(f"CREATE OR REPLACE TEMP VIEW ingest_checked_{i} AS {_checked(source, i, settings)}")
        _number_generated_ids(con, i, source)
    everything = " UNION ALL ".join(f"SELECT * FROM ingest_rows_{i}" for i in range(len(sources)))
    con.execute(
        f"CREATE OR REPLACE TEMP VIEW ingest_rows AS {_apart_by_platform(con, _without_deleted(con, everything))}"
    )
    _find_duplicates(con, sources)
    counts = _count(con, sources)
    if not any(c.accepted for c in counts):
        is_kept = (out_dir / POSTS.file).exists()
        if not is_kept:
            _write_rejects(con, sources, out_dir, any(c.rejected for c in counts))
        raise HouselightsError(_nothing_left(sources, counts, out_dir if is_kept else None))
    before_writing()
    _write_rejects(con, sources, out_dir, any(c.rejected for c in counts))
    _write_posts(con, sources, out_dir, any("duplicate_post" in c.rejected for c in counts))
    for i in range(len(sources)):
        con.execute(f"DROP TABLE IF EXISTS ingest_repeated_{i}")
        con.execute(f"DROP TABLE IF EXISTS ingest_local_{i}")
    con.execute("DROP TABLE ingest_duplicates")
    con.execute("DROP TABLE ingest_deleted")
    con.execute("DROP TABLE IF EXISTS ingest_claimed")
    con.execute("DROP TABLE ingest_versions")
    return counts


def _with_ids_of_all(con: duckdb.DuckDBPyConnection, i: int) -> str:
    """The rows of a source; where they refer to each other by what one server calls them, by the ids that hold everywhere."""
    con.execute(f"""CREATE OR REPLACE TEMP TABLE ingest_local_{i} AS SELECT local_id, min(post_id) AS id, min(author_id) AS author
        FROM ingest_checked_{i} WHERE local_id IS NOT NULL AND post_id IS NOT NULL GROUP BY 1""")
    (n,) = con.execute(f"SELECT count(*) FROM ingest_local_{i}").fetchone() or (0,)
    if not n:
        return f"SELECT * FROM ingest_checked_{i}"
    return f"""SELECT c.* REPLACE (coalesce(c.post_id, own.id) AS post_id, coalesce(parent.id, c.reply_to) AS reply_to,
          coalesce(parent.author, c.reply_to_author) AS reply_to_author, coalesce(quoted.id, c.quote_of) AS quote_of)
        FROM ingest_checked_{i} c LEFT JOIN ingest_local_{i} own ON c.deletes AND c.local_id = own.local_id
        LEFT JOIN ingest_local_{i} parent ON c.reply_to = parent.local_id
        LEFT JOIN ingest_local_{i} quoted ON c.quote_of = quoted.local_id"""


def _without_deleted(con: duckdb.DuckDBPyConnection, rows: str) -> str:
    """The rows, those of posts that were deleted rejected: what a person took back is not kept, only that there was a post."""
    con.execute(f"""CREATE OR REPLACE TEMP TABLE ingest_deleted AS SELECT DISTINCT platform, post_id
        FROM ({rows}) WHERE deletes AND post_id IS NOT NULL""")
    (n,) = con.execute("SELECT count(*) FROM ingest_deleted").fetchone() or (0,)
    if not n:
        return rows
    return f"""SELECT r.* REPLACE (CASE WHEN r.rule IS NULL AND d.post_id IS NOT NULL THEN 'deleted_by_author' ELSE r.rule END AS rule,
          CASE WHEN r.rule IS NULL AND d.post_id IS NOT NULL THEN 'post ' || r.post_id ELSE r.detail END AS detail)
        FROM ({rows}) r LEFT JOIN ingest_deleted d ON r.platform = d.platform AND r.post_id = d.post_id"""


_IDS = {
    "account": ("author_id", "reply_to_author", "repost_of_author", "quote_of_author"),
    "post": ("post_id", "reply_to", "thread_id", "repost_of", "quote_of"),
}


def _apart_by_platform(con: duckdb.DuckDBPyConnection, rows: str) -> str:
    """The rows; an id that two platforms use is another person's or another post's on each: there it gets its platform, as in `x:123`.
    All other ids stay as they are read, so nobody's id changes because another platform's posts were added."""
    (n,) = con.execute(f"SELECT count(DISTINCT platform) FROM ({rows}) WHERE rule IS NULL").fetchall()[0]
    if n < 2:
        return rows
    used = " UNION ALL ".join(
        f"SELECT '{what}' AS what, platform, {c} AS id FROM ({rows}) WHERE rule IS NULL AND {c} IS NOT NULL"
        for what, columns in _IDS.items()
        for c in columns
    )
    con.execute(f"""CREATE OR REPLACE TEMP TABLE ingest_claimed AS SELECT what, id FROM ({used})
        GROUP BY what, id HAVING min(platform) <> max(platform)""")
    (n,) = con.execute("SELECT count(*) FROM ingest_claimed").fetchall()[0]
    if not n:
        return rows
    apart = ", ".join(
        f"CASE WHEN {c} IN (SELECT id FROM ingest_claimed WHERE what = '{what}') THEN platform || ':' || {c} ELSE {c} END AS {c}"
        for what, columns in _IDS.items()
        for c in columns
    )
    return f"SELECT * REPLACE ({apart}) FROM ({rows})"


def _number_generated_ids(con: duckdb.DuckDBPyConnection, i: int, source: Staged) -> None:
    """Rows of one file with the same author, time and text are distinct posts: the second is `-2`. The same file twice still is the same posts."""
    if source.has_ids:
        con.execute(f"CREATE OR REPLACE TEMP VIEW ingest_rows_{i} AS {_with_ids_of_all(con, i)}")
        return
    con.execute(f"""CREATE OR REPLACE TEMP TABLE ingest_repeated_{i} AS
        SELECT row, n FROM (SELECT row, row_number() OVER (PARTITION BY post_id ORDER BY hash({_content()}), line) AS n
          FROM ingest_checked_{i} WHERE rule IS NULL AND NOT outside AND hash(post_id) IN (
            SELECT hash(post_id) FROM ingest_checked_{i} WHERE rule IS NULL AND NOT outside GROUP BY 1 HAVING count(*) > 1))
        WHERE n > 1""").fetchall()
    con.execute(f"""CREATE OR REPLACE TEMP VIEW ingest_rows_{i} AS
        SELECT c.* REPLACE (CASE WHEN n IS NULL THEN post_id ELSE post_id || '-' || n END AS post_id)
        FROM ingest_checked_{i} c LEFT JOIN ingest_repeated_{i} USING (row)""")


def _content() -> str:
    return ", ".join(f'"{c}"' for c in _CONTENT)


def _find_duplicates(con: duckdb.DuckDBPyConnection, sources: list[Staged]) -> None:
    """Table ingest_duplicates (source, row, detail). Kept is the last version, then the latest collected, then by content: never by file order."""
    names = _per_source(sources, "name")
    valid = f"SELECT *, {_key(con)} AS key FROM ingest_rows WHERE rule IS NULL AND NOT outside"
    con.execute(f"""CREATE OR REPLACE TEMP TABLE ingest_duplicates AS
        SELECT source, row, 'same as ' || kept_file || ', line ' || kept_line || ': post ' || key AS detail FROM (
          SELECT source, row, key, row_number() OVER w AS n, first_value({names}) OVER w AS kept_file, first_value(line) OVER w AS kept_line
          FROM (SELECT * FROM ({valid}) WHERE hash(platform, key) IN (
            SELECT hash(platform, key) FROM ({valid}) GROUP BY 1 HAVING count(*) > 1))
          WINDOW w AS (PARTITION BY platform, key ORDER BY length(post_id) DESC, post_id DESC, collected_at DESC NULLS LAST,
            hash({_content()}), {names}, source, line, row ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)) WHERE n > 1""").fetchall()


def _key(con: duckdb.DuckDBPyConnection) -> str:
    """What all versions of a post share: the first id of its edit history, also where only another copy of the same version tells of it."""
    con.execute("""CREATE OR REPLACE TEMP TABLE ingest_versions AS SELECT platform AS of_platform, post_id AS version, min(version_of) AS first_id
        FROM ingest_rows WHERE version_of IS NOT NULL AND post_id IS NOT NULL GROUP BY ALL""")
    (n,) = con.execute("SELECT count(*) FROM ingest_versions").fetchone() or (0,)
    first_id = "(SELECT first_id FROM ingest_versions WHERE of_platform = platform AND version = post_id)"
    return f"coalesce({first_id}, post_id)" if n else "post_id"


def sql_text(text: str) -> str:
    return text.replace("'", "''")


def _per_source(sources: list[Staged], value: str) -> str:
    return _by_source([sql_text(getattr(s, value)) for s in sources])


def _by_source(texts: list[str]) -> str:
    if len(set(texts)) == 1:
        return f"'{texts[0]}'"
    return "CASE source " + " ".join(f"WHEN {i} THEN '{text}'" for i, text in enumerate(texts)) + " END"


def _precision(sources: list[Staged]) -> str:
    """What the column of stamps knows; less where this one is written to the minute or day alone."""
    declared = " ".join(f"WHEN precision = '{p}' THEN '{p}'" for p in PRECISIONS)
    detected = _by_source([s.time.precision for s in sources])
    less = f"WHEN created_form = 0 THEN 'day' WHEN created_form = 1 AND {detected} <> 'day' THEN 'min'"
    return f"CASE {declared} {less} ELSE {detected} END"


def _write_posts(con: duckdb.DuckDBPyConnection, sources: list[Staged], out_dir: Path, has_duplicates: bool) -> None:
    """What no row has, or all rows of a source have alike, is added after the sort: a column takes room there even when it is empty.
    Only constants and CASEs are: DuckDB may turn an IN into a join, which loses the order."""
    before = {
        **{c.name: f"{c.name}::TIMESTAMPTZ" for c in POSTS.columns if c.type == TIME},
        "created_at_precision": _precision(sources),
    }
    after = {
        **_empty_columns(con),
        "source_format": _per_source(sources, "format"),
        "raw_ref": f"{{'file': {_per_source(sources, 'name')}, 'line': line}}",
    }
    in_sort = [c.name for c in POSTS.columns if c.name not in after]
    carried = ", ".join(f'{before.get(name, _quoted(name))} AS "{name}"' for name in in_sort)
    columns = ", ".join(f'{after.get(c.name, _quoted(c.name))} AS "{c.name}"' for c in POSTS.columns)
    kept = "ingest_rows r ANTI JOIN ingest_duplicates d USING (source, row)" if has_duplicates else "ingest_rows r"
    valid = "rule IS NULL AND NOT outside"
    written = out_dir / POSTS.file

    def write(order: str) -> None:
        _write(
            con, f"SELECT {columns} FROM (SELECT {carried}, source, line FROM {kept} WHERE {valid} {order})", written
        )

    if not has_duplicates and _is_in_order(con, f"ingest_rows WHERE {valid}"):  # streams are: no sort, no memory
        write("")
        if _is_in_order(con, f"read_parquet({in_sql(written)})"):
            return
    write("ORDER BY r.created_at, r.platform, r.post_id")


def _is_in_order(con: duckdb.DuckDBPyConnection, rows: str) -> bool:
    """Whether the rows come as posts.parquet is declared to lie."""
    back = "(created_at, platform, post_id) < lag((created_at, platform, post_id)) OVER ()"
    found = con.execute(f"SELECT bool_or(back) FROM (SELECT {back} AS back FROM {rows})").fetchall()
    return not found[0][0]


def _quoted(name: str) -> str:
    return f'"{name}"'


def _empty_columns(con: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """Columns of posts that no row fills, each as a constant of its type."""
    types = {str(name): str(type_) for name, type_, *_ in con.execute("DESCRIBE ingest_rows").fetchall()}
    optional = [c.name for c in POSTS.columns if c.nullable]
    lists = [c.name for c in POSTS.columns if c.name in types and types[c.name].endswith("[]")]
    filled = [f"count({name})" for name in optional] + [f"coalesce(max(len({name})), 0)" for name in lists]
    found = con.execute(f"SELECT {', '.join(filled)} FROM ingest_rows").fetchone()
    constants = [f"NULL::{_stored(types[name])}" for name in optional] + [f"[]::{types[name]}" for name in lists]
    return {
        name: constant for name, constant, n in zip((*optional, *lists), constants, found or (), strict=True) if not n
    }


def _stored(type_: str) -> str:
    return "TIMESTAMPTZ" if type_ == "TIMESTAMP" else type_


def _write_rejects(con: duckdb.DuckDBPyConnection, sources: list[Staged], out_dir: Path, has_any: bool) -> None:
    names = _per_source(sources, "name")
    detail = """CASE rule WHEN 'unparseable_time' THEN created_raw WHEN 'time_out_of_range' THEN created_raw
        WHEN 'lossy_id' THEN 'rounded by a spreadsheet or float: ' || concat_ws(', ', post_id, author_id) ELSE detail END"""
    _write(
        con,
        f"""SELECT {names} AS source, line, rule, left(detail, 300) AS detail FROM (
          SELECT source, line, rule, {detail} AS detail FROM ingest_rows WHERE rule IS NOT NULL
          UNION ALL SELECT r.source, r.line, 'duplicate_post', d.detail FROM ingest_rows r JOIN ingest_duplicates d USING (source, row))
        {"ORDER BY ALL" if has_any else "WHERE false"}""",
        out_dir / REJECTS.file,
    )


def _write(con: duckdb.DuckDBPyConnection, query: str, path: Path) -> None:
    beside = path.with_name(path.name + ".part")
    con.execute(
        f"COPY ({query}) TO '{sql_path(beside)}' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 122880)"
    ).fetchall()
    beside.replace(path)


def _count(con: duckdb.DuckDBPyConnection, sources: list[Staged]) -> list[Counts]:
    found = con.execute(
        f"""SELECT source, CASE WHEN d.row IS NULL THEN rule ELSE 'duplicate_post' END AS rule, outside, {_precision(sources)}, count(*)
        FROM ingest_rows r LEFT JOIN ingest_duplicates d USING (source, row) GROUP BY ALL ORDER BY ALL"""
    ).fetchall()
    return [_counts([row[1:] for row in found if row[0] == i]) for i in range(len(sources))]


def _counts(rows: list[tuple[str | None, bool, str, int]]) -> Counts:
    rejected: dict[str, int] = {}
    precisions: dict[str, int] = {}
    for rule, outside, precision, n in rows:
        if rule is not None:
            rejected[rule] = rejected.get(rule, 0) + n
        elif not outside:
            precisions[precision] = precisions.get(precision, 0) + n
    filtered = sum(n for rule, outside, _, n in rows if rule is None and outside)
    by_count = dict(sorted(precisions.items(), key=lambda item: (-item[1], item[0])))
    return Counts(sum(n for *_, n in rows), sum(precisions.values()), filtered, rejected, by_count)


def _nothing_left(sources: list[Staged], counts: list[Counts], kept: Path | None) -> str:
    total: dict[str, int] = {}
    for c in counts:
        for rule, n in (*c.rejected.items(), ("outside_window", c.filtered)):
            total[rule] = total.get(rule, 0) + n
    why = ", ".join(f"{rule} {n:,}" for rule, n in sorted(total.items(), key=lambda item: -item[1]) if n)
    files = ", ".join(s.name for s in sources)
    n_read = sum(c.read for c in counts)
    if not n_read:
        return f"{files}: no rows of posts in there (only a header or empty pages). Check the export."
    hints = []
    if total.get("outside_window"):
        hints.append("Widen --since/--until.")
    if rejected := {rule for rule, n in total.items() if n and rule != "outside_window"}:
        if kept is None:
            hints.append("The table of rejects has each row.")
        if rejected & {"missing_time", "unparseable_time", "time_out_of_range"}:
            hints.append("A wrong column is set right with --map created_at=COLUMN.")
        elif rejected & {"missing_author", "missing_post_id"}:
            hints.append("A wrong column is set right with --map, for example --map author_id=COLUMN.")
    if kept is not None:
        hints.append(f"The earlier result in {kept} is left as it was.")
    return f"{files}: none of {n_read:,} rows became a post ({why}). {' '.join(hints)}".rstrip()
