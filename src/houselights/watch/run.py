"""The watch itself: frames come by a thread, the main one turns them into segments and commits, a process of its own writes tables.

Nothing here decides what a table holds: batches end when they are large or old enough, and no table shows where.
"""

import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from houselights.core.errors import HouselightsError
from houselights.watch import alert_tables
from houselights.watch import horizon as horizons
from houselights.watch.alerts import Alerts
from houselights.watch.alerts.sending import Sender
from houselights.watch.batches import Batch, Writer
from houselights.watch.compaction import compact
from houselights.watch.log import Log
from houselights.watch.settings import Pace, WatchSettings
from houselights.watch.sources import Chunk, Source
from houselights.watch.table_process import TableProcess

QUEUED_CHUNKS = 16
"""With CHUNK_FRAMES and CHUNK_BYTES this bounds what waits in memory; a source that is faster waits in turn."""


@dataclass
class Status:
    """What a watch tells while it runs; counts are since it began, over restarts."""

    frames: int = 0
    accepted: int = 0
    late: int = 0
    rejected: int = 0
    alerts: int = 0
    rate_per_s: float = 0.0
    clock_us: int | None = None
    horizon: horizons.Horizon | None = None
    tables_written_at: float | None = None  # wall clock
    connection: str = ""
    queued_chunks: int = 0
    notes: list[str] = field(default_factory=list)


def watch(
    source: Source,
    run_dir: Path,
    settings: WatchSettings,
    pace: Pace,
    sender: Sender,
    stop: threading.Event,
    wall_clock: Callable[[], float],
    tell: Callable[[Status], None],
) -> Status:
    """Watches until the source ends, nothing comes for `pace.stop_when_idle_s`, or `stop` is set; then everything read is committed.
    Tables are written on the way; the last time by `write_tables`. Raises HouselightsError for what the user can mend."""
    log = Log(run_dir, settings, source.parts)
    try:
        return _Watch(source, log, settings, pace, sender, stop, wall_clock, tell).run()
    finally:
        log.close()


