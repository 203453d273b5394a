"""Telegram Desktop's `result.json`: one document of any size, of one chat or of all, which is almost JSON."""

import json
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from houselights.ingest.accept import raw_select
from houselights.ingest.json_text import MAX_RECORD_BYTES, SCHEMA, brackets
from houselights.ingest.sample import Format, Match, Sample

FORMAT = Format(
    name="telegram",
    title="Telegram Desktop export (result.json)",
    containers="json",
    time_precision="seconds",
    repost_ids=False,
    account_ids=True,
    limits="a forwarded message names its source and not its id, so forwards are matched by text; without date_unixtime the time is unknown",
    platform="telegram",
)
FIELDS = frozenset(
    (
        *(
            "post_id",
            "author_id",
            "author_name",
            "created_at",
            "collected_at",
            "text",
            "urls",
            "hashtags",
            "mentions",
            "reply_to",
        ),
        *("thread_id", "repost_of_author", "media", "client", "metrics", "kind"),
    )
)
_ENTITY = dict.fromkeys(("type", "text", "href", "user_id"), "VARCHAR")
_MESSAGE: dict[str, Any] = {
    **dict.fromkeys(
        ("id", "type", "from", "from_id", "date", "date_unixtime", "edited_unixtime", "author", "forwarded_from"),
        "VARCHAR",
    ),
    **dict.fromkeys(("reply_to_message_id", "reply_to_peer_id", "photo", "file", "media_type", "via_bot"), "VARCHAR"),
    "text": "JSON",
    "text_entities": [_ENTITY],
    "reactions": [{"count": "BIGINT"}],
}
_LINE = {"chat": dict.fromkeys(("id", "name", "type"), "VARCHAR"), "message": _MESSAGE}
_ONE_CHAT = re.compile(rb'\s*\{\s*"(?:name|type|id)"\s*:')
_ALL_CHATS = re.compile(rb'\s*\{\s*"(?:about|personal_information|chats)"\s*:')
_HEAD_BYTES = 4096
_KIND_OF_CHAT = re.compile(
    rb'"type"\s*:\s*"(?:(?:private|public)_(?:group|supergroup|channel)|personal_chat|bot_chat|saved_messages)"'
)


def looks_like(head: bytes) -> bool:
    return bool(
        (_ONE_CHAT.match(head) or _ALL_CHATS.match(head)) and _KIND_OF_CHAT.search(head) and b'"messages"' in head
    )


def message_batches(blocks: Iterator[bytes]) -> Iterator[pa.RecordBatch]:
    """(line, raw, rule, detail), one row per message, with the chat it stands in: {"chat": ..., "message": ...}. `line` counts messages from 1.

    Messages are the objects in a list that is the fifth bracket from outside in an export of all chats, and the second in one of a single chat.
    """
    carry, depth, number, level, chat = b"", 0, 0, 0, b"{}"
    for block in blocks:
        data = carry + block
        level = level or (2 if _ONE_CHAT.match(data) else 5 if _ALL_CHATS.match(data) or len(data) > _HEAD_BYTES else 0)
        if not level:
            carry = data
            continue
        places, opening, after = brackets(data, depth)
        array = np.frombuffer(data, np.uint8)
        begins_chat = opening & (after == level - 1) & (array[places] == 123)
        begins_list = opening & (after == level) & (array[places] == 91)
        ends_message = ~opening & (after == level) & (array[places] == 125)
        start, raws = 0, []
        for k in np.flatnonzero(begins_chat | begins_list | ends_message).tolist():
            at = int(places[k])
            if begins_chat[k]:
                start = at
            elif begins_list[k]:
                chat, start = _chat(data[start:at]), at + 1
            else:
                raws.append(
                    b'{"chat":' + chat + b',"message":' + _repaired(data[start : at + 1].lstrip(b", \t\r\n")) + b"}"
                )
                start = at + 1
        yield from _rows(raws, number)
        number += len(raws)
        inside = places[places < start]
        depth = int(after[len(inside) - 1]) if len(inside) else depth
        if (
            depth < level - 1 and len(places) and int(after[-1]) < level - 1
        ):  # before, between and after chats: nothing to keep
            start, depth = int(places[-1]) + 1, int(after[-1])
        carry = data[start:]
        if len(carry) > MAX_RECORD_BYTES:
            detail = f"message {number + 1} is longer than {MAX_RECORD_BYTES:,} bytes"
            yield _problem(number + 1, "line_too_long", detail)
            return
    _, _, after = brackets(carry, depth)
    if not level or (int(after[-1]) if len(after) else depth):
        yield _problem(number + 1, "truncated_file", "the document is never closed: the export broke off")


def _chat(head: bytes) -> bytes:
    """Its id, name and type, from what stands before its messages."""
    try:
        found = json.loads(_repaired(head) + b"[]}")
    except (ValueError, RecursionError):
        return b"{}"
    return json.dumps({k: found.get(k) for k in ("id", "name", "type")}).encode()


_CONTROL = re.compile(rb"((?:^|[^\\])(?:\\\\)*)\\x([0-9a-fA-F]{2})")


def _repaired(raw: bytes) -> bytes:
    """Control characters, which Telegram writes as \\xNN and JSON does not know, as \\u00NN."""
    while b"\\x" in raw and (again := _CONTROL.sub(rb"\1\\u00\2", raw)) != raw:
        raw = again
    return raw


