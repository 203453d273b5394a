"""X as its web pages load it (GraphQL), as Zeeschuimer collects it, bare or imported by 4CAT."""

from typing import Any

from houselights.ingest.accept import raw_select
from houselights.ingest.sample import Format, Match, Sample

FORMAT = Format(
    name="x_web",
    title="X web pages (Zeeschuimer, GraphQL objects)",
    containers="jsonl, json",
    time_precision="seconds",
    repost_ids=True,
    account_ids=True,
    limits="what a person scrolled past, in the order that X chose",
    platform="x",
)
FIELDS = frozenset(
    (
        *(
            "post_id",
            "author_id",
            "author_handle",
            "author_name",
            "author_created_at",
            "author_followers",
            "created_at",
        ),
        *(
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
        ),
        *("repost_of_author", "quote_of", "quote_of_author", "media", "client", "metrics", "kind"),
    )
)
_ENTITIES = {
    "urls": [{"expanded_url": "VARCHAR", "url": "VARCHAR"}],
    "hashtags": [{"text": "VARCHAR"}],
    "user_mentions": [{"id_str": "VARCHAR", "screen_name": "VARCHAR"}],
}
_NAMES = dict.fromkeys(("screen_name", "name", "created_at"), "VARCHAR")
_USER = {"rest_id": "VARCHAR", "core": _NAMES, "legacy": {**_NAMES, "followers_count": "BIGINT"}}
_SHORT: dict[str, Any] = {
    "rest_id": "VARCHAR",
    "core": {"user_results": {"result": _USER}},
    "legacy": {"user_id_str": "VARCHAR", "entities": _ENTITIES},
}
_RESULT = {"result": {**_SHORT, "tweet": _SHORT}}
_TWEET: dict[str, Any] = {
    "rest_id": "VARCHAR",
    "source": "VARCHAR",
    "views": {"count": "BIGINT"},
    "core": _SHORT["core"],
    "note_tweet": {"note_tweet_results": {"result": {"text": "VARCHAR", "entity_set": _ENTITIES}}},
    "quoted_status_result": _RESULT,
    "legacy": {
        **dict.fromkeys(
            ("full_text", "created_at", "user_id_str", "conversation_id_str", "lang", "quoted_status_id_str"), "VARCHAR"
        ),
        **dict.fromkeys(("in_reply_to_status_id_str", "in_reply_to_user_id_str"), "VARCHAR"),
        **dict.fromkeys(("retweet_count", "reply_count", "favorite_count", "quote_count"), "BIGINT"),
        "entities": _ENTITIES,
        "extended_entities": {"media": [dict.fromkeys(("type", "media_url_https", "ext_alt_text"), "VARCHAR")]},
        "retweeted_status_result": _RESULT,
    },
}
_LINE = {
    **_TWEET,
    "tweet": _TWEET,
    "timestamp_collected": "VARCHAR",
    "__import_meta": {"timestamp_collected": "VARCHAR"},
    "data": {**_TWEET, "tweet": _TWEET},
}


def match(sample: Sample, column_map: dict[str, str]) -> Match | None:
    if sample.container != "JSON":
        return None
    mine = [
        row
        for row in sample.rows
        if any(f"{where}rest_id" in row and f"{where}legacy.full_text" in row for where in _WHERE)
    ]
    if not mine or len(mine) < 0.5 * len(sample.rows):
        return None
    return Match(FORMAT.name, 0.98, "keys of X's web pages (rest_id, legacy.full_text)", {})


_WHERE = ("", "tweet.", "data.", "data.tweet.")


def structure(match: Match) -> dict[str, Any]:
    return _LINE


