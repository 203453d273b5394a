"""The sheet that a person fills in: a CSV that spreadsheets keep as it is, and what they may have made of it on the way back."""

import csv
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from houselights.content import blind_sample
from houselights.content.marking import STANCE, TECHNIQUES
from houselights.core.errors import HouselightsError
from houselights.core.paths import in_sql
from houselights.core.tables import POSTS

COLUMNS = ("row", "text", "label")
LABELS = {STANCE: ("favour", "against", "neither", "unclear"), TECHNIQUES: ("yes", "no")}
DELIMITERS = ",;\t"
MOST_CHARACTERS = 10_000
"""Of a post on the sheet: a cell of a spreadsheet takes 32,767, and nobody labels a book."""
SHORTENED = " [shortened]"


def write(con: duckdb.DuckDBPyConnection, run_dir: Path, sample: pa.Table, path: Path) -> None:
    """A CSV to fill in: no account, no finding, no predicted label, in an order that tells nothing. The RUN's `sample` is replaced only when the
    sheet is on disk. Raises HouselightsError where it cannot be written."""
    texts = dict(
        con.execute(
            f'SELECT post_id, any_value("text") FROM read_parquet({in_sql(run_dir / POSTS.file)}) WHERE list_contains($ids, post_id) GROUP BY 1',
            {"ids": sample["post_id"].to_pylist()},
        ).fetchall()
    )
    beside = path.with_name(path.name + ".part")
    try:
        with beside.open("w", encoding="utf-8-sig", newline="", errors="replace") as out:
            writer = csv.writer(out)
            writer.writerow(COLUMNS)
            for row, post_id in zip(sample["row"].to_pylist(), sample["post_id"].to_pylist(), strict=True):
                writer.writerow((row, _cell(str(texts[post_id])), ""))
        blind_sample.keep(run_dir, sample)
        beside.replace(path)
    except OSError as error:
        raise HouselightsError(
            f"{path}: the sheet cannot be written ({error.strerror or error}). Give another --out."
        ) from error
    finally:
        beside.unlink(missing_ok=True)


def _cell(text: str) -> str:
    text = text.replace("\0", "")
    text = text if len(text) <= MOST_CHARACTERS else text[:MOST_CHARACTERS] + SHORTENED
    return "'" + text if text[:1] in "=+-@\t\r" else text  # no formula for a spreadsheet


def read(path: Path) -> dict[str, tuple[str, int]]:
    """Row -> (its label in small letters, the line of the sheet), of rows with a label, whatever the order of rows.

    Raises HouselightsError where it is no such sheet, or where a row has two labels."""
    out: dict[str, tuple[str, int]] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file, _long_fields():
            header = file.readline()
            row_at, label_at, delimiter = _columns(path, header)
            reader = csv.reader(file, delimiter=delimiter)
            for cells in reader:
                if len(cells) <= max(row_at, label_at):
                    continue
                row, label, line = cells[row_at].strip(), cells[label_at].strip().lower(), reader.line_num + 1
                if not label:
                    continue
                before, at = out.setdefault(row, (label, line))
                if before != label:
                    raise HouselightsError(
                        f"{path}: row {row[:40]} is labelled {before[:40]!r} in line {at:,} and {label[:40]!r} in line {line:,}. Keep one of them."
                    )
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise HouselightsError(f"{path} cannot be read ({error}). Save it as CSV, UTF-8.") from error
    return out


def _columns(path: Path, header: str) -> tuple[int, int, str]:
    """(place of `row`, place of `label`, delimiter): spreadsheets write commas, semicolons or tabs, as their country has it."""
    split = [(next(csv.reader([header.rstrip("\r\n")], delimiter=d), []), d) for d in DELIMITERS]
    names, delimiter = max(split, key=lambda s: len({"row", "label"} & {n.strip() for n in s[0]}))
    names = [n.strip() for n in names]
    for name in ("row", "label"):
        if names.count(name) != 1:
            what = "is missing" if name not in names else "is there more than once"
            raise HouselightsError(
                f"{path}: column {name!r} {what}. Fill in the sheet that `sample` wrote, and keep its columns."
            )
    return names.index("row"), names.index("label"), delimiter


def of_sample(run_dir: Path, path: Path, sample: Sequence[dict[str, Any]]) -> tuple[str, str, dict[str, str]]:
    """(task, target, row -> label) of a filled-in sheet: its rows tell which of the RUN's samples it is of.

    Raises HouselightsError naming the row or line that does not fit."""
    given = read(path)
    if not given:
        raise HouselightsError(f"{path}: no row has a label. Fill in the column label.")
    of = {str(r["row"]): (str(r["task"]), str(r["target"])) for r in sample}
    unknown = sorted(set(given) - set(of))
    if unknown:
        raise HouselightsError(
            f"{path}: row {unknown[0][:40]} is none of the samples of {run_dir}. Is it the sheet of another RUN, or of an earlier draw?"
        )
    named = sorted({of[row] for row in given})
    if len(named) > 1:
        told = " and ".join(f"{task} {target!r}" for task, target in named[:2])
        raise HouselightsError(f"{path}: its rows are of two sheets, {told}. Give one sheet at a time.")
    task, target = named[0]
    for label, line in given.values():
        if label not in LABELS[task]:
            raise HouselightsError(
                f"{path}, line {line:,}: the label {label[:40]!r} is none. Allowed: {', '.join(LABELS[task])}."
            )
    return task, target, {row: label for row, (label, _) in given.items()}


@contextmanager
def _long_fields() -> Iterator[None]:
    """A spreadsheet may have put more into a cell than Python's reader takes by itself."""
    before = csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    try:
        yield
    finally:
        csv.field_size_limit(before)
