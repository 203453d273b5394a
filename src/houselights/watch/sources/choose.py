"""What the user calls a source -> the source."""

import os
import stat
import sys
from pathlib import Path
from urllib.parse import urlsplit

from houselights.core.errors import HouselightsError
from houselights.watch.sources.base import Source

KINDS = """-                                   JSON lines on standard input
FILE                                JSON lines in a file that grows
jetstream or wss://HOST/subscribe   Bluesky Jetstream
mastodon://HOST[/STREAM]            Mastodon streaming (token: environment variable HOUSELIGHTS_MASTODON_TOKEN)
kafka://BROKER[,BROKER]/TOPIC       a Kafka topic
redis://HOST:PORT/DB/STREAM         a Redis Stream"""


def open_source(name: str) -> Source:
    """Raises HouselightsError where there is no such kind of source, or its extra is not installed."""
    scheme = urlsplit(name).scheme
    if name == "-":
        return _stdin()
    if name == "jetstream" or scheme in ("ws", "wss"):
        from houselights.watch.sources.jetstream import Jetstream

        return Jetstream(name)
    if scheme in ("mastodon", "mastodon+http"):
        from houselights.watch.sources.mastodon import Mastodon

        return Mastodon(name)
    if scheme == "kafka":
        from houselights.watch.sources.kafka import Kafka

        return Kafka(name)
    if scheme in ("redis", "rediss"):
        from houselights.watch.sources.redis_stream import RedisStream

        return RedisStream(name)
    if "://" in name:
        raise HouselightsError(f"'{name}' is no source that can be watched. There are:\n{KINDS}")
    from houselights.watch.sources.growing_file import GrowingFile

    return GrowingFile(Path(name))


def _stdin() -> Source:
    from houselights.watch.sources.growing_file import GrowingFile
    from houselights.watch.sources.stdin import Stdin

    if stat.S_ISREG(os.fstat(sys.stdin.fileno()).st_mode):
        return GrowingFile(Path("/dev/stdin"), name="-", follows=False)
    return Stdin()
