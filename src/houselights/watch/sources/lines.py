"""Blocks of bytes -> frames, one a line."""

import codecs

from houselights.watch.sources.base import MAX_FRAME_BYTES, Chunk


class Lines:
    """`line`: lines read; `offset`: bytes of them. A last line without an end waits for it; one that is too long is let go, and said."""

    def __init__(self, line: int = 0, offset: int = 0) -> None:
        self.line, self.offset = line, offset
        self._waiting, self._dropped = b"", 0

    @property
    def n_waiting(self) -> int:
        return len(self._waiting) + self._dropped

    def add(self, block: bytes) -> Chunk:
        """The lines that end in this block."""
        data = self._waiting + block
        whole, end, rest = data.rpartition(b"\n")
        chunk = Chunk()
        if end:
            self._take(whole.split(b"\n"), chunk)
            data = rest
        if len(data) > MAX_FRAME_BYTES:
            self._dropped, data = self._dropped + len(data), b""
        self._waiting = data
        return chunk

    def rest(self) -> Chunk:
        """A last line that has no end and will get none."""
        chunk = Chunk()
        if self.n_waiting:
            self._take([self._waiting], chunk)
            self._waiting = b""
            self.offset -= 1  # there was no line end
        return chunk

    def _take(self, frames: list[bytes], chunk: Chunk) -> None:
        for frame in frames:
            n_bytes = len(frame) + self._dropped
            if self.offset == 0:
                frame = frame.removeprefix(codecs.BOM_UTF8)
            if n_bytes > MAX_FRAME_BYTES:
                told = f"{n_bytes + 1:,} bytes; the limit is {MAX_FRAME_BYTES:,}"
                chunk.problems[len(chunk.frames)] = ("line_too_long", told)
                frame = b""
            self.line, self.offset, self._dropped = self.line + 1, self.offset + n_bytes + 1, 0
            chunk.frames.append(frame)
            chunk.lines.append(self.line)
