"""The index of a RUN: made once, made again when the RUN changed or the file is damaged, and never in the way."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from starlette.testclient import TestClient

from houselights.core.errors import HouselightsError
from houselights.outlets.web import index
from houselights.outlets.web.app import app
from houselights.outlets.web.indexed import Indexed


def _client(run: Path) -> TestClient:
    return TestClient(app(run, "a-token"), base_url="http://127.0.0.1:8765", follow_redirects=False)


def _posts(run: Path) -> int:
    opened = Indexed(run)
    try:
        return int(opened.counts["posts"])
    finally:
        opened.close()


def test_it_is_made_once_and_again_when_a_table_changed(own_run: Path) -> None:
    assert not index.exists(own_run)
    n = _posts(own_run)
    [first] = (own_run / ".web").iterdir()
    made_at = first.stat().st_mtime_ns
    assert index.exists(own_run) and _posts(own_run) == n
    assert first.stat().st_mtime_ns == made_at
    (own_run / "findings.json").write_text(json.dumps([]), encoding="utf-8")
    assert not index.exists(own_run)
    opened = Indexed(own_run)
    assert opened.passed_ids == [] and index.exists(own_run)
    opened.close()
    assert len(list((own_run / ".web").iterdir())) == 1 and not first.exists()


@pytest.mark.parametrize("damage", [b"", b"not a database", None])
def test_a_damaged_index_is_made_again(own_run: Path, damage: bytes | None) -> None:
    n = _posts(own_run)
    [path] = (own_run / ".web").iterdir()
    path.write_bytes(path.read_bytes()[:100_000] if damage is None else damage)
    assert _posts(own_run) == n


def test_where_it_may_not_be_written_a_temporary_folder_serves(own_run: Path) -> None:
    (own_run / ".web").write_text("in the way", encoding="utf-8")
    assert _posts(own_run) > 300
    assert (own_run / ".web").read_text(encoding="utf-8") == "in the way"


def test_what_a_killed_server_left_is_swept_and_what_a_living_one_makes_is_not(own_run: Path) -> None:
    folder = own_run / ".web"
    folder.mkdir()
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    left, made = folder / f"index-a.duckdb.{ended.pid}.x.part", folder / f"index-a.duckdb.{os.getppid()}.x.part"
    for path in (left, left.with_name(left.name + ".wal"), made):
        path.write_text("x")
    _posts(own_run)
    kept = {p.name for p in folder.iterdir()} - {made.name}
    assert made.exists() and len(kept) == 1 and kept.pop().endswith(".duckdb")


def _when_it_is_there(address: str) -> bytes:
    """As a browser does: it asks again while the index is made."""
    for _ in range(120):
        try:
            with urllib.request.urlopen(address + "index.json") as twin, urllib.request.urlopen(address) as page:
                assert twin.status == page.status == 200
                return bytes(page.read())
        except urllib.error.HTTPError as error:
            assert error.code == 503 and error.headers["retry-after"] == "1"
            time.sleep(0.5)
    raise AssertionError("the index never came")


def test_pages_say_how_far_the_index_is_until_it_is_there(own_run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go_on, run = threading.Event(), index.Making.run

    def held(making: index.Making, con: Any, statements: list[Any]) -> None:
        run(making, con, statements[:3])
        assert go_on.wait(60)
        run(making, con, statements[3:])

    monkeypatch.setattr(index.Making, "run", held)
    monkeypatch.setattr("houselights.outlets.web.shown.PATIENCE_S", 0.01)
    client = _client(own_run)
    shown = client.app.state.shown  # type: ignore[attr-defined]
    try:
        while shown._making.done < 3:
            time.sleep(0.01)
        page, twin = client.get("/feed?lang=en"), client.get("/feed.json?lang=en")
        assert (page.status_code, twin.status_code) == (202, 503)
        assert f"3 of {len(index._STATEMENTS)} tables are there" in page.text and "data-waiting" in page.text
        assert (twin.json()["done"], twin.json()["total"]) == (3, len(index._STATEMENTS))
        go_on.set()
        shown.wait()
        assert client.get("/feed?lang=en").status_code == 200
    finally:
        go_on.set()
        shown.close()


def test_stopping_ends_the_making_and_leaves_nothing(own_run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    endless = ("CREATE TABLE never AS SELECT sum(a.range * b.range) FROM range(10_000_000) a, range(10_000_000) b",)
    monkeypatch.setattr(index, "_STATEMENTS", endless)
    client = _client(own_run)
    assert client.get("/").status_code == 202
    client.app.state.shown.close()  # type: ignore[attr-defined]
    assert list((own_run / ".web").iterdir()) == []
    assert client.get("/").status_code == 400


def test_what_hinders_the_index_is_told_and_tried_again(own_run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    right = index._STATEMENTS
    monkeypatch.setattr(index, "_STATEMENTS", ("SELECT no_such_column FROM {posts}",))
    client = _client(own_run)
    with pytest.raises(HouselightsError):
        client.app.state.shown.wait()  # type: ignore[attr-defined]
    told = client.get("/")
    assert told.status_code == 400 and "no_such_column" in told.text
    monkeypatch.setattr(index, "_STATEMENTS", right)  # what hindered it is gone: tried again after a while
    client.app.state.shown._look_at = 0.0  # type: ignore[attr-defined]
    client.get("/")
    client.app.state.shown.wait()  # type: ignore[attr-defined]
    assert client.get("/").status_code == 200


def test_the_command_says_where_and_stops_in_peace(own_run: Path) -> None:
    command = [sys.executable, "-m", "houselights.outlets.cli", "serve", str(own_run), "--no-open", "--port", "0"]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert child.stdout and child.stderr
        address = child.stdout.readline().strip()
        assert address.startswith("http://127.0.0.1:")
        assert b"2 patterns need a look" in _when_it_is_there(address)
    finally:
        child.send_signal(signal.SIGINT)
        out, err = child.communicate(timeout=30)
    assert child.returncode == 0 and out == "" and "Only this machine" in err and "Traceback" not in err


def test_wrong_use_is_told(tmp_path: Path, own_run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from houselights.outlets import cli

    assert cli.main(["serve", str(tmp_path / "nope"), "--no-open"]) == 2
    assert "is not a directory" in capsys.readouterr().err
    taken = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import socket,time; s=socket.socket(); s.bind(('127.0.0.1',0)); s.listen(); print(s.getsockname()[1],flush=True); time.sleep(60)",
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert taken.stdout
        port = taken.stdout.readline().strip()
        assert cli.main(["serve", str(own_run), "--no-open", "--port", port]) == 2
        assert f"port {port}" in capsys.readouterr().err
    finally:
        taken.kill()
        taken.wait()
        time.sleep(0)


@pytest.mark.parametrize("command", ["serve RUN --no-open", "export RUN --to site --out RUN/../site"])
def test_without_its_packages_it_says_what_to_install(own_run: Path, command: str) -> None:
    arguments = [part.replace("RUN", str(own_run)) for part in command.split()]
    code = f"""import sys
