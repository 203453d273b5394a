"""YouTube comments: the Data API's JSON and the CSV of YouTube Data Tools."""

from houselights.ingest.sample import Format, Match, Sample, by_header
from houselights.ingest.table import Rows, raw_rows

FORMAT = Format(
    name="youtube",
    title="YouTube comments (Data API, YouTube Data Tools)",
    containers="jsonl, json, csv",
    time_precision="seconds",
    repost_ids=False,
    account_ids=True,
    limits="Data Tools know accounts by the name they show, which two may share; comments say nothing that others can repost",
    platform="youtube",
)
_COMMENT = {
    "post_id": "id",
    "author_id": "snippet.authorChannelId.value",
    "author_name": "snippet.authorDisplayName",
    "created_at": "snippet.publishedAt",
    "text": "snippet.textOriginal",
    "thread_id": "snippet.videoId",
    "reply_to": "snippet.parentId",
    "likes": "snippet.likeCount",
}
_THREAD = {
    ours: theirs.replace("snippet.", "snippet.topLevelComment.snippet.") for ours, theirs in _COMMENT.items()
} | {
    "post_id": "snippet.topLevelComment.id",
    "replies": "snippet.totalReplyCount",
}
_DATA_TOOLS = {
    "post_id": "id",
    "author_id": "authorName",
    "author_name": "authorName",
    "created_at": "publishedAt",
    "text": "text",
    "reply_to": "isReplyTo",
    "likes": "likeCount",
}
_SHOWN = "snippet.textDisplay"


def match(sample: Sample, column_map: dict[str, str]) -> Match | None:
    for columns in (_THREAD, _COMMENT):
        needed = {columns[c] for c in ("post_id", "author_id", "created_at")}
        if found := by_header(sample, FORMAT, columns, needed, column_map, (_SHOWN,), ("kind", "text")):
            return found
    needed = {"id", "isReplyTo", "authorName", "publishedAt", "text"}
    return by_header(sample, FORMAT, _DATA_TOOLS, needed, column_map, also=("kind",))


def raw(rows: Rows, mapping: dict[str, str]) -> str:
    """The words as written; where only the shown ones are there, without their marks."""
    extra = {"kind": "'comment'"}
    if _SHOWN in rows.expressions:
        plain = f"regexp_replace(regexp_replace({rows.text(_SHOWN)}, '<br\\s*/?>', chr(10), 'g'), '<[^>]*>', '', 'g')"
        own = rows.text(mapping["text"]) if "text" in mapping else "NULL"
        extra["text"] = f"coalesce({own}, {plain})"
    return raw_rows(rows, mapping, extra)
