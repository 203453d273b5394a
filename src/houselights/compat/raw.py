"""Rows as the other tools read them: in input order, nothing accepted or rejected; and CSV as they write it."""

import csv
import math
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from pathlib import Path

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from houselights.core.errors import HouselightsError
from houselights.core.paths import in_sql

SHARES = ("object_id", "account_id", "content_id", "timestamp_share")
MESSAGES = ("message_id", "user_id", "username", "repost_id", "reply_id", "message", "timestamp", "urls")
POSTS = {  # our column for theirs; `username` is not used
    "message_id": "post_id",
    "user_id": "author_id",
    "repost_id": "repost_of",
    "reply_id": "reply_to",
    "message": "text",
    "timestamp": "created_at",
    "urls": "urls",
}
FORMULA = "=+-@\t\r"


@dataclass(frozen=True)
class Rows:
    """Raw rows in input order: the columns of `layout` as strings, `at_s` (float64), for messages `urls` (a list)."""

    layout: str  # 'shares' or 'messages'
    path: Path
    table: pa.Table

    def text(self, column: str) -> pa.Array:
        return flat(self.table.column(column).cast(pa.large_string()))

    @property
    def at_s(self) -> npt.NDArray[np.float64]:
        return np.asarray(self.table.column("at_s").to_numpy())


def flat(column: pa.ChunkedArray) -> pa.Array:
    return pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)


def read(con: duckdb.DuckDBPyConnection, path: Path) -> Rows:
    """Reads CSV (CooRTweet's four columns by name, the Toolkit's eight in order) or Parquet (the same, or our posts).

    Raises HouselightsError when the file is missing, unreadable, of another shape or empty, or a time is not a number.
    """
    path = Path(path)
    if not path.is_file():
        raise HouselightsError(f"{path} is not a file; name a CSV or Parquet file")
    try:
        source, types = _parquet(con, path) if path.suffix.lower() == ".parquet" else _csv(path)
        layout, select = _layout(path, types)
        table = _in_order(con, f"SELECT {select} FROM {source}")
    except (duckdb.Error, csv.Error, UnicodeError, OSError) as error:
        raise HouselightsError(f"cannot read {path}: {str(error).splitlines()[0]}") from error
    if not table.num_rows:
        raise HouselightsError(f"{path} holds no rows; there is nothing to compare")
    bad = np.flatnonzero(~np.isfinite(flat(table.column("at_s")).to_numpy(zero_copy_only=False)))
    if len(bad):
        raise HouselightsError(f"{path}, row {bad[0] + 1}: the time is not a number of seconds; convert it first")
    return Rows(layout, path, table)


def require(rows: Rows, columns: tuple[str, ...]) -> None:
    """Raises HouselightsError for the first row that lacks one of the ids."""
    for column in columns:
        row = pc.index(pc.equal(rows.text(column), ""), True).as_py()
        if row >= 0:
            raise HouselightsError(f"{rows.path}, row {row + 1}: {column} is empty; leave such rows out first")


def write_csv(con: duckdb.DuckDBPyConnection, table: pa.Table, path: Path) -> None:
    """Integers and text, written beside and then renamed.

    Text that a spreadsheet would run as a formula (starts with = + - @, tab, return) gets a leading apostrophe.
    """
    cells, formula = [], ", ".join(str(ord(c)) for c in FORMULA)
    for field in table.schema:
        name = f'"{field.name}"'
        if pa.types.is_integer(field.type):
            cells.append(name)
        else:
            cells.append(f"CASE WHEN ascii({name}) IN ({formula}) THEN chr(39) || {name} ELSE {name} END AS {name}")
    beside = path.with_name(path.name + ".part")
    con.register("compat_rows", table)
    try:
        con.execute(
            f"COPY (SELECT {', '.join(cells)} FROM compat_rows) TO {_literal(beside)} (FORMAT csv, HEADER true)"
        )
    except duckdb.Error as error:
        raise HouselightsError(f"cannot write {path}: {str(error).splitlines()[0]}") from error
    finally:
        con.unregister("compat_rows")
    beside.replace(path)


def decimals(values: npt.NDArray[np.float64]) -> pa.Array:
    """Numbers as R's data.table writes them, digit for digit."""
    distinct, at = np.unique(values, return_inverse=True)
    return pa.array([_decimal(v) for v in distinct.tolist()], pa.string()).take(pa.array(at))


