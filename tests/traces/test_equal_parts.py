"""What is written does not hang on the batches in which it came: engines cut differently, and their files are compared byte by byte."""

import io
from itertools import pairwise

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given, settings
from hypothesis import strategies as st

from houselights.traces import table


@settings(max_examples=15, deadline=None)
@given(cuts=st.lists(st.integers(0, 400_000), max_size=12))
def test_the_same_rows_make_the_same_bytes_in_whatever_batches_they_come(cuts: list[int]) -> None:
    rows = pa.table({"of": [f"object {i * 2654435761 % 2**32:012}" for i in range(_N)], "at": range(_N)})
    assert _bytes(rows, cuts) == _bytes(rows, [])


_N = 3 * 131_072 // 2


def _bytes(rows: pa.Table, cuts: list[int]) -> bytes:
    edges = [0, *sorted(c for c in cuts if c < _N), _N]
    batches = [b for low, high in pairwise(edges) for b in rows.slice(low, high - low).to_batches()]
    out = io.BytesIO()
    with pq.ParquetWriter(out, rows.schema) as writer:
        for part in table._equal_parts(pa.RecordBatchReader.from_batches(rows.schema, batches)):
            writer.write_table(part)
    return out.getvalue()
