"""Checkpoints written beside and renamed, and the metrics that belong to them: after a kill at any moment, what lies there is whole."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from houselights.core.errors import HouselightsError

FOLDER, METRICS = "checkpoints", "metrics.jsonl"


def latest(out: Path) -> tuple[int, Path | None]:
    """(updates done, folder) of the newest whole checkpoint; (0, None) where there is none."""
    found = sorted(p for p in (out / FOLDER).glob("step-*") if p.is_dir())
    return (int(found[-1].name.removeprefix("step-")), found[-1]) if found else (0, None)


def keep(out: Path, step: int, write: Callable[[Path], None], first: bool, wait: Callable[[], None]) -> None:
    """`write` fills a folder, from all processes at once; the `first` process gives it its name when all are done, then removes older ones."""
    folder = out / FOLDER / f"step-{step:09d}"
    partial = folder.with_name(f".partial-{step:09d}")
    if first:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
    wait()
    write(partial)
    wait()
    if first:
        into_place(partial, folder)
        for other in folder.parent.iterdir():
            if other != folder:
                shutil.rmtree(other)
    wait()


def into_place(partial: Path, final: Path) -> None:
    """Renames a folder whose files have reached the disk; an older one of that name goes first."""
    for path in [p for p in partial.rglob("*") if p.is_file()]:
        _to_disk(path)
    if final.exists():
        shutil.rmtree(final)
    partial.replace(final)
    _to_disk(final.parent)


def write_json(path: Path, value: Any) -> None:
    beside = path.with_name(f".{path.name}.partial")
    beside.write_text(json.dumps(value, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    _to_disk(beside)
    beside.replace(path)


def read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise HouselightsError(f"{path} cannot be read ({error}). Give another --out and start anew.") from None


class Metrics:
    """JSON lines, one an update or measurement. What an earlier process told of updates after its last checkpoint is dropped: they are done again."""

    def __init__(self, out: Path, done: int) -> None:
        self._path = out / METRICS
        kept = [line for line in self._lines() if line["step"] <= done]
        beside = self._path.with_name(f".{METRICS}.partial")
        beside.write_text("".join(json.dumps(line) + "\n" for line in kept), encoding="utf-8")
        beside.replace(self._path)

    def _lines(self) -> list[dict[str, Any]]:
        lines = []
        for text in self._path.read_text(encoding="utf-8").splitlines() if self._path.is_file() else []:
            try:
                lines.append(json.loads(text))
            except ValueError:
                break  # the half line of a kill
        return lines

    def tell(self, line: dict[str, Any]) -> None:
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


def _to_disk(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
