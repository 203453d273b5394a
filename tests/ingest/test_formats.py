"""Each source family by its keys, whatever the file is called."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from houselights.core.errors import HouselightsError
from houselights.core.settings import ReadSettings
from houselights.ingest import formats, read_table
from houselights.ingest.detect import TABLE_READERS

ARCHIVE = [
    "tweetid",
    "userid",
    "user_display_name",
    "user_screen_name",
    "user_reported_location",
    "user_profile_description",
    "user_profile_url",
    "follower_count",
    "following_count",
    "account_creation_date",
    "account_language",
    "tweet_language",
    "tweet_text",
    "tweet_time",
    "tweet_client_name",
    "in_reply_to_tweetid",
    "in_reply_to_userid",
    "quoted_tweet_tweetid",
    "is_retweet",
    "retweet_userid",
    "retweet_tweetid",
    "latitude",
    "longitude",
    "quote_count",
    "reply_count",
    "like_count",
    "retweet_count",
    "hashtags",
    "urls",
    "user_mentions",
    "poll_choices",
]


def table(path: Path, names: list[str], *rows: dict[str, Any], header: bool = True) -> Path:
    out = io.StringIO()
    writer = csv.DictWriter(out, names, lineterminator="\n")
    if header:
        writer.writeheader()
    writer.writerows(rows)
    path.write_text(out.getvalue())
    return path


@pytest.mark.parametrize(
    "names", [ARCHIVE, [n for n in ARCHIVE if n != "tweet_language"]], ids=["31 columns", "30 columns"]
)
def test_archive(read, tmp_path: Path, names: list[str]) -> None:
    def row(i: int, **over: Any) -> dict[str, Any]:
        base = {
            "tweetid": 10**18 + i,
            "userid": "abc=",
            "user_screen_name": "h",
            "tweet_time": f"2019-01-01 10:{i:02d}",
            "is_retweet": "false",
        }
        base |= {
            "tweet_text": f"text {i} #notatag",
            "tweet_language": "sr",
            "hashtags": "[Tag, Tøg]",
            "urls": "[http://a.org/x, http://b.org/y]",
        }
        return {
            k: v
            for k, v in (base | {"user_mentions": "[12, 13]", "follower_count": "5", "like_count": "3"} | over).items()
            if k in names
        }

    path = table(
        tmp_path / "in",
        names,
        row(0),
        row(1, is_retweet="true", retweet_tweetid="77", retweet_userid="88"),
        row(2, in_reply_to_tweetid="5", hashtags="[]", urls=""),
    )
    reading = read(path)
    plain, repost, reply = reading.posts
    assert reading.report.sources[0].format == "x_archive"
    assert (plain["post_id"], plain["author_id"], plain["kind"], plain["created_at_precision"]) == (
        str(10**18),
        "abc=",
        "post",
        "min",
    )
    assert (plain["hashtags"], plain["urls"], plain["mentions"]) == (
        ["tag", "tøg"],
        ["http://a.org/x", "http://b.org/y"],
        ["12", "13"],
    )
    assert plain["metrics"] == {"likes": 3, "quotes": None, "replies": None, "reposts": None, "views": None}
    assert (repost["kind"], repost["repost_of"], repost["repost_of_author"], repost["text"]) == (
        "repost",
        "77",
        "88",
        "",
    )
    assert (reply["kind"], reply["reply_to"], reply["hashtags"], reply["urls"]) == ("reply", "5", [], [])
    assert plain["lang"] == ("sr" if "tweet_language" in names else None)


def test_fivethirtyeight(read, tmp_path: Path) -> None:
    names = [
        "external_author_id",
        "author",
        "content",
        "region",
        "language",
        "publish_date",
        "harvested_date",
        "following",
        "followers",
        "updates",
    ]
    names += ["post_type", "account_type", "retweet", "account_category", "tweet_id", "tco1_step1"]
    base = {
        "external_author_id": "9.06E+17",
        "author": "AB",
        "language": "English",
        "publish_date": "10/1/2017 19:58",
        "harvested_date": "10/1/2017 19:59",
    }
    path = table(
        tmp_path / "in",
        names,
        base | {"content": "one", "tweet_id": "914580356430536707", "tco1_step1": "https://e.org/1"},
        base
        | {
            "content": "two",
            "tweet_id": "914580356430536708",
            "post_type": "RETWEET",
            "publish_date": "10/13/2017 19:58",
        },
    )
    reading = read(path)
    assert reading.report.sources[0].format == "fivethirtyeight"
    assert [(p["author_id"], p["kind"], p["repost_of"], p["urls"], p["lang"]) for p in reading.posts] == [
        ("AB", "post", None, ["https://e.org/1"], "en"),
        ("AB", "repost", None, [], "en"),
    ]
    assert reading.posts[1]["text"] == "two" and "repost_of" not in reading.report.fields_present


def test_coortweet(read, tmp_path: Path) -> None:
    names = ["object_id", "account_id", "content_id", "timestamp_share"]
    rows = [
        ("85d2", "a", "c1", 1623881091),
        ("https://e.org/1", "b", "c2", 1623881092),
        ("https://e.org/2", "b", "c2", 1623881092),
    ]
    reading = read(table(tmp_path / "in", names, *(dict(zip(names, r, strict=True)) for r in rows)))
    assert [(p["post_id"], p["kind"], p["repost_of"], p["urls"]) for p in reading.posts] == [
        ("c1", "repost", "85d2", []),
        ("c2", "post", None, ["https://e.org/1", "https://e.org/2"]),  # one post, both links
    ]
    assert reading.report.sources[0].format == "coortweet" and reading.report.rejected_by_rule == {"duplicate_post": 1}


@pytest.mark.parametrize("header", [True, False])
def test_toolkit(read, tmp_path: Path, header: bool) -> None:
    names = ["message_id", "user_id", "username", "repost_id", "reply_id", "message", "timestamp", "urls"]
    rows = [
        ("m1", "1", "ann", "", "", "hello", "1623881091", "https://a.org/x https://b.org/y"),
        ("m2", "2", "bob", "m1", "", "RT", "1623881092", ""),
    ]
    reading = read(table(tmp_path / "in", names, *(dict(zip(names, r, strict=True)) for r in rows), header=header))
    assert reading.report.sources[0].format == "cnt" and reading.report.rows_read == 2
    assert [(p["post_id"], p["author_handle"], p["kind"], p["urls"]) for p in reading.posts] == [
        ("m1", "ann", "post", ["https://a.org/x", "https://b.org/y"]),
        ("m2", "bob", "repost", []),
    ]


def test_reposts_without_the_id_keep_their_text(read, tmp_path: Path) -> None:
    texts = {
        "p1": "RT @Some_One: the words https://t.co/abcdefghij",
        "p2": "words",
        "p3": "see RT @x: no",
        "p4": "more",
        "p5": "q",
    }
    kinds = {"p1": "", "p2": "Retweet", "p3": "original", "p4": "tweet", "p5": "Q"}
    path = table(
        tmp_path / "in",
        ["id", "user", "date", "text", "post_type"],
        *(
            {"id": i, "user": "u", "date": "2020-01-01 10:00:07", "text": t, "post_type": kinds[i]}
            for i, t in texts.items()
        ),
    )
    posts = {p["post_id"]: p for p in read(path).posts}
    assert [(p["kind"], p["repost_of_author"]) for p in posts.values()] == [
        ("repost", "Some_One"),
        ("repost", None),
        ("post", None),
        ("post", None),
        ("quote", None),
    ]
    assert {i: p["text"] for i, p in posts.items()} == texts and not any(p["repost_of"] for p in posts.values())


def test_links_and_tags_from_text(read, tmp_path: Path) -> None:
    text = (
        "#Ґанок, #a_b (#ЇЖАК) x#no &#39; #2020 https://e.org/a(b)?x=1, http://t.co/abc… https://t.co/ "
        "http://t.coÛ_ https://t.co/AbCdEfGhIj. 日本 #日本語 http://e.org/#frag"
    )
    (post,) = read(
        table(
            tmp_path / "in",
            ["id", "user", "date", "text"],
            {"id": "1", "user": "u", "date": "1600000000", "text": text},
        )
    ).posts
    assert post["hashtags"] == ["ґанок", "a_b", "їжак", "日本語"]
    assert post["urls"] == ["https://e.org/a(b)?x=1", "https://t.co/AbCdEfGhIj", "http://e.org/#frag"]


def test_nested_keys_and_map(read, tmp_path: Path) -> None:
    records = [
        {
            "meta": {"pid": 12345678901234567890 + i, "when": 1600000000 + i},
            "body": {"say": f"x{i}"},
            "user": {"id_str": "7"},
            "a.b": "en",
        }
        for i in range(3)
    ]
    (tmp_path / "in").write_text("\n".join(json.dumps(r) for r in records))
    with pytest.raises(HouselightsError, match=r"created_at.*meta\.when"):
        read(tmp_path / "in")
    reading = read(
        tmp_path / "in",
        column_map={"post_id": "meta.pid", "created_at": "meta.when", "text": "body.say", "lang": "a.b"},
    )
    assert [(p["post_id"], p["text"], p["author_id"], p["lang"]) for p in reading.posts] == [
        (str(12345678901234567890 + i), f"x{i}", "7", "en") for i in range(3)
    ]
    assert "text=body.say" in reading.report.sources[0].guess
    with pytest.raises(HouselightsError, match="no column nope"):
        read(tmp_path / "in", column_map={"text": "nope"})
    with pytest.raises(HouselightsError, match="there is no column wrong"):
        read(tmp_path / "in", column_map={"wrong": "a.b"})


def test_rounded_id_column_is_said_and_replaced(read, tmp_path: Path) -> None:
    rows = [
        {"tweet_id": "5.70306E+17", "name": f"n{i}", "tweet_created": "2015/2/24 11:35", "text": "t"} for i in range(5)
    ]
    reading = read(table(tmp_path / "in", list(rows[0]), *rows))
    assert len(reading.posts) == 5 and "rounded by a spreadsheet" in reading.report.sources[0].guess
    assert len({p["post_id"] for p in reading.posts}) == 5
    with pytest.raises(HouselightsError, match="lossy_id 5"):
        read(tmp_path / "in", column_map={"post_id": "tweet_id"})


def test_permalink_column_is_no_shared_link(read, tmp_path: Path) -> None:
    rows = [
        {"id": f"x{i}", "user": "u", "date": f"{1600000000 + i}", "text": "t", "url": f"https://s.org/x{i}"}
        for i in range(3)
    ]
    reading = read(table(tmp_path / "in", list(rows[0]), *rows))
    assert [(p["url"], p["urls"]) for p in reading.posts] == [(f"https://s.org/x{i}", []) for i in range(3)]


def test_parquet_types(read, tmp_path: Path) -> None:
    n = 3
    columns = {
        "id": pa.array([2**63 + i for i in range(n)], pa.uint64()),
        "user": pa.StructArray.from_arrays([pa.array([1.0, 2.0, 1.2345e18])], ["id"]),
        "created_at": pa.array([1_600_000_000_000_000_000 + i for i in range(n)], pa.timestamp("ns")),
        "text": pa.array([b"bytes", b"\xff", None], pa.binary()),
        "hashtags": pa.array([["A", None], [], None], pa.list_(pa.string())),
        "line": pa.array([9, 9, 9]),
        "rule": pa.array(["a", "b", "c"]),
    }
    pq.write_table(pa.table(columns), tmp_path / "in")
    reading = read(tmp_path / "in")
    assert [(p["post_id"], p["author_id"], p["hashtags"]) for p in reading.posts] == [
        (str(2**63), "1", ["a"]),
        (str(2**63 + 1), "2", []),
    ]
    assert [(r["line"], r["rule"]) for r in reading.rejects] == [(3, "lossy_id")]


def test_table_in_memory(tmp_path: Path) -> None:
    import duckdb

    data = pa.table({"author": ["a", "b"], "date": ["2020-01-01", "2020-01-02"], "text": ["x", "y"]})
    report = read_table(duckdb.connect(), data, tmp_path, ReadSettings())
    assert report.rows_accepted == 2 and sorted(p.name for p in tmp_path.iterdir()) == [
        "posts.parquet",
        "rejects.parquet",
    ]


def test_format_can_be_named(read, tmp_path: Path) -> None:
    path = table(
        tmp_path / "in",
        ["object_id", "account_id", "content_id", "timestamp_share"],
        {"object_id": "o", "account_id": "a", "content_id": "c", "timestamp_share": 1600000000},
    )
    assert read(path, format="coortweet").report.sources[0].confidence == 1.0
    with pytest.raises(HouselightsError, match="does not look like x_archive"):
        read(path, format="x_archive")
    with pytest.raises(HouselightsError, match="no such format"):
        read(path, format="nope")


def test_two_readers_that_fit_ask_for_the_format(read, tmp_path: Path) -> None:
    """With what speaks for each, in one sentence."""
    edge = {
        "canonical_url": "https://a.example/x", "from_user_id": "1", "to_user_id": "2", "tweet_created_at": "2026-03-02T10:00:00Z",
        "tweet_id": "9", "tweet_type": "retweet",
    }  # fmt: skip
    least = {"id": "1", "thread_id": "1", "author": "anna", "body": "a ship", "timestamp": "2026-03-02 10:00:00"}
    path = table(tmp_path / "in", list(edge | least), edge | least)
    with pytest.raises(HouselightsError) as told:
        read(path)
    sentence = str(told.value)
    assert "--format NAME" in sentence and sentence.count(". ") == 0 and sentence.endswith(".")
    assert "hoaxy (columns canonical_url" in sentence and "4cat (columns author, body" in sentence
    assert [read(path, format=f).posts[0]["post_id"] for f in ("hoaxy", "4cat")] == ["9", "1"]


def test_what_fits_nothing_is_told_what_it_lacks(read, tmp_path: Path) -> None:
    row = {
        "id": "1",
        "created_utc": "1600000000",
        "subreddit": "ships",
        "body": "a ship",
        "thread_id": "1",
        "timestamp": "1",
    }
    path = table(tmp_path / "in", list(row), row)
    with pytest.raises(
        HouselightsError,
        match=r"no column found for author_id.*Nearest formats: 4cat \(lacks author\), reddit \(lacks author\)\.$",
    ):
        read(path)
    with pytest.raises(
        HouselightsError, match="does not look like reddit: it lacks author, its columns are id, created_utc"
    ):
        read(path, format="reddit")
    with pytest.raises(HouselightsError, match="does not look like hoaxy: its columns are"):
        read(path, format="hoaxy")
    far = table(tmp_path / "far", ["a", "b"], {"a": "1", "b": "2"})
    with pytest.raises(HouselightsError) as told:
        read(far)
    assert "Nearest" not in str(told.value)


def test_every_table_reader_says_what_it_needs() -> None:
    assert all(m.SHAPES for name, m in TABLE_READERS.items() if name != "generic")


def test_communalytic_is_known_by_what_its_columns_hold(read, tmp_path: Path) -> None:
    names = ["id", "username", "date", "text"]

    def rows(post_id: str, username: str) -> dict[str, str]:
        return dict(zip(names, (post_id, username, "2026-03-02 10:00:00", "a ship #Sea"), strict=True))

    handles = read(table(tmp_path / "a", names, rows("3k1", "anna.bsky.social"), rows("3k2", "ben.example")))
    [source] = handles.report.sources
    assert source.format == "communalytic" and "handles of Bluesky" in source.reason
    assert [(p["platform"], p["author_id"]) for p in handles.posts] == [
        ("bluesky", "anna.bsky.social"),
        ("bluesky", "ben.example"),
    ]
    ids = read(table(tmp_path / "b", names, rows("at://did:plc:a/app.bsky.feed.post/3k1", "anna.example")))
    assert [(p["author_id"], p["author_handle"]) for p in ids.posts] == [("did:plc:a", "anna.example")]
    other = table(tmp_path / "c", names, rows("1", "anna"), rows("2", "ben"))
    assert read(other).report.sources[0].format == "generic"
    assert read(other, format="communalytic").posts[0]["platform"] == "bluesky"


def test_formats_lists_every_reader() -> None:
    x = {"x_api_v2", "x_web", "x_archive", "fivethirtyeight", "hoaxy"}
    others = {
        "bluesky",
        "mastodon",
        "reddit",
        "crowdtangle",
        "content_library",
        "telegram",
        "tiktok",
        "youtube",
        "youtube_tables",
        "instagram",
        "threads",
    }
    assert {f["name"] for f in formats()} == x | others | {"4cat", "communalytic", "coortweet", "cnt", "generic"}
    assert all(f.keys() >= {"title", "time_precision", "repost_ids", "account_ids", "limits"} for f in formats())


def test_guess_is_one_line(read, tmp_path: Path) -> None:
    path = table(
        tmp_path / "posts.csv",
        ["id", "user", "date", "body"],
        *({"id": i, "user": "u", "date": f"2020-01-01 10:{i:02d}", "body": "t"} for i in range(20)),
    )
    assert (
        read(path).report.sources[0].guess
        == "posts.csv: generic CSV, 90% sure (post_id=id, author_id=user, created_at=date, text=body), minute stamps"
    )
