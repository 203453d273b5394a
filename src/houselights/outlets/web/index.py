"""The tables of a RUN laid out for reading page by page: one DuckDB file in `.web/`, made once, and another one when the RUN changed.

Posts are numbered from 0 in the order of `posts.parquet` (time, platform, id): `no` is where a page begins and ends, so that paging
needs no offset and visits every post once.
"""

import atexit
import hashlib
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from pathlib import Path

import duckdb

from houselights.core import tables
from houselights.core.errors import shortage_told
from houselights.core.paths import in_sql

FOLDER = ".web"
LAYOUT = "8"  # of the tables below; another one is made anew
MEMORY, MEMORY_WHILE_MADE = "320MB", "600MB"
_STATEMENTS = (
    """CREATE TABLE posts AS SELECT p.file_row_number AS no, p.* EXCLUDE (file_row_number, lang),
        coalesce(nullif(l.lang, 'und'), p.lang) AS lang, p.kind <> 'repost' AND trim(p."text") <> '' AS in_own_words
    FROM {posts} p LEFT JOIN {languages} l USING (post_id) ORDER BY p.file_row_number""",
    """CREATE TABLE accounts AS SELECT author_id,
        row_number() OVER (ORDER BY md5($salt || author_id), author_id) AS number,
        count(*) AS n_posts, max_by(author_handle, no) AS handle FROM posts GROUP BY author_id ORDER BY author_id""",
    """CREATE TABLE acts AS SELECT a.number, p.no FROM posts p JOIN accounts a USING (author_id) ORDER BY 1, 2""",
    # `card`: what a page says of a post, in one column: fifty rows from anywhere cost fifty reads, not fifty of every column
    """CREATE TABLE cards AS SELECT p.no, to_json({{'post_id': p.post_id, 'platform': p.platform, 'author_id': p.author_id,
            'number': a.number, 'handle': a.handle, 'created_us': epoch_us(p.created_at), 'precision': p.created_at_precision,
            'text': p."text", 'original': o."text", 'repost': p.repost_of IS NOT NULL, 'lang': p.lang, 'kind': p.kind, 'url': p.url,
            'file': p.raw_ref.file, 'line': p.raw_ref.line}})::VARCHAR AS card
    FROM posts p JOIN accounts a USING (author_id)
    LEFT JOIN posts o ON p."text" = '' AND o.post_id = p.repost_of AND o.platform = p.platform ORDER BY p.no""",
    # `place`: the strongest of every object, then the second of every object, and so on; what confirmed before what suggested
    """CREATE TABLE evidence AS
        WITH ranked AS (SELECT *, row_number() OVER (PARTITION BY finding_id, object_id, confirming ORDER BY {strongest}) AS nth
            FROM {evidence} e)
        SELECT e.* EXCLUDE nth, a.no AS no_a, b.no AS no_b, a.created_at AS at_a, b.created_at AS at_b,
            row_number() OVER (PARTITION BY finding_id ORDER BY NOT confirming, nth, {strongest}) AS place
        FROM ranked e
        LEFT JOIN posts a ON a.post_id = e.post_id_a AND a.author_id = e.account_a
        LEFT JOIN posts b ON b.post_id = e.post_id_b AND b.author_id = e.account_b
        ORDER BY finding_id, place""",
    """CREATE TABLE marks AS
        WITH said AS (SELECT finding_id, post_id, author_id, list_sort(list(DISTINCT channel)) AS channels
            FROM (SELECT finding_id, channel, unnest([post_id_a, post_id_b]) AS post_id, unnest([account_a, account_b]) AS author_id
                FROM evidence) GROUP BY 1, 2, 3)
        SELECT finding_id, no, channels FROM said JOIN posts USING (post_id, author_id)
        UNION SELECT h.finding_id, p.no, [] FROM {highlights} h JOIN posts p USING (post_id)
            WHERE NOT EXISTS (SELECT 1 FROM said s WHERE s.finding_id = h.finding_id AND s.post_id = h.post_id)
        ORDER BY finding_id, no""",
    """CREATE TABLE found AS SELECT no, finding_id FROM marks ORDER BY no, finding_id""",
    """CREATE TABLE minutes AS SELECT epoch_us(created_at) // 60000000 AS minute, count(*) AS n FROM posts GROUP BY 1 ORDER BY 1""",
    """CREATE TABLE spans AS SELECT m.no, h.* FROM {highlights} h JOIN posts p USING (post_id)
        JOIN marks m ON m.no = p.no AND m.finding_id = h.finding_id ORDER BY m.no, h."start", h."end", h.kind, h.finding_id""",
    """CREATE TABLE told AS SELECT n.narrative_id, p.no, p.created_at, p.author_id
        FROM {post_narratives} n JOIN posts p USING (post_id) ORDER BY 1, 2""",
    """CREATE TABLE typical AS SELECT n.narrative_id, n.nth, p."text" FROM (
            SELECT narrative_id, unnest(representative_post_ids) AS post_id, generate_subscripts(representative_post_ids, 1) AS nth
            FROM {narratives}) n JOIN posts p USING (post_id) ORDER BY 1, 2""",
    """CREATE TABLE techniques AS SELECT p.no, a.label, a."start", a."end", a.confidence FROM {annotations} a JOIN posts p USING (post_id)
        WHERE a.task = 'techniques' AND starts_with(a.model, 'head:') AND p.in_own_words ORDER BY p.no""",
    """CREATE TABLE pushed AS
        WITH mine AS MATERIALIZED (SELECT m.finding_id, p.no, p.author_id, p.urls, p.hashtags FROM marks m JOIN posts p USING (no)),
        things AS (
            SELECT finding_id, no, author_id, 'links' AS what, unnest(urls) AS thing FROM mine
            UNION ALL SELECT finding_id, no, author_id, 'hashtags', unnest(hashtags) FROM mine
            UNION ALL SELECT finding_id, no, author_id, 'sites', regexp_extract(link, '^[a-z]+://(?:www[.])?([^/:?#]+)', 1)
                FROM (SELECT finding_id, no, author_id, unnest(urls) AS link FROM mine))
        SELECT finding_id, what, thing, count(DISTINCT author_id) AS n_accounts, count(DISTINCT no) AS n_posts FROM things
        WHERE thing <> '' GROUP BY finding_id, what, thing
        QUALIFY row_number() OVER (PARTITION BY finding_id, what ORDER BY n_accounts DESC, n_posts DESC, thing) <= 8
        ORDER BY finding_id, what, n_accounts DESC, n_posts DESC, thing""",
    """CREATE TABLE moments AS
        SELECT finding_id, object_id, kind, count(DISTINCT account) AS n_accounts, count(DISTINCT no) AS n_posts,
            min(happened) AS first_at, max(happened) AS last_at
        FROM (SELECT finding_id, object_id, kind, unnest([account_a, account_b]) AS account, unnest([no_a, no_b]) AS no,
            unnest([at_a, at_b]) AS happened FROM evidence) WHERE no IS NOT NULL
        GROUP BY finding_id, object_id, kind
        QUALIFY row_number() OVER (PARTITION BY finding_id ORDER BY n_accounts DESC, last_at - first_at, object_id) <= 12
        ORDER BY finding_id, n_accounts DESC, last_at - first_at, object_id""",
    """CREATE TABLE narratives AS SELECT * FROM {narratives}""",
    """CREATE TABLE members AS SELECT * FROM {members} ORDER BY finding_id, role, account_id""",
    """CREATE TABLE highlights AS SELECT * EXCLUDE no FROM spans ORDER BY finding_id, post_id""",
)


