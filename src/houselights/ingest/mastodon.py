"""Mastodon and its kin: statuses as the API gives them, timelines and searches, and frames of the streaming API."""

from typing import Any

from houselights.ingest.accept import raw_select
from houselights.ingest.json_text import parsed
from houselights.ingest.sample import Format, Match, Sample
from houselights.ingest.text_parts import unescaped

FORMAT = Format(
    name="mastodon",
    title="Mastodon statuses, timelines, searches, and streaming frames",
    containers="jsonl, json",
    time_precision="milliseconds",
    repost_ids=True,
    account_ids=True,
    limits="answers to statuses that the file does not hold are known by their number on the collecting server alone; a deleted status is left out",
    platform="mastodon",
    lang_source="author",
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
            "repost_of",
            "repost_of_author",
        ),
        *("quote_of", "quote_of_author", "media", "client", "metrics", "url", "kind"),
    )
)

_ACCOUNT = {
    **dict.fromkeys(("id", "acct", "url", "uri", "display_name", "created_at"), "VARCHAR"),
    "followers_count": "BIGINT",
}
_REFERRED = {"id": "VARCHAR", "uri": "VARCHAR", "account": _ACCOUNT}
_STATUS: dict[str, Any] = {
    **dict.fromkeys(("id", "uri", "url", "created_at", "edited_at", "content", "spoiler_text", "language"), "VARCHAR"),
    **dict.fromkeys(("in_reply_to_id", "in_reply_to_account_id"), "VARCHAR"),
    "account": _ACCOUNT,
    "reblog": _REFERRED,
    "quote": {"state": "VARCHAR", "quoted_status": _REFERRED, "quoted_status_id": "VARCHAR"},
    "mentions": [{"id": "VARCHAR", "url": "VARCHAR", "acct": "VARCHAR"}],
    "tags": [{"name": "VARCHAR"}],
    "card": {"url": "VARCHAR"},
    "media_attachments": [dict.fromkeys(("type", "url", "remote_url", "description"), "VARCHAR")],
    "application": {"name": "VARCHAR"},
    **dict.fromkeys(("replies_count", "reblogs_count", "favourites_count", "quotes_count"), "BIGINT"),
}
_LINE = {**_STATUS, "event": "VARCHAR", "payload": "VARCHAR", "statuses": [_STATUS]}
_MARKS = {"in_reply_to_id", "reblogs_count", "favourites_count", "spoiler_text", "account.acct"}


def match(sample: Sample, column_map: dict[str, str]) -> Match | None:
    if sample.container != "JSON":
        return None
    shapes = [shape for row in sample.rows if (shape := _shape(row))]
    if not shapes or len(shapes) < 0.5 * len(sample.rows):
        return None
    reason = f"keys of Mastodon ({', '.join(sorted(set(shapes)))})"
    return Match(FORMAT.name, 0.98, reason, {}, one_each="searches" not in shapes)


def _shape(row: dict[str, Any]) -> str | None:
    """What a line looks like; `row` has dot paths as its keys."""
    if "event" in row and isinstance(row.get("payload"), str) and {"stream", "event"} <= row.keys():
        return "streaming frames"
    if {"uri", "content"} <= row.keys() and len(_MARKS & row.keys()) >= 2:
        return "statuses"
    listed = row.get("statuses")
    first = listed[0] if isinstance(listed, list) and listed else None
    return "searches" if isinstance(first, dict) and {"uri", "content", "account"} <= first.keys() else None


def structure(match: Match) -> dict[str, Any]:
    return _LINE


_UPDATES = "('update', 'status.update')"


def raw(typed: str, match: Match) -> str:
    """SQL text of the raw rows, from lines typed as `structure`. The payload of a frame is JSON in a string: it is parsed a second time."""
    whole = "{" + ", ".join(f"'{name}': j.{name}" for name in _STATUS) + "}"
    told = f"CASE WHEN j.event IN {_UPDATES} THEN ({parsed('j.payload', _STATUS)}) END"
    statuses = f"""CASE WHEN j IS NULL OR j.event IS NOT NULL THEN [{told}]
        WHEN j.statuses IS NOT NULL THEN j.statuses ELSE [{whole}] END"""
    entries = f"""SELECT line, rule AS bad, detail AS why, j.event AS event,
        CASE WHEN j.event = 'delete' THEN trim(j.payload) END AS deleted, unnest({statuses}) AS s FROM {typed}"""
    return raw_select(_COLUMNS, f"({entries})")


