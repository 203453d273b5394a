"""A batch of frames -> a segment of the log: staged by the readers of `ingest`, judged against the clock, written, not yet committed."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from houselights.core.errors import HouselightsError
from houselights.core.settings import ReadSettings
from houselights.engine.local import connect
from houselights.ingest import accept, frames
from houselights.kernels import stream_clock
from houselights.kernels.stream_clock import K_ACCOUNTS, UNSET_US
from houselights.watch import horizon
from houselights.watch.log import SAMPLE, Log, Segment, settle, write_whole
from houselights.watch.settings import WatchSettings

SAMPLE_FRAMES = 300
_LONG = 40
"""Characters: what people write is longer, and is kept in no sample; times, ids and keys are shorter."""
MOST_UNKNOWN = 20_000
_SHAPES = {
    "bluesky": b'{"did":"did:plc:a","time_us":1,"kind":"commit"}',
    "mastodon": b'{"stream":["public"],"event":"update","payload":"{}"}',
}
"""Formats of one shape: no frame is needed to know it."""
_ROWS, _JUDGED = "watch_rows", "watch_judged"


_Clocks = tuple[NDArray[np.uint64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]


@dataclass
class Batch:
    """Frames in their order of arrival: what each is called in tables, and the part of the stream it came by."""

    frames: list[bytes] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    parts: list[int] = field(default_factory=list)
    problems: dict[int, tuple[str, str]] = field(default_factory=dict)
    position: dict[str, Any] | None = None

    def add(self, more: "Batch") -> None:
        before = len(self.frames)
        self.frames += more.frames
        self.lines += more.lines
        self.parts += more.parts
        self.problems |= {before + i: told for i, told in more.problems.items()}
        self.position = more.position or self.position


@dataclass(frozen=True)
class Told:
    """What came of a batch."""

    frames: int
    accepted: int
    late: int
    rejected: int


class Writer:
    """Turns batches into segments. `server_stamps`: the source says itself when a post came."""

    def __init__(self, log: Log, settings: WatchSettings, name: str, server_stamps: bool) -> None:
        self.log, self._settings, self._name, self._server_stamps = log, settings, name, server_stamps
        self.con = connect(memory_limit="1GiB", threads=2, temp_dir=log.path("spill"))
        self._reader: frames.FrameReader | None = None

    @property
    def read_settings(self) -> ReadSettings:
        return self._settings.scan.read

    def write(self, batch: Batch) -> Told:
        """Adds the rows to the log's state; the caller commits."""
        if self._reader is None:
            self._reader = self._begin(batch)
        numbered = frames.frame_batch(batch.frames, range(len(batch.frames)), batch.problems)
        self._reader.stage(self.con, numbered, _ROWS)
        rows = self._judge(batch)
        state = self.log.state
        state.position, state.n_frames = batch.position, state.n_frames + len(batch.frames)
        told = Told(
            len(batch.frames), int(rows.counted.sum()), int((rows.behind_us > 0).sum()), int((~rows.timely).sum())
        )
        for name in ("accepted", "late", "rejected"):
            state.counts[name] = state.counts.get(name, 0) + getattr(told, name)
        if len(rows.at_us):
            self._write_segment(rows)
        horizon.forget(state, self._settings)
        return told

    def acts(self, query: str) -> dict[str, NDArray[Any]]:
        """What a query finds in the batch's judged rows, which it calls {rows}, as arrays."""
        rows = f"(SELECT * FROM {_ROWS} POSITIONAL JOIN (SELECT * EXCLUDE (line) FROM {_JUDGED}))"
        found: dict[str, NDArray[Any]] = self.con.execute(query.replace("{rows}", rows)).fetchnumpy()
        return found

    def may_begin(self, batch: Batch) -> bool:
        """Whether it can be told which reader takes the stream: a frame has come that is an object."""
        known = self._reader is not None or self.log.state.n_frames > 0 or self.read_settings.format in _SHAPES
        return known or len(batch.frames) >= MOST_UNKNOWN or any(map(masked, batch.frames))

    def _begin(self, batch: Batch) -> frames.FrameReader:
        sample = self.log.path(SAMPLE)
        if not sample.exists() or self.log.state.n_frames == 0:
            kept = [f for i, f in enumerate(batch.frames) if f.strip() and i not in batch.problems][:SAMPLE_FRAMES]
            known = _SHAPES.get(self.read_settings.format)
            lines = [known] if known else [line for line in map(masked, kept) if line]
            if not lines:
                raise HouselightsError(
                    f"{self._name}: none of {len(batch.frames):,} frames is a JSON object. A stream is read as JSON."
                )
            write_whole(sample, (line + b"\n" for line in lines))
        return frames.FrameReader(sample, self.read_settings, self._name)

    def _judge(self, batch: Batch) -> "_Rows":
        time = f"SELECT * REPLACE ({frames.EVENT_TIME} AS created_at) FROM {_ROWS}"
        found = self.con.execute(
            f"""SELECT line, coalesce(epoch_us(created_at), {UNSET_US}) AS at_us, coalesce(epoch_us(collected_at), {UNSET_US}) AS stamped_us,
            md5_number_lower(coalesce(author_id, '')) AS account,
            coalesce(rule IS NULL AND isfinite(created_at) AND {accept.IN_RANGE}, false) AS timely
            FROM ({time})"""
        ).fetchnumpy()
        place = _plain(found["line"]).astype(np.int64)
        at_us, timely = _plain(found["at_us"]).astype(np.int64), _plain(found["timely"]).astype(bool)
        part = np.asarray(batch.parts, np.int64)[place]
        stamped = _plain(found["stamped_us"]).astype(np.int64)
        if not self._server_stamps:
            stamped = np.full(len(at_us), UNSET_US)
        clock = self._clocks()
        clock_us = stream_clock.advance(
            at_us, stamped, _plain(found["account"]).astype(np.uint64), part, timely, *clock
        )
        self._keep_clocks(clock)
        behind = np.where(timely & (clock_us != UNSET_US), clock_us - int(self._settings.lateness_s * 1e6) - at_us, 0)
        return _Rows(np.asarray(batch.lines, np.int64)[place], part, at_us, timely, clock_us, np.maximum(behind, 0))

    def _clocks(self) -> _Clocks:
        n, kept = len(self.log.state.parts), self.log.state.clock
        last, last_us = np.zeros((n, K_ACCOUNTS), np.uint64), np.full((n, K_ACCOUNTS), UNSET_US)
        last_row, now_us = np.zeros((n, K_ACCOUNTS), np.int64), np.full(n, UNSET_US)
        for p, row in enumerate(kept.get("last", [])):
            last[p], last_us[p], last_row[p] = row, kept["last_us"][p], kept["last_row"][p]
            now_us[p] = UNSET_US if kept["now"][p] is None else kept["now"][p]
        return last, last_us, last_row, now_us

    def _keep_clocks(self, clocks: _Clocks) -> None:
        last, last_us, last_row, now_us = clocks
        self.log.state.clock = {
            "last": last.tolist(),
            "last_us": last_us.tolist(),
            "last_row": last_row.tolist(),
            "now": [None if us == UNSET_US else us for us in now_us.tolist()],
        }

    def _write_segment(self, rows: "_Rows") -> None:
        state = self.log.state
        self._count(rows)
        first_row, state.n_rows = state.n_rows, state.n_rows + len(rows.at_us)
        self.con.register(_JUDGED, rows.table(first_row))
        name = self.log.new_file("rows", "parquet")
        accept.write(
            self.con,
            f"SELECT b.* REPLACE (j.line AS line), j.* EXCLUDE (line) FROM {_ROWS} b POSITIONAL JOIN {_JUDGED} j",
            self.log.path(name),
        )
        settle(self.log.path(name))
        (deletions,) = self.con.execute(f"SELECT count(*) FROM {_ROWS} WHERE deletes").fetchall()[0]
        state.segments.append(
            Segment(
                name,
                len(rows.at_us),
                rows.last_us(state.first_clock_us),
                deletions=deletions,
                acts_last_us=rows.acts_last_us(),
            )
        )
        if state.first_clock_us is not None:
            for segment in state.segments:
                segment.last_us = state.first_clock_us if segment.last_us is None else segment.last_us

    def _count(self, rows: "_Rows") -> None:
        """Posts that count, by effective time. Those from before the clock began are counted when it begins."""
        state, counted = self.log.state, rows.counted
        cold = counted & (rows.clock_us == UNSET_US)
        state.warm_us += rows.at_us[cold].tolist()
        begun = rows.clock_us[rows.clock_us != UNSET_US]
        if state.first_clock_us is None and len(begun):
            state.first_clock_us = int(begun[0])
        if state.first_clock_us is not None and state.warm_us:
            first = state.first_clock_us
            horizon.count(state, self._settings, [min(us, first) for us in state.warm_us])
            state.warm_us = []
        warm = counted & ~cold
        buckets, n = np.unique(
            np.minimum(rows.at_us[warm], rows.clock_us[warm]) // self._settings.bucket_us, return_counts=True
        )
        for bucket, number in zip(buckets.tolist(), n.tolist(), strict=True):
            state.buckets[str(bucket)] = state.buckets.get(str(bucket), 0) + number


