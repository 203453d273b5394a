"""A stage is not made again only if everything it came from is the same and its files are whole."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from houselights.core.finished import FOLDER, Finished


class Scan:
    """Two stages, each of which writes a file; `made` says which were made."""

    def __init__(self, folder: Path) -> None:
        self.out, self.source = folder / "run", folder / "posts.csv"
        self.out.mkdir()
        self.source.write_text("some posts")
        self.settings: dict[str, Any] = {"read": {"a": 1}, "traces": {"b": frozenset({"x", "y"})}}
        self.version = "1"

    def run(self) -> tuple[list[str], list[dict[str, Any]]]:
        finished, made = Finished(self.out, [self.source], self.version), []

        def make(name: str) -> Callable[[], dict[str, Any]]:
            def made_now() -> dict[str, Any]:
                made.append(name)
                (self.out / name).write_text(f"rows of {name}")
                return {"rows": len(name)}

            return made_now

        told = [finished.stage(n, s, [n], dict, make(n), dict) for n, s in self.settings.items()]
        assert finished.resumed == set(self.settings) - set(made)
        return made, told


@pytest.fixture
def scan(tmp_path: Path) -> Scan:
    scan = Scan(tmp_path)
    assert scan.run()[0] == ["read", "traces"]
    return scan


def test_what_is_done_is_not_done_again_and_tells_the_same(scan: Scan) -> None:
    assert scan.run() == ([], [{"rows": 4}, {"rows": 6}])


def test_other_settings_void_a_stage_and_all_after_it(scan: Scan) -> None:
    scan.settings["traces"] = {"b": frozenset({"x"})}
    assert scan.run()[0] == ["traces"]
    scan.settings["read"] = {"a": 2}
    assert scan.run()[0] == ["read", "traces"]


def test_a_changed_input_or_version_voids_all(scan: Scan) -> None:
    scan.source.write_text("more posts")
    assert scan.run()[0] == ["read", "traces"]
    os.utime(scan.source, ns=(1, 1))
    assert scan.run()[0] == ["read", "traces"]
    scan.version = "2"
    assert scan.run()[0] == ["read", "traces"]


@pytest.mark.parametrize("torn", [b"", b"{", b'{"key": 1}', b"[]", b"\xff\xfe"])
def test_a_torn_note_counts_as_none(scan: Scan, torn: bytes) -> None:
    (scan.out / FOLDER / "read.json").write_bytes(torn)
    assert scan.run()[0] == ["read"]


def test_a_file_that_is_gone_or_cut_off_is_made_again(scan: Scan) -> None:
    (scan.out / "traces").write_text("rows")
    assert scan.run()[0] == ["traces"]
    (scan.out / "read").unlink()
    assert scan.run()[0] == ["read"]