class Stopped(Exception):
    """Who asked for an index does not want it any more."""


class Making:
    """How far the making of an index is, for other threads, which may end it."""

    def __init__(self) -> None:
        self.done, self.total = 0, len(_STATEMENTS)
        self._stopped = False
        self._con: duckdb.DuckDBPyConnection | None = None

    def run(self, con: duckdb.DuckDBPyConnection, statements: Iterable[tuple[str, dict[str, str] | None]]) -> None:
        """Raises Stopped once `stop` was called, in the middle of a statement too."""
        self._con = con
        for sql, params in statements:
            if self._stopped:
                raise Stopped
            try:
                con.execute(sql, params)
            except duckdb.InterruptException:
                if self._stopped:
                    raise Stopped from None
                raise
            self.done += 1

    def stop(self) -> None:
        self._stopped = True
        if self._con is not None:
            with suppress(duckdb.Error):  # closed: it is made
                self._con.interrupt()


def opened(run_dir: Path, making: Making | None = None) -> duckdb.DuckDBPyConnection:
    """A connection to the index of this RUN as it is now, made first where it is missing.

    Each state of the RUN has a file of its own: DuckDB would go on with the one that it has open under that name. Where the RUN cannot be written to,
    they lie in a temporary folder, which goes when this process ends. Raises Stopped as `making` does."""
    path = _path(run_dir, stamp(run_dir))
    if path.is_file():
        with suppress(duckdb.Error):  # a file that was cut short is made again
            return _connect(path)
    return _connect(_made(run_dir, path, making or Making()))


