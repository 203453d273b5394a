"""Starts the process that writes tables, now and then, and never so often that the stream waits for it."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from houselights.watch.log import Log
from houselights.watch.tables import NOTHING_YET

SHARE_OF_TIME = 4
"""After a scan of t seconds the next one begins 4 t later at the earliest."""


class TableProcess:
    def __init__(self, log: Log, every_s: float, wall_clock: Callable[[], float]) -> None:
        self._log, self._every_s, self._wall_clock = log, every_s, wall_clock
        self._process: subprocess.Popen[bytes] | None = None
        self.written_at, self._n_frames = _earlier(log.folder.parent)
        self._began, self._took_s = self.written_at or wall_clock(), 0.0
        self.notes: list[str] = []

    def start_if_due(self) -> None:
        """Where anything was committed since the last tables, also when nothing comes any more."""
        wait_s = max(self._every_s, SHARE_OF_TIME * self._took_s)
        is_due = self._wall_clock() - self._began - self._took_s >= wait_s
        if self._process is None and self._every_s > 0 and is_due and self._log.state.n_frames > self._n_frames:
            self._begin()

    def _begin(self) -> None:
        self._log.is_read = True
        self._began, self._n_frames = self._wall_clock(), self._log.state.n_frames
        self._said = tempfile.TemporaryFile()  # noqa: SIM115
        environment = os.environ | {"HOUSELIGHTS_WATCH_CHILD": "1"}
        command = [sys.executable, "-m", "houselights.watch.tables", str(self._log.folder.parent)]
        self._process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=self._said)

    def poll(self) -> bool:
        """Whether tables have just been written."""
        if self._process is None or self._process.poll() is None:
            return False
        self._finished(self._process.returncode)
        return not self.notes

    def _finished(self, code: int) -> None:
        self._process, self._log.is_read = None, False
        self._took_s = self._wall_clock() - self._began
        self._said.seek(0)
        said = self._said.read().decode("utf-8", "replace").strip().splitlines()
        self._said.close()
        if code == 0:
            self.written_at, self.notes = self._wall_clock(), []
        elif code != NOTHING_YET:
            self.notes = [f"tables could not be written: {(said or [f'exit code {code}'])[-1][:300]}"]
            self._n_frames = 0  # tried again, also when nothing more comes

    def end(self) -> None:
        """Gives up on tables that are being written: what the log holds is safe."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._finished(NOTHING_YET)


def _earlier(run_dir: Path) -> tuple[float | None, int]:
    """When the tables that an earlier start left were written, and of how many frames."""
    path = run_dir / "manifest.json"
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        return (path.stat().st_mtime, int(told["watch"]["frames"])) if told["complete"] else (None, 0)
    except (OSError, ValueError, TypeError, KeyError):
        return None, 0


def last_tables(run_dir: Path) -> None:
    """Writes the tables of the last commit in a process of its own, as on the way. Raises what it says where it fails."""
    from houselights.core.errors import HouselightsError

    done = subprocess.run(
        [sys.executable, "-m", "houselights.watch.tables", str(run_dir)], capture_output=True, check=False
    )
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip()
        if done.returncode == NOTHING_YET:
            raise HouselightsError(said)
        raise RuntimeError(said[-2000:])
