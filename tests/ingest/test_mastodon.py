"""Mastodon statuses, timelines and streams; records are made here from the published schemas."""

import json
from pathlib import Path
from typing import Any

HOST = "https://social.example"


def account(name: str = "anna", **over: Any) -> dict[str, Any]:
    return {
        "id": f"10{len(name)}", "acct": name, "url": f"{HOST}/@{name}", "display_name": name.title(),
        "created_at": "2022-11-08T00:00:00.000Z", "followers_count": 5,
    } | over  # fmt: skip


def status(n: int = 1, content: str = "<p>ships</p>", **over: Any) -> dict[str, Any]:
    return {
        "id": f"1130000000000000{n:02d}", "uri": f"{HOST}/users/anna/statuses/{n}", "url": f"{HOST}/@anna/{n}",
        "created_at": "2026-03-02T10:00:00.123Z", "edited_at": None, "content": content, "spoiler_text": "", "language": "de",
        "in_reply_to_id": None, "in_reply_to_account_id": None, "account": account(), "reblog": None, "mentions": [], "tags": [],
        "media_attachments": [], "card": None, "replies_count": 1, "reblogs_count": 2, "favourites_count": 3,
    } | over  # fmt: skip


def lines(path: Path, *records: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(r) + "\n" for r in records))
    return path


def event(name: str, payload: Any) -> dict[str, Any]:
    return {
        "stream": ["public"],
        "event": name,
        "payload": payload if isinstance(payload, str) else json.dumps(payload),
    }


LONG = "https://news.example/2026/a-long-way-to-say-it?x=1&amp;y=2"
HTML = (
    f'<p>Read &lt;this&gt;: <a href="{LONG}" rel="nofollow" target="_blank"><span class="invisible">https://</span>'
    '<span class="ellipsis">news.example/2026/a-long</span><span class="invisible">-way-to-say-it?x=1&amp;y=2</span></a><br>'
    f'<a href="{HOST}/tags/Ships" class="mention hashtag" rel="tag">#<span>Ships</span></a> '
    f'<span class="h-card"><a href="{HOST}/@ben" class="u-url mention">@<span>ben</span></a></span></p><p>end &amp; out</p>'
)
WHOLE = "https://news.example/2026/a-long-way-to-say-it?x=1&y=2"


def test_a_status_is_plain_text_and_its_links_are_whole(read, tmp_path: Path) -> None:
    full = status(
        1, HTML, tags=[{"name": "Ships"}], mentions=[{"id": "9", "url": f"{HOST}/@ben", "acct": "ben"}],
        card={"url": "https://card.example/"}, spoiler_text="about the sea",
        media_attachments=[{"type": "image", "url": "https://files.example/1.png", "blurhash": "U", "description": "a ship"}],
    )  # fmt: skip
    reading = read(lines(tmp_path / "s.jsonl", full, status(2)))
    post = next(p for p in reading.posts if p["post_id"].endswith("/1"))
    assert reading.report.sources[0].format == "mastodon" and reading.report.sources[0].precision == "ms"
    assert post["text"] == f"about the sea\nRead <this>: {WHOLE}\n#Ships @ben\nend & out"
    assert post["urls"] == [WHOLE, "https://card.example/"]
    assert (post["hashtags"], post["mentions"]) == (["ships"], [f"{HOST}/@ben"])
    assert (post["author_id"], post["author_handle"], post["lang_source"]) == (f"{HOST}/@anna", "anna", "author")
    assert post["media"] == [{"type": "image", "url": "https://files.example/1.png", "hash": None, "alt": "a ship"}]
    assert post["metrics"]["reposts"] == 2 and post["url"] == f"{HOST}/@anna/1"


def test_reblogs_answers_and_quotes_name_what_they_are_about(read, tmp_path: Path) -> None:
    far = "https://far.example/users/cleo/statuses/7"
    original = status(7, uri=far, account=account("cleo", url="https://far.example/@cleo"))
    reblog = status(3, "<p>ships</p>", uri=f"{HOST}/users/anna/statuses/3/activity", reblog=original)
    answer = status(4, in_reply_to_id=status(1)["id"], in_reply_to_account_id=account()["id"])
    stray = status(
        5, in_reply_to_id="42", in_reply_to_account_id="9", mentions=[{"id": "9", "url": f"{HOST}/@ben", "acct": "ben"}]
    )
    quote = status(6, quote={"state": "accepted", "quoted_status": original})
    refused = status(8, quote={"state": "revoked", "quoted_status": None})
    shallow = status(9, quote={"state": "accepted", "quoted_status_id": status(1)["id"]})
    reading = read(lines(tmp_path / "s.jsonl", status(1), reblog, answer, stray, quote, refused, shallow))
    by = {p["url"].rsplit("/", 1)[1]: p for p in reading.posts}
    assert (by["3"]["kind"], by["3"]["repost_of"], by["3"]["repost_of_author"]) == (
        "repost",
        far,
        "https://far.example/@cleo",
    )
    assert by["3"]["text"] == "" and by["3"]["urls"] == []
    assert (by["4"]["reply_to"], by["4"]["reply_to_author"]) == (status(1)["uri"], f"{HOST}/@anna")
    assert (by["5"]["reply_to"], by["5"]["reply_to_author"]) == ("42", f"{HOST}/@ben")
    assert (by["6"]["quote_of"], by["6"]["kind"]) == (far, "quote")
    assert (by["8"]["quote_of"], by["9"]["quote_of"]) == (None, status(1)["uri"])


def test_a_stream_is_parsed_twice_and_its_edits_and_deletions_are_honoured(read, tmp_path: Path) -> None:
    edited = status(2, "<p>corrected</p>", edited_at="2026-03-02T10:09:00.000Z")
    path = lines(
        tmp_path / "s.jsonl",
        event("update", status(1)), event("update", status(2)), event("status.update", edited),
        event("update", status(3, "<p>taken back</p>")), event("delete", status(3)["id"]), event("delete", "999"),
        event("filters_changed", ""), event("update", "{torn"),
    )  # fmt: skip
    reading = read(path)
    assert sorted(p["text"] for p in reading.posts) == ["corrected", "ships"]
    rules = sorted((r["rule"], r["line"]) for r in reading.rejects)
    assert rules == [
        ("deleted_by_author", 4), ("deletion", 5), ("deletion", 6), ("duplicate_post", 2), ("malformed_json", 8), ("not_a_post", 7),
    ]  # fmt: skip
    assert not any("taken back" in (r["detail"] or "") for r in reading.rejects)


def test_arrays_and_searches(read, tmp_path: Path) -> None:
    timeline = tmp_path / "t.json"
    timeline.write_text(json.dumps([status(1), status(2)]))
    search = lines(tmp_path / "s.json", {"accounts": [], "statuses": [status(1), status(2)], "hashtags": []})
    for path in (timeline, search):
        reading = read(path)
        assert len(reading.posts) == 2 and reading.report.sources[0].format == "mastodon"
    assert len(read(timeline, search).posts) == 2
