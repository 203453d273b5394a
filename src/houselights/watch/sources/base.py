"""What every source does."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from threading import Event
from typing import Any, Protocol

CHUNK_FRAMES, CHUNK_BYTES = 2_000, 4 << 20
CHUNK_S = 0.2
MAX_FRAME_BYTES = 16 << 20


@dataclass
class Chunk:
    """Frames in order; `lines`: what tables call each; `parts`: index of the source's part each came by, None for the only one.
    `position`: where to go on after them. `caught_up`: there is nothing more for now."""

    frames: list[bytes] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    parts: list[int] | None = None
    problems: dict[int, tuple[str, str]] = field(default_factory=dict)
    position: dict[str, Any] | None = None
    caught_up: bool = False
    note: str = ""  # what happened to the connection, for whoever watches


class Source(Protocol):
    """`name`: what the user called it; `parts`: what tables call its parts; `format`: the reader of its frames, where only one is possible;
    `server_stamps`: its frames say when they came; `replays`: after a restart it gives again what was not committed."""

    name: str
    parts: list[str]
    format: str
    server_stamps: bool
    replays: bool

    def read(self, position: dict[str, Any] | None, stop: Event) -> Iterator[Chunk]:
        """Yields until the source ends or `stop` is set. Raises HouselightsError for what no waiting mends."""
        ...


class BackOff:
    """Waits longer after each failure in a row, never the same time: a server that comes back meets no crowd."""

    def __init__(self, first_s: float = 0.5, most_s: float = 60.0) -> None:
        self._first_s, self._most_s, self._n = first_s, most_s, 0

    def reset(self) -> None:
        self._n = 0

    def next_s(self) -> float:
        upper: float = min(self._most_s, self._first_s * 2.0**self._n)
        self._n = min(self._n + 1, 20)
        return upper * (0.5 + random.random() / 2)  # noqa: S311
