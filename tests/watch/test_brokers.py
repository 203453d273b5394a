"""Brokers over real sockets: Redis as Debian ships it, and Kafka's protocol by librdkafka against a broker. Cut and restarted brokers lose
and double nothing."""

import json
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import made_frames
import pyarrow.parquet as pq
import pytest
import running

from houselights.watch import tables


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def told(run_dir: Path) -> dict[str, Any]:
    tables.write(run_dir)
    return {name: pq.read_table(run_dir / f"{name}.parquet") for name in ("posts", "rejects", "late")}


def like_a_file(tmp_path: Path, frames: list[bytes], name: str) -> dict[str, Any]:
    """The tables of the same frames in a file: the source must not show but in its name."""
    path = tmp_path / name
    path.write_bytes(b"".join(f + b"\n" for f in frames))
    running.watch(str(path), tmp_path / "file", 20_000)
    return told(tmp_path / "file")


class Redis:
    def __init__(self, folder: Path) -> None:
        self.port, self._folder = free_port(), folder
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir()

    def start(self) -> None:
        import redis

        command = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self._folder)]
        command += ["--appendonly", "yes", "--appendfsync", "always", "--save", ""]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        self.client = redis.Redis(port=self.port)
        for _ in range(200):
            try:
                self.client.ping()
                return
            except redis.exceptions.RedisError:
                time.sleep(0.05)
        raise AssertionError("redis-server does not start")

    def kill(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait()

    def cut(self) -> None:
        """Every reader's connection, without a word."""
        self.client.execute_command("CLIENT", "KILL", "TYPE", "NORMAL", "SKIPME", "YES")


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[Redis]:
    pytest.importorskip("redis")
    if not shutil.which("redis-server"):
        pytest.skip("needs redis-server: apt-get install redis-server")
    server = Redis(tmp_path / "redis")
    server.start()
    yield server
    server.kill()


@pytest.mark.slow
def test_a_redis_stream_cut_and_restarted_loses_and_doubles_nothing(redis_server: Redis, tmp_path: Path) -> None:
    frames = [f for f in made_frames.mixed(900, seed=5) if b"\n" not in f]
    name = f"redis://127.0.0.1:{redis_server.port}/0/posts"
    stop = threading.Event()
    watching = threading.Thread(target=lambda: running.watch(name, tmp_path / "run", 50, stop=stop, idle_s=60.0))
    watching.start()
    for i, frame in enumerate(frames):
        if i in (150, 400):
            redis_server.cut()
        if i == 600:
            redis_server.kill()
            redis_server.start()
        redis_server.client.xadd("posts", {"data": frame})
        if i % 50 == 0:
            time.sleep(0.1)
    time.sleep(1.0)
    stop.set()
    watching.join()
    running.watch(name, tmp_path / "run", 50, idle_s=1.0)  # what came after the stop
    assert json.loads((tmp_path / "run/.watch/state.json").read_text())["position"]["n"] == len(frames)
    one, other = told(tmp_path / "run"), like_a_file(tmp_path, frames, "posts")
    assert all(one[name].equals(other[name]) for name in one)


@pytest.fixture
def kafka() -> Iterator[str]:
    """The broker that HOUSELIGHTS_TEST_KAFKA names, or librdkafka's own mock cluster, which speaks the protocol over TCP."""
    confluent_kafka = pytest.importorskip("confluent_kafka")
    if broker := os.environ.get("HOUSELIGHTS_TEST_KAFKA"):
        yield broker
        return
    holder = confluent_kafka.Producer(
        {"test.mock.num.brokers": 1, "bootstrap.servers": "ignored"}, logger=running.silent()
    )
    (broker,) = holder.list_topics(timeout=20).brokers.values()
    yield f"{broker.host}:{broker.port}"


def produce(broker: str, topic: str, frames: list[bytes], partitions: int, first: int = 0) -> None:
    from confluent_kafka import Producer

    producer = Producer({"bootstrap.servers": broker, "linger.ms": 5}, logger=running.silent())
    for i, frame in enumerate(frames, first):
        producer.produce(topic, frame, partition=i % partitions)
    assert producer.flush(60) == 0


def partitions_of(broker: str, topic: str) -> int:
    """Makes the topic; the mock cluster makes it when it is asked for."""
    from confluent_kafka.admin import AdminClient, NewTopic

    admin = AdminClient({"bootstrap.servers": broker}, logger=running.silent())
    if os.environ.get("HOUSELIGHTS_TEST_KAFKA"):
        admin.create_topics([NewTopic(topic, num_partitions=3, replication_factor=1)])[topic].result(30)
    for _ in range(100):
        made = admin.list_topics(topic, timeout=20).topics[topic]
        if made.error is None and made.partitions:
            return len(made.partitions)
        time.sleep(0.1)
    raise AssertionError(f"no topic: {made.error}")


@pytest.mark.slow
def test_a_kafka_topic_is_read_once_whatever_stops_in_between(kafka: str, tmp_path: Path) -> None:
    frames = [f for f in made_frames.mixed(900, seed=6) if f.strip()]
    topic = f"posts-{os.getpid()}-{time.time_ns()}"
    n = partitions_of(kafka, topic)
    name = f"kafka://{kafka}/{topic}"
    produce(kafka, topic, frames[:500], n)
    running.watch(name, tmp_path / "run", 60, idle_s=0.5)
    produce(kafka, topic, frames[500:], n, first=500)
    running.watch(name, tmp_path / "run", 60, idle_s=0.5)
    running.watch(name, tmp_path / "whole", 20_000, idle_s=0.5)
    state = json.loads((tmp_path / "run/.watch/state.json").read_text())
    assert sum(state["position"].values()) == len(frames) == state["n_frames"]
    one, other = told(tmp_path / "run"), told(tmp_path / "whole")
    assert one["posts"].num_rows > 300 and all(one[name].equals(other[name]) for name in one)


def cut_connections_to(port: int) -> int:
    """Shuts down every socket of this process that is connected to this port of this machine, as a cable that is pulled does; how many."""
    n = 0
    for descriptor in Path("/proc/self/fd").iterdir():
        try:
            if not str(descriptor.readlink()).startswith("socket:"):
                continue
            with socket.socket(fileno=os.dup(int(descriptor.name))) as one:
                if one.getpeername()[1] == port:
                    one.shutdown(socket.SHUT_RDWR)
                    n += 1
        except OSError:  # closed meanwhile, or no connection
            continue
    return n


def cut_once_connected(port: int, within_s: float = 20.0) -> int:
    """As `cut_connections_to`, after waiting for the client's back-off to have connected again; how many were cut."""
    until = time.monotonic() + within_s
    while not (n := cut_connections_to(port)) and time.monotonic() < until:
        time.sleep(0.05)
    return n


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs /proc")
def test_a_kafka_topic_whose_connections_are_cut_in_mid_stream_loses_and_doubles_nothing(
    kafka: str, tmp_path: Path
) -> None:
    frames = [f for f in made_frames.mixed(900, seed=7) if f.strip()]
    topic = f"posts-{os.getpid()}-{time.time_ns()}"
    n, port = partitions_of(kafka, topic), int(kafka.rpartition(":")[2])
    name = f"kafka://{kafka}/{topic}"
    stop, cut = threading.Event(), 0
    watching = threading.Thread(target=lambda: running.watch(name, tmp_path / "run", 50, stop=stop, idle_s=60.0))
    watching.start()
    for begin in range(0, len(frames), 100):
        produce(kafka, topic, frames[begin : begin + 100], n, first=begin)
        cut += cut_once_connected(port)
        time.sleep(0.4)
    for _ in range(300):
        if (tmp_path / "run/.watch/state.json").exists() and n_frames(tmp_path / "run") == len(frames):
            break
        time.sleep(0.1)
    stop.set()
    watching.join()
    assert cut >= 5, f"only {cut} connections were cut"
    running.watch(name, tmp_path / "run", 50, idle_s=0.5)
    running.watch(name, tmp_path / "whole", 20_000, idle_s=0.5)
    assert n_frames(tmp_path / "run") == len(frames)
    one, other = told(tmp_path / "run"), told(tmp_path / "whole")
    assert one["posts"].num_rows > 300 and all(one[name].equals(other[name]) for name in one)


def n_frames(run_dir: Path) -> int:
    return int(json.loads((run_dir / ".watch/state.json").read_text())["n_frames"])
