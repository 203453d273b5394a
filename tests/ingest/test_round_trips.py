"""Posts in our schema, written as each format has them, read back as what they were: every column that the format can hold."""

import gzip
import importlib.util
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import zstandard
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from houselights.core.tables import POSTS
from houselights.ingest.detect import FORMATS

_SPEC = importlib.util.spec_from_file_location("writers", Path(__file__).with_name("writers.py"))
assert _SPEC is not None and _SPEC.loader is not None
writers = sys.modules["writers"] = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(writers)
WRITERS: list[Any] = writers.WRITERS

START = datetime(2023, 5, 1, tzinfo=UTC)
COLLECTED = datetime(2024, 1, 1, tzinfo=UTC)
MADE = datetime(2012, 2, 3, tzinfo=UTC)
PACKS: dict[str, Callable[[bytes], bytes]] = {
    "plain": lambda data: data, "gzip": gzip.compress, "zstd": zstandard.compress,
}  # fmt: skip
Post = dict[str, Any]

# Numbers that a float cannot hold, and numbers that a signed integer of 64 bits cannot hold.
_numbers = st.integers(10**6, 2**53) | st.integers(2**53 + 1, 2**63) | st.integers(2**63 + 1, 2**64 - 1)
_marks = st.sampled_from(
    [*"\"',;|\\&<>[]{}()\t", "\n", "''", '""', "🚢", "👩‍👩‍👧", "שלום", "مرحبا", "\u200f", "é", "日本", "\u2028"]
)
_any = st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"])
_free = st.lists(_marks | st.text(_any, min_size=1, max_size=6), max_size=8).map("".join)
_words = _free.map(lambda s: "".join(" " if c in "#＃@/:" else c for c in s)).filter(str.strip)
_tag = st.text("abcdefgxyzäñжя日", min_size=1, max_size=8)
_name = st.text("abcdefgh_", min_size=3, max_size=10).filter(lambda s: s.strip("_"))
_url = st.builds("https://example.org/{:04d}?q={}&r=1".format, st.integers(0, 9999), st.integers(0, 9))
_mentions: dict[str, st.SearchStrategy[str]] = {
    "id": _numbers.map(str),
    "name": _name,
    "id or name": _numbers.map(str) | _name,
    "did": st.integers(1, 9).map("did:plc:other{:019d}".format),
    "address": _name.map("https://far.example/@{}".format),
    "@name": _name.map("@{}".format),
    "u/name": _name,
}


@dataclass(frozen=True)
class Source:
    """What a post may refer to: one before it, or one that the file does not hold."""

    post_id: str
    author_id: str
    lists: dict[str, list[str]]


@st.composite
def posts(draw: st.DrawFn, w: Any) -> list[Post]:
    numbers = draw(st.lists(_numbers, min_size=1, max_size=7, unique=True))
    accounts = [_account(draw, w, n) for n in draw(st.lists(_numbers, min_size=1, max_size=3, unique=True))]
    lists = {name: draw(_list(w, name, 1)) for name in writers.LISTS}
    sources = [Source(w.ids(n, w.accounts(n + 1)), w.accounts(n + 1), lists) for n in (990_001, 990_003)]
    made: list[Post] = []
    for n in numbers:
        post = _post(draw, w, n, draw(st.sampled_from(accounts)), sources, made)
        made.append(post)
        if post["kind"] != "repost":
            sources.append(Source(post["post_id"], post["author_id"], {c: post[c] for c in writers.LISTS}))
    return made


def _account(draw: st.DrawFn, w: Any, n: int) -> Post:
    account_id = w.accounts(n)
    name = draw(_words).strip()
    return {
        "author_id": account_id,
        "author_handle": account_id if w.account_is_handle else draw(_name),
        "author_name": account_id if w.shape == "Data Tools" else name,
        "author_created_at": MADE + timedelta(days=draw(st.integers(0, 3000))),
        "author_followers": draw(st.integers(0, 10**7)),
    }


def _list(w: Any, name: str, most: int = 3) -> st.SearchStrategy[list[str]]:
    of = {"urls": _url, "hashtags": _tag, "mentions": _mentions[w.mention]}[name]
    return st.lists(of, max_size=min(most, w.most_urls) if name == "urls" else most, unique=True)


