"""Frames over a real websocket: cut connections lose and double nothing."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import made_frames
import pyarrow.parquet as pq
import pytest
import running

from houselights.watch import tables
from houselights.watch.sources import base, jetstream

pytest.importorskip("websockets")
HERE = Path(__file__).parent


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., str]]:
    started: list[subprocess.Popen[str]] = []

    def start(frames: list[bytes], **told: Any) -> str:
        path = tmp_path / "served.jsonl"
        path.write_bytes(b"".join(f + b"\n" for f in frames))
        command = [sys.executable, str(HERE / "jetstream_server.py"), json.dumps({"frames": str(path), **told})]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stdout
        return f"ws://127.0.0.1:{process.stdout.readline().strip()}/subscribe"

    yield start
    for process in started:
        process.kill()
        process.wait()


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jetstream, "BackOff", lambda: base.BackOff(0.05, 0.1))


@pytest.mark.slow
def test_cut_connections_lose_and_double_nothing(serve: Callable[..., str], tmp_path: Path) -> None:
    frames = [f.decode("utf-8", "replace").encode() for f in made_frames.mixed(1200, seed=3)]
    running.watch(serve(frames), tmp_path / "whole", 20_000, idle_s=0.5)
    running.watch(serve(frames, cut_after=[1, 130, 7, 500, 2]), tmp_path / "cut", 100, idle_s=0.5)
    for name in ("whole", "cut"):
        tables.write(tmp_path / name)
    for name in ("posts", "rejects", "late"):
        one, other = (pq.read_table(tmp_path / run / f"{name}.parquet") for run in ("whole", "cut"))
        assert one.num_rows and one.equals(other)


def test_frames_of_the_same_microsecond_are_each_read_once() -> None:
    frames = [made_frames.post(made_frames.did(i), made_frames.START_US + i // 3, f"k{i}", "word") for i in range(12)]
    for stopped in range(len(frames) + 1):
        tail = jetstream._Tail(None)
        kept = [f for f in frames[:stopped] if tail.is_new(f)]
        again = jetstream._Tail(json.loads(json.dumps(tail.position())) if stopped else None)
        again.reconnected()
        first = 0 if again.cursor is None else again.cursor
        replay = [f for f in frames if json.loads(f)["time_us"] >= first]
        assert kept + [f for f in replay if again.is_new(f)] == frames


def test_a_stamp_inside_a_record_moves_no_cursor() -> None:
    hostile = b'{"commit":{"record":{"time_us":999999999999999999}},"did":"did:plc:a","kind":"commit","time_us":5}'
    assert jetstream._stamp(hostile) == 5
    assert jetstream._stamp(b'{"did":"did:plc:a","time_us":7,"commit":{"record":{"time_us":9}}}') == 7
    assert jetstream._stamp(b'{"time_us":') is None
