"""YouTube as its Data API gives it: comments, threads with their answers, videos, and the lists they come in, in any mixture."""

from typing import Any

from houselights.ingest.accept import raw_select
from houselights.ingest.sample import Format, Match, Sample
from houselights.ingest.text_parts import hashtags, unescaped

FORMAT = Format(
    name="youtube",
    title="YouTube Data API: comments, comment threads, videos, and the lists of them",
    containers="jsonl, json",
    time_precision="seconds",
    repost_ids=False,
    account_ids=True,
    limits="a thread holds its first answers only, a search the beginning of a description; spoken words are not read",
    platform="youtube",
    lang_source="author",
)
FIELDS = frozenset(
    (
        *("post_id", "author_id", "author_name", "created_at", "text", "lang", "hashtags", "reply_to", "thread_id"),
        *("metrics", "kind"),
    )
)
_SAID = dict.fromkeys(
    ("authorDisplayName", "publishedAt", "textOriginal", "textDisplay", "videoId", "parentId"), "VARCHAR"
)
_COMMENT: dict[str, Any] = {
    "id": "VARCHAR",
    "snippet": {**_SAID, "authorChannelId": {"value": "VARCHAR"}, "likeCount": "BIGINT"},
}
_ITEM: dict[str, Any] = {
    "kind": "VARCHAR",
    "id": "JSON",  # of a search result an object
    "snippet": {
        **_COMMENT["snippet"],
        **dict.fromkeys(
            ("channelId", "channelTitle", "title", "description", "defaultLanguage", "defaultAudioLanguage"), "VARCHAR"
        ),
        "tags": ["VARCHAR"],
        "topLevelComment": _COMMENT,
        "totalReplyCount": "BIGINT",
    },
    "replies": {"comments": [_COMMENT]},
    "statistics": dict.fromkeys(("viewCount", "likeCount", "commentCount"), "BIGINT"),
}
_LINE = {**_ITEM, "items": [_ITEM]}
_VIDEO = {"snippet.publishedAt", "snippet.channelId", "snippet.title"}


def match(sample: Sample, column_map: dict[str, str]) -> Match | None:
    if sample.container != "JSON" or not is_nested(sample):
        return None
    shapes = [shape for row in sample.rows if (shape := _shape(row))]
    if not shapes or len(shapes) < 0.5 * len(sample.rows):
        return None
    reason = f"keys of the YouTube Data API ({', '.join(sorted(set(shapes)))})"
    return Match(FORMAT.name, 0.98, reason, {}, one_each=not {"lists", "threads"} & set(shapes))


def is_nested(sample: Sample) -> bool:
    """False where keys such as `snippet.title` are single ones, as tables made of the API's answers have them."""
    return any(keys[0] in ("snippet", "items") for keys in sample.paths.values())


def _shape(row: dict[str, Any]) -> str | None:
    """What a record looks like; `row` has dot paths as its keys."""
    kind = str(row.get("kind", ""))
    if isinstance(row.get("items"), list) and kind.startswith("youtube#") and kind.endswith("ListResponse"):
        return "lists"
    if "snippet.topLevelComment.id" in row:
        return "threads"
    if "id" in row and {"snippet.publishedAt", "snippet.textDisplay"} <= row.keys():
        return "comments"
    told = kind.startswith("youtube#") or "snippet.channelTitle" in row
    return "videos" if told and row.keys() >= _VIDEO else None


def structure(match: Match) -> dict[str, Any]:
    return _LINE


def raw(typed: str, match: Match) -> str:
    """SQL text of the raw rows, from lines typed as `structure`: a list is its items, a thread its first comment and the answers in it."""
    whole = "{" + ", ".join(f"'{name}': j.{name}" for name in _ITEM) + "}"
    items = f"CASE WHEN j.items IS NOT NULL THEN j.items ELSE [{whole}] END"
    listed = f"SELECT line, rule AS bad, detail AS why, unnest({items}) AS i FROM {typed}"
    answers = (
        f"list_transform(coalesce(i.replies.comments, []), lambda a: {_comment('a', 'i.snippet.topLevelComment.id')})"
    )
    thread = f"list_concat([{_comment('i.snippet.topLevelComment', 'NULL', 'i.snippet.totalReplyCount')}], {answers})"
    entries = f"""CASE WHEN i.snippet.topLevelComment.id IS NOT NULL THEN {thread}
        WHEN coalesce(i.snippet.textDisplay, i.snippet.textOriginal) IS NOT NULL THEN [{_comment("i", "NULL")}] ELSE [{_video()}] END"""
    return raw_select(_COLUMNS, f"(SELECT line, bad, why, unnest({entries}) AS e FROM ({listed}))")


