"""`houselights watch`: signals, the line that says how it goes, and the tables at the end."""

import argparse
import signal
import sys
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from houselights.core.errors import HouselightsError
from houselights.core.settings import EvidenceSettings, ReadSettings, ScanSettings
from houselights.outlets.hostile import terminal

if TYPE_CHECKING:
    from houselights.watch.run import Status
    from houselights.watch.sources import Source

DONE, FOUND = 0, 10
SAY_EVERY_S = 1.0


def watch(args: argparse.Namespace) -> int:
    from houselights.results import refuse_foreign_directory
    from houselights.watch import metrics, run
    from houselights.watch.alerts.sending import Sender
    from houselights.watch.settings import Pace, WatchSettings
    from houselights.watch.sources import open_source

    if not (args.out / ".watch").is_dir():
        refuse_foreign_directory(args.out)
    if args.lateness < 0 or args.lateness > args.horizon_days * 86400 / 2:
        raise HouselightsError("--lateness must lie between 0 and half of --horizon-days.")
    source = open_source(args.source)
    settings = WatchSettings(
        source=source.name,
        scan=_scan_settings(args, source),
        lateness_s=args.lateness,
        horizon_s=args.horizon_days * 86400,
        horizon_posts=args.horizon_posts,
    )
    pace = Pace(tables_every_s=args.tables_every, stop_when_idle_s=args.stop_when_idle)
    said = _Screen(args.quiet)
    figures = metrics.serve(args.metrics_port) if args.metrics_port is not None else None
    stop, how = _signals()

    def tell(status: "Status") -> None:
        said.tell(status)
        if figures:
            figures.tell(status, time.time())

    with Sender(sys.stdout, args.webhook) as sender:
        try:
            run.watch(source, args.out, settings, pace, sender, stop, time.time, tell)
        finally:
            said.end()
            if figures:
                figures.close()
    return _at_the_end(args, how, said)


def _scan_settings(args: argparse.Namespace, source: "Source") -> ScanSettings:
    if args.known and not args.known.is_file():
        raise HouselightsError(f"--known: {args.known} does not exist.")
    of = source.format if args.format == "auto" else args.format
    return ScanSettings(
        read=ReadSettings(format=of, column_map=args.map),
        evidence=EvidenceSettings(q=args.q, seed=args.seed),
        known_file=str(args.known.resolve()) if args.known else None,
    )


def _signals() -> tuple[threading.Event, list[int]]:
    """SIGTERM: commit and leave. Ctrl-C: commit, write the tables, leave; a second one leaves the tables as they are."""
    stop = threading.Event()
    how: list[int] = []

    def told(number: int, _frame: object) -> None:
        if how:
            raise KeyboardInterrupt
        how.append(number)
        stop.set()

    with suppress(ValueError):
        signal.signal(signal.SIGTERM, told)
        signal.signal(signal.SIGINT, told)
    return stop, how


def _at_the_end(args: argparse.Namespace, how: list[int], said: "_Screen") -> int:
    if signal.SIGTERM in how:
        return DONE
    from houselights.outlets import report, summary
    from houselights.outlets.wording import passed
    from houselights.results import Results
    from houselights.watch.table_process import last_tables

    said.say("writing the tables of the horizon ...")
    last_tables(args.out)
    results = Results(args.out)
    page = report.write(results)
    if not args.quiet:
        summary.show(results, summary.console(sys.stderr), page)
    return FOUND if passed(results.findings) else DONE


class _Screen:
    """One line on stderr, over and over on a terminal; every half minute elsewhere."""

    def __init__(self, quiet: bool) -> None:
        self._quiet, self._is_terminal = quiet, sys.stderr.isatty()
        self._every_s = SAY_EVERY_S if self._is_terminal else 30.0
        self._said_at, self._notes = 0.0, set[str]()

    def tell(self, status: "Status") -> None:
        if self._quiet:
            return
        for note in status.notes:
            if note not in self._notes:
                self._notes.add(note)
                self.say(f"{note}")
        now = time.monotonic()
        if now - self._said_at < self._every_s:
            return
        self._said_at = now
        line = terminal(sentence(status, time.time()))
        print(
            f"\r\x1b[2K{line}" if self._is_terminal else line,
            end="" if self._is_terminal else "\n",
            file=sys.stderr,
            flush=True,
        )

    def say(self, text: str) -> None:
        if not self._quiet:
            begin = "\r\x1b[2K" if self._is_terminal else ""
            print(f"{begin}{terminal(text)}", file=sys.stderr, flush=True)

    def end(self) -> None:
        if self._is_terminal and not self._quiet and self._said_at:
            print(file=sys.stderr)


_BOUNDS = {"time": "held by its length", "posts": "held by the number of posts", "none": "not full yet"}


def sentence(status: "Status", now: float) -> str:
    """How it goes, in one line."""
    parts = [f"{status.rate_per_s:,.0f} frames/s", f"{status.accepted:,} posts"]
    if status.clock_us is not None:
        parts.append(f"clock {_utc(status.clock_us)} ({_span(now - status.clock_us / 1e6)} ago)")
    parts.append(f"{status.late:,} late, {status.rejected:,} rejected, {status.alerts:,} alerts")
    if status.horizon is not None and status.horizon.start_us is not None:
        parts.append(f"horizon from {_utc(status.horizon.start_us)}, {_BOUNDS[status.horizon.bound]}")
    written = status.tables_written_at
    parts.append("no tables yet" if written is None else f"tables {_span(now - written)} old")
    parts.append(status.connection)
    return "; ".join(parts)


def _utc(us: int) -> str:
    return datetime.fromtimestamp(us / 1e6, UTC).strftime("%Y-%m-%d %H:%M:%S")


def _span(seconds: float) -> str:
    if seconds < 120:
        return f"{max(seconds, 0):.0f} s"
    return (
        f"{seconds / 60:.0f} min"
        if seconds < 7200
        else f"{seconds / 3600:.0f} h"
        if seconds < 172_800
        else f"{seconds / 86400:.0f} days"
    )
