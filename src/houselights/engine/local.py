"""One machine: a DuckDB connection with limits, beside which the arrays of the stages have room."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import duckdb
import pyarrow as pa

DATABASE_SHARE_0_1 = 0.25
"""Of the machine's memory, while stages hold arrays beside it: what takes more is spilled to disk."""
_Result = TypeVar("_Result")


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


def beside_arrays(con: duckdb.DuckDBPyConnection, work: Callable[[], _Result]) -> _Result:
    """The work with DuckDB in its share of the memory; where that is too little for what it cannot spill, once again with all there is."""
    con.execute(f"SET memory_limit = '{100 * DATABASE_SHARE_0_1:.0f}%'")
    pa.default_memory_pool().release_unused()  # what earlier stages have left there
    try:
        return work()
    except duckdb.OutOfMemoryException:
        con.execute("RESET memory_limit")
        return work()
    finally:
        con.execute("RESET memory_limit")