def _rows(raws: list[bytes], before: int) -> Iterator[pa.RecordBatch]:
    if raws:
        text = pa.array([raw.decode("utf-8", "replace") for raw in raws], pa.string())
        nothing = pa.nulls(len(raws), pa.string())
        lines = pa.array(range(before + 1, before + len(raws) + 1), pa.int64())
        yield pa.RecordBatch.from_arrays([lines, text, nothing, nothing], schema=SCHEMA)


def _problem(line: int, rule: str, detail: str) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist([{"line": line, "raw": None, "rule": rule, "detail": detail}], schema=SCHEMA)


def match(sample: Sample, column_map: dict[str, str]) -> Match | None:
    if sample.container != "JSON" or not sample.rows:
        return None
    if not all({"chat.id", "message.id"} <= row.keys() or "message.type" in row for row in sample.rows):
        return None
    return Match(FORMAT.name, 0.98, "a document of chats with messages", {}, one_each=False)


def structure(match: Match) -> dict[str, Any]:
    return _LINE


# A forward whose source deleted its account names it null. Whether a key is there shows in the text alone; inside a string its quotes are escaped.
_FROM_NOBODY = (
    """coalesce(contains(raw, '"forwarded_from"') AND regexp_matches(raw, '"forwarded_from"\\s*:\\s*null'), false)"""
)
_PARTS = f"""from_json(m.text, '{json.dumps(["JSON"])}')"""
_TEXT = f"""CASE WHEN len(m.text_entities) > 0 THEN array_to_string(list_transform(m.text_entities, lambda e: e.text), '')
    WHEN json_type(m.text) = 'ARRAY' THEN array_to_string(list_transform({_PARTS},
      lambda x: CASE WHEN json_type(x) = 'VARCHAR' THEN x ->> '$' ELSE x ->> '$.text' END), '')
    ELSE m.text ->> '$' END"""
_ENTITIES = f"""CASE WHEN len(m.text_entities) > 0 THEN m.text_entities WHEN json_type(m.text) = 'ARRAY'
    THEN from_json(m.text, '{json.dumps([_ENTITY])}') ELSE [] END"""
_ADDRESS = "CASE WHEN contains(e.text, '://') THEN e.text ELSE 'https://' || e.text END"
_CHAT = "coalesce(j.chat.id, 'chat')"
_PEER = "regexp_replace(m.reply_to_peer_id, '^(user|chat|channel)', '')"  # a chat's own id is the bare number


def raw(typed: str, match: Match) -> str:
    """SQL text of the raw rows, from lines typed as `structure`."""
    messages = f"SELECT line, rule AS bad, detail AS why, j, j.message AS m, {_FROM_NOBODY} AS from_nobody FROM {typed}"
    return raw_select(_COLUMNS, f"(SELECT *, {_ENTITIES} AS es FROM ({messages}))")


def _of(*types: str, value: str = "e.text") -> str:
    listed = ", ".join(f"'{t}'" for t in types)
    return f"list_transform(list_filter(es, lambda e: e.type IN ({listed})), lambda e: {value})"


_FILE = "coalesce(m.photo, m.file)"
_COLUMNS = {
    "line": "line",
    "rule": "CASE WHEN bad IS NOT NULL THEN bad WHEN m.type IS DISTINCT FROM 'message' THEN 'not_a_post' END",
    "detail": "coalesce(why, m.type)",
    "post_id": f"CASE WHEN m.id IS NOT NULL THEN {_CHAT} || '/' || m.id END",
    "author_id": "coalesce(m.from_id, 'chat' || j.chat.id)",
    "author_name": 'coalesce(m."from", m.author, j.chat.name)',
    "created": "m.date_unixtime",
    "collected": "m.edited_unixtime",
    "text": _TEXT,
    "urls": f"list_concat({_of('link', value=_ADDRESS)}, {_of('text_link', value='e.href')})",
    "hashtags": _of("hashtag"),
    "mentions": f"list_concat({_of('mention')}, {_of('mention_name', value='e.user_id')})",
    "reply_to": f"CASE WHEN m.reply_to_message_id IS NOT NULL THEN coalesce({_PEER}, {_CHAT}) || '/' || m.reply_to_message_id END",
    "thread_id": _CHAT,
    "repost_of_author": "m.forwarded_from",
    "kind": "CASE WHEN m.forwarded_from IS NOT NULL OR from_nobody THEN 'repost' END",
    "media": f"""CASE WHEN {_FILE} IS NULL THEN [] ELSE [{{'type': coalesce(m.media_type, CASE WHEN m.photo IS NULL THEN 'file' ELSE 'photo' END),
        'url': CASE WHEN NOT starts_with({_FILE}, '(') THEN {_FILE} END, 'hash': NULL::VARCHAR, 'alt': NULL::VARCHAR}}] END""",
    "client": "m.via_bot",
    "metrics": """CASE WHEN len(m.reactions) > 0 THEN {'reposts': NULL::BIGINT, 'replies': NULL::BIGINT,
        'likes': try_cast(list_sum(list_transform(m.reactions, lambda r: r.count)) AS BIGINT), 'quotes': NULL::BIGINT, 'views': NULL::BIGINT} END""",
}
