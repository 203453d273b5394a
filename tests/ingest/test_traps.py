"""
Traps of the formats, each of which has cost a project wrong findings, and the test that fails where one is walked into.

`TRAPS` names them. What had no test of its own elsewhere has one here.
"""

import csv
import json
import re
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from houselights.core.errors import HouselightsError
from houselights.core.settings import TraceSettings
from houselights.traces import build

TRAPS: dict[str, tuple[str, ...]] = {
    # ids
    "ids above 2^53 are no floats, above 2^63 no integers": ("test_traps.py::test_neighbouring_ids_stay_apart",),
    "Content Library ids are numbers without quotes": ("test_traps.py::test_library_ids_without_quotes_stay_apart",),
    "a spreadsheet rounds ids": (
        "test_workbook.py::test_an_id_that_the_spreadsheet_rounded_is_refused",
        "test_formats.py::test_rounded_id_column_is_said_and_replaced",
    ),
    "a Mastodon status has a number of one server and an address of all": (
        "test_mastodon.py::test_reblogs_answers_and_quotes_name_what_they_are_about",
    ),
    "a Telegram chat is named with and without its kind": (
        "test_traps.py::test_an_answer_to_another_chat_names_its_message",
    ),
    # times
    "Telegram's date is local time": ("test_telegram.py::test_one_chat_and_all_chats",),
    "CrowdTangle writes a zone": (
        "test_platform_tables.py::test_crowdtangle_of_facebook_honours_the_zone",
        "test_platform_tables.py::test_crowdtangle_zones",
        "test_traps.py::test_a_zone_means_its_offset_in_summer_too",
    ),
    "Bluesky's createdAt is what a program says": (
        "test_traps.py::test_a_backdated_post_keeps_both_times",
        "test_bluesky.py::test_a_time_far_after_the_server_saw_it_is_refused",
    ),
    "stamps may end at the minute": ("test_time_stamps.py::test_precision_is_what_the_source_knows",),
    "Reddit's created_utc is a number or a text": ("test_traps.py::test_reddit_times_are_numbers_or_texts",),
    # words
    "a retweet's text is cut, and so are its links and tags": (
        "test_traps.py::test_a_retweet_has_what_its_original_has_and_no_words",
        "test_x_api_v2.py::test_three_shapes_one_result",
    ),
    "a repost without the id of its original keeps its words": (
        "test_formats.py::test_reposts_without_the_id_keep_their_text",
    ),
    "a long post is cut in its text": ("test_x_api_v2.py::test_media_are_no_links_and_long_posts_are_whole",),
    "facet offsets are bytes": ("test_traps.py::test_facets_mean_the_same_whatever_their_offsets",),
    "Telegram writes control characters that are no JSON": (
        "test_telegram.py::test_control_characters_that_are_no_json",
    ),
    "Telegram's text is a string or a list": ("test_telegram.py::test_words_links_and_people",),
    "Mastodon cuts what it shows of a link into spans": (
        "test_mastodon.py::test_a_status_is_plain_text_and_its_links_are_whole",
    ),
    "[deleted] and [removed] are nobody's words": (
        "test_reddit.py::test_what_was_removed_is_no_text_that_people_share",
        "test_traps.py::test_what_was_removed_ties_nobody_together",
    ),
    "YouTube gives comments in HTML": ("test_platform_tables.py::test_youtube",),
    "YouTube Data Tools escape some quotes and double others": (
        "test_traps.py::test_data_tools_escape_some_quotes_and_double_others",
    ),
    # references
    "a post may answer and quote": (
        "test_traps.py::test_a_post_that_answers_and_quotes_leaves_both_traces",
        "test_x_web.py::test_reposts_quotes_and_both_answer_and_quote",
        "test_bluesky.py::test_answers_quotes_and_both",
    ),
    "a forwarded Telegram message names an account alone": (
        "test_traps.py::test_two_messages_of_one_channel_that_are_passed_on_stay_two",
        "test_telegram.py::test_forwards_answers_channels_and_files",
    ),
    "a forwarded Telegram message may name nobody": (
        "test_telegram.py::test_a_forward_whose_source_is_deleted_is_a_forward",
        "test_traps.py::test_words_of_a_deleted_source_are_no_text_of_who_passed_them_on",
    ),
    "a Mastodon quote may have been refused": (
        "test_mastodon.py::test_reblogs_answers_and_quotes_name_what_they_are_about",
    ),
    "Hoaxy's edges go from the source": ("test_platform_tables.py::test_hoaxy",),
    "Hoaxy gives an edge to each account that a post names": (
        "test_traps.py::test_a_post_with_several_edges_keeps_what_all_of_them_say",
    ),
    "a TikTok duet with 0 answers nothing": ("test_platform_tables.py::test_tiktok",),
    "answers stand inside a YouTube thread": ("test_traps.py::test_answers_inside_a_thread_are_posts",),
    "4CAT says in three columns what a post is": ("test_traps.py::test_4cat_says_what_a_post_is",),
    "4CAT says in words that a quoted post is gone": (
        "test_platform_tables.py::test_4cat_of_bluesky_names_posts_by_their_ids",
    ),
    "4CAT's links to Bluesky name the handle, which two accounts may have had": (
        "test_platform_tables.py::test_4cat_of_bluesky_names_posts_by_their_ids",
    ),
    "the YouTube Data API answers in lists": ("test_platform_tables.py::test_youtube_lists_are_their_items",),
    "a YouTube search writes HTML and finds more than videos": (
        "test_platform_tables.py::test_youtube_videos_of_lists_and_searches",
    ),
    "a post of Threads tells whom it answers and not what": ("test_collected.py::test_threads",),
    "a post in an Instagram grid has no time": (
        "test_collected.py::test_an_advertisement_and_a_post_without_time_are_rejected",
    ),
    "Bluesky embeds more than posts": ("test_bluesky.py::test_answers_quotes_and_both",),
    "a local Mastodon account has no domain in its handle": (
        "test_mastodon.py::test_a_status_is_plain_text_and_its_links_are_whole",
    ),
    "an X account may be missing from its page": (
        "test_x_web.py::test_a_long_post_is_whole_and_an_author_may_be_missing",
    ),
    # links and lists
    "a Bluesky tag may stand in no text": ("test_bluesky.py::test_a_frame",),
    "a post that shares two links stands in two rows": ("test_formats.py::test_coortweet",),
    "a link with a media_key is a picture": ("test_traps.py::test_a_link_with_a_media_key_is_no_link",),
    "a mention may lack its id": ("test_x_api_v2.py::test_media_are_no_links_and_long_posts_are_whole",),
    "the archive writes lists in brackets": ("test_formats.py::test_archive",),
    "4CAT joins lists with commas": ("test_platform_tables.py::test_4cat",),
    "a CrowdTangle link leads on": ("test_platform_tables.py::test_crowdtangle_of_facebook_honours_the_zone",),
    "a Reddit text post links to itself": ("test_reddit.py::test_submissions",),
    # columns
    "the archive has 31 columns or 30": (
        "test_formats.py::test_archive",
        "test_traps.py::test_archive_columns_in_any_order",
    ),
    "the archive spells is_retweet in many ways": ("test_traps.py::test_the_archive_spells_a_retweet_in_many_ways",),
    "the toolkit's columns go by their order": ("test_formats.py::test_toolkit",),
    "FiveThirtyEight rounded the account ids": ("test_formats.py::test_fivethirtyeight",),
    "sources disagree on the name of a library link": ("test_traps.py::test_library_links_have_two_names",),
    "a count that is absent is not 0": ("test_platform_tables.py::test_content_library",),
    "TikTok comments name no account": ("test_traps.py::test_tiktok_comments_are_refused",),
    "a file's name says nothing": ("test_hostile_files.py::test_disguises_do_not_matter",),
    # streams and files
    "collectors wrap what they collect": (
        "test_x_web.py::test_bare_collected_and_with_a_notice",
        "test_platform_tables.py::test_tiktok",
        "test_collected.py::test_both_shapes_of_every_platform",
    ),
    "dumps are packed with a window of 2 GiB": ("test_reddit.py::test_a_window_of_two_gibibytes",),
    "a character may be split between two blocks": ("test_traps.py::test_a_character_may_be_split_between_blocks",),
    "a streaming frame holds JSON in a string": (
        "test_mastodon.py::test_a_stream_is_parsed_twice_and_its_edits_and_deletions_are_honoured",
    ),
    "deletions are honoured": (
        "test_bluesky.py::test_reposts_deletes_and_what_is_no_post",
        "test_mastodon.py::test_a_stream_is_parsed_twice_and_its_edits_and_deletions_are_honoured",
    ),
    "streams repeat themselves": ("test_bluesky.py::test_an_update_replaces_and_the_same_frame_twice_is_one",),
    "versions of an edited post share the first id": ("test_x_api_v2.py::test_last_version_of_an_edited_post_is_kept",),
    "files overlap": ("test_reading_laws.py::test_reading_a_file_twice_adds_nothing",),
}

