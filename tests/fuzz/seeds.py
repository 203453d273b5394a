"""Small sound files of every kind that can be read, made here from the published fields: what the mutations start from."""

import csv
import gzip
import io
import json
import zipfile
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any
from xml.sax.saxutils import escape

import pyarrow as pa
import pyarrow.parquet as pq
import zstandard

from houselights.ingest.detect import FORMATS

N_RECORDS = 3
ISO = "2026-03-02T10:00:0{}.123Z"
PLAIN = "2026-03-02 10:00:0{}"
EPOCH = 1_772_445_600
Record = dict[str, Any]


def lines(records: Iterable[Any]) -> bytes:
    return b"".join(json.dumps(r).encode() + b"\n" for r in records)


def table(records: list[Record], delimiter: str = ",") -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(records[0]), delimiter=delimiter, lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    return out.getvalue().encode()


def parquet(of: pa.Table) -> bytes:
    pq.write_table(of, out := io.BytesIO())
    return out.getvalue()


def each(make: Callable[[int], Record]) -> list[Record]:
    return [make(i) for i in range(N_RECORDS)]


def tweet(i: int) -> Record:
    entities = {
        "urls": [{"url": "https://t.co/x", "expanded_url": f"https://e.example/{i}"}, {"url": "u", "media_key": "m"}],
        "hashtags": [{"tag": "Sea"}],
        "mentions": [{"username": "ben", "id": "9"}],
    }
    return {
        "id": str(10**18 + i), "author_id": str(i % 3), "text": f"RT @ben: ship {i} #Sea", "created_at": ISO.format(i), "lang": "en",
        "conversation_id": str(10**18), "edit_history_tweet_ids": [str(10**18 + i), "7"], "source": "Web", "in_reply_to_user_id": "9",
        "public_metrics": {"retweet_count": 1, "reply_count": 2, "like_count": 3, "quote_count": 4, "impression_count": 5},
        "entities": entities, "note_tweet": {"text": "long", "entities": entities}, "attachments": {"media_keys": ["m"]},
        "referenced_tweets": [{"type": ("retweeted", "quoted", "replied_to")[i % 3], "id": str(10**18)}],
    }  # fmt: skip


USER = {
    "id": "0",
    "username": "anna",
    "name": "Anna",
    "created_at": ISO.format(0),
    "public_metrics": {"followers_count": 1},
}
INCLUDES = {"users": [USER], "tweets": [tweet(0)], "media": [{"media_key": "m", "type": "photo", "url": "u"}]}
PROBLEM = {"title": "Not Found", "detail": "gone", "value": "5", "type": "about:blank"}


def x_api_v2() -> list[bytes]:
    tweets = each(tweet)
    page = {
        "data": tweets,
        "includes": INCLUDES,
        "meta": {"result_count": 6},
        "errors": [PROBLEM],
        "__twarc": {"retrieved_at": ISO.format(9)},
    }
    stream = [{"data": t, "includes": INCLUDES, "matching_rules": [{"id": "1"}]} for t in tweets]
    return [
        lines([page, {"meta": {"result_count": 0}}, PROBLEM]),
        lines(stream),
        lines([t | {"author": USER} for t in tweets]),
    ]


def x_web() -> list[bytes]:
    entities = {
        "urls": [{"url": "u", "expanded_url": "https://a.example"}],
        "hashtags": [{"text": "Sea"}],
        "user_mentions": [{"id_str": "9"}],
    }
    names = {"screen_name": "anna", "name": "Anna", "created_at": "Tue Nov 08 00:00:00 +0000 2022"}

    def bare(i: int) -> Record:
        return {
            "rest_id": str(10**18 + i), "source": "<a href='x'>Web</a>", "views": {"count": "90"},
            "core": {"user_results": {"result": {"rest_id": "77", "core": names, "legacy": {"followers_count": 5}}}},
            "note_tweet": {"note_tweet_results": {"result": {"text": "long", "entity_set": entities}}},
            "legacy": {
                "full_text": f"a ship {i}", "created_at": f"Mon Mar 02 10:00:0{i} +0000 2026", "user_id_str": "77", "lang": "en",
                "conversation_id_str": "1", "entities": entities, "retweet_count": 1, "reply_count": 2, "favorite_count": 3, "quote_count": 4,
                "extended_entities": {"media": [{"type": "photo", "media_url_https": "u", "ext_alt_text": "a"}]},
                "in_reply_to_status_id_str": "5", "quoted_status_id_str": "6",
            },
        }  # fmt: skip

    original = {"result": {"tweet": bare(9)}}
    reposts = [t | {"legacy": t["legacy"] | {"retweeted_status_result": original}} for t in each(bare)[:2]]
    quotes = [t | {"quoted_status_result": {"result": bare(8)}} for t in each(bare)[2:4]]
    wrapped = [{"timestamp_collected": EPOCH * 1000, "data": {"tweet": t}} for t in each(bare)[4:]]
    return [lines([*reposts, *quotes, *wrapped]), json.dumps(each(bare), indent=1).encode()]


