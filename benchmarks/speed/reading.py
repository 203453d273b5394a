"""Reads X API lines into Parquet: `python reading.py houselights|duckdb LINES OUT_FOLDER`; compares: `same FOLDER FOLDER`.

One process each, so that its whole cost counts.

The peer is DuckDB's own `read_json` with all types given, and the expressions that a person who knows the format would write for
the same columns. It checks nothing: no sums of the file, no rejects with their lines, no posts met twice, no order.
"""

import sys
from collections.abc import Callable
from pathlib import Path

ENTITIES = """STRUCT(urls STRUCT(expanded_url VARCHAR, unwound_url VARCHAR, url VARCHAR, media_key VARCHAR)[],
    hashtags STRUCT(tag VARCHAR)[], mentions STRUCT(id VARCHAR, username VARCHAR)[])"""
USER = """STRUCT(id VARCHAR, username VARCHAR, "name" VARCHAR, created_at TIMESTAMPTZ, public_metrics STRUCT(followers_count BIGINT))"""
MEDIA = """STRUCT(media_key VARCHAR, "type" VARCHAR, url VARCHAR, preview_image_url VARCHAR, alt_text VARCHAR)"""
TWEET = f"""STRUCT(id VARCHAR, author_id VARCHAR, "text" VARCHAR, note_tweet STRUCT("text" VARCHAR, entities {ENTITIES}),
    created_at TIMESTAMPTZ, lang VARCHAR, source VARCHAR, conversation_id VARCHAR, in_reply_to_user_id VARCHAR,
    edit_history_tweet_ids VARCHAR[], referenced_tweets STRUCT("type" VARCHAR, id VARCHAR)[], entities {ENTITIES},
    attachments STRUCT(media_keys VARCHAR[]), public_metrics STRUCT(retweet_count BIGINT, reply_count BIGINT, like_count BIGINT,
    quote_count BIGINT, impression_count BIGINT))"""
INCLUDES = (
    f"""STRUCT(users {USER}[], tweets STRUCT(id VARCHAR, author_id VARCHAR, entities {ENTITIES})[], media {MEDIA}[])"""
)


def _reference(kind: str) -> str:
    return f"list_filter(d.referenced_tweets, lambda r: r.type = '{kind}')[1].id"


def _author(reference: str) -> str:
    return f"list_filter(includes.tweets, lambda x: x.id = {reference})[1].author_id"


def _links(entities: str) -> str:
    best = "coalesce(u.expanded_url, u.unwound_url, u.url)"
    return (
        f"list_transform(list_filter(coalesce({entities}.urls, []), lambda u: u.media_key IS NULL), lambda u: {best})"
    )


def _tags(entities: str) -> str:
    return f"list_transform(coalesce({entities}.hashtags, []), lambda h: lower(h.tag))"


def _merged(of: Callable[[str], str]) -> str:
    """Of a repost, what the original has and then what only the repost has: reposts hold the entities of their first 140 characters alone."""
    own, original = of("coalesce(d.note_tweet.entities, d.entities)"), of("original")
    return f"""CASE WHEN original IS NULL THEN {own}
        ELSE list_concat({original}, list_filter({own}, lambda x: NOT list_contains({original}, x))) END"""


def duckdb(lines: Path, out: Path) -> None:
    """All 30 columns of `posts`, with the same content but for the line number."""
    import duckdb

    con = duckdb.connect()
    con.execute("SET TimeZone = 'UTC'")
    con.execute("SET enable_progress_bar = false")
    columns = f"{{'data': '{TWEET.replace(chr(39), chr(39) * 2)}', 'includes': '{INCLUDES}'}}"
    con.execute(f"""COPY (
        WITH lines AS (SELECT *, data AS d, list_filter(includes.users, lambda u: u.id = data.author_id)[1] AS author
            FROM read_json('{lines}', format = 'newline_delimited', columns = {columns})),
        referring AS (SELECT *, {_reference("retweeted")} AS rt, {_reference("quoted")} AS qt, {_reference("replied_to")} AS rp FROM lines),
        found AS (SELECT *, list_filter(includes.tweets, lambda x: x.id = rt)[1].entities AS original FROM referring)
        SELECT d.id AS post_id, 'x' AS platform, d.author_id, author.username AS author_handle, author.name AS author_name,
            author.created_at AS author_created_at, author.public_metrics.followers_count AS author_followers, d.created_at,
            's' AS created_at_precision, NULL::TIMESTAMPTZ AS collected_at,
            CASE WHEN rt IS NULL THEN coalesce(d.note_tweet.text, d.text) ELSE '' END AS "text", d.lang, 'platform' AS lang_source,
            {_merged(_links)} AS urls, {_merged(_tags)} AS hashtags,
            list_transform(coalesce(d.entities.mentions, []), lambda m: coalesce(m.id, m.username)) AS mentions, rp AS reply_to,
            coalesce(d.in_reply_to_user_id, {_author("rp")}) AS reply_to_author, d.conversation_id AS thread_id, rt AS repost_of,
            coalesce({_author("rt")}, CASE WHEN rt IS NOT NULL THEN nullif(regexp_extract(d.text, '^RT @(\\w+)', 1), '') END)
              AS repost_of_author, qt AS quote_of, {_author("qt")} AS quote_of_author,
            list_transform(coalesce(list_filter(includes.media, lambda m: list_contains(d.attachments.media_keys, m.media_key)), []),
              lambda m: {{'type': m.type, 'url': coalesce(m.url, m.preview_image_url), 'hash': NULL::VARCHAR, 'alt': m.alt_text}}) AS media,
            d.source AS client,
            {{'reposts': d.public_metrics.retweet_count, 'replies': d.public_metrics.reply_count, 'likes': d.public_metrics.like_count,
              'quotes': d.public_metrics.quote_count, 'views': d.public_metrics.impression_count}} AS metrics, NULL::VARCHAR AS url,
            CASE WHEN rt IS NOT NULL THEN 'repost' WHEN qt IS NOT NULL THEN 'quote' WHEN rp IS NOT NULL THEN 'reply' ELSE 'post' END AS kind,
            'x_api_v2' AS source_format, {{'file': '{lines.name}', 'line': NULL::BIGINT}} AS raw_ref
        FROM found) TO '{out / "posts.parquet"}' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 122880)""")


def houselights(lines: Path, out: Path) -> None:
    from houselights.core.settings import ReadSettings
    from houselights.engine.local import connect
    from houselights.ingest import read_inputs

    read_inputs(connect(temp_dir=out / ".spill"), [lines], out, ReadSettings())


def same(one: Path, other: Path) -> None:
    """Stops unless both folders hold the same rows, whatever their order; where in the file a row stood is left out."""
    import duckdb

    a, b = (f"SELECT * EXCLUDE (raw_ref) FROM '{folder / 'posts.parquet'}'" for folder in (one, other))
    for query in (f"{a} EXCEPT ALL {b}", f"{b} EXCEPT ALL {a}"):
        n = duckdb.sql(f"SELECT count(*) FROM ({query})").fetchall()[0][0]
        if n:
            raise SystemExit(f"{one.name} and {other.name} differ in {n:,} rows")


if __name__ == "__main__":
    {"duckdb": duckdb, "houselights": houselights, "same": same}[sys.argv[1]](Path(sys.argv[2]), Path(sys.argv[3]))
