"""Bluesky: Jetstream frames, records of the firehose, and post views of the AppView (searches, feeds, 4CAT), in any mixture."""

from typing import Any

from houselights.ingest.accept import raw_select
from houselights.ingest.sample import Format, Match, Sample

FORMAT = Format(
    name="bluesky",
    title="Bluesky: Jetstream frames, firehose records, post and feed views",
    containers="jsonl, json",
    time_precision="milliseconds",
    repost_ids=True,
    account_ids=True,
    limits="times are what the author's program says; likes and follows are no posts; a deleted post is left out",
    platform="bluesky",
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
            "created_at",
            "collected_at",
            "text",
            "lang",
        ),
        *("urls", "hashtags", "mentions", "reply_to", "reply_to_author", "thread_id", "repost_of", "repost_of_author"),
        *("quote_of", "quote_of_author", "media", "metrics", "kind"),
    )
)
_LAST_US = 253_402_300_799_999_999  # the last of the year 9999
_POST, _REPOST = "app.bsky.feed.post", "app.bsky.feed.repost"

# Programs of Python write names in snake_case, and py_type for $type.
_TYPE = {"$type": "VARCHAR", "py_type": "VARCHAR"}
_BLOB = {"ref": {"$link": "VARCHAR", "link": "VARCHAR"}}
_ATTACHED: dict[str, Any] = {
    **_TYPE,
    "images": [{"alt": "VARCHAR", "image": _BLOB}],
    "items": [{"alt": "VARCHAR", "image": _BLOB}],
    "video": _BLOB,
    "alt": "VARCHAR",
    "external": {"uri": "VARCHAR"},
}
_RECORD: dict[str, Any] = {
    **_TYPE,
    "text": "VARCHAR",
    "createdAt": "VARCHAR",
    "created_at": "VARCHAR",
    "langs": ["VARCHAR"],
    "tags": ["VARCHAR"],
    "facets": [{"features": [{"uri": "VARCHAR", "tag": "VARCHAR", "did": "VARCHAR"}]}],
    "reply": {"parent": {"uri": "VARCHAR"}, "root": {"uri": "VARCHAR"}},
    "embed": {**_ATTACHED, "media": _ATTACHED, "record": {"uri": "VARCHAR", "record": {"uri": "VARCHAR"}}},
    "subject": {"uri": "VARCHAR"},
}
_AUTHOR = dict.fromkeys(("did", "handle", "displayName", "display_name", "createdAt", "created_at"), "VARCHAR")
_VIEW: dict[str, Any] = {
    "uri": "VARCHAR",
    "author": _AUTHOR,
    "record": _RECORD,
    **dict.fromkeys(("indexedAt", "indexed_at"), "VARCHAR"),
    **dict.fromkeys(
        (
            "likeCount",
            "like_count",
            "repostCount",
            "repost_count",
            "replyCount",
            "reply_count",
            "quoteCount",
            "quote_count",
        ),
        "BIGINT",
    ),
}
_REASON = {**_TYPE, "by": _AUTHOR, "uri": "VARCHAR", "indexedAt": "VARCHAR", "indexed_at": "VARCHAR"}
_FEED_ITEM = {"post": _VIEW, "reason": _REASON}
_LINE: dict[str, Any] = {
    **_VIEW,
    **_FEED_ITEM,
    "posts": [_VIEW],
    "feed": [_FEED_ITEM],
    **dict.fromkeys(("kind", "did", "repo", "path", "collection", "rkey", "time"), "VARCHAR"),
    "time_us": "BIGINT",
    "commit": {**dict.fromkeys(("operation", "collection", "rkey"), "VARCHAR"), "record": _RECORD},
}


def match(sample: Sample, column_map: dict[str, str]) -> Match | None:
    if sample.container != "JSON":
        return None
    shapes = [shape for row in sample.rows if (shape := _shape(row))]
    if not shapes or len(shapes) < 0.5 * len(sample.rows):
        return None
    reason = f"keys of Bluesky ({', '.join(sorted(set(shapes)))})"
    wrapped = (_WRAPPED,) if any(name.startswith(f"{_WRAPPED}.") for row in sample.rows for name in row) else ()
    return Match(FORMAT.name, 0.98, reason, {}, one_each="pages" not in shapes, beside=wrapped)


