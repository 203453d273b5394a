"""CSV and flat JSON of CrowdTangle, the Content Library, TikTok, YouTube, 4CAT and Hoaxy; rows are made here from the published columns."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest

AT = "2026-03-02T10:00:00+00:00"


def table(path: Path, *rows: dict[str, Any]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as out:
        writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return path


def lines(path: Path, *records: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(r) + "\n" for r in records))
    return path


def only(reading: Any, format_: str) -> dict[str, Any]:
    assert reading.report.sources[0].format == format_ and not reading.rejects, reading.rejects
    [post] = reading.posts
    return dict(post)


FACEBOOK = {
    "Page Name": "Ship News", "User Name": "shipnews", "Facebook Id": "10077", "Followers at Posting": "120",
    "Post Created": "2026-03-02 05:00:00 EST", "Type": "Link", "Likes": "3", "Comments": "2", "Shares": "1",
    "URL": "https://www.facebook.com/10077/posts/998877", "Message": "a ship #sea", "Link": "https://short.example/a",
    "Final Link": "https://a.example/x", "Image Text": "", "Link Text": "", "Description": "",
}  # fmt: skip


def test_crowdtangle_of_facebook_honours_the_zone(read, tmp_path: Path) -> None:
    post = only(read(table(tmp_path / "f.csv", FACEBOOK)), "crowdtangle")
    assert (post["post_id"], post["author_id"], post["author_name"], post["platform"]) == (
        "998877",
        "10077",
        "Ship News",
        "facebook",
    )
    assert (
        post["created_at"].isoformat() == AT and post["urls"] == ["https://a.example/x"] and post["hashtags"] == ["sea"]
    )
    assert post["metrics"] == {"reposts": 1, "replies": 2, "likes": 3, "quotes": None, "views": None}


@pytest.mark.parametrize(("zone", "hour"), [("EDT", 6), ("EST", 5), ("UTC", 10), ("CET", 11), ("PST", 2)])
def test_crowdtangle_zones(read, tmp_path: Path, zone: str, hour: int) -> None:
    row = FACEBOOK | {"Post Created": f"2026-03-02 {hour:02d}:00:00 {zone}"}
    assert only(read(table(tmp_path / "f.csv", row)), "crowdtangle")["created_at"].isoformat() == AT


def test_crowdtangle_of_a_group_without_number_and_of_instagram(read, tmp_path: Path) -> None:
    group = {("Group Name" if k == "Page Name" else k): v for k, v in FACEBOOK.items()} | {
        "Facebook Id": "",
        "User Name": "",
        "Final Link": "",
    }
    post = only(read(table(tmp_path / "g.csv", group)), "crowdtangle")
    assert (post["author_id"], post["urls"]) == ("Ship News", ["https://short.example/a"])
    instagram = {
        "Account": "Ships", "User Name": "ships", "Followers at Posting": "9", "Post Created": "2026-03-02 10:00:00 UTC", "Type": "Photo",
        "Likes": "1", "Comments": "0", "URL": "https://www.instagram.com/p/Cabc12/", "Photo": "https://x.example/p.jpg", "Title": "",
        "Description": "at sea #sea",
    }  # fmt: skip
    post = only(read(table(tmp_path / "i.csv", instagram)), "crowdtangle")
    assert (post["post_id"], post["author_id"], post["platform"], post["text"]) == (
        "Cabc12",
        "ships",
        "instagram",
        "at sea #sea",
    )


def test_content_library(read, tmp_path: Path) -> None:
    row = {
        "id": "12345678901234567890", "creation_time": "2026-03-02T10:00:00+0000", "text": "a ship", "lang": "de", "shared_post_id": "",
        "post_owner.id": "777", "post_owner.name": "Ships", "post_owner.username": "ships", "post_owner.type": "page", "surface.id": "777",
        "link_attachment.link": "https://a.example/x", "statistics.like_count": "3", "statistics.views": "",
    }  # fmt: skip
    post = only(read(table(tmp_path / "m.csv", row)), "content_library")
    assert (post["post_id"], post["author_id"], post["urls"]) == (
        "12345678901234567890",
        "777",
        ["https://a.example/x"],
    )
    assert post["metrics"]["likes"] == 3 and post["metrics"]["views"] is None and post["created_at"].isoformat() == AT
    shared = row | {"id": "2", "shared_post_id": "1", "text": "as they say"}
    path = lines(
        tmp_path / "m.jsonl",
        {k: v for k, v in shared.items() if "." not in k} | {"post_owner": {"id": 777, "name": "Ships"}},
    )
    post = only(read(path), "content_library")
    assert (post["repost_of"], post["kind"], post["author_id"]) == ("1", "repost", "777")
    comment = {
        "id": "c1",
        "post_id": "1",
        "parent_comment_id": None,
        "text": "aye",
        "creation_time": AT,
        "owner": {"id": "5", "name": "A"},
    }
    post = only(read(lines(tmp_path / "c.jsonl", comment)), "content_library")
    assert (post["kind"], post["reply_to"], post["thread_id"]) == ("comment", "1", "1")


def test_tiktok(read, tmp_path: Path) -> None:
    video = {
        "id": 7123456789012345678, "username": "ships", "create_time": 1_772_445_600, "video_description": "look #sea", "region_code": "DE",
        "hashtag_names": ["sea", "ship"], "music_id": 7, "like_count": 3, "share_count": 1, "view_count": 9, "comment_count": 0,
    }  # fmt: skip
    post = only(read(lines(tmp_path / "t.jsonl", video)), "tiktok")
    assert (post["post_id"], post["author_id"], post["hashtags"]) == ("7123456789012345678", "ships", ["sea", "ship"])
    assert post["created_at"].isoformat() == AT and post["metrics"]["views"] == 9
    renamed = {("video_id" if k == "id" else "author_name" if k == "username" else k): v for k, v in video.items()}
    assert only(read(table(tmp_path / "t.csv", renamed)), "tiktok")["author_id"] == "ships"
    web = {"id": "71", "desc": "look #sea", "createTime": 1_772_445_600, "author": {"uniqueId": "ships", "nickname": "S"},
           "stats": {"diggCount": 3, "shareCount": 1, "commentCount": 0, "playCount": 9}, "duetInfo": {"duetFromId": "0"}}  # fmt: skip
    duet = web | {"id": "72", "duetInfo": {"duetFromId": "71"}}
    plain, answer = read(lines(tmp_path / "w.jsonl", web, duet)).posts
    assert (plain["quote_of"], answer["quote_of"], answer["kind"], answer["text"]) == (None, "71", "quote", "look #sea")
    wrapped = {
        "nav_index": "1",
        "item_id": "71",
        "timestamp_collected": 1_772_445_700_000,
        "source_platform": "tiktok.com",
        "data": web,
    }
    post = only(read(lines(tmp_path / "z.jsonl", wrapped)), "tiktok")
    assert (post["post_id"], post["author_id"], post["hashtags"]) == ("71", "ships", ["sea"])


def test_youtube(read, tmp_path: Path) -> None:
    snippet = {
        "authorDisplayName": "Anna", "authorChannelId": {"value": "UCaa"}, "videoId": "v1", "textDisplay": "see <b>this</b><br>now",
        "textOriginal": "see this\nnow", "likeCount": 2, "publishedAt": "2026-03-02T10:00:00Z",
    }  # fmt: skip
    thread = {
        "id": "T1",
        "snippet": {"videoId": "v1", "topLevelComment": {"id": "C1", "snippet": snippet}, "totalReplyCount": 0},
    }
    post = only(read(lines(tmp_path / "t.jsonl", thread)), "youtube")
    assert (post["post_id"], post["author_id"], post["thread_id"], post["kind"]) == ("C1", "UCaa", "v1", "comment")
    shown = {k: v for k, v in snippet.items() if k != "textOriginal"} | {"parentId": "C1"}
    post = only(read(lines(tmp_path / "c.jsonl", {"id": "C1.r1", "snippet": shown})), "youtube")
    assert (post["reply_to"], post["text"]) == ("C1", "see this\nnow")
    row = {
        "id": "C1",
        "isReplyTo": "",
        "authorName": "Anna",
        "text": 'she said "aye"',
        "publishedAt": "2026-03-02 10:00:00",
        "likeCount": "2",
    }
    post = only(read(table(tmp_path / "d.csv", row)), "youtube_tables")
    assert (post["author_id"], post["text"], post["created_at"].isoformat()) == ("Anna", 'she said "aye"', AT)


def test_youtube_tables(read, tmp_path: Path) -> None:
    video = {
        "position": "1", "channelId": "UCaa", "channelTitle": "Ships", "videoId": "v1", "publishedAt": "2026-03-02T10:00:00Z",
        "videoTitle": "A ship", "videoDescription": "seen at #Sea https://a.example/x", "tags": "old ships,harbour", "viewCount": "9",
    }  # fmt: skip
    post = only(read(table(tmp_path / "v.csv", video)), "youtube_tables")
    assert (post["post_id"], post["author_id"], post["author_name"], post["kind"]) == ("v1", "UCaa", "Ships", "post")
    assert post["text"] == "A ship\nseen at #Sea https://a.example/x" and post["urls"] == ["https://a.example/x"]
    assert post["hashtags"] == ["sea", "old ships", "harbour"] and post["metrics"]["views"] == 9
    least = {k: video[k] for k in ("publishedAt", "videoId", "channelId", "channelTitle", "videoDescription")}
    assert only(read(table(tmp_path / "w.csv", least)), "youtube_tables")["created_at"].isoformat() == AT
    flat = {
        "id": "C1.r1", "snippet.authorChannelId.value": "UCaa", "snippet.authorDisplayName": "Anna", "snippet.textDisplay": "see <b>this</b>",
        "snippet.publishedAt": "2026-03-02T10:00:00Z", "snippet.parentId": "C1",
    }  # fmt: skip
    for path in (table(tmp_path / "f.csv", flat), lines(tmp_path / "f.jsonl", flat)):
        post = only(read(path), "youtube_tables")
        assert (post["text"], post["author_id"], post["reply_to"]) == ("see this", "UCaa", "C1")


SNIPPET = {
    "authorDisplayName": "Anna", "authorChannelId": {"value": "UCaa"}, "videoId": "v1", "textDisplay": "aye",
    "likeCount": 2, "publishedAt": "2026-03-02T10:00:00Z",
}  # fmt: skip


def youtube_page(kind: str, *items: dict[str, Any]) -> dict[str, Any]:
    page = {"totalResults": 2, "resultsPerPage": 100}
    return {"kind": f"youtube#{kind}ListResponse", "etag": "e", "nextPageToken": "n", "pageInfo": page, "items": list(items)}  # fmt: skip


@pytest.mark.parametrize("shape", ["one page", "pages in lines", "pages in an array"])
def test_youtube_lists_are_their_items(read, tmp_path: Path, shape: str) -> None:
    def thread(i: int) -> dict[str, Any]:
        top = {"kind": "youtube#comment", "id": f"C{i}", "snippet": SNIPPET}
        answers = [{"kind": "youtube#comment", "id": f"C{i}.1", "snippet": SNIPPET | {"parentId": f"C{i}"}}]
        snippet = {"videoId": "v1", "topLevelComment": top, "totalReplyCount": 1}
        return {"kind": "youtube#commentThread", "id": f"C{i}", "snippet": snippet, "replies": {"comments": answers}}

    comment = {"kind": "youtube#comment", "id": "C9.2", "snippet": SNIPPET | {"parentId": "C9"}}
    pages = [youtube_page("commentThread", thread(1), thread(2)), youtube_page("commentThread"), youtube_page("comment", comment)]  # fmt: skip
    path = tmp_path / "in"
    if shape == "one page":
        path.write_text(json.dumps(pages[0], indent=2))
    elif shape == "pages in lines":
        lines(path, *pages)
    else:
        path.write_text(json.dumps(pages, indent=1))
    reading = read(path)
    assert reading.report.sources[0].format == "youtube" and not reading.rejects
    wanted = {"C1": None, "C1.1": "C1", "C2": None, "C2.1": "C2"} | ({} if shape == "one page" else {"C9.2": "C9"})
    assert {p["post_id"]: p["reply_to"] for p in reading.posts} == wanted
    assert {(p["kind"], p["thread_id"], p["author_id"]) for p in reading.posts} == {("comment", "v1", "UCaa")}


def test_youtube_videos_of_lists_and_searches(read, tmp_path: Path) -> None:
    snippet = {
        "publishedAt": "2026-03-02T10:00:00Z", "channelId": "UCaa", "channelTitle": "Ships", "title": "It&#39;s a ship",
        "description": "at #Sea, see https://a.example/x", "liveBroadcastContent": "none",
    }  # fmt: skip
    found = {"kind": "youtube#searchResult", "id": {"kind": "youtube#video", "videoId": "v1"}, "snippet": snippet}
    channel = found | {"id": {"kind": "youtube#channel", "channelId": "UCaa"}}
    reading = read(lines(tmp_path / "s.json", youtube_page("search", found, channel)))
    [post] = reading.posts
    assert (post["post_id"], post["author_id"], post["author_name"], post["kind"]) == ("v1", "UCaa", "Ships", "post")
    assert post["text"] == "It's a ship\nat #Sea, see https://a.example/x" and post["hashtags"] == ["sea"]
    assert [(r["rule"], r["detail"]) for r in reading.rejects] == [("not_a_post", "youtube#channel")]
    told = {"tags": ["old ships"], "defaultAudioLanguage": "de", "defaultLanguage": "en"}
    video = {
        "kind": "youtube#video",
        "id": "v2",
        "snippet": snippet | told,
        "statistics": {"viewCount": "9", "likeCount": "3"},
    }
    for path in (lines(tmp_path / "v.json", youtube_page("video", video)), lines(tmp_path / "b.jsonl", video)):
        post = only(read(path), "youtube")
        assert (post["post_id"], post["lang"], post["lang_source"], post["hashtags"]) == (
            "v2",
            "en",
            "author",
            ["sea", "old ships"],
        )
        assert (post["metrics"]["views"], post["metrics"]["likes"], post["metrics"]["replies"]) == (9, 3, None)


def test_4cat(read, tmp_path: Path) -> None:
    row = {
        "id": "1", "thread_id": "1", "author": "anna", "author_id": "77", "author_fullname": "Anna", "body": "RT @ben: a ship",
        "timestamp": "2026-03-02 10:00:00", "unix_timestamp": "1772445600", "is_retweet": "yes", "retweeted_user": "ben",
        "hashtags": "sea,ship", "urls": "https://a.example/x,https://b.example/y", "mentions": "ben", "language_guess": "en",
    }  # fmt: skip
    post = only(read(table(tmp_path / "4.csv", row)), "4cat")
    assert (post["author_id"], post["author_handle"], post["kind"], post["repost_of_author"]) == (
        "77",
        "anna",
        "repost",
        "ben",
    )
    assert post["urls"] == ["https://a.example/x", "https://b.example/y"] and post["hashtags"] == ["sea", "ship"]
    least = {k: row[k] for k in ("id", "thread_id", "author", "body", "timestamp")}
    assert only(read(table(tmp_path / "5.csv", least)), "4cat")["created_at"].isoformat() == AT


def bluesky_row(key: str, of: str, **over: Any) -> dict[str, Any]:
    did = f"did:plc:{of}"
    uri = f"at://{did}/app.bsky.feed.post/{key}"
    return {
        "id": uri, "thread_id": uri, "created_at": AT, "author": f"{of}.example", "author_id": did, "body": "a ship",
        "link": f"https://bsky.app/profile/{of}.example/post/{key}", "tags": "Sea,ship", "like_count": "3", "quote_count": "1",
        "reply_count": "0", "repost_count": "2", "quoted_post": "", "quoted_user": "", "replied_to_post": "", "replied_to_user": "",
        "mentions": "", "links": "https://a.example/x", "languages": "en,de", "author_display_name": of.title(),
        "timestamp": "1772445600.0",
    } | over  # fmt: skip


def test_4cat_of_bluesky_names_posts_by_their_ids(read, tmp_path: Path) -> None:
    """A link with a handle is the post's id where the file knows whose the handle is; what is gone is no post that two may quote."""
    link = "https://bsky.app/profile/{}/post/{}".format
    rows = [
        bluesky_row("k1", "anna"),
        bluesky_row("k2", "ben", quoted_post=link("anna.example", "k9"), quoted_user="anna.example"),
        bluesky_row("k3", "ben", quoted_post=link("cleo.example", "k8"), quoted_user="cleo.example"),
        bluesky_row("k4", "ben", replied_to_post=link("did:plc:x", "k7"), replied_to_user="did:plc:x"),
        bluesky_row("k5", "ben", replied_to_post=link("ANNA.example", "k1"), replied_to_user="anna.example", quoted_post="DELETED"),
        bluesky_row("k6", "dora1", author="dora.example"),
        bluesky_row("k7", "dora2", author="dora.example", quoted_post=link("dora.example", "k6"), languages="N/A"),
    ]  # fmt: skip
    reading = read(table(tmp_path / "b.csv", *rows))
    by = {p["post_id"].rpartition("/")[2]: p for p in reading.posts}
    assert reading.report.sources[0].format == "4cat" and {p["platform"] for p in reading.posts} == {"bluesky"}
    first = by["k1"]
    assert (first["author_id"], first["author_handle"], first["author_name"]) == (
        "did:plc:anna",
        "anna.example",
        "Anna",
    )
    assert (first["hashtags"], first["urls"], first["lang"]) == (["sea", "ship"], ["https://a.example/x"], "en")
    assert first["created_at"].isoformat() == AT and first["metrics"]["reposts"] == 2 and first["quote_of"] is None
    assert (by["k2"]["quote_of"], by["k2"]["quote_of_author"]) == (
        "at://did:plc:anna/app.bsky.feed.post/k9",
        "did:plc:anna",
    )
    assert (by["k3"]["quote_of"], by["k3"]["quote_of_author"]) == (link("cleo.example", "k8"), "cleo.example")
    assert (by["k4"]["reply_to"], by["k4"]["kind"]) == ("at://did:plc:x/app.bsky.feed.post/k7", "reply")
    assert (by["k5"]["reply_to"], by["k5"]["quote_of"]) == (first["post_id"], None)
    assert (by["k7"]["quote_of"], by["k7"]["lang"]) == (link("dora.example", "k6"), None)


