"""The four columns that CooRTweet reads: who shared which object, when."""

from houselights.ingest.sample import Format, Match, Sample
from houselights.ingest.table import Rows, raw_rows

FORMAT = Format(
    name="coortweet",
    title="CooRTweet table (object_id, account_id, content_id, timestamp_share)",
    containers="csv, tsv, jsonl, parquet",
    time_precision="seconds",
    repost_ids=True,
    account_ids=True,
    limits="no text; objects that are links become links, all others are taken as reposted posts",
)
_MAP = {"post_id": "content_id", "author_id": "account_id", "created_at": "timestamp_share", "repost_of": "object_id"}
SHAPES = (frozenset(_MAP.values()),)


def match(sample: Sample, column_map: dict[str, str]) -> Match | None:
    if not set(sample.names) >= set(_MAP.values()):
        return None
    return Match(
        FORMAT.name,
        0.97,
        "columns object_id, account_id, content_id, timestamp_share",
        _MAP | column_map,
        also=frozenset({"urls"}),
    )


def raw(rows: Rows, mapping: dict[str, str]) -> str:
    """A post that shares several links stands in several rows: each row gets all of them, so none is lost when one row is kept."""
    object_id, post = (
        rows.text(mapping["repost_of"]),
        ", ".join(rows.text(mapping[c]) for c in ("author_id", "post_id")),
    )
    is_link = f"(starts_with({object_id}, 'http://') OR starts_with({object_id}, 'https://'))"
    links = f"list_sort(list(DISTINCT {object_id}) FILTER (WHERE {is_link}) OVER (PARTITION BY {post}))"
    return raw_rows(
        rows, mapping, {"repost_of": f"CASE WHEN NOT {is_link} THEN {object_id} END", "urls": f"coalesce({links}, [])"}
    )
