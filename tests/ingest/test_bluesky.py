"""Bluesky in every shape that people collect it in; lines are made here from the published record schemas."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

DID, OTHER = "did:plc:aaaaaaaaaaaaaaaaaaaaaaaa", "did:plc:bbbbbbbbbbbbbbbbbbbbbbbb"
POST, REPOST = "app.bsky.feed.post", "app.bsky.feed.repost"
ABOUT = f"at://{OTHER}/{POST}/3kroot"


def record(**over: Any) -> dict[str, Any]:
    return {
        "$type": POST,
        "text": "ships 🚢 at https://a.example…",
        "createdAt": "2026-03-02T10:00:00.123Z",
        "langs": ["de"],
    } | over


def frame(rkey: str = "3k1", operation: str = "create", collection: str = POST, did: str = DID, time_us: int = 1_772_445_601_000_000,
          **of_record: Any) -> dict[str, Any]:  # fmt: skip
    commit = {"rev": "r", "operation": operation, "collection": collection, "rkey": rkey}
    if operation != "delete":
        commit |= {"cid": "bafy", "record": record(**of_record) if collection == POST else of_record}
    return {"did": did, "time_us": time_us, "cursor": 469083, "kind": "commit", "commit": commit}


def view(record_: dict[str, Any], uri: str = f"at://{DID}/{POST}/3k1", **over: Any) -> dict[str, Any]:
    author = {"did": DID, "handle": "anna.example", "displayName": "Anna", "createdAt": "2024-01-01T00:00:00Z"}
    counts = {"likeCount": 4, "repostCount": 1, "replyCount": 2, "quoteCount": 3}
    return {
        "uri": uri,
        "cid": "bafy",
        "author": author,
        "record": record_,
        "indexedAt": "2026-03-02T10:00:01.500Z",
        **counts,
    } | over


def lines(path: Path, *records: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(r) + "\n" for r in records))
    return path


def facet(start: int, end: int, **feature: str) -> dict[str, Any]:
    return {"index": {"byteStart": start, "byteEnd": end}, "features": [feature]}


FACETS = [
    facet(14, 33, **{"$type": "app.bsky.richtext.facet#link", "uri": "https://a.example/whole?path=1"}),
    facet(0, 5, **{"$type": "app.bsky.richtext.facet#tag", "tag": "Ships"}),
    facet(0, 5, **{"$type": "app.bsky.richtext.facet#mention", "did": OTHER}),
]


def test_a_frame(read, tmp_path: Path) -> None:
    """A link is what the facet says, never the shortened text; its offsets are bytes, and the text has an emoji before."""
    external = {"$type": "app.bsky.embed.external", "external": {"uri": "https://b.example/x", "title": "t"}}
    path = lines(tmp_path / "f.jsonl", frame(facets=FACETS, embed=external, tags=["hidden"]), frame("3k2"))
    reading = read(path)
    post = reading.posts[0]
    assert reading.report.sources[0].format == "bluesky" and reading.report.sources[0].precision == "ms"
    assert post["post_id"] == f"at://{DID}/{POST}/3k1" and post["author_id"] == DID and post["platform"] == "bluesky"
    assert post["urls"] == ["https://a.example/whole?path=1", "https://b.example/x"]
    assert post["hashtags"] == ["ships", "hidden"] and post["mentions"] == [OTHER]
    assert (post["lang"], post["lang_source"], post["kind"]) == ("de", "author", "post")
    assert post["created_at"].isoformat() == "2026-03-02T10:00:00.123000+00:00"
    assert post["collected_at"].isoformat() == "2026-03-02T10:00:01+00:00"


def test_answers_quotes_and_both(read, tmp_path: Path) -> None:
    parent = f"at://{OTHER}/{POST}/3kparent"
    reply = {"parent": {"uri": parent, "cid": "c"}, "root": {"uri": ABOUT, "cid": "c"}}
    quote = {"$type": "app.bsky.embed.record", "record": {"uri": ABOUT, "cid": "c"}}
    with_media = {
        "$type": "app.bsky.embed.recordWithMedia",
        "record": {"record": {"uri": ABOUT, "cid": "c"}},
        "media": {
            "$type": "app.bsky.embed.images",
            "images": [{"alt": "a ship", "image": {"ref": {"$link": "bafkship"}}}],
        },
    }
    feed = {"$type": "app.bsky.embed.record", "record": {"uri": f"at://{OTHER}/app.bsky.feed.generator/x", "cid": "c"}}
    path = lines(
        tmp_path / "f.jsonl",
        frame("1", reply=reply), frame("2", embed=quote), frame("3", reply=reply, embed=with_media), frame("4", embed=feed),
    )  # fmt: skip
    answer, quoting, both, of_feed = sorted(read(path).posts, key=lambda p: p["post_id"])
    assert (answer["reply_to"], answer["reply_to_author"], answer["thread_id"]) == (parent, OTHER, ABOUT)
    assert (quoting["quote_of"], quoting["quote_of_author"], quoting["kind"]) == (ABOUT, OTHER, "quote")
    assert (both["quote_of"], both["reply_to"]) == (ABOUT, parent)
    assert both["media"] == [{"type": "photo", "url": None, "hash": "bafkship", "alt": "a ship"}]
    assert of_feed["quote_of"] is None and of_feed["kind"] == "post"


def test_reposts_deletes_and_what_is_no_post(read, tmp_path: Path) -> None:
    subject = {"subject": {"uri": ABOUT, "cid": "c"}, "createdAt": "2026-03-02T10:05:00Z"}
    path = lines(
        tmp_path / "f.jsonl",
        frame("1", collection=REPOST, **subject),
        frame("2", text="I take this back"),
        frame("2", operation="delete"),
        frame("3", collection="app.bsky.feed.like", **subject),
        frame("4", collection="app.bsky.graph.follow", subject=OTHER, createdAt="2026-03-02T10:05:00Z"),
        {
            "did": DID,
            "time_us": 1_772_445_601_000_000,
            "kind": "identity",
            "identity": {"did": DID, "handle": "a.example"},
        },
        {"did": DID, "time_us": 1_772_445_601_000_000, "kind": "account", "account": {"active": True, "did": DID}},
    )
    reading = read(path)
    [repost] = reading.posts
    assert (repost["kind"], repost["repost_of"], repost["repost_of_author"], repost["text"]) == (
        "repost",
        ABOUT,
        OTHER,
        "",
    )
    rules = sorted((r["rule"], r["line"]) for r in reading.rejects)
    assert rules == [("deleted_by_author", 2), ("deletion", 3), *(("not_a_post", n) for n in (4, 5, 6, 7))]
    assert not any("take this back" in (r["detail"] or "") for r in reading.rejects)


def test_an_update_replaces_and_the_same_frame_twice_is_one(read, tmp_path: Path) -> None:
    """Streams are at-least-once."""
    later = frame("1", operation="update", time_us=1_772_445_701_000_000, text="corrected")
    reading = read(lines(tmp_path / "f.jsonl", frame("1"), frame("1"), later))
    assert [p["text"] for p in reading.posts] == ["corrected"] and len(reading.rejects) == 2


def test_views_pages_and_feeds_are_the_same_posts(read, tmp_path: Path) -> None:
    by = {"did": OTHER, "handle": "ben.example", "displayName": "Ben"}
    reason = {"$type": "app.bsky.feed.defs#reasonRepost", "by": by, "indexedAt": "2026-03-02T11:00:00Z"}
    snake = {
        "py_type": POST,
        "text": "ships 🚢 at https://a.example…",
        "created_at": "2026-03-02T10:00:00.123Z",
        "langs": ["de"],
    }
    shapes = {
        "views": [view(record())],
        "page": [{"posts": [view(record())], "cursor": "c"}],
        "feed": [{"feed": [{"post": view(record())}, {"post": view(record()), "reason": reason}]}],
        "item": [{"post": view(record())}, {"post": view(record()), "reason": reason}],
        "python": [view(snake) | {"py_type": "app.bsky.feed.defs#postView"}],
        "firehose": [{"repo": DID, "path": f"{POST}/3k1", "record": record()}],
    }
    for name, shape in shapes.items():
        reading = read(lines(tmp_path / f"{name}.jsonl", *shape))
        assert reading.report.sources[0].format == "bluesky" and not reading.rejects, name
        post = next(p for p in reading.posts if p["kind"] == "post")
        assert (post["post_id"], post["author_id"], post["text"][:5]) == (f"at://{DID}/{POST}/3k1", DID, "ships"), name
        if name != "firehose":
            assert post["author_handle"] == "anna.example" and post["metrics"]["likes"] == 4
        again = [p for p in reading.posts if p["kind"] == "repost"]
        assert len(again) == (name in ("feed", "item"))
        for p in again:
            assert (p["author_id"], p["repost_of"], p["repost_of_author"]) == (OTHER, post["post_id"], DID)


def test_a_time_far_after_the_server_saw_it_is_refused(read, tmp_path: Path) -> None:
    path = lines(tmp_path / "f.jsonl", frame("1"), frame("2", createdAt="2031-01-01T00:00:00Z"))
    assert [r["rule"] for r in read(path).rejects] == ["time_out_of_range"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)


@given(st.lists(st.tuples(st.sampled_from(["did", "time_us", "kind", "commit", "record", "facets", "embed", "reply", "langs"]), JSON),
                max_size=4))  # fmt: skip
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_stands_in_a_field_the_other_lines_are_read(
    read, tmp_path: Path, wrong: list[tuple[str, Any]]
) -> None:
    spoilt = frame("9")
    for name, value in wrong:
        (spoilt if name in spoilt else spoilt["commit"]["record"])[name] = value
        if name in ("commit", "record"):
            break
    path = lines(tmp_path / "f.jsonl", frame("1"), frame("2"), spoilt, frame("3"))
    reading = read(path, format="bluesky")
    assert {p["post_id"][-3:] for p in reading.posts} >= {"t/1", "t/2", "t/3"}


@pytest.mark.parametrize("first", [b"\xff", b"{", b"null\n", b"[1]\n"])
def test_torn_lines_are_rejected_alone(read, tmp_path: Path, first: bytes) -> None:
    path = lines(tmp_path / "f.jsonl", frame("1"), frame("2"))
    path.write_bytes(path.read_bytes() + first)
    assert len(read(path).posts) == 2
