"""A Redis Stream. An entry with one field is a frame; of several, the one that is called so; else the entry itself, as a JSON object."""

import json
from collections.abc import Iterator
from threading import Event
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

from houselights.core.errors import HouselightsError
from houselights.watch.sources.base import CHUNK_FRAMES, MAX_FRAME_BYTES, BackOff, Chunk

_FRAME_FIELDS = (b"frame", b"data", b"json", b"payload", b"message", b"value")
BLOCK_MS = 500


class RedisStream:
    """redis://[USER:PASSWORD@]HOST[:PORT]/DB/STREAM. `lines` count entries from the first one read."""

    format, server_stamps, replays = "auto", False, True

    def __init__(self, name: str, back_off: BackOff | None = None) -> None:
        try:
            import redis
        except ImportError as error:
            raise HouselightsError(
                "a Redis Stream needs the extra `watch`: pip install 'houselights[watch]'"
            ) from error
        parts = urlsplit(name)
        database, _, stream = parts.path.strip("/").partition("/")
        if not database.isdigit() or not stream:
            raise HouselightsError(
                f"'{_shown(name)}' should read redis://HOST:PORT/DB/STREAM, as redis://127.0.0.1:6379/0/posts"
            )
        self.name, self._stream = _shown(name), unquote(stream)
        self.parts = [self._stream]
        self._back_off = back_off or BackOff()
        self._redis = redis.Redis.from_url(
            urlunsplit(parts._replace(path=f"/{database}", query="")), socket_timeout=10.0
        )

    def read(self, position: dict[str, Any] | None, stop: Event) -> Iterator[Chunk]:
        import redis

        last = position["id"] if position else "0-0"
        n = int(position["n"]) if position else 0
        while not stop.is_set():
            try:
                found: Any = self._redis.xread({self._stream: last}, count=CHUNK_FRAMES, block=BLOCK_MS)
            except redis.exceptions.AuthenticationError as error:
                raise HouselightsError(f"{self.name}: {error}") from error
            except redis.exceptions.ResponseError as error:
                raise HouselightsError(f"{self.name}: {error}. Is it a stream?") from error
            except (redis.exceptions.RedisError, OSError) as error:
                wait_s = self._back_off.next_s()
                yield Chunk(note=f"connection lost ({type(error).__name__}); next try in {wait_s:.1f} s")
                stop.wait(wait_s)
                continue
            self._back_off.reset()
            entries = found[0][1] if found else []
            if not entries:
                yield Chunk(caught_up=True)
                continue
            chunk = Chunk()
            for key, fields in entries:
                n, last = n + 1, key.decode()
                frame = _frame(fields or {})
                if len(frame) > MAX_FRAME_BYTES:
                    chunk.problems[len(chunk.frames)] = (
                        "line_too_long",
                        f"{len(frame):,} bytes; the limit is {MAX_FRAME_BYTES:,}",
                    )
                    frame = b""
                chunk.frames.append(frame)
                chunk.lines.append(n)
            chunk.position = {"id": last, "n": n}
            yield chunk


def _frame(fields: dict[bytes, bytes]) -> bytes:
    if len(fields) == 1:
        return next(iter(fields.values()))
    for name in _FRAME_FIELDS:
        if name in fields:
            return fields[name]
    told = {key.decode("utf-8", "replace"): value.decode("utf-8", "replace") for key, value in fields.items()}
    return json.dumps(told).encode()


def _shown(name: str) -> str:
    """Without the password: it is written to no file and said on no screen."""
    parts = urlsplit(name)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