DID, POST = "did:plc:aaaaaaaaaaaaaaaaaaaaaaaa", "app.bsky.feed.post"


def bluesky() -> list[bytes]:
    features = [
        {"$type": "x#link", "uri": "https://a.example"},
        {"$type": "x#tag", "tag": "Sea"},
        {"$type": "x#mention", "did": DID},
    ]

    def record(i: int) -> Record:
        about = {"uri": f"at://{DID}/{POST}/3kroot", "cid": "c"}
        return {
            "$type": POST, "text": f"ship {i}", "createdAt": ISO.format(i), "langs": ["de"], "tags": ["Sea"],
            "facets": [{"index": {"byteStart": 0, "byteEnd": 4}, "features": features}], "reply": {"root": about, "parent": about},
            "embed": {"record": about, "external": {"uri": "https://b.example"}, "images": [{"alt": "a", "image": {"ref": {"$link": "b"}}}]},
        }  # fmt: skip

    def frame(i: int) -> Record:
        commit = {
            "rev": "r",
            "operation": "create",
            "collection": POST,
            "rkey": f"3k{i}",
            "cid": "b",
            "record": record(i),
        }
        return {"did": DID, "time_us": EPOCH * 10**6 + i, "kind": "commit", "commit": commit}

    def view(i: int) -> Record:
        author = {"did": DID, "handle": "anna.example", "displayName": "Anna", "createdAt": ISO.format(0)}
        return {
            "uri": f"at://{DID}/{POST}/3k{i}",
            "cid": "b",
            "author": author,
            "record": record(i),
            "indexedAt": ISO.format(9),
            "likeCount": 4,
        }

    repost = {"did": DID, "time_us": EPOCH * 10**6, "kind": "commit", "commit": {"operation": "create", "collection": "app.bsky.feed.repost",
              "rkey": "3r", "record": {"subject": {"uri": f"at://{DID}/{POST}/3k1"}, "createdAt": ISO.format(3)}}}  # fmt: skip
    gone = {
        "did": DID,
        "time_us": 1,
        "kind": "commit",
        "commit": {"operation": "delete", "collection": POST, "rkey": "3k2"},
    }
    by = {"$type": "x#reasonRepost", "by": {"did": DID, "handle": "h"}, "indexedAt": ISO.format(8)}
    feed = {"feed": [{"post": view(i), "reason": by if i % 2 else None} for i in range(N_RECORDS)]}
    firehose = [
        {"repo": DID, "path": f"{POST}/3k{i}", "record": record(i), "time": ISO.format(9)} for i in range(N_RECORDS)
    ]
    return [
        lines([*each(frame), repost, gone]), lines(each(view)), lines([feed]), lines(firehose), lines([{"posts": each(view)}]),
        lines(map(collected, each(view))),
    ]  # fmt: skip


def mastodon() -> list[bytes]:
    host = "https://social.example"
    account = {
        "id": "10",
        "acct": "anna",
        "url": f"{host}/@anna",
        "display_name": "Anna",
        "created_at": ISO.format(0),
        "followers_count": 5,
    }

    def status(i: int, **over: Any) -> Record:
        return {
            "id": str(100 + i), "uri": f"{host}/users/anna/statuses/{i}", "url": f"{host}/@anna/{i}", "created_at": ISO.format(i),
            "edited_at": None, "content": f'<p>ship {i} <a href="https://a.example/?x=1&amp;y">a</a></p>', "spoiler_text": "", "language": "de",
            "in_reply_to_id": "100", "in_reply_to_account_id": "10", "account": account, "reblog": None, "card": {"url": "https://c.example"},
            "mentions": [{"id": "10", "url": f"{host}/@ben", "acct": "ben"}], "tags": [{"name": "Sea"}], "application": {"name": "Web"},
            "media_attachments": [{"type": "image", "url": "u", "description": "a"}], "replies_count": 1, "reblogs_count": 2,
            "favourites_count": 3,
        } | over  # fmt: skip

    reblog = status(8, reblog=status(7), quote={"state": "accepted", "quoted_status": status(6)})
    frames = [{"stream": ["public"], "event": "update", "payload": json.dumps(status(i))} for i in range(N_RECORDS)]
    frames.append({"stream": ["public"], "event": "delete", "payload": "101"})
    return [
        lines([*each(status), reblog]),
        lines(frames),
        lines([{"accounts": [], "statuses": each(status)}]),
        json.dumps(each(status)).encode(),
    ]


