"""When tables are written, and that a failure is told and tried again."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from houselights.watch import table_process
from houselights.watch.log import Log
from houselights.watch.settings import WatchSettings
from houselights.watch.table_process import TableProcess

EVERY_S = 100.0


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    kept = Log(tmp_path / "run", WatchSettings("somewhere"), ["it"])
    yield kept
    kept.close()


def finish(tables: TableProcess) -> bool:
    """Waits for the process that runs; whether tables have just been written."""
    assert tables._process is not None
    tables._process.wait()
    return tables.poll()


def test_a_failure_is_told_and_tried_again_also_when_nothing_more_comes(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    codes, now_s = [1, 0], 1000.0
    real = subprocess.Popen

    def scripted(command: list[str], **over: Any) -> "subprocess.Popen[bytes]":
        said = f"import sys; print('no room left', file=sys.stderr); sys.exit({codes.pop(0)})"
        return real([sys.executable, "-c", said], **over)

    monkeypatch.setattr(table_process.subprocess, "Popen", scripted)
    tables = TableProcess(log, EVERY_S, lambda: now_s)
    log.state.n_frames = 5
    tables.start_if_due()
    assert not log.is_read, "not yet due"
    now_s += EVERY_S
    tables.start_if_due()
    assert log.is_read and not finish(tables) and not log.is_read
    assert tables.notes == ["tables could not be written: no room left"] and tables.written_at is None
    tables.start_if_due()
    assert len(codes) == 1, "tried again at once"
    now_s += EVERY_S
    tables.start_if_due()
    assert finish(tables) and tables.notes == [] and tables.written_at == now_s
    now_s += EVERY_S
    tables.start_if_due()
    assert not log.is_read, "nothing came since"
