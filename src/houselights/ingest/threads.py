"""Threads as its web pages load it, as Zeeschuimer collects it, bare or imported by 4CAT."""

from typing import Any

from houselights.ingest import meta_web
from houselights.ingest.accept import raw_select
from houselights.ingest.sample import Format, Match, Sample

FORMAT = Format(
    name="threads",
    title="Threads web pages (Zeeschuimer, 4CAT)",
    containers="jsonl, json",
    time_precision="seconds",
    repost_ids=True,
    account_ids=True,
    limits="what a person scrolled past; an answer names the account that it answers and not the post",
    platform="threads",
)
FIELDS = meta_web.FIELDS | {"reply_to_author", "repost_of", "repost_of_author", "quote_of", "quote_of_author"}


def match(sample: Sample, column_map: dict[str, str]) -> Match | None:
    if not meta_web.looks_like(sample, of_threads=True):
        return None
    return Match(FORMAT.name, 0.98, "keys of the web pages of Threads (code, taken_at, text_post_app_info)", {})


def structure(match: Match) -> dict[str, Any]:
    return meta_web.LINE


def raw(typed: str, match: Match) -> str:
    """SQL text of the raw rows, from lines typed as `structure`."""
    return raw_select(_COLUMNS, meta_web.post(typed))


_REPOSTED, _QUOTED = "t.share_info.reposted_post", "t.share_info.quoted_post"
_COLUMNS = meta_web.COLUMNS | {
    "url": "'https://www.threads.com/@' || p.user.username || '/post/' || p.code",
    "reply_to_author": meta_web.account("t.reply_to_author"),
    "repost_of": meta_web.name_of(_REPOSTED),
    "repost_of_author": meta_web.account(f"{_REPOSTED}.user"),
    "quote_of": meta_web.name_of(_QUOTED),
    "quote_of_author": meta_web.account(f"{_QUOTED}.user"),
    "kind": f"CASE WHEN t.is_reply AND {meta_web.name_of(_QUOTED)} IS NULL THEN 'reply' END",
}