def telegram() -> list[bytes]:
    entities = [{"type": "plain", "text": "a "}, {"type": "link", "text": "a.example/x"}, {"type": "text_link", "text": "t", "href": "h"},
                {"type": "hashtag", "text": "#Sea"}, {"type": "mention_name", "text": "C", "user_id": 9}]  # fmt: skip

    def message(i: int) -> Record:
        return {
            "id": i, "type": "message", "date": "2026-03-02T13:00:00", "date_unixtime": str(EPOCH + i), "from": "Anna", "from_id": "user7",
            "text": f"ship {i}" if i % 2 else ["see ", *entities], "text_entities": entities if i % 3 else [], "reply_to_message_id": 1,
            "reactions": [{"type": "emoji", "count": 3, "emoji": "x"}], "photo": "p.jpg", "forwarded_from": "Ben" if i else None,
        }  # fmt: skip

    one = {"name": "Ships", "type": "public_supergroup", "id": 5, "messages": each(message)}
    service = {"id": 2, "type": "service", "date_unixtime": "1", "text": ""}
    every = {
        "about": "Here",
        "personal_information": {"user_id": 1},
        "chats": {"about": "c", "list": [one, one | {"id": 6, "messages": [service]}]},
    }
    return [json.dumps(one, indent=1).encode(), json.dumps(every).encode()]


def x_archive() -> list[bytes]:
    row = {
        "userid": "7", "user_display_name": "Anna", "user_screen_name": "anna", "follower_count": "5", "account_creation_date": "2015-01-01",
        "tweet_language": "en", "tweet_text": "ship", "tweet_time": "2016-05-01 10:00", "tweet_client_name": "Web", "in_reply_to_tweetid": "",
        "in_reply_to_userid": "", "quoted_tweet_tweetid": "", "is_retweet": "True", "retweet_userid": "8", "retweet_tweetid": "55",
        "like_count": "1", "retweet_count": "nan", "hashtags": "[a, b]", "urls": "[https://a.example/x, https://b.example]", "user_mentions": "[9]",
    }  # fmt: skip
    return [table(each(lambda i: {"tweetid": str(10**17 + i)} | row))]


def reddit() -> list[bytes]:
    def comment(i: int) -> Record:
        return {
            "id": f"c{i}", "author": "anna" if i else "[deleted]", "author_fullname": "t2_a", "created_utc": EPOCH + i, "link_id": "t3_s1",
            "body": "see https://a.example/x and u/ben_1", "parent_id": "t3_s1", "subreddit": "ships", "score": 3, "permalink": "/r/ships/c1/",
        }  # fmt: skip

    def submission(i: int) -> Record:
        return {
            "id": f"s{i}", "author": "anna", "created_utc": str(EPOCH + i), "title": "A ship", "selftext": "[removed]", "is_self": False,
            "url": "https://b.example/y", "subreddit": "ships", "score": 1, "permalink": "/r/ships/s1/", "crosspost_parent": "t3_s0",
        }  # fmt: skip

    return [lines(each(comment)), lines(each(submission)), table(each(comment))]


def crowdtangle() -> list[bytes]:
    facebook = {
        "Page Name": "Ships", "User Name": "ships", "Facebook Id": "10077", "Followers at Posting": "120",
        "Post Created": "2026-03-02 05:00:00 EST", "Type": "Link", "Likes": "3", "Comments": "2", "Shares": "1", "Message": "a ship #sea",
        "Link": "https://short.example/a", "Final Link": "https://a.example/x", "Description": "",
    }  # fmt: skip
    instagram = {
        "Account": "Ships", "User Name": "ships", "Followers at Posting": "9", "Post Created": "2026-03-02 10:00:00 UTC", "Type": "Photo",
        "Likes": "1", "Comments": "0", "Photo": "https://x.example/p.jpg", "Title": "", "Description": "at sea #sea",
    }  # fmt: skip
    return [
        table(each(lambda i: facebook | {"URL": f"https://www.facebook.example/10077/posts/99{i}"})),
        table(each(lambda i: instagram | {"URL": f"https://www.instagram.example/p/Ca{i}/"})),
    ]


