"""Alerts of a watch in the browser: the latest first, as the watch writes them, with no account named."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from starlette.testclient import TestClient

from houselights.core.tables import ALERTS
from houselights.outlets.web.app import app

START = datetime(2026, 3, 1, 12, tzinfo=UTC)


def _alert(k: int, **more: Any) -> dict[str, Any]:
    row = {
        "alert_id": f"a{k}",
        "group_id": f"g{k}",
        "event": "appear",
        "at": START + timedelta(minutes=k),
        "n_accounts": 20 + k,
        "account_ids": ["account-that-nobody-may-see"],
        "merged_from": [],
        "n_bets": 5,
        "n_blocks": 4,
        "e_value": 812.5,
        "threshold": 60.0,
        "n_tested": 3,
        "q": 0.05,
        "sentence": f"Coordinated pattern: {20 + k} accounts shared 5 objects <script>alert(1)</script>.",
        "guarantee": "At most a share of 0.05 is expected.",
    }
    return row | more


def _write(run: Path, rows: list[dict[str, Any]]) -> None:
    ALERTS.write(run, pa.Table.from_pylist(rows, schema=ALERTS.schema))


@pytest.fixture
def watched(own_run: Path) -> TestClient:
    manifest = json.loads((own_run / "manifest.json").read_text(encoding="utf-8"))
    told = {"source": "a stream", "clock": "2026-03-01T13:00:00+00:00", "frames": 400}
    (own_run / "manifest.json").write_text(json.dumps(manifest | {"watch": told}), encoding="utf-8")
    _write(own_run, [])
    client = TestClient(app(own_run, "a-token"), base_url="http://127.0.0.1:8765")
    client.app.state.shown.wait()  # type: ignore[attr-defined]
    return client


def test_alerts_come_as_the_watch_writes_them_and_nothing_is_made_anew(watched: TestClient, own_run: Path) -> None:
    assert "No alert since this watch began" in watched.get("/alerts").text
    made = watched.app.state.shown.results  # type: ignore[attr-defined]
    _write(own_run, [_alert(k) for k in range(3)])
    page, twin = watched.get("/alerts").text, watched.get("/alerts.json").json()
    assert "3 alerts since this watch began" in page and "data-live" in page
    assert [a["alert_id"] for a in twin["alerts"]] == ["a2", "a1", "a0"]
    assert page.index('id="alert-a2"') < page.index('id="alert-a1"') < page.index('id="alert-a0"')
    assert "At most a share of 0.05 is expected." in page
    watched.app.state.shown._look_at = 0.0  # type: ignore[attr-defined]
    watched.get("/alerts")
    assert watched.app.state.shown.wait() is made  # type: ignore[attr-defined]


def test_no_account_is_named_and_words_are_inert(watched: TestClient, own_run: Path) -> None:
    _write(own_run, [_alert(0, group_id='"><img src=x onerror=alert(1)>')])
    for address in ("/alerts", "/alerts.json"):
        assert "account-that-nobody-may-see" not in watched.get(address).text
    page = watched.get("/alerts").text
    assert "<script>alert" not in page and "<img" not in page


def test_the_list_ends_and_says_so(watched: TestClient, own_run: Path) -> None:
    _write(own_run, [_alert(k) for k in range(250)])
    assert "The latest 200 of 250" in watched.get("/alerts").text


def test_a_scan_has_no_alerts_and_no_such_page_in_its_list(rich: TestClient) -> None:
    page = rich.get("/alerts").text
    assert "This run is of files" in page
    assert 'href="/alerts"' not in page and "data-live" not in page
