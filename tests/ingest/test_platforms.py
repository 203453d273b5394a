"""Files of several platforms in one scan."""

import json
from pathlib import Path
from typing import Any


def reddit(path: Path, *authors: str) -> Path:
    base = {"created_utc": 1_772_445_600, "link_id": "t3_s", "parent_id": "t3_s", "subreddit": "s", "body": "x"}
    return write(path, [base | {"id": f"c{i}", "author": a} for i, a in enumerate(authors)])


def tiktok(path: Path, *authors: str) -> Path:
    base = {"create_time": 1_772_445_600, "video_description": "look"}
    return write(path, [base | {"id": f"c{i}", "username": a} for i, a in enumerate(authors)])


def plain(path: Path, *authors: str) -> Path:
    base = {"created_at": "2026-03-02 10:00:00", "text": "x"}
    return write(path, [base | {"post_id": f"c{i}", "author_id": a} for i, a in enumerate(authors)])


def write(path: Path, records: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(r) + "\n" for r in records))
    return path


def test_one_name_on_two_platforms_is_two_accounts(read, tmp_path: Path) -> None:
    files = reddit(tmp_path / "r", "anna", "ben"), tiktok(tmp_path / "t", "anna"), plain(tmp_path / "p", "anna")
    posts = read(*files).posts
    assert {p["author_id"] for p in posts} == {"reddit:anna", "reddit:ben", "tiktok:anna", "anna"}
    assert {p["author_handle"] for p in posts} == {"anna", "ben", None}
    assert {p["thread_id"] for p in posts if p["platform"] == "reddit"} == {"reddit:t3_s"}
    assert len({p["post_id"] for p in posts}) == 4


def test_one_platform_keeps_its_ids(read, tmp_path: Path) -> None:
    for files in ([reddit(tmp_path / "r", "anna")], [reddit(tmp_path / "r2", "anna"), plain(tmp_path / "p", "ben")]):
        assert "anna" in {p["author_id"] for p in read(*files).posts}


def test_a_scan_of_what_was_read_changes_nothing(read, tmp_path: Path) -> None:
    read(reddit(tmp_path / "r", "anna"), tiktok(tmp_path / "t", "anna"))
    again = read(tmp_path / "out0" / "posts.parquet")
    assert {p["author_id"] for p in again.posts} == {"reddit:anna", "tiktok:anna"}