def content_library() -> list[bytes]:
    post = {
        "creation_time": "2026-03-02T10:00:00+0000", "text": "a ship", "lang": "de", "shared_post_id": "", "post_owner.id": "777",
        "post_owner.name": "Ships", "post_owner.username": "ships", "link_attachment.link": "https://a.example/x", "hashtags": "[a]",
        "statistics.like_count": "3", "statistics.views": "",
    }  # fmt: skip
    comment = {
        "post_id": "1",
        "parent_comment_id": None,
        "text": "aye",
        "creation_time": ISO.format(1),
        "owner": {"id": "5", "name": "A"},
    }
    return [
        table(each(lambda i: {"id": f"1234567890123456{i}"} | post)),
        lines(each(lambda i: {"id": f"c{i}"} | comment)),
    ]


def tiktok() -> list[bytes]:
    video = {
        "username": "ships", "create_time": EPOCH, "video_description": "look #sea", "hashtag_names": ["sea", "ship"], "music_id": 7,
        "like_count": 3, "share_count": 1, "view_count": 9, "comment_count": 0,
    }  # fmt: skip
    web = {
        "desc": "look #sea", "createTime": EPOCH, "author": {"uniqueId": "ships", "nickname": "S"},
        "stats": {"diggCount": 3, "shareCount": 1, "commentCount": 0, "playCount": 9}, "duetInfo": {"duetFromId": "71"},
    }  # fmt: skip
    comment = {
        "aweme_id": "71",
        "text": "aye",
        "create_time": EPOCH,
        "comment_language": "en",
        "user": {"uid": "5", "unique_id": "ben"},
    }
    return [
        lines(each(lambda i: {"id": 7123456789012345670 + i} | video)),
        lines(
            [
                {"data": {"videos": each(lambda i: {"id": 71 + i} | video), "cursor": 3}, "error": {"code": "ok"}},
                {"data": {}},
            ]
        ),
        lines(each(lambda i: {"timestamp_collected": EPOCH * 1000, "data": {"id": str(i)} | web})),
        table(each(lambda i: {"id": 71 + i} | video)),
        lines(each(lambda i: collected({"cid": f"8{i}", "reply_id": "0" if i else "80"} | comment))),
    ]


def collected(data: Record) -> Record:
    return {
        "nav_index": "1",
        "item_id": "1",
        "timestamp_collected": EPOCH * 1000,
        "source_platform": "a.example",
        "source_url": "u",
        "data": data,
    }


def imported(data: Record) -> Record:
    return data | {"__import_meta": {k: v for k, v in collected(data).items() if k != "data"}}


def meta_post(i: int) -> Record:
    picture = {"media_type": 1, "image_versions2": {"candidates": [{"url": "u"}]}, "accessibility_caption": "a"}
    return {
        "id": f"3{i}_7", "pk": f"3{i}", "code": f"Ca{i}", "taken_at": EPOCH + i, "caption": {"text": "a ship #Sea https://a.example"},
        "user": {"pk": "7", "username": "anna", "full_name": "Anna"}, "like_count": 3, "comment_count": 2,
        "carousel_media": [picture, picture | {"media_type": 2, "video_versions": [{"url": "v"}]}] if i else None, **picture,
    }  # fmt: skip


def instagram() -> list[bytes]:
    posts = each(
        lambda i: meta_post(i) | {"product_type": "ad" if i == 2 else "feed", "like_and_view_counts_disabled": i == 1}
    )
    return [lines(map(collected, posts)), lines(map(imported, posts)), json.dumps(posts).encode()]


