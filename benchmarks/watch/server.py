"""Serves the firehose over a websocket, as Jetstream does, in a process of its own.

    python benchmarks/watch/server.py --rate 6000 [--event-rate 1000 --planted] [--seconds 600]

--rate: frames a second of wall time (0: as fast as they are taken); --event-rate: frames a second of event time (default: as --rate).
Prints its port. Frames are made on the fly from the beginning for each connection, and skipped up to the cursor.
"""

import argparse
import asyncio
import time
from urllib.parse import parse_qs, urlsplit

from firehose import START_US, Group, seconds
from websockets.asyncio.server import ServerConnection, serve

AHEAD_S = 20.0


async def handle(socket: ServerConnection, told: argparse.Namespace) -> None:
    asked = parse_qs(urlsplit(socket.request.path).query)
    cursor = int(asked.get("cursor", ["0"])[0])
    group = Group(every_s=told.every) if told.planted else None
    begun, sent = time.monotonic(), 0
    event_rate = told.event_rate or told.rate
    for second, frames in enumerate(seconds(event_rate, told.seed, group)):
        if second >= told.seconds:
            break
        if START_US + (second + 1) * 1_000_000 < cursor:
            begun = time.monotonic()
            continue
        for i in range(0, len(frames), 200):
            for frame in frames[i : i + 200]:
                await socket.send(frame, text=True)
            sent += len(frames[i : i + 200])
            wait_s = begun + sent / told.rate - time.monotonic() if told.rate else 0.0
            if wait_s > 0 or sent % 2000 == 0:
                await asyncio.sleep(max(wait_s, 0.0))
    print("sent", sent, round(time.monotonic() - begun, 1), round(time.process_time(), 1), flush=True)
    await asyncio.Future()


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rate", type=float, default=6000)
    parser.add_argument("--event-rate", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--every", type=float, default=1200.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--planted", action="store_true")
    parser.add_argument("--port", type=int, default=0)
    told = parser.parse_args()
    told.event_rate = told.event_rate or int(told.rate)

    async def on(socket: ServerConnection) -> None:
        await handle(socket, told)

    async with serve(on, "127.0.0.1", told.port, compression=None, ping_interval=None) as running:
        print(running.sockets[0].getsockname()[1], flush=True)
        await asyncio.Future()


asyncio.run(main())
