"""Frames of a stream -> staged rows, by the same readers and rules as files: what a frame lacks rejects it in the same words.

Which reader takes a stream is decided once, from its first frames, which are kept: a stream that goes on tomorrow is read as it was today.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import duckdb
import pyarrow as pa

from houselights.core.errors import HouselightsError
from houselights.core.settings import ReadSettings
from houselights.ingest import accept, json_text, times
from houselights.ingest.detect import FORMATS, JSON_READERS, Layout, choose, text_layout
from houselights.ingest.report import IngestReport, SourceReport
from houselights.ingest.source import REPLACEMENT, clean_utf8, open_source
from houselights.ingest.staging import json_rows
from houselights.ingest.table import supplied

_FRAMES = "ingest_frames"
EVENT_TIME = f"coalesce(created_at, {times.day_month_time('created_parts', day_first=False)})"
"""SQL: when a staged row happened, before the whole column tells which of two numbers is the day."""


@dataclass(frozen=True)
class Part:
    """What tables call one part of a stream (a topic's partition, or all of it), and SQL of its staged rows with `row`, their order."""

    name: str
    rows: str


class FrameReader:
    """Reads frames that are JSON objects. Raises HouselightsError where the sample shows that no reader takes them."""

    def __init__(self, sample: Path, settings: ReadSettings, where: str) -> None:
        self._layout = _layout(sample, settings, where)
        self._match = choose(self._layout.sample, settings, where)
        nested = JSON_READERS.get(self._match.format)
        fields = nested.FIELDS if nested else supplied(self._match.mapping) | self._match.also
        self._told = accept.Told.of(FORMATS[self._match.format], fields)
        within = self._layout.within
        records = json_text.elements(_FRAMES, within, True) if within else _FRAMES
        raw = json_rows(self._layout, replace(self._match, only=""), partial(json_text.typed, records, is_lines=True))
        self._sql = accept.staging(raw, self._told)

    @property
    def format(self) -> str:
        return self._match.format

    def stage(self, con: duckdb.DuckDBPyConnection, frames: pa.RecordBatch, table: str) -> None:
        """Staged rows of the frames (json_text.SCHEMA), in their order, as the temporary table `table`."""
        con.register(_FRAMES, frames)
        try:
            con.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS {self._sql}").fetchall()
        finally:
            con.unregister(_FRAMES)

    def read_staged(
        self, con: duckdb.DuckDBPyConnection, parts: Sequence[Part], out_dir: Path, settings: ReadSettings
    ) -> IngestReport:
        """Writes posts.parquet and rejects.parquet of staged rows as `read_inputs` does of files.
        Raises HouselightsError when no row is left."""
        con.execute("SET TimeZone = 'UTC'")
        has_ids = "post_id" in self._told.fields
        staged = [
            accept.Staged(part.rows, part.name, self.format, has_ids, times.read_column(con, part.rows))
            for part in parts
        ]
        counts = accept.finish(con, staged, out_dir, settings, lambda: None)
        return IngestReport(tuple(self._report(s, c) for s, c in zip(staged, counts, strict=True)))

    def _report(self, staged: accept.Staged, counts: accept.Counts) -> SourceReport:
        return SourceReport(
            file=staged.name,
            sha256="",
            n_bytes=0,
            format=self.format,
            container=self._layout.sample.container,
            reason=self._match.reason,
            confidence=self._match.confidence,
            columns=self._match.mapping,
            notes=(*self._match.notes, *((staged.time.note,) if staged.time.note else ())),
            precision=next(iter(counts.precisions), staged.time.precision),
            precisions=counts.precisions,
            fields_present=present(self._told.fields),
            rows_read=counts.read,
            rows_accepted=counts.accepted,
            rows_rejected=sum(counts.rejected.values()),
            rows_filtered=counts.filtered,
            rejected_by_rule=counts.rejected,
        )


def present(fields: frozenset[str]) -> frozenset[str]:
    """Links and tags stand in the text where the format has no columns for them."""
    always = {"post_id", "platform", "author_id", "created_at", "kind"}
    return fields | always | ({"urls", "hashtags"} if "text" in fields else set())


def frame_batch(
    frames: Sequence[bytes], lines: Sequence[int], problems: Mapping[int, tuple[str, str]]
) -> pa.RecordBatch:
    """Frames as json_text.SCHEMA. Blank ones are no rows; `problems`: (rule, detail) of frames that could not be kept whole, by place."""
    kept = [i for i, frame in enumerate(frames) if i in problems or frame.strip()]
    raw = _strings([b"" if i in problems else frames[i] for i in kept])
    if problems:
        raw = pa.array(
            [None if i in problems else text for i, text in zip(kept, raw.to_pylist(), strict=True)], pa.string()
        )
    told = [problems.get(i, (None, None)) for i in kept] if problems else []
    rule, detail = (
        (pa.array([t[k] for t in told], pa.string()) if told else pa.nulls(len(kept), pa.string())) for k in (0, 1)
    )
    numbers = pa.array([lines[i] for i in kept], pa.int64())
    return pa.RecordBatch.from_arrays([numbers, raw, rule, detail], schema=json_text.SCHEMA)


def _strings(frames: list[bytes]) -> pa.Array:
    """Clean UTF-8: NUL and broken bytes are U+FFFD, as in files."""
    try:
        text = pa.array(frames, pa.binary()).cast(pa.string())
        if not any(b"\0" in frame for frame in frames):
            return text
    except pa.ArrowInvalid:
        pass
    frames = [clean_utf8(frame).replace(b"\0", REPLACEMENT) for frame in frames]
    return pa.array(frames, pa.binary()).cast(pa.string())


def _layout(sample: Path, settings: ReadSettings, where: str) -> Layout:
    source = replace(open_source(sample), path=Path(where))
    layout = text_layout(source, settings)
    if layout.dialect is not None or layout.base_depth is not None or layout.batches is not None:
        raise HouselightsError(
            f"{where}: its frames are no JSON objects. A stream is read as JSON, one object per frame or line."
        )
    return layout