def threads() -> list[bytes]:
    other = {"pk": "45", "code": "Dother", "user": {"pk": "8", "username": "ben"}}

    def post(i: int) -> Record:
        info = {
            "is_reply": not i, "reply_to_author": {"pk": "8"}, "direct_reply_count": 2, "repost_count": 1, "quote_count": 0,
            "link_preview_attachment": {"url": "https://l.threads.com/?u=https%3A%2F%2Fb.example%2Fx&e=A"},
            "share_info": {"quoted_post": other if i == 1 else None, "reposted_post": other if i == 2 else None},
        }  # fmt: skip
        return meta_post(i) | {"text_post_app_info": info}

    return [
        lines(map(collected, each(post))),
        lines(map(imported, each(post))),
        json.dumps(each(post), indent=1).encode(),
    ]


def youtube() -> list[bytes]:
    snippet = {
        "authorDisplayName": "Anna", "authorChannelId": {"value": "UCaa"}, "videoId": "v1", "textDisplay": "see <b>this</b><br>now",
        "likeCount": 2, "publishedAt": ISO.format(1),
    }  # fmt: skip
    comments = each(lambda i: {"id": f"C1.r{i}", "snippet": snippet | {"parentId": "C1"}})
    threads = each(
        lambda i: {"id": f"T{i}", "snippet": {"videoId": "v1", "topLevelComment": {"id": f"C{i}", "snippet": snippet}}}
    )
    pages = [
        {"kind": "youtube#commentThreadListResponse", "items": threads},
        {"kind": "youtube#commentListResponse", "items": comments},
    ]
    told = {
        "channelId": "UCaa", "channelTitle": "Ships", "title": "It&#39;s #Sea", "description": "https://a.example/x", "publishedAt": ISO.format(1),
        "tags": ["old ships"], "defaultAudioLanguage": "de",
    }  # fmt: skip
    found = each(
        lambda i: {"kind": "youtube#searchResult", "id": {"kind": "youtube#video", "videoId": f"v{i}"}, "snippet": told}
    )
    found.append(found[0] | {"id": {"kind": "youtube#channel", "channelId": "UCaa"}})
    videos = each(
        lambda i: {
            "kind": "youtube#video",
            "id": f"v{i}",
            "snippet": told,
            "statistics": {"viewCount": "9", "likeCount": "3"},
        }
    )
    listed = [
        {"kind": "youtube#searchListResponse", "items": found},
        {"kind": "youtube#videoListResponse", "items": videos},
    ]
    return [
        lines(comments),
        lines(threads),
        lines(pages),
        json.dumps(pages, indent=1).encode(),
        lines(listed),
        lines(videos),
    ]


def youtube_tables() -> list[bytes]:
    row = {
        "isReplyTo": "",
        "authorName": "Anna",
        "text": 'she said "aye"',
        "publishedAt": PLAIN.format(1),
        "likeCount": "2",
    }
    video = {
        "channelId": "UCaa", "channelTitle": "Ships", "publishedAt": ISO.format(1), "videoTitle": "A ship", "videoDescription": "see #Sea",
        "tags": "old ships,harbour", "viewCount": "9",
    }  # fmt: skip
    flat = {
        "snippet.authorChannelId.value": "UCaa",
        "snippet.textDisplay": "see <b>this</b>",
        "snippet.publishedAt": ISO.format(1),
    }
    return [
        table(each(lambda i: {"id": f"C{i}"} | row)), table(each(lambda i: {"videoId": f"v{i}"} | video)),
        table(each(lambda i: {"id": f"C{i}"} | flat)),
    ]  # fmt: skip


def four_cat() -> list[bytes]:
    row = {
        "thread_id": "1", "author": "anna", "author_id": "77", "author_fullname": "Anna", "body": "RT @ben: a ship", "timestamp": PLAIN.format(1),
        "unix_timestamp": str(EPOCH), "is_retweet": "yes", "retweeted_user": "ben", "hashtags": "sea,ship", "mentions": "ben",
        "urls": "https://a.example/x,https://b.example/y", "language_guess": "en",
    }  # fmt: skip
    did = "did:plc:abcdefghijklmnopqrstuvwx"
    links = ("https://bsky.app/profile/anna.example/post/3k0", f"https://bsky.app/profile/{did}/post/3k0", "DELETED")
    sky = {
        "thread_id": f"at://{did}/{POST}/3k0", "author": "anna.example", "author_id": did, "body": "a ship", "tags": "Sea", "links": "",
        "replied_to_post": links[0], "replied_to_user": "anna.example", "languages": "en,de", "timestamp": f"{EPOCH}.5", "repost_count": "1",
    }  # fmt: skip
    return [
        table(each(lambda i: {"id": str(i)} | row)), table(each(lambda i: {"id": f"at://{did}/{POST}/3k{i}", "quoted_post": links[i]} | sky)),
    ]  # fmt: skip


