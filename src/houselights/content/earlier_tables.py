"""Tables of a RUN that several commands add to: what one did not do anew stays as it was."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from houselights.core.errors import HouselightsError
from houselights.core.tables import Table


def read_table(run_dir: Path, table: Table) -> pa.Table:
    """A declared table of a RUN, empty where there is no such file. Raises HouselightsError where the file is damaged."""
    path = run_dir / table.file
    if not path.is_file():
        return table.empty()
    try:
        return table.check(pq.read_table(path))
    except (OSError, pa.ArrowException, HouselightsError) as error:
        raise HouselightsError(
            f"{path} is damaged, or of another version ({str(error)[:200]}). Remove it, and make it again."
        ) from error


def kept_with(
    run_dir: Path, table: Table, fresh: pa.Table, same: Sequence[str], done: pa.Table | None = None
) -> pa.Table:
    """`fresh` and the rows that the RUN's table holds of anything else, in the declared order. A row is replaced where `done`, or `fresh` if there is
    none, has one with the same values in the columns `same`."""
    before = read_table(run_dir, table)
    gone = set(_keys(fresh if done is None else done, same))
    stays = pa.array([k not in gone for k in _keys(before, same)], pa.bool_())
    order = [(column, "ascending") for column in table.order]
    return pa.concat_tables([before.filter(stays), fresh.cast(table.schema)]).sort_by(order)


def _keys(rows: pa.Table, columns: Sequence[str]) -> list[tuple[object, ...]]:
    return list(zip(*(rows.column(c).to_pylist() for c in columns), strict=True))