def _shape(row: dict[str, Any]) -> str | None:
    """What a line looks like; `row` has dot paths as its keys."""
    if str(row.get("did", "")).startswith("did:") and {"time_us", "kind"} <= row.keys():
        return "Jetstream frames"
    for where in ("", "post.", "data.", "data.post."):
        uri = str(row.get(f"{where}uri") or "")
        if uri.startswith("at://") and any(name.startswith(f"{where}record.") for name in row):
            return "collected post views" if where.startswith(_WRAPPED) else "post views"
    if str(row.get("repo") or row.get("did") or "").startswith("did:") and any(n.startswith("record.") for n in row):
        return "firehose records"
    listed = row.get("posts") or row.get("feed")
    first = listed[0] if isinstance(listed, list) and listed else None
    view = first.get("post", first) if isinstance(first, dict) else None
    return "pages" if isinstance(view, dict) and str(view.get("uri")).startswith("at://") else None


def structure(match: Match) -> dict[str, Any]:
    return _LINE | ({_WRAPPED: {**_VIEW, **_FEED_ITEM}} if match.beside else {})


def raw(typed: str, match: Match) -> str:
    """SQL text of the raw rows, from lines typed as `structure`: (line, raw, j, rule, detail)."""
    entries = f"SELECT line, rule AS bad, detail AS why, unnest({_entries(bool(match.beside))}) AS e FROM {typed}"
    parts = f"""SELECT line, bad, why, e, e.record AS r, e.reason AS reason, split_part(e.uri, '/', 4) AS collection FROM ({entries})"""
    return raw_select(_COLUMNS, f"({parts})")


def _entry(uri: str, record: str, **over: str) -> str:
    """One thing of a line: everything the columns need, whatever shape it came in."""
    parts = {
        "uri": uri,
        "did": "NULL::VARCHAR",
        "author": "j.author",
        "record": record,
        "operation": "NULL::VARCHAR",
        "collected": "NULL::VARCHAR",
        "counts": "NULL::BIGINT[]",
        "reason": "NULL",
    } | over
    return "{" + ", ".join(f"'{name}': {value}" for name, value in parts.items()) + "}"


def _view(v: str, reason: str) -> str:
    counts = ", ".join(
        f"coalesce({v}.{a}, {v}.{b})"
        for a, b in (
            ("repostCount", "repost_count"),
            ("replyCount", "reply_count"),
            ("likeCount", "like_count"),
            ("quoteCount", "quote_count"),
        )
    )
    return _entry(
        f"{v}.uri",
        f"{v}.record",
        did=f"{v}.author.did",
        author=f"{v}.author",
        collected=f"coalesce({v}.indexedAt, {v}.indexed_at)",
        counts=f"[{counts}]",
        reason=reason,
    )


_FRAME = _entry(
    "'at://' || j.did || '/' || coalesce(j.commit.collection, j.kind) || '/' || coalesce(j.commit.rkey, '')",
    "j.commit.record",
    did="j.did",
    operation="coalesce(j.commit.operation, 'none')",
    collected=f"strftime(CASE WHEN j.time_us BETWEEN 0 AND {_LAST_US} THEN make_timestamp(j.time_us) END, '%Y-%m-%dT%H:%M:%S.%fZ')",
    reason="j.reason",
)
_FIREHOSE = _entry(
    "coalesce(j.uri, 'at://' || coalesce(j.repo, j.did) || '/' || coalesce(j.path, j.collection || '/' || j.rkey))",
    "j.record",
    did="coalesce(j.repo, j.did)",
    collected="coalesce(j.time, j.indexedAt)",
    reason="j.reason",
)
_WRAPPED = "data"  # where Zeeschuimer puts what it collected


def _entries(wrapped: bool) -> str:
    collected = f"""WHEN j.data.post.uri IS NOT NULL THEN [{_view("j.data.post", "j.data.reason")}]
    WHEN j.data.uri IS NOT NULL THEN [{_view("j.data", "NULL")}]"""
    return f"""CASE WHEN j IS NULL THEN [{_entry("NULL::VARCHAR", "NULL", author="NULL")}]
    WHEN j.kind IS NOT NULL AND j.did IS NOT NULL THEN [{_FRAME}]
    WHEN j.posts IS NOT NULL THEN list_transform(j.posts, lambda v: {_view("v", "NULL")})
    WHEN j.feed IS NOT NULL THEN list_transform(j.feed, lambda f: {_view("f.post", "f.reason")})
    {collected if wrapped else ""} WHEN j.post.uri IS NOT NULL THEN [{_view("j.post", "j.reason")}]
    WHEN j.author.did IS NOT NULL THEN [{_view("j", "j.reason")}]
    ELSE [{_FIREHOSE}] END"""


