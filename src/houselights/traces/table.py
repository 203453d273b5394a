"""Writes `traces.parquet`: every trace of every post, in the declared order."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from uuid import uuid4

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from houselights.core.paths import in_sql
from houselights.core.settings import TraceSettings
from houselights.core.tables import POST_NARRATIVES, TRACE_KINDS, TRACES
from houselights.core.work import HERE, Work
from houselights.traces.links import LINKS, canonical_urls
from houselights.traces.media import MEDIA, local_pictures
from houselights.traces.references import HASHTAGS, MENTIONS, NARRATIVES, QUOTES, REPLIES, REPOSTS, TEXTS
from houselights.traces.text import text_objects

_ROW_GROUP = 131_072
SORTING = ".sorting"
_NOT_RUN = {
    "link": "no post in this data has a link that leads to another page",
    "repost": "no post in this data is a repost whose source or text is known",
    "quote": "no post in this data names the post it quotes",
    "reply": "no post in this data names the post it answers",
    "hashtags": "no post in this data has two hashtags",
    "text": "no post in this data has {min_words} words of its own",
    "narrative": "no message in this data stands in enough different wordings",
    "media": "no post in this data has a picture or film whose hash is known",
    "mention": "no post in this data that answers nobody mentions two accounts",
}
_POSTS_WITH_TEXT = """
CREATE OR REPLACE TEMP VIEW posts_with_text AS
SELECT p.post_id, p.author_id, p.created_at, p.kind, p.urls, p.hashtags, p.mentions, p.media, p.repost_of, p.quote_of, p.reply_to,
       t.object AS text_object
FROM read_parquet({posts}, file_row_number = true) p LEFT JOIN text_objects t ON t.row = p.file_row_number
"""
_SELECTS = {
    "link": LINKS,
    "repost": REPOSTS,
    "quote": QUOTES,
    "reply": REPLIES,
    "hashtags": HASHTAGS,
    "text": TEXTS,
    "narrative": NARRATIVES,
    "media": MEDIA,
    "mention": MENTIONS,
}
_ORDERED = 'SELECT * FROM ({select}) ORDER BY object_id, "at", account_id, post_id'


@dataclass(frozen=True)
class TraceReport:
    """Traces per kind, and for each kind without any the reason."""

    rows: dict[str, int]
    not_run: dict[str, str]


def build(
    con: duckdb.DuckDBPyConnection,
    posts_path: Path,
    out_path: Path,
    settings: TraceSettings,
    narratives_path: Path | None = None,
    work: Work = HERE,
) -> TraceReport:
    """Reads posts.parquet (core.tables.POSTS) and, where it is made, post_narratives.parquet; writes traces.parquet (core.tables.TRACES):
    beside, then renamed."""
    shutil.rmtree(out_path.with_name(SORTING), ignore_errors=True)  # of a killed scan
    objects = text_objects(posts_path, settings, work)
    pictures, no_pictures = local_pictures(con, posts_path, settings.media_folders)
    beside = {
        "text_objects": pa.table({"row": objects.row, "object": objects.object}),
        "canonical_urls": canonical_urls(con, posts_path, work),
        "local_pictures": pictures,
        "post_narratives": pq.read_table(narratives_path) if narratives_path else POST_NARRATIVES.empty(),
    }
    del objects
    if work.width == 1:
        with _registered(con, posts_path, beside):
            rows = _write(out_path, lambda kind: con.sql(_select(kind)).to_arrow_reader(_ROW_GROUP))
    else:
        rows = _write_from_elsewhere(posts_path, out_path, beside, work)
    reasons = _NOT_RUN | ({"media": no_pictures} if no_pictures else {})
    return TraceReport(rows, {k: reasons[k].format(min_words=settings.min_words) for k in TRACE_KINDS if not rows[k]})


@contextmanager
def _registered(con: duckdb.DuckDBPyConnection, posts_path: Path, beside: dict[str, pa.Table]) -> Iterator[None]:
    for name, table in beside.items():
        con.register(name, table)
    try:
        con.execute(_POSTS_WITH_TEXT.format(posts=in_sql(posts_path)))
        yield
    finally:
        con.execute("DROP VIEW IF EXISTS posts_with_text")
        for name in beside:
            con.unregister(name)


def _select(kind: str) -> str:
    return _ORDERED.format(select=_SELECTS[kind])


def _write_from_elsewhere(posts_path: Path, out_path: Path, beside: dict[str, pa.Table], work: Work) -> dict[str, int]:
    """Each kind sorted into a file of its own, wherever `work` has room; then written one after the other."""
    folder = out_path.with_name(SORTING)
    folder.mkdir(exist_ok=True)
    share = min(1.0, 1.0 / work.width)
    sort = partial(_sorted_kind, posts_path=posts_path, folder=folder, memory_share_0_1=share)
    try:
        files = dict(zip(sorted(TRACE_KINDS), work.map(sort, sorted(TRACE_KINDS), work.publish(beside)), strict=True))
        return _write(out_path, lambda kind: pa.ipc.open_stream(pa.memory_map(str(files[kind]))))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _sorted_kind(
    kind: str, beside: dict[str, pa.Table], posts_path: Path, folder: Path, memory_share_0_1: float
) -> Path:
    """The traces of one kind, in order, as an Arrow stream; there as a whole or not at all, since the part may be made twice."""
    path = folder / f"{kind}.arrow"
    written = folder / f"{kind}.{uuid4().hex}.part"
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'; SET enable_progress_bar = false; SET threads = 1")
        con.execute(f"SET memory_limit = '{max(1, round(50 * memory_share_0_1))}%'")
        con.execute("SET temp_directory = '" + str(folder / "spill").replace("'", "''") + "'")
        with _registered(con, posts_path, beside):
            batches = con.sql(_select(kind)).to_arrow_reader(_ROW_GROUP)
            with pa.ipc.new_stream(str(written), batches.schema) as out:
                for batch in batches:
                    out.write_batch(batch)
    written.replace(path)
    return path


def _write(out_path: Path, batches: Callable[[str], pa.RecordBatchReader]) -> dict[str, int]:
    """Kind by kind: several small sorts take less time and memory than one large one."""
    rows = dict.fromkeys(TRACE_KINDS, 0)
    beside = out_path.with_name(out_path.name + ".part")
    try:
        with pq.ParquetWriter(beside, TRACES.schema, compression="zstd") as writer:
            for kind in sorted(TRACE_KINDS):
                for table in _equal_parts(batches(kind)):
                    rows[kind] += table.num_rows
                    writer.write_table(TRACES.check(table))
        beside.replace(out_path)
    finally:
        beside.unlink(missing_ok=True)
    return rows


def _equal_parts(batches: pa.RecordBatchReader) -> Iterator[pa.Table]:
    """Tables of _ROW_GROUP rows in one piece, however the batches come: the same traces make the same bytes (pages end where pieces do)."""
    waiting: list[pa.RecordBatch] = []
    n_waiting = 0
    for batch in batches:
        waiting.append(batch)
        n_waiting += batch.num_rows
        if n_waiting >= _ROW_GROUP:
            table = pa.Table.from_batches(waiting)
            whole = n_waiting - n_waiting % _ROW_GROUP
            yield from (table.slice(i, _ROW_GROUP).combine_chunks() for i in range(0, whole, _ROW_GROUP))
            waiting, n_waiting = table.slice(whole).to_batches(), n_waiting - whole
    if n_waiting:
        yield pa.Table.from_batches(waiting).combine_chunks()
