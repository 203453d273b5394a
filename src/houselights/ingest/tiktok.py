"""TikTok videos: the Research API's JSON and CSV, and what Zeeschuimer collects from the web pages."""

from houselights.ingest.sample import Format, Match, Sample, by_header
from houselights.ingest.table import Rows, raw_rows

FORMAT = Format(
    name="tiktok",
    title="TikTok videos (Research API, Zeeschuimer)",
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
}
_WRAPPED = {ours: f"data.{theirs}" for ours, theirs in _WEB.items()} | {"collected_at": "timestamp_collected"}


def match(sample: Sample, column_map: dict[str, str]) -> Match | None:
    for columns in (_RESEARCH, _RENAMED, _WEB, _WRAPPED):
        needed = {columns[c] for c in ("post_id", "author_id", "created_at", "text")}
        if found := by_header(sample, FORMAT, columns, needed, column_map):
            return found
    return None


def raw(rows: Rows, mapping: dict[str, str]) -> str:
    """A duet goes by the video it answers, and 0 is none; it has a picture and words of its own, so it is no repost."""
    extra = {}
    if "repost_of" in mapping:
        extra = {"repost_of": "NULL", "quote_of": f"nullif({rows.text(mapping['repost_of'])}, '0')"}
    return raw_rows(rows, mapping, extra)