def communalytic() -> list[bytes]:
    row = {"username": "anna.bsky.social", "date": PLAIN.format(1), "text": "a ship #sea"}
    return [
        table(each(lambda i: {"id": f"at://{DID}/{POST}/3k{i}"} | row)),
        table(each(lambda i: {"id": f"3k{i}"} | row)),
    ]


def hoaxy() -> list[bytes]:
    edge = {
        "canonical_url": "https://a.example/x", "from_user_id": "1", "from_user_screen_name": "anna", "to_user_id": "2",
        "to_user_screen_name": "ben", "is_mention": "False", "tweet_created_at": ISO.format(1), "tweet_type": "retweet",
        "tweet_url": "https://x.example/9",
    }  # fmt: skip
    return [table(each(lambda i: edge | {"tweet_id": str(i)})), lines(each(lambda i: edge | {"tweet_id": str(i)}))]


def fivethirtyeight() -> list[bytes]:
    row = {
        "external_author_id": "9.06E+17", "author": "ANNA", "content": "a ship", "region": "Unknown", "language": "English",
        "publish_date": "10/1/2017 19:58", "harvested_date": "10/1/2017 19:59", "followers": "9636", "post_type": "RETWEET",
        "tco1_step1": "https://a.example/x", "article_url": "http://x.example/1",
    }  # fmt: skip
    return [table(each(lambda i: row | {"tweet_id": f"91491{i}"}))]


def coortweet() -> list[bytes]:
    rows = each(
        lambda i: {
            "object_id": f"https://a.example/{i % 2}",
            "account_id": f"a{i}",
            "content_id": f"c{i}",
            "timestamp_share": EPOCH + i,
        }
    )
    return [table(rows), lines(rows), parquet(pa.Table.from_pylist(rows))]


def cnt() -> list[bytes]:
    rows = each(lambda i: {
        "message_id": f"m{i}", "user_id": f"u{i}", "username": "anna", "repost_id": "", "reply_id": "m0", "message": 'a "ship"',
        "timestamp": EPOCH + i, "urls": "https://a.example/x https://b.example/y",
    })  # fmt: skip
    return [table(rows), table(rows).split(b"\n", 1)[1]]


def posts() -> list[Record]:
    return each(lambda i: {
        "id": f"p{i}", "author_id": f"a{i % 2}", "created_at": ISO.format(i), "text": f"ship {i} #sea https://a.example/{i}", "lang": "en",
        "urls": f'["https://b.example/{i}"]', "hashtags": "sea,ship", "mentions": "", "reply_to": "p0", "repost_of": None, "likes": 3,
        "kind": "post", "author_followers": "12", "collected_at": ISO.format(9), "url": f"https://x.example/p{i}", "platform": "x",
    })  # fmt: skip


def generic() -> list[bytes]:
    rows = posts()
    days = [r | {"created_at": f"{13 - i}/{i + 8}/2019 9:5{i} PM"} for i, r in enumerate(rows)]
    nested = [{"post": {"id": r["id"], "body": r["text"]}, "user": {"id": "7"}, "date": r["created_at"]} for r in rows]
    return [
        table(rows), table(rows, "\t"), b"sep=;\n" + table(days, ";"), lines(rows), json.dumps(rows, indent=1).encode(), lines(nested),
        table(rows).decode().encode("utf-16"), table(rows).replace(b"ship", "café".encode("latin-1")), table(rows).replace(b"\n", b"\r"),
        b"\xef\xbb\xbf" + table(rows, "|"), json.dumps({"n": 3, "found": {"of all": rows}}, indent=1).encode(), lines([{"data": rows}] * 2),
        *(table(rows).decode().replace("ship", word).encode(e) for word, e in (("корабль", "cp1251"), ("轮船", "gb18030"), ("船です", "cp932"))),
    ]  # fmt: skip


