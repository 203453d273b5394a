"""Paths as DuckDB takes them."""

import hashlib
from pathlib import Path


def literally(path: Path) -> str:
    """The path with nothing in it that DuckDB takes for a pattern: `run[1]` is that folder, and never `run1`."""
    return str(path).replace("[", "[[]").replace("*", "[*]").replace("?", "[?]")


def in_sql(path: Path) -> str:
    """The same as an SQL string to read from, with its quotes."""
    return "'" + literally(path).replace("'", "''") + "'"


def digest(path: Path) -> str:
    """Of a file's bytes, hexadecimal; '' where there is none."""
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
