"""The tables of a RUN from the log of its watch: the ordinary scan of the posts inside the horizon, in a process of its own.

`python -m houselights.watch.tables RUN` reads the last commit, scans into RUN/.tables, and puts the result in its place. Killed at any
moment it leaves the earlier tables, or a manifest that says the RUN is not complete; the next one writes them anew.
"""

import ctypes
import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from houselights import ingest, pipeline
from houselights.core.errors import HouselightsError
from houselights.core.paths import in_sql
from houselights.core.settings import ContentSettings, EvidenceSettings, ReadSettings, ScanSettings, TraceSettings
from houselights.core.tables import LATE
from houselights.ingest.frames import FrameReader, Part
from houselights.watch import alert_tables, batches, horizon
from houselights.watch.log import FOLDER, SAMPLE, State, read_state
from houselights.watch.settings import WatchSettings

BESIDE = ".tables"
MOST_IN_MEMORY = 500_000  # rows: as with files, fewer are not written down once more
NOTHING_YET = 3
"""Exit code of the process: no row of the log is a post inside the horizon."""


def write(run_dir: Path, progress: pipeline.Progress | None = None) -> dict[str, Any]:
    """Writes the tables of the last commit and returns the manifest. Raises HouselightsError where nothing is left to write."""
    state = read_state(run_dir)
    if state is None:
        raise HouselightsError(
            f"{run_dir} has no tables: no JSON object has come from the source. A watch reads JSON, one post a line; other files are for "
            "`houselights scan`."
        )
    settings = settings_of(state)
    beside = run_dir / BESIDE
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir()
    log = _Log(run_dir, state, settings)
    files = [Path(settings.source)] if Path(settings.source).is_file() else []
    manifest = pipeline.scan(files, beside, settings.scan, progress, log.reader)
    log.write_late(beside)
    alert_tables.write(run_dir / FOLDER, state, beside)
    manifest = manifest | {"late": log.n_late, "watch": _told(state, settings, log.horizon)}
    _publish(beside, run_dir, manifest)
    return manifest


class _Log:
    """The rows of one commit, and what of them the horizon holds."""

    def __init__(self, run_dir: Path, state: State, settings: WatchSettings) -> None:
        self._folder, self._state, self._settings = run_dir / FOLDER, state, settings
        self.horizon = horizon.horizon(state, settings)
        self._reader = FrameReader(self._folder / SAMPLE, settings.scan.read, settings.source)
        self._parts: list[Part] = []
        self.n_late = 0

    def reader(
        self,
        con: duckdb.DuckDBPyConnection,
        out_dir: Path,
        progress: Callable[[str, int, int], None],
        before: Callable[[], None],
    ) -> ingest.IngestReport:
        before()
        con.execute("SET TimeZone = 'UTC'")
        if not self._state.segments:
            raise HouselightsError(f"{self._settings.source}: no post lies inside the horizon.")
        files = batches.files_sql(self._folder, self._state.segments)
        inside = horizon.rows_in(files, self.horizon, self._state.first_clock_us)
        beside = out_dir / ".rows"
        beside.mkdir()
        try:
            (n_rows,) = con.execute(f"SELECT count(*) FROM ({inside})").fetchall()[0]
            for p, name in enumerate(self._state.parts):
                path = beside / f"{p}.parquet"
                sql = f"SELECT * EXCLUDE (part, at_us, timely, clock_us, behind_us) FROM ({inside}) WHERE part = {p} ORDER BY row"
                if n_rows <= MOST_IN_MEMORY:
                    rows = f"watch_part_{p}"
                    con.execute(f"CREATE OR REPLACE TEMP TABLE {rows} AS {sql}")
                else:
                    rows = f"read_parquet({in_sql(path)})"
                    con.execute(f"COPY ({sql}) TO {_target(path)} (FORMAT parquet, COMPRESSION snappy)")
                (n,) = con.execute(f"SELECT count(*) FROM {rows}").fetchall()[0]
                if n:
                    self._parts.append(Part(name, f"(SELECT * FROM {rows})"))
            if not self._parts:
                raise HouselightsError(f"{self._settings.source}: no frame has come yet.")
            return self._reader.read_staged(con, self._parts, out_dir, self._settings.scan.read)
        finally:
            shutil.rmtree(beside, ignore_errors=True)
            for p in range(len(self._state.parts)):
                con.execute(f"DROP TABLE IF EXISTS watch_part_{p}")

    def write_late(self, out_dir: Path) -> None:
        """late.parquet: posts that came too late to count, or dated too far ahead; not those that were deleted since."""
        con = duckdb.connect(":memory:")
        con.execute("SET TimeZone = 'UTC'")
        files = batches.files_sql(self._folder, self._state.segments)
        late = horizon.rows_in(files, self.horizon, self._state.first_clock_us, late=True)
        if not self._state.segments:
            LATE.write(out_dir, LATE.empty())
            return
        names = (
            "CASE part " + " ".join(f"WHEN {p} THEN {_text(name)}" for p, name in enumerate(self._state.parts)) + " END"
        )
        deleted = f"SELECT DISTINCT coalesce(post_id, local_id) AS id FROM {files} WHERE deletes"
        own = {
            "created_at": "make_timestamp(at_us)::TIMESTAMPTZ",
            "created_at_precision": "CASE WHEN at_us % 1000 <> 0 THEN 'us' WHEN at_us % 1000000 <> 0 THEN 'ms' ELSE 's' END",
            "source_format": f"'{self._reader.format}'",
            "raw_ref": f"{{'file': {names}, 'line': line}}",
            "behind_s": "CASE WHEN behind_us > 0 THEN behind_us / 1e6 END",
            "came_at": "make_timestamp(clock_us)::TIMESTAMPTZ",
        }
        columns = ", ".join(f'{own.get(c.name, _quoted(c.name))} AS "{c.name}"' for c in LATE.columns)
        order = ", ".join(LATE.order)
        gone = " OR ".join(f"coalesce({name} IN (FROM ({deleted})), false)" for name in ("post_id", "local_id"))
        kept = f"SELECT * FROM ({late}) WHERE rule IS NULL AND NOT ({gone})"
        table = con.sql(f"SELECT {columns} FROM ({kept}) ORDER BY {order}, row").to_arrow_table()
        con.close()
        self.n_late = table.num_rows
        LATE.write(out_dir, table)


