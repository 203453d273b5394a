"""Excel workbooks: the first sheet that holds anything, as CSV text. Needs the extra `excel`."""

import csv
import io
import re
import zipfile
import zlib
from datetime import date, datetime
from pathlib import Path
from typing import Any, BinaryIO

from houselights.core.errors import HouselightsError

MAX_EMPTY_CELLS = 10_000_000  # a sheet is held in memory as a rectangle, however few of its cells are filled
MAX_EMPTY_PER_FILLED = 50
MAX_COLUMNS, MAX_ROWS = 1 << 14, 1 << 20  # of the format
_PIECE_BYTES = 1 << 20
_PLACE = re.compile(rb"""\br\s*=\s*["']([A-Za-z]{0,9})(\d{1,18})["']""")
_CELL = re.compile(rb"<(?:\w+:)?c\b")
_LONGEST_TAG = 256
_MAX_UNPACKED_BYTES, _MAX_RATIO = 2 << 30, 200


def is_workbook(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return "xl/workbook.xml" in archive.namelist()
    except _NO_ARCHIVE:
        return False


_NO_ARCHIVE = (zipfile.BadZipFile, OSError, ValueError, RuntimeError, NotImplementedError, zlib.error, EOFError)


def as_csv(path: Path) -> BinaryIO:
    """
    The sheet with as many columns as its longest row. A number that a spreadsheet rounded keeps the exponent that betrays it. An empty row
    is a blank line.
    """
    _, rows = _first_sheet(path)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerows([] if row.count("") == len(row) else [_text(cell) for cell in row] for row in rows)
    return io.BytesIO(out.getvalue().encode("utf-8", "replace"))


def sheet_note(path: Path) -> str:
    """Which sheet is read, where there are several."""
    names, _ = _first_sheet(path)
    return f"sheet '{names[0]}' is read, the first of {len(names)} that hold anything" if len(names) > 1 else ""


def _first_sheet(path: Path) -> tuple[list[str], list[list[Any]]]:
    """(names of the sheets that hold anything, rows of the first of them)."""
    try:
        import python_calamine
    except ImportError:
        raise HouselightsError(
            f"{path} is an Excel workbook. Install the extra that reads it, pip install 'houselights[excel]', or save the sheet as CSV."
        ) from None
    _refuse_huge(path)
    try:
        book = python_calamine.CalamineWorkbook.from_path(str(path))
        sheets = {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}
    except (KeyboardInterrupt, SystemExit, MemoryError):
        raise
    except BaseException as reason:  # the library is Rust: where it fails unforeseen, what it raises is no Exception
        raise HouselightsError(f"{path} is a damaged Excel workbook ({str(reason)[:200]}). Save it again.") from None
    full = [name for name, rows in sheets.items() if rows]
    if not full:
        raise HouselightsError(f"{path}: an Excel workbook without any rows. Export it again.")
    return full, sheets[full[0]]


def _refuse_huge(path: Path) -> None:
    """Raises HouselightsError where few bytes would become a sheet of billions of cells, or unpack to far more than they are."""
    try:
        with zipfile.ZipFile(path) as archive:
            n_bytes = sum(part.file_size for part in archive.infolist())
            if n_bytes > max(_MAX_UNPACKED_BYTES, _MAX_RATIO * path.stat().st_size):
                raise HouselightsError(
                    f"{path}: an Excel workbook that unpacks to {n_bytes:,} bytes, over {_MAX_RATIO} times its size. "
                    "It looks like a decompression bomb; if you trust it, save the sheet as CSV."
                )
            for part in archive.infolist():
                if "/worksheets/" in part.filename:
                    _refuse_huge_sheet(path, archive, part)
    except _NO_ARCHIVE as reason:
        raise HouselightsError(f"{path} is a damaged Excel workbook ({reason}). Save it again.") from None


def _refuse_huge_sheet(path: Path, archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    n_filled, last_row, last_column, carry = 0, 0, 0, b""
    with archive.open(part) as sheet:
        while piece := sheet.read(_PIECE_BYTES):
            data = carry + piece
            n_filled += len(_CELL.findall(data))
            for letters, digits in _PLACE.findall(data):
                last_row = max(last_row, int(digits))
                last_column = max(last_column, _column(letters))
            carry = data[-_LONGEST_TAG:]
    if last_column > MAX_COLUMNS or last_row > MAX_ROWS:
        raise HouselightsError(
            f"{path} is a damaged Excel workbook ({part.filename} has a cell in column {last_column:,}, row {last_row:,}). Save it again."
        )
    if last_row * last_column > MAX_EMPTY_CELLS + MAX_EMPTY_PER_FILLED * n_filled:
        raise HouselightsError(
            f"{path}: an Excel workbook with a sheet that is almost empty and too large ({part.filename}: {n_filled:,} cells in "
            f"{last_row:,} rows and {last_column:,} columns). Delete the cells far from the others, or save the sheet as CSV."
        )


def _column(letters: bytes) -> int:
    """Of A is 1, of AA is 27."""
    number = 0
    for letter in letters.upper():
        number = 26 * number + letter - 64
    return number


def _text(cell: Any) -> str:
    if isinstance(cell, datetime):
        return cell.isoformat(" ")
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 2**53:
        return str(int(cell))
    return "true" if cell is True else "false" if cell is False else str(cell)