@pytest.mark.parametrize(
    ("platform", "post_id", "more"),
    [
        ("x", "19", {"is_retweet": "no", "retweeted_user": "", "is_quote_tweet": "no", "quoted_user": ""}),
        ("instagram", "Cabc", {"url": "https://www.instagram.com/p/Cabc"}),
        ("threads", "Dabc", {"url": "https://www.threads.com/@anna/post/Dabc"}),
        ("tiktok", "71", {"tiktok_url": "https://www.tiktok.com/@anna/video/71"}),
        ("telegram", "ships-1", {"author_forwarded_from_name": "News"}),
        ("unknown", "1", {"url": "https://www.instagram.com/p/of-somebody-else"}),
        ("unknown", "1", {}),
    ],
)
def test_4cat_platforms(read, tmp_path: Path, platform: str, post_id: str, more: dict[str, str]) -> None:
    row = {"id": post_id, "thread_id": "1", "author": "anna", "body": "a ship", "timestamp": "2026-03-02 10:00:00"}
    post = only(read(table(tmp_path / "4.csv", row | more)), "4cat")
    assert (post["platform"], post["post_id"]) == (platform, post_id)
    if platform == "telegram":
        assert (post["kind"], post["repost_of_author"]) == ("repost", "News")


def test_hoaxy(read, tmp_path: Path) -> None:
    edge = {
        "canonical_url": "https://a.example/x", "from_user_id": "1", "from_user_screen_name": "anna", "to_user_id": "2",
        "to_user_screen_name": "ben", "is_mention": "False", "tweet_created_at": "2026-03-02T10:00:00Z", "tweet_id": "9",
        "tweet_type": "retweet", "tweet_url": "https://x.example/9",
    }  # fmt: skip
    post = only(read(table(tmp_path / "e.csv", edge)), "hoaxy")
    assert (post["author_id"], post["kind"], post["repost_of_author"], post["urls"]) == (
        "2",
        "repost",
        "1",
        ["https://a.example/x"],
    )
    mention = edge | {"is_mention": "True", "tweet_type": "origin"}
    post = only(read(table(tmp_path / "m.csv", mention)), "hoaxy")
    assert (post["author_id"], post["mentions"], post["kind"]) == ("1", ["2"], "post")
