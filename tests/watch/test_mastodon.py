"""Server-sent events over a real socket; what falls between two connections comes from the timeline."""

import threading
from pathlib import Path

import mastodon_server
import pyarrow.parquet as pq
import pytest
import running

from houselights.core.errors import HouselightsError
from houselights.watch import tables
from houselights.watch.sources import base, mastodon


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mastodon, "BackOff", lambda: base.BackOff(0.05, 0.1))


@pytest.mark.slow
def test_cut_connections_lose_and_double_no_status(tmp_path: Path) -> None:
    server = mastodon_server.Server(n=300, every_s=0.02, cut_after=40)
    running.watch(server.name, tmp_path / "run", 25, idle_s=2.0)
    assert server.connections > 3
    server.close()
    tables.write(tmp_path / "run")
    posts = pq.read_table(tmp_path / "run/posts.parquet")
    numbers = [int(uri.rsplit("/", 1)[1]) for uri in posts["post_id"].to_pylist()]
    first = min(numbers)
    assert numbers == [i for i in range(first, 300) if i != 3]
    rejects = pq.read_table(tmp_path / "run/rejects.parquet").to_pylist()
    assert {r["rule"] for r in rejects} <= {"deletion", "deleted_by_author"} and len(rejects) >= 1


def test_a_server_that_wants_a_token_says_so() -> None:
    server = mastodon_server.Server(n=10, every_s=0.01, token="secret")
    with pytest.raises(HouselightsError, match="HOUSELIGHTS_MASTODON_TOKEN"):
        list(mastodon.Mastodon(server.name).read(None, threading.Event()))
    server.close()


def test_events_are_the_same_however_the_bytes_come() -> None:
    told = b':thump\nevent: update\ndata: {"id":\ndata: "1"}\n\nevent: delete\r\ndata: 7\r\n\r\ndata: x\n\n'

    class Answer:
        def __init__(self, size: int) -> None:
            self.blocks = [told[i : i + size] for i in range(0, len(told), size)]

        def read1(self, _: int) -> bytes:
            return self.blocks.pop(0) if self.blocks else b""

    for size in range(1, len(told) + 1):
        found = list(mastodon._events(Answer(size), threading.Event()))  # type: ignore[arg-type]
        assert found == [("update", b'{"id":\n"1"}'), ("delete", b"7"), ("message", b"x")]
