"""The log of a watch: what has been read, and how far. One small file says which others count; renaming it is the commit.

    RUN/.watch/state.json       segments, the source's position, the clock, what alerts know: all of one moment
    RUN/.watch/sample.jsonl     the first frames: they say which reader takes the stream
    RUN/.watch/rows-*.parquet   segments: staged rows in the order of arrival
    RUN/.watch/groups-*.json    what alerts know of groups; met-*.npy, pairs-*.npy, alerts-*.jsonl: who was close, who met again, what was told

A file that state.json does not name is left over from a process that was killed, and goes.
"""

import fcntl
import json
import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

from houselights.core.errors import HouselightsError
from houselights.watch.settings import WatchSettings

FOLDER = ".watch"
STATE, SAMPLE, LOCK = "state.json", "sample.jsonl", "lock"
VERSION = 2


@dataclass
class Segment:
    """Staged rows that arrived one after the other. `last_us`: the latest effective time in it; it is dropped when the horizon passes that."""

    file: str
    rows: int
    last_us: int | None
    level: int = 0
    deletions: int = 0
    acts: bool = True  # alerts may still need its rows
    acts_last_us: int = 0  # the latest event time that they may need


@dataclass
class State:
    """Everything that makes a watch go on as if it had not stopped. JSON."""

    settings: dict[str, Any]
    parts: list[str]
    position: dict[str, Any] | None = None
    n_frames: int = 0
    n_rows: int = 0
    clock: dict[str, list[Any]] = field(default_factory=dict)
    first_clock_us: int | None = None
    start_us: int | None = None  # of the horizon
    warm_us: list[int] = field(default_factory=list)  # posts that came before there was a clock
    buckets: dict[str, int] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    next_file: int = 0
    segments: list[Segment] = field(default_factory=list)
    alerts: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> str:
        return json.dumps({"version": VERSION, **asdict(self)}, separators=(",", ":"))

    @staticmethod
    def from_json(text: str) -> "State":
        told = json.loads(text)
        if told.pop("version") != VERSION:
            raise HouselightsError("this RUN was begun by another version of houselights watch. Give another --out.")
        return State(**{**told, "segments": [Segment(**s) for s in told["segments"]]})


class Log:
    """One writer at a time: the lock goes with the process."""

    def __init__(self, run_dir: Path, settings: WatchSettings, parts: list[str]) -> None:
        self.folder = run_dir / FOLDER
        self.folder.mkdir(parents=True, exist_ok=True)
        self._lock = _locked(self.folder / LOCK, run_dir)
        self.is_read = False  # by another process, which may need files that the newest state no longer names
        told = json.loads(json.dumps(asdict(settings), default=str))
        self.state = read_state(run_dir) or State(told, parts)
        self._check(run_dir, told, parts)
        self._sweep()

    def close(self) -> None:
        self._lock.close()

    def _check(self, run_dir: Path, told: dict[str, Any], parts: list[str]) -> None:
        if self.state.settings != told:
            differs = sorted(k for k in told if self.state.settings.get(k) != told[k])
            raise HouselightsError(
                f"{run_dir} watches with other settings ({', '.join(differs)}). A watch goes on as it began: repeat its options, "
                "or give another --out."
            )
        if self.state.parts != parts:
            if self.state.parts != parts[: len(self.state.parts)]:
                raise HouselightsError(f"{run_dir} watches {self.state.parts}, not {parts}. Give another --out.")
            self.state.parts = parts  # a topic may grow

    def path(self, name: str) -> Path:
        return self.folder / name

    def new_file(self, kind: str, suffix: str) -> str:
        self.state.next_file += 1
        return f"{kind}-{self.state.next_file:09}.{suffix}"

    def commit(self) -> None:
        """After it, and only after it, everything written since the last one counts."""
        beside = self.folder / (STATE + ".part")
        with beside.open("w", encoding="utf-8") as file:
            file.write(self.state.to_json())
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self.folder / STATE)
        _sync_folder(self.folder)
        self._sweep()

    def _sweep(self) -> None:
        """What no state names any more."""
        if self.is_read:
            return
        kept = self.named() | {STATE, SAMPLE, LOCK}
        for path in self.folder.iterdir():
            if path.name not in kept and path.is_file():
                with suppress(FileNotFoundError):
                    path.unlink()

    def named(self) -> set[str]:
        files = {s.file for s in self.state.segments}
        return files | set(self.state.alerts.get("files", []))


def read_state(run_dir: Path) -> State | None:
    path = run_dir / FOLDER / STATE
    return State.from_json(path.read_text(encoding="utf-8")) if path.is_file() else None


def write_whole(path: Path, blocks: Iterable[bytes]) -> None:
    """There as a whole or not at all, also after a loss of power."""
    beside = path.with_name(path.name + ".part")
    with beside.open("wb") as file:
        file.writelines(blocks)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def settle(path: Path) -> None:
    """Makes a file that another library wrote last through a loss of power."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _locked(path: Path, run_dir: Path) -> IO[str]:
    lock = path.open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.close()
        raise HouselightsError(
            f"{run_dir} is being watched by another process. Stop it, or give another --out."
        ) from error
    return lock
