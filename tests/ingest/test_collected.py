"""What Zeeschuimer collects from web pages: wrapped as it writes it, and bare with `__import_meta` as 4CAT keeps it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from houselights.core.errors import HouselightsError

AT = "2026-03-02T10:00:00+00:00"
SEEN = "2026-03-02T10:05:00+00:00"
SECONDS = 1_772_445_600
Record = dict[str, Any]


def collected(data: Record, platform: str) -> Record:
    return {
        "nav_index": "1_2", "item_id": "1", "timestamp_collected": (SECONDS + 300) * 1000, "source_platform": platform,
        "source_platform_url": "https://a.example/", "source_url": "https://a.example/api", "data": data,
    }  # fmt: skip


def imported(data: Record, platform: str) -> Record:
    return data | {"__import_meta": {k: v for k, v in collected(data, platform).items() if k != "data"}}


WRAPS: dict[str, Callable[[Record, str], Record]] = {"collected": collected, "imported by 4CAT": imported}


def read_one(read: Any, path: Path, format_: str, *records: Record) -> Record:
    path.write_text("".join(json.dumps(r) + "\n" for r in records))
    reading = read(path)
    assert reading.report.sources[0].format == format_ and not reading.rejects, reading.rejects
    [post] = reading.posts
    return dict(post)


X = {
    "rest_id": "19", "core": {"user_results": {"result": {"rest_id": "7", "legacy": {"screen_name": "anna"}}}},
    "legacy": {"full_text": "a ship", "created_at": "Mon Mar 02 10:00:00 +0000 2026", "user_id_str": "7"},
}  # fmt: skip
TIKTOK = {
    "id": "71", "desc": "look #sea", "createTime": SECONDS, "author": {"uniqueId": "ships", "nickname": "S"},
    "stats": {"diggCount": 3, "shareCount": 1, "commentCount": 0, "playCount": 9}, "duetInfo": {"duetFromId": "0"},
}  # fmt: skip
COMMENT = {
    "cid": "81", "aweme_id": "71", "text": "aye", "create_time": SECONDS, "reply_id": "0", "comment_language": "en",
    "user": {"uid": "5", "unique_id": "ben", "nickname": "Ben"},
}  # fmt: skip
DID = "did:plc:a"
SKY = {
    "uri": f"at://{DID}/app.bsky.feed.post/3k", "cid": "b", "author": {"did": DID, "handle": "anna.example"},
    "record": {"$type": "app.bsky.feed.post", "text": "a ship", "createdAt": AT}, "indexedAt": SEEN, "likeCount": 4,
}  # fmt: skip
INSTAGRAM = {
    "id": "33_7", "pk": "33", "code": "Cabc", "taken_at": SECONDS, "media_type": 1, "product_type": "feed",
    "caption": {"text": "a ship #Sea https://a.example/x"}, "user": {"pk": "7", "id": "7", "username": "anna", "full_name": "Anna"},
    "like_count": 3, "comment_count": 2, "carousel_media": None, "accessibility_caption": "ships",
    "image_versions2": {"candidates": [{"url": "https://p.example/1.jpg"}, {"url": "https://p.example/2.jpg"}]},
}  # fmt: skip
THREADS = {
    "id": "44_7", "pk": "44", "code": "Dabc", "taken_at": SECONDS, "caption": {"text": "a ship #Sea"},
    "user": {"pk": "7", "username": "anna", "full_name": "Anna"}, "like_count": 3, "carousel_media": None,
    "image_versions2": {"candidates": []}, "video_versions": None,
    "text_post_app_info": {
        "is_reply": False, "reply_to_author": None, "direct_reply_count": 2, "repost_count": 1, "quote_count": 0,
        "link_preview_attachment": {"url": "https://l.threads.com/?u=https%3A%2F%2Fa.example%2Fx%3Fy%3D1&e=AT"},
        "share_info": {"quoted_post": None, "reposted_post": None},
    },
}  # fmt: skip
POSTS = {
    "x_web": ("twitter.com", X, "19", "7"),
    "tiktok": ("tiktok.com", TIKTOK, "71", "ships"),
    "bluesky": ("bsky.app", SKY, SKY["uri"], DID),
    "instagram": ("instagram.com", INSTAGRAM, "Cabc", "7"),
    "threads": ("threads.net", THREADS, "Dabc", "7"),
}


@pytest.mark.parametrize("wrap", WRAPS)
@pytest.mark.parametrize("format_", POSTS)
def test_both_shapes_of_every_platform(read, tmp_path: Path, format_: str, wrap: str) -> None:
    platform, data, post_id, author = POSTS[format_]
    post = read_one(read, tmp_path / "in", format_, WRAPS[wrap](data, platform))
    assert (post["post_id"], post["author_id"], post["created_at"].isoformat()) == (post_id, author, AT)
    assert post["collected_at"].isoformat() == SEEN


@pytest.mark.parametrize("wrap", WRAPS)
def test_comments_of_tiktok(read, tmp_path: Path, wrap: str) -> None:
    post = read_one(read, tmp_path / "in", "tiktok", WRAPS[wrap](COMMENT, "tiktok.com"))
    assert (post["author_id"], post["thread_id"], post["reply_to"], post["kind"]) == ("ben", "71", None, "comment")
    answer = COMMENT | {"reply_id": "81", "cid": "82"}
    assert read_one(read, tmp_path / "in", "tiktok", WRAPS[wrap](answer, "tiktok.com"))["reply_to"] == "81"


def test_a_reposted_view_of_bluesky_is_a_repost(read, tmp_path: Path) -> None:
    by = {"$type": "app.bsky.feed.defs#reasonRepost", "by": {"did": "did:plc:b"}, "indexedAt": AT}
    post = read_one(read, tmp_path / "in", "bluesky", collected({"post": SKY, "reason": by}, "bsky.app"))
    assert (post["kind"], post["repost_of"], post["author_id"]) == ("repost", SKY["uri"], "did:plc:b")


def test_instagram(read, tmp_path: Path) -> None:
    path = tmp_path / "in"
    post = read_one(read, path, "instagram", collected(INSTAGRAM, "instagram.com"))
    assert (post["platform"], post["author_handle"], post["author_name"]) == ("instagram", "anna", "Anna")
    assert (post["hashtags"], post["urls"]) == (["sea"], ["https://a.example/x"])
    assert (
        post["url"] == "https://www.instagram.com/p/Cabc/"
        and post["metrics"]["likes"] == 3
        and post["metrics"]["replies"] == 2
    )
    assert post["media"] == [{"type": "photo", "url": "https://p.example/1.jpg", "hash": None, "alt": "ships"}]
    several = [{"media_type": 1, "image_versions2": {"candidates": [{"url": "u1"}]}},
               {"media_type": 2, "video_versions": [{"url": "v2"}], "image_versions2": {"candidates": [{"url": "u2"}]}}]  # fmt: skip
    hidden = INSTAGRAM | {
        "carousel_media": several,
        "media_type": 8,
        "caption": None,
        "like_and_view_counts_disabled": True,
    }
    post = read_one(read, path, "instagram", hidden)
    assert [(m["type"], m["url"]) for m in post["media"]] == [("photo", "u1"), ("video", "v2")]
    assert post["text"] == "" and post["metrics"]["likes"] is None


def test_an_advertisement_and_a_post_without_time_are_rejected(read, tmp_path: Path) -> None:
    path = tmp_path / "in"
    records = [
        INSTAGRAM,
        INSTAGRAM | {"code": "Cad", "product_type": "ad"},
        INSTAGRAM | {"code": "Cgrid", "taken_at": None},
    ]
    path.write_text("".join(json.dumps(collected(r, "instagram.com")) + "\n" for r in records))
    assert sorted(r["rule"] for r in read(path).rejects) == ["missing_time", "not_a_post"]


def test_threads(read, tmp_path: Path) -> None:
    path = tmp_path / "in"
    post = read_one(read, path, "threads", collected(THREADS, "threads.net"))
    assert (post["platform"], post["kind"], post["urls"]) == ("threads", "post", ["https://a.example/x?y=1"])
    assert post["url"] == "https://www.threads.com/@anna/post/Dabc" and post["media"] == []
    assert post["metrics"] == {"reposts": 1, "replies": 2, "likes": 3, "quotes": 0, "views": None}
    other = {"pk": "45", "code": "Dother", "user": {"pk": "8", "username": "ben"}}

    def with_(**over: Any) -> Record:
        return read_one(read, path, "threads", THREADS | {"text_post_app_info": THREADS["text_post_app_info"] | over})

    answer = with_(is_reply=True, reply_to_author={"pk": "8", "username": "ben"})
    assert (answer["kind"], answer["reply_to"], answer["reply_to_author"]) == ("reply", None, "8")
    quote = with_(share_info={"quoted_post": other, "reposted_post": None})
    assert (quote["kind"], quote["quote_of"], quote["quote_of_author"], quote["text"]) == (
        "quote",
        "Dother",
        "8",
        "a ship #Sea",
    )
    repost = with_(share_info={"quoted_post": None, "reposted_post": other})
    assert (repost["kind"], repost["repost_of"], repost["repost_of_author"], repost["text"]) == (
        "repost",
        "Dother",
        "8",
        "",
    )


@pytest.mark.parametrize("wrap", WRAPS)
def test_an_unknown_platform_is_told_with_those_that_are_read(read, tmp_path: Path, wrap: str) -> None:
    data = {"id": "1", "author": "anna", "created_at": SECONDS, "text": "a ship"}
    path = tmp_path / "in"
    path.write_text(json.dumps(WRAPS[wrap](data, "linkedin.com")) + "\n")
    with pytest.raises(HouselightsError) as told:
        read(path)
    sentence = str(told.value)
    assert "linkedin.com" in sentence and "4CAT" in sentence and "CSV" in sentence and "\n" not in sentence
    assert all(name in sentence for name in ("X", "TikTok", "Bluesky", "Instagram", "Threads"))
    column = "data.{}" if wrap == "collected" else "{}"
    mapped = {"author_id": "author", "created_at": "created_at", "text": "text"}
    assert len(read(path, column_map={k: column.format(v) for k, v in mapped.items()}).posts) == 1
