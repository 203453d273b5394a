"""The same in Python."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import houselights as hl

TABLE = pa.table({"post_id": ["1", "2"], "text": ["a", "b"]})


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch, made: ModuleType) -> list[Any]:
    """Stands in for the pipeline: keeps what it was given to read."""
    seen: list[Any] = []

    def scan(inputs: list[Path], out_dir: Path, settings: object, *, work: object) -> dict[str, Any]:
        seen.append(pq.read_table(inputs[0]) if inputs[0].suffix == ".parquet" else inputs)
        made.build(out_dir)
        return {}

    monkeypatch.setattr("houselights.pipeline.scan", scan, raising=False)
    return seen


SOURCES: dict[str, Callable[[], Any]] = {
    "table": lambda: TABLE,
    "batch": lambda: TABLE.to_batches()[0],
    "reader": lambda: pa.RecordBatchReader.from_batches(TABLE.schema, TABLE.to_batches()),
    "pandas": lambda: pd.DataFrame({"post_id": ["1", "2"], "text": ["a", "b"]}),
    "polars": lambda: pl.DataFrame({"post_id": ["1", "2"], "text": ["a", "b"]}),
    "duckdb": lambda: duckdb.sql("SELECT * FROM (VALUES ('1', 'a'), ('2', 'b')) AS t(post_id, text)"),
}


@pytest.mark.parametrize("kind", SOURCES)
def test_every_kind_of_table_is_read(kind: str, read: list[Any]) -> None:
    hl.scan(SOURCES[kind]())
    assert read[0].select(["post_id", "text"]).to_pylist() == TABLE.to_pylist()


def test_a_run_shows_its_tables(read: list[Any], tmp_path: Path) -> None:
    path = tmp_path / "posts.csv"
    path.write_text("made", encoding="utf-8")
    run = hl.scan(str(path), tmp_path / "run")
    assert read[0] == [path]
    assert [f["finding_id"] for f in run.findings] == ["f-ring", "f-pool", "f-desk"]
    assert run.posts.num_rows and run.members.num_rows and run.evidence.num_rows and run.highlights.num_rows
    assert run.rejects.num_rows == 3 and run.manifest["version"]
    assert (run.path / "report.html").is_file()
    assert "20 core accounts" in " ".join(run.explain("f-ring").split())
    assert "<script>alert" not in run._repr_html_() and "f-ring" in run._repr_html_()
    assert run.plot.timeline("f-ring")._repr_svg_().startswith("<svg")
    assert run.plot.timeline("f-ring").save(tmp_path / "t.svg").is_file()
    assert "2 groups" in repr(hl.open_run(run.path))


def test_wrong_use_is_said(read: list[Any], tmp_path: Path) -> None:
    for source, options in [(3, {}), (tmp_path / "missing", {}), (TABLE, {"q": 2}), (TABLE, {"since": "soon"})]:
        with pytest.raises(hl.HouselightsError):
            hl.scan(source, **options)
    with pytest.raises(hl.HouselightsError, match="no finding x"):
        hl.scan(TABLE).explain("x")


def test_importing_is_light() -> None:
    code = "import sys, houselights; print([m for m in ('duckdb', 'numpy', 'pyarrow', 'rich') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"
    assert set(hl.__all__) <= set(dir(hl)) and len(hl.__all__) <= 12
    assert all(getattr(hl, name) is not None for name in hl.__all__)
