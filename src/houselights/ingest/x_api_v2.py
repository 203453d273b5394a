"""X API v2: pages with `data` and `includes`, stream lines, and lines flattened as twarc does, in any mixture."""

import json
from typing import Any

from houselights.ingest import json_text
from houselights.ingest.accept import raw_select
from houselights.ingest.sample import Format, Match, Sample

FORMAT = Format(
    name="x_api_v2",
    title="X API v2 pages, stream lines, and twarc's flattened lines",
    containers="jsonl, json",
    time_precision="seconds",
    repost_ids=True,
    account_ids=True,
    limits="a repost's links and tags come from the original where the file includes it",
    platform="x",
)
FIELDS = frozenset(
    [
        "post_id",
        "author_id",
        "author_handle",
        "author_name",
        "author_created_at",
        "author_followers",
        "created_at",
        "collected_at",
        "text",
        "lang",
        "urls",
        "hashtags",
        "mentions",
        "reply_to",
        "reply_to_author",
        "thread_id",
        "repost_of",
        "repost_of_author",
        "quote_of",
        "quote_of_author",
        "media",
        "client",
        "metrics",
        "kind",
    ]
)

_ENTITIES = {
    "urls": [{"expanded_url": "VARCHAR", "unwound_url": "VARCHAR", "url": "VARCHAR", "media_key": "VARCHAR"}],
    "hashtags": [{"tag": "VARCHAR"}],
    "mentions": [{"id": "VARCHAR", "username": "VARCHAR"}],
}
_USER = {
    "id": "VARCHAR",
    "username": "VARCHAR",
    "name": "VARCHAR",
    "created_at": "VARCHAR",
    "public_metrics": {"followers_count": "BIGINT"},
}
_MEDIA = {
    "media_key": "VARCHAR",
    "type": "VARCHAR",
    "url": "VARCHAR",
    "preview_image_url": "VARCHAR",
    "alt_text": "VARCHAR",
}
_REFERENCED = {"id": "VARCHAR", "author_id": "VARCHAR", "author": {"id": "VARCHAR"}, "entities": _ENTITIES}
_TWEET: dict[str, Any] = {
    "id": "VARCHAR",
    "author_id": "VARCHAR",
    "text": "VARCHAR",
    "note_tweet": {"text": "VARCHAR", "entities": _ENTITIES},
    "created_at": "VARCHAR",
    "lang": "VARCHAR",
    "source": "VARCHAR",
    "conversation_id": "VARCHAR",
    "in_reply_to_user_id": "VARCHAR",
    "edit_history_tweet_ids": ["VARCHAR"],
    "referenced_tweets": [{"type": "VARCHAR", **_REFERENCED}],
    "entities": _ENTITIES,
    "attachments": {"media_keys": ["VARCHAR"], "media": [_MEDIA]},
    "public_metrics": dict.fromkeys(
        ("retweet_count", "reply_count", "like_count", "quote_count", "impression_count"), "BIGINT"
    ),
    "author": _USER,
}
_ERROR = {"title": "VARCHAR", "detail": "VARCHAR", "message": "VARCHAR", "value": "VARCHAR", "type": "VARCHAR"}
_REST_OF_LINE = {
    "includes": {"users": [_USER], "tweets": [_REFERENCED], "media": [_MEDIA]},
    "errors": [_ERROR],
    "title": "VARCHAR",
    "detail": "VARCHAR",
    "type": "VARCHAR",
    "meta": "JSON",
    "__twarc": {"retrieved_at": "VARCHAR"},
}
_PAGES = "pages"
_TWEET_MARKS = {
    "author_id",
    "edit_history_tweet_ids",
    "conversation_id",
    "referenced_tweets",
    "public_metrics",
    "reply_settings",
}


def match(sample: Sample, column_map: dict[str, str]) -> Match | None:
    if sample.container != "JSON":
        return None
    shapes = [shape for row in sample.rows if (shape := _shape(row))]
    if not shapes or len(shapes) < 0.2 * len(sample.rows):
        return None
    kinds = ", ".join(sorted(set(shapes)))
    return Match(FORMAT.name, 0.98, f"keys of the X API v2 ({kinds})", {}, pages=shapes.count(_PAGES) > len(shapes) / 2)


