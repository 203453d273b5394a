"""A file of one's own: looked at, scanned by a child process, told step by step, cancelled; and where it may not go."""

import json
import os
import time
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from houselights import worlds
from houselights.core.errors import HouselightsError
from houselights.outlets.web import jobs as jobs_module
from houselights.outlets.web.jobs import Job, command
from houselights.outlets.web.siblings import new_run, siblings

TOKEN = {"x-houselights-token": "a-token-of-this-server"}
GOOD = "post_id,author_id,created_at,text\n" + "".join(
    f"{i},a{i % 5},2026-03-01T10:{i % 60:02d}:00Z,words {i} <b>\n" for i in range(80)
)


def _client(run: Path) -> TestClient:
    from houselights.outlets.web.app import app

    made = app(run, TOKEN["x-houselights-token"])
    made.state.shown.wait()
    return TestClient(made, base_url="http://127.0.0.1:8765", follow_redirects=False)


def _wait(client: TestClient, limit_s: float = 120) -> dict[str, object]:
    until = time.monotonic() + limit_s
    while time.monotonic() < until:
        job = client.get("/import.json").json()["job"]
        if job["state"] != "running":
            return dict(job)
        time.sleep(0.05)
    raise AssertionError("the job did not end")


@pytest.mark.slow
def test_a_dropped_file_is_looked_at_then_scanned_then_shown(own_run: Path) -> None:
    client = _client(own_run)
    rows = GOOD + "81,a1,no time,words\n82,a1,never,words\n"
    dropped = {"file": ("../../<evil>\n.csv", rows.encode(), "text/csv")}
    assert client.post("/import", headers=TOKEN, data={"action": "look"}, files=dropped).status_code == 303
    job = _wait(client)
    assert job["state"] == "done" and "generic CSV" in str(job["told"])
    kept = list((own_run.parent / "imported").iterdir())
    assert len(kept) == 1 and kept[0].read_text() == rows and kept[0].parent == own_run.parent / "imported"
    assert job["seen"]["rejects"] and job["seen"]["rejects"][0][1] == 2  # type: ignore[index]
    page = client.get("/import").text
    assert "words 0 &lt;b&gt;" in page and "<evil>" not in page and "not accepted" in page
    asked = {"action": "scan", "path": str(kept[0]), "name": "mine", "q": "0.1"}
    assert client.post("/import", headers=TOKEN, data=asked).status_code == 303
    job = _wait(client)
    assert job["state"] == "done" and job["found"] is False, job["message"]
    manifest = json.loads((own_run.parent / "mine" / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["complete"] and manifest["settings"]["evidence"]["q"] == 0.1
    assert client.post("/run", headers=TOKEN, data={"run": "mine"}).status_code == 303
    assert client.get("/index.json").json()["counts"]["posts"] == 80
    assert client.get("/diff.json?other=own").json()["counts"]["gone"] == 3


@pytest.mark.slow
def test_progress_comes_as_events_and_a_scan_can_be_cancelled(own_run: Path, tmp_path: Path) -> None:
    world = tmp_path / "world"
    worlds.simulate_to(world, worlds.preset("demo"), 0)
    client = _client(own_run)
    asked = {"action": "scan", "path": str(world / "posts.jsonl"), "name": "long"}
    assert client.post("/import", headers=TOKEN, data=asked).status_code == 303
    again = client.post("/import", headers=TOKEN, data=asked | {"name": "other"})
    assert again.status_code == 400 and "Another file is being read" in again.text
    while not client.get("/import.json").json()["job"]["stage"]:
        time.sleep(0.05)
    assert client.post("/import/cancel", headers=TOKEN).status_code == 303
    assert _wait(client)["state"] == "cancelled"
    with client.stream("GET", "/import/events") as events:
        told = [json.loads(line.removeprefix("data: ")) for line in events.iter_lines() if line.startswith("data:")]
    assert told[-1]["state"] == "cancelled" and [s["stage"] for s in told[-1]["stages"]] == list(jobs_module.STAGES)
    assert siblings(own_run) == []  # what is left is no RUN
    child = client.app.state.jobs._child  # type: ignore[attr-defined]
    child.wait(60)
    with pytest.raises(ProcessLookupError):
        os.kill(child.pid, 0)


@pytest.mark.parametrize("rows", ["", "not,posts\n1,2\n", "\x00\x01\x02"])
def test_a_file_that_cannot_be_read_is_said_with_the_reason(own_run: Path, rows: str) -> None:
    client = _client(own_run)
    client.post("/import", headers=TOKEN, data={"action": "look"}, files={"file": ("x.csv", rows.encode())})
    job = _wait(client)
    assert job["state"] == "failed" and "houselights:" in str(job["message"]) and "Traceback" not in str(job["message"])
    assert client.get("/import").status_code == 200


def test_wrong_requests_are_told(own_run: Path) -> None:
    client = _client(own_run)
    for data, words in (
        ({"action": "look"}, "Choose a file"),
        ({"action": "look", "path": "/nowhere/at.all"}, "is not a file"),
        ({"action": "scan", "path": str(own_run / "posts.parquet"), "name": "../evil"}, "Give the new run a name"),
        ({"action": "scan", "path": str(own_run / "posts.parquet"), "name": "own"}, "exists already"),
        ({"action": "scan", "path": str(own_run / "posts.parquet")}, "Give the new run a name"),
    ):
        answer = client.post("/import", headers=TOKEN, data=data)
        assert answer.status_code == 400 and words in answer.text, data
    assert client.post("/run", headers=TOKEN, data={"run": "../../etc"}).status_code == 404


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "a/b", "a\\b", "-x", ".hidden", "a\nb", "a\x00b", "x:y", "~"])
def test_a_name_leads_nowhere_else(own_run: Path, name: str) -> None:
    with pytest.raises(HouselightsError):
        new_run(own_run, name)


def test_a_file_name_is_never_an_option(tmp_path: Path) -> None:
    for kind in ("look", "scan"):
        made = command(Job(kind, [Path("--out=/etc")], tmp_path / "x", {"format": "--evil", "map": "-x", "q": "0.05"}))
        assert made.index("--") < made.index("--out=/etc") and "--format=--evil" in made
