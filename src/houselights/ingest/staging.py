"""One input -> cleaned rows in Parquet files beside the output, in bounded memory, ready to go on where a killed read stopped."""

import hashlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from houselights.core.errors import HouselightsError
from houselights.core.paths import in_sql
from houselights.core.settings import ReadSettings
from houselights.ingest import accept, json_text, parquet, sound_lines, times
from houselights.ingest.delimited import record_batches
from houselights.ingest.detect import FORMATS, JSON_READERS, TABLE_READERS, Layout, choose, text_layout
from houselights.ingest.sample import Match, shown
from houselights.ingest.source import Source, Truncated, open_source
from houselights.ingest.table import Rows, supplied

PART_BYTES = 1 << 30
"""What is read before a part is closed; a read that goes on begins after the last closed one."""
_STREAM = "ingest_stream"

Tell = Callable[[int], None]
"""Called with the bytes of the file read so far."""


@dataclass(frozen=True)
class Read:
    """One input: what it is, which reader took it, and its rows."""

    source: Source
    layout: Layout
    match: Match
    fields: frozenset[str]
    staged: accept.Staged


def stage(
    con: duckdb.DuckDBPyConnection,
    path: Path,
    name: str,
    folder: Path,
    table: str | None,
    settings: ReadSettings,
    tell: Tell,
) -> Read:
    """Writes the parts into `folder`, which may hold those of an earlier read of the same; or all into `table`, if the input is simple and
    a table is named. Raises HouselightsError for what cannot be read."""
    con.execute("SET TimeZone = 'UTC'")
    source = replace(open_source(path), name=name)
    rows = parquet.rows(con, source, folder / "it") if source.is_parquet else None
    look = Layout(parquet.sample(con, source, rows)) if rows else text_layout(source, settings)
    match = choose(look.sample, settings, str(path))
    if look.within:
        match = replace(match, notes=(f"posts of the list {shown('.'.join(look.within))} in each record", *match.notes))
    nested = JSON_READERS.get(match.format)
    told = accept.Told.of(FORMATS[match.format], nested.FIELDS if nested else supplied(match.mapping) | match.also)
    if rows is not None:
        part = _beside(
            folder, source, sql := accept.staging(TABLE_READERS[match.format].raw(rows, match.mapping), told)
        )
        if not part.exists():
            with parquet.damage_told(source):
                accept.write(con, sql, part)
        (folder / "it.unpacked").unlink(missing_ok=True)
        staged_rows = accept.rows_of([accept.Part(part)])
    elif look.is_lines and match.one_each and sound_lines.may_be(source):
        staged_rows = _in_slices(con, source, look, match, told, folder, table, tell)
    else:
        staged_rows = accept.rows_of(_in_parts(con, source, look, match, told, folder, tell))
    tell(source.n_bytes)
    time = times.read_column(con, staged_rows)
    staged = accept.Staged(staged_rows, source.name, match.format, "post_id" in told.fields, time)
    return Read(source, look, match, told.fields, staged)


def _beside(folder: Path, source: Source, sql: str, part: int = 0) -> Path:
    """Where these rows lie: the same bytes read in the same way have the same name."""
    key = hashlib.sha256(f"{source.sha256} {source.name} {PART_BYTES} {sql}".encode()).hexdigest()[:16]
    return folder / f"{key}-{part:05}.parquet"


def _in_slices(
    con: duckdb.DuckDBPyConnection,
    source: Source,
    look: Layout,
    match: Match,
    told: accept.Told,
    folder: Path,
    table: str | None,
    tell: Tell,
) -> str:
    """SQL of the rows of JSON lines: slice by slice, by DuckDB itself, or with care where that cannot be trusted.
    What fits in one slice may go into `table`."""
    parts: list[accept.Part] = []
    for of in sound_lines.slices(source, PART_BYTES, folder / "it.slice"):

        def tell_here(n_bytes: int, before: int = of.bytes_before) -> None:
            tell(before + n_bytes)

        sql = accept.staging(json_rows(look, match, partial(sound_lines.typed, of.path)), told)
        path = _beside(folder, source, sql, len(parts))
        line = f"{of.lines_before} + place + 1"
        if _is_sound(con, sql, of, table, path, tell_here):
            if table:
                return accept.rows_in(table, line)
            parts.append(accept.Part(path, line))
        else:
            typed = partial(json_text.typed, _STREAM, is_lines=True)
            sql = accept.staging(json_rows(look, replace(match, only=""), typed), told)
            path = _beside(folder, source, sql, len(parts))
            batches = json_text.line_batches(replace(source, path=of.path).blocks(tell_here))
            _write_part(con, sql, path, json_text.SCHEMA, batches)
            parts.append(accept.Part(path, f"{of.lines_before} + line"))
    return accept.rows_of(parts)


def _is_sound(
    con: duckdb.DuckDBPyConnection, sql: str, of: sound_lines.Slice, table: str | None, path: Path, tell: Tell
) -> bool:
    """Whether DuckDB by itself reads the slice as it is, row for line, into the table or else the file; if not, nothing of it is left."""
    try:
        with _watched(con, of.n_bytes, tell):
            if table:
                con.execute(f"CREATE OR REPLACE TABLE {table} AS {sql}").fetchall()
            elif not path.exists():
                accept.write(con, sql, path)
        if sound_lines.is_sound(con, table or f"read_parquet({in_sql(path)})", of.n_lines):
            return True
    except duckdb.InvalidInputException:  # a line over the limit, for one
        pass
    path.unlink(missing_ok=True)
    con.execute(f"DROP TABLE IF EXISTS {table}" if table else "SELECT 1").fetchall()
    return False


