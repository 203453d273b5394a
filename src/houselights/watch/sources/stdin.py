"""JSON lines on standard input. A pipe gives nothing twice: what was read and not committed when the process dies is lost, and so it is said."""

import os
import select
import sys
from collections.abc import Iterator
from threading import Event
from typing import Any

from houselights.watch.sources.base import CHUNK_S, Chunk
from houselights.watch.sources.lines import Lines

_BLOCK_BYTES = 1 << 20


class Stdin:
    name, parts, format = "-", ["-"], "auto"
    server_stamps, replays = False, False

    def read(self, position: dict[str, Any] | None, stop: Event) -> Iterator[Chunk]:
        lines = Lines(int(position["line"]) if position else 0, 1 if position else 0)
        handle = sys.stdin.fileno()
        while not stop.is_set():
            if not select.select([handle], [], [], CHUNK_S)[0]:
                yield Chunk(caught_up=True)
                continue
            block = os.read(handle, _BLOCK_BYTES)
            chunk = lines.add(block) if block else lines.rest()
            chunk.position = {"line": lines.line}
            yield chunk
            if not block:
                return
