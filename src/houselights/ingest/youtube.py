"""YouTube comments: the Data API's JSON and the CSV of YouTube Data Tools."""

import json
from dataclasses import replace

from houselights.ingest.sample import Format, Match, Sample, by_header
from houselights.ingest.table import Rows, raw_rows
from houselights.ingest.text_parts import unescaped

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
    "thread_id": "snippet.videoId",
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
_SHOWN_ABOVE = "snippet.topLevelComment.snippet.textDisplay"
_ANSWERS = "replies.comments"
_ANSWER = {
    "id": "VARCHAR",
    "snippet": {
        **dict.fromkeys(("authorDisplayName", "publishedAt", "textOriginal", "textDisplay", "videoId"), "VARCHAR"),
        **dict.fromkeys(("parentId", "likeCount"), "VARCHAR"),
        "authorChannelId": {"value": "VARCHAR"},
    },
}


def match(sample: Sample, column_map: dict[str, str]) -> Match | None:
    for columns, shown in ((_THREAD, _SHOWN_ABOVE), (_COMMENT, _SHOWN)):
        needed = {columns[c] for c in ("post_id", "author_id", "created_at")}
        if found := by_header(sample, FORMAT, columns, needed, column_map, (shown,), ("kind", "text")):
            is_thread = columns is _THREAD and sample.container == "JSON"
            more = replace(found, beside=(*found.beside, _ANSWERS), also=found.also | {"reply_to"})
            return more if is_thread else found
    needed = {"id", "isReplyTo", "authorName", "publishedAt", "text"}
    return by_header(sample, FORMAT, _DATA_TOOLS, needed, column_map, also=("kind",))


def raw(rows: Rows, mapping: dict[str, str]) -> str:
    """The words as written; where only the shown ones are there, without their marks."""
    extra = {"kind": "'comment'"}
    if _ANSWERS in rows.expressions:
        rows, mapping = _with_answers(rows, mapping)
    shown = [rows.text(name) for name in (_SHOWN, _SHOWN_ABOVE) if name in rows.expressions]
    if shown:
        plain = f"regexp_replace(regexp_replace({shown[0]}, '<br\\s*/?>', chr(10), 'g'), '<[^>]*>', '', 'g')"
        plain = unescaped(plain)
        own = rows.text(mapping["text"]) if "text" in mapping else "NULL"
        extra["text"] = f"coalesce({own}, {plain})"
    return raw_rows(rows, mapping, extra)


def _with_answers(rows: Rows, mapping: dict[str, str]) -> tuple[Rows, dict[str, str]]:
    """A thread is its first comment and the answers that stand in it, each a row."""
    first = {ours: rows.text(theirs) for ours, theirs in mapping.items()}
    first[_SHOWN] = rows.text(_SHOWN_ABOVE) if _SHOWN_ABOVE in rows.expressions else "NULL::VARCHAR"
    answer = {ours: f"a.{theirs}" for ours, theirs in _COMMENT.items()} | {_SHOWN: f"a.{_SHOWN}"}
    answer["thread_id"] = f"coalesce(a.snippet.videoId, {first.get('thread_id', 'NULL')})"
    answer["reply_to"] = f"coalesce(a.snippet.parentId, {first['post_id']})"
    names = list(dict.fromkeys([*first, *answer]))
    one, other = ({n: of.get(n, "NULL::VARCHAR") for n in names} for of in (first, answer))
    answers = f"from_json({rows.text(_ANSWERS)}, '{json.dumps([_ANSWER])}')"
    listed = f"list_concat([{_struct(one)}], list_transform(coalesce({answers}, []), lambda a: {_struct(other)}))"
    relation = f"(SELECT line, rule, detail, unnest({listed}) AS e FROM {rows.relation})"
    expressions = {name: f'e."{name}"' for name in names}
    return Rows(relation, expressions), {n: n for n in names if n != _SHOWN}


def _struct(of: dict[str, str]) -> str:
    return "{" + ", ".join(f"'{name}': {value}" for name, value in of.items()) + "}"
