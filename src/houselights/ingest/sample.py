"""What detection looks at: column names (or dot paths of JSON keys) and the first rows. The file's name plays no part."""

from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
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

    def listed(self) -> str:
        """The names as a sentence shows them: the first forty, each on one line and short."""
        return ", ".join(shown(name) for name in self.names[:40]) or "none"

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
    beside: tuple[str, ...] = ()  # file columns that the reader uses beyond the mapping
    pages: bool = False  # X API v2: most lines are pages of many posts
    one_each: bool = True  # every record of the sample is one post or word of one
    only: str = ""  # X API v2: the one shape that all records are taken to have, where a reader may do so


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


def by_header(
    sample: Sample,
    format_: Format,
    columns: dict[str, str],
    needed: AbstractSet[str],
    column_map: dict[str, str],
    beside: Iterable[str] = (),
    also: Iterable[str] = (),
) -> Match | None:
    """A claim on a file that has all columns of `needed`, whatever their case. `columns`: ours -> theirs; `beside`: theirs that the
    reader uses beyond these; `also`: ours that it makes of them."""
    by_lower = {name.strip().lower(): name for name in sample.names}
    if not by_lower.keys() >= {name.lower() for name in needed}:
        return None
    mapping = {ours: by_lower[theirs.lower()] for ours, theirs in columns.items() if theirs.lower() in by_lower}
    others = tuple(by_lower[name.lower()] for name in beside if name.lower() in by_lower)
    reason = f"columns {', '.join(sorted(needed))}"
    return Match(format_.name, 0.97, reason, mapping | column_map, also=frozenset(also), beside=others)


MAX_NAME = 80
MAX_DEPTH = 24  # no format nests columns half as deep


def shown(name: str) -> str:
    """A column's name as a sentence may hold it."""
    line = " ".join(name.split())
    return line if len(line) <= MAX_NAME else f"{line[:MAX_NAME]}…"


def flatten(record: dict[str, Any], above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """(keys, leaf); lists are leaves, and so is what lies too deep to be a column."""
    for key, value in record.items():
        if isinstance(value, dict) and value and len(above) < MAX_DEPTH:
            yield from flatten(value, (*above, key))
        else:
            yield (*above, key), value
