"""Tables of a RUN that several commands add to: what one did not do anew stays as it was."""

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


def kept_with(run_dir: Path, table: Table, fresh: pa.Table, *done: pa.Table) -> pa.Table:
    """`fresh` and what the RUN's table holds of anything else, in the declared order.

    done: values of some columns; rows with these are replaced."""
    before = read_table(run_dir, table)
    for keys in done:
        before = before.join(keys, keys=keys.column_names, join_type="left anti").select(table.schema.names)
    whole = pa.concat_tables([before.cast(table.schema), fresh.cast(table.schema)])
    return whole.sort_by([(column, "ascending") for column in table.order])