def _decimal(value: float) -> str:
    """15 digits of a number from 0, from 16 cut off in floating point; scientific only where that is shorter.

    Correct rounding gives another last digit in about one mean of 300, and rows that differ from the published ones.
    """
    if value == 0:
        return "0"
    fraction, exponent = math.frexp(value)
    scale, power = _power_of_ten(exponent - 1)
    leading = 2 * fraction * scale
    if leading >= 9.99999999999999:
        leading, power = leading / 10, power + 1
    digits = Decimal((int(leading * 1e15) + 5) // 10).scaleb(power - 14).normalize()
    fixed = f"{digits:f}"
    mantissa, ten = f"{digits:e}".split("e")
    scientific = f"{mantissa}e{int(ten):+03d}"
    return scientific if len(scientific) < len(fixed) else fixed


@lru_cache
def _power_of_ten(exponent: int) -> tuple[float, int]:
    """2^exponent as a number from 1 to 10 and a power of ten."""
    exact, power = Fraction(2) ** exponent, math.floor(exponent * math.log10(2))
    return float(exact / Fraction(10) ** power), power


def _parquet(con: duckdb.DuckDBPyConnection, path: Path) -> tuple[str, dict[str, str]]:
    source = f"read_parquet({in_sql(path)})"
    return source, {row[0]: row[1] for row in con.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()}


def _csv(path: Path) -> tuple[str, dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        header = next(csv.reader(file), [])
    # the Toolkit goes by position and never looks at the header
    names = header if set(SHARES) <= set(header) or len(header) != len(MESSAGES) else list(MESSAGES)
    types = dict.fromkeys(names, "VARCHAR")
    if len(types) != len(header) or not all(names):
        raise HouselightsError(f"{path}: the header names a column twice, or not at all")
    columns = ", ".join(f"{_text(name)}: 'VARCHAR'" for name in names)
    return (
        f"read_csv({in_sql(path)}, auto_detect = false, header = true, columns = {{{columns}}}, delim = ',', "
        "quote = '\"', escape = '\"', nullstr = '\\x00', max_line_size = 33554432)",
        types,
    )


def _layout(path: Path, types: dict[str, str]) -> tuple[str, str]:
    """Which of the shapes it is, and the SELECT list that brings it to strings, `at_s` and `urls`."""
    if set(SHARES) <= set(types):
        return "shares", ", ".join([*(f"{_id(c)} AS {c}" for c in SHARES[:3]), _seconds(SHARES[3], types[SHARES[3]])])
    if set(POSTS.values()) <= set(types):
        theirs = POSTS
    elif set(MESSAGES) <= set(types):
        theirs = {name: name for name in POSTS}
    else:
        raise HouselightsError(
            f"{path} has the columns {', '.join(types)}; needed are {', '.join(SHARES)}, "
            f"or {', '.join(MESSAGES)}, or our posts"
        )
    ids = [f"{_id(theirs[c])} AS {c}" for c in ("message_id", "user_id", "repost_id", "reply_id", "message")]
    urls = theirs["urls"] if types[theirs["urls"]].endswith("[]") else f"string_split({_id(theirs['urls'])}, ' ')"
    return "messages", ", ".join([*ids, _seconds(theirs["timestamp"], types[theirs["timestamp"]]), f"{urls} AS urls"])


def _id(column: str) -> str:
    return f"coalesce(CAST({column} AS VARCHAR), '')"


def _seconds(column: str, type_: str) -> str:
    if type_.startswith("TIMESTAMP"):
        return f"epoch_us({column}) / 1e6 AS at_s"
    return f"TRY_CAST({column} AS DOUBLE) AS at_s"


def _in_order(con: duckdb.DuckDBPyConnection, sql: str) -> pa.Table:
    """The tools' results depend on the order of rows, so the connection keeps it while we read."""
    kept = con.execute("SELECT current_setting('preserve_insertion_order')").fetchall()[0][0]
    con.execute("SET preserve_insertion_order = true")
    try:
        return con.sql(sql).to_arrow_table()
    finally:
        con.execute(f"SET preserve_insertion_order = {str(bool(kept)).lower()}")


def _literal(path: Path) -> str:
    return _text(str(path))


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
