"""Communalytic's CSV of Bluesky. Its four columns are names that many tables have: that it is one shows in what they hold."""

import re
from dataclasses import replace

from houselights.ingest.sample import Format, Match, Sample, by_header
from houselights.ingest.table import Rows, raw_rows

FORMAT = Format(
    name="communalytic",
    title="Communalytic CSV of Bluesky",
    containers="csv",
    time_precision="as the column has it",
    repost_ids=False,
    account_ids=False,
    limits="accounts go by their handle, which can change, unless the post's id names the account; reposts, quotes and answers are not told",
    platform="bluesky",
)
_MAP = {"post_id": "id", "author_id": "username", "author_handle": "username", "created_at": "date", "text": "text"}
_NEEDED = frozenset(_MAP.values())
SHAPES = (_NEEDED,)
_HANDLE = re.compile(r"@?(?:[A-Za-z0-9-]+[.])+[A-Za-z][A-Za-z0-9-]*")
_UNTOLD = 0.5  # for who names the format; else any other reader of these columns comes first


def match(sample: Sample, column_map: dict[str, str]) -> Match | None:
    found = by_header(sample, FORMAT, _MAP, _NEEDED, column_map)
    if found is None or not sample.rows:
        return found and replace(found, confidence=_UNTOLD)
    ids, handles = sample.values(found.mapping["post_id"]), sample.values(found.mapping["author_handle"])
    if ids and all(i.startswith("at://") for i in ids):
        return replace(found, reason=f"{found.reason}, and ids of Bluesky")
    if handles and sum(bool(_HANDLE.fullmatch(h.strip())) for h in handles) >= 0.9 * len(handles):
        return replace(found, reason=f"{found.reason}, and handles of Bluesky")
    return replace(found, confidence=_UNTOLD)


def raw(rows: Rows, mapping: dict[str, str]) -> str:
    """A post's id may name its account."""
    if mapping["author_id"] != mapping["author_handle"]:
        return raw_rows(rows, mapping)
    post_id, handle = rows.text(mapping["post_id"]), rows.text(mapping["author_id"])
    did = f"CASE WHEN starts_with({post_id}, 'at://did:') THEN split_part({post_id}, '/', 3) ELSE ltrim(trim({handle}), '@') END"
    return raw_rows(rows, mapping, {"author_id": did})
