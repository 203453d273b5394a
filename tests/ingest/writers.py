"""
Writers of every format that can be read: posts in our schema -> the bytes that the platform or tool would have written.

Each is made from the documented fields of its format. `Writer` says what of a post the shape can hold; the rest is left out.
"""

import csv
import html
import io
import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

Post = dict[str, Any]
Posts = list[Post]
Write = Callable[[Posts], bytes]

OWN = ("author_handle", "author_name", "author_created_at", "author_followers")
LISTS = ("urls", "hashtags", "mentions")
COUNTS = ("reposts", "replies", "likes", "quotes", "views")
REFERENCES = ("reply_to", "reply_to_author", "repost_of", "repost_of_author", "quote_of", "quote_of_author")


@dataclass(frozen=True)
class Writer:
    """One shape of a format. Every post has an id, an account, a time and a kind beyond what `holds` names."""

    format: str
    shape: str
    write: Write
    holds: frozenset[str]
    relations: frozenset[str] = (
        frozenset()
    )  # repost, quote, reply: what a post can be, each with an id; both of the last two
    named: frozenset[str] = frozenset()  # relations that name the account only
    counts: frozenset[str] = frozenset()
    in_text: frozenset[str] = frozenset()  # lists that stand in the words of the post
    most_urls: int = 3
    extra_url: str = ""  # first or last: a link that stands beside the words
    step: timedelta = timedelta(seconds=1)  # how fine its times are
    ids: Callable[[int, str], str] = lambda n, author: str(n)
    accounts: Callable[[int], str] = str
    account_is_handle: bool = False
    mention: str = "id or name"
    media: tuple[str, ...] = ()  # fields of a medium, the first its type
    collected: str = ""  # same: one time for the whole file; own: a time for each post
    thread: str = ""  # always, or reply: only answers have one
    of_original: frozenset[str] = frozenset()  # lists of a repost that are those of its original
    bare_reposts: bool = False  # a repost holds nothing but what it reposts
    comments: str = ""  # all, or some, of its posts are comments
    controls: bool = False  # words may hold control characters
    stray_replies: bool = False  # answers to what the file does not hold go by a number, and so does its author
    lower_precision: str = "s"  # what its stamps know when none has a fraction


def lines(records: Iterable[Any], ascii_only: bool = True) -> bytes:
    return b"".join(json.dumps(r, ensure_ascii=ascii_only).encode() + b"\n" for r in records)


def array(records: Iterable[Any], indent: int | None = None) -> bytes:
    return json.dumps(list(records), ensure_ascii=False, indent=indent).encode()


def table(rows: Posts, delimiter: str = ",", header: bool = True, all_quoted: bool = False) -> bytes:
    out = io.StringIO()
    quoting = csv.QUOTE_ALL if all_quoted else csv.QUOTE_MINIMAL
    writer = csv.DictWriter(out, list(rows[0]), delimiter=delimiter, lineterminator="\n", quoting=quoting)
    if header:
        writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def parquet(rows: Posts) -> bytes:
    pq.write_table(pa.Table.from_pylist(rows), out := io.BytesIO())
    return out.getvalue()


def iso(at: datetime, digits: int = 3) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S") + (f".{at.microsecond:06d}"[: digits + 1] if digits else "") + "Z"


def unix(at: datetime) -> int:
    return int(at.timestamp())


def given(record: Post) -> Post:
    """Without what is None."""
    return {k: v for k, v in record.items() if v is not None}


def _counts(p: Post, names: dict[str, str]) -> Post:
    return {theirs: p["metrics"][ours] for ours, theirs in names.items()} if p["metrics"] else {}


# X API v2: a page holds posts in `data`; who wrote them and what they refer to stands in `includes`


_X_COUNTS = {
    "reposts": "retweet_count", "replies": "reply_count", "likes": "like_count", "quotes": "quote_count",
    "views": "impression_count",
}  # fmt: skip


def _x_user(p: Post) -> Post:
    metrics = {"followers_count": p["author_followers"]}
    return {
        "id": p["author_id"], "username": p["author_handle"], "name": p["author_name"],
        "created_at": iso(p["author_created_at"]), "public_metrics": metrics,
    }  # fmt: skip


def _x_entities(p: Post) -> Post:
    """Attached media stand among the links, with their key."""
    links: Posts = [{"url": "https://t.co/abc", "expanded_url": u} for u in p["urls"]]
    media = [{"url": "https://t.co/m", "expanded_url": m["url"], "media_key": k} for k, m in _x_media(p).items()]
    mentions = [{"username": f"u{m}", "id": m} if m.isdigit() else {"username": m} for m in p["mentions"]]
    return {"urls": links + media, "hashtags": [{"tag": t.upper()} for t in p["hashtags"]], "mentions": mentions}


def _x_media(p: Post) -> dict[str, Post]:
    return {f"3_{p['post_id']}_{i}": m for i, m in enumerate(p["media"])}


def _x_tweet(p: Post) -> Post:
    """Of a repost the words are cut off, and so are their links and tags."""
    kinds = {"repost_of": "retweeted", "quote_of": "quoted", "reply_to": "replied_to"}
    is_repost = p["repost_of"] is not None
    entities = _x_entities(p | {"urls": [], "hashtags": p["hashtags"][:1]} if is_repost else p)
    return given(
        {
            "id": p["post_id"], "author_id": p["author_id"], "created_at": iso(p["created_at"]), "lang": p["lang"],
            "text": "RT @somebody: the first words of a lo…" if is_repost else p["text"], "source": p["client"],
            "conversation_id": p["thread_id"], "in_reply_to_user_id": p["reply_to_author"], "entities": entities,
            "referenced_tweets": [{"type": k, "id": p[c]} for c, k in kinds.items() if p[c]] or None,
            "edit_history_tweet_ids": [p["post_id"]],
            "public_metrics": _counts(p, _X_COUNTS), "attachments": {"media_keys": list(_x_media(p))} if p["media"] else None,
        }
    )  # fmt: skip


def _x_referenced(p: Post) -> Posts:
    whole = {**_x_entities(p | {"media": []}), "mentions": []}
    found = [
        (p["repost_of"], p["repost_of_author"], whole),
        (p["quote_of"], p["quote_of_author"], {}),
        (p["reply_to"], p["reply_to_author"], {}),
    ]
    return [{"id": i, "author_id": a, "text": "words", "entities": e} for i, a, e in found if i]


def _x_includes(posts: Posts) -> Post:
    media = [
        {"media_key": k, "type": m["type"], "url": m["url"], "alt_text": m["alt"]}
        for p in posts
        for k, m in _x_media(p).items()
    ]
    tweets: dict[str, Post] = {}
    for t in (t for p in posts for t in _x_referenced(p)):
        if t["entities"] or t["id"] not in tweets:
            tweets[t["id"]] = t
    users = {p["author_id"]: _x_user(p) for p in posts}
    return {"users": list(users.values()), "tweets": list(tweets.values()), "media": media}


def _twarc(posts: Posts) -> Post:
    return {"__twarc": {"url": "https://api.example/2", "retrieved_at": iso(posts[0]["collected_at"], 0)}}


def _x_page(posts: Posts) -> Post:
    return {
        "data": [_x_tweet(p) for p in posts], "includes": _x_includes(posts), "meta": {"result_count": len(posts)},
        **_twarc(posts),
    }  # fmt: skip


def x_pages(posts: Posts) -> bytes:
    return lines(_x_page(posts[i : i + 3]) for i in range(0, len(posts), 3))


def x_one_page(posts: Posts) -> bytes:
    return json.dumps(_x_page(posts), indent=1, ensure_ascii=False).encode()


def x_stream(posts: Posts) -> bytes:
    return lines({"data": _x_tweet(p), "includes": _x_includes([p]), **_twarc([p])} for p in posts)


def _x_flat(p: Post) -> Post:
    tweet = _x_tweet(p) | {"author": _x_user(p)} | _twarc([p])
    known = {t["id"]: t for t in _x_referenced(p)}
    if "referenced_tweets" in tweet:
        tweet["referenced_tweets"] = [known[r["id"]] | r for r in tweet["referenced_tweets"]]
        original = [t for t in _x_referenced(p) if t["id"] == p["repost_of"]]
        for r in tweet["referenced_tweets"]:
            r["entities"] = original[0]["entities"] if original and r["type"] == "retweeted" else {}
    if p["media"]:
        tweet["attachments"]["media"] = _x_includes([p])["media"]
    return tweet