def _post(draw: st.DrawFn, w: Any, n: int, account: Post, sources: list[Source], before: list[Post]) -> Post:
    post = dict.fromkeys(c.name for c in POSTS.columns) | account | {c: [] for c in (*writers.LISTS, "media")}
    post |= {"post_id": w.ids(n, account["author_id"]), "text": "", "kind": "post"}
    ticks = draw(st.integers(1, 10**6)) if w.step < timedelta(seconds=1) else draw(st.integers(1, 10**5))
    post["created_at"] = START + ticks * w.step + draw(st.integers(0, 100)) * timedelta(minutes=1)
    post["platform"] = "x" if w.format == "generic" else None
    for name in writers.LISTS:
        post[name] = draw(_list(w, name)) if name in w.holds else []
    post["lang"] = draw(st.sampled_from(["en", "uk", "pt"])) if "lang" in w.holds else None
    post["client"] = draw(st.none() | _name)
    if w.media and draw(st.booleans()):
        post["media"] = [_medium(draw, w, n)]
    counts = {c: draw(st.integers(0, 10**9)) if c in w.counts else None for c in writers.COUNTS}
    post["metrics"] = counts if w.counts else None
    _relate(draw, w, post, sources)
    _place(draw, w, post, n, sources, before)
    post["text"] = _text(draw, w, post) if "text" in w.holds and not post["repost_of"] else ""
    if w.collected:
        post["collected_at"] = COLLECTED + (
            draw(st.integers(0, 10**5)) * timedelta(minutes=1) if w.collected == "own" else timedelta()
        )
    return post


def _medium(draw: st.DrawFn, w: Any, n: int) -> Post:
    values = {"type": "photo" if w.format in ("bluesky", "telegram") else draw(st.sampled_from(["photo", "video"])),
              "url": f"https://pictures.example/{n}.jpg", "hash": f"bafk{n}", "alt": draw(_words)}  # fmt: skip
    if w.format in ("bluesky", "telegram"):
        values["type"] = draw(st.sampled_from(["photo", "video" if w.format == "bluesky" else "video_file"]))
    return {field: values[field] if field in w.media else None for field in ("type", "url", "hash", "alt")}


def _relate(draw: st.DrawFn, w: Any, post: Post, sources: list[Source]) -> None:
    """A repost; or an answer, a quote, or both."""
    possible = sorted(w.relations | w.named)
    chosen = draw(st.lists(st.sampled_from(possible), max_size=2, unique=True)) if possible else []
    if w.format == "hoaxy" and not chosen and not post["mentions"]:
        chosen = ["repost"]  # an edge has two ends
    if w.format in ("hoaxy", "fivethirtyeight"):
        chosen = chosen[:1]
    if "repost" in chosen and w.format != "telegram":
        chosen = ["repost"]
    for relation in chosen:
        source = draw(st.sampled_from(sources))
        if relation in w.relations:
            post[f"{relation}_of" if relation != "reply" else "reply_to"] = source.post_id
        author = f"{relation}_of_author" if relation != "reply" else "reply_to_author"
        if author in w.holds:
            named = relation in w.named and w.mention in ("name", "@name")
            post[author] = draw(_name) if named else source.author_id
        if relation == "repost" and w.format == "telegram" and draw(st.booleans()):
            post[author] = None  # whoever wrote it deleted the account
        if relation == "repost":
            for name in w.of_original:
                post[name] = list(source.lists[name])
        post["kind"] = max(post["kind"], relation, key=["post", "reply", "quote", "repost"].index)
    if post["repost_of"] and w.bare_reposts:
        post |= {"lang": None, "client": None, "media": [], "metrics": None, **{c: [] for c in writers.LISTS}}


def _place(draw: st.DrawFn, w: Any, post: Post, n: int, sources: list[Source], before: list[Post]) -> None:
    """Where the post stands: its thread, its address, and what follows from the format for its kind."""
    if w.thread == "always" or (w.thread == "reply" and post["reply_to"]):
        post["thread_id"] = draw(st.sampled_from(sources)).post_id
    if w.format == "bluesky" and post["repost_of"]:
        post["post_id"] = post["post_id"].replace("app.bsky.feed.post", "app.bsky.feed.repost")
    if w.format == "telegram":
        post["thread_id"] = post["post_id"].split("/")[0]
        post["media"] = post["media"][:1]
    if w.format == "hoaxy" and post["kind"] == "post":
        post["mentions"] = post["mentions"][:1] or ["12345"]
    elif w.format == "hoaxy":
        post["mentions"] = []
    if w.format == "coortweet" and post["kind"] == "post":  # known by what it shares alone, in the order of the letters
        post["urls"] = sorted(post["urls"]) or ["https://example.org/0000"]
    elif w.format == "coortweet":
        post["urls"] = []
    if "url" in w.holds:
        post["url"] = f"https://www.facebook.com/{post['author_id']}/posts/{post['post_id']}"
        if w.format == "instagram":
            post["url"] = f"https://www.instagram.com/p/{post['post_id']}/"
        if w.format == "threads":
            post["url"] = f"https://www.threads.com/@{post['author_handle']}/post/{post['post_id']}"
        if w.format == "reddit":
            post["url"] = f"https://www.reddit.com/r/ships/comments/{post['post_id']}/"
    if w.comments == "some" and not post["repost_of"] and draw(st.booleans()):
        answered = draw(st.sampled_from(["t3_" + str(n - 1), "t1_" + str(n - 2)]))
        post |= {"kind": "comment", "reply_to": answered, "thread_id": f"t3_{n - 1}"}
    elif w.comments == "all":
        post["kind"] = "comment"
        answered = [p["post_id"] for p in before if not p["reply_to"]]
        if w.format in ("tiktok", "youtube", "youtube_tables") and answered and draw(st.booleans()):
            post["reply_to"] = draw(st.sampled_from(answered))
        elif w.format == "content_library":
            post["reply_to"] = draw(st.sampled_from([post["thread_id"], *answered]))
    if w.format == "reddit":
        post["post_id"] = ("t1_" if post["kind"] == "comment" else "t3_") + post["post_id"]


