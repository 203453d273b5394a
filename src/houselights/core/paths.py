"""Paths as DuckDB takes them."""

from pathlib import Path


def literally(path: Path) -> str:
    """The path with nothing in it that DuckDB takes for a pattern: `run[1]` is that folder, and never `run1`."""
    return str(path).replace("[", "[[]").replace("*", "[*]").replace("?", "[?]")


def in_sql(path: Path) -> str:
    """The same as an SQL string to read from, with its quotes."""
    return "'" + literally(path).replace("'", "''") + "'"