@contextmanager
def _watched(con: duckdb.DuckDBPyConnection, n_bytes: int, tell: Tell) -> Iterator[None]:
    """Tells how far DuckDB is while it works."""
    con.execute("SET enable_progress_bar = true")
    con.execute("SET enable_progress_bar_print = false")
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.5):
            tell(int(max(0.0, con.query_progress()) / 100 * n_bytes))

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()
        con.execute("SET enable_progress_bar = false")


def _in_parts(
    con: duckdb.DuckDBPyConnection,
    source: Source,
    look: Layout,
    match: Match,
    told: accept.Told,
    folder: Path,
    tell: Tell,
) -> list[accept.Part]:
    """Any text, line by line or element by element, each with its number."""
    match = replace(match, only="")
    keep = (
        []
        if look.dialect is None
        else sorted({look.sample.names.index(c) for c in (*match.mapping.values(), *match.beside)})
    )
    schema = json_text.SCHEMA if look.dialect is None else _csv_schema(keep)
    if look.dialect is None:
        is_lines = look.base_depth is None
        records = json_text.elements(_STREAM, look.within, is_lines) if look.within else _STREAM
        raw = json_rows(look, match, partial(json_text.typed, records, is_lines=is_lines))
    else:
        raw = TABLE_READERS[match.format].raw(
            Rows(_STREAM, {look.sample.names[i]: f"c{i}" for i in keep}), match.mapping
        )
    sql = accept.staging(raw, told)
    refused: list[HouselightsError] = []  # DuckDB would wrap an error that is raised inside its stream
    batches = _tolerant(_batches(source, look, keep, tell), schema, refused)
    parts: list[Path] = []
    for batch in batches:
        parts.append(_beside(folder, source, sql, len(parts)))
        _write_part(con, sql, parts[-1], schema, _up_to_a_part(batch, batches))
        if refused:
            raise refused[0]
    if not parts:
        parts.append(_beside(folder, source, sql))
        _write_part(con, sql, parts[0], schema, iter(()))
    return [accept.Part(part) for part in parts]


def _up_to_a_part(first: pa.RecordBatch, rest: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    n_bytes = first.nbytes
    yield first
    while n_bytes < PART_BYTES and (batch := next(rest, None)) is not None:
        n_bytes += batch.nbytes
        yield batch


def _write_part(
    con: duckdb.DuckDBPyConnection, sql: str, part: Path, schema: pa.Schema, batches: Iterator[pa.RecordBatch]
) -> None:
    if part.exists():  # closed by an earlier read of the same bytes
        for _ in batches:
            pass
        return
    con.register(_STREAM, pa.RecordBatchReader.from_batches(schema, batches))
    try:
        accept.write(con, sql, part)
    finally:
        con.unregister(_STREAM)


def json_rows(look: Layout, match: Match, typed: Callable[[dict[str, Any]], str]) -> str:
    """SQL of the raw rows of JSON records; of a table's keys only the mapped ones are typed, all leaves as text, lists and objects as JSON text."""
    if nested := JSON_READERS.get(match.format):
        return str(nested.raw(typed(nested.structure(match)), match))
    structure: dict[str, Any] = {}
    expressions = {}
    for name in dict.fromkeys((*match.mapping.values(), *match.beside)):
        *above, leaf = look.sample.paths.get(name) or name.split(".")  # a key that the sample lacks may come later
        level = structure
        for key in above:
            level = level.setdefault(key, {})
        level[leaf] = "VARCHAR"
        expressions[name] = "j" + "".join(f".{parquet.quoted(key)}" for key in (*above, leaf))
    return str(TABLE_READERS[match.format].raw(Rows(typed(structure), expressions), match.mapping))


def _batches(source: Source, look: Layout, keep: list[int], tell: Tell) -> Iterator[pa.RecordBatch]:
    blocks = source.blocks(tell)
    if look.dialect is not None:
        return record_batches(blocks, look.dialect, len(look.sample.names), keep, look.sample.has_header)
    if look.batches is not None:
        return look.batches(blocks)
    if look.base_depth is None:
        return json_text.line_batches(blocks)
    return json_text.element_batches(blocks, look.base_depth)


def _tolerant(
    batches: Iterator[pa.RecordBatch], schema: pa.Schema, refused: list[HouselightsError]
) -> Iterator[pa.RecordBatch]:
    """A file whose compressed data break off counts as one row rejected; the rows before go through."""
    try:
        yield from batches
    except HouselightsError as error:
        refused.append(error)
    except Truncated as error:
        problem = {"line": 0, "rule": "truncated_file", "detail": f"the compressed data break off: {error}"}
        yield pa.RecordBatch.from_pylist([dict.fromkeys(schema.names) | problem], schema=schema)


def _csv_schema(keep: list[int]) -> pa.Schema:
    fields = [("line", pa.int64()), ("rule", pa.string()), ("detail", pa.string())]
    return pa.schema(fields + [(f"c{i}", pa.string()) for i in keep])