def _text(draw: st.DrawFn, w: Any, post: Post) -> str:
    """Words of any kind; with the links, tags and people between them where the format has them nowhere else."""
    if not w.in_text:
        return draw(_free).replace("RT @", "")
    beside = post["urls"][-1:] if w.extra_url and post["kind"] != "comment" and draw(st.booleans()) else []
    if beside and w.extra_url == "first":
        beside = post["urls"][:1]
    written = {
        "urls": [u for u in post["urls"] if u not in beside],
        "hashtags": [f"#{t}" for t in post["hashtags"]],
        "mentions": [f"u/{m}" if w.mention == "u/name" else m for m in post["mentions"]],
    }
    parts = [(name, part) for name in sorted(w.in_text) for part in written[name]]
    parts = draw(st.permutations([*parts, *(("", t) for t in draw(st.lists(_words, max_size=2)))]))
    for name in w.in_text:  # in the order of their appearance
        found = [part for kind, part in parts if kind == name]
        found = [p.removeprefix("#") if name == "hashtags" else p.removeprefix("u/") for p in found]
        also = beside if name == "urls" else []
        post[name] = also + found if w.extra_url == "first" else found + also
    gap = draw(st.sampled_from([" ", "\n", "\x1f " if w.controls else " "]))
    return gap.join(part for _, part in parts)


def expected(w: Any, made: list[Post]) -> list[Post]:
    """What the shape holds of the posts; the rest is missing."""
    always = {"post_id", "author_id", "created_at", "kind"}
    also = {"media"} if w.media else set()
    also |= {"metrics"} if w.counts else set()
    also |= {"collected_at"} if w.collected else set()
    also |= {"thread_id"} if w.thread or w.comments == "some" else set()
    return [{c: p[c] for c in sorted(always | also | w.holds)} for p in made]


def _adjusted(w: Any, shape: list[Post], made: list[Post]) -> list[Post]:
    """What a shape says less of than its kin do."""
    by_id = {p["post_id"]: p for p in made}
    for p in shape:
        if w.format == "mastodon" and p["reply_to"] and p["reply_to"] not in by_id:
            p["reply_to"], p["reply_to_author"] = (str(writers._number(p[c])) for c in ("reply_to", "reply_to_author"))
        if "threads" in w.shape and not p["reply_to"]:
            p["metrics"]["replies"] = sum(a["reply_to"] == p["post_id"] for a in made)
        if w.shape == "feed" and p["kind"] == "repost":
            p |= {"collected_at": None, "lang": None, "metrics": None}
    return shape


def precision(w: Any, made: list[Post]) -> str:
    fractions = {p["created_at"].microsecond for p in made}
    if any(f % 1000 for f in fractions):
        return "us"
    return "ms" if any(fractions) else w.lower_precision


def test_every_format_has_writers() -> None:
    assert {w.format for w in WRITERS} == set(FORMATS)
    assert len({(w.format, w.shape) for w in WRITERS}) == len(WRITERS)


@pytest.mark.parametrize("w", WRITERS, ids=lambda w: f"{w.format}, {w.shape}")
@settings(
    max_examples=3,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=set(Phase) - {Phase.shrink, Phase.explain},
)
@given(data=st.data())
def test_posts_come_back_as_they_were(w: Any, data: st.DataObject, read: Any, tmp_path: Path) -> None:
    made = data.draw(posts(w))
    path = tmp_path / "input"  # no suffix: the content decides
    path.write_bytes(PACKS[data.draw(st.sampled_from(sorted(PACKS)))](w.write(made)))
    reading = read(path)
    assert reading.report.sources[0].format == w.format
    wanted = _adjusted(w, expected(w, made), made)
    wanted.sort(key=lambda p: (p["created_at"], p["post_id"]))
    assert [p["post_id"] for p in reading.posts] == [p["post_id"] for p in wanted]
    pairs = ((p, wanted_post, c) for p, wanted_post in zip(reading.posts, wanted, strict=True) for c in wanted_post)
    assert not [(c, p[c], "and not", w_[c]) for p, w_, c in pairs if p[c] != w_[c]]
    assert {p["created_at_precision"] for p in reading.posts} == {precision(w, made)}
    assert not reading.rejects or set(reading.report.rejected_by_rule) == {"duplicate_post"}
