"""Excel workbooks, made here byte by byte as the format's standard has them."""

import sys
import zipfile
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pytest

from houselights.core.errors import HouselightsError

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"


def cell(value: Any) -> str:
    if isinstance(value, int | float):
        return f"<c><v>{value!r}</v></c>"
    return f'<c t="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is></c>'


def workbook(path: Path, **sheets: list[list[Any]]) -> Path:
    names = list(sheets)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        parts = "".join(
            f'<Override PartName="/xl/worksheets/sheet{i}.xml" ContentType="{_SHEET}"/>' for i in range(len(names))
        )
        kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
        out.writestr("[Content_Types].xml", f'<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" '
                     f'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
                     f'<Override PartName="/xl/workbook.xml" ContentType="{kind}"/>{parts}</Types>')  # fmt: skip
        out.writestr("_rels/.rels", f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="r" Type="{_REL}/officeDocument" '
                     'Target="xl/workbook.xml"/></Relationships>')  # fmt: skip
        listed = "".join(f'<sheet name="{n}" sheetId="{i + 1}" r:id="s{i}"/>' for i, n in enumerate(names))
        out.writestr(
            "xl/workbook.xml", f'<workbook xmlns="{_MAIN}" xmlns:r="{_REL}"><sheets>{listed}</sheets></workbook>'
        )
        links = "".join(
            f'<Relationship Id="s{i}" Type="{_REL}/worksheet" Target="worksheets/sheet{i}.xml"/>'
            for i in range(len(names))
        )
        out.writestr(
            "xl/_rels/workbook.xml.rels", f'<Relationships xmlns="{_PACKAGE}/relationships">{links}</Relationships>'
        )
        for i, rows in enumerate(sheets.values()):
            body = "".join(f"<row>{''.join(map(cell, row))}</row>" for row in rows)
            out.writestr(
                f"xl/worksheets/sheet{i}.xml", f'<worksheet xmlns="{_MAIN}"><sheetData>{body}</sheetData></worksheet>'
            )
    return path


ROWS = [
    ["post_id", "author_id", "created_at", "text"],
    ["p1", "a1", "2026-03-02 10:00:00", 'she said "a ship", twice\nand left 🚢'],
    ["p2", 12345, 1772445600, "plain"],
]


def test_the_first_sheet_that_holds_anything(read, tmp_path: Path) -> None:
    reading = read(workbook(tmp_path / "posts.xlsx", Empty=[], Posts=ROWS, Notes=[["about"], ["x"]]))
    by = {p["post_id"]: p for p in reading.posts}
    assert by["p1"]["text"] == ROWS[1][3] and by["p2"]["author_id"] == "12345"
    assert {p["created_at"].isoformat() for p in reading.posts} == {"2026-03-02T10:00:00+00:00"}
    assert any("sheet 'Posts'" in note for note in reading.report.sources[0].notes)


def test_an_id_that_the_spreadsheet_rounded_is_refused(read, tmp_path: Path) -> None:
    rows = [*ROWS, [1.2345678901234568e18, "a3", "2026-03-02 10:00:00", "x"]]
    assert [r["rule"] for r in read(workbook(tmp_path / "posts.xlsx", Posts=rows)).rejects] == ["lossy_id"]


def test_empty_rows_are_blank_lines(read, tmp_path: Path) -> None:
    """A stray cell far below the others makes many of them: they are no rows that broke a rule."""
    rows = [*ROWS[:2], *[["", "", "", ""]] * 3, ROWS[2], ["stray", "", "", ""]]
    reading = read(workbook(tmp_path / "posts.xlsx", Posts=rows))
    assert len(reading.posts) == 2 and [r["rule"] for r in reading.rejects] == ["missing_author"]


def test_damaged_empty_and_other_archives_are_said(read, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = workbook(tmp_path / "posts.xlsx", Posts=ROWS)
    (tmp_path / "torn.xlsx").write_bytes(whole.read_bytes()[:-200])
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as out:
        out.writestr("a.txt", "x")
    for path in (tmp_path / "torn.xlsx", tmp_path / "other.zip", workbook(tmp_path / "empty.xlsx", Posts=[])):
        with pytest.raises(HouselightsError):
            read(path)
    monkeypatch.setitem(sys.modules, "python_calamine", None)
    with pytest.raises(HouselightsError, match=r"houselights\[excel\]"):
        read(whole)