def x_flat(posts: Posts) -> bytes:
    return lines(map(_x_flat, posts), ascii_only=False)


def x_flat_array(posts: Posts) -> bytes:
    return array(map(_x_flat, posts))


# X web pages (GraphQL objects), bare or as Zeeschuimer collects them


def _stamp(at: datetime) -> str:
    return at.strftime("%a %b %d %H:%M:%S +0000 %Y")


def _web_result(post_id: str, author: str, entities: Post, deep: bool) -> Post:
    user = {"user_results": {"result": {"rest_id": author}}}
    inner = {"rest_id": post_id, "core": user, "legacy": {"user_id_str": author, "entities": entities}}
    return {"result": {"__typename": "TweetWithVisibilityResults", "tweet": inner} if deep else inner}


def _web_tweet(p: Post) -> Post:
    names = {"screen_name": p["author_handle"], "name": p["author_name"], "created_at": _stamp(p["author_created_at"])}
    entities = {
        "urls": [{"url": "https://t.co/abc", "expanded_url": u} for u in p["urls"]],
        "hashtags": [{"text": t.upper()} for t in p["hashtags"]],
        "user_mentions": [{"id_str": m, "screen_name": f"u{m}"} if m.isdigit() else {"screen_name": m} for m in p["mentions"]],
    }  # fmt: skip
    media = [{"type": m["type"], "media_url_https": m["url"], "ext_alt_text": m["alt"]} for m in p["media"]]
    counts = {"reposts": "retweet_count", "replies": "reply_count", "likes": "favorite_count", "quotes": "quote_count"}
    legacy = {
        "full_text": p["text"], "created_at": _stamp(p["created_at"]), "user_id_str": p["author_id"], "lang": p["lang"],
        "conversation_id_str": p["thread_id"], "entities": entities, "extended_entities": {"media": media},
        "in_reply_to_status_id_str": p["reply_to"], "in_reply_to_user_id_str": p["reply_to_author"],
        "quoted_status_id_str": p["quote_of"], **_counts(p, counts),
    }  # fmt: skip
    user = {"rest_id": p["author_id"], "core": names, "legacy": {"followers_count": p["author_followers"]}}
    tweet: Post = {
        "__typename": "Tweet", "rest_id": p["post_id"], "core": {"user_results": {"result": user}}, "legacy": legacy,
        "source": p["client"] and f'<a href="https://x.example" rel="nofollow">{p["client"]}</a>',
        "views": {"count": str(p["metrics"]["views"])},
    }  # fmt: skip
    deep = len(p["post_id"]) % 2 == 0
    if p["repost_of"]:
        legacy |= {"full_text": "RT @somebody: the first wo…", "entities": {}}
        legacy["retweeted_status_result"] = _web_result(p["repost_of"], p["repost_of_author"], entities, deep)
    elif p["quote_of"]:
        tweet["quoted_status_result"] = _web_result(p["quote_of"], p["quote_of_author"], {}, deep)
    elif len(p["text"]) > 20:  # a long post is cut in `full_text`
        legacy |= {"full_text": p["text"][:10], "entities": {}}
        whole = {"text": p["text"], "entity_set": entities}
        tweet["note_tweet"] = {"note_tweet_results": {"result": whole}}
    return tweet


def _collected(p: Post, data: Post) -> Post:
    at = int(p["collected_at"].timestamp() * 1000)
    where = {"source_platform": "twitter.com", "source_platform_url": "https://x.example"}
    return {"nav_index": "1_1", "item_id": p["post_id"], "timestamp_collected": at, **where, "data": data}


def web_collected(posts: Posts) -> bytes:
    return lines(_collected(p, _web_tweet(p)) for p in posts)


def web_with_notice(posts: Posts) -> bytes:
    return lines(_collected(p, {"__typename": "TweetWithVisibilityResults", "tweet": _web_tweet(p)}) for p in posts)


def web_bare(posts: Posts) -> bytes:
    return array(_web_tweet(p) | {"__import_meta": {"source_platform_url": "https://x.example"}} for p in posts)


# Bluesky: records inside frames, views, feeds and the firehose


_POST, _REPOST = "app.bsky.feed.post", "app.bsky.feed.repost"


def _sky_record(p: Post) -> Post:
    if p["repost_of"]:
        subject = {"uri": p["repost_of"], "cid": "bafy"}
        return {"$type": _REPOST, "subject": subject, "createdAt": iso(p["created_at"], 6)}
    facet = "app.bsky.richtext.facet"
    n_bytes = len(p["text"].encode())  # offsets are bytes
    in_facets = p["urls"] if p["media"] else p["urls"][:-1]
    features = [{"$type": f"{facet}#link", "uri": u} for u in in_facets]
    features += [{"$type": f"{facet}#tag", "tag": t.upper()} for t in p["hashtags"][:2]]
    features += [{"$type": f"{facet}#mention", "did": m} for m in p["mentions"]]
    record: Post = {
        "$type": _POST, "text": p["text"], "createdAt": iso(p["created_at"], 6), "langs": p["lang"] and [p["lang"], "en"],
        "facets": [{"index": {"byteStart": 0, "byteEnd": n_bytes}, "features": [f]} for f in features],
        "tags": p["hashtags"][2:], "embed": _sky_embed(p),
    }  # fmt: skip
    if p["reply_to"]:
        record["reply"] = {k: {"uri": p[c], "cid": "bafy"} for k, c in (("parent", "reply_to"), ("root", "thread_id"))}
    return given(record)


def _sky_embed(p: Post) -> Post | None:
    """The last link is a card, unless media stand there; a quote has media and cards beside it."""
    embed = "app.bsky.embed"
    attached: Post | None = None
    if p["media"]:
        attached = {"$type": f"{embed}.images", "images": [_sky_image(m) for m in p["media"]]}
        if [m["type"] for m in p["media"]] == ["video"]:
            [m] = p["media"]
            attached = {"$type": f"{embed}.video", "video": {"ref": {"$link": m["hash"]}}, "alt": m["alt"]}
    elif p["urls"]:
        attached = {"$type": f"{embed}.external", "external": {"uri": p["urls"][-1], "title": "", "description": ""}}
    if p["quote_of"] is None:
        return attached
    quoted = {"uri": p["quote_of"], "cid": "bafy"}
    if attached is None:
        return {"$type": f"{embed}.record", "record": quoted}
    return {"$type": f"{embed}.recordWithMedia", "record": {"record": quoted}, "media": attached}


def _sky_image(m: Post) -> Post:
    return {"alt": m["alt"] or "", "image": {"$type": "blob", "ref": {"$link": m["hash"]}}}


def _sky_path(p: Post) -> str:
    return str(p["post_id"].removeprefix(f"at://{p['author_id']}/"))