AT = "2026-03-02T10:00:00+00:00"
SECONDS = 1_772_445_600
BIG = (2**53, 2**53 + 1, 10**18 + 1, 10**18 + 2, 2**63, 2**63 + 1, 2**64 - 2, 2**64 - 1)


def test_every_trap_names_tests_that_exist() -> None:
    for trap, names in TRAPS.items():
        for name in names:
            file, function = name.split("::")
            text = Path(__file__).with_name(file).read_text()
            assert re.search(rf"^def {function}\(", text, re.MULTILINE), (trap, name)


def lines(path: Path, *records: Any) -> Path:
    path.write_text("".join(json.dumps(r) + "\n" for r in records))
    return path


def table(path: Path, *rows: dict[str, Any]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as out:
        writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return path


def traces_of(reading: Any, out: Path) -> dict[str, set[tuple[str, str]]]:
    """Kind -> (account, object), of what was read last into a folder beside `out`."""
    posts = max(out.glob("out*/posts.parquet"), key=lambda p: p.stat().st_mtime_ns)
    assert pq.read_metadata(posts).num_rows == len(reading.posts)
    con = duckdb.connect()
    con.execute("SET TimeZone = 'UTC'")
    build(con, posts, out / "traces.parquet", TraceSettings())
    found: dict[str, set[tuple[str, str]]] = {}
    for row in pq.read_table(out / "traces.parquet").to_pylist():
        found.setdefault(row["kind"], set()).add((row["account_id"], row["object_id"]))
    return found


@pytest.mark.parametrize("shape", ["json lines", "csv", "parquet", "x_api_v2", "tiktok"])
def test_neighbouring_ids_stay_apart(read, tmp_path: Path, shape: str) -> None:
    """JSON without quotes, text and integers; as posts, accounts and what is reposted."""
    rows = [{"id": n, "author_id": n, "created_at": SECONDS, "text": "t", "repost_of": n} for n in BIG]
    path = tmp_path / "in"
    if shape == "json lines":
        lines(path, *rows)
    elif shape == "csv":
        table(path, *rows)
    elif shape == "parquet":
        schema = pa.schema([("id", pa.uint64()), ("author_id", pa.uint64()), ("created_at", pa.int64()), ("text", pa.string()),
                            ("repost_of", pa.uint64())])  # fmt: skip
        pq.write_table(pa.Table.from_pylist(rows, schema), path)
    elif shape == "x_api_v2":
        tweet = {"text": "t", "created_at": AT, "public_metrics": {}}
        lines(path, {"data": [tweet | {"id": n, "author_id": n, "referenced_tweets": [{"type": "retweeted", "id": n}]} for n in BIG]})  # fmt: skip
    else:
        clip = {"create_time": SECONDS, "video_description": "t"}
        lines(path, *(clip | {"id": n, "username": f"{n}"} for n in BIG))
    posts = read(path).posts
    columns = ("post_id", "author_id") + (() if shape == "tiktok" else ("repost_of",))
    for column in columns:
        assert {p[column] for p in posts} == {str(n) for n in BIG}, column


def test_library_ids_without_quotes_stay_apart(read, tmp_path: Path) -> None:
    of = {"creation_time": AT, "text": "t"}
    rows = [of | {"id": n, "post_owner": {"id": n - 1}, "shared_post_id": n - 2} for n in BIG]
    posts = read(lines(tmp_path / "in", *rows)).posts
    found = {(p["post_id"], p["author_id"], p["repost_of"]) for p in posts}
    assert found == {(str(n), str(n - 1), str(n - 2)) for n in BIG}


def test_an_answer_to_another_chat_names_its_message(read, tmp_path: Path) -> None:
    """The chat's own id is a number; where somebody answers into another chat, that is called channel456."""
    message = {"type": "message", "date_unixtime": str(SECONDS), "from_id": "user1", "text": "aye", "text_entities": []}
    answer = message | {"id": 2, "reply_to_message_id": 1, "reply_to_peer_id": "channel456"}
    chats = [{"name": "a", "type": "public_channel", "id": 456, "messages": [message | {"id": 1}]},
             {"name": "b", "type": "public_supergroup", "id": 7, "messages": [answer]}]  # fmt: skip
    path = tmp_path / "in"
    path.write_text(json.dumps({"about": "a", "chats": {"about": "c", "list": chats}}))
    by = {p["post_id"]: p for p in read(path).posts}
    assert by["7/2"]["reply_to"] == "456/1" and "456/1" in by


@pytest.mark.parametrize(("zone", "hour"), [("CST", 4), ("CDT", 5), ("EST", 5), ("CET", 11), ("CEST", 12), ("EET", 12)])
def test_a_zone_means_its_offset_in_summer_too(read, tmp_path: Path, zone: str, hour: int) -> None:
    row = {"id": "1", "user": "u", "date": f"2026-07-02 {hour:02d}:00:00 {zone}", "text": "t"}
    assert read(table(tmp_path / "in", row)).posts[0]["created_at"].isoformat() == AT.replace("03", "07")


def sky_frame(rkey: str = "1", **of_record: Any) -> dict[str, Any]:
    record = {"$type": "app.bsky.feed.post", "text": "ships 🚢 at a.example…", "createdAt": AT} | of_record
    commit = {"operation": "create", "collection": "app.bsky.feed.post", "rkey": rkey, "cid": "b", "record": record}
    return {"did": "did:plc:a", "time_us": (SECONDS + 5) * 10**6, "kind": "commit", "commit": commit}


def test_a_backdated_post_keeps_both_times(read, tmp_path: Path) -> None:
    [post] = read(lines(tmp_path / "in", sky_frame(createdAt="2019-01-01T00:00:00Z"))).posts
    assert post["created_at"].isoformat() == "2019-01-01T00:00:00+00:00"
    assert post["collected_at"].isoformat() == "2026-03-02T10:00:05+00:00"


def test_reddit_times_are_numbers_or_texts(read, tmp_path: Path) -> None:
    of = {"author": "a", "body": "b", "link_id": "t3_s", "parent_id": "t3_s", "subreddit": "s"}
    times = (SECONDS, str(SECONDS), float(SECONDS))
    path = lines(tmp_path / "in", *(of | {"id": f"c{i}", "created_utc": t} for i, t in enumerate(times)))
    assert [p["created_at"].isoformat() for p in read(path).posts] == [AT] * 3


def test_facets_mean_the_same_whatever_their_offsets(read, tmp_path: Path) -> None:
    """Offsets count bytes, and some programs count them wrongly: links, tags and people are what the features say."""
    features = [
        {"$type": "app.bsky.richtext.facet#link", "uri": "https://a.example/whole"},
        {"$type": "app.bsky.richtext.facet#tag", "tag": "Ships"},
        {"$type": "app.bsky.richtext.facet#mention", "did": "did:plc:b"},
    ]
    for start, end in ((14, 24), (9, 19), (10**6, -1), (None, None)):
        facets = [{"index": {"byteStart": start, "byteEnd": end}, "features": [f]} for f in features]
        [post] = read(lines(tmp_path / "in", sky_frame(facets=facets))).posts
        assert (post["urls"], post["hashtags"], post["mentions"]) == (["https://a.example/whole"], ["ships"], ["did:plc:b"])  # fmt: skip
        assert post["text"] == "ships 🚢 at a.example…"


def x_tweet(**over: Any) -> dict[str, Any]:
    return {"id": "1", "author_id": "7", "text": "t", "created_at": AT, "public_metrics": {}} | over


def test_a_retweet_has_what_its_original_has_and_no_words(read, tmp_path: Path) -> None:
    """The end of its own text is cut off; cut links would tie posts together that share nothing."""
    whole = {"urls": [{"expanded_url": "https://a.example/whole"}], "hashtags": [{"tag": "Sea"}, {"tag": "Ship"}]}
    cut = {"urls": [{"expanded_url": "https://a.example/whole"}], "hashtags": [{"tag": "Sea"}]}
    words = "a ship that is longer than the platform keeps #Sea https://t.co/abcdefghij #Ship"
    original = x_tweet(id="5", author_id="50", text=words, entities=whole)
    retweets = [
        x_tweet(id=str(i), author_id=str(i), text=f"RT @u50: {words[:60]}…", entities=cut, referenced_tweets=[{"type": "retweeted", "id": "5"}])
        for i in (1, 2)
    ]  # fmt: skip
    reading = read(lines(tmp_path / "in", {"data": retweets, "includes": {"tweets": [original]}}))
    for post in reading.posts:
        assert (post["text"], post["repost_of"], post["repost_of_author"]) == ("", "5", "50")
        assert (post["urls"], post["hashtags"]) == (["https://a.example/whole"], ["sea", "ship"])
    assert traces_of(reading, tmp_path) == {"repost": {("1", "5"), ("2", "5")}}


def test_a_link_with_a_media_key_is_no_link(read, tmp_path: Path) -> None:
    links = [{"url": "https://t.co/a", "expanded_url": "https://somewhere.example/else", "media_key": "3_1"},
             {"url": "https://t.co/b", "expanded_url": "https://a.example/x"}]  # fmt: skip
    [post] = read(lines(tmp_path / "in", {"data": [x_tweet(entities={"urls": links})]})).posts
    assert post["urls"] == ["https://a.example/x"]


def test_a_post_that_answers_and_quotes_leaves_both_traces(read, tmp_path: Path) -> None:
    both = [{"type": "replied_to", "id": "5"}, {"type": "quoted", "id": "6"}]
    reading = read(lines(tmp_path / "in", {"data": [x_tweet(referenced_tweets=both, in_reply_to_user_id="50")]}))
    [post] = reading.posts
    assert (post["reply_to"], post["reply_to_author"], post["quote_of"], post["kind"]) == ("5", "50", "6", "quote")
    assert traces_of(reading, tmp_path) == {"reply": {("7", "5")}, "quote": {("7", "6")}}


def test_two_messages_of_one_channel_that_are_passed_on_stay_two(read, tmp_path: Path) -> None:
    """A forward names the channel and not the message: the channel's name is no object that its readers share."""

    def forward(i: int, text: str) -> dict[str, Any]:
        entities = [{"type": "plain", "text": text}]
        return {"id": i, "type": "message", "date_unixtime": str(SECONDS + i), "from_id": f"user{i}", "forwarded_from": "News",
                "text": text, "text_entities": entities}  # fmt: skip

    first, second = "the harbour opens again on Monday morning", "nobody has seen the lighthouse keeper since yesterday"
    chat = {"name": "a", "type": "public_supergroup", "id": 5,
            "messages": [forward(1, first), forward(2, second), forward(3, second)]}  # fmt: skip
    path = tmp_path / "in"
    path.write_text(json.dumps(chat))
    reading = read(path)
    assert {(p["repost_of"], p["repost_of_author"], p["kind"]) for p in reading.posts} == {(None, "News", "repost")}
    [of_1, of_2, of_3] = [o for _, o in sorted(traces_of(reading, tmp_path)["repost"])]
    assert of_1 != of_2 and of_2 == of_3


def test_words_of_a_deleted_source_are_no_text_of_who_passed_them_on(read, tmp_path: Path) -> None:
    text = "nobody has seen the lighthouse keeper since yesterday"
    of = {"type": "message", "text": text, "text_entities": [{"type": "plain", "text": text}], "forwarded_from": None}
    messages = [of | {"id": i, "from_id": f"user{i}", "date_unixtime": str(SECONDS + i)} for i in (1, 2)]
    path = tmp_path / "in"
    path.write_text(json.dumps({"name": "a", "type": "public_supergroup", "id": 5, "messages": messages}))
    found = traces_of(read(path), tmp_path)
    assert found.keys() == {"repost"} and len({o for _, o in found["repost"]}) == 1


GONE = ("[deleted]", "[removed]", "[ Removed by Reddit ]", "[removed by reddit in response to a copyright notice]", "[deleted by user]")  # fmt: skip


@pytest.mark.parametrize("gone", GONE)
def test_what_was_removed_ties_nobody_together(read, tmp_path: Path, gone: str) -> None:
    of = {"created_utc": SECONDS, "subreddit": "s"}
    comments = [of | {"id": f"c{i}", "author": f"a{i}", "body": gone, "link_id": f"t3_{i}", "parent_id": f"t3_{i}"} for i in range(4)]  # fmt: skip
    posts = [
        of | {"id": f"s{i}", "author": f"a{i}", "title": gone, "selftext": gone, "is_self": True} for i in range(4)
    ]
    path = tmp_path / "in"
    for records in (comments, posts):
        reading = read(lines(path, *records))
        assert len(reading.posts) == 4 and traces_of(reading, tmp_path).keys() <= {"reply"}
    rows = [{"id": i, "author": f"a{i}", "date": SECONDS + i, "text": gone} for i in range(5)]
    assert traces_of(read(table(path, *rows)), tmp_path) == {}


def test_data_tools_escape_some_quotes_and_double_others(read, tmp_path: Path) -> None:
    """Its program doubles quotes, but not those after a backslash; others write a backslash at the end of a field."""
    texts = {
        'she said ""aye"", twice': 'she said "aye", twice', r"he wrote \"no\", once": 'he wrote "no", once',
        "one\nand ,\"\"more\"\"": 'one\nand ,"more"', r"\"no\" alone": '"no" alone',
    }  # fmt: skip

    def file(*shown: str) -> Path:
        rows = [f'"C{i}","","Anna","{text}","2026-03-02 10:00:00","2"' for i, text in enumerate(shown)]
        path = tmp_path / "in"
        path.write_text("\n".join(['"id","isReplyTo","authorName","text","publishedAt","likeCount"', *rows]) + "\n")
        return path

    for some in (list(texts), list(texts)[1:2], list(texts)[3:], [*texts][::-1]):
        reading = read(file(*some))
        assert not reading.rejects and reading.report.sources[0].format == "youtube_tables"
        assert [p["text"] for p in sorted(reading.posts, key=lambda p: p["post_id"])] == [texts[s] for s in some]
    reading = read(file("C:\\", 'plain, ""words""', 'a \\""b\\"" c'))
    assert [p["text"] for p in reading.posts] == ["C:\\", 'plain, "words"', 'a \\"b\\" c']


def test_answers_inside_a_thread_are_posts(read, tmp_path: Path) -> None:
    def comment(id_: str, **over: Any) -> dict[str, Any]:
        shown = {
            "authorDisplayName": id_,
            "authorChannelId": {"value": f"UC{id_}"},
            "textDisplay": "it&#39;s <b>so</b>",
        }
        return {"id": id_, "snippet": shown | {"publishedAt": AT, "likeCount": 1} | over}

    lone = {"id": "B", "snippet": {"videoId": "v", "topLevelComment": comment("B"), "totalReplyCount": 0}}
    answers = [comment("A.1", parentId="A", videoId="v"), comment("A.2", parentId="A")]
    thread = {"id": "A", "snippet": {"videoId": "v", "topLevelComment": comment("A"), "totalReplyCount": 2}}
    path = lines(tmp_path / "in", *([lone] * 300), thread | {"replies": {"comments": answers}})
    reading = read(path)
    by = {p["post_id"]: p for p in reading.posts}
    assert sorted(by) == ["A", "A.1", "A.2", "B"] and {p["text"] for p in reading.posts} == {"it's so"}
    for name in ("A.1", "A.2"):
        assert (by[name]["reply_to"], by[name]["thread_id"], by[name]["author_id"]) == ("A", "v", f"UC{name}")
    assert (
        by["A"]["reply_to"] is None and by["A"]["metrics"]["replies"] == 2 and by["A.1"]["metrics"]["replies"] is None
    )


def test_4cat_says_what_a_post_is(read, tmp_path: Path) -> None:
    row = {"id": "", "thread_id": "1", "author": "a", "body": "b", "timestamp": "2026-03-02 10:00:00"}
    marks = {"repost": ("yes", "no", "no"), "quote": ("no", "yes", "yes"), "reply": ("no", "no", "yes"), "post": ("no", "no", "no")}  # fmt: skip
    names = ("is_retweet", "is_quote_tweet", "is_reply")
    rows = [row | {"id": kind} | dict(zip(names, m, strict=True)) for kind, m in marks.items()]
    assert {p["post_id"]: p["kind"] for p in read(table(tmp_path / "in", *rows)).posts} == {k: k for k in marks}


def test_a_post_with_several_edges_keeps_what_all_of_them_say(read, tmp_path: Path) -> None:
    """Many posts: which edge of a post is kept must not matter."""
    edge = {"canonical_url": "https://a.example/x", "tweet_created_at": AT, "tweet_type": "reply"}
    answered = edge | {"from_user_id": "5", "to_user_id": "1", "is_mention": "False"}
    named = [edge | {"from_user_id": "1", "to_user_id": to, "is_mention": "True"} for to in ("7", "6")]
    rows = [e | {"tweet_id": str(i)} for i in range(12) for e in (answered, *named)]
    reading = read(table(tmp_path / "in", *rows))
    assert len(reading.posts) == 12 and reading.report.rejected_by_rule == {"duplicate_post": 24}
    for post in reading.posts:
        assert (post["author_id"], post["kind"], post["reply_to_author"]) == ("1", "reply", "5")
        assert post["mentions"] == ["6", "7"]


def archive_row(**over: Any) -> dict[str, Any]:
    return {"tweetid": "1", "userid": "u", "tweet_time": "2026-03-02 10:00", "tweet_text": "words", "is_retweet": "false",
            "retweet_tweetid": "", "hashtags": "[a, b]", "tweet_language": "en"} | over  # fmt: skip


def test_archive_columns_in_any_order(read, tmp_path: Path) -> None:
    """Columns are known by their names: one that is missing moves no other."""
    for names in (list(archive_row()), list(archive_row())[::-1], [n for n in archive_row() if n != "tweet_language"]):
        [post] = read(table(tmp_path / "in", {n: archive_row()[n] for n in names})).posts
        assert (post["post_id"], post["author_id"], post["text"], post["hashtags"]) == ("1", "u", "words", ["a", "b"])
        assert post["lang"] == ("en" if "tweet_language" in names else None)


def test_the_archive_spells_a_retweet_in_many_ways(read, tmp_path: Path) -> None:
    spellings = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False, "": False}
    rows = [archive_row(tweetid=str(i), is_retweet=s) for i, s in enumerate(spellings)]
    posts = sorted(read(table(tmp_path / "in", *rows)).posts, key=lambda p: int(p["post_id"]))
    assert [p["kind"] == "repost" for p in posts] == list(spellings.values())
    assert {p["text"] for p in posts} == {"words"}  # what was reposted is not known, so the words are all there is


def test_library_links_have_two_names(read, tmp_path: Path) -> None:
    row = {"id": "1", "post_owner.id": "2", "creation_time": AT, "text": "t"}
    for name in ("link_url", "link_attachment.link"):
        [post] = read(table(tmp_path / "in", row | {name: "https://a.example/x"})).posts
        assert post["urls"] == ["https://a.example/x"]


def test_tiktok_comments_are_refused(read, tmp_path: Path) -> None:
    comment = {"id": 7123456789012345678, "video_id": 7, "text": "aye", "create_time": SECONDS, "parent_comment_id": 7, "like_count": 1}  # fmt: skip
    with pytest.raises(HouselightsError, match="no column found for author_id"):
        read(lines(tmp_path / "in", comment, comment | {"id": 8}))


def test_a_character_may_be_split_between_blocks(read, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("houselights.ingest.source.BLOCK_BYTES", 7)
    rows = [{"id": f"p{i}", "author_id": "a", "created_at": SECONDS + i, "text": "é🚢日" * (i + 1)} for i in range(5)]
    path = tmp_path / "in"
    path.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows), encoding="utf-8")
    assert [p["text"] for p in read(path).posts] == [r["text"] for r in rows]
