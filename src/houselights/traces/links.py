"""Traces of kind link: the canonical address of each link in a post that is not the post's own media."""

from pathlib import Path

import duckdb
import pyarrow as pa

from houselights.core.paths import literally
from houselights.core.urls import canonical_url, is_post_media
from houselights.core.work import HERE, Work

_BATCH = 65_536
_SCHEMA = pa.schema([("url", pa.string()), ("canonical", pa.string())])
_DISTINCT = "SELECT DISTINCT unnest(urls) AS url FROM read_parquet($posts)"


def canonical_urls(con: duckdb.DuckDBPyConnection, posts_path: Path, work: Work = HERE) -> pa.Table:
    """(url, canonical), one row per distinct URL that is a link. Only a batch of them are Python strings at a time."""
    reader = con.sql(_DISTINCT, params={"posts": literally(posts_path)}).to_arrow_reader(_BATCH)
    table = pa.Table.from_batches(work.map(_canonical, reader), _SCHEMA)
    return table.filter(table["canonical"].is_valid())


def _canonical(batch: pa.RecordBatch) -> pa.RecordBatch:
    return pa.record_batch([batch["url"], [_link(url) for url in batch["url"].to_pylist()]], schema=_SCHEMA)


def _link(url: str | None) -> str | None:
    canonical = canonical_url(url) if url else None
    return None if canonical is None or is_post_media(canonical) else canonical


LINKS = """
SELECT DISTINCT p.author_id AS account_id, 'link' AS kind, l.canonical AS object_id, p.post_id, p.created_at AS "at"
FROM (SELECT *, unnest(urls) AS url FROM posts_with_text) p JOIN canonical_urls l ON l.url = p.url
WHERE p.kind <> 'repost' OR (p.repost_of IS NULL AND p.text_object IS NULL)
"""
