"""Parquet -> rows with named columns; nested structs by dot path."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from houselights.core.errors import HouselightsError
from houselights.core.paths import in_sql
from houselights.ingest.sample import Sample
from houselights.ingest.source import Source, Truncated, raw_blocks
from houselights.ingest.table import Rows

SAMPLE_ROWS = 300


def rows(con: duckdb.DuckDBPyConnection, source: Source, staged_path: Path) -> Rows:
    """Raises HouselightsError when the file is no readable Parquet."""
    path = source.path
    if source.compression:
        path = staged_path.with_suffix(".unpacked")
        try:
            with path.open("wb") as out:
                for block in raw_blocks(source.path, source.compression):
                    out.write(block)
        except Truncated as error:
            raise HouselightsError(
                f"{source.path}: compressed Parquet whose data break off ({error}); its table of contents lies at the end. Export it again."
            ) from error
    file, number = f"read_parquet({in_sql(path)})", "row_number() OVER ()"
    with damage_told(source):
        columns = con.execute(f"DESCRIBE SELECT * FROM {file}").fetchall()
    if all(
        name.lower() != "file_row_number" for name, *_ in columns
    ):  # read by several threads; but the name must be free
        file, number = f"read_parquet({in_sql(path)}, file_row_number = true)", "file_row_number + 1"
    expressions: dict[str, str] = {}
    types: dict[str, str] = {}
    columns = [column for column in columns if column[0]]  # a column without a name cannot be asked for
    for i, (name, type_, *_) in enumerate(columns):
        for leaf, expression, leaf_type in _leaves(con, file, name, quoted(name), f"p{i}", type_):
            expressions[leaf], types[leaf] = expression, leaf_type
    aliases = ", ".join(f"{quoted(name)} AS p{i}" for i, (name, *_) in enumerate(columns))
    relation = f"(SELECT {number} AS line, NULL::VARCHAR AS rule, NULL::VARCHAR AS detail, {aliases} FROM {file})"
    return Rows(relation, expressions, types)


def _leaves(
    con: duckdb.DuckDBPyConnection, file: str, name: str, inside: str, expression: str, type_: str
) -> Iterator[tuple[str, str, str]]:
    """(dot path, expression, type) of a column and, for a struct, of its fields. `inside` is the expression over the file itself."""
    if not type_.startswith("STRUCT(") or type_.endswith("]"):
        yield name, expression, type_
        return
    try:
        fields = con.execute(f"DESCRIBE SELECT unnest({inside}) FROM {file}").fetchall()
    except duckdb.Error:  # fields without a name: the whole as text
        yield name, expression, type_
        return
    for field, field_type, *_ in fields:
        step = f".{quoted(field)}"
        inner = f"({inside}){step}" if inside.startswith('"') else f"{inside}{step}"
        yield from _leaves(con, file, f"{name}.{field}", inner, expression + step, field_type)


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def sample(con: duckdb.DuckDBPyConnection, source: Source, rows: Rows) -> Sample:
    names = list(rows.expressions)
    texts = ", ".join(f"{rows.text(name)}" for name in names)
    with damage_told(source):
        first = con.execute(f"SELECT {texts} FROM {rows.relation} LIMIT {SAMPLE_ROWS}").fetchall()
    return Sample("Parquet", names, [dict(zip(names, row, strict=True)) for row in first])


@contextmanager
def damage_told(source: Source) -> Iterator[None]:
    try:
        yield
    except duckdb.OutOfMemoryException:
        raise
    except (duckdb.Error, UnicodeDecodeError) as error:
        what = str(error).splitlines()[0][:200]
        raise HouselightsError(
            f"{source.path}: begins like Parquet, but cannot be read ({what}). Export it again."
        ) from error
