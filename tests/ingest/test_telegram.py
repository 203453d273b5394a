"""Telegram Desktop's export; documents are made here as its source writes them."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from houselights.ingest import telegram


def message(id_: int = 1, text: Any = "a ship", **over: Any) -> dict[str, Any]:
    # `date` is local time of whoever exported, three hours off
    return {
        "id": id_, "type": "message", "date": "2026-03-02T13:00:00", "date_unixtime": "1772445600", "from": "Anna", "from_id": "user77",
        "text": text, "text_entities": [{"type": "plain", "text": text}] if isinstance(text, str) else [],
    } | over  # fmt: skip


def chat(*messages: dict[str, Any], id_: int = 5) -> dict[str, Any]:
    return {"name": "Ships } [", "type": "public_supergroup", "id": id_, "messages": list(messages)}


def everything(*chats: dict[str, Any]) -> dict[str, Any]:
    contacts = {"about": "b", "list": [{"user_id": i, "first_name": "x"} for i in range(30)]}
    return {"about": "Here is the data", "personal_information": {"user_id": 1}, "contacts": contacts,
            "chats": {"about": "c", "list": list(chats)}, "left_chats": {"about": "d", "list": []}}  # fmt: skip


def write(path: Path, document: dict[str, Any], indent: int | None = 1) -> Path:
    path.write_text(json.dumps(document, indent=indent, ensure_ascii=False))
    return path


@pytest.mark.parametrize("indent", [1, None])
def test_one_chat_and_all_chats(read, tmp_path: Path, indent: int | None) -> None:
    service = {
        "id": 2,
        "type": "service",
        "date_unixtime": "1772445601",
        "action": "invite_members",
        "text": "",
        "text_entities": [],
    }
    one = read(write(tmp_path / "one.json", chat(message(1), service, message(3)), indent))
    assert one.report.sources[0].format == "telegram" and [r["rule"] for r in one.rejects] == ["not_a_post"]
    post = one.posts[0]
    assert (post["post_id"], post["author_id"], post["author_name"], post["thread_id"]) == (
        "5/1",
        "user77",
        "Anna",
        "5",
    )
    assert post["created_at"].isoformat() == "2026-03-02T10:00:00+00:00" and post["text"] == "a ship"
    many = read(write(tmp_path / "all.json", everything(chat(message(1), message(2)), chat(message(1), id_=6)), indent))
    assert sorted(p["post_id"] for p in many.posts) == ["5/1", "5/2", "6/1"]


def test_control_characters_that_are_no_json(read, tmp_path: Path) -> None:
    """A control character is written \\x1f; a person may also write a backslash and x1f, which is \\\\x1f."""
    path = tmp_path / "r.json"
    text = json.dumps(chat(message(1, "AAA"), message(2, "BBB"), message(3)), indent=1)
    path.write_text(text.replace("AAA", r"one\x1f\x02two").replace("BBB", r"C:\\x1f"))
    first, second, _ = sorted(read(path).posts, key=lambda p: p["post_id"])
    assert (first["text"], second["text"]) == ("one\x1f\x02two", r"C:\x1f")


def test_words_links_and_people(read, tmp_path: Path) -> None:
    entities = [
        {"type": "plain", "text": "see "}, {"type": "link", "text": "a.example/x"}, {"type": "plain", "text": " or "},
        {"type": "text_link", "text": "this", "href": "https://b.example/y"}, {"type": "hashtag", "text": "#Sea"},
        {"type": "mention", "text": "@ben"}, {"type": "mention_name", "text": "Cleo", "user_id": 9},
    ]  # fmt: skip
    mixed = ["see ", *entities[1:]]
    new = message(1, mixed, text_entities=entities)
    old = {k: v for k, v in message(2, mixed).items() if k != "text_entities"}
    for post in read(write(tmp_path / "r.json", chat(new, old))).posts:
        assert post["text"].startswith("see a.example/x") and post["text"].endswith("this#Sea@benCleo")
        assert post["urls"] == ["https://a.example/x", "https://b.example/y"]
        assert post["hashtags"] == ["sea"] and post["mentions"] == ["@ben", "9"]


def test_forwards_answers_channels_and_files(read, tmp_path: Path) -> None:
    forward = message(1, "passed on", forwarded_from="Some Channel")
    answer = message(2, reply_to_message_id=1)
    channel = message(
        3,
        **{"from": None, "from_id": "channel5", "author": "ed"},
        photo="(File not included. Change data exporting settings.)",
    )
    reacted = message(
        4, reactions=[{"type": "emoji", "count": 3, "emoji": "x"}, {"type": "emoji", "count": 2, "emoji": "y"}]
    )
    undated = {k: v for k, v in message(5).items() if k != "date_unixtime"}
    reading = read(write(tmp_path / "r.json", chat(forward, answer, channel, reacted, undated)))
    by = {p["post_id"]: p for p in reading.posts}
    assert (by["5/1"]["kind"], by["5/1"]["repost_of"], by["5/1"]["repost_of_author"]) == (
        "repost",
        None,
        "Some Channel",
    )
    assert by["5/1"]["text"] == "passed on" and by["5/2"]["reply_to"] == "5/1"
    assert (by["5/3"]["author_id"], by["5/3"]["author_name"]) == ("channel5", "ed")
    assert by["5/3"]["media"] == [{"type": "photo", "url": None, "hash": None, "alt": None}]
    assert by["5/4"]["metrics"]["likes"] == 5
    assert [r["rule"] for r in reading.rejects] == ["missing_time"]


@pytest.mark.parametrize("indent", [1, None])
def test_a_forward_whose_source_is_deleted_is_a_forward(read, tmp_path: Path, indent: int | None) -> None:
    """Its source is named null: the words are still not those of who passed them on."""
    words = "the harbour opens again on Monday morning at nine"
    gone = message(1, words, forwarded_from=None)
    said = message(2, 'he wrote "forwarded_from": null in our chat')
    other = message(3, words, from_id="user78", forwarded_from="News")
    reading = read(write(tmp_path / "r.json", chat(gone, said, other), indent))
    by = {p["post_id"]: (p["kind"], p["repost_of"], p["repost_of_author"], p["text"]) for p in reading.posts}
    assert by["5/1"] == ("repost", None, None, words) and by["5/3"] == ("repost", None, "News", words)
    assert by["5/2"][0] == "post"


def test_an_export_that_broke_off_keeps_what_came_before(read, tmp_path: Path) -> None:
    path = write(tmp_path / "r.json", chat(*(message(i) for i in range(20))))
    path.write_text(path.read_text()[:-400])
    reading = read(path)
    assert len(reading.posts) >= 15 and [r["rule"] for r in reading.rejects] == ["truncated_file"]


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


@given(
    st.lists(st.lists(TEXT, max_size=4), max_size=3),
    st.integers(1, 40),
    st.sampled_from([1, None]),
    st.booleans(),
)
@settings(deadline=None)
def test_however_the_bytes_are_cut_the_messages_are_the_same(
    texts: list[list[str]], size: int, indent: int | None, ascii_only: bool
) -> None:
    chats = [chat(*(message(i, t) for i, t in enumerate(mine)), id_=k) for k, mine in enumerate(texts)]
    data = json.dumps(everything(*chats), indent=indent, ensure_ascii=ascii_only).encode()
    blocks = (data[i : i + size] for i in range(0, len(data), size))
    rows = [r for batch in telegram.message_batches(blocks) for r in batch.to_pylist()]
    assert all(r["rule"] is None for r in rows)
    found = [json.loads(r["raw"]) for r in rows]
    assert [(f["chat"]["id"], f["message"]["text"]) for f in found] == [
        (k, t) for k, mine in enumerate(texts) for t in mine
    ]
    assert [r["line"] for r in rows] == list(range(1, len(rows) + 1))
