"""Reddit comments and submissions; lines are made here from the published fields."""

import json
from pathlib import Path
from typing import Any

import pytest
import zstandard


def comment(id_: str = "c1", body: str = "see https://a.example/x and u/ben_1", **over: Any) -> dict[str, Any]:
    return {
        "id": id_, "author": "anna", "author_fullname": "t2_a", "created_utc": 1_772_445_600, "body": body, "link_id": "t3_s1",
        "parent_id": "t3_s1", "subreddit": "ships", "score": 3, "permalink": "/r/ships/comments/s1/x/c1/",
    } | over  # fmt: skip


def submission(id_: str = "s1", **over: Any) -> dict[str, Any]:
    return {
        "id": id_, "author": "anna", "created_utc": "1772445600", "title": "A ship", "selftext": "", "url": "https://b.example/y",
        "is_self": False, "domain": "b.example", "subreddit": "ships", "score": 1, "num_comments": 2, "permalink": "/r/ships/comments/s1/x/",
    } | over  # fmt: skip


def lines(path: Path, *records: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(r) + "\n" for r in records))
    return path


def test_comments(read, tmp_path: Path) -> None:
    reading = read(lines(tmp_path / "c.ndjson", comment(), comment("c2", "no links", parent_id="t1_c1")))
    first, second = sorted(reading.posts, key=lambda p: p["post_id"])
    assert reading.report.sources[0].format == "reddit"
    assert (first["post_id"], first["author_id"], first["platform"], first["kind"]) == (
        "t1_c1",
        "anna",
        "reddit",
        "comment",
    )
    assert (
        first["urls"] == ["https://a.example/x"] and first["mentions"] == ["ben_1"] and first["metrics"]["likes"] == 3
    )
    assert (first["thread_id"], second["reply_to"]) == ("t3_s1", "t1_c1")
    assert first["created_at"].isoformat() == "2026-03-02T10:00:00+00:00"
    assert first["url"] == "https://www.reddit.com/r/ships/comments/s1/x/c1/"


def test_submissions(read, tmp_path: Path) -> None:
    own = submission(
        "s2", is_self=True, url="https://www.reddit.com/r/ships/comments/s2/", selftext="my words https://c.example/z"
    )
    cross = submission("s3", crosspost_parent="t3_s1")
    by = {p["post_id"]: p for p in read(lines(tmp_path / "s.ndjson", submission(), own, cross)).posts}
    assert (by["t3_s1"]["text"], by["t3_s1"]["urls"], by["t3_s1"]["kind"]) == (
        "A ship",
        ["https://b.example/y"],
        "post",
    )
    assert (by["t3_s2"]["text"], by["t3_s2"]["urls"]) == (
        "A ship\nmy words https://c.example/z",
        ["https://c.example/z"],
    )
    assert (by["t3_s3"]["repost_of"], by["t3_s3"]["kind"], by["t3_s3"]["text"]) == ("t3_s1", "repost", "")


@pytest.mark.parametrize("gone", ["[deleted]", "[removed]"])
def test_what_was_removed_is_no_text_that_people_share(read, tmp_path: Path, gone: str) -> None:
    mine = [comment(f"c{i}", gone, author=f"a{i}") for i in range(3)]
    reading = read(lines(tmp_path / "c.ndjson", *mine, comment("c9", author=gone), comment("c8")))
    assert sorted(p["text"] for p in reading.posts)[:3] == ["", "", ""] and len(reading.posts) == 4
    assert [r["rule"] for r in reading.rejects] == ["deleted_author"]


def test_a_window_of_two_gibibytes(read, tmp_path: Path) -> None:
    """The dumps are compressed with long-distance matching, which readers refuse unless they allow for it."""
    path = tmp_path / "RC.zst"
    options = zstandard.ZstdCompressionParameters(window_log=31, enable_ldm=True)
    compressor = zstandard.ZstdCompressor(compression_params=options)
    with path.open("wb") as out:
        for half in (range(25), range(25, 50)):  # two frames, as parallel compressors write them
            with compressor.stream_writer(out, closefd=False) as writer:
                for i in half:
                    writer.write(json.dumps(comment(f"c{i}", f"words {i}")).encode() + b"\n")
    assert len(read(path).posts) == 50
    torn = tmp_path / "torn.zst"
    torn.write_bytes(path.read_bytes()[:-30])
    reading = read(torn)
    assert len(reading.posts) >= 25 and "truncated_file" in {r["rule"] for r in reading.rejects}
