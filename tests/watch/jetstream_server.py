"""A server of Jetstream's shape on loopback, in a process of its own: replays from a cursor, that frame included.

argv: JSON of {frames: file of JSON lines, port, rate_per_s (0: as fast as it goes), cut_after: [n, n, ...] frames sent on the 1st, 2nd ...
connection before it is cut without a word}. Prints its port.
"""

import asyncio
import json
import sys
import time
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qs, urlsplit

from websockets.asyncio.server import ServerConnection, serve


class Server:
    def __init__(self, frames: list[bytes], told: dict[str, Any]) -> None:
        self.frames, self.rate, self.cuts = frames, told.get("rate_per_s", 0), list(told.get("cut_after", []))
        self.stamps = []
        last = 0
        for frame in frames:
            with suppress(Exception):
                last = max(last, json.loads(frame)["time_us"])
            self.stamps.append(last)

    async def handle(self, socket: ServerConnection) -> None:
        asked = parse_qs(urlsplit(socket.request.path).query)
        cursor = int(asked.get("cursor", ["0"])[0])
        cut = self.cuts.pop(0) if self.cuts else None
        begun, sent = time.monotonic(), 0
        for frame, stamp in zip(self.frames, self.stamps, strict=True):
            if stamp < cursor:
                continue
            if cut is not None and sent >= cut:
                socket.transport.abort()
                return
            await socket.send(frame, text=True)
            sent += 1
            if self.rate and sent % 100 == 0:
                await asyncio.sleep(max(0.0, begun + sent / self.rate - time.monotonic()))
        await asyncio.Future()


async def main() -> None:
    told = json.loads(sys.argv[1])
    with open(told["frames"], "rb") as file:
        frames = [line.rstrip(b"\n") for line in file]
    # a websocket's text frames are UTF-8: broken bytes cannot come this way
    server = Server([f.decode("utf-8", "replace").encode() for f in frames], told)
    async with serve(server.handle, "127.0.0.1", told.get("port", 0), compression=None) as running:
        print(running.sockets[0].getsockname()[1], flush=True)
        await asyncio.Future()


asyncio.run(main())