def raw(typed: str, match: Match) -> str:
    """SQL text of the raw rows, from lines typed as `structure`. A post with a notice stands one level deeper."""
    whole = "{" + ", ".join(f"'{name}': j.{name}" for name in _TWEET) + "}"
    inner = "{" + ", ".join(f"'{name}': j.data.{name}" for name in _TWEET) + "}"
    tweet = f"""CASE WHEN j.data.tweet.rest_id IS NOT NULL THEN j.data.tweet WHEN j.data.rest_id IS NOT NULL THEN {inner}
        WHEN j.tweet.rest_id IS NOT NULL THEN j.tweet ELSE {whole} END"""
    at = "coalesce(j.timestamp_collected, j.__import_meta.timestamp_collected)"
    tweets = f"SELECT line, rule, detail, {at} AS collected, {tweet} AS t FROM {typed}"
    parts = f"""SELECT *, t.legacy AS l, t.core.user_results.result AS u, t.note_tweet.note_tweet_results.result AS note,
        {_reference("t.legacy.retweeted_status_result")} AS rt, {_reference("t.quoted_status_result")} AS qt FROM ({tweets})"""
    return raw_select(_COLUMNS, f"({parts})")


def _reference(result: str) -> str:
    found = f"{result}.result"
    short = "{" + ", ".join(f"'{name}': {found}.{name}" for name in _SHORT) + "}"
    return f"CASE WHEN {found}.tweet.rest_id IS NOT NULL THEN {found}.tweet WHEN {found}.rest_id IS NOT NULL THEN {short} END"


def _author_of(reference: str) -> str:
    return f"coalesce({reference}.core.user_results.result.rest_id, {reference}.legacy.user_id_str)"


def _either(listed: str) -> str:
    """Of a repost the original's, of a long post those of the whole text, else the post's own."""
    note = f"note.entity_set.{listed}"
    return f"CASE WHEN rt IS NOT NULL THEN rt.legacy.entities.{listed} WHEN note.text IS NOT NULL THEN {note} ELSE l.entities.{listed} END"


_COLUMNS = {
    "line": "line",
    "rule": "rule",
    "detail": "detail",
    "post_id": "t.rest_id",
    "author_id": "coalesce(u.rest_id, l.user_id_str)",
    "author_handle": "coalesce(u.core.screen_name, u.legacy.screen_name)",
    "author_name": "coalesce(u.core.name, u.legacy.name)",
    "author_created": "coalesce(u.core.created_at, u.legacy.created_at)",
    "author_followers": "u.legacy.followers_count",
    "created": "l.created_at",
    "collected": "collected",
    "text": "coalesce(note.text, l.full_text)",
    "lang": "l.lang",
    "urls": f"list_transform(coalesce({_either('urls')}, []), lambda e: coalesce(e.expanded_url, e.url))",
    "hashtags": f"list_transform(coalesce({_either('hashtags')}, []), lambda e: e.text)",
    "mentions": f"list_transform(coalesce({_either('user_mentions')}, []), lambda e: coalesce(e.id_str, e.screen_name))",
    "reply_to": "l.in_reply_to_status_id_str",
    "reply_to_author": "l.in_reply_to_user_id_str",
    "thread_id": "l.conversation_id_str",
    "repost_of": "rt.rest_id",
    "repost_of_author": _author_of("rt"),
    "quote_of": "CASE WHEN rt IS NULL THEN coalesce(qt.rest_id, l.quoted_status_id_str) END",
    "quote_of_author": f"CASE WHEN rt IS NULL THEN {_author_of('qt')} END",
    "media": """list_transform(coalesce(l.extended_entities.media, []), lambda m:
        {'type': m.type, 'url': m.media_url_https, 'hash': NULL::VARCHAR, 'alt': m.ext_alt_text})""",
    "client": "regexp_replace(t.source, '<[^>]*>', '', 'g')",
    "metrics": """CASE WHEN l.retweet_count IS NOT NULL THEN {'reposts': l.retweet_count, 'replies': l.reply_count,
        'likes': l.favorite_count, 'quotes': l.quote_count, 'views': t.views.count} END""",
}
