"""CSV and TSV -> Arrow batches of (line, rule, detail, c0, c1, ...), all text. Broken rows become problems, their neighbours go through."""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyarrow import csv as arrow_csv

from houselights.ingest.json_text import MAX_RECORD_BYTES, escaped

DELIMITERS = {",": "comma", "\t": "tab", ";": "semicolon", "|": "bar"}
MAX_JOINED_LINES = 2000  # a quoted field longer than this is a quote that was never closed
FEW_JOINED_LINES = 20  # where many quotes were never closed
MAX_SOUGHT_LINES = 4_000_000


@dataclass(frozen=True)
class Dialect:
    delimiter: str
    quote: str | None
    escape: str | None  # a backslash where the file uses it before quotes; others may be doubled in the same file
    n_skip: int  # physical lines before the first data row or header


def sniff_dialect(head: bytes, complete: bool) -> tuple[Dialect, list[list[str]]]:
    """The dialect under which most sample rows have the width of the first, and these rows (header included)."""
    text = head.decode("utf-8", "replace")
    if not complete:
        text = text[: text.rfind("\n") + 1] or text
    lines = [_physical(line) for line in text.split("\n", 400)[:400]]
    n_skip = next((i for i, line in enumerate(lines) if line.strip()), 0)
    forced = None
    if re.fullmatch(r"sep=[!#-/:-@\[\]-`{-~\t ]\s*", lines[n_skip], re.IGNORECASE):  # Excel's first line
        forced, n_skip = lines[n_skip][4], n_skip + 1
    best: tuple[float, Dialect, list[list[str]]] | None = None
    for delimiter in [forced] if forced else DELIMITERS:
        for quote, escape in (('"', None), (None, None), ('"', "\\")):
            if escape and '\\"' not in text:
                continue
            dialect = Dialect(delimiter, quote, escape, n_skip)
            rows = [row for row in _reader(lines[n_skip:], dialect) if row]
            width = len(rows[0]) if rows else 0
            fit = sum(len(row) == width for row in rows) / max(len(rows), 1)
            usual = quote == '"' and escape is None
            better = 2 * (
                escape is not None
                and _strays(lines[n_skip:], dialect) < _strays(lines[n_skip:], replace(dialect, escape=None))
            )
            score = (width > 1) * (fit * 10 + min(width, 40) / 100 + (usual + better) * 0.01)
            if best is None or score > best[0]:
                best = (score, dialect, rows)
    assert best is not None
    return best[1], best[2]


def _physical(line: str) -> str:
    """A line for Python's reader, which takes a lone CR for a line end where we do not."""
    return line.removesuffix("\r").replace("\r", " ") + "\n"


def _strays(lines: list[str], dialect: Dialect) -> int:
    """How often a quote closes and the field goes on: never where the dialect is the right one."""
    reader, n = _reader(lines, dialect, strict=True), 0
    while True:
        try:
            next(reader)
        except csv.Error:
            n += 1
        except StopIteration:
            return n


def _reader(lines: Iterable[str], dialect: Dialect, strict: bool = False) -> Any:
    """Python's reader, for the sample and for what Arrow's reader refuses. Its own limit of 128 KiB a field would end the scan."""
    csv.field_size_limit(max(csv.field_size_limit(), 2 * MAX_RECORD_BYTES))
    return csv.reader(
        lines,
        delimiter=dialect.delimiter,
        quotechar=dialect.quote or '"',
        quoting=csv.QUOTE_MINIMAL if dialect.quote else csv.QUOTE_NONE,
        escapechar=dialect.escape,
        strict=strict,
    )


