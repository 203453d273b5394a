"""What X's web pages load; objects are made here with the keys that collectors find in them."""

import json
from pathlib import Path
from typing import Any

ENTITIES = {
    "urls": [{"url": "https://t.co/a", "expanded_url": "https://a.example/x"}],
    "hashtags": [{"text": "Sea"}],
    "user_mentions": [{"id_str": "9", "screen_name": "ben"}],
}


def tweet(id_: str = "1234567890123456789", user: str = "77", **of_legacy: Any) -> dict[str, Any]:
    names = {"screen_name": f"u{user}", "name": "Anna", "created_at": "Tue Nov 08 00:00:00 +0000 2022"}
    return {
        "__typename": "Tweet", "rest_id": id_, "source": '<a href="https://x.example" rel="nofollow">Web App</a>', "views": {"count": "90"},
        "core": {"user_results": {"result": {"rest_id": user, "core": names, "legacy": {"followers_count": 5}}}},
        "legacy": {
            "full_text": "a ship https://t.co/a", "created_at": "Mon Mar 02 10:00:00 +0000 2026", "user_id_str": user, "lang": "en",
            "conversation_id_str": id_, "entities": ENTITIES, "retweet_count": 1, "reply_count": 2, "favorite_count": 3, "quote_count": 4,
        } | of_legacy,
    }  # fmt: skip


def collected(data: dict[str, Any]) -> dict[str, Any]:
    return {
        "nav_index": "1_1",
        "item_id": "1",
        "timestamp_collected": 1_772_445_700_000,
        "source_platform": "twitter.com",
        "data": data,
    }


def lines(path: Path, *records: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(r) + "\n" for r in records))
    return path


def test_bare_collected_and_with_a_notice(read, tmp_path: Path) -> None:
    noticed = {"__typename": "TweetWithVisibilityResults", "tweet": tweet()}
    for name, record in {
        "bare": tweet() | {"__import_meta": {}},
        "lines": collected(tweet()),
        "notice": collected(noticed),
    }.items():
        reading = read(lines(tmp_path / f"{name}.ndjson", record))
        [post] = reading.posts
        assert reading.report.sources[0].format == "x_web", name
        assert (post["post_id"], post["author_id"], post["author_handle"]) == ("1234567890123456789", "77", "u77")
        assert post["created_at"].isoformat() == "2026-03-02T10:00:00+00:00"
        assert (post["urls"], post["hashtags"], post["mentions"]) == (["https://a.example/x"], ["sea"], ["9"])
        assert post["client"] == "Web App" and post["metrics"]["views"] == 90 and post["kind"] == "post"


def test_reposts_quotes_and_both_answer_and_quote(read, tmp_path: Path) -> None:
    original = tweet("5", "50", entities=ENTITIES | {"hashtags": [{"text": "Whole"}]})
    repost = tweet("1", full_text="RT @u50: a shi…", entities={}, retweeted_status_result={"result": original})
    hidden = tweet("2", full_text="RT @u50: a shi…", retweeted_status_result={"result": {"tweet": original}})
    both = tweet("3", in_reply_to_status_id_str="4", in_reply_to_user_id_str="40") | {
        "quoted_status_result": {"result": original}
    }
    gone = tweet("6", quoted_status_id_str="5") | {"quoted_status_result": {}}
    by = {
        p["post_id"]: p for p in read(lines(tmp_path / "r.ndjson", *map(collected, (repost, hidden, both, gone)))).posts
    }
    for k in ("1", "2"):
        assert (by[k]["kind"], by[k]["repost_of"], by[k]["repost_of_author"], by[k]["text"]) == (
            "repost",
            "5",
            "50",
            "",
        )
        assert by[k]["hashtags"] == ["whole"] and by[k]["quote_of"] is None
    assert (by["3"]["reply_to"], by["3"]["reply_to_author"], by["3"]["quote_of"], by["3"]["quote_of_author"]) == (
        "4",
        "40",
        "5",
        "50",
    )
    assert (by["6"]["quote_of"], by["6"]["kind"]) == ("5", "quote")


def test_a_long_post_is_whole_and_an_author_may_be_missing(read, tmp_path: Path) -> None:
    note = {
        "note_tweet_results": {"result": {"text": "the whole of it", "entity_set": {"hashtags": [{"text": "End"}]}}}
    }
    long = tweet("1") | {"note_tweet": note}
    lost = {k: v for k, v in tweet("2").items() if k != "core"}
    by = {p["post_id"]: p for p in read(lines(tmp_path / "l.ndjson", long, lost)).posts}
    assert (by["1"]["text"], by["1"]["hashtags"]) == ("the whole of it", ["end"])
    assert (by["2"]["author_id"], by["2"]["author_handle"]) == ("77", None)