def _shape(record: dict[str, Any]) -> str | None:
    data = record.get("data")
    first = data[0] if isinstance(data, list) and data else data
    if isinstance(first, dict):
        marks = _TWEET_MARKS & first.keys() or "includes" in record
        return (
            ("pages" if isinstance(data, list) else "stream lines")
            if marks and {"id", "text"} <= first.keys()
            else None
        )
    meta = record.get("meta")
    if isinstance(meta, dict) and "result_count" in meta:
        return _PAGES
    return "flattened lines" if {"id", "text"} <= record.keys() and len(_TWEET_MARKS & record.keys()) >= 2 else None


def _structure(of: object) -> str:
    return json.dumps(of).replace("'", "''")


def structure(match: Match) -> dict[str, Any]:
    """Shape of a line. `data` is typed as what most lines hold; a line of the other kind is parsed a second time."""
    return _TWEET | {"data": [_TWEET] if match.pages else _TWEET} | _REST_OF_LINE


def raw(typed: str, match: Match) -> str:
    """SQL text of the raw rows, from lines typed as `structure(match)`: (line, raw, j, rule, detail)."""
    per_line = f"""SELECT *, list_transform(j.includes.users, lambda u: u.id) AS user_ids,
        list_transform(j.includes.tweets, lambda x: x.id) AS tweet_ids FROM {typed}"""
    entries = f"""SELECT line, j.includes AS inc, user_ids, tweet_ids, j.__twarc.retrieved_at AS retrieved_at,
        unnest({_entries(match.pages)}) AS entry FROM ({per_line})"""
    tweets = f"SELECT * EXCLUDE (entry), entry.t AS t, entry.rule AS rule, entry.detail AS detail FROM ({entries})"
    return raw_select(_COLUMNS, f"({_FOUND.replace('TWEETS', f'({tweets})')})")


def _entry(tweet: str, rule: str = "NULL::VARCHAR", detail: str = "NULL::VARCHAR") -> str:
    return f"{{'t': {tweet}, 'rule': {rule}, 'detail': {detail}}}"


_NO_TWEET = f"from_json('null', '{_structure(_TWEET)}')"
_FLAT = "{" + ", ".join(f"'{name}': j.{name}" for name in _TWEET) + "}"
_BARE_ERROR = "(j.title IS NOT NULL AND j.detail IS NOT NULL)"
_NONE_DUE = f"(j.errors IS NOT NULL OR j.meta IS NOT NULL OR {_BARE_ERROR})"
_PROBLEMS = f"""CASE WHEN j.errors IS NOT NULL THEN list_transform(j.errors, lambda e:
      {_entry(_NO_TWEET, "'platform_error'", "concat_ws(': ', e.title, coalesce(e.detail, e.message), e.value)")})
    ELSE [{_entry(_NO_TWEET, "'platform_error'", "concat_ws(': ', j.title, j.detail)")}] END"""


def _entries(pages: bool) -> str:
    """List of (tweet, rule, detail): the tweets of a line, its error objects, or the line itself when it could not be read."""
    listed, single = ("j.data", "second.data") if pages else ("second.data", "j.data")
    other = json_text.parsed("raw", {"data": _TWEET if pages else [_TWEET]})
    many = f"list_transform({listed}, lambda x: {_entry('x')})"
    none_or_bad = f"CASE WHEN {_NONE_DUE} THEN [] ELSE [{_entry(_FLAT)}] END"
    if pages:
        first = f"WHEN j.data IS NOT NULL THEN {many}"
        rest = f"CASE WHEN ({other}).data.id IS NULL THEN {none_or_bad} ELSE [{_entry(f'({other}).data')}] END"
    else:
        first = f"WHEN {single}.id IS NOT NULL THEN [{_entry(single)}]"
        rest = f"coalesce({many.replace('second.data', f'({other}).data')}, {none_or_bad})"
    tweets = f"""CASE {first} WHEN j.id IS NOT NULL THEN [{_entry(_FLAT)}]
        WHEN contains(raw, '"data"') THEN {rest} ELSE {none_or_bad} END"""
    bare = (
        f"({'j.data IS NULL' if pages else 'j.data.id IS NULL'} AND j.id IS NULL AND j.meta IS NULL AND {_BARE_ERROR})"
    )
    return f"""CASE WHEN j IS NULL THEN [{_entry(_NO_TWEET, "rule", "detail")}]
        WHEN j.errors IS NULL AND NOT {bare} THEN {tweets} ELSE list_concat({tweets}, {_PROBLEMS}) END"""


