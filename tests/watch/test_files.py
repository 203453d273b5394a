"""A file that grows, and standard input."""

import io
import json
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import made_frames
import pyarrow.parquet as pq
import pytest
import running
from hypothesis import given, settings
from hypothesis import strategies as st

from houselights.outlets import cli
from houselights.watch import run
from houselights.watch.alerts.sending import Sender
from houselights.watch.settings import Pace
from houselights.watch.sources import open_source
from houselights.watch.sources.growing_file import GrowingFile
from houselights.watch.sources.lines import Lines


def read_all(path: Path, position: dict[str, object] | None = None) -> tuple[list[bytes], dict[str, object] | None]:
    """Everything that lies there now."""
    stop, frames = threading.Event(), []
    for chunk in GrowingFile(path).read(position, stop):
        frames += chunk.frames
        position = chunk.position or position
        if chunk.caught_up:
            stop.set()
    return frames, position


def test_half_a_line_waits_for_its_end(tmp_path: Path) -> None:
    path = tmp_path / "posts.jsonl"
    path.write_bytes(b'{"a":1}\n{"b":')
    frames, position = read_all(path)
    assert frames == [b'{"a":1}']
    with path.open("ab") as file:
        file.write(b"2}\n")
    assert read_all(path, position)[0] == [b'{"b":2}']


def test_a_rotated_file_is_read_to_its_end_first(tmp_path: Path) -> None:
    path = tmp_path / "posts.jsonl"
    path.write_bytes(b"1\n2\n")
    _, position = read_all(path)
    with path.open("ab") as file:
        file.write(b"3\n4\n")
    path.rename(tmp_path / "posts.jsonl.1")
    path.write_bytes(b"5\n")
    frames, position = read_all(path, position)
    assert frames == [b"3", b"4", b"5"] and position and position["line"] == 5


def test_a_rotation_while_watched_loses_nothing(tmp_path: Path) -> None:
    path, stop, frames = tmp_path / "posts.jsonl", threading.Event(), []
    path.write_bytes(b"1\n")

    def read() -> None:
        for chunk in GrowingFile(path).read(None, stop):
            frames.extend(chunk.frames)

    def wait_for(n: int) -> None:
        until = time.monotonic() + 60
        while len(frames) < n and time.monotonic() < until:
            time.sleep(0.02)

    reader = threading.Thread(target=read)
    reader.start()
    wait_for(1)  # what is rotated away before anybody reads is nobody's to read
    number = 2
    for turn in range(3):
        with path.open("ab") as file:
            for _ in range(50):
                file.write(b"%d\n" % number)
                number += 1
        path.rename(tmp_path / f"posts.jsonl.{turn}")
        path.write_bytes(b"%d\n" % number)
        number += 1
        wait_for(number - 1)
    stop.set()
    reader.join()
    assert [int(f) for f in frames] == list(range(1, number))


def test_a_truncated_file_is_read_from_its_beginning(tmp_path: Path) -> None:
    path = tmp_path / "posts.jsonl"
    path.write_bytes(b"1\n2\n3\n")
    _, position = read_all(path)
    path.write_bytes(b"4\n")
    assert read_all(path, position)[0] == [b"4"]
    path.write_bytes(b"5\n6\n7\n8\n")  # as long as before, and longer: told by how it begins
    assert read_all(path, position)[0] == [b"5", b"6", b"7", b"8"]


@given(st.binary(max_size=200), st.lists(st.integers(1, 20), min_size=1, max_size=20))
@settings(max_examples=100, deadline=None)
def test_lines_are_the_same_however_the_bytes_come(data: bytes, cuts: list[int]) -> None:
    lines, frames, at = Lines(), [], 0
    for size in cuts * (len(data) + 1):
        if at >= len(data):
            break
        frames += lines.add(data[at : at + size]).frames
        at += size
    assert lines.offset <= len(data)
    frames += lines.rest().frames
    whole = data.removeprefix(b"\xef\xbb\xbf") if data.find(b"\n") != 0 else data
    expected = whole.split(b"\n")
    assert frames == (expected[:-1] if not expected[-1] else expected)
    assert lines.offset == len(data)


def test_a_watch_of_a_file_has_the_bytes_of_its_scan(tmp_path: Path) -> None:
    """Nothing late and nothing beyond the horizon: one code path."""
    path = tmp_path / "frames.jsonl"
    frames = made_frames.mixed(700, seed=11)
    path.write_bytes(b"".join(f + b"\n" for f in frames))
    command = ["watch", str(path), "--out", str(tmp_path / "watched"), "--stop-when-idle", "0", "--quiet"]
    cli.main([*command, "--lateness", "100000", "--tables-every", "0"])
    cli.main(["scan", str(path), "--out", str(tmp_path / "scanned"), "--quiet"])
    assert not pq.read_table(tmp_path / "watched/late.parquet").num_rows
    for name in ("posts.parquet", "rejects.parquet"):  # DuckDB may know that a column has no null, or not
        watched, of_scan = (pq.read_table(tmp_path / run / name) for run in ("watched", "scanned"))
        assert watched.num_rows and watched.cast(of_scan.schema).equals(of_scan), name
    for name in ("traces.parquet", "members.parquet", "evidence.parquet", "findings.json"):
        assert (tmp_path / "watched" / name).read_bytes() == (tmp_path / "scanned" / name).read_bytes(), name