# Accounts and statuses by what is theirs everywhere; a server without it says `acct`.
def _account(account: str) -> str:
    return f"coalesce({account}.url, {account}.uri, {account}.acct)"


_ANCHOR_TAG = r'<a\b[^>]*\bclass="[^"]*(?:mention|hashtag)[^"]*"[^>]*>'
_ANCHOR_LINK = r'(?s)<a\b[^>]*\bhref="([^"]*)"[^>]*>.*?</a>'


def _without_tags(html: str) -> str:
    """Plain text: a link is its address (what is shown of it is cut into spans), tags and names of people stay as shown."""
    text = f"regexp_replace({html}, '{_ANCHOR_TAG}', '', 'g')"
    text = f"regexp_replace({text}, '{_ANCHOR_LINK}', '\\1', 'g')"
    text = f"regexp_replace({text}, '<br\\s*/?>|</p>\\s*<p>', chr(10), 'g')"
    return unescaped(f"regexp_replace({text}, '<[^>]*>', '', 'g')")


_LINKS = f"""list_transform(regexp_extract_all(regexp_replace(coalesce(s.content, ''), '{_ANCHOR_TAG}', '', 'g'), '{_ANCHOR_LINK}', 1),
    lambda u: {unescaped("u")})"""
_CARD = "CASE WHEN s.card.url IS NULL OR list_contains(links, s.card.url) THEN [] ELSE [s.card.url] END"
_QUOTED = "s.quote.state = 'accepted' OR s.quote.state IS NULL"  # others were refused or taken back
_COLUMNS = {
    "line": "line",
    "rule": f"""CASE WHEN bad IS NOT NULL THEN bad WHEN event = 'delete' THEN 'deletion'
        WHEN event IS NOT NULL AND event NOT IN {_UPDATES} THEN 'not_a_post'
        WHEN event IS NOT NULL AND s IS NULL THEN 'malformed_json' END""",
    "detail": "coalesce(why, event)",
    "deletes": "deleted IS NOT NULL",
    "local_id": "coalesce(deleted, s.id)",
    "post_id": "s.uri",
    "author_id": _account("s.account"),
    "author_handle": "s.account.acct",
    "author_name": "s.account.display_name",
    "author_created": "s.account.created_at",
    "author_followers": "s.account.followers_count",
    "created": "s.created_at",
    "collected": "s.edited_at",
    "text": f"""CASE WHEN s.reblog.uri IS NULL THEN concat_ws(chr(10), nullif(s.spoiler_text, ''), {_without_tags("s.content")}) END""",
    "lang": "s.language",
    "urls": f"CASE WHEN s.reblog.uri IS NULL THEN list_concat({_LINKS}, {_CARD.replace('links', _LINKS)}) END",
    "hashtags": "list_transform(s.tags, lambda t: t.name)",
    "mentions": "list_transform(s.mentions, lambda m: coalesce(m.url, m.acct, m.id))",
    "reply_to": "s.in_reply_to_id",
    "reply_to_author": "coalesce(list_filter(s.mentions, lambda m: m.id = s.in_reply_to_account_id)[1].url, s.in_reply_to_account_id)",
    "repost_of": "s.reblog.uri",
    "repost_of_author": _account("s.reblog.account"),
    "quote_of": f"CASE WHEN {_QUOTED} THEN coalesce(s.quote.quoted_status.uri, s.quote.quoted_status_id) END",
    "quote_of_author": f"CASE WHEN {_QUOTED} THEN {_account('s.quote.quoted_status.account')} END",
    "media": """list_transform(s.media_attachments, lambda m:
        {'type': m.type, 'url': coalesce(m.remote_url, m.url), 'hash': NULL::VARCHAR, 'alt': m.description})""",
    "client": "s.application.name",
    "metrics": """CASE WHEN coalesce(s.reblogs_count, s.replies_count, s.favourites_count) IS NOT NULL THEN
        {'reposts': s.reblogs_count, 'replies': s.replies_count, 'likes': s.favourites_count, 'quotes': s.quotes_count, 'views': NULL::BIGINT} END""",
    "url": "s.url",
}