def typed() -> pa.Table:
    """What a careful export looks like: lists, structs, zones."""
    rows = posts()
    when = [datetime.fromtimestamp(EPOCH + i, UTC) for i in range(N_RECORDS)]
    return pa.table({
        "id": pa.array(range(N_RECORDS), pa.int64()), "author": [{"id": r["author_id"], "name": "Anna"} for r in rows],
        "text": [r["text"] for r in rows],
        "author_id": [r["author_id"] for r in rows], "created_at": pa.array(when, pa.timestamp("us", tz="UTC")),
        "urls": [["https://a.example"]] * N_RECORDS, "hashtags": [["sea"], None, [None, "a"]],
        "likes": [1.0, float("nan"), 1e300],
        "media": pa.array([[{"type": "photo", "url": "u", "hash": None, "alt": None}]] * N_RECORDS),
    })  # fmt: skip


def workbook(sheets: dict[str, list[list[Any]]]) -> bytes:
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    rel, package = (
        "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
        "http://schemas.openxmlformats.org/package/2006",
    )
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"

    def cell(value: Any) -> str:
        if isinstance(value, int | float):
            return f"<c><v>{value!r}</v></c>"
        return f'<c t="inlineStr"><is><t>{escape(str(value))}</t></is></c>'

    with zipfile.ZipFile(out := io.BytesIO(), "w") as archive:
        archive.writestr("[Content_Types].xml", f'<Types xmlns="{package}/content-types"><Default Extension="rels" '
            f'ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/xl/workbook.xml" ContentType="{kind}"/>'
            "</Types>")  # fmt: skip
        archive.writestr("_rels/.rels", f'<Relationships xmlns="{package}/relationships"><Relationship Id="r" Type="{rel}/officeDocument" '
            'Target="xl/workbook.xml"/></Relationships>')  # fmt: skip
        listed = "".join(f'<sheet name="{n}" sheetId="{i + 1}" r:id="s{i}"/>' for i, n in enumerate(sheets))
        archive.writestr(
            "xl/workbook.xml", f'<workbook xmlns="{main}" xmlns:r="{rel}"><sheets>{listed}</sheets></workbook>'
        )
        links = "".join(
            f'<Relationship Id="s{i}" Type="{rel}/worksheet" Target="worksheets/sheet{i}.xml"/>'
            for i in range(len(sheets))
        )
        archive.writestr(
            "xl/_rels/workbook.xml.rels", f'<Relationships xmlns="{package}/relationships">{links}</Relationships>'
        )
        for i, rows in enumerate(sheets.values()):
            body = "".join(f"<row>{''.join(map(cell, row))}</row>" for row in rows)
            archive.writestr(
                f"xl/worksheets/sheet{i}.xml", f'<worksheet xmlns="{main}"><sheetData>{body}</sheetData></worksheet>'
            )
    return out.getvalue()


def xlsx() -> list[bytes]:
    rows = [
        ["id", "author_id", "created_at", "text"],
        *([f"p{i}", i, PLAIN.format(i), 'a "ship"\n🚢'] for i in range(N_RECORDS)),
    ]
    return [workbook({"Empty": [], "Posts": rows, "Notes": [["x"]]})]


_READERS: dict[str, Callable[[], list[bytes]]] = {
    "x_api_v2": x_api_v2, "x_web": x_web, "bluesky": bluesky, "mastodon": mastodon, "telegram": telegram, "instagram": instagram,
    "threads": threads, "x_archive": x_archive,
    "reddit": reddit, "crowdtangle": crowdtangle, "content_library": content_library, "tiktok": tiktok, "youtube": youtube,
    "youtube_tables": youtube_tables, "4cat": four_cat, "communalytic": communalytic, "hoaxy": hoaxy, "fivethirtyeight": fivethirtyeight,
    "coortweet": coortweet, "cnt": cnt, "generic": generic,
}  # fmt: skip
_CONTAINERS: dict[str, Callable[[], list[bytes]]] = {
    "parquet": lambda: [parquet(typed()), parquet(pa.Table.from_pylist(posts()))],
    "xlsx": xlsx,
    "gzip": lambda: [
        gzip.compress(lines(posts()), mtime=0),
        gzip.compress(parquet(typed()), mtime=0),
        gzip.compress(telegram()[0], mtime=0),
    ],
    "zstd": lambda: [
        zstandard.compress(table(posts())),
        zstandard.compress(x_web()[0]),
        zstandard.compress(parquet(typed())),
    ],
}
SEEDS: dict[str, list[bytes]] = {name: make() for name, make in (_READERS | _CONTAINERS).items()}
READERS = tuple(SEEDS)
assert set(_READERS) == set(FORMATS), "a reader without seeds"