for name in ("uvicorn", "starlette", "jinja2"):
    sys.modules[name] = None
from houselights.outlets import cli
sys.exit(cli.main({arguments!r}))"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 2 and "houselights[web]" in done.stderr and "Traceback" not in done.stderr
    assert not (own_run.parent / "site").exists()


def _until(true: Any) -> None:
    for _ in range(600):
        if true():
            return
        time.sleep(0.05)
    raise AssertionError("it did not come true")


def test_pages_follow_a_run_that_changes_and_stay_while_it_is_replaced(
    own_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("houselights.outlets.web.shown.LOOK_EVERY_S", 0.0)
    monkeypatch.setattr("houselights.outlets.web.shown.AGAIN_AFTER_S", 0.0)
    client = _client(own_run)
    shown = client.app.state.shown  # type: ignore[attr-defined]
    first = shown.wait()
    n = client.get("/index.json").json()["counts"]["posts"]
    manifest = (own_run / "manifest.json").read_text(encoding="utf-8")
    (own_run / "manifest.json").write_text('{"complete": false, "version": "0"}', encoding="utf-8")
    for name in ("narratives.parquet", "rejects.parquet", "findings.json"):
        (own_run / name).unlink(missing_ok=True)
    for _ in range(10):  # in the middle of being replaced: what was there stays
        assert client.get("/index.json").json()["counts"]["posts"] == n
        assert "2 patterns need a look" in client.get("/").text
        assert client.get("/feed").status_code == client.get("/reader").status_code == 200
    posts = pq.read_table(own_run / "posts.parquet")
    pq.write_table(posts.slice(0, n // 2), own_run / "posts.parquet")
    (own_run / "findings.json").write_text("[]", encoding="utf-8")
    (own_run / "manifest.json").write_text(manifest, encoding="utf-8")
    _until(lambda: "Nothing found" in client.get("/").text)
    assert client.get("/index.json").json()["counts"]["posts"] == n // 2
    assert client.get(f"/post/{n - 1}").status_code == 404
    made = shown.wait()
    assert made is not first
    (own_run / "opinion.json").write_text('{"topics": []}', encoding="utf-8")  # beside the index: opened anew, not made
    [index_file] = (own_run / ".web").iterdir()
    made_at = index_file.stat().st_mtime_ns
    _until(lambda: shown.results is not made)
    assert index_file.stat().st_mtime_ns == made_at
    shown.close()


def test_a_damaged_file_is_told_and_what_was_shown_before_stays(own_run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("houselights.outlets.web.shown.LOOK_EVERY_S", 0.0)
    monkeypatch.setattr("houselights.outlets.web.shown.AGAIN_AFTER_S", 0.0)
    client = _client(own_run)
    shown = client.app.state.shown  # type: ignore[attr-defined]
    shown.wait()
    for damage in ("[", '[{"finding_id": 1}, 3]', '{"a": 1}'):
        (own_run / "findings.json").write_text(damage, encoding="utf-8")
        for _ in range(5):
            assert "2 patterns need a look" in client.get("/").text
    (own_run / "alerts.parquet").write_bytes(b"PAR1 cut short")
    for address in ("/alerts", "/alerts.json"):
        told = client.get(address)
        assert told.status_code == 400 and "Traceback" not in told.text and "alerts" in told.text.lower()
    shown.close()


def test_indexes_in_a_temporary_folder_do_not_pile_up(own_run: Path) -> None:
    (own_run / ".web").write_text("in the way", encoding="utf-8")
    folder = index._temporary(own_run.resolve())
    for k in range(3):
        (own_run / "findings.json").write_text("[" + " " * k + "]", encoding="utf-8")
        assert _posts(own_run) > 300
        assert len(list(folder.iterdir())) == 1
    assert index._temporary(own_run.resolve()) == folder


def test_no_address_leads_to_another_host(own_run: Path) -> None:
    client = _client(own_run)
    client.app.state.shown.wait()  # type: ignore[attr-defined]
    for address in ("//evil.example/", "/feed/", "///evil.example//"):
        told = client.get("http://127.0.0.1:8765" + address)
        assert not told.headers.get("location", "/x").startswith("//"), told.headers["location"]
    client.app.state.shown.close()  # type: ignore[attr-defined]
