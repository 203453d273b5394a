"""Every hostile file ends in a clear sentence or in rejects that are counted; the rows beside the broken ones go through."""

import gzip
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

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


@pytest.mark.parametrize("scanned", [1 << 26, 1 << 10], ids=["met while looking", "met while reading"])
@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress], ids=["gzip", "zstd"])
def test_decompression_bomb_is_refused(
    read, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pack, scanned: int
) -> None:
    monkeypatch.setattr(source, "MAX_INFLATED_BYTES", 1 << 20)
    monkeypatch.setattr(source, "ENCODING_SCAN_BYTES", scanned)
    monkeypatch.setattr(source, "BLOCK_BYTES", 1 << 18)
    row = b'{"id": "1", "author_id": "a", "created_at": "2020-01-01", "text": "x"}\n'
    path = tmp_path / "bomb.jsonl"
    path.write_bytes(pack(row * 200_000 + b"0" * (64 << 20)))
    with pytest.raises(HouselightsError, match="decompression bomb"):
        read(path)


def test_damaged_parquet(read, tmp_path: Path) -> None:
    columns = {
        "id": [f"p{i}" for i in range(2000)],
        "author": ["a"] * 2000,
        "date": ["2020-01-01 10:00:07"] * 2000,
        "text": [f"{i * i}" for i in range(2000)],
    }
    pq.write_table(pa.table(columns), tmp_path / "whole")
    whole = (tmp_path / "whole").read_bytes()
    for cut in (10, len(whole) // 2, len(whole) - 5):
        (tmp_path / "damaged").write_bytes(
            whole[:cut] + b"\xaa" * 40 + whole[cut + 40 :] if cut == len(whole) // 2 else whole[:cut]
        )
        try:
            assert read(tmp_path / "damaged").report.rows_read == 2000
        except HouselightsError as error:
            assert "damaged" in str(error)


def test_disguises_do_not_matter(hostile, read, tmp_path: Path) -> None:
    """The name says CSV, the bytes say otherwise."""
    (tmp_path / "x.csv").write_bytes(zstandard.compress(hostile.lines(hostile.row(1), hostile.row(2))))
    report = read(tmp_path / "x.csv").report
    assert (report.sources[0].container, report.rows_accepted) == ("JSON", 2)
