"""Tables of YouTube: comments and video lists of YouTube Data Tools, and what the Data API gives with its keys as columns."""

from houselights.ingest import youtube
from houselights.ingest.sample import Format, Match, Sample, by_header
from houselights.ingest.table import Rows, raw_rows
from houselights.ingest.text_parts import hashtags

FORMAT = Format(
    name="youtube_tables",
    title="YouTube tables: comments and videos of YouTube Data Tools, Data API keys as columns",
    containers="csv, tsv, parquet",
    time_precision="seconds",
    repost_ids=False,
    account_ids=False,
    limits="Data Tools know who comments by the name they show, which two may share; a video has its channel's id",
    platform="youtube",
    lang_source="author",
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
    "thread_id": "snippet.videoId",
    "replies": "snippet.totalReplyCount",
}
_TOOLS_COMMENT = {
    "post_id": "id",
    "author_id": "authorName",
    "author_name": "authorName",
    "created_at": "publishedAt",
    "text": "text",
    "reply_to": "isReplyTo",
    "likes": "likeCount",
}
_TOOLS_VIDEO = {
    "post_id": "videoId",
    "author_id": "channelId",
    "author_name": "channelTitle",
    "created_at": "publishedAt",
    "text": "videoDescription",
    "lang": "defaultLanguage",
    "likes": "likeCount",
    "replies": "commentCount",
    "views": "viewCount",
}
_VIDEO_ID, _TITLE, _TAGS = "videoId", "videoTitle", "tags"
_SHOWN = "snippet.textDisplay"
_SHOWN_ABOVE = "snippet.topLevelComment.snippet.textDisplay"
_COMMENT_SHAPE = frozenset({"id", "isReplyTo", "authorName", "publishedAt", "text"})
_VIDEO_SHAPE = frozenset({"publishedAt", "videoId", "channelId", "channelTitle", "videoDescription"})
_API_SHAPES = {shown: frozenset(of[c] for c in ("post_id", "author_id", "created_at")) for of, shown in
               ((_THREAD, _SHOWN_ABOVE), (_COMMENT, _SHOWN))}  # fmt: skip
SHAPES = (_COMMENT_SHAPE, _VIDEO_SHAPE, *_API_SHAPES.values())


def match(sample: Sample, column_map: dict[str, str]) -> Match | None:
    if sample.container == "JSON" and youtube.is_nested(sample):
        return None
    for columns, shown in ((_THREAD, _SHOWN_ABOVE), (_COMMENT, _SHOWN)):
        if found := by_header(sample, FORMAT, columns, _API_SHAPES[shown], column_map, (shown,), ("kind", "text")):
            return found
    on_video = by_header(
        sample, FORMAT, _TOOLS_VIDEO, _VIDEO_SHAPE, column_map, (_VIDEO_ID, _TITLE, _TAGS), ("hashtags",)
    )
    return on_video or by_header(sample, FORMAT, _TOOLS_COMMENT, _COMMENT_SHAPE, column_map, also=("kind",))


def raw(rows: Rows, mapping: dict[str, str]) -> str:
    if rows.named(_VIDEO_ID):
        return raw_rows(rows, mapping, _of_video(rows, mapping))
    extra = {"kind": "'comment'"}
    shown = [rows.text(name) for name in (_SHOWN, _SHOWN_ABOVE) if name in rows.expressions]
    if shown:
        own = rows.text(mapping["text"]) if "text" in mapping else "NULL"
        extra["text"] = f"coalesce(nullif({own}, ''), {youtube.without_marks(shown[0])})"
    return raw_rows(rows, mapping, extra)


def _of_video(rows: Rows, mapping: dict[str, str]) -> dict[str, str]:
    """Its words are title and description; its tags are joined by commas, and each may have several words."""
    title, tags = rows.named(_TITLE), rows.named(_TAGS)
    words = [f"nullif({text}, '')" for text in (title, rows.text(mapping["text"])) if text]
    text = f"concat_ws(chr(10), {', '.join(words)})"
    given = f"list_transform(string_split(coalesce({tags}, ''), ','), lambda t: trim(t))" if tags else "[]"
    return {"text": text, "hashtags": f"list_concat({hashtags(text)}, {given})"}
