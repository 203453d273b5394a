"""What detection looks at: column names (or dot paths of JSON keys) and the first rows. The file's name plays no part."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Sample:
    """`names`: columns in file order, or dot paths; `rows`: first records, values as found. `has_header` is False for a CSV that starts with data."""

    container: str  # CSV, TSV, JSON or Parquet
    names: list[str]
    rows: list[dict[str, Any]]
    has_header: bool = True
    paths: dict[str, tuple[str, ...]] = field(default_factory=dict)  # JSON: name -> keys (a key may hold a dot itself)

    def values(self, name: str) -> list[str]:
        return [str(row[name]) for row in self.rows if row.get(name) not in (None, "")]


@dataclass(frozen=True)
class Match:
    """A reader's claim on a file. `mapping`: our column -> file column; `notes` are said in the printed guess."""

    format: str
    confidence: float
    reason: str
    mapping: dict[str, str]
    notes: tuple[str, ...] = ()
    also: frozenset[str] = frozenset()  # target columns the reader computes, beyond the mapping
    pages: bool = False  # X API v2: most lines are pages of many posts


@dataclass(frozen=True)
class Format:
    """One line of `houselights formats`."""

    name: str
    title: str
    containers: str
    time_precision: str
    repost_ids: bool
    account_ids: bool
    limits: str
    platform: str = "unknown"  # where a row does not say it itself
    lang_source: str = "platform"  # who says which language a post is in: author or platform


def flatten(record: dict[str, Any], above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """(keys, leaf); lists are leaves."""
    for key, value in record.items():
        if isinstance(value, dict) and value:
            yield from flatten(value, (*above, key))
        else:
            yield (*above, key), value
