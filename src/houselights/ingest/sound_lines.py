"""The quick way through JSON lines: DuckDB reads the file itself, at half the cost, but knows no line numbers and no reasons.

It serves files in which every line is one post. Each line gets a random mark; where there are as many marks as rows and as line ends,
row n is line n. Anything else, and anything that would be rejected for its form, sends the whole file the careful way.
"""

from typing import Any

import duckdb

from houselights.core.paths import in_sql
from houselights.ingest import json_text
from houselights.ingest.source import Source

_EXPECTED = "('deletion', 'not_a_post')"  # rules that say nothing against a line


def may_be(source: Source) -> bool:
    """Plain UTF-8 with ordinary line ends, none of them far apart."""
    return (
        not source.has_huge_lines
        and source.compression is None
        and source.encoding == "utf-8"
        and not source.carriage_returns
    )


def typed(source: Source, structure: dict[str, Any]) -> str:
    """SQL of (line, raw, j, rule, detail), as json_text.typed has it: `line` is the mark, `raw` is NULL, so is `j` of a broken line."""
    read = f"""read_json({in_sql(source.path)}, format = 'newline_delimited', records = false, ignore_errors = true, compression = 'none',
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