class _Watch:
    def __init__(
        self,
        source: Source,
        log: Log,
        settings: WatchSettings,
        pace: Pace,
        sender: Sender,
        stop: threading.Event,
        wall_clock: Callable[[], float],
        tell: Callable[[Status], None],
    ) -> None:
        self._log, self._settings, self._pace, self._stop = log, settings, pace, stop
        self._sender, self._wall_clock, self._tell = sender, wall_clock, tell
        self._writer = Writer(log, settings, source.name, source.server_stamps)
        self._alerts = Alerts(log, settings)
        self._tables = TableProcess(log, pace.tables_every_s, wall_clock)
        self._feed = _Feed(source, log.state.position, stop)
        self.status = Status(connection="connecting")
        self._batch, self._begun, self._rate = Batch(), 0.0, _Rate()

    def run(self) -> Status:
        self._sender.send(self._alerts.unsent())
        self._publish_alerts()
        self._feed.start()
        idle_since: float | None = None
        try:
            while True:
                chunk = self._feed.next(0.1)
                if chunk is not None and chunk.frames:
                    idle_since = None
                    self._add(chunk)
                elif chunk is not None and chunk.caught_up:
                    idle_since = time.monotonic() if idle_since is None else idle_since
                    self._close()
                if chunk is not None and chunk.note:
                    self.status.connection = chunk.note
                self._close_if_due()
                if self._feed.ended or self._stop.is_set() or self._idle(idle_since):
                    break
            self._drain()
            self._close()
        finally:
            self._stop.set()
            self._feed.join()
            self._tables.end()
        self._alerts.sent(self._sender.take_told())
        if self._log.state.n_frames:
            self._log.commit()
        if self._feed.error is not None:
            raise self._feed.error
        self._report()
        return self.status

    def _drain(self) -> None:
        """What was handed over before the end counts; a stop leaves the rest for the next start."""
        while not self._stop.is_set() and (chunk := self._feed.next(0.0)) is not None:
            if chunk.frames:
                self._add(chunk)
            self._close_if_due()

    def _idle(self, since: float | None) -> bool:
        most = self._pace.stop_when_idle_s
        return most is not None and since is not None and time.monotonic() - since >= most

    def _add(self, chunk: Chunk) -> None:
        if not self._batch.frames:
            self._begun = time.monotonic()
        parts = chunk.parts or [0] * len(chunk.frames)
        self._batch.add(Batch(chunk.frames, chunk.lines, parts, chunk.problems, chunk.position))

    def _close_if_due(self) -> None:
        n = len(self._batch.frames)
        if n and (n >= self._pace.batch_frames or time.monotonic() - self._begun >= self._pace.batch_s):
            self._close()
        if self._tables.poll():
            self._publish_alerts()  # theirs are of the commit that they began with
        self._tables.start_if_due()
        self._report()

    def _publish_alerts(self) -> None:
        """For who reads the RUN while the stream goes on; the tables of the end write the same."""
        if self._log.state.alerts.get("n"):
            alert_tables.write(self._log.folder, self._log.state, self._log.folder.parent)

    def _close(self) -> None:
        """The one place where anything comes to count."""
        if not self._batch.frames or not self._writer.may_begin(self._batch):
            return
        batch, self._batch = self._batch, Batch()
        told = self._writer.write(batch)
        self._alerts.sent(self._sender.take_told())
        new = self._alerts.take(self._writer)
        compact(self._log, self._writer.con)
        self._log.commit()
        self._sender.send(new)
        if new:
            self._publish_alerts()
        self._rate.add(told.frames)
        self.status.connection = "reading"

    def _report(self) -> None:
        state, status = self._log.state, self.status
        status.frames = state.n_frames
        status.accepted, status.late, status.rejected = (
            state.counts.get(k, 0) for k in ("accepted", "late", "rejected")
        )
        status.alerts = state.alerts.get("n", 0)
        status.rate_per_s = self._rate.per_s()
        status.clock_us, status.horizon = horizons.clock_us(state), horizons.horizon(state, self._settings)
        status.tables_written_at = self._tables.written_at
        status.queued_chunks = self._feed.n_waiting
        status.notes = [*self._tables.notes, *self._sender.notes]
        self._tell(status)


class _Rate:
    """Frames a second over the last ten seconds."""

    def __init__(self) -> None:
        self._seen: list[tuple[float, int]] = []

    def add(self, n: int) -> None:
        self._seen.append((time.monotonic(), n))

    def per_s(self) -> float:
        now = time.monotonic()
        self._seen = [(at, n) for at, n in self._seen if now - at <= 10]
        return sum(n for _, n in self._seen) / 10


class _Feed:
    """Reads the source in a thread of its own, a bounded way ahead."""

    def __init__(self, source: Source, position: dict[str, object] | None, stop: threading.Event) -> None:
        self._source, self._position, self._stop = source, position, stop
        self._queue: queue.Queue[Chunk] = queue.Queue(QUEUED_CHUNKS)
        self._thread = threading.Thread(target=self._read, name="source", daemon=True)
        self._over = False
        self.error: BaseException | None = None

    @property
    def ended(self) -> bool:
        return self._over and self._queue.empty()

    @property
    def n_waiting(self) -> int:
        return self._queue.qsize()

    def start(self) -> None:
        self._thread.start()

    def join(self) -> None:
        self._thread.join(timeout=10)

    def next(self, wait_s: float) -> Chunk | None:
        try:
            return self._queue.get(timeout=wait_s) if wait_s else self._queue.get_nowait()
        except queue.Empty:
            return None

    def _read(self) -> None:
        try:
            for chunk in self._source.read(self._position, self._stop):
                self._put(chunk)
                if self._stop.is_set():
                    break
        except HouselightsError as error:
            self.error = error
        except Exception as error:  # told by the main thread, which ends the watch
            self.error = error
        finally:
            self._over = True

    def _put(self, chunk: Chunk) -> None:
        while not self._stop.is_set():
            try:
                self._queue.put(chunk, timeout=0.2)
                return
            except queue.Full:
                continue
