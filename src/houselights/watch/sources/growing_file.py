"""JSON lines in a file that grows: rotated (renamed, a new one in its place), truncated, and with a last line that is not whole yet.

A line is read once its line end is there. What was rotated away is read to its end first, where it still lies in the same folder.
"""

import hashlib
import os
from collections.abc import Generator, Iterator
from pathlib import Path
from threading import Event
from typing import Any, BinaryIO

from houselights.core.errors import HouselightsError
from houselights.watch.sources.base import Chunk
from houselights.watch.sources.lines import Lines

POLL_S = 0.2
BLOCK_BYTES = 1 << 20
_HEAD_BYTES = 256


class GrowingFile:
    """`follows` False: it ends where the file ends."""

    format, server_stamps, replays = "auto", False, True

    def __init__(self, path: Path, name: str | None = None, follows: bool = True) -> None:
        self.path, self._follows = path, follows
        self.name = name or str(path)
        self.parts = [path.name if name is None else name]
        if path.is_dir():
            raise HouselightsError(f"{path} is a folder. Name a file of JSON lines in it.")
        if not path.exists() and not path.parent.is_dir():
            raise HouselightsError(f"{path}: there is no such file, nor its folder. Check the path.")

    def read(self, position: dict[str, Any] | None, stop: Event) -> Iterator[Chunk]:
        place = dict(position) if position else None
        line = int(place["line"]) if place else 0
        while not stop.is_set():
            file, offset = self._open(place)
            if file is None:
                yield Chunk(caught_up=True)
                if not self._follows:
                    return
                stop.wait(POLL_S)
                continue
            with file:
                lines = Lines(line, offset)
                is_over = yield from self._until_replaced(file, lines, stop)
            line, place = lines.line, None
            if is_over:
                return

    def _open(self, place: dict[str, Any] | None) -> tuple[BinaryIO | None, int]:
        """The file to go on with, and where. Raises HouselightsError where what was read so far is nowhere to be found."""
        if place is None:
            return (self.path.open("rb") if self.path.exists() else None), 0
        for path in (self.path, *sorted(self.path.parent.iterdir() if self._follows else ())):
            if path.is_file() and (not self._follows or path.stat().st_ino == place["inode"]):
                file = path.open("rb")
                if os.fstat(file.fileno()).st_size >= place["offset"] and _head(file, place["offset"]) == place["head"]:
                    return file, int(place["offset"])
                file.close()
        if self.path.exists():
            return self.path.open("rb"), 0  # truncated, or rotated out of the folder while nobody watched
        return None, 0

    def _until_replaced(self, file: BinaryIO, lines: Lines, stop: Event) -> Generator[Chunk, None, bool]:
        """Returns True when all is over, False when another file took its place."""
        file.seek(lines.offset)
        inode = os.fstat(file.fileno()).st_ino
        head, replaced = _head(file, lines.offset), False
        while not stop.is_set():
            block = file.read(BLOCK_BYTES)
            if block:
                chunk = lines.add(block)
                head = _head(file, lines.offset)
                chunk.position = {"inode": inode, "offset": lines.offset, "line": lines.line, "head": head}
                yield chunk
                continue
            if replaced or not self._follows:  # read to its end after that was seen
                chunk = lines.rest()
                chunk.position = {"inode": inode, "offset": lines.offset, "line": lines.line, "head": head}
                yield chunk
                if not self._follows:
                    yield Chunk(caught_up=True)
                return not self._follows
            if _truncated(file, lines, head):
                return False
            replaced = self._is_replaced(inode)
            if not replaced:
                yield Chunk(caught_up=True)
                stop.wait(POLL_S)
        return True

    def _is_replaced(self, inode: int) -> bool:
        try:
            return self.path.stat().st_ino != inode
        except FileNotFoundError:
            return False


def _truncated(file: BinaryIO, lines: Lines, head: str) -> bool:
    size = os.fstat(file.fileno()).st_size
    return size < lines.offset + lines.n_waiting or _head(file, lines.offset) != head


def _head(file: BinaryIO, upto: int) -> str:
    """What the file begins with, as far as it was read: a file that was written anew tells itself by it."""
    back = file.tell()
    file.seek(0)
    head = file.read(min(_HEAD_BYTES, upto))
    file.seek(back)
    return hashlib.blake2b(head, digest_size=12).hexdigest()