def record_batches(
    blocks: Iterator[bytes], dialect: Dialect, width: int, keep: Sequence[int], has_header: bool
) -> Iterator[pa.RecordBatch]:
    """`width` columns are expected; only those in `keep` are handed on, as `c<i>`. `line` is the physical line a record starts on, from 1."""
    reader = _Records(dialect, width, list(keep))
    carry, line, skip, header_due = b"", 1, dialect.n_skip, has_header
    for block in blocks:
        data = carry + block if carry else block
        while skip and (end := data.find(b"\n")) >= 0:
            data, line, skip = data[end + 1 :], line + 1, skip - 1
        ends, end_lines = _record_ends(data, dialect)
        if header_due and len(ends):
            data, line, header_due = data[ends[0] :], line + int(end_lines[0]), False
            ends, end_lines = ends[1:] - ends[0], end_lines[1:] - end_lines[0]
        cut = int(ends[-1]) if len(ends) else 0
        sound = cut and int(np.diff(ends, prepend=0).max()) <= MAX_RECORD_BYTES
        if sound and (batch := reader.parse(data[:cut], line, end_lines)) is not None:
            yield batch
            line, carry = line + int(end_lines[-1]), data[cut:]
        elif cut or len(data) > MAX_RECORD_BYTES:
            batch, used = reader.parse_broken(data, line, final=False)
            yield batch
            line, carry = line + data[:used].count(b"\n"), data[used:]
        else:
            carry = data
    if carry.strip() and not header_due:
        yield reader.parse_broken(carry, line, final=True)[0]


def _record_ends(data: bytes, dialect: Dialect) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """(offset after each line end that stands outside quotes, physical lines up to there)."""
    array = np.frombuffer(data, np.uint8)
    newlines = np.flatnonzero(array == 10)
    numbers = np.arange(1, len(newlines) + 1)
    if dialect.quote is None:
        return newlines + 1, numbers
    quotes = np.flatnonzero(array == ord(dialect.quote))
    if dialect.escape and len(quotes):
        quotes = quotes[~escaped(array, quotes)]
    outside = np.searchsorted(quotes, newlines) % 2 == 0
    return newlines[outside] + 1, numbers[outside]


