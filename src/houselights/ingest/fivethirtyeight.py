"""CSV files published by FiveThirtyEight: accounts that Twitter tied to the Internet Research Agency.

The account is its handle: the numeric ids of many rows were rounded to 1.23E+17 before publication.
"""

from houselights.ingest import generic
from houselights.ingest.sample import Format, Match, Sample
from houselights.ingest.table import Rows, raw_rows

FORMAT = Format(
    name="fivethirtyeight",
    title="FiveThirtyEight's Internet Research Agency tweets",
    containers="csv, parquet",
    time_precision="minutes",
    repost_ids=False,
    account_ids=True,
    limits="reposts are marked without the id of the original; holds removed accounts only",
    platform="x",
)
_MAP = {
    "post_id": "tweet_id",
    "author_id": "author",
    "author_handle": "author",
    "author_followers": "followers",
    "created_at": "publish_date",
    "collected_at": "harvested_date",
    "text": "content",
    "lang": "language",
    "kind": "post_type",
    "url": "article_url",
}
LINKS = {"tco1_step1", "tco2_step1", "tco3_step1"}
_NEEDED = frozenset({"external_author_id", "author", "content", "publish_date", "post_type"})
SHAPES = (_NEEDED,)


def match(sample: Sample, column_map: dict[str, str]) -> Match | None:
    by_lower = {name.strip().lower(): name for name in sample.names}
    if not by_lower.keys() >= _NEEDED:
        return None
    mapping = {ours: by_lower[theirs] for ours, theirs in _MAP.items() if theirs in by_lower}
    also = frozenset({"urls"} if LINKS & by_lower.keys() else ())
    notes = []
    if "post_id" in mapping and generic.rounded(sample.values(mapping["post_id"])):
        notes.append(
            f"{mapping.pop('post_id')} was rounded by a spreadsheet: post ids are made from author, time and text"
        )
    return Match(
        FORMAT.name,
        0.97,
        "header with external_author_id, publish_date, post_type",
        mapping | column_map,
        tuple(notes),
        also,
        beside=tuple(by_lower[name] for name in sorted(LINKS & by_lower.keys())),
    )


def raw(rows: Rows, mapping: dict[str, str]) -> str:
    links = [text for name in sorted(LINKS) if (text := rows.named(name)) is not None]
    extra = {"platform": "'x'"}
    if "lang" in mapping:
        extra["lang"] = generic.language_code(rows.text(mapping["lang"]))
    if links:
        extra["urls"] = "list_filter([" + ", ".join(links) + "], lambda u: u <> '')"
    return raw_rows(rows, mapping, extra)
