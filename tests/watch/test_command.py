"""The command: signals, figures, and what the user is told."""

import json
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import made_frames
import pytest

from houselights.core.errors import HouselightsError
from houselights.outlets import cli
from houselights.watch.sources import open_source


def figures(port: int) -> dict[str, float]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        lines = [line for line in answer.read().decode().splitlines() if line and not line.startswith("#")]
    return {name: float(value) for name, value in (line.split() for line in lines)}


def test_sigterm_commits_what_was_read_and_the_next_start_goes_on(tmp_path: Path) -> None:
    path, run = tmp_path / "frames.jsonl", tmp_path / "run"
    frames = [f + b"\n" for f in made_frames.mixed(300, seed=8)]
    path.write_bytes(b"".join(frames[:200]))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "houselights.outlets.cli",
        "watch",
        str(path),
        "--out",
        str(run),
        "--quiet",
        "--metrics-port",
        str(port),
    ]
    watching = subprocess.Popen(command)
    try:
        for _ in range(600):
            time.sleep(0.1)
            try:
                told = figures(port)
            except OSError:
                continue
            if told.get("houselights_frames_total") == 200 and "houselights_lag_seconds" in told:
                break
        assert told["houselights_frames_total"] == 200 and told["houselights_resident_memory_bytes"] > 0
        assert {"houselights_late_total", "houselights_rejects_total", "houselights_lag_seconds"} <= told.keys()
        watching.send_signal(signal.SIGTERM)
        assert watching.wait(60) == 0
    finally:
        watching.kill()
    with path.open("ab") as file:
        file.writelines(frames[200:])
    assert cli.main(["watch", str(path), "--out", str(run), "--quiet", "--stop-when-idle", "0"]) == 0
    assert json.loads((run / ".watch/state.json").read_text())["n_frames"] == 300
    told_of_run = json.loads((run / "manifest.json").read_text())
    assert told_of_run["complete"] and told_of_run["watch"]["horizon"]["held_by"] == "none"


@pytest.mark.parametrize(
    "name",
    ["ftp://x/y", "kafka://broker", "redis://host", "redis://host/x/y", "mastodon:///public", "mastodon://h/lists"],
)
def test_a_source_that_is_none_is_refused_in_a_sentence(name: str) -> None:
    with pytest.raises(HouselightsError):
        open_source(name)


def test_no_password_is_kept(tmp_path: Path) -> None:
    assert open_source("redis://user:secret@127.0.0.1:1/0/posts").name == "redis://127.0.0.1:1/0/posts"


def test_wrong_options_are_told(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert cli.main(["watch", str(tmp_path / "no/file"), "--out", str(tmp_path / "run")]) == 2
    assert cli.main(["watch", "-", "--out", str(tmp_path / "run"), "--lateness", "9999999"]) == 2
    for wrong in (["--map", "words"], ["--horizon-posts", "0.5"], ["--horizon-posts", "nan"]):
        with pytest.raises(SystemExit) as exc:
            cli.main(["watch", "-", "--out", str(tmp_path / "run"), *wrong])
        assert exc.value.code == 2
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/thesis.txt").write_text("years of work")
    (tmp_path / "frames.jsonl").write_text("{}\n")
    assert cli.main(["watch", str(tmp_path / "frames.jsonl"), "--out", str(tmp_path / "mine")]) == 2
    assert "Traceback" not in capsys.readouterr().err
