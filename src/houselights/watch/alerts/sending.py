"""Tells alerts: as JSON lines on a stream, and to a webhook. At least once each: whoever receives them knows one again by its alert_id."""

import json
import queue
import threading
import urllib.error
import urllib.request
from collections.abc import Sequence
from typing import Any, TextIO
from urllib.parse import urlsplit

from houselights.core.errors import HouselightsError
from houselights.watch.sources.base import BackOff

TIMEOUT_S = 10.0
QUEUED = 10_000


class Sender:
    """`told`: ids of alerts that arrived. Account ids are in alerts.parquet alone: what is sent says how many accounts, not whose."""

    def __init__(self, out: TextIO, webhook: str, back_off: BackOff | None = None) -> None:
        if webhook and urlsplit(webhook).scheme not in ("http", "https"):
            raise HouselightsError(f"--webhook: '{webhook}' is no http:// or https:// address.")
        self._out, self._webhook, self._back_off = out, webhook, back_off or BackOff(1.0, 300.0)
        self._queue: queue.Queue[dict[str, Any] | None] = queue.Queue(QUEUED)
        self._told: set[str] = set()
        self._lock, self._stop = threading.Lock(), threading.Event()
        self._thread = threading.Thread(target=self._post_all, name="webhook", daemon=True)
        self.notes: list[str] = []

    def __enter__(self) -> "Sender":
        if self._webhook:
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """What the webhook did not take yet is sent after the next start."""
        self._stop.set()
        if self._webhook:
            self._thread.join(timeout=TIMEOUT_S + 1)

    def send(self, alerts: Sequence[dict[str, Any]]) -> None:
        for alert in alerts:
            shown = {key: value for key, value in alert.items() if key not in ("account_ids", "at_us")}
            print(json.dumps(shown, ensure_ascii=True), file=self._out, flush=True)
            if not self._webhook:
                self._arrived(alert)
                continue
            try:
                self._queue.put_nowait(shown)
            except queue.Full:
                self.notes = [f"the webhook takes nothing: {QUEUED:,} alerts wait; more are sent after the next start"]

    def take_told(self) -> set[str]:
        with self._lock:
            told, self._told = self._told, set()
        return told

    def _arrived(self, alert: dict[str, Any]) -> None:
        with self._lock:
            self._told.add(alert["alert_id"])

    def _post_all(self) -> None:
        while not self._stop.is_set():
            try:
                alert = self._queue.get(timeout=0.2)
            except queue.Empty:
                continue
            while alert is not None and not self._stop.is_set():
                why = self._post(alert)
                if not why:
                    self._arrived(alert)
                    self._back_off.reset()
                    self.notes = []
                    break
                wait_s = self._back_off.next_s()
                self.notes = [f"webhook: {why}; next try in {wait_s:.0f} s"]
                self._stop.wait(wait_s)

    def _post(self, alert: dict[str, Any]) -> str:
        """Empty if it arrived, else why not."""
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": alert["alert_id"],
            "User-Agent": "houselights",
        }
        request = urllib.request.Request(self._webhook, json.dumps(alert).encode(), headers, method="POST")  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310
                return "" if 200 <= answer.status < 300 else f"answered {answer.status}"
        except (urllib.error.URLError, OSError, ValueError) as error:
            return str(error)[:200]
