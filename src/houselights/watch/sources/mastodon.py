"""Mastodon's streaming API as server-sent events, and its timelines for what was said while nobody was connected.

The stream has no offsets. After a cut the timeline is asked for everything since some minutes before the newest status that was read; what
was read already is known by its id. Deletions and edits that fell into the gap are not told again by any server.
"""

import http.client
import json
import os
from collections import deque
from collections.abc import Iterator
from queue import Empty, Full, Queue
from threading import Event, Thread
from time import monotonic
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from houselights.core.errors import HouselightsError
from houselights.watch.sources.base import CHUNK_FRAMES, CHUNK_S, MAX_FRAME_BYTES, BackOff, Chunk

TOKEN = "HOUSELIGHTS_MASTODON_TOKEN"  # noqa: S105
SILENT_S = 90.0  # servers say something every fifteen seconds
REMEMBERED = 2_000
OVERLAP_IDS = 600_000 << 16  # ten minutes of ids, which hold milliseconds
_PAGE = 40
_Event = tuple[str, bytes]


class Mastodon:
    """mastodon://HOST[/STREAM]; STREAM: public (default), public/local, public/remote, hashtag/TAG. `lines` count events."""

    format, server_stamps, replays = "mastodon", False, True

    def __init__(self, name: str, back_off: BackOff | None = None) -> None:
        parts = urlsplit(name)
        if not parts.hostname:
            raise HouselightsError(
                f"'{name}' should read mastodon://HOST/STREAM, as mastodon://mastodon.example/public/local"
            )
        self.name, self._host, self._secure = name, parts.netloc, parts.scheme == "mastodon"
        self._stream = parts.path.strip("/") or "public"
        self.parts = [f"{parts.hostname}/{self._stream}"]
        self._back_off = back_off or BackOff()
        self._paths = _paths(self._stream, name)

    def read(self, position: dict[str, Any] | None, stop: Event) -> Iterator[Chunk]:
        n = int(position["n"]) if position else 0
        seen: deque[str] = deque(position["seen"] if position else (), maxlen=REMEMBERED)
        while not stop.is_set():
            events: Queue[_Event | BaseException] = Queue(CHUNK_FRAMES)
            over = Event()
            thread = Thread(target=self._work, args=(list(seen), events, over), name="mastodon", daemon=True)
            thread.start()
            why: BaseException | None = None
            while why is None and not stop.is_set():
                taken, why = _taken(events)
                chunk = Chunk(caught_up=not taken and why is None)
                known = set(seen)
                for kind, payload in taken:
                    status_id = _id(payload) if kind == "update" else None
                    if status_id is not None and status_id in known:
                        continue
                    if status_id is not None:
                        seen.append(status_id)
                        known.add(status_id)
                    n += 1
                    chunk.frames.append(_frame(self._stream, kind, payload))
                    chunk.lines.append(n)
                if chunk.frames:
                    self._back_off.reset()
                    chunk.position = {"n": n, "seen": list(seen)}
                if chunk.frames or chunk.caught_up:
                    yield chunk
            over.set()
            if isinstance(why, HouselightsError):
                raise why
            if not stop.is_set():
                wait_s = self._back_off.next_s()
                yield Chunk(note=f"connection lost ({why}); next try in {wait_s:.1f} s")
                stop.wait(wait_s)

    def _work(self, seen: list[str], events: "Queue[_Event | BaseException]", over: Event) -> None:
        """Opens the stream first and reads the gap then, so that nothing falls between them."""

        def put(event: _Event | BaseException) -> None:
            while not over.is_set():
                try:
                    events.put(event, timeout=0.2)
                    return
                except Full:
                    continue

        try:
            connection, answer = self._get(self._paths[0], "text/event-stream")
            try:
                for status in self._gap(seen):
                    put(("update", json.dumps(status).encode()))
                for event in _events(answer, over):
                    put(event)
                put(ConnectionError("the server closed the stream"))
            finally:
                connection.close()
        except Exception as error:  # told where the events are taken
            put(error)

    def _gap(self, seen: list[str]) -> Iterator[dict[str, Any]]:
        numbers = [int(i) for i in seen if i.isdigit()]
        if not numbers:
            return
        after, known = max(0, max(numbers) - OVERLAP_IDS), set(seen)
        while True:
            path, asked = self._paths[1], {**self._paths[2], "min_id": str(after), "limit": str(_PAGE)}
            connection, answer = self._get(f"{path}?{urlencode(asked)}", "application/json")
            page = json.loads(answer.read(MAX_FRAME_BYTES))
            connection.close()
            statuses = (
                [s for s in page if isinstance(s, dict) and str(s.get("id", "")).isdigit()]
                if isinstance(page, list)
                else []
            )
            for status in sorted(statuses, key=lambda s: int(s["id"])):
                if str(status["id"]) not in known:
                    yield status
            if not statuses or max(int(s["id"]) for s in statuses) <= after:
                return
            after = max(int(s["id"]) for s in statuses)

    def _get(self, path: str, accept: str) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
        kind = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
        connection = kind(self._host, timeout=SILENT_S)
        token = os.environ.get(TOKEN, "")
        headers = {"Accept": accept, "User-Agent": "houselights"} | (
            {"Authorization": f"Bearer {token}"} if token else {}
        )
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        if answer.status in (401, 403):
            raise HouselightsError(
                f"{self.name}: the server wants a token with the right `read`: set {TOKEN} in the environment."
            )
        if answer.status in (404, 422):
            raise HouselightsError(f"{self.name}: the server has no such stream ({answer.status}).")
        if answer.status != 200:
            raise ConnectionError(f"the server answers {answer.status}")
        return connection, answer


