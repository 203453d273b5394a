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
_PAGES, _STREAM, _FLAT_LINES = "pages", "stream lines", "flattened lines"
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
    many = _PAGES in shapes or any(row.get("errors") for row in sample.rows)
    pages = shapes.count(_PAGES) > len(shapes) / 2
    only = kinds if set(shapes) in ({_STREAM}, {_FLAT_LINES}) else ""
    return Match(FORMAT.name, 0.98, f"keys of the X API v2 ({kinds})", {}, pages=pages, one_each=not many, only=only)


def _shape(record: dict[str, Any]) -> str | None:
    data = record.get("data")
    first = data[0] if isinstance(data, list) and data else data
    if isinstance(first, dict):
        marks = _TWEET_MARKS & first.keys() or "includes" in record
        return (_PAGES if isinstance(data, list) else _STREAM) if marks and {"id", "text"} <= first.keys() else None
    meta = record.get("meta")
    if isinstance(meta, dict) and "result_count" in meta:
        return _PAGES
    return _FLAT_LINES if {"id", "text"} <= record.keys() and len(_TWEET_MARKS & record.keys()) >= 2 else None


def _structure(of: object) -> str:
    return json.dumps(of).replace("'", "''")


def structure(match: Match) -> dict[str, Any]:
    """Shape of a line. `data` is typed as what most lines hold; a line of the other kind is parsed a second time."""
    if match.only == _STREAM:
        return {"data": _TWEET, **_REST_OF_LINE}
    if match.only == _FLAT_LINES:
        return {**_TWEET, **_REST_OF_LINE}
    return _TWEET | {"data": [_TWEET] if match.pages else _TWEET} | _REST_OF_LINE


def raw(typed: str, match: Match) -> str:
    """SQL text of the raw rows, from lines typed as `structure(match)`: (line, raw, j, rule, detail)."""
    found = _FOUND.replace("TWEETS", f"({_only(typed, match) if match.only else _each(typed, match)})")
    return raw_select(_COLUMNS, f"({found})")


def _only(typed: str, match: Match) -> str:
    """The tweets of lines that are one tweet each. A line that says more is a problem: whoever takes lines so reads them again with care."""
    tweet = "j.data" if match.only == _STREAM else "j"
    more = "j.errors IS NOT NULL OR j.title IS NOT NULL OR j.detail IS NOT NULL"
    return f"""SELECT line, j.includes AS inc, {_IDS_OF_INCLUDED}, j.__twarc.retrieved_at AS retrieved_at, {tweet} AS t, detail,
        CASE WHEN {more} THEN 'platform_error' ELSE rule END AS rule FROM {typed}"""


def _each(typed: str, match: Match) -> str:
    """All tweets of all lines, in any mixture, and their error objects."""
    per_line = f"SELECT *, {_IDS_OF_INCLUDED} FROM {typed}"
    entries = f"""SELECT line, j.includes AS inc, tweet_ids, j.__twarc.retrieved_at AS retrieved_at,
        unnest({_entries(match.pages)}) AS entry FROM ({per_line})"""
    return f"SELECT * EXCLUDE (entry), entry.t AS t, entry.rule AS rule, entry.detail AS detail FROM ({entries})"


_IDS_OF_INCLUDED = "list_transform(j.includes.tweets, lambda x: x.id) AS tweet_ids"


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
    return f"t.referenced_tweets[list_position(kinds, '{kind}')]"


def _included(listing: str, ids: str, value: str) -> str:
    return f"inc.{listing}[list_position({ids}, {value})]"


# the original of a repost, quote or reply: embedded in the reference when flattened, else among the includes
_FOUND = f"""SELECT *, coalesce(rt.entities, {_included("tweets", "tweet_ids", "rt.id")}.entities) AS original_entities FROM (
    SELECT *, {_reference("retweeted")} AS rt, {_reference("quoted")} AS qt, {_reference("replied_to")} AS rp,
      coalesce(t.author_id, t.author.id) AS author_id,
      list_filter(inc.users, lambda u: u.id = coalesce(t.author_id, t.author.id))[1] AS author
    FROM (SELECT *, list_transform(t.referenced_tweets, lambda r: r.type) AS kinds FROM TWEETS))"""


def _author_of(reference: str) -> str:
    return f"coalesce({reference}.author_id, {reference}.author.id, {_included('tweets', 'tweet_ids', f'{reference}.id')}.author_id)"


_OWN_MEDIA = "^https?://(www[.])?(twitter|x)[.]com/[^/]+/status/[0-9]+/(photo|video)/[0-9]+$"


def _links(entities: str) -> str:
    """Expanded links; '' for entries that stand for attached media."""
    best = "coalesce(u.expanded_url, u.unwound_url, u.url)"
    own = f"u.media_key IS NOT NULL OR contains({best}, '/status/') AND regexp_matches({best}, '{_OWN_MEDIA}')"
    return f"list_transform(coalesce({entities}.urls, []), lambda u: CASE WHEN {own} THEN '' ELSE {best} END)"


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


_ATTACHED = """coalesce(t.attachments.media, list_filter(inc.media, lambda m: list_contains(t.attachments.media_keys, m.media_key)), [])"""
_COLUMNS = {
    "line": "line",
    "rule": "rule",
    "detail": "detail",
    "post_id": "t.id",
    "platform": "'x'",
    "author_id": "author_id",
    "author_handle": "coalesce(t.author.username, author.username)",
    "author_name": "coalesce(t.author.name, author.name)",
    "author_created": "coalesce(t.author.created_at, author.created_at)",
    "author_followers": "coalesce(t.author.public_metrics.followers_count, author.public_metrics.followers_count)",
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
    "media": f"""CASE WHEN t.attachments IS NOT NULL THEN list_transform({_ATTACHED}, lambda m:
        {{'type': m.type, 'url': coalesce(m.url, m.preview_image_url), 'hash': NULL::VARCHAR, 'alt': m.alt_text}}) END""",
    "client": "t.source",
    "metrics": """CASE WHEN t.public_metrics IS NOT NULL THEN {'reposts': t.public_metrics.retweet_count, 'replies': t.public_metrics.reply_count,
        'likes': t.public_metrics.like_count, 'quotes': t.public_metrics.quote_count, 'views': t.public_metrics.impression_count} END""",
    "version_of": "CASE WHEN len(t.edit_history_tweet_ids) > 1 THEN t.edit_history_tweet_ids[1] END",
}
