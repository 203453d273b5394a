"""Which reader a file belongs to, by its bytes and keys, never by its name."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import pyarrow as pa

from houselights.core.errors import HouselightsError
from houselights.core.settings import ReadSettings
from houselights.ingest import (
    bluesky,
    cnt,
    communalytic,
    content_library,
    coortweet,
    crowdtangle,
    fivethirtyeight,
    four_cat,
    generic,
    hoaxy,
    instagram,
    json_text,
    mastodon,
    reddit,
    telegram,
    threads,
    tiktok,
    x_api_v2,
    x_archive,
    x_web,
    youtube,
    youtube_tables,
)
from houselights.ingest.delimited import DELIMITERS, Dialect, sniff_dialect
from houselights.ingest.sample import Match, Sample, flatten, shown
from houselights.ingest.source import Source

JSON_READERS = {m.FORMAT.name: m for m in (x_api_v2, x_web, bluesky, mastodon, telegram, youtube, instagram, threads)}
"""Readers of nested JSON: `structure(match)` is how a line is typed, `raw(typed lines, match)` its rows."""
_TABLES = (
    x_archive,
    reddit,
    crowdtangle,
    content_library,
    tiktok,
    youtube_tables,
    four_cat,
    communalytic,
    hoaxy,
    fivethirtyeight,
    coortweet,
    cnt,
    generic,
)
TABLE_READERS = {m.FORMAT.name: m for m in _TABLES}
"""Readers of named columns: `raw(rows, mapping)`."""
FORMATS = {name: module.FORMAT for name, module in (*JSON_READERS.items(), *TABLE_READERS.items())}
SAMPLE_RECORDS = 300
MOST_NEAREST = 3
PIECE_BYTES = 1 << 20


@dataclass(frozen=True)
class Layout:
    """How a file's bytes make records. One of: delimited (`dialect`), JSON lines (`base_depth` None), JSON array (1), JSON objects (0).
    `sample` is of the objects in the list `within` each record, where that is named."""

    sample: Sample
    dialect: Dialect | None = None
    base_depth: int | None = None
    within: tuple[str, ...] = ()
    batches: Callable[[Iterator[bytes]], Iterator[pa.RecordBatch]] | None = (
        None  # a reader's own way to find its records
    )

    @property
    def is_lines(self) -> bool:
        return self.dialect is None and self.batches is None and self.base_depth is None and not self.within


def text_layout(source: Source, settings: ReadSettings) -> Layout:
    """Raises HouselightsError where there are no records."""
    start = source.head.lstrip()
    if start[:1] in (b"{", b"["):
        return _json_layout(source, settings)
    if start[:1] == b"<":
        raise HouselightsError(
            f"{source.path}: looks like HTML or XML, not a table of posts. Export the posts as CSV, JSON lines or Parquet."
        )
    return _delimited_layout(source)


def _json_layout(source: Source, settings: ReadSettings) -> Layout:
    if telegram.looks_like(source.head):
        found = islice(_records(telegram.message_batches(iter([source.head]))), SAMPLE_RECORDS)
        return Layout(_json_sample(list(found)), batches=telegram.message_batches)
    base_depth = None
    if source.head.lstrip().startswith(b"["):
        base_depth = 1
    elif not _has_json_line(source.head):
        base_depth = 0
    blocks = (source.head[i : i + PIECE_BYTES] for i in range(0, len(source.head), PIECE_BYTES))
    batches = json_text.line_batches(blocks) if base_depth is None else json_text.element_batches(blocks, base_depth)
    records = list(islice(_records(batches), SAMPLE_RECORDS))
    if not records and base_depth == 1 and source.head_is_all and b"".join(source.head.split()) == b"[]":
        raise HouselightsError(f"{source.path}: an empty JSON array: no posts in there. Check the export.")
    whole = Layout(_json_sample(records), base_depth=base_depth)
    if _claims(whole.sample, settings):
        return whole
    return max(_as_pages(whole, records, settings), key=lambda pages: _fit(pages.sample, settings), default=whole)


def _fit(sample: Sample, settings: ReadSettings) -> tuple[float, int]:
    """How well a reader knows it, and in how many columns: lists of accounts beside posts have a name and a day, too."""
    return max(((m.confidence, len(set(m.mapping.values()))) for m in _claims(sample, settings)), default=(0.0, 0))


def _as_pages(whole: Layout, records: list[dict[str, Any]], settings: ReadSettings) -> Iterator[Layout]:
    """Records as pages of an interface: the objects of one list in each, wherever it lies, if a reader takes them; the longest first."""
    lists: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for record in records:
        for keys, leaf in flatten(record):
            if isinstance(leaf, list) and all(keys):
                lists.setdefault(keys, []).extend(item for item in leaf if isinstance(item, dict))
    for keys, items in sorted(lists.items(), key=lambda found: -len(found[1])):
        pages = replace(whole, sample=_json_sample(items[:SAMPLE_RECORDS]), within=keys)
        if items and _claims(pages.sample, settings):
            yield pages


def _json_sample(records: list[dict[str, Any]]) -> Sample:
    paths: dict[str, tuple[str, ...]] = {}
    seen: set[str] = set()
    spelt: dict[tuple[str, ...], tuple[str, ...]] = {}
    for record in records:
        for keys, _ in flatten(record):
            name = ".".join(keys)
            if name.lower() not in seen and _can_be_column(keys, spelt):
                seen.add(name.lower())
                paths[name] = keys
    inner = {keys[:i] for keys in paths.values() for i in range(1, len(keys))}
    paths = {name: keys for name, keys in paths.items() if keys not in inner}  # null here, an object elsewhere
    rows = [
        {".".join(keys): leaf for keys, leaf in flatten(record)} | {k: record[k] for k in _WHOLE if k in record}
        for record in records
    ]
    return Sample("JSON", list(paths), rows, paths=paths)


def _can_be_column(keys: tuple[str, ...], spelt: dict[tuple[str, ...], tuple[str, ...]]) -> bool:
    """No key may be empty, and none may differ in case alone from one met before (`spelt`) at the same place."""
    if not all(keys):
        return False
    starts = [keys[:i] for i in range(1, len(keys) + 1)]
    return all(spelt.setdefault(tuple(key.lower() for key in start), start) == start for start in starts)


def _has_json_line(head: bytes) -> bool:
    """True when one of the first lines is a whole object by itself: then the file is JSON lines. The last line of the head may be cut."""
    lines = head.split(b"\n")[:50]
    if len(lines) == 1:
        return True  # one long line: a page, or one record
    return any(line.startswith(b"{") and _loads(line) is not None for line in lines) or not lines[0].strip(
        b" \t\r"
    ).endswith((b"{", b"[", b","))


def _loads(raw: bytes | str) -> dict[str, Any] | None:
    try:
        record = json.loads(raw)
        if isinstance(raw, str) and "\\u" in raw:
            record = _without_lone_surrogates(record)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


def _without_lone_surrogates(record: Any) -> Any:
    """Halves of characters, which JSON text may name and no column or file can hold, become U+FFFD, as where the rows are read."""
    text = json.dumps(record, ensure_ascii=False)
    return json.loads(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))


def _records(batches: Iterator[pa.RecordBatch]) -> Iterator[dict[str, Any]]:
    for batch in batches:
        for raw in batch.column(1).to_pylist():
            record = _loads(raw.lstrip(" \t\r\n,[]")) if raw else None
            if record is not None:
                yield record


_WHOLE = ("public_metrics", "data", "includes", "meta", "errors", "referenced_tweets", "edit_history_tweet_ids")


def _delimited_layout(source: Source) -> Layout:
    dialect, rows = sniff_dialect(source.head, complete=source.head_is_all)
    if not rows:
        raise HouselightsError(f"{source.path}: the file holds no rows, only blank lines. Export it again.")
    header = [name.strip().strip("\ufeff") for name in rows[0]]
    container = "TSV" if dialect.delimiter == "\t" else "CSV"
    if len(header) < 2:
        raise HouselightsError(
            f"{source.path}: no table found: the first line has one field only ({header[0][:80]!r}). "
            f"Wanted: columns between {', '.join(DELIMITERS.values())}, or JSON lines, or Parquet."
        )
    whole = [row for row in rows if len(row) == len(header)]
    if len(header) == 8 and cnt.looks_headerless(whole[:20]):
        names = [f"column {i + 1}" for i in range(8)]
        return Layout(
            Sample(container, names, [dict(zip(names, r, strict=True)) for r in whole], has_header=False), dialect
        )
    names = _distinct(header)
    if not whole[1:] and len(rows) == 1 and source.head_is_all:
        raise HouselightsError(f"{source.path}: only a header, no rows. Check the export.")
    return Layout(
        Sample(container, names, [dict(zip(names, r, strict=True)) for r in whole[1:SAMPLE_RECORDS]]), dialect
    )


def _distinct(header: list[str]) -> list[str]:
    """Empty and repeated column names get a number, so that each can be named in --map."""
    names: dict[str, None] = {}
    for i, name in enumerate(header):
        base = name or f"column {i + 1}"
        names[base if base not in names else f"{base} ({i + 1})"] = None
    return list(names)


def choose(sample: Sample, settings: ReadSettings, where: str) -> Match:
    """The reader for a sample. Raises HouselightsError when none fits, or when two fit equally well."""
    generic.check_map(sample, settings.column_map)
    if settings.format != "auto":
        return _named(sample, settings, where)
    claims = _claims(sample, settings)
    if (
        not settings.column_map
        and {m.format for m in claims} <= {generic.FORMAT.name}
        and (of := _collected_from(sample))
    ):
        raise HouselightsError(
            f"{where}: what Zeeschuimer collects from {of} is not read, only posts of {_COLLECTED}: let 4CAT import the file, and read the "
            "CSV that it gives."
        )
    if not claims:
        raise _refused(sample, settings, where)
    best = max(m.confidence for m in claims)
    first = [m for m in claims if m.confidence >= best - 0.02]
    if len(first) > 1:
        candidates = " or ".join(f"{m.format} ({m.reason})" for m in first)
        raise HouselightsError(f"{where}: say with --format NAME which it is, for it could be {candidates}.")
    return first[0]


def _claims(sample: Sample, settings: ReadSettings) -> list[Match]:
    """What the readers, or the one that is named, make of it; nothing where a column is missing that the user maps."""
    names = FORMATS if settings.format == "auto" else FORMATS.keys() & {settings.format}
    if not set(settings.column_map.values()) <= set(sample.names):
        return []
    return [m for m in (_match(name, sample, settings.column_map) for name in names) if m]


_COLLECTED = "Bluesky, Instagram, Threads, TikTok and X, as their web pages have them"


def _collected_from(sample: Sample) -> str | None:
    """The platform that most records name in what Zeeschuimer says of them, beside them or, where 4CAT has imported them, within."""
    for where in ("", "__import_meta."):
        named = [
            str(r[f"{where}source_platform"])
            for r in sample.rows
            if {f"{where}source_platform", f"{where}item_id"} <= r.keys()
        ]
        if sample.container == "JSON" and named and len(named) >= 0.5 * len(sample.rows):
            return shown(max(set(named), key=named.count))
    return None


def _refused(sample: Sample, settings: ReadSettings, where: str) -> HouselightsError:
    """What is missing, and which readers would take the file if it had a few more columns."""
    near = sorted((len(missing), name, missing) for name in TABLE_READERS for missing in _missing(name, sample)[:1])
    told = [f"{name} (lacks {_listed(missing)})" for _, name, missing in near[:MOST_NEAREST]]
    nearest = f" Nearest formats: {', '.join(told)}." if told else ""
    return HouselightsError(f"{generic.refuse(sample, settings.column_map, where)}{nearest}")


def _missing(name: str, sample: Sample) -> list[list[str]]:
    """The columns that each shape of a format lacks here, fewest first, where it has at least two and half of them."""
    has = {column.strip().lower() for column in sample.names}
    shapes: tuple[frozenset[str], ...] = getattr(TABLE_READERS.get(name), "SHAPES", ())
    lacks = [sorted(column for column in shape if column.lower() not in has) for shape in shapes]
    near = [m for shape, m in zip(shapes, lacks, strict=True) if m and len(shape) - len(m) >= max(2, len(m))]
    return sorted(near, key=len)


def _listed(names: list[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _match(name: str, sample: Sample, column_map: dict[str, str]) -> Match | None:
    reader: Any = JSON_READERS.get(name) or TABLE_READERS[name]
    claim: Match | None = reader.match(sample, column_map)
    return claim


def _named(sample: Sample, settings: ReadSettings, where: str) -> Match:
    if settings.format not in FORMATS:
        raise HouselightsError(f"--format {settings.format}: no such format. There are: auto, {', '.join(FORMATS)}.")
    match = _match(settings.format, sample, settings.column_map)
    if match is None and settings.format == generic.FORMAT.name:
        raise _refused(sample, settings, where)
    if match is None:
        lacks = next((f" it lacks {_listed(missing)}," for missing in _missing(settings.format, sample)), "")
        raise HouselightsError(
            f"{where}: does not look like {settings.format}:{lacks} its columns are {sample.listed()}. Try --format auto."
        )
    return replace(match, confidence=1.0, reason="named by --format")
