"""Many small segments become one; what was deleted leaves them for good. No table changes by it."""

import duckdb

from houselights.core.paths import in_sql
from houselights.watch.batches import files_sql
from houselights.watch.log import Log, Segment, settle

FAN_IN = 16
MOST_ROWS = 1_000_000
_TEXT_OF = (
    ("text", "''"),
    ("urls", "[]::VARCHAR[]"),
    ("hashtags", "[]::VARCHAR[]"),
    ("mentions", "[]::VARCHAR[]"),
    ("author_handle", "NULL"),
    ("author_name", "NULL"),
    ("detail", "NULL"),
)


def compact(log: Log, con: duckdb.DuckDBPyConnection) -> None:
    """Merges neighbours of one level, where there are enough of them. The state names the new file; the caller commits."""
    segments = log.state.segments
    for start in range(len(segments) - FAN_IN + 1):
        run = segments[start : start + FAN_IN]
        if len({s.level for s in run}) == 1 and not any(s.acts for s in run) and sum(s.rows for s in run) <= MOST_ROWS:
            segments[start : start + FAN_IN] = [_merged(log, con, run)]
            return


def _merged(log: Log, con: duckdb.DuckDBPyConnection, run: list[Segment]) -> Segment:
    name = log.new_file("rows", "parquet")
    deleted = [s for s in log.state.segments if s.deletions]
    columns = "*"
    if deleted:
        gone = f"SELECT platform, coalesce(post_id, local_id) AS id FROM {files_sql(log.folder, deleted)} WHERE deletes"
        con.execute(f"CREATE OR REPLACE TEMP TABLE watch_deleted AS SELECT DISTINCT platform, id FROM ({gone})")
        ids = "(SELECT (platform, id) FROM watch_deleted)"
        hit = f"((platform, post_id) IN {ids} OR (platform, local_id) IN {ids})"
        blank = ", ".join(f"CASE WHEN hit THEN {empty} ELSE {_quoted(c)} END AS {_quoted(c)}" for c, empty in _TEXT_OF)
        source = f"(SELECT *, coalesce({hit} AND NOT deletes, false) AS hit FROM {files_sql(log.folder, run)})"
        sql = f"SELECT * EXCLUDE (hit) REPLACE ({blank}) FROM {source} ORDER BY row"
    else:
        sql = f"SELECT {columns} FROM {files_sql(log.folder, run)}"
    beside = log.path(name + ".part")
    con.execute(f"COPY ({sql}) TO {in_sql(beside)} (FORMAT parquet, COMPRESSION zstd)").fetchall()
    beside.replace(log.path(name))
    settle(log.path(name))
    known = [s.last_us for s in run]
    last = None if any(us is None for us in known) else max(us for us in known if us is not None)
    return Segment(name, sum(s.rows for s in run), last, run[0].level + 1, sum(s.deletions for s in run))


def _quoted(name: str) -> str:
    return f'"{name}"'
