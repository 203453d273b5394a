"""TikTok videos: the Research API's JSON and CSV, and what Zeeschuimer collects from the web pages."""

from houselights.ingest.sample import Format, Match, Sample, by_header
from houselights.ingest.table import Rows, raw_rows

FORMAT = Format(
    name="tiktok",
    title="TikTok videos (Research API, Zeeschuimer) and comments (Zeeschuimer)",
    containers="jsonl, json, csv",
    time_precision="seconds",
    repost_ids=True,
    account_ids=True,
    limits="comments of the Research API name no account, so nobody can act together in them; spoken words are not read",
    platform="tiktok",
)
_RESEARCH = {
    "post_id": "id",
    "author_id": "username",
    "author_handle": "username",
    "created_at": "create_time",
    "text": "video_description",
    "hashtags": "hashtag_names",
    "likes": "like_count",
    "reposts": "share_count",
    "replies": "comment_count",
    "views": "view_count",
}
_RENAMED = _RESEARCH | {"post_id": "video_id", "author_id": "author_name", "author_handle": "author_name"}
_WEB = {
    "post_id": "id",
    "author_id": "author.uniqueId",
    "author_handle": "author.uniqueId",
    "author_name": "author.nickname",
    "created_at": "createTime",
    "text": "desc",
    "repost_of": "duetInfo.duetFromId",
    "likes": "stats.diggCount",
    "reposts": "stats.shareCount",
    "replies": "stats.commentCount",
    "views": "stats.playCount",
    "collected_at": "__import_meta.timestamp_collected",
}
_WEB_COMMENT = {
    "post_id": "cid",
    "author_id": "user.unique_id",
    "author_handle": "user.unique_id",
    "author_name": "user.nickname",
    "created_at": "create_time",
    "text": "text",
    "lang": "comment_language",
    "reply_to": "reply_id",
    "thread_id": "aweme_id",
    "likes": "digg_count",
    "replies": "reply_comment_total",
    "collected_at": "__import_meta.timestamp_collected",
}
_WRAPPED, _WRAPPED_COMMENT = (
    {ours: f"data.{theirs}" for ours, theirs in bare.items()} | {"collected_at": "timestamp_collected"}
    for bare in (_WEB, _WEB_COMMENT)
)
_NEEDED = ("post_id", "author_id", "created_at", "text")
_KINDS = (_RESEARCH, _RENAMED, _WEB, _WRAPPED, _WEB_COMMENT, _WRAPPED_COMMENT)
SHAPES = tuple(frozenset(columns[c] for c in _NEEDED) for columns in _KINDS)


def match(sample: Sample, column_map: dict[str, str]) -> Match | None:
    for columns, needed in zip(_KINDS, SHAPES, strict=True):
        comment = columns in (_WEB_COMMENT, _WRAPPED_COMMENT)
        beside = (columns["post_id"],) if comment else ()
        if found := by_header(sample, FORMAT, columns, needed, column_map, beside, ("kind",) if comment else ()):
            return found
    return None


def raw(rows: Rows, mapping: dict[str, str]) -> str:
    """
    A duet goes by the video it answers, and 0 is none; it has a picture and words of its own, so it is no repost. A comment that answers
    the video alone answers 0.
    """
    extra = {}
    if rows.named("cid") or rows.named("data.cid"):
        extra = {"kind": "'comment'"}
        if "reply_to" in mapping:
            extra["reply_to"] = f"nullif({rows.text(mapping['reply_to'])}, '0')"
    if "repost_of" in mapping:
        extra = {"repost_of": "NULL", "quote_of": f"nullif({rows.text(mapping['repost_of'])}, '0')"}
    return raw_rows(rows, mapping, extra)
