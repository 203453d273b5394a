"""One machine: a DuckDB connection with limits."""

from pathlib import Path

import duckdb


def connect(
    memory_limit: str | None = None, threads: int | None = None, temp_dir: Path | None = None
) -> duckdb.DuckDBPyConnection:
    """An in-memory DuckDB that spills to `temp_dir`; times are UTC whatever the machine's zone is."""
    con = duckdb.connect(":memory:")
    con.execute("SET TimeZone = 'UTC'")
    con.execute("SET enable_progress_bar = false")
    # Memory that is given back to the system after every operator costs a sixth of the time of a large read.
    con.execute("SET allocator_flush_threshold = '4GB'")
    con.execute("SET autoinstall_known_extensions = false")
    if memory_limit:
        con.execute(f"SET memory_limit = '{memory_limit}'")
    if threads:
        con.execute(f"SET threads = {int(threads)}")
    if temp_dir:
        con.execute("SET temp_directory = '" + str(temp_dir).replace("'", "''") + "'")
    return con