def exists(run_dir: Path) -> bool:
    """Whether the index is there and up to date."""
    return _path(run_dir, stamp(run_dir)).is_file()


def _path(run_dir: Path, told: str) -> Path:
    folder = run_dir / FOLDER
    try:
        folder.mkdir(exist_ok=True)
        is_ours = folder.is_dir() and os.access(folder, os.W_OK)
    except OSError:
        is_ours = False
    return (folder if is_ours else _temporary(run_dir.resolve())) / f"index-{told}.duckdb"


@cache
def _temporary(run_dir: Path) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="houselights-web-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _connect(path: Path) -> duckdb.DuckDBPyConnection:
    con = duckdb.connect(
        str(path),
        read_only=True,
        config={"memory_limit": MEMORY, "threads": 2, "autoinstall_known_extensions": "false"},
    )
    con.execute("SET TimeZone = 'UTC'")
    con.execute("SET enable_progress_bar = false")
    return con


def stamp(run_dir: Path) -> str:
    """Changes with every table of the RUN that the index is made of, and with the layout."""
    made_of = (t.file for t in tables.ALL if t is not tables.ALERTS)
    return _hash([LAYOUT, duckdb.__version__, *_seen(run_dir, ("manifest.json", "findings.json", *made_of))])


def seen(run_dir: Path) -> str:
    """As `stamp`, and with what pages read beside the index."""
    return _hash([stamp(run_dir), *_seen(run_dir, ("opinion.json", "calibration.json"))])


def _seen(run_dir: Path, names: Iterable[str]) -> list[str]:
    paths = [run_dir / name for name in names]
    return [f"{p.name} {p.stat().st_size} {p.stat().st_mtime_ns}" for p in paths if p.is_file()]


def _hash(said: list[str]) -> str:
    return hashlib.blake2b("\n".join(said).encode(), digest_size=16).hexdigest()


def _made(run_dir: Path, path: Path, making: Making) -> Path:
    beside = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}.part")
    _sweep(path.parent)
    try:
        with shortage_told(path.parent):
            con = duckdb.connect(
                str(beside),
                config={"memory_limit": MEMORY_WHILE_MADE, "threads": 2, "autoinstall_known_extensions": "false"},
            )
            try:
                _fill(con, run_dir, making)
            finally:
                con.close()
        beside.replace(path)
    finally:
        for left in path.parent.glob(f"{beside.name}*"):
            left.unlink(missing_ok=True)
    for older in path.parent.glob("index-*.duckdb"):
        if older != path:
            with suppress(OSError):  # where open files cannot be taken away; the next one tries again
                older.unlink(missing_ok=True)
    return path


def _sweep(folder: Path) -> None:
    """Takes away what servers left that were killed while they made an index."""
    for left in folder.glob("index-*.part*"):
        pid = left.name.split(".")[2]
        if pid.isdigit() and int(pid) != os.getpid() and not _is_alive(int(pid)):
            left.unlink(missing_ok=True)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _fill(con: duckdb.DuckDBPyConnection, run_dir: Path, making: Making) -> None:
    con.execute("SET TimeZone = 'UTC'")
    con.execute("SET enable_progress_bar = false")
    con.execute(f"SET temp_directory = {in_sql(Path(tempfile.gettempdir()) / f'houselights-web-{os.getpid()}')}")
    sources = {"strongest": "chance, abs(delta_s), object_id, post_id_a, post_id_b, channel"}
    for name, declared in _SOURCES.items():
        path = run_dir / declared.file
        if path.is_file():
            sources[name] = f"read_parquet({in_sql(path)}, file_row_number = {str(name == 'posts').lower()})"
        else:
            sources[name] = f"no_{name}"
    for declared in tables.ALL:  # an empty Arrow table, registered by each server, would import half of pandas
        con.register("none", declared.empty())
        con.execute(f'CREATE TABLE "no_{declared.name}" AS SELECT * FROM none')
        con.unregister("none")
    salt = hashlib.sha256((run_dir / "manifest.json").read_bytes()).hexdigest()
    statements = [statement.format(**sources) for statement in _STATEMENTS]
    making.run(con, [(sql, {"salt": salt} if "$salt" in sql else None) for sql in statements])


_SOURCES = {
    "posts": tables.POSTS,
    "languages": tables.LANGUAGES,
    "evidence": tables.EVIDENCE,
    "highlights": tables.HIGHLIGHTS,
    "members": tables.MEMBERS,
    "narratives": tables.NARRATIVES,
    "post_narratives": tables.POST_NARRATIVES,
    "annotations": tables.ANNOTATIONS,
}