@dataclass(frozen=True)
class _Rows:
    """[n] arrays of the rows of a batch, in order."""

    line: NDArray[np.int64]
    part: NDArray[np.int64]
    at_us: NDArray[np.int64]
    timely: NDArray[np.bool_]  # a post whose time can be true
    clock_us: NDArray[np.int64]
    behind_us: NDArray[np.int64]  # too late by so much; 0: in time

    @property
    def counted(self) -> NDArray[np.bool_]:
        kept: NDArray[np.bool_] = self.timely & (self.behind_us == 0)
        return kept

    def last_us(self, first_clock_us: int | None) -> int | None:
        """The latest effective time; None while there is no clock."""
        if first_clock_us is None:
            return None
        clock = np.where(self.clock_us == UNSET_US, first_clock_us, self.clock_us)
        return int(np.where(self.counted, np.minimum(self.at_us, clock), clock).max())

    def acts_last_us(self) -> int:
        """The latest time of a post that counts and is not dated far ahead."""
        ahead = (self.clock_us != UNSET_US) & (self.at_us > self.clock_us + horizon.AHEAD_US)
        known = self.at_us[self.counted & ~ahead]
        return int(known.max()) if len(known) else UNSET_US

    def table(self, first_row: int) -> pa.Table:
        unset = self.at_us == UNSET_US, self.clock_us == UNSET_US
        return pa.table(
            {
                "line": self.line,
                "row": np.arange(first_row, first_row + len(self.line)),
                "part": self.part,
                "at_us": pa.array(self.at_us, mask=unset[0]),
                "timely": self.timely,
                "clock_us": pa.array(self.clock_us, mask=unset[1]),
                "behind_us": self.behind_us,
            }
        )


def masked(frame: bytes) -> bytes:
    """The frame's shape on one line, without what people wrote; empty where it is no JSON object."""
    try:
        told = json.loads(frame.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return b""
    return json.dumps(_without_words(told)).encode() if isinstance(told, dict) else b""


def _without_words(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_words(of) for key, of in value.items()}
    if isinstance(value, list):
        return [_without_words(of) for of in value]
    if isinstance(value, str) and len(value) > _LONG and " " in value:
        return "x" * min(len(value), 2 * _LONG)
    return value


def _plain(column: Any) -> NDArray[Any]:
    return np.asarray(column.filled(0) if isinstance(column, np.ma.MaskedArray) else column)


def files_sql(log_folder: Any, segments: Sequence[Segment]) -> str:
    """SQL of all rows of segments."""
    from houselights.core.paths import in_sql

    return f"read_parquet([{', '.join(in_sql(log_folder / s.file) for s in segments)}])"
