"""Excel workbooks: the first sheet that holds anything, as CSV text. Needs the extra `excel`."""

import csv
import io
import zipfile
from datetime import date, datetime
from pathlib import Path
from typing import Any, BinaryIO

from houselights.core.errors import HouselightsError


def is_workbook(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return "xl/workbook.xml" in archive.namelist()
    except (zipfile.BadZipFile, OSError):
        return False


def as_csv(path: Path) -> BinaryIO:
    """The sheet with as many columns as its longest row. A number that a spreadsheet rounded keeps the exponent that betrays it."""
    _, rows = _first_sheet(path)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerows([_text(cell) for cell in row] for row in rows)
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
    try:
        book = python_calamine.CalamineWorkbook.from_path(str(path))
        sheets = {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}
    except (python_calamine.CalamineError, OSError, ValueError) as reason:
        raise HouselightsError(f"{path} is a damaged Excel workbook ({reason}). Save it again.") from None
    full = [name for name, rows in sheets.items() if rows]
    if not full:
        raise HouselightsError(f"{path}: an Excel workbook without any rows. Export it again.")
    return full, sheets[full[0]]


def _text(cell: Any) -> str:
    if isinstance(cell, datetime):
        return cell.isoformat(" ")
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 2**53:
        return str(int(cell))
    return "true" if cell is True else "false" if cell is False else str(cell)
