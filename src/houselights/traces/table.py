"""Writes `traces.parquet`: every trace of every post, in the declared order."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from houselights.core.paths import in_sql
from houselights.core.settings import TraceSettings
from houselights.core.tables import POST_NARRATIVES, TRACE_KINDS, TRACES
from houselights.traces.links import LINKS, canonical_urls
from houselights.traces.media import MEDIA, local_pictures
from houselights.traces.references import HASHTAGS, MENTIONS, NARRATIVES, QUOTES, REPLIES, REPOSTS, TEXTS
from houselights.traces.text import text_objects

_ROW_GROUP = 131_072
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
) -> TraceReport:
    """Reads posts.parquet (core.tables.POSTS) and, where it is made, post_narratives.parquet; writes traces.parquet (core.tables.TRACES):
    beside, then renamed."""
    objects = text_objects(posts_path, settings)
    con.register("text_objects", pa.table({"row": objects.row, "object": objects.object}))
    con.register("canonical_urls", canonical_urls(con, posts_path))
    pictures, no_pictures = local_pictures(con, posts_path, settings.media_folders)
    con.register("local_pictures", pictures)
    con.register("post_narratives", pq.read_table(narratives_path) if narratives_path else POST_NARRATIVES.empty())
    try:
        con.execute(_POSTS_WITH_TEXT.format(posts=in_sql(posts_path)))
        rows = _write(con, out_path)
    finally:
        con.execute("DROP VIEW IF EXISTS posts_with_text")
        con.unregister("canonical_urls")
        con.unregister("local_pictures")
        con.unregister("text_objects")
        con.unregister("post_narratives")
    reasons = _NOT_RUN | ({"media": no_pictures} if no_pictures else {})
    return TraceReport(rows, {k: reasons[k].format(min_words=settings.min_words) for k in TRACE_KINDS if not rows[k]})


def _write(con: duckdb.DuckDBPyConnection, out_path: Path) -> dict[str, int]:
    """Kind by kind: several small sorts take less time and memory than one large one."""
    rows = dict.fromkeys(TRACE_KINDS, 0)
    beside = out_path.with_name(out_path.name + ".part")
    try:
        with pq.ParquetWriter(beside, TRACES.schema, compression="zstd") as writer:
            for kind in sorted(TRACE_KINDS):
                batches = con.sql(_ORDERED.format(select=_SELECTS[kind])).to_arrow_reader(_ROW_GROUP)
                for table in _equal_parts(batches):
                    rows[kind] += table.num_rows
                    writer.write_table(TRACES.check(table))
        beside.replace(out_path)
    finally:
        beside.unlink(missing_ok=True)
    return rows


def _equal_parts(batches: pa.RecordBatchReader) -> Iterator[pa.Table]:
    """Tables of _ROW_GROUP rows, however the batches come: the same traces make the same bytes."""
    waiting: list[pa.RecordBatch] = []
    n_waiting = 0
    for batch in batches:
        waiting.append(batch)
        n_waiting += batch.num_rows
        if n_waiting >= _ROW_GROUP:
            table = pa.Table.from_batches(waiting)
            whole = n_waiting - n_waiting % _ROW_GROUP
            yield from (table.slice(i, _ROW_GROUP) for i in range(0, whole, _ROW_GROUP))
            waiting, n_waiting = table.slice(whole).to_batches(), n_waiting - whole
    if n_waiting:
        yield pa.Table.from_batches(waiting)