def _paths(stream: str, name: str) -> tuple[str, str, dict[str, str]]:
    """The stream's path, its timeline's, and what the timeline is asked beside."""
    if stream in ("public", "public/local", "public/remote"):
        _, _, of = stream.partition("/")
        return f"/api/v1/streaming/{stream}", "/api/v1/timelines/public", {of: "true"} if of else {}
    kind, _, tag = stream.partition("/")
    if kind == "hashtag" and tag:
        return f"/api/v1/streaming/hashtag?tag={quote(tag)}", f"/api/v1/timelines/tag/{quote(tag)}", {}
    raise HouselightsError(f"'{name}': streams are public, public/local, public/remote and hashtag/TAG.")


def _events(answer: http.client.HTTPResponse, over: Event) -> Iterator[_Event]:
    """Server-sent events: fields by lines, an empty line ends an event, a colon begins a comment."""
    waiting, kind, n_bytes = b"", "message", 0
    data: list[bytes] = []
    while not over.is_set():
        block = answer.read1(65_536)
        if not block:
            return
        *lines, waiting = (waiting + block).split(b"\n")
        if len(waiting) > MAX_FRAME_BYTES or n_bytes > MAX_FRAME_BYTES:
            raise ConnectionError("an event without an end")
        for line in lines:
            line = line.rstrip(b"\r")
            name, _, value = line.partition(b":")
            value = value.removeprefix(b" ")
            if not line and data:
                yield kind, b"\n".join(data)
            if not line:
                kind, data, n_bytes = "message", [], 0
            elif name == b"event":
                kind = value.decode("utf-8", "replace")
            elif name == b"data":
                data.append(value)
                n_bytes += len(value)


def _taken(events: "Queue[_Event | BaseException]") -> tuple[list[_Event], BaseException | None]:
    """What comes within CHUNK_S (a second, while there is nothing), and the error that ends the connection."""
    taken: list[_Event] = []
    begun = monotonic()
    while len(taken) < CHUNK_FRAMES:
        left = begun + (CHUNK_S if taken else 1.0) - monotonic()
        try:
            event = events.get(timeout=max(left, 0.001))
        except Empty:
            break
        if isinstance(event, BaseException):
            return taken, event
        taken.append(event)
        if left <= 0:
            break
    return taken, None


def _id(payload: bytes) -> str | None:
    try:
        told = json.loads(payload)
    except (ValueError, RecursionError):
        return None
    return str(told["id"]) if isinstance(told, dict) and "id" in told else None


def _frame(stream: str, kind: str, payload: bytes) -> bytes:
    """As the websocket gives it, which is what the reader knows."""
    told = {"stream": [stream.replace("/", ":")], "event": kind, "payload": payload.decode("utf-8", "replace")}
    return json.dumps(told).encode()
