"""Files -> posts.parquet and rejects.parquet."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from houselights.core.errors import HouselightsError
from houselights.core.settings import ReadSettings
from houselights.ingest import accept, json_text, parquet, times, workbook
from houselights.ingest.delimited import record_batches
from houselights.ingest.detect import FORMATS, JSON_READERS, TABLE_READERS, Layout, choose, text_layout
from houselights.ingest.report import IngestReport, SourceReport
from houselights.ingest.sample import Match
from houselights.ingest.source import Source, Truncated, encoding_words, open_source
from houselights.ingest.table import Rows, supplied

Progress = Callable[[str, int, int], None]
"""Called with (file name, bytes read so far, bytes of the file)."""


@dataclass(frozen=True)
class _Read:
    source: Source
    layout: Layout
    match: Match
    fields: frozenset[str]
    staged: accept.Staged


def formats() -> list[dict[str, object]]:
    """What can be read: name, title, containers, time_precision, repost_ids, account_ids, limits."""
    return [dict(vars(f)) for f in FORMATS.values()]


def read_inputs(
    con: duckdb.DuckDBPyConnection,
    inputs: Sequence[Path],
    out_dir: Path,
    settings: ReadSettings,
    progress: Progress | None = None,
    before_writing: Callable[[], None] | None = None,
) -> IngestReport:
    """
    Writes posts.parquet and rejects.parquet (core.tables) into the existing folder `out_dir`; sets the connection's time zone to UTC.
    `before_writing` is called when all inputs have been read and before anything in `out_dir` is replaced.
    Raises HouselightsError for what cannot be read at all, and when no row is left.
    """
    if not inputs:
        raise HouselightsError(
            "no input file given. Name at least one: CSV, TSV, JSON lines, JSON or Parquet, also .gz and .zst."
        )
    con.execute("SET TimeZone = 'UTC'")
    beside = out_dir / ".reading"
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir()
    try:
        reads = [_stage(con, Path(path), beside / f"{i}.parquet", settings, progress) for i, path in enumerate(inputs)]
        if before_writing:
            before_writing()
        counts = accept.finish(con, [r.staged for r in reads], out_dir, settings)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return IngestReport(tuple(_report(r, c) for r, c in zip(reads, counts, strict=True)))


def read_table(
    con: duckdb.DuckDBPyConnection, table: pa.Table, out_dir: Path, settings: ReadSettings, name: str = "table"
) -> IngestReport:
    """An Arrow table in memory (from pandas, polars, DuckDB or any Arrow stream), read as Parquet would be. Line numbers are row numbers."""
    path = out_dir / name
    try:
        pq.write_table(table, path)
        return read_inputs(con, [path], out_dir, settings)
    finally:
        path.unlink(missing_ok=True)


def _stage(
    con: duckdb.DuckDBPyConnection, path: Path, staged_path: Path, settings: ReadSettings, progress: Progress | None
) -> _Read:
    source = open_source(path)
    rows = parquet.rows(con, source, staged_path) if source.is_parquet else None
    look = Layout(parquet.sample(con, source, rows)) if rows else text_layout(source)
    match = choose(look.sample, settings, str(path))
    nested = JSON_READERS.get(match.format)
    told = accept.Told.of(FORMATS[match.format], nested.FIELDS if nested else supplied(match.mapping) | match.also)
    if rows is not None:
        with parquet.damage_told(source):
            accept.stage(con, TABLE_READERS[match.format].raw(rows, match.mapping), staged_path, told)
    else:
        _stage_text(con, source, look, match, staged_path, told, progress)
    time = times.read_column(con, f"read_parquet('{accept.sql_path(staged_path)}')")
    staged = accept.Staged(staged_path, source.name, match.format, "post_id" in told.fields, time)
    return _Read(source, look, match, told.fields, staged)


def _stage_text(
    con: duckdb.DuckDBPyConnection,
    source: Source,
    look: Layout,
    match: Match,
    staged_path: Path,
    told: accept.Told,
    progress: Progress | None,
) -> None:
    is_json = look.dialect is None
    keep = [] if is_json else sorted({look.sample.names.index(c) for c in (*match.mapping.values(), *match.beside)})
    schema = json_text.SCHEMA if is_json else _csv_schema(keep)
    refused: list[HouselightsError] = []  # DuckDB would wrap an error that is raised inside its stream
    batches = _tolerant(_batches(source, look, keep, progress), schema, refused)
    stream = pa.RecordBatchReader.from_batches(schema, batches)
    con.register("ingest_stream", stream)
    try:
        if nested := JSON_READERS.get(match.format):
            sql = nested.raw(json_text.typed("ingest_stream", nested.structure(match), look.base_depth is None), match)
        elif is_json:
            sql = TABLE_READERS[match.format].raw(_json_rows(look, match), match.mapping)
        else:
            columns = {look.sample.names[i]: f"c{i}" for i in keep}
            sql = TABLE_READERS[match.format].raw(Rows("ingest_stream", columns), match.mapping)
        accept.stage(con, sql, staged_path, told)
    finally:
        con.unregister("ingest_stream")
    if refused:
        raise refused[0]


def _batches(source: Source, look: Layout, keep: list[int], progress: Progress | None) -> Iterator[pa.RecordBatch]:
    blocks = _told(source, progress) if progress else source.blocks()
    if look.dialect is not None:
        return record_batches(blocks, look.dialect, len(look.sample.names), keep, look.sample.has_header)
    if look.batches is not None:
        return look.batches(blocks)
    if look.base_depth is None:
        return json_text.line_batches(blocks)
    return json_text.element_batches(blocks, look.base_depth)


def _told(source: Source, progress: Progress) -> Iterator[bytes]:
    n_bytes = 0
    for block in source.blocks():
        n_bytes += len(block)
        progress(source.name, min(n_bytes, source.n_bytes), source.n_bytes)
        yield block


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


def _json_rows(look: Layout, match: Match) -> Rows:
    """Only the mapped keys are typed; all leaves as text, lists and objects as JSON text."""
    structure: dict[str, Any] = {}
    expressions = {}
    for name in dict.fromkeys((*match.mapping.values(), *match.beside)):
        *above, leaf = look.sample.paths.get(name) or name.split(".")  # a key that the sample lacks may come later
        level = structure
        for key in above:
            level = level.setdefault(key, {})
        level[leaf] = "VARCHAR"
        expressions[name] = "j" + "".join(f".{parquet.quoted(key)}" for key in (*above, leaf))
    return Rows(json_text.typed("ingest_stream", structure, look.base_depth is None), expressions)


def _report(read: _Read, counts: accept.Counts) -> SourceReport:
    encoding = (
        ()
        if read.source.is_parquet or read.source.encoding == "utf-8"
        else (f"text read as {encoding_words(read.source.encoding)}",)
    )
    sheet = workbook.sheet_note(read.source.path) if read.source.compression == "xlsx" else ""
    order = tuple(note for note in (sheet, read.staged.time.note) if note)
    return SourceReport(
        file=read.source.name,
        sha256=read.source.sha256,
        n_bytes=read.source.n_bytes,
        format=read.match.format,
        container=read.layout.sample.container,
        reason=read.match.reason,
        confidence=read.match.confidence,
        columns=read.match.mapping,
        notes=(*read.match.notes, *order, *encoding),
        precision=next(iter(counts.precisions), read.staged.time.precision),
        precisions=counts.precisions,
        fields_present=_present(read.fields),
        rows_read=counts.read,
        rows_accepted=counts.accepted,
        rows_rejected=sum(counts.rejected.values()),
        rows_filtered=counts.filtered,
        rejected_by_rule=counts.rejected,
    )


def _present(fields: frozenset[str]) -> frozenset[str]:
    """Links and tags stand in the text where the format has no columns for them."""
    always = {"post_id", "platform", "author_id", "created_at", "kind"}
    return fields | always | ({"urls", "hashtags"} if "text" in fields else set())