def without_marks(html: str) -> str:
    """SQL: the words of a comment that came as HTML."""
    plain = f"regexp_replace(regexp_replace({html}, '<br\\s*/?>', chr(10), 'g'), '<[^>]*>', '', 'g')"
    return unescaped(plain)


def _struct(**over: str) -> str:
    texts = ("id", "author", "name", "at", "text", "lang", "thread", "answers", "kind", "strange")
    parts = dict.fromkeys(texts, "NULL::VARCHAR")
    parts |= {"tags": "NULL::VARCHAR[]"} | dict.fromkeys(("likes", "replies", "views"), "NULL::BIGINT") | over
    return "{" + ", ".join(f"'{name}': {value}" for name, value in parts.items()) + "}"


def _comment(c: str, parent: str, replies: str = "NULL::BIGINT") -> str:
    """What it says as written; where only what is shown is there, without its marks."""
    s = f"{c}.snippet"
    return _struct(
        id=f"({c}.id ->> '$')" if c == "i" else f"{c}.id",
        author=f"{s}.authorChannelId.value",
        name=f"{s}.authorDisplayName",
        at=f"{s}.publishedAt",
        text=f"coalesce({s}.textOriginal, {without_marks(f'{s}.textDisplay')})",
        thread=f"coalesce({s}.videoId, i.snippet.videoId)",
        answers=f"coalesce({s}.parentId, {parent}::VARCHAR)",
        kind="'comment'",
        likes=f"{s}.likeCount",
        replies=replies,
    )


def _video() -> str:
    """A video, its words title and description. A search writes them as HTML, and finds channels and playlists too, which say nothing."""
    s, searched = "i.snippet", "json_type(i.id) = 'OBJECT'"
    words = f"concat_ws(chr(10), nullif({s}.title, ''), nullif({s}.description, ''))"
    found = "coalesce(i.id ->> '$.channelId', i.id ->> '$.playlistId')"
    return _struct(
        id=f"CASE WHEN {searched} THEN i.id ->> '$.videoId' ELSE i.id ->> '$' END",
        author=f"{s}.channelId",
        name=f"{s}.channelTitle",
        at=f"{s}.publishedAt",
        text=f"CASE WHEN {searched} THEN {unescaped(words)} ELSE {words} END",
        lang=f"coalesce({s}.defaultLanguage, {s}.defaultAudioLanguage)",
        kind="'post'",
        strange=f"CASE WHEN {searched} AND {found} IS NOT NULL THEN i.id ->> '$.kind' END",
        tags=f"{s}.tags",
        likes="i.statistics.likeCount",
        replies="i.statistics.commentCount",
        views="i.statistics.viewCount",
    )


_COLUMNS = {
    "line": "line",
    "rule": "CASE WHEN bad IS NOT NULL THEN bad WHEN e.strange IS NOT NULL THEN 'not_a_post' END",
    "detail": "coalesce(why, e.strange)",
    "post_id": "e.id",
    "author_id": "e.author",
    "author_name": "e.name",
    "created": "e.at",
    "text": "e.text",
    "lang": "e.lang",
    "hashtags": f"list_concat({hashtags('coalesce(e.text, chr(32))')}, coalesce(e.tags, []))",
    "reply_to": "e.answers",
    "thread_id": "e.thread",
    "kind": "e.kind",
    "metrics": """CASE WHEN coalesce(e.likes, e.replies, e.views) IS NOT NULL THEN
        {'reposts': NULL::BIGINT, 'replies': e.replies, 'likes': e.likes, 'quotes': NULL::BIGINT, 'views': e.views} END""",
}
