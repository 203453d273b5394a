"""Every hostile file ends in a clear sentence or in rejects that are counted; the rows beside the broken ones go through."""

import gzip
from collections import Counter
from pathlib import Path

import pytest

from houselights.core.errors import HouselightsError
from houselights.ingest import delimited, json_text, source


def test_hostile_corpus(hostile, read, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (json_text, delimited):
        monkeypatch.setattr(module, "MAX_RECORD_BYTES", hostile.RECORD_LIMIT)
    monkeypatch.setattr(source, "BLOCK_BYTES", 1 << 18)
    wrong = []
    for i, case in enumerate(hostile.cases()):
        try:
            _check(case, tmp_path / f"hostile{i}.dat", read)
        except (AssertionError, HouselightsError) as error:
            wrong.append(f"{case.name}: {error!r:.600}")
    assert not wrong, "\n".join(wrong)


def _check(case, path: Path, read) -> None:
    path.write_bytes(case.data)
    if case.sentence is not None:
        with pytest.raises(HouselightsError) as caught:
            pytest.fail(f"{case.name}: {read(path).report.sources[0].guess}")
        assert case.sentence in str(caught.value), (case.name, str(caught.value))
        assert path.name in str(caught.value), case.name
        return
    reading = read(path)
    assert Counter(r["rule"] for r in reading.rejects) == case.rejects, (case.name, reading.rejects)
    if case.texts is not None:
        assert tuple(p["text"] for p in sorted(reading.posts, key=lambda p: p["post_id"])) == case.texts, case.name
    if case.reject_lines is not None:
        assert tuple(r["line"] for r in reading.rejects) == case.reject_lines, case.name


def test_paths_that_are_no_files(read, tmp_path: Path) -> None:
    with pytest.raises(HouselightsError, match="no such file"):
        read(tmp_path / "absent.csv")
    with pytest.raises(HouselightsError, match="is a folder"):
        read(tmp_path)
    with pytest.raises(HouselightsError, match="no input file"):
        read()


def test_decompression_bomb_is_refused(read, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "MAX_INFLATED_BYTES", 1 << 20)
    path = tmp_path / "bomb.jsonl"
    path.write_bytes(gzip.compress(b'{"id": "1", "text": "' + b"0" * (64 << 20) + b'"}\n'))
    with pytest.raises(HouselightsError, match="decompression bomb"):
        read(path)


def test_ten_megabyte_line(hostile, read, tmp_path: Path) -> None:
    text = "y " * (5 << 20)
    (tmp_path / "in").write_bytes(hostile.lines(hostile.row(1), hostile.row(2, text), b"{", hostile.row(3)))
    reading = read(tmp_path / "in")
    assert [p["text"] for p in reading.posts] == ["plain words", text, "plain words"]
    assert [r["line"] for r in reading.rejects] == [3]
