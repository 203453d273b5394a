"""Files -> posts.parquet and rejects.parquet."""

import shutil
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TypeVar

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from houselights.core.errors import HouselightsError, shortage_told
from houselights.core.settings import ReadSettings
from houselights.core.work import HERE, Work
from houselights.ingest import accept, staging, workbook
from houselights.ingest.detect import FORMATS
from houselights.ingest.frames import present
from houselights.ingest.report import IngestReport, SourceReport
from houselights.ingest.source import encoding_note

FILES_AT_ONCE = 4
READ_MIB, SORT_MIB, MIB_PER_THREAD = 640, 384, 64
_IN_MEMORY = "ingest_memory"
_Result = TypeVar("_Result")
Progress = Callable[[str, int, int], None]
"""Called with (file name, bytes of all files read so far, bytes of all files)."""


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
    work: Work = HERE,
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
    con.execute(f"ATTACH ':memory:' AS {_IN_MEMORY}")
    paths = [Path(path) for path in inputs]
    try:
        with shortage_told(out_dir):
            reads = _frugally(con, READ_MIB, lambda: _stage_all(con, paths, beside, settings, progress, work))
            first = before_writing or (lambda: None)
            staged = [r.staged for r in reads]
            counts = _frugally(con, SORT_MIB, lambda: accept.finish(con, staged, out_dir, settings, first))
    except Exception:
        shutil.rmtree(beside, ignore_errors=True)
        raise
    finally:
        with suppress(duckdb.Error):  # what went wrong is told already; some damage to a file ends DuckDB itself
            con.execute(f"DETACH {_IN_MEMORY}")
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


def _frugally(con: duckdb.DuckDBPyConnection, mib: int, work: Callable[[], _Result]) -> _Result:
    """The work in the same memory whatever the size of the input: DuckDB spills beyond it. Where that is too little, with all there is."""
    limit, threads = con.execute("SELECT current_setting('memory_limit'), current_setting('threads')").fetchall()[0]
    con.execute(f"SET memory_limit = '{mib + MIB_PER_THREAD * int(threads)}MiB'")
    try:
        return work()
    except duckdb.OutOfMemoryException:
        con.execute(f"SET memory_limit = '{limit}'")
        return work()
    finally:
        with suppress(duckdb.Error):
            con.execute(f"SET memory_limit = '{limit}'")


def _stage_all(
    con: duckdb.DuckDBPyConnection,
    inputs: list[Path],
    beside: Path,
    settings: ReadSettings,
    progress: Progress | None,
    work: Work,
) -> list[staging.Read]:
    """All inputs, several at a time; of several that cannot be read, the first is told. What is left of a killed read is gone on with, and
    so is what was read elsewhere."""
    meter = _Meter(inputs, progress)
    cursors, names = [con.cursor() for _ in inputs], _names(inputs)
    is_small = meter.n_bytes < staging.PART_BYTES  # nothing to go on with, and room for all of it
    if work.width > 1 and len(inputs) > 1 and not is_small:
        jobs = [(path.absolute(), names[i], beside.absolute() / str(i)) for i, path in enumerate(inputs)]
        for i, n_bytes in enumerate(work.map(partial(_stage_alone, settings=settings), jobs)):
            meter.tell(i, n_bytes)

    def one(i: int) -> staging.Read:
        folder = beside / str(i)
        folder.mkdir(parents=True, exist_ok=True)
        table = f"{_IN_MEMORY}.input_{i}" if is_small else None
        tell = partial(meter.tell, i)
        return staging.stage(cursors[i], inputs[i], names[i], folder, table, settings, tell)

    with ThreadPoolExecutor(min(FILES_AT_ONCE, len(inputs))) as pool:
        futures = [pool.submit(one, i) for i in range(len(inputs))]
        try:
            wait(futures, return_when=FIRST_EXCEPTION)
        finally:  # nothing goes on behind the back of an error or of Ctrl-C
            for future, cursor in zip(futures, cursors, strict=True):
                if not future.done() and not future.cancel():
                    cursor.interrupt()
    errors = [error for f in futures if not f.cancelled() and (error := f.exception())]
    if errors:
        raise next((error for error in errors if not isinstance(error, duckdb.InterruptException)), errors[0])
    return [f.result() for f in futures]


def _stage_alone(job: tuple[Path, str, Path], settings: ReadSettings) -> int:
    """Leaves the parts of one input in its folder, for `stage` to find; its bytes."""
    path, name, folder = job
    folder.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as con:
        con.execute(
            f"SET enable_progress_bar = false; SET threads = 1; SET memory_limit = '{READ_MIB + MIB_PER_THREAD}MiB'"
        )
        con.execute("SET temp_directory = '" + str(folder / "spill").replace("'", "''") + "'")
        return staging.stage(con, path, name, folder, None, settings, lambda n_bytes: None).source.n_bytes


def _names(inputs: Sequence[Path]) -> list[str]:
    """What each input is called in tables: its file name, with as many folders before it as tell it from another of that name."""
    names = [path.name for path in inputs]
    for i, path in enumerate(inputs):
        others = {p.absolute() for p in inputs if p.name == path.name} - {path.absolute()}
        depth = 1
        while any(p.parts[-depth:] == path.absolute().parts[-depth:] for p in others) and depth < len(
            path.absolute().parts
        ):
            depth += 1
        names[i] = str(Path(*path.absolute().parts[-depth:]))
    return names


class _Meter:
    """Bytes read of all files together; several threads tell it."""

    def __init__(self, inputs: Sequence[Path], progress: Progress | None) -> None:
        self._names = [path.name for path in inputs]
        self._sizes = [path.stat().st_size if path.is_file() else 0 for path in inputs]
        self.n_bytes = sum(self._sizes)
        self._done = [0] * len(inputs)
        self._progress = progress
        self._lock = threading.Lock()

    def tell(self, i: int, n_bytes: int) -> None:
        with self._lock:
            self._done[i] = max(
                self._done[i], min(n_bytes, self._sizes[i])
            )  # a file read again with care does not go back
            if self._progress:
                self._progress(self._names[i], sum(self._done), self.n_bytes)


def _report(read: staging.Read, counts: accept.Counts) -> SourceReport:
    encoding = "" if read.source.is_parquet else encoding_note(read.source.encoding)
    sheet = workbook.sheet_note(read.source.path) if read.source.compression == "xlsx" else ""
    told = tuple(note for note in (sheet, read.staged.time.note, encoding) if note)
    return SourceReport(
        file=read.source.name,
        sha256=read.source.sha256,
        n_bytes=read.source.n_bytes,
        format=read.match.format,
        container=read.layout.sample.container,
        reason=read.match.reason,
        confidence=read.match.confidence,
        columns=read.match.mapping,
        notes=(*read.match.notes, *told),
        precision=next(iter(counts.precisions), read.staged.time.precision),
        precisions=counts.precisions,
        fields_present=present(read.fields),
        rows_read=counts.read,
        rows_accepted=counts.accepted,
        rows_rejected=sum(counts.rejected.values()),
        rows_filtered=counts.filtered,
        rejected_by_rule=counts.rejected,
    )