def sky_frames(posts: Posts) -> bytes:
    def frame(p: Post) -> Post:
        collection, rkey = _sky_path(p).split("/")
        commit = {"rev": "r", "operation": "create", "collection": collection, "rkey": rkey, "cid": "bafy"}
        us = (p["collected_at"] - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
        return {"did": p["author_id"], "time_us": us, "cursor": 1, "kind": "commit", "commit": commit | {"record": _sky_record(p)}}  # fmt: skip

    return lines(map(frame, posts), ascii_only=False)


def sky_firehose(posts: Posts) -> bytes:
    return lines(
        {"repo": p["author_id"], "path": _sky_path(p), "time": iso(p["collected_at"], 6), "record": _sky_record(p)}
        for p in posts
    )


_SKY_COUNTS = {"reposts": "repostCount", "replies": "replyCount", "likes": "likeCount", "quotes": "quoteCount"}


def _sky_view(p: Post) -> Post:
    return {
        "uri": p["post_id"], "cid": "bafy", "author": _sky_author(p), "record": _sky_record(p), **_counts(p, _SKY_COUNTS),
        "indexedAt": iso(p["collected_at"], 6), "labels": [],
    }  # fmt: skip


def _sky_author(p: Post) -> Post:
    return {
        "did": p["author_id"], "handle": p["author_handle"], "displayName": p["author_name"],
        "createdAt": iso(p["author_created_at"]),
    }  # fmt: skip


def sky_views(posts: Posts) -> bytes:
    return array(map(_sky_view, posts))


def sky_pages(posts: Posts) -> bytes:
    return lines({"posts": [_sky_view(p) for p in posts[i : i + 3]], "cursor": "c"} for i in range(0, len(posts), 3))


def _snake(value: Any) -> Any:
    """Names as programs of Python write them."""
    if isinstance(value, list):
        return [_snake(v) for v in value]
    if not isinstance(value, dict):
        return value
    special = {"$type": "py_type", "$link": "link"}
    return {special.get(k) or re.sub("([A-Z])", r"_\1", k).lower(): _snake(v) for k, v in value.items()}


def sky_python(posts: Posts) -> bytes:
    return lines(_snake(_sky_view(p)) | {"py_type": "app.bsky.feed.defs#postView"} for p in posts)


def sky_feed(posts: Posts) -> bytes:
    """A repost is its original with the reason why it stands there."""

    def item(p: Post) -> Post:
        if not p["repost_of"]:
            return {"post": _sky_view(p)}
        by = {"$type": "app.bsky.feed.defs#reasonRepost", "by": _sky_author(p), "uri": p["post_id"]}
        original = p | {
            "post_id": p["repost_of"], "author_id": p["repost_of_author"], "author_handle": "cleo.example",
            "repost_of": None, "text": "not the words of who reposts", "created_at": p["created_at"] - timedelta(hours=1),
            "collected_at": p["created_at"], "lang": "de",
        }  # fmt: skip
        return {"post": _sky_view(original), "reason": by | {"indexedAt": iso(p["created_at"], 6)}}

    return lines({"feed": [item(p) for p in posts[i : i + 4]]} for i in range(0, len(posts), 4))


# Mastodon: words are HTML, references go by the numbers of the server that was asked


_HOST = "https://social.example"


def _toot_html(p: Post) -> str:
    """As Mastodon writes it: what is shown of a link is cut into spans."""
    text = html.escape(p["text"], quote=True).replace("\n", "<br />")
    for url in p["urls"]:
        address = html.escape(url)
        shown = address.removeprefix("https://")
        spans = f'<span class="invisible">https://</span><span class="ellipsis">{shown[:9]}</span><span class="invisible">{shown[9:]}</span>'
        text = text.replace(address, f'<a href="{address}" rel="nofollow noopener" target="_blank">{spans}</a>')
    for tag in sorted(p["hashtags"], key=len, reverse=True):
        anchor = f'<a href="{_HOST}/tags/x" class="mention hashtag" rel="tag">#<span>\\1</span></a>'
        text = re.sub(rf"#({re.escape(tag)})(?![\w<])", anchor, text)
    return f"<p>{text}</p>"


def _toot_account(p: Post) -> Post:
    return {
        "id": str(_number(p["author_id"])), "acct": p["author_handle"], "url": p["author_id"], "display_name": p["author_name"],
        "created_at": iso(p["author_created_at"]), "followers_count": p["author_followers"], "bot": False,
    }  # fmt: skip


def _number(address: str) -> int:
    return int("".join(c for c in address if c.isdigit()))


_TOOT_COUNTS = {
    "reposts": "reblogs_count",
    "replies": "replies_count",
    "likes": "favourites_count",
    "quotes": "quotes_count",
}


def _toot(p: Post) -> Post:
    """A repost wraps its original and repeats its words."""
    in_text = [u for u in p["urls"] if u in p["text"]]
    beside = [u for u in p["urls"] if u not in in_text] or in_text[:1]
    first, _, rest = p["text"].partition("\n")
    spoiler = first if rest and first and not any(x in first for x in ("https://", "#")) else ""
    words = p | {"urls": in_text, "text": rest if spoiler else p["text"]}
    referred = {"content": "<p>not the words of who reposts</p>"}
    quote = p["quote_of"] and {
        "state": "accepted",
        "quoted_status": referred | {"id": "1", "uri": p["quote_of"], "account": {"url": p["quote_of_author"]}},
    }
    reblog = p["repost_of"] and referred | {
        "id": "2",
        "uri": p["repost_of"],
        "account": {"url": p["repost_of_author"]},
    }
    return {
        "id": str(_number(p["post_id"])), "uri": p["post_id"], "url": p["url"], "created_at": iso(p["created_at"]),
        "edited_at": None, "content": _toot_html(words) if not reblog else referred["content"], "spoiler_text": spoiler,
        "language": p["lang"], "in_reply_to_id": p["reply_to"] and str(_number(p["reply_to"])),
        "in_reply_to_account_id": p["reply_to_author"] and str(_number(p["reply_to_author"])),
        "account": _toot_account(p), "reblog": reblog, "quote": quote,
        "mentions": [{"id": "77", "url": m, "acct": "ben"} for m in p["mentions"]],
        "tags": [{"name": t.upper(), "url": ""} for t in p["hashtags"]], "card": {"url": beside[-1]} if beside else None,
        "media_attachments": [{"type": m["type"], "url": m["url"], "description": m["alt"]} for m in p["media"]],
        "application": p["client"] and {"name": p["client"]}, **_counts(p, _TOOT_COUNTS),
    }  # fmt: skip


def toot_lines(posts: Posts) -> bytes:
    return lines(map(_toot, posts))


def toot_timeline(posts: Posts) -> bytes:
    return array(map(_toot, posts), indent=2)


def toot_search(posts: Posts) -> bytes:
    return lines([{"accounts": [], "statuses": [_toot(p) for p in posts], "hashtags": []}], ascii_only=False)


def toot_frames(posts: Posts) -> bytes:
    """The payload of a frame is JSON inside a string."""
    return lines({"stream": ["public"], "event": "update", "payload": json.dumps(_toot(p))} for p in posts)


# Telegram Desktop: one document, with control characters that are no JSON


def _telegram_entities(p: Post) -> Posts:
    pieces = [re.escape(x) for x in (*p["urls"], *(f"#{t}" for t in p["hashtags"]), *p["mentions"])]
    split = re.split(f"({'|'.join(sorted(pieces, key=len, reverse=True))})", p["text"]) if pieces else [p["text"]]
    kinds = {"h": "link", "#": "hashtag", "@": "mention"}
    entities = [{"type": kinds[t[0]] if i % 2 else "plain", "text": t} for i, t in enumerate(split) if t]
    for url in [u for u in p["urls"] if u not in p["text"]]:
        entities.append({"type": "text_link", "text": "", "href": url})
    return entities


def _telegram_message(p: Post) -> Post:
    entities = _telegram_entities(p)
    plain = all(e["type"] == "plain" for e in entities)
    chat = p["thread_id"]
    local = p["created_at"].astimezone(timezone(timedelta(hours=3))).strftime("%Y-%m-%dT%H:%M:%S")
    message = {
        "id": int(p["post_id"].split("/")[1]), "type": "message", "date": local, "date_unixtime": str(unix(p["created_at"])),
        "from": p["author_name"], "from_id": p["author_id"], "forwarded_from": p["repost_of_author"], "via_bot": p["client"],
        "text": p["text"] if plain else [e["text"] if e["type"] == "plain" else e for e in entities], "text_entities": entities,
        "reply_to_message_id": p["reply_to"] and int(p["reply_to"].split("/")[1]),
        "reply_to_peer_id": f"channel{p['reply_to'].split('/')[0]}" if (p["reply_to"] or chat).split("/")[0] != chat else None,
        "reactions": [{"type": "emoji", "count": p["metrics"]["likes"], "emoji": "x"}] if p["metrics"] else None,
    }  # fmt: skip
    if p["collected_at"]:
        message |= {"edited": local, "edited_unixtime": str(unix(p["collected_at"]))}
    if p["media"]:
        [m] = p["media"]
        message |= {"photo": m["url"]} if m["type"] == "photo" else {"file": m["url"], "media_type": m["type"]}
    nobody = {"forwarded_from": None} if p["kind"] == "repost" and not p["repost_of_author"] else {}
    return given(message) | nobody


def _telegram_chat(chat: str, posts: Posts) -> Post:
    messages = [_telegram_message(p) for p in posts if p["thread_id"] == chat]
    return {"name": "Ships } [", "type": "public_supergroup", "id": int(chat), "messages": messages}


def _telegram_document(document: Post, indent: int | None) -> bytes:
    text = json.dumps(document, ensure_ascii=False, indent=indent)
    return re.sub(r"(?<!\\)((?:\\\\)*)\\u00([01][0-9a-f])", r"\1\\x\2", text).encode()


def telegram_chat(posts: Posts) -> bytes:
    [chat] = {p["thread_id"] for p in posts}
    return _telegram_document(_telegram_chat(chat, posts), indent=1)


def telegram_all(posts: Posts) -> bytes:
    chats = [_telegram_chat(chat, posts) for chat in sorted({p["thread_id"] for p in posts})]
    contacts = {"about": "b", "list": [{"user_id": i, "first_name": "x"} for i in range(3)]}
    document = {"about": "a", "personal_information": {"user_id": 1}, "contacts": contacts, "chats": {"about": "c", "list": chats}}  # fmt: skip
    return _telegram_document(document, indent=None)


# Web pages of Instagram and Threads, bare or as Zeeschuimer collects them


def _meta_user(p: Post) -> Post:
    return {"pk": p["author_id"], "id": p["author_id"], "username": p["author_handle"], "full_name": p["author_name"]}


def _meta_picture(m: Post) -> Post:
    """A video has a picture to be shown before it runs."""
    picture = {
        "media_type": 1,
        "image_versions2": {"candidates": [{"url": m["url"]}]},
        "accessibility_caption": m["alt"],
    }
    shown = {"image_versions2": {"candidates": [{"url": "https://picture.example/first.jpg"}]}}
    return (
        picture if m["type"] == "photo" else picture | shown | {"media_type": 2, "video_versions": [{"url": m["url"]}]}
    )


def _meta_post(p: Post) -> Post:
    pictures = [_meta_picture(m) for m in p["media"]]
    alone = pictures[0] if len(p["post_id"]) % 2 and pictures else {"image_versions2": {"candidates": []}}
    return {
        "id": f"{p['post_id'][1:]}_{p['author_id']}", "pk": p["post_id"][1:], "code": p["post_id"], "taken_at": unix(p["created_at"]),
        "caption": {"text": p["text"], "pk": "1"} if p["text"] else None, "user": _meta_user(p),
        "carousel_media": None if len(p["post_id"]) % 2 else pictures, **alone,
        **_counts(p, {"likes": "like_count"}),
    }  # fmt: skip


def _instagram(p: Post) -> Post:
    return _meta_post(p) | _counts(p, {"replies": "comment_count"}) | {"product_type": "feed"}


def _threads_post(p: Post) -> Post:
    """An answer tells whom it answers, and not what."""

    def shared(post_id: str | None, author: str | None) -> Post | None:
        return {"pk": "9", "code": post_id, "user": {"pk": author}} if post_id else None

    info = {
        "is_reply": p["reply_to_author"] is not None, "reply_to_author": p["reply_to_author"] and {"pk": p["reply_to_author"]},
        "share_info": {
            "quoted_post": shared(p["quote_of"], p["quote_of_author"]), "reposted_post": shared(p["repost_of"], p["repost_of_author"]),
        },
        **_counts(p, {"replies": "direct_reply_count", "reposts": "repost_count", "quotes": "quote_count"}),
    }  # fmt: skip
    return _meta_post(p) | {"text_post_app_info": info}


def instagram_collected(posts: Posts) -> bytes:
    return lines(_collected(p, _instagram(p)) for p in posts)


def instagram_imported(posts: Posts) -> bytes:
    return lines(_imported(p, _instagram(p)) for p in posts)


def threads_collected(posts: Posts) -> bytes:
    return lines(_collected(p, _threads_post(p)) for p in posts)


def threads_imported(posts: Posts) -> bytes:
    return array((_imported(p, _threads_post(p)) for p in posts), indent=1)


def _imported(p: Post, data: Post) -> Post:
    """As 4CAT keeps it."""
    wrapped = _collected(p, data)
    return data | {"__import_meta": {k: v for k, v in wrapped.items() if k != "data"}}


def sky_collected(posts: Posts) -> bytes:
    return lines(_collected(p, _sky_view(p)) for p in posts)


def tiktok_comments(posts: Posts) -> bytes:
    def comment(p: Post) -> Post:
        return {
            "cid": p["post_id"], "aweme_id": p["thread_id"], "text": p["text"], "create_time": unix(p["created_at"]),
            "reply_id": p["reply_to"] or "0",
            "user": {"uid": "1", "unique_id": p["author_id"], "nickname": p["author_name"]}, "comment_language": p["lang"],
            **_counts(p, {"likes": "digg_count", "replies": "reply_comment_total"}),
        }  # fmt: skip

    return lines(_collected(p, comment(p)) for p in posts)


# Tables


_ARCHIVE_COUNTS = {"quotes": "quote_count", "replies": "reply_count", "likes": "like_count", "reposts": "retweet_count"}


def archive(columns: int, spelling: tuple[str, str], as_: Callable[[Posts], bytes] = table) -> Write:
    """Twitter's information-operations archive; 30 columns lack `tweet_language`. Lists are in brackets."""

    def row(p: Post) -> Post:
        full = {
            "tweetid": p["post_id"], "userid": p["author_id"], "user_display_name": p["author_name"],
            "user_screen_name": p["author_handle"], "user_reported_location": "", "user_profile_description": "",
            "user_profile_url": "", "follower_count": str(p["author_followers"]), "following_count": "1",
            "account_creation_date": p["author_created_at"].strftime("%Y-%m-%d"), "account_language": "en",
            "tweet_language": p["lang"], "tweet_text": "RT @somebody: words" if p["repost_of"] else p["text"],
            "tweet_time": p["created_at"].strftime("%Y-%m-%d %H:%M"), "tweet_client_name": p["client"],
            "in_reply_to_tweetid": p["reply_to"], "in_reply_to_userid": p["reply_to_author"],
            "quoted_tweet_tweetid": p["quote_of"], "is_retweet": spelling[p["repost_of"] is None],
            "retweet_userid": p["repost_of_author"], "retweet_tweetid": p["repost_of"], "latitude": "absent", "longitude": "absent",
            **{k: str(v) for k, v in _counts(p, _ARCHIVE_COUNTS).items()},
            "hashtags": f"[{', '.join(p['hashtags'])}]", "urls": f"[{', '.join(p['urls'])}]",
            "user_mentions": f"[{', '.join(p['mentions'])}]", "poll_choices": "",
        }  # fmt: skip
        return {k: v for k, v in full.items() if columns == 31 or k != "tweet_language"}

    return lambda posts: as_([row(p) for p in posts])


def _reddit_record(p: Post) -> Post:
    common = {
        "id": p["post_id"][3:], "author": p["author_id"], "author_fullname": p["author_name"], "subreddit": "ships",
        "created_utc": unix(p["created_at"]) if len(p["post_id"]) % 2 else str(unix(p["created_at"])),
        "retrieved_utc": unix(p["collected_at"]), "permalink": p["url"] and p["url"].removeprefix("https://www.reddit.com"),
        **_counts(p, {"likes": "score"}),
    }  # fmt: skip
    if p["kind"] == "comment":
        return common | {"body": p["text"], "link_id": p["thread_id"], "parent_id": p["reply_to"]}
    beside = [u for u in p["urls"] if u not in p["text"]]
    title, _, own = p["text"].partition("\n")
    words = {"title": title, "selftext": own} if own else {"title": p["text"], "selftext": ""}
    own_page = f"https://www.reddit.com{common['permalink']}"
    link = {"is_self": not beside, "url": beside[0] if beside else own_page, "domain": "example.org", "num_comments": 0}
    return common | words | link | ({"crosspost_parent": p["repost_of"]} if p["repost_of"] else {})


def reddit(posts: Posts) -> bytes:
    return lines(map(_reddit_record, posts))


_ZONES = (("EST", -5), ("EDT", -4), ("UTC", 0), ("PST", -8), ("CET", 1))


def _in_a_zone(at: datetime) -> str:
    name, hours = _ZONES[at.second % len(_ZONES)]
    return f"{at.astimezone(timezone(timedelta(hours=hours))):%Y-%m-%d %H:%M:%S} {name}"


def crowdtangle_facebook(posts: Posts) -> bytes:
    return table([
        {
            "Page Name": p["author_name"], "User Name": p["author_handle"], "Facebook Id": p["author_id"],
            "Followers at Posting": p["author_followers"], "Post Created": _in_a_zone(p["created_at"]), "Type": "Link",
            **_counts(p, {"likes": "Likes", "replies": "Comments", "reposts": "Shares"}), "URL": p["url"], "Message": p["text"],
            "Link": "https://short.example/a" if p["urls"] else "", "Final Link": "".join(p["urls"]), "Image Text": "",
            "Link Text": "", "Description": "",
        }
        for p in posts
    ])  # fmt: skip


def crowdtangle_instagram(posts: Posts) -> bytes:
    return table([
        {
            "Account": p["author_name"], "User Name": p["author_id"], "Followers at Posting": p["author_followers"],
            "Post Created": _in_a_zone(p["created_at"]), "Type": "Photo", **_counts(p, {"likes": "Likes", "replies": "Comments"}),
            "URL": p["url"], "Photo": "https://picture.example/1.jpg", "Title": "", "Description": p["text"],
        }
        for p in posts
    ])  # fmt: skip


def _library_row(p: Post, link: str) -> Post:
    return {
        "id": p["post_id"], "creation_time": p["created_at"].strftime("%Y-%m-%dT%H:%M:%S+0000"), "text": p["text"],
        "lang": p["lang"], "shared_post_id": p["repost_of"], "hashtags": p["hashtags"], link: "".join(p["urls"]) or None,
        "post_owner": {"type": "page", "id": p["author_id"], "name": p["author_name"], "username": p["author_handle"]},
        "surface": {"id": "1", "name": "Ships", "type": "group"}, "is_reshare": p["repost_of"] is not None,
        "statistics": _counts(p, {"likes": "like_count", "reposts": "share_count", "replies": "comment_count", "views": "views"}),
    }  # fmt: skip


def library_lines(posts: Posts) -> bytes:
    """Ids are numbers without quotes."""
    rows = [_library_row(p, "link_url") for p in posts]
    for row in rows:
        row["id"], row["post_owner"]["id"] = int(row["id"]), int(row["post_owner"]["id"])
        row["shared_post_id"] = row["shared_post_id"] and int(row["shared_post_id"])
    return lines(rows)


def library_table(posts: Posts) -> bytes:
    rows = []
    for p in posts:
        row = _library_row(p, "link_attachment.link")
        inner = {f"{k}.{name}": v for k in ("post_owner", "surface", "statistics") for name, v in row.pop(k).items()}
        rows.append(row | {"hashtags": json.dumps(row["hashtags"], ensure_ascii=False)} | inner)
    return table(rows)


def library_comments(posts: Posts) -> bytes:
    return lines(
        {
            "id": p["post_id"], "post_id": p["thread_id"], "creation_time": iso(p["created_at"], 0), "text": p["text"],
            "parent_comment_id": p["reply_to"] if p["reply_to"] != p["thread_id"] else None,
            "owner": {"id": p["author_id"], "name": p["author_name"], "username": p["author_handle"], "type": "user"},
        }
        for p in posts
    )  # fmt: skip


def _video(p: Post) -> Post:
    counts = {"likes": "like_count", "reposts": "share_count", "replies": "comment_count", "views": "view_count"}
    return {
        "id": int(p["post_id"]), "username": p["author_id"], "create_time": unix(p["created_at"]), "video_description": p["text"],
        "region_code": "DE", "hashtag_names": p["hashtags"], "music_id": 7, **_counts(p, counts),
    }  # fmt: skip


def tiktok_research(posts: Posts) -> bytes:
    return lines(map(_video, posts))


def tiktok_pages(posts: Posts) -> bytes:
    """As the interface answers; the last page is empty."""
    pages = [list(map(_video, posts[i : i + 2])) for i in range(0, len(posts) + 2, 2)]
    told = {"cursor": 100, "has_more": True, "search_id": "7"}
    return lines(
        {"data": {"videos": videos, **told}, "error": {"code": "ok", "message": "", "log_id": "0"}} for videos in pages
    )


def tiktok_table(posts: Posts) -> bytes:
    """As researchers save it: lists as Python writes them, two columns renamed."""
    names = {"id": "video_id", "username": "author_name"}
    return table([{names.get(k, k): v for k, v in _video(p).items()} for p in posts])


def _clip(p: Post) -> Post:
    counts = {"likes": "diggCount", "reposts": "shareCount", "replies": "commentCount", "views": "playCount"}
    return {
        "id": p["post_id"], "desc": p["text"], "createTime": unix(p["created_at"]), "stats": _counts(p, counts),
        "author": {"uniqueId": p["author_id"], "nickname": p["author_name"]}, "duetInfo": {"duetFromId": p["quote_of"] or "0"},
        "challenges": [{"title": t} for t in p["hashtags"]], "music": {"id": "7"},
    }  # fmt: skip


def tiktok_web(posts: Posts) -> bytes:
    return array(map(_clip, posts))


def tiktok_collected(posts: Posts) -> bytes:
    return lines(_collected(p, _clip(p)) for p in posts)


def _comment(p: Post) -> Post:
    shown = html.escape(p["text"]).replace("\n", "<br>")
    return given(
        {
            "authorDisplayName": p["author_name"], "authorChannelId": {"value": p["author_id"]}, "videoId": p["thread_id"],
            "textOriginal": p["text"], "textDisplay": f"<b>{shown}</b>", "likeCount": p["metrics"]["likes"],
            "publishedAt": iso(p["created_at"], 0), "updatedAt": iso(p["created_at"], 0), "parentId": p["reply_to"],
        }
    )  # fmt: skip


def _as_shown(p: Post) -> Post:
    """Who did not write a comment gets it in HTML alone."""
    return {k: v for k, v in _comment(p).items() if k != "textOriginal"}


def youtube_comments(posts: Posts) -> bytes:
    return lines({"kind": "youtube#comment", "id": p["post_id"], "snippet": _comment(p)} for p in posts)


def youtube_shown(posts: Posts) -> bytes:
    return lines({"kind": "youtube#comment", "id": p["post_id"], "snippet": _as_shown(p)} for p in posts)


def _youtube_list(kind: str, items: Posts) -> Post:
    return {"kind": f"youtube#{kind}ListResponse", "etag": "e", "pageInfo": {"resultsPerPage": 100}, "items": items}


def youtube_comment_pages(posts: Posts) -> bytes:
    items = [{"kind": "youtube#comment", "id": p["post_id"], "snippet": _as_shown(p)} for p in posts]
    return lines(_youtube_list("comment", items[i : i + 3]) for i in range(0, len(items), 3))


def youtube_thread_page(posts: Posts) -> bytes:
    return json.dumps(_youtube_list("commentThread", _threads(posts)), indent=2, ensure_ascii=False).encode()


def youtube_thread_pages(posts: Posts) -> bytes:
    items = _threads(posts)
    return array((_youtube_list("commentThread", items[i : i + 2]) for i in range(0, len(items), 2)), indent=1)


def youtube_threads(posts: Posts) -> bytes:
    return lines(_threads(posts))


def _threads(posts: Posts) -> Posts:
    """Answers stand inside the thread of the comment that they answer."""

    def comment(p: Post) -> Post:
        return {"kind": "youtube#comment", "id": p["post_id"], "snippet": _as_shown(p)}

    def thread(p: Post) -> Post:
        answers = [comment(a) for a in posts if a["reply_to"] == p["post_id"]]
        snippet = {"videoId": p["thread_id"], "topLevelComment": comment(p), "totalReplyCount": len(answers)}
        whole = {"kind": "youtube#commentThread", "id": p["post_id"], "snippet": snippet}
        return whole | ({"replies": {"comments": answers}} if answers else {})

    return [thread(p) for p in posts if not p["reply_to"]]


def _youtube_video(p: Post) -> Post:
    """Its words are a title and what follows."""
    title, _, rest = p["text"].partition("\n")
    words = {"title": title, "description": rest} if title and rest else {"title": p["text"], "description": ""}
    channel = {"channelId": p["author_id"], "channelTitle": p["author_name"], "publishedAt": iso(p["created_at"], 0)}
    return channel | words


def youtube_videos(posts: Posts) -> bytes:
    """Of language the sound's is told, or the words' and another of the sound."""

    def video(p: Post) -> Post:
        spoken = {"defaultAudioLanguage": p["lang"]}
        lang = spoken if p["lang"] == "uk" else {"defaultLanguage": p["lang"], "defaultAudioLanguage": "fr"}
        counts = {
            k: str(v)
            for k, v in _counts(p, {"likes": "likeCount", "replies": "commentCount", "views": "viewCount"}).items()
        }
        return {"kind": "youtube#video", "id": p["post_id"], "snippet": _youtube_video(p) | lang, "statistics": counts}

    return lines([_youtube_list("video", [video(p) for p in posts])])


def youtube_search(posts: Posts) -> bytes:
    """Words are HTML; what is found may be a channel."""

    def found(p: Post) -> Post:
        snippet = {k: html.escape(v) if k in ("title", "description") else v for k, v in _youtube_video(p).items()}
        return {
            "kind": "youtube#searchResult",
            "id": {"kind": "youtube#video", "videoId": p["post_id"]},
            "snippet": snippet,
        }

    return lines(_youtube_list("search", [found(p) for p in posts[i : i + 2]]) for i in range(0, len(posts), 2))


def youtube_video_list(posts: Posts) -> bytes:
    """Of YouTube Data Tools."""

    def row(p: Post) -> Post:
        v = _youtube_video(p)
        return {
            "channelId": v["channelId"], "channelTitle": v["channelTitle"], "videoId": p["post_id"], "publishedAt": v["publishedAt"],
            "videoTitle": v["title"], "videoDescription": v["description"], "tags": "",
        }  # fmt: skip

    return table([row(p) for p in posts])


def youtube_data_tools(posts: Posts) -> bytes:
    """Names of accounts are all that it knows of them."""
    names = ("id", "isReplyTo", "authorName", "text", "publishedAt", "likeCount")
    out = [",".join(names)]
    for p in posts:
        at = p["created_at"].strftime("%Y-%m-%d %H:%M:%S")
        row = (p["post_id"], p["reply_to"] or "", p["author_id"], p["text"], at, str(p["metrics"]["likes"]))
        out.append(",".join('"' + v.replace('"', '""') + '"' for v in row))
    return ("\n".join(out) + "\n").encode()


def four_cat(posts: Posts) -> bytes:
    """X as 4CAT writes it: what a post reposts, quotes or answers is told by its account."""
    return table([
        {
            "id": p["post_id"], "thread_id": p["thread_id"], "timestamp": p["created_at"].strftime("%Y-%m-%d %H:%M:%S"),
            "unix_timestamp": unix(p["created_at"]), "author": p["author_handle"], "author_fullname": p["author_name"],
            "author_id": p["author_id"], "body": p["text"], "source": p["client"], "language_guess": p["lang"],
            "is_retweet": _yes(p["repost_of_author"]), "retweeted_user": p["repost_of_author"],
            "is_quote_tweet": _yes(p["quote_of_author"]), "quoted_user": p["quote_of_author"],
            "is_reply": _yes(p["reply_to_author"]), "replied_user": p["reply_to_author"], "hashtags": ",".join(p["hashtags"]),
            "urls": ",".join(p["urls"]), "images": "", "mentions": ",".join(p["mentions"]),
            **_counts(p, {"likes": "like_count", "reposts": "retweet_count", "replies": "reply_count"}),
        }
        for p in posts
    ])  # fmt: skip


def four_cat_sky(posts: Posts) -> bytes:
    """Bluesky as 4CAT writes it: what a post quotes or answers is a link, of accounts in the file by their handle."""
    handles = {p["author_id"]: p["author_handle"] for p in posts}
    handles = {did: h for did, h in handles.items() if list(handles.values()).count(h) == 1}

    def link(uri: str | None) -> str:
        if not uri:
            return ""
        did, _, key = uri.removeprefix("at://").split("/")
        return f"https://bsky.app/profile/{handles.get(did, did)}/post/{key}"

    return table([
        {
            "id": p["post_id"], "thread_id": p["thread_id"], "created_at": iso(p["created_at"], 6), "author": p["author_handle"],
            "author_id": p["author_id"], "body": p["text"], "link": "", "tags": ",".join(p["hashtags"]),
            **_counts(p, {"likes": "like_count", "quotes": "quote_count", "replies": "reply_count", "reposts": "repost_count"}),
            "quoted_post": link(p["quote_of"]) or ["", "DELETED"][len(p["text"]) % 2], "quoted_user": p["quote_of"] and "somebody.example",
            "replied_to_post": link(p["reply_to"]), "replied_to_user": p["reply_to"] and "somebody.example",
            "mentions": ",".join(p["mentions"]), "links": ",".join(p["urls"]), "languages": f"{p['lang']},en",
            "author_display_name": p["author_name"], "timestamp": f"{unix(p['created_at'])}.0",
        }
        for p in posts
    ])  # fmt: skip


def communalytic(posts: Posts) -> bytes:
    return table([
        {
            "id": p["post_id"], "username": p["author_handle"], "date": p["created_at"].strftime("%Y-%m-%d %H:%M:%S"), "text": p["text"],
        }
        for p in posts
    ])  # fmt: skip


def _yes(value: object) -> str:
    return "yes" if value else "no"


def four_cat_least(posts: Posts) -> bytes:
    return table([
        {
            "id": p["post_id"], "thread_id": p["thread_id"], "author": p["author_id"], "body": p["text"],
            "timestamp": p["created_at"].strftime("%Y-%m-%d %H:%M:%S"),
        }
        for p in posts
    ], all_quoted=True)  # fmt: skip


def hoaxy(posts: Posts) -> bytes:
    """An edge leads from who was reposted, quoted or answered to who did it; that of a mention from who wrote it to whom it names."""

    def edge(p: Post) -> Post:
        types = {"repost": "retweet", "quote": "quote", "reply": "reply"}
        other = p["repost_of_author"] or p["quote_of_author"] or p["reply_to_author"]
        me, them = (p["author_id"], p["author_handle"]), (other or "".join(p["mentions"]), "other")
        (source, source_name), (to, to_name) = (me, them) if other is None else (them, me)
        return {
            "canonical_url": "".join(p["urls"]), "date_published": "", "domain": "a.example", "from_user_botscore": "",
            "from_user_id": source, "from_user_screen_name": source_name, "id": "1", "is_mention": str(other is None),
            "title": "t", "to_user_botscore": "", "to_user_id": to, "to_user_screen_name": to_name,
            "tweet_created_at": iso(p["created_at"]), "tweet_id": p["post_id"], "tweet_type": types.get(p["kind"], "origin"),
            "tweet_url": p["url"], "url_id": "5", "url_raw": "https://short.example/x",
        }  # fmt: skip

    return table([edge(p) for p in posts])


_LANGUAGES = {"en": "English", "uk": "Ukrainian", "pt": "Portuguese"}


def fivethirtyeight(posts: Posts) -> bytes:
    def at(moment: datetime) -> str:
        return f"{moment.month}/{moment.day}/{moment.year} {moment.hour}:{moment.minute:02d}"

    return table([
        {
            "external_author_id": "9.06E+17", "author": p["author_id"], "content": p["text"], "region": "Unknown",
            "language": _LANGUAGES[p["lang"]], "publish_date": at(p["created_at"]), "harvested_date": at(p["collected_at"]),
            "following": "1", "followers": p["author_followers"], "updates": "1",
            "post_type": {"repost": "RETWEET", "quote": "QUOTE_TWEET"}.get(p["kind"], ""), "account_type": "Right",
            "retweet": "1" if p["kind"] == "repost" else "0", "account_category": "RightTroll", "new_june_2018": "0",
            "alt_external_id": "1", "tweet_id": p["post_id"], "article_url": p["url"],
            **{f"tco{i + 1}_step1": u for i, u in enumerate([*p["urls"], "", "", ""][:3])},
        }
        for p in posts
    ])  # fmt: skip


def _shares(posts: Posts) -> Posts:
    """A row for each object of a post."""
    return [
        {"object_id": o, "account_id": p["author_id"], "content_id": p["post_id"], "timestamp_share": unix(p["created_at"])}
        for p in posts
        for o in ([p["repost_of"]] if p["repost_of"] else p["urls"])
    ]  # fmt: skip


def _toolkit_row(p: Post) -> Post:
    return {
        "message_id": p["post_id"], "user_id": p["author_id"], "username": p["author_handle"], "repost_id": p["repost_of"],
        "reply_id": p["reply_to"], "message": "RT as it is" if p["repost_of"] else p["text"],
        "timestamp": unix(p["created_at"]), "urls": " ".join(p["urls"]),
    }  # fmt: skip


def toolkit(header: bool) -> Write:
    return lambda posts: table([_toolkit_row(p) for p in posts], header=header)


GENERIC = (
    *("post_id", "platform", "author_id", *OWN, "created_at", "collected_at", "text", "lang", *LISTS, *REFERENCES),
    *("thread_id", "client", "url", "kind", *COUNTS),
)


def _plain(p: Post) -> Post:
    times = {c: p[c] and p[c].isoformat() for c in ("created_at", "collected_at", "author_created_at")}
    return {c: (p | times | p["metrics"]).get(c) for c in GENERIC}


def generic_table(posts: Posts, delimiter: str = ",") -> bytes:
    lists = ({c: json.dumps(p[c], ensure_ascii=False) for c in LISTS} for p in posts)
    return table([_plain(p) | more for p, more in zip(posts, lists, strict=True)], delimiter, all_quoted=True)


# What each shape holds


def _holds(*names: str) -> frozenset[str]:
    return frozenset(names)


_REFERRING = _holds("reply", "quote", "repost")
_X = {
    "holds": _holds(*OWN, "text", "lang", *LISTS, *REFERENCES, "client"),
    "relations": _REFERRING,
    "counts": frozenset(COUNTS),
    "media": ("type", "url", "alt"),
    "thread": "always",
}
_X_API = _X | {
    "step": timedelta(milliseconds=1),
    "collected": "same",
    "of_original": _holds("urls", "hashtags"),
}
_X_WEB = _X | {"of_original": frozenset(LISTS)}


def _did(n: int) -> str:
    return f"did:plc:{n:024d}"


_SKY = {
    "holds": _holds("text", "lang", *LISTS, *REFERENCES),
    "relations": _REFERRING,
    "step": timedelta(microseconds=1),
    "collected": "own",
    "thread": "reply",
    "media": ("type", "hash", "alt"),
    "accounts": _did,
    "mention": "did",
    "bare_reposts": True,
    "ids": lambda n, author: f"at://{author}/{_POST}/{n:013d}",
}
_SKY_VIEW = _SKY | {
    "holds": _SKY["holds"] | {"author_handle", "author_name", "author_created_at"},
    "relations": _holds("reply", "quote"),
    "counts": _holds("reposts", "replies", "likes", "quotes"),
}
_TOOT = {
    "holds": _holds(*OWN, "text", "lang", *LISTS, *REFERENCES, "client", "url"),
    "relations": _REFERRING,
    "counts": _holds("reposts", "replies", "likes", "quotes"),
    "step": timedelta(milliseconds=1),
    "in_text": _holds("urls", "hashtags"),
    "extra_url": "last",
    "media": ("type", "url", "alt"),
    "accounts": lambda n: f"{_HOST}/@user{n}",
    "ids": lambda n, author: f"{_HOST}/statuses/{n}",
    "mention": "address",
    "bare_reposts": True,
    "stray_replies": True,
}
_TELEGRAM = {
    "holds": _holds("author_name", "text", *LISTS, "reply_to", "repost_of_author", "client"),
    "relations": _holds("reply"),
    "named": _holds("repost"),
    "counts": _holds("likes"),
    "in_text": frozenset(LISTS),
    "extra_url": "last",
    "media": ("type", "url"),
    "accounts": lambda n: f"user{n}",
    "ids": lambda n, author: f"9007199254740993/{n}",
    "collected": "own",
    "mention": "@name",
    "controls": True,
    "thread": "chat",
}
_ARCHIVE = {
    "holds": _holds(*OWN, "text", "lang", *LISTS, *REFERENCES, "client") - {"quote_of_author"},
    "relations": _REFERRING,
    "counts": _holds("reposts", "replies", "likes", "quotes"),
    "step": timedelta(minutes=1),
    "lower_precision": "min",
    "mention": "id",
    "bare_reposts": False,
}
_REDDIT = {
    "holds": _holds("author_handle", "author_name", "text", *LISTS, "reply_to", "repost_of", "url"),
    "relations": _holds("repost"),
    "counts": _holds("likes"),
    "in_text": frozenset(LISTS),
    "extra_url": "first",
    "accounts": lambda n: f"user_{n}",
    "account_is_handle": True,
    "collected": "own",
    "mention": "u/name",
    "comments": "some",
    "bare_reposts": True,
}
_LIBRARY = {
    "holds": _holds("author_handle", "author_name", "text", "lang", "urls", "hashtags", "repost_of"),
    "relations": _holds("repost"),
    "counts": _holds("likes", "reposts", "replies", "views"),
    "most_urls": 1,
}
_TIKTOK = {
    "holds": _holds("author_handle", "text", "hashtags"),
    "counts": _holds("likes", "reposts", "replies", "views"),
    "accounts": lambda n: f"user{n}",
    "account_is_handle": True,
}
_TIKTOK_WEB = _TIKTOK | {
    "holds": _TIKTOK["holds"] | {"author_name", "quote_of"},
    "relations": _holds("quote"),
    "in_text": _holds("hashtags"),
}
_YOUTUBE = {
    "holds": _holds("author_name", "text", "reply_to"),
    "counts": _holds("likes"),
    "accounts": lambda n: f"UC{n}",
    "ids": lambda n, author: f"Ug{n}",
    "comments": "all",
    "thread": "always",
}
_VIDEO = {
    "holds": _holds("author_name", "text", "urls", "hashtags"),
    "in_text": _holds("urls", "hashtags"),
    "accounts": lambda n: f"UC{n}",
    "ids": lambda n, author: f"v{n}",
}
_META = {
    "holds": _holds("author_handle", "author_name", "text", "urls", "hashtags", "url"),
    "in_text": _holds("urls", "hashtags"),
    "counts": _holds("likes", "replies"),
    "collected": "own",
    "media": ("type", "url", "alt"),
    "ids": lambda n, author: f"C{n}",
}
_ON_THREADS = _META | {
    "holds": _META["holds"] | {"reply_to_author", "repost_of", "repost_of_author", "quote_of", "quote_of_author"},
    "relations": _holds("repost", "quote"),
    "named": _holds("reply"),
    "counts": _holds("likes", "replies", "reposts", "quotes"),
    "bare_reposts": True,
}
_GENERIC = {
    "holds": _holds(*OWN, "text", "lang", *LISTS, *REFERENCES, "client", "url"),
    "relations": _REFERRING,
    "counts": frozenset(COUNTS),
    "step": timedelta(microseconds=1),
    "collected": "own",
    "thread": "always",
}
_COORTWEET = {"holds": _holds("urls", "repost_of"), "relations": _holds("repost"), "bare_reposts": True}
_TOOLKIT = {
    "holds": _holds("author_handle", "text", "urls", "reply_to", "repost_of"),
    "relations": _holds("reply", "repost"),
}

WRITERS = [
    Writer("x_api_v2", "pages", x_pages, **_X_API),
    Writer("x_api_v2", "one page", x_one_page, **_X_API),
    Writer("x_api_v2", "stream", x_stream, **_X_API),
    Writer("x_api_v2", "flattened", x_flat, **_X_API),
    Writer("x_api_v2", "flattened array", x_flat_array, **_X_API),
    Writer("x_web", "collected", web_collected, **_X_WEB, collected="own"),
    Writer("x_web", "with a notice", web_with_notice, **_X_WEB, collected="own"),
    Writer("x_web", "bare array", web_bare, **_X_WEB),
    Writer("bluesky", "frames", sky_frames, **_SKY),
    Writer("bluesky", "firehose", sky_firehose, **_SKY),
    Writer("bluesky", "views", sky_views, **_SKY_VIEW),
    Writer("bluesky", "pages", sky_pages, **_SKY_VIEW),
    Writer("bluesky", "of a Python program", sky_python, **_SKY_VIEW),
    Writer("bluesky", "feed", sky_feed,
           **(_SKY_VIEW | {"relations": _REFERRING, "bare_reposts": False, "of_original": frozenset(LISTS)})),
    Writer("mastodon", "lines", toot_lines, **_TOOT),
    Writer("mastodon", "timeline", toot_timeline, **_TOOT),
    Writer("mastodon", "search", toot_search, **_TOOT),
    Writer("mastodon", "frames", toot_frames, **_TOOT),
    Writer("telegram", "one chat", telegram_chat, **_TELEGRAM),
    Writer("telegram", "all chats", telegram_all, **(_TELEGRAM | {"ids": lambda n, author: f"{2**53 + n % 3}/{n}"})),
    Writer("x_archive", "31 columns", archive(31, ("true", "false")), **_ARCHIVE),
    Writer("x_archive", "30 columns", archive(30, ("True", "False")), **(_ARCHIVE | {"holds": _ARCHIVE["holds"] - {"lang"}})),
    Writer("x_archive", "Parquet", archive(31, ("TRUE", "FALSE"), parquet), **_ARCHIVE),
    Writer("reddit", "lines", reddit, **_REDDIT),
    Writer("crowdtangle", "Facebook", crowdtangle_facebook,
           _holds(*OWN, "text", "urls", "hashtags", "url") - {"author_created_at"}, most_urls=1, in_text=_holds("hashtags"),
           counts=_holds("likes", "replies", "reposts")),
    Writer("crowdtangle", "Instagram", crowdtangle_instagram,
           _holds(*OWN, "text", "urls", "hashtags", "url") - {"author_created_at"}, in_text=_holds("urls", "hashtags"),
           counts=_holds("likes", "replies"), accounts=lambda n: f"user{n}", account_is_handle=True),
    Writer("content_library", "lines", library_lines, **_LIBRARY),
    Writer("content_library", "table", library_table, **_LIBRARY),
    Writer("content_library", "comments", library_comments, _holds("author_handle", "author_name", "text", "reply_to"),
           comments="all", thread="always"),
    Writer("tiktok", "Research API", tiktok_research, **_TIKTOK),
    Writer("tiktok", "pages", tiktok_pages, **_TIKTOK),
    Writer("tiktok", "table", tiktok_table, **_TIKTOK),
    Writer("tiktok", "web array", tiktok_web, **_TIKTOK_WEB),
    Writer("tiktok", "collected", tiktok_collected, **_TIKTOK_WEB, collected="own"),
    Writer("tiktok", "comments", tiktok_comments, _holds("author_handle", "author_name", "text", "lang", "reply_to"), comments="all",
           thread="always", accounts=lambda n: f"user{n}", account_is_handle=True, counts=_holds("likes", "replies"), collected="own"),
    Writer("bluesky", "collected", sky_collected, **_SKY_VIEW),
    Writer("instagram", "collected", instagram_collected, **_META),
    Writer("instagram", "imported by 4CAT", instagram_imported, **_META),
    Writer("threads", "collected", threads_collected, **_ON_THREADS),
    Writer("threads", "imported by 4CAT", threads_imported, **_ON_THREADS),
    Writer("youtube", "comments", youtube_comments, **_YOUTUBE),
    Writer("youtube", "as shown", youtube_shown, **_YOUTUBE),
    Writer("youtube", "threads", youtube_threads, **_YOUTUBE),
    Writer("youtube", "comment pages", youtube_comment_pages, **_YOUTUBE),
    Writer("youtube", "one page of threads", youtube_thread_page, **_YOUTUBE),
    Writer("youtube", "pages of threads", youtube_thread_pages, **_YOUTUBE),
    Writer("youtube", "videos", youtube_videos,
           **(_VIDEO | {"holds": _VIDEO["holds"] | {"lang"}, "counts": _holds("likes", "replies", "views")})),
    Writer("youtube", "search", youtube_search, **_VIDEO),
    Writer("youtube_tables", "video list", youtube_video_list, **_VIDEO),
    Writer("youtube_tables", "Data Tools", youtube_data_tools, **(_YOUTUBE | {"thread": "", "account_is_handle": True})),
    Writer("4cat", "X", four_cat,
           _holds("author_handle", "author_name", "text", "lang", *LISTS, "client",
                  *(f"{r}_author" for r in ("repost_of", "quote_of", "reply_to"))),
           named=_REFERRING, counts=_holds("likes", "reposts", "replies"), thread="always", mention="name"),
    Writer("4cat", "Bluesky", four_cat_sky,
           _holds("author_handle", "author_name", "text", "lang", *LISTS, "quote_of", "quote_of_author", "reply_to", "reply_to_author"),
           relations=_holds("reply", "quote"), counts=_holds("likes", "reposts", "replies", "quotes"), thread="always", accounts=_did,
           mention="name", ids=_SKY["ids"]),
    Writer("4cat", "least", four_cat_least, _holds("author_handle", "text", "urls", "hashtags"), thread="always",
           in_text=_holds("urls", "hashtags"), account_is_handle=True),
    Writer("communalytic", "handles", lambda posts: communalytic([p | {"author_handle": p["author_id"]} for p in posts]),
           _holds("author_handle", "text", "urls", "hashtags"), in_text=_holds("urls", "hashtags"), accounts=lambda n: f"user{n}.example",
           account_is_handle=True),
    Writer("communalytic", "ids", communalytic, _holds("author_handle", "text", "urls", "hashtags"), in_text=_holds("urls", "hashtags"),
           accounts=_did, ids=_SKY["ids"]),
    Writer("hoaxy", "edges", hoaxy,
           _holds("author_handle", "urls", "mentions", "url", "repost_of_author", "quote_of_author", "reply_to_author"),
           named=_REFERRING, most_urls=1, mention="id", step=timedelta(milliseconds=1)),
    Writer("fivethirtyeight", "table", fivethirtyeight,
           _holds("author_handle", "author_followers", "text", "lang", "urls", "hashtags", "url"), in_text=_holds("hashtags"),
           named=_holds("quote", "repost"), accounts=lambda n: f"USER{n}", account_is_handle=True, collected="own",
           step=timedelta(minutes=1), lower_precision="min"),
    Writer("coortweet", "csv", lambda posts: table(_shares(posts)), **_COORTWEET),
    Writer("coortweet", "tsv", lambda posts: table(_shares(posts), "\t"), **_COORTWEET),
    Writer("coortweet", "lines", lambda posts: lines(_shares(posts)), **_COORTWEET),
    Writer("coortweet", "Parquet", lambda posts: parquet(_shares(posts)), **_COORTWEET),
    Writer("cnt", "with a header", toolkit(True), **_TOOLKIT),
    Writer("cnt", "without a header", toolkit(False), **_TOOLKIT),
    Writer("generic", "csv", generic_table, **_GENERIC),
    Writer("generic", "tsv", lambda posts: generic_table(posts, "\t"), **_GENERIC),
    Writer("generic", "lines", lambda posts: lines(map(_plain, posts)), **_GENERIC),
    Writer("generic", "array", lambda posts: array(map(_plain, posts), indent=1), **_GENERIC),
    Writer("generic", "pages", lambda posts: array([{"next": None, "found": {"posts": list(map(_plain, posts))}}], indent=1), **_GENERIC),
    Writer("generic", "one page", lambda posts: json.dumps({"data": list(map(_plain, posts)), "n": 7}).encode(), **_GENERIC),
    Writer("generic", "Parquet", lambda posts: parquet([_plain(p) for p in posts]), **_GENERIC),
]  # fmt: skip