def _publish(beside: Path, run_dir: Path, manifest: dict[str, Any]) -> None:
    """Between the first and the last rename the manifest says that the RUN is not complete."""
    if os.getppid() == 1 and os.environ.get("HOUSELIGHTS_WATCH_CHILD"):
        raise HouselightsError("the watch that asked for these tables is gone.")
    pipeline.write_manifest(run_dir, {"complete": False, "version": manifest["version"]})
    (beside / pipeline.MANIFEST).unlink()
    new = {path.name for path in beside.iterdir()}
    for old in pipeline.replaced(run_dir):
        if old.name not in new:
            old.unlink(missing_ok=True)
    for path in sorted(beside.iterdir()):
        path.replace(run_dir / path.name)
    pipeline.write_manifest(run_dir, manifest)
    shutil.rmtree(beside, ignore_errors=True)


def _told(state: State, settings: WatchSettings, of: horizon.Horizon) -> dict[str, Any]:
    clock = horizon.clock_us(state)
    return {
        "source": settings.source,
        "frames": state.n_frames,
        "counts": state.counts,
        "clock": None if clock is None else _utc(clock),
        "lateness_s": settings.lateness_s,
        "horizon": {
            "from": None if of.start_us is None else _utc(of.start_us),
            "held_by": of.bound,
            "longest_s": settings.horizon_s,
            "most_posts": settings.horizon_posts,
        },
    }


def settings_of(state: State) -> WatchSettings:
    """The settings as they were written down."""
    told = state.settings
    scan = told["scan"]
    return WatchSettings(
        **{k: v for k, v in told.items() if k != "scan"},
        scan=ScanSettings(
            read=ReadSettings(**scan["read"]),
            content=ContentSettings(**scan["content"]),
            traces=TraceSettings(**scan["traces"] | {"media_folders": tuple(scan["traces"]["media_folders"])}),
            evidence=EvidenceSettings(**scan["evidence"] | {"windows_s": tuple(scan["evidence"]["windows_s"])}),
            known_file=scan["known_file"],
        ),
    )


def _utc(us: int) -> str:
    return datetime.fromtimestamp(us / 1e6, UTC).isoformat()


def _quoted(name: str) -> str:
    return f'"{name}"'


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _target(path: Path) -> str:
    return _text(str(path))


def main() -> int:
    if os.environ.get("HOUSELIGHTS_WATCH_CHILD") and sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: no table is written for a watch that is gone
        os.nice(5)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started this decides when it ends
    try:
        manifest = write(Path(sys.argv[1]))
    except HouselightsError as error:
        print(error, file=sys.stderr)
        return NOTHING_YET
    print(json.dumps({"accepted": manifest["accepted"]}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