_FEATURES = "flatten(list_transform(coalesce(r.facets, []), lambda f: coalesce(f.features, [])))"
_REPOSTED = "reason.by.did IS NOT NULL"
_PINNED = f"reason IS NOT NULL AND NOT coalesce({_REPOSTED}, false)"
_QUOTED = "coalesce(r.embed.record.record.uri, r.embed.record.uri)"


def _own(expression: str, of_repost: str = "NULL") -> str:
    """Of a feed's repost, not what the post says of itself."""
    return f"CASE WHEN {_REPOSTED} THEN {of_repost} ELSE {expression} END"


def _once(listed: str) -> str:
    """The first of each, in order."""
    return f"list_filter({listed}, lambda x, i: list_position({listed}, x) = i)"


def _author_of(uri: str) -> str:
    return f"nullif(split_part({uri}, '/', 3), '')"


def _link(blob: str) -> str:
    return f"""coalesce({blob}.ref."$link", {blob}.ref.link)"""


def _media(embed: str) -> str:
    image = f"""{{'type': 'photo', 'url': NULL::VARCHAR, 'hash': {_link("m.image")}, 'alt': nullif(m.alt, '')}}"""
    video = f"""{{'type': 'video', 'url': NULL::VARCHAR, 'hash': {_link(f"{embed}.video")}, 'alt': nullif({embed}.alt, '')}}"""
    listed = f"list_concat(coalesce({embed}.images, []), coalesce({embed}.items, []))"
    return f"""list_concat(list_transform({listed}, lambda m: {image}),
        CASE WHEN {_link(f"{embed}.video")} IS NOT NULL THEN [{video}] ELSE [] END)"""


_TARGET = f"CASE WHEN {_REPOSTED} THEN e.uri WHEN collection = '{_REPOST}' THEN r.subject.uri END"
_QUOTE = f"CASE WHEN contains({_QUOTED}, '/{_POST}/') THEN {_QUOTED} END"
_COLUMNS = {
    "line": "line",
    "rule": f"""CASE WHEN bad IS NOT NULL THEN bad WHEN e.operation = 'delete' AND collection IN ('{_POST}', '{_REPOST}') THEN 'deletion'
        WHEN collection NOT IN ('{_POST}', '{_REPOST}') THEN 'not_a_post' END""",
    "detail": "coalesce(why, CASE WHEN bad IS NULL THEN collection END)",
    "deletes": "coalesce(e.operation = 'delete', false)",
    "post_id": _own("e.uri", "coalesce(reason.uri, 'repost:' || reason.by.did || ':' || e.uri)"),
    "author_id": _own("coalesce(e.did, e.author.did)", "reason.by.did"),
    "author_handle": _own("e.author.handle", "reason.by.handle"),
    "author_name": _own(
        "coalesce(e.author.displayName, e.author.display_name)",
        "coalesce(reason.by.displayName, reason.by.display_name)",
    ),
    "author_created": _own(
        "coalesce(e.author.createdAt, e.author.created_at)", "coalesce(reason.by.createdAt, reason.by.created_at)"
    ),
    "created": _own("coalesce(r.createdAt, r.created_at)", "coalesce(reason.indexedAt, reason.indexed_at)"),
    "collected": _own("e.collected"),
    "text": _own("r.text"),
    "lang": _own("r.langs[1]"),
    "urls": _once(
        f"list_concat(list_transform({_FEATURES}, lambda f: f.uri), [r.embed.external.uri, r.embed.media.external.uri])"
    ),
    "hashtags": _once(f"list_concat(list_transform({_FEATURES}, lambda f: f.tag), coalesce(r.tags, []))"),
    "mentions": _once(f"list_transform({_FEATURES}, lambda f: f.did)"),
    "reply_to": _own("r.reply.parent.uri"),
    "reply_to_author": _own(_author_of("r.reply.parent.uri")),
    "thread_id": _own("coalesce(r.reply.root.uri, r.reply.parent.uri)"),
    "repost_of": _TARGET,
    "repost_of_author": _author_of(f"({_TARGET})"),
    "quote_of": _own(_QUOTE),
    "quote_of_author": _own(_author_of(f"({_QUOTE})")),
    "media": f"list_concat({_media('r.embed')}, {_media('r.embed.media')})",
    "metrics": """CASE WHEN NOT coalesce(reason.by.did IS NOT NULL, false) AND len(list_filter(e.counts, lambda n: n IS NOT NULL)) > 0
        THEN {'reposts': e.counts[1], 'replies': e.counts[2], 'likes': e.counts[3], 'quotes': e.counts[4], 'views': NULL::BIGINT} END""",
}
