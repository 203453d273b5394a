"""Instagram as its web pages load it, as Zeeschuimer collects it, bare or imported by 4CAT."""

from typing import Any

from houselights.ingest import meta_web
from houselights.ingest.accept import raw_select
from houselights.ingest.sample import Format, Match, Sample

FORMAT = Format(
    name="instagram",
    title="Instagram web pages (Zeeschuimer, 4CAT)",
    containers="jsonl, json",
    time_precision="seconds",
    repost_ids=False,
    account_ids=True,
    limits="what a person scrolled past; posts seen in a grid alone have no time and are rejected; advertisements are no posts",
    platform="instagram",
)
FIELDS = meta_web.FIELDS


def match(sample: Sample, column_map: dict[str, str]) -> Match | None:
    if not meta_web.looks_like(sample, of_threads=False):
        return None
    return Match(FORMAT.name, 0.98, "keys of Instagram's web pages (code, taken_at, caption, user)", {})


def structure(match: Match) -> dict[str, Any]:
    return meta_web.LINE


def raw(typed: str, match: Match) -> str:
    """SQL text of the raw rows, from lines typed as `structure`."""
    return raw_select(_COLUMNS, meta_web.post(typed))


_COLUMNS = meta_web.COLUMNS | {
    "rule": "CASE WHEN bad IS NOT NULL THEN bad WHEN p.product_type = 'ad' THEN 'not_a_post' END",
    "detail": "coalesce(why, p.product_type)",
    "url": "'https://www.instagram.com/p/' || p.code || '/'",
}
