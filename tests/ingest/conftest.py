"""A reader over temporary files: `read(path, ...)` gives the report, the posts and the rejects as lists of dicts."""

import importlib.util
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import duckdb
import pyarrow.parquet as pq
import pytest

from houselights.core.settings import ReadSettings
from houselights.core.tables import POSTS, REJECTS
from houselights.ingest import IngestReport, read_inputs


class Reading(NamedTuple):
    report: IngestReport
    posts: list[dict[str, Any]]
    rejects: list[dict[str, Any]]


def read_files(out_dir: Path, *paths: Path, **settings: Any) -> Reading:
    """Reads, checks the declared schemas and the law that no row is lost."""
    out_dir.mkdir(parents=True, exist_ok=True)
    report = read_inputs(duckdb.connect(), paths, out_dir, ReadSettings(**settings))
    posts = POSTS.check(pq.read_table(out_dir / "posts.parquet")).to_pylist()
    rejects = REJECTS.check(pq.read_table(out_dir / "rejects.parquet")).to_pylist()
    assert report.rows_accepted == len(posts) and report.rows_rejected == len(rejects)
    assert report.rows_read == report.rows_accepted + report.rows_rejected + report.rows_filtered
    keys = [(p["created_at"], p["platform"], p["post_id"]) for p in posts]
    assert keys == sorted(keys) and len({k[1:] for k in keys}) == len(keys)
    assert sorted(p.name for p in out_dir.iterdir() if p not in paths) == ["posts.parquet", "rejects.parquet"]
    return Reading(report, posts, rejects)


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., Reading]:
    counter = iter(range(1000))
    return lambda *paths, **settings: read_files(tmp_path / f"out{next(counter)}", *paths, **settings)


@pytest.fixture(scope="session")
def hostile() -> ModuleType:
    spec = importlib.util.spec_from_file_location("hostile", Path(__file__).with_name("hostile.py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
