"""Weights come whole or not at all, and a fetch that was stopped goes on."""

import hashlib
import http.server
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import pytest

from houselights.core.errors import HouselightsError
from houselights.llm import weights

DATA = bytes(range(256)) * 9000


class _Files(http.server.BaseHTTPRequestHandler):
    ranges: ClassVar[list[str]] = []
    cut_at: ClassVar[int] = 0

    def log_message(self, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        asked = self.headers.get("Range", "")
        self.ranges.append(asked)
        begin = int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0
        self.send_response(206 if asked else 200)
        self.send_header("Content-Length", str(len(DATA) - begin))
        self.end_headers()
        end = type(self).cut_at or len(DATA)
        type(self).cut_at = 0
        self.wfile.write(DATA[begin:end])


@pytest.fixture()
def known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[weights.Known]:
    monkeypatch.setenv("HOUSELIGHTS_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    monkeypatch.setattr(weights, "part_files", list)
    _Files.ranges.clear()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Files)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield replace(
        weights.QWEN,
        file="m.gguf",
        n_bytes=len(DATA),
        sha256=hashlib.sha256(DATA).hexdigest(),
        url=f"http://127.0.0.1:{server.server_port}/m.gguf",
    )
    server.shutdown()
    server.server_close()


def _quiet(done: int, total: int) -> None:
    assert 0 <= done <= total


def test_a_fetch_brings_the_file_and_checks_it(known: weights.Known) -> None:
    with pytest.raises(HouselightsError, match="models fetch"):
        weights.needed(known)
    got = weights.fetch(_quiet, known)
    assert got.path.read_bytes() == DATA and weights.found(known) == got
    assert weights.fetch(_quiet, known) == got and len(_Files.ranges) == 1


def test_a_stopped_fetch_goes_on(known: weights.Known) -> None:
    _Files.cut_at = 1_000_000
    with pytest.raises(HouselightsError):  # what came is too short
        weights.fetch(_quiet, known)
    assert weights.found(known) is None
    assert weights.fetch(_quiet, known).path.read_bytes() == DATA
    assert _Files.ranges == ["", "bytes=1000000-"]


def test_another_file_is_refused_and_removed(known: weights.Known) -> None:
    with pytest.raises(HouselightsError, match="sha256"):
        weights.fetch(_quiet, replace(known, sha256="0" * 64))
    assert not list(weights.folder().iterdir())


def test_installed_parts_are_joined(known: weights.Known, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parts = []
    for i in range(3):
        parts.append(tmp_path / f"part{i}")
        parts[i].write_bytes(DATA[i * 1_000_000 : (i + 1) * 1_000_000])
    monkeypatch.setattr(weights, "part_files", lambda: parts)
    assert weights.fetch(_quiet, known).path.read_bytes() == DATA
    assert not _Files.ranges


def test_no_network_is_one_sentence(known: weights.Known) -> None:
    with pytest.raises(HouselightsError, match="cannot be reached"):
        weights.fetch(_quiet, replace(known, url="http://127.0.0.1:9/m.gguf"))


def test_a_cache_of_the_hub_is_used(known: weights.Known, tmp_path: Path) -> None:
    there = tmp_path / "hub/hub/models--Qwen--x/snapshots/abc"
    there.mkdir(parents=True)
    (there / "m.gguf").write_bytes(DATA)
    assert weights.needed(known).path == there / "m.gguf"