@pytest.mark.slow
def test_a_pipe_is_read_to_its_end(tmp_path: Path) -> None:
    frames = made_frames.mixed(200, seed=2)
    command = [sys.executable, "-m", "houselights.outlets.cli", "watch", "-", "--out", str(tmp_path / "run"), "--quiet"]
    done = subprocess.run(command, input=b"\n".join(frames), capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    state = json.loads((tmp_path / "run/.watch/state.json").read_text())
    assert state["n_frames"] == 200 and (tmp_path / "run/report.html").exists()


def test_frames_that_are_no_objects_stop_nothing(tmp_path: Path) -> None:
    path = tmp_path / "frames.jsonl"
    path.write_bytes(b"nonsense\n\n[]\n\xff\xff\n" + b"\n".join(made_frames.mixed(60, seed=4)) + b"\n")
    running.watch(str(path), tmp_path / "run", 20_000)
    from houselights.watch import tables

    tables.write(tmp_path / "run")
    rejects = pq.read_table(tmp_path / "run/rejects.parquet").to_pylist()
    assert [r["line"] for r in rejects if r["rule"] == "malformed_json"][:3] == [1, 3, 4]


def test_two_watches_of_one_run_are_refused(tmp_path: Path) -> None:
    from houselights.core.errors import HouselightsError
    from houselights.watch.log import Log
    from houselights.watch.settings import WatchSettings

    log = Log(tmp_path, WatchSettings("x"), ["x"])
    with pytest.raises(HouselightsError, match="watched by another"):
        Log(tmp_path, WatchSettings("x"), ["x"])
    log.close()


def test_a_watch_goes_on_with_the_settings_it_began_with(tmp_path: Path) -> None:
    from houselights.core.errors import HouselightsError
    from houselights.watch.log import Log
    from houselights.watch.settings import WatchSettings

    log = Log(tmp_path, WatchSettings("x"), ["x"])
    log.commit()
    log.close()
    with pytest.raises(HouselightsError, match="lateness_s"):
        Log(tmp_path, WatchSettings("x", lateness_s=1.0), ["x"])


@pytest.mark.parametrize("data", [b"", b"id,text\n1,a\n", bytes(range(256)) * 9])
def test_a_source_without_a_json_object_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], data: bytes
) -> None:
    path = tmp_path / "posts.csv"
    path.write_bytes(data)
    assert cli.main(["watch", str(path), "--out", str(tmp_path / "run"), "--stop-when-idle", "0", "--quiet"]) == 2
    assert "no JSON object has come" in capsys.readouterr().err


@pytest.mark.slow
def test_a_stream_that_falls_silent_gets_its_tables_and_a_restart_knows_of_them(tmp_path: Path) -> None:
    source, run_dir, stop = tmp_path / "posts.jsonl", tmp_path / "run", threading.Event()
    lines = made_frames.mixed(1_200, 9)
    source.write_bytes(b"\n".join(lines[:800]) + b"\n")
    seen: list[float | None] = []

    def tell(status: run.Status) -> None:
        seen.append(status.tables_written_at)

    def start() -> threading.Thread:
        stop.clear()
        of = open_source(str(source))
        pace = Pace(batch_frames=100, batch_s=0.3, tables_every_s=0.5)
        thread = threading.Thread(target=_watch, args=(of, run_dir, pace, stop, tell))
        thread.start()
        return thread

    def frames_in_tables() -> int:
        path = run_dir / "manifest.json"
        told = json.loads(path.read_text()) if path.exists() else {}
        return int(told["watch"]["frames"]) if told.get("complete") and "watch" in told else 0

    def n_read() -> int:
        return int(json.loads((run_dir / ".watch/state.json").read_text())["n_frames"])

    watching = start()
    _until(lambda: frames_in_tables() > 0 and frames_in_tables() == n_read())
    first = frames_in_tables()
    stop.set()
    watching.join()
    seen.clear()
    watching = start()
    _until(lambda: len(seen) > 3)
    assert seen[0] is not None, "the tables of the earlier start are there"
    with source.open("ab") as file:
        file.write(b"\n".join(lines[800:]) + b"\n")
    _until(lambda: frames_in_tables() > first and frames_in_tables() == n_read())
    stop.set()
    watching.join()


def _watch(source: Any, run_dir: Path, pace: Pace, stop: threading.Event, tell: Any) -> None:
    with Sender(io.StringIO(), "") as sender:
        run.watch(source, run_dir, running.settings(source), pace, sender, stop, time.time, tell)


def _until(true: Any) -> None:
    for _ in range(900):
        if true():
            return
        time.sleep(0.1)
    raise AssertionError("it did not come true")
