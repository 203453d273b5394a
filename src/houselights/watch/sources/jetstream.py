"""Bluesky's Jetstream, or a server of its shape: a websocket of JSON frames, each stamped by the server (`time_us`, which is its cursor).

The server replays from a cursor, that frame included. What was committed of the frames of that very microsecond is known by hash and is
not taken twice.
"""

import asyncio
import json
import re
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from hashlib import blake2b
from queue import Empty, Full, Queue
from threading import Event, Thread
from time import monotonic
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from houselights.core.errors import HouselightsError
from houselights.watch.sources.base import CHUNK_BYTES, CHUNK_FRAMES, CHUNK_S, MAX_FRAME_BYTES, BackOff, Chunk

PUBLIC = "wss://jetstream2.us-east.bsky.network/subscribe"
_COLLECTIONS = ("app.bsky.feed.post", "app.bsky.feed.repost")
_STAMP = re.compile(rb'\s*\{\s*"did"\s*:\s*"[^"\\]*"\s*,\s*"time_us"\s*:\s*(\d{1,18})\s*[,}]')
QUIET_S = 1.0
"""So long without a frame is said to be all there is for now."""


class Jetstream:
    format, server_stamps, replays = "bluesky", True, True

    def __init__(self, name: str, back_off: BackOff | None = None) -> None:
        try:
            import websockets  # noqa: F401
        except ImportError as error:
            raise HouselightsError("Jetstream needs the extra `watch`: pip install 'houselights[watch]'") from error
        self.name = name
        self.parts = ["jetstream"]
        self._url = PUBLIC if name == "jetstream" else name
        self._back_off = back_off or BackOff()

    def read(self, position: dict[str, Any] | None, stop: Event) -> Iterator[Chunk]:
        """The frames of one connection after the other; the event loop lives in a thread of its own, one chunk ahead."""
        chunks: Queue[Chunk | BaseException | None] = Queue(2)
        tail = _Tail(position)

        def put(chunk: Chunk | BaseException | None) -> None:
            while not stop.is_set():
                try:
                    chunks.put(chunk, timeout=0.2)
                    return
                except Full:
                    continue

        async def forward() -> None:
            async for chunk in self._connections(tail, stop):
                await asyncio.to_thread(put, chunk) if chunks.full() else put(chunk)

        def work() -> None:
            try:
                asyncio.run(forward())
                put(None)
            except Exception as error:  # raised again where the chunks are taken
                put(error)

        thread = Thread(target=work, name="jetstream", daemon=True)
        thread.start()
        while not stop.is_set():
            try:
                chunk = chunks.get(timeout=0.2)
            except Empty:
                continue
            if chunk is None:
                return
            if isinstance(chunk, BaseException):
                raise chunk
            yield chunk

    def _address(self, cursor: int | None) -> str:
        parts = urlsplit(self._url)
        asked = parse_qsl(parts.query, keep_blank_values=True)
        if not any(key == "wantedCollections" for key, _ in asked):
            asked += [("wantedCollections", name) for name in _COLLECTIONS]
        if cursor is not None:
            asked = [(key, value) for key, value in asked if key != "cursor"] + [("cursor", str(cursor))]
        return urlunsplit(parts._replace(query=urlencode(asked)))

    async def _connections(self, tail: "_Tail", stop: Event) -> AsyncIterator[Chunk]:
        from websockets.asyncio.client import connect
        from websockets.exceptions import InvalidURI, WebSocketException

        while not stop.is_set():
            why = ""
            try:
                async with connect(
                    self._address(tail.cursor),
                    max_size=MAX_FRAME_BYTES,
                    compression=None,
                    max_queue=256,
                    ping_interval=20,
                    ping_timeout=180,  # a pong waits behind the frames that a slow reader has not taken yet
                ) as socket:
                    tail.reconnected()
                    async for chunk in self._frames(socket, tail, stop):
                        self._back_off.reset()
                        yield chunk
            except InvalidURI as error:
                raise HouselightsError(f"'{self.name}' is no address of a websocket: {error}") from error
            except (TimeoutError, OSError, WebSocketException) as error:
                why = f"{type(error).__name__}: {error}"[:200]
            if not stop.is_set():
                wait_s = self._back_off.next_s()
                yield Chunk(note=f"connection lost ({why}); next try in {wait_s:.1f} s")
                await asyncio.sleep(wait_s)

    async def _frames(self, socket: Any, tail: "_Tail", stop: Event) -> AsyncIterator[Chunk]:
        chunk, n_bytes, begun = Chunk(), 0, monotonic()
        while not stop.is_set():
            waits = CHUNK_S if chunk.frames else QUIET_S
            try:
                message = (
                    await asyncio.wait_for(socket.recv(decode=False), waits)
                    if not _ready(socket)
                    else await socket.recv(decode=False)
                )
            except TimeoutError:
                if chunk.frames:
                    chunk.position = tail.position()
                    yield chunk
                    chunk, n_bytes = Chunk(), 0
                else:
                    yield Chunk(caught_up=True)
                continue
            except BaseException:
                if chunk.frames:  # what came before the cut counts
                    chunk.position = tail.position()
                    yield chunk
                raise
            if not chunk.frames:
                begun = monotonic()
            frame = bytes(message)
            if tail.is_new(frame):
                chunk.frames.append(frame)
                chunk.lines.append(tail.cursor or 0)
                n_bytes += len(frame)
            if (
                len(chunk.frames) >= CHUNK_FRAMES
                or n_bytes >= CHUNK_BYTES
                or (chunk.frames and monotonic() - begun >= CHUNK_S)
            ):
                chunk.position = tail.position()
                yield chunk
                chunk, n_bytes = Chunk(), 0


def _ready(socket: Any) -> bool:
    """Whether a whole message lies there already: a time limit for it would cost more than reading it."""
    try:
        return len(socket.recv_messages.frames) > 0
    except AttributeError:
        return False


class _Tail:
    """The last cursor, and which frames came since it was first seen."""

    def __init__(self, position: dict[str, Any] | None) -> None:
        self.cursor: int | None = position["cursor"] if position else None
        self._since: Counter[str] = Counter(position["since"] if position else {})
        self._again: Counter[str] = Counter()
        self._replayed_to: int | None = None

    def position(self) -> dict[str, Any]:
        return {"cursor": self.cursor, "since": dict(self._since)}

    def reconnected(self) -> None:
        """The server will give the frames of the last cursor again."""
        self._again, self._replayed_to = Counter(self._since), self.cursor

    def is_new(self, frame: bytes) -> bool:
        stamp = _stamp(frame)
        if self._replayed_to is not None:
            if stamp is not None and stamp > self._replayed_to:
                self._replayed_to = None  # beyond what was read before
            elif stamp is not None and stamp < self._replayed_to:
                return False
            else:
                key = _key(frame)
                if self._again[key] > 0:
                    self._again[key] -= 1
                    return False
        if stamp is not None and (self.cursor is None or stamp > self.cursor):
            self.cursor, self._since = stamp, Counter()
        self._since[_key(frame)] += 1
        return True


def _key(frame: bytes) -> str:
    return blake2b(frame, digest_size=8).hexdigest()


def _stamp(frame: bytes) -> int | None:
    """The server's own `time_us`; a key of that name inside a record is its author's and does not count."""
    if found := _STAMP.match(frame):
        return int(found.group(1))
    try:
        told = json.loads(frame)
    except (ValueError, RecursionError):
        return None
    stamp = told.get("time_us") if isinstance(told, dict) else None
    return stamp if isinstance(stamp, int) and not isinstance(stamp, bool) and 0 <= stamp < 10**18 else None
