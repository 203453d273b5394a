"""Watches in forks of one process, so that fifty of them cost no fifty starts; each may be killed without warning.

argv: source, run directory, plans as JSON: [[kind, value, batch_frames]...] with kind `rename` (kill before the value-th file gets its
name), `after` (for value 4.7: .07 seconds after the fourth file got its name, so that a fast machine gets no farther before it is killed),
`whole` (let it end). The last line says how each ended.
"""

import io
import json
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from houselights.core.settings import ReadSettings, ScanSettings
from houselights.watch import run
from houselights.watch.alerts.sending import Sender
from houselights.watch.settings import Pace, WatchSettings
from houselights.watch.sources import growing_file, open_source

growing_file.BLOCK_BYTES = 20_000  # many small batches


def kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def at_rename(number: int, act: Callable[[], None]) -> None:
    """Acts before the number-th file gets its name."""
    renames = 0

    def hook(event: str, args: tuple[Any, ...]) -> None:
        nonlocal renames
        if event == "os.rename":
            renames += 1
            if renames == number:
                act()

    sys.addaudithook(hook)


def settings(source: Any, **over: Any) -> WatchSettings:
    scan = ScanSettings(read=ReadSettings(format=source.format))
    return WatchSettings(source.name, scan, **({"lateness_s": 300.0, "horizon_s": 86_400.0} | over))


def watch(
    name: str, run_dir: Path, batch_frames: int, stop: threading.Event | None = None, idle_s: float = 0.0, **over: Any
) -> list[dict[str, Any]]:
    """Watches until nothing comes; returns the alerts that it said."""
    source, out = open_source(name), io.StringIO()
    pace = Pace(batch_frames=batch_frames, batch_s=0.5, tables_every_s=0.0, stop_when_idle_s=idle_s)
    with Sender(out, "") as sender:
        run.watch(
            source,
            run_dir,
            settings(source, **over),
            pace,
            sender,
            stop or threading.Event(),
            time.time,
            lambda status: None,
        )
    return [json.loads(line) for line in out.getvalue().splitlines()]


def silent() -> logging.Logger:
    """For clients that would tell of every cut connection."""
    logger = logging.getLogger("silent")
    logger.addHandler(logging.NullHandler())
    logger.propagate = False
    return logger


def main() -> None:
    name, run_dir, over = sys.argv[1], Path(sys.argv[2]), json.loads(sys.argv[4]) if len(sys.argv) > 4 else {}
    for kind, value, batch_frames in json.loads(sys.argv[3]):
        pid = os.fork()
        if pid == 0:
            if kind == "rename":
                at_rename(value, kill)
            elif kind == "after":
                at_rename(int(value), threading.Timer(value % 1 / 10, kill).start)
            watch(name, run_dir, batch_frames, idle_s=over.pop("idle_s", 0.0), **over)
            os._exit(0)
        _, status = os.waitpid(pid, 0)
        print(json.dumps([kind, value, os.waitstatus_to_exitcode(status)]), flush=True)


if __name__ == "__main__":
    main()