def _reference(kind: str) -> str:
    return f"list_filter(t.referenced_tweets, lambda r: r.type = '{kind}')[1]"


def _included(listing: str, ids: str, value: str) -> str:
    return f"inc.{listing}[list_position({ids}, {value})]"


# the original of a repost, quote or reply: embedded in the reference when flattened, else among the includes
_FOUND = f"""SELECT *, coalesce(rt.entities, {_included("tweets", "tweet_ids", "rt.id")}.entities) AS original_entities FROM (
    SELECT *, {_reference("retweeted")} AS rt, {_reference("quoted")} AS qt, {_reference("replied_to")} AS rp,
      coalesce(t.author_id, t.author.id) AS author_id,
      CASE WHEN t.author.id IS NOT NULL THEN t.author ELSE {_included("users", "user_ids", "t.author_id")} END AS author
    FROM TWEETS)"""


def _author_of(reference: str) -> str:
    return f"coalesce({reference}.author_id, {reference}.author.id, {_included('tweets', 'tweet_ids', f'{reference}.id')}.author_id)"


_OWN_MEDIA = "^https?://(www[.])?(twitter|x)[.]com/[^/]+/status/[0-9]+/(photo|video)/[0-9]+$"


def _links(entities: str) -> str:
    """Expanded links; entries that stand for attached media are no links."""
    best = "list_transform(list_filter({0}.urls, lambda u: u.media_key IS NULL), lambda u: coalesce(u.expanded_url, u.unwound_url, u.url))"
    return f"list_filter(coalesce({best.format(entities)}, []), lambda u: u IS NOT NULL AND NOT regexp_matches(u, '{_OWN_MEDIA}'))"


def _tags(entities: str) -> str:
    return f"list_transform(coalesce({entities}.hashtags, []), lambda h: h.tag)"


def _merged(of: str) -> str:
    """What the original has, then what only the repost has; own entities alone when the original is not in the file."""
    own = _links("t.entities") if of == "links" else _tags("t.entities")
    note = _links("t.note_tweet.entities") if of == "links" else _tags("t.note_tweet.entities")
    original = _links("original_entities") if of == "links" else _tags("original_entities")
    full = f"CASE WHEN t.note_tweet.entities IS NOT NULL THEN {note} ELSE {own} END"
    return f"""CASE WHEN rt IS NULL OR original_entities IS NULL THEN {full}
        ELSE list_concat({original}, list_filter({own}, lambda x: NOT list_contains({original}, x))) END"""


_ATTACHED = """CASE WHEN t.attachments IS NULL THEN [] ELSE coalesce(t.attachments.media,
    list_filter(inc.media, lambda m: list_contains(t.attachments.media_keys, m.media_key)), []) END"""
_COLUMNS = {
    "line": "line",
    "rule": "rule",
    "detail": "detail",
    "post_id": "t.id",
    "platform": "'x'",
    "author_id": "author_id",
    "author_handle": "author.username",
    "author_name": "author.name",
    "author_created": "author.created_at",
    "author_followers": "author.public_metrics.followers_count",
    "created": "t.created_at",
    "collected": "retrieved_at",
    "text": "coalesce(t.note_tweet.text, t.text)",
    "lang": "t.lang",
    "urls": _merged("links"),
    "hashtags": _merged("tags"),
    "mentions": "list_transform(coalesce(t.entities.mentions, []), lambda m: coalesce(m.id, m.username))",
    "reply_to": "rp.id",
    "reply_to_author": f"coalesce(t.in_reply_to_user_id, {_author_of('rp')})",
    "thread_id": "t.conversation_id",
    "repost_of": "rt.id",
    "repost_of_author": _author_of("rt"),
    "quote_of": "qt.id",
    "quote_of_author": _author_of("qt"),
    "media": f"""list_transform({_ATTACHED}, lambda m:
        {{'type': m.type, 'url': coalesce(m.url, m.preview_image_url), 'hash': NULL::VARCHAR, 'alt': m.alt_text}})""",
    "client": "t.source",
    "metrics": """CASE WHEN t.public_metrics IS NOT NULL THEN {'reposts': t.public_metrics.retweet_count, 'replies': t.public_metrics.reply_count,
        'likes': t.public_metrics.like_count, 'quotes': t.public_metrics.quote_count, 'views': t.public_metrics.impression_count} END""",
    "version_of": "CASE WHEN len(t.edit_history_tweet_ids) > 1 THEN t.edit_history_tweet_ids[1] END",
}
