"""A Kafka topic, all its partitions. Offsets are ours: the consumer group commits nothing, so nothing is skipped that is not in the log."""

import os
from collections.abc import Iterator
from threading import Event
from typing import Any
from urllib.parse import unquote, urlsplit

from houselights.core.errors import HouselightsError
from houselights.watch.sources.base import CHUNK_FRAMES, CHUNK_S, MAX_FRAME_BYTES, Chunk

FIND_S = 20.0
"""So long the brokers may take to say which partitions there are."""


class Kafka:
    """kafka://BROKER[:PORT][,BROKER...]/TOPIC. Further settings of librdkafka: HOUSELIGHTS_KAFKA, as `key=value;key=value`.
    `lines` are the offsets in each partition."""

    format, server_stamps, replays = "auto", False, True

    def __init__(self, name: str) -> None:
        try:
            import confluent_kafka
        except ImportError as error:
            raise HouselightsError("Kafka needs the extra `watch`: pip install 'houselights[watch]'") from error
        parts = urlsplit(name)
        self.name, self._topic = name, unquote(parts.path.strip("/"))
        if not parts.netloc or not self._topic:
            raise HouselightsError(f"'{name}' should read kafka://BROKER/TOPIC, as kafka://127.0.0.1:9092/posts")
        self._lost: list[str] = []
        self._consumer = confluent_kafka.Consumer(
            {
                "bootstrap.servers": parts.netloc,
                "group.id": "houselights-watch",
                "enable.auto.commit": False,
                "enable.auto.offset.store": False,
                "auto.offset.reset": "error",
                "enable.partition.eof": True,
                "queued.max.messages.kbytes": 32_768,
                "fetch.message.max.bytes": MAX_FRAME_BYTES,
                "reconnect.backoff.ms": 200,
                "reconnect.backoff.max.ms": 20_000,
                "error_cb": lambda error: self._lost.append(str(error)),
                **_further(),
            },
            logger=_silent(),
        )
        self._partitions = self._find()
        self.parts = [f"{self._topic}[{p}]" for p in self._partitions]

    def _find(self) -> list[int]:
        from confluent_kafka import KafkaException

        try:
            topic = self._consumer.list_topics(self._topic, timeout=FIND_S).topics[self._topic]
        except KafkaException as error:
            raise HouselightsError(f"{self.name}: no broker answers ({error}).") from error
        if topic.error is not None or not topic.partitions:
            raise HouselightsError(f"{self.name}: the brokers have no topic '{self._topic}' ({topic.error}).")
        return sorted(topic.partitions)

    def read(self, position: dict[str, Any] | None, stop: Event) -> Iterator[Chunk]:
        from confluent_kafka import OFFSET_BEGINNING, KafkaError, TopicPartition

        after = {int(p): int(offset) for p, offset in (position or {}).items()}
        number = {p: i for i, p in enumerate(self._partitions)}
        self._consumer.assign(
            [TopicPartition(self._topic, p, after.get(p, OFFSET_BEGINNING)) for p in self._partitions]
        )
        at_end: set[int] = set()
        try:
            while not stop.is_set():
                chunk = Chunk(parts=[])
                for message in self._consumer.consume(CHUNK_FRAMES, CHUNK_S):
                    p, error = int(message.partition() or 0), message.error()
                    if error is None:
                        at_end.discard(p)
                        _take(message, number[p], chunk)
                        after[p] = int(message.offset() or 0) + 1
                    elif error.code() == KafkaError._PARTITION_EOF:
                        at_end.add(p)
                    elif error.code() in (KafkaError._AUTO_OFFSET_RESET, KafkaError.OFFSET_OUT_OF_RANGE):
                        chunk.note = f"the broker no longer holds partition {p} from offset {after.get(p)}: what lay there is lost"
                        self._consumer.seek(TopicPartition(self._topic, p, OFFSET_BEGINNING))
                    elif error.fatal():
                        raise HouselightsError(f"{self.name}: {error}")
                    else:
                        chunk.note = f"connection: {error}"
                if self._lost:
                    chunk.note, self._lost = f"connection: {self._lost[-1]}", []
                if chunk.frames:
                    chunk.position = {str(p): offset for p, offset in after.items()}
                chunk.caught_up = not chunk.frames and len(at_end) == len(self._partitions)
                yield chunk
        finally:
            self._consumer.close()


def _take(message: Any, part: int, chunk: Chunk) -> None:
    frame = message.value() or b""
    if len(frame) > MAX_FRAME_BYTES:
        chunk.problems[len(chunk.frames)] = ("line_too_long", f"{len(frame):,} bytes; the limit is {MAX_FRAME_BYTES:,}")
        frame = b""
    chunk.frames.append(frame)
    chunk.lines.append(message.offset())
    assert chunk.parts is not None
    chunk.parts.append(part)


def _further() -> dict[str, str]:
    told = os.environ.get("HOUSELIGHTS_KAFKA", "")
    return dict(pair.split("=", 1) for pair in told.split(";") if "=" in pair)


def _silent() -> Any:
    import logging

    logger = logging.getLogger("houselights.kafka")
    logger.addHandler(logging.NullHandler())
    logger.propagate = False
    return logger
