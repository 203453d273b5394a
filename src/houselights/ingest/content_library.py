"""Meta Content Library: posts of Facebook, Instagram and Threads with dotted names, as CSV or as JSON of the API."""

from houselights.ingest.sample import Format, Match, Sample, by_header
from houselights.ingest.table import Rows, raw_rows

FORMAT = Format(
    name="content_library",
    title="Meta Content Library (Facebook, Instagram, Threads)",
    containers="csv, jsonl, json",
    time_precision="seconds",
    repost_ids=True,
    account_ids=True,
    limits="ids are the library's own; of a shared post the id is known and not the account; text is there only where it was asked for",
    platform="facebook",
)
_MAP = {
    "post_id": "id",
    "author_id": "post_owner.id",
    "author_handle": "post_owner.username",
    "author_name": "post_owner.name",
    "created_at": "creation_time",
    "text": "text",
    "lang": "lang",
    "hashtags": "hashtags",
    "repost_of": "shared_post_id",
    "likes": "statistics.like_count",
    "reposts": "statistics.share_count",
    "replies": "statistics.comment_count",
    "views": "statistics.views",
}
_COMMENT = {
    "post_id": "id",
    "author_id": "owner.id",
    "author_handle": "owner.username",
    "author_name": "owner.name",
    "created_at": "creation_time",
    "text": "text",
    "thread_id": "post_id",
    "reply_to": "parent_comment_id",
}
_LINKS = ("link_attachment.link", "link_url")
_OF_POST = frozenset({"id", "post_owner.id", "creation_time"})
_OF_COMMENT = frozenset({"id", "owner.id", "post_id", "creation_time"})
SHAPES = (_OF_POST, _OF_COMMENT)


def match(sample: Sample, column_map: dict[str, str]) -> Match | None:
    of_post = by_header(sample, FORMAT, _MAP, _OF_POST, column_map, _LINKS, ("urls",))
    return of_post or by_header(sample, FORMAT, _COMMENT, _OF_COMMENT, column_map, also=("kind",))


def raw(rows: Rows, mapping: dict[str, str]) -> str:
    links = [text for name in _LINKS if (text := rows.named(name)) is not None]
    extra = {}
    if "thread_id" in mapping:
        answered = [rows.text(mapping[c]) for c in ("reply_to", "thread_id") if c in mapping]
        extra = {"kind": "'comment'", "reply_to": f"coalesce({', '.join(answered)})"}
    elif links:
        extra["urls"] = f"[coalesce({', '.join(links)})]"
    return raw_rows(rows, mapping, extra)
