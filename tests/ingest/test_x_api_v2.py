"""The three shapes of X API v2 files hold the same posts; field rules of the format."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

START = datetime(2022, 5, 1, tzinfo=UTC)
USER = {"name": "N", "created_at": "2011-07-17T13:48:53.000Z", "public_metrics": {"followers_count": 12}}


def user(author_id: str) -> dict[str, Any]:
    return {"id": author_id, "username": f"u{author_id}", **USER}


@st.composite
def worlds(draw: st.DrawFn) -> list[dict[str, Any]]:
    n = draw(st.integers(1, 12))
    out: list[dict[str, Any]] = []
    for i in range(n):
        tweet: dict[str, Any] = {
            "id": str(10**18 + i),
            "author_id": str(draw(st.integers(1, 4))),
            "text": draw(st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=40)).replace(
                "RT @", ""
            ),
            "created_at": (START + timedelta(seconds=draw(st.integers(0, 10**6)))).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
            "conversation_id": str(10**18 + draw(st.integers(0, i))),
            "edit_history_tweet_ids": [str(10**18 + i)],
            "public_metrics": {"retweet_count": 1, "reply_count": 2, "like_count": 3, "quote_count": 4},
            "entities": {
                "urls": [{"url": "https://t.co/x", "expanded_url": f"https://e.org/{draw(st.integers(0, 5))}"}],
                "hashtags": [{"tag": draw(st.sampled_from(["Tag", "ÄB"]))}],
            },
        }
        references = []
        if i and draw(st.booleans()):
            references = [{"type": "retweeted", "id": out[draw(st.integers(0, i - 1))]["id"]}]
        elif i:
            kinds = draw(st.sets(st.sampled_from(["quoted", "replied_to"])))
            references = [{"type": k, "id": out[draw(st.integers(0, i - 1))]["id"]} for k in sorted(kinds)]
        if references:
            tweet["referenced_tweets"] = references
        out.append(tweet)
    return out


def as_pages(tweets: list[dict[str, Any]], size: int = 5) -> bytes:
    pages = [tweets[i : i + size] for i in range(0, len(tweets), size)]
    users = [user(a) for a in sorted({t["author_id"] for t in tweets})]
    return b"".join(
        json.dumps(
            {"data": p, "includes": {"users": users, "tweets": tweets}, "meta": {"result_count": len(p)}}
        ).encode()
        + b"\n"
        for p in pages
    )


def as_stream(tweets: list[dict[str, Any]]) -> bytes:
    by_id = {t["id"]: t for t in tweets}
    lines = []
    for t in tweets:
        references = [by_id[r["id"]] for r in t.get("referenced_tweets", [])]
        lines.append(
            {
                "data": t,
                "includes": {"users": [user(t["author_id"])], "tweets": references},
                "matching_rules": [{"id": "1"}],
            }
        )
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


def as_flattened(tweets: list[dict[str, Any]]) -> bytes:
    by_id = {t["id"]: t for t in tweets}
    lines = []
    for t in tweets:
        flat = t | {"author": user(t["author_id"])}
        if "referenced_tweets" in t:
            flat["referenced_tweets"] = [
                r | by_id[r["id"]] | {"author": user(by_id[r["id"]]["author_id"])} for r in t["referenced_tweets"]
            ]
        lines.append(flat)
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


def expected(tweets: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    by_id = {t["id"]: t for t in tweets}
    out = []
    for t in tweets:
        refs = {r["type"]: r["id"] for r in t.get("referenced_tweets", [])}
        original = by_id.get(refs.get("retweeted", ""))
        tags = [t["entities"]["hashtags"][0]["tag"].lower()]
        urls = [t["entities"]["urls"][0]["expanded_url"]]
        if original:
            tags = list(dict.fromkeys([original["entities"]["hashtags"][0]["tag"].lower(), *tags]))
            urls = list(dict.fromkeys([original["entities"]["urls"][0]["expanded_url"], *urls]))
        kind = (
            "repost"
            if "retweeted" in refs
            else "quote"
            if "quoted" in refs
            else "reply"
            if "replied_to" in refs
            else "post"
        )
        author = lambda kind, refs=refs: by_id[refs[kind]]["author_id"] if kind in refs else None  # noqa: E731
        out.append(
            (
                t["id"],
                t["author_id"],
                f"u{t['author_id']}",
                12,
                "" if original else t["text"],
                urls,
                tags,
                kind,
                refs.get("retweeted"),
                author("retweeted"),
                refs.get("quoted"),
                author("quoted"),
                refs.get("replied_to"),
                author("replied_to"),
            )
        )
    return out


FIELDS = (
    "post_id",
    "author_id",
    "author_handle",
    "author_followers",
    "text",
    "urls",
    "hashtags",
    "kind",
    "repost_of",
    "repost_of_author",
    "quote_of",
    "quote_of_author",
    "reply_to",
    "reply_to_author",
)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tweets=worlds())
def test_three_shapes_one_result(tweets: list[dict[str, Any]], read: Any, tmp_path: Path) -> None:
    path = tmp_path / "in"
    for shape in (as_pages, as_stream, as_flattened):
        path.write_bytes(shape(tweets))
        reading = read(path)
        assert reading.report.sources[0].format == "x_api_v2"
        assert [tuple(p[f] for f in FIELDS) for p in sorted(reading.posts, key=lambda p: p["post_id"])] == expected(
            tweets
        ), shape.__name__
        assert (
            {p["platform"] for p in reading.posts} == {"x"}
            and {p["created_at_precision"] for p in reading.posts} == {"s"}
            if len(tweets) < 20
            else True
        )


def tweet(**over: Any) -> dict[str, Any]:
    base = {
        "id": "1",
        "author_id": "7",
        "text": "words",
        "created_at": "2022-05-01T00:00:01.000Z",
        "public_metrics": {"retweet_count": 0},
    }
    return base | over


def write(path: Path, *records: Any) -> Path:
    path.write_text("".join(json.dumps(r) + "\n" for r in records))
    return path


def test_error_objects_are_rejects(read, tmp_path: Path) -> None:
    error = {"title": "Not Found Error", "detail": "Could not find tweet", "value": "99", "type": "t"}
    path = write(
        tmp_path / "in",
        {"data": [tweet()], "errors": [error, error]},
        {"errors": [error]},
        {"title": "ConnectionException", "detail": "too many", "connection_issue": "TooManyConnections"},
        {"meta": {"result_count": 0}},
        {"unknown": 1},
        {"data": {"text": "no id", "author_id": "7"}},
        {"data": []},
        {"data": None, "errors": [error]},
        {"data": "neither"},
    )
    reading = read(path)
    assert [(r["line"], r["rule"]) for r in reading.rejects] == [
        (1, "platform_error"),
        (1, "platform_error"),
        (2, "platform_error"),
        (3, "platform_error"),
        (5, "missing_post_id"),
        (6, "missing_post_id"),
        (8, "platform_error"),
        (9, "missing_post_id"),
    ]
    assert "Could not find tweet" in reading.rejects[0]["detail"]
    assert len(reading.posts) == 1


def test_last_version_of_an_edited_post_is_kept(read, tmp_path: Path) -> None:
    history = ["100", "101", "102"]
    versions = [
        tweet(id=i, text=f"version {i}", edit_history_tweet_ids=history[: k + 1]) for k, i in enumerate(history)
    ]
    for order in (versions, versions[::-1]):
        reading = read(write(tmp_path / "in", *order))
        assert [p["text"] for p in reading.posts] == ["version 102"]
        assert reading.report.rejected_by_rule == {"duplicate_post": 2}


def test_media_are_no_links_and_long_posts_are_whole(read, tmp_path: Path) -> None:
    urls = [
        {"url": "https://t.co/a", "expanded_url": "https://twitter.com/u/status/1/photo/1", "media_key": "3_1"},
        {"url": "https://t.co/b", "expanded_url": "https://x.com/u/status/1/video/1"},
        {"url": "https://t.co/c", "unwound_url": "https://e.org/unwound"},
        {"url": "https://t.co/d"},
    ]
    entities = {"urls": urls, "mentions": [{"username": "noid"}, {"username": "u", "id": "5"}]}
    media = [{"media_key": "3_1", "type": "photo", "url": "https://pic/1", "alt_text": "a cat"}]
    path = write(
        tmp_path / "in",
        {
            "data": [
                tweet(
                    entities=entities, attachments={"media_keys": ["3_1"]}, note_tweet={"text": "the whole long text"}
                )
            ],
            "includes": {"media": media},
        },
    )
    (post,) = read(path).posts
    assert post["urls"] == ["https://e.org/unwound", "https://t.co/d"]
    assert post["mentions"] == ["noid", "5"]
    assert post["media"] == [{"type": "photo", "url": "https://pic/1", "hash": None, "alt": "a cat"}]
    assert post["text"] == "the whole long text"


def test_indented_page_and_repeated_includes(read, tmp_path: Path) -> None:
    page = {"data": [tweet(), tweet(id="2")], "includes": {"users": [user("7"), user("7")]}}
    (tmp_path / "in").write_text(json.dumps(page, indent=2))
    assert [(p["post_id"], p["author_handle"]) for p in read(tmp_path / "in").posts] == [("1", "u7"), ("2", "u7")]


def test_shapes_mix_in_one_file(read, tmp_path: Path) -> None:
    page = {"data": [tweet(id="1"), tweet(id="2")], "includes": {"users": [user("7")]}}
    stream, flat = (
        {"data": tweet(id="3"), "includes": {"users": [user("7")]}},
        tweet(id="4", conversation_id="4", author=user("7")),
    )
    for records in ([page, page | {"data": []}, page, stream, flat], [stream, flat, flat, stream, page]):
        reading = read(write(tmp_path / "in", *records))
        assert sorted((p["post_id"], p["author_handle"]) for p in reading.posts) == [
            (str(i), "u7") for i in range(1, 5)
        ]
        assert reading.report.rejected_by_rule == {"duplicate_post": 2}
