"""The quick way through JSON lines: DuckDB reads the file itself, at half the cost, but knows no line numbers and no reasons.

It serves files in which every line is one post. Each line gets a random mark; where there are as many marks as rows and as line ends,
row n is line n. Anything else, and anything that would be rejected for its form, sends this slice of the file the careful way.
"""

from codecs import BOM_UTF8
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import duckdb
import numpy as np

from houselights.core.paths import in_sql
from houselights.ingest import json_text, source
from houselights.ingest.source import Source

_EXPECTED = "('deletion', 'not_a_post')"  # rules that say nothing against a line


@dataclass(frozen=True)
class Slice:
    """Whole lines that follow each other in an input."""

    path: Path
    n_bytes: int
    n_lines: int
    bytes_before: int
    lines_before: int


def may_be(of: Source) -> bool:
    """Plain UTF-8 with ordinary line ends, none of them far apart."""
    return not of.has_huge_lines and of.compression is None and of.encoding == "utf-8" and not of.carriage_returns


def slices(of: Source, max_bytes: int, copy: Path) -> Iterator[Slice]:
    """The input itself where it is short; else one copy after the other at `copy`, which is gone in the end."""
    if of.n_bytes <= max_bytes:
        yield Slice(of.path, of.n_bytes, of.n_lines, 0, 0)
        return
    begin = lines_before = 0
    try:
        with of.path.open("rb") as file:
            while begin < of.n_bytes:
                file.seek(begin + max_bytes)
                file.readline()
                end = file.tell()
                # a line that begins so would be taken for the mark of an encoding at the head of a slice
                while file.read(len(BOM_UTF8)) == BOM_UTF8:
                    file.readline()
                    end = file.tell()
                end = min(end, of.n_bytes)
                file.seek(begin)
                n_lines = _copy(file, end - begin, copy)
                yield Slice(copy, end - begin, n_lines, begin, lines_before)
                begin, lines_before = end, lines_before + n_lines
    finally:
        copy.unlink(missing_ok=True)


def _copy(file: BinaryIO, n_bytes: int, to: Path) -> int:
    """The number of lines copied; a last one needs no line end."""
    n_ends, last = 0, b""
    with to.open("wb") as out:
        while n_bytes and (block := file.read(min(n_bytes, source.BLOCK_BYTES))):
            out.write(block)
            n_ends += int(np.count_nonzero(np.frombuffer(block, np.uint8) == 10))
            n_bytes, last = n_bytes - len(block), block[-1:]
    return n_ends + (last != b"\n")


def typed(path: Path, structure: dict[str, Any]) -> str:
    """SQL of (line, raw, j, rule, detail), as json_text.typed has it: `line` is the mark, `raw` is NULL, so is `j` of a broken line."""
    read = f"""read_json({in_sql(path)}, format = 'newline_delimited', records = false, ignore_errors = true, compression = 'none',
        maximum_object_size = {json_text.MAX_RECORD_BYTES}, columns = {{'j': '{_type(structure).replace("'", "''")}'}})"""
    return f"""(SELECT CAST(random() * 9e15 AS BIGINT) AS line, NULL::VARCHAR AS raw, j,
        CASE WHEN j IS NULL THEN 'malformed_json' END AS rule, NULL::VARCHAR AS detail FROM {read})"""


def is_sound(con: duckdb.DuckDBPyConnection, staged: str, n_lines: int) -> bool:
    """Whether row n of the staged rows is line n and no line needs a second look."""
    found = con.execute(
        f"""SELECT count(*), count(DISTINCT line), count_if(rule IS NOT NULL AND rule NOT IN {_EXPECTED})
        FROM {staged}"""
    ).fetchall()
    return found == [(n_lines, n_lines, 0)]


def _type(structure: object) -> str:
    if isinstance(structure, dict):
        fields = ", ".join(f'"{name.replace(chr(34), chr(34) * 2)}" {_type(of)}' for name, of in structure.items())
        return f"STRUCT({fields})"
    return f"{_type(structure[0])}[]" if isinstance(structure, list) else str(structure)
