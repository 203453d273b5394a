"""Stages of a RUN that are done, kept until the whole is: a scan that was stopped goes on after the last of them.

A stage is taken as done when it was done with the same inputs (by path, size and time of change), the same settings and version, after stages
of which that holds too, and its files are there with their sizes.
"""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar

FOLDER = ".finished"
_Made = TypeVar("_Made")


class Finished:
    """Asked stage by stage, in their order: what one stage depends on, the next does too."""

    def __init__(self, out_dir: Path, inputs: Iterable[Path], version: str) -> None:
        self._out_dir, self._folder = out_dir, out_dir / FOLDER
        self._key = _digest([version, [fingerprint(path) for path in inputs]])
        self.resumed: set[str] = set()

    def stage(
        self,
        name: str,
        settings: Any,
        files: Sequence[str],
        load: Callable[[dict[str, Any]], _Made],
        make: Callable[[], _Made],
        told: Callable[[_Made], dict[str, Any]],
    ) -> _Made:
        """What `make` gives and leaves in `files`; or, where that is done already, what `load` makes of what was `told` of it."""
        self._key = _digest([self._key, name, settings])
        known = self._known(name, files)
        if known is not None:
            self.resumed.add(name)
            return load(known)
        made = make()
        sizes = {file: (self._out_dir / file).stat().st_size for file in files}
        self._folder.mkdir(exist_ok=True)
        kept = {"key": self._key, "files": sizes, "told": told(made)}
        (self._folder / f"{name}.json").write_text(json.dumps(kept, default=_plain), encoding="utf-8")
        return made

    def forget(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)

    def _known(self, name: str, files: Sequence[str]) -> dict[str, Any] | None:
        try:
            kept = json.loads((self._folder / f"{name}.json").read_text(encoding="utf-8"))
            sizes = {file: (self._out_dir / file).stat().st_size for file in files}
            is_same = kept["key"] == self._key and kept["files"] == sizes
            return dict(kept["told"]) if is_same else None
        except (OSError, ValueError, KeyError, TypeError):  # never written, or torn
            return None


def fingerprint(path: Path) -> list[Any]:
    """What tells a file from what it was before, without reading it."""
    try:
        found = path.stat()
    except OSError:
        return [str(path.absolute())]
    return [str(path.absolute()), found.st_size, found.st_mtime_ns]


def _digest(what: Any) -> str:
    return hashlib.sha256(json.dumps(what, default=_plain, sort_keys=True).encode()).hexdigest()


def _plain(value: Any) -> Any:
    return sorted(value) if isinstance(value, set | frozenset) else str(value)