class _Records:
    """Parses blocks of whole records: fast where every row is well formed, row by row where one is not."""

    def __init__(self, dialect: Dialect, width: int, keep: list[int]) -> None:
        self.dialect, self.width, self.keep = dialect, width, keep
        self.names = [f"c{i}" for i in range(width)]
        self.sought_lines = 0  # read in vain for the end of a quote
        fields = [("line", pa.int64()), ("rule", pa.string()), ("detail", pa.string())]
        self.schema = pa.schema(fields + [(f"c{i}", pa.string()) for i in keep])
        self.parse_options = arrow_csv.ParseOptions(
            delimiter=dialect.delimiter,
            quote_char=dialect.quote or False,
            double_quote=dialect.quote is not None,
            escape_char=dialect.escape or False,
            newlines_in_values=dialect.quote is not None,
        )
        self.convert_options = arrow_csv.ConvertOptions(
            column_types={name: pa.string() for name in self.names},
            include_columns=[f"c{i}" for i in keep],
            strings_can_be_null=False,
            check_utf8=False,
        )

    def parse(self, data: bytes, line: int, end_lines: npt.NDArray[Any]) -> pa.RecordBatch | None:
        """None when a row does not fit: then `parse_broken` must look at each."""
        if len(data) == 0:
            return None
        starts = line + np.concatenate([[0], end_lines[:-1]])
        options = arrow_csv.ReadOptions(column_names=self.names, block_size=len(data) + 1, use_threads=False)
        try:
            table = arrow_csv.read_csv(
                pa.BufferReader(data), options, self.parse_options, self.convert_options
            ).combine_chunks()
        except pa.ArrowInvalid:
            return None
        if table.num_rows != len(starts):
            return None
        nothing = pa.nulls(table.num_rows, pa.string())
        columns = [c.chunk(0) if c.num_chunks else pa.array([], pa.string()) for c in table.columns]
        return pa.RecordBatch.from_arrays(
            [pa.array(starts, pa.int64()), nothing, nothing, *columns], schema=self.schema
        )

    def parse_broken(self, data: bytes, line: int, final: bool) -> tuple[pa.RecordBatch, int]:
        """(batch, bytes used). A record that does not fit is rejected alone: reading goes on at the next physical line."""
        lines = data.decode().split("\n")  # only LF ends a line here; splitlines would cut at U+2028 too
        good: list[tuple[int, list[str]]] = []
        bad: list[tuple[int, str, str]] = []
        i, last = 0, len(lines) if final else len(lines) - 1
        while i < last:
            n_joined, row = self._record(lines, i, last)
            if (
                n_joined is None
                and not final
                and last - i < MAX_JOINED_LINES
                and len("".join(lines[i:])) < MAX_RECORD_BYTES
            ):
                break  # the rest of this record may come with the next block
            if n_joined is None or row is None:
                bad.append((line + i, *self._why(lines[i], row)))
                i += n_joined or 1
            else:
                if row:
                    good.append((line + i, row))
                i += n_joined
        if i == 0 and not final and len(data) > MAX_RECORD_BYTES:
            bad.append((line, "line_too_long", f"more than {MAX_RECORD_BYTES:,} bytes without a line end"))
            return self._batch(good, bad), len(data)
        used = len(data) if i >= len(lines) else len("\n".join(lines[:i]).encode()) + (1 if i else 0)
        return self._batch(good, bad), used

    def _record(self, lines: list[str], i: int, last: int) -> tuple[int | None, list[str] | None]:
        """(lines joined, fields): fields None = wrong width; lines None = a quote opens here and never closes sensibly."""
        if not lines[i].strip():
            return 1, []
        if len(lines[i]) > MAX_RECORD_BYTES:
            return 1, None
        end = min(last, i + (MAX_JOINED_LINES if self.sought_lines < MAX_SOUGHT_LINES else FEW_JOINED_LINES))
        physical = (_physical(text) for text in lines[i:end])
        reader = _reader(chain(physical, ["\n"]), self.dialect)
        row = next(reader)
        if reader.line_num > end - i:  # it asked for the line after the last: a quote stands open
            self.sought_lines += end - i
            return (None, None) if self.dialect.quote else (1, self._fit(row))
        fit = self._fit(row)
        if fit is None and reader.line_num > 1 and self._alone(lines[i + 1]):
            return None, None  # the next line is a whole record: the quote here was a stray one
        return reader.line_num, fit

    def _fit(self, row: list[str]) -> list[str] | None:
        surplus = row[self.width :]
        return row[: self.width] if len(row) >= self.width and not any(surplus) else None

    def _alone(self, text: str) -> bool:
        row: list[str] = next(_reader([_physical(text)], self.dialect), [])
        return len(row) == self.width and text.count('"') % 2 == 0

    def _why(self, text: str, row: list[str] | None) -> tuple[str, str]:
        if len(text) > MAX_RECORD_BYTES:
            return "line_too_long", f"{len(text):,} characters; the limit is {MAX_RECORD_BYTES:,} bytes"
        n_fields = len(next(_reader([_physical(text)], self.dialect), []))
        return (
            "malformed_csv_row",
            f"{n_fields} fields or an open quote where {self.width} fields were due: {text[:120]}",
        )

    def _batch(self, good: list[tuple[int, list[str]]], bad: list[tuple[int, str, str]]) -> pa.RecordBatch:
        n_good, n_bad = len(good), len(bad)
        arrays = [
            pa.array([n for n, _ in good] + [n for n, _, _ in bad], pa.int64()),
            pa.array([None] * n_good + [rule for _, rule, _ in bad], pa.string()),
            pa.array([None] * n_good + [detail for _, _, detail in bad], pa.string()),
        ]
        arrays += [pa.array([row[i] for _, row in good] + [None] * n_bad, pa.string()) for i in self.keep]
        return pa.RecordBatch.from_arrays(arrays, schema=self.schema)
