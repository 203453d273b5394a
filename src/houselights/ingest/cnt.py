"""Input of the Coordination Network Toolkit: eight columns in a fixed order, with or without a header."""

import re

from houselights.ingest.sample import Format, Match, Sample
from houselights.ingest.table import Rows, raw_rows

FORMAT = Format(
    name="cnt",
    title="Coordination Network Toolkit CSV (eight columns in fixed order)",
    containers="csv",
    time_precision="seconds",
    repost_ids=True,
    account_ids=True,
    limits="columns are taken by position when there is no header",
)
COLUMNS = ("message_id", "user_id", "username", "repost_id", "reply_id", "message", "timestamp", "urls")
SHAPES = (frozenset(COLUMNS),)
_TARGETS = ("post_id", "author_id", "author_handle", "repost_of", "reply_to", "text", "created_at", "urls")


def match(sample: Sample, column_map: dict[str, str]) -> Match | None:
    if set(sample.names) >= set(COLUMNS):
        return Match(FORMAT.name, 0.97, "header of the toolkit", dict(zip(_TARGETS, COLUMNS, strict=True)) | column_map)
    if (
        sample.container in ("CSV", "TSV")
        and len(sample.names) == 8
        and looks_headerless([list(r.values()) for r in sample.rows])
    ):
        by_position = dict(zip(_TARGETS, sample.names, strict=True))
        return Match(FORMAT.name, 0.8, "eight columns in the toolkit's order, no header", by_position | column_map)
    return None


def looks_headerless(rows: list[list[str]]) -> bool:
    """True when each row has a time in the seventh of eight columns and only links, or nothing, in the eighth."""
    whole = [r for r in rows if len(r) == 8]
    return bool(whole) and all(
        re.fullmatch(r"\d{9,16}(\.\d+)?|\d{4}-\d\d-\d\d.*", str(r[6]))
        and all(re.match(r"https?://.", link) for link in str(r[7]).split())
        for r in whole
    )


def raw(rows: Rows, mapping: dict[str, str]) -> str:
    return raw_rows(rows, mapping)
