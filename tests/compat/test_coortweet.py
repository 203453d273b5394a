"""Our `--as coortweet` tables against the tool's own files, and against its rules written out row by row."""

import csv
import importlib.util
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from houselights.compat import coortweet
from houselights.compat.raw import decimals
from houselights.core.errors import HouselightsError

DATA = Path(__file__).parents[3] / "shared" / "data" / "coortweet"
TABLES = ("pairs", "edges", "accounts", "groups")
HEADER = ("object_id", "account_id", "content_id", "timestamp_share")


def load_reference() -> ModuleType:
    spec = importlib.util.spec_from_file_location("compat_reference", Path(__file__).parent / "reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


reference = load_reference()
ids = st.sampled_from(["a", "b", "c", "Z", "é", "d,e", "f"])
shares = st.lists(
    st.tuples(
        st.sampled_from(["o", "p", "u,v", "w,", "1"]), ids, st.sampled_from([*"123456789", "o"]), st.integers(0, 9)
    ),
    min_size=1,
    max_size=25,
)


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("coortweet")


def rows_of(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def write_shares(path: Path, rows: list[tuple[str, str, str, int]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([HEADER, *rows])
    return path


@pytest.mark.parametrize("window_s", [60, 10])
def test_equals_the_tables_the_tool_wrote(con: duckdb.DuckDBPyConnection, tmp_path: Path, window_s: int) -> None:
    if not DATA.is_dir():
        pytest.skip("the Russian retweets and the tool's own tables are not here")
    coortweet.network(con, DATA / "russian_coord_tweets.csv", tmp_path, window_s=window_s)
    for table in TABLES:
        assert rows_of(tmp_path / f"{table}.csv") == rows_of(DATA / "golden" / f"ct_russian{window_s}.{table}.csv"), (
            table
        )


@settings(deadline=None, max_examples=150)
@given(shares, st.integers(0, 6), st.integers(0, 3), st.sampled_from([0.0, 0.25, 0.5, 0.9, 1.0]))
def test_equals_the_rules_row_by_row(
    con: duckdb.DuckDBPyConnection,
    folder: Path,
    rows: list[tuple[str, str, str, int]],
    window_s: int,
    minimum: int,
    probability: float,
) -> None:
    source = write_shares(folder / "in.csv", rows)
    coortweet.network(con, source, folder, window_s, minimum, probability)
    pairs = reference.pairs(rows, window_s, minimum)
    edges = reference.edges(pairs, probability)
    assert rows_of(folder / "pairs.csv")[1:] == [[str(c) for c in p] for p in pairs]
    found = [dict(zip(rows_of(folder / "edges.csv")[0], r, strict=True)) for r in rows_of(folder / "edges.csv")[1:]]
    assert [{**e, "avg_time_delta": 0, "edge_symmetry_score": 0} for e in found] == [
        {**{k: str(v) for k, v in e.items()}, "avg_time_delta": 0, "edge_symmetry_score": 0} for e in edges
    ]
    for column in ("avg_time_delta", "edge_symmetry_score"):
        assert [float(e[column]) for e in found] == pytest.approx([e[column] for e in edges])
    accounts = rows_of(folder / "accounts.csv")[1:]
    expected = reference.accounts(pairs, edges)
    assert [(a[0], int(a[3])) for a in accounts] == [(a[0], a[3]) for a in expected]
    for k in (1, 2):
        assert [float(a[k]) for a in accounts] == pytest.approx([a[k] for a in expected])
    assert [(g[0], int(g[1])) for g in rows_of(folder / "groups.csv")[1:]] == reference.groups(edges)


def test_numbers_are_cut_to_fifteen_digits_as_data_table_cuts_them() -> None:
    # from the tool's own tables: correct rounding would end the fourth to sixth in 1, 6 and 8
    values = np.array([34 + 1 / 7, 42 + 1 / 7, 25 + 6 / 11, 38 + 1 / 7, 921 / 34, 349 / 13, 1 / 3, 0, 60, 1e5, 120000])
    assert decimals(values).to_pylist() == [
        "34.1428571428571",
        "42.1428571428571",
        "25.5454545454545",
        "38.1428571428572",
        "27.0882352941177",
        "26.8461538461539",
        "0.333333333333333",
        "0",
        "60",
        "1e+05",
        "120000",
    ]


@settings(deadline=None)
@given(st.floats(0, 1e12))
def test_numbers_keep_fifteen_digits(value: float) -> None:
    assert float(decimals(np.array([value]))[0].as_py()) == pytest.approx(value, rel=1e-14, abs=1e-300)


def test_parquet_of_posts_gives_the_tables_of_its_reposts(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    rows = [("o", "a", "1", 3), ("o", "b", "2", 5), ("p", "a", "3", 9), ("p", "b", "4", 9), ("", "c", "5", 9)]
    columns = list(zip(*rows, strict=True))
    posts = pa.table(
        {
            "post_id": columns[2],
            "author_id": columns[1],
            "created_at": pa.array([t * 1_000_000 for t in columns[3]], pa.timestamp("us", tz="UTC")),
            "repost_of": [o or None for o in columns[0]],
            "reply_to": pa.nulls(5, pa.string()),
            "text": [""] * 5,
            "urls": pa.array([[]] * 5, pa.list_(pa.string())),
        }
    )
    pq.write_table(posts, tmp_path / "posts.parquet")
    coortweet.network(con, tmp_path / "posts.parquet", tmp_path / "posts")
    coortweet.network(con, write_shares(tmp_path / "in.csv", rows[:4]), tmp_path / "shares")
    for table in TABLES:
        assert rows_of(tmp_path / "posts" / f"{table}.csv") == rows_of(tmp_path / "shares" / f"{table}.csv")
    assert len(rows_of(tmp_path / "posts" / "pairs.csv")) == 3


def test_no_cell_runs_as_a_formula(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    rows = [("=1+1", "@a", "1", 0), ("=1+1", "+b", "2", 0), ("=1+1", "-c", "3", 0), ("=1+1", "\td", "4", 0)]
    coortweet.network(con, write_shares(tmp_path / "in.csv", rows), tmp_path, min_participation=1)
    for table in TABLES:
        cells = [c for row in rows_of(tmp_path / f"{table}.csv") for c in row]
        assert any(c.startswith("'") for c in cells)
        assert not [c for c in cells if c[:1] in "=+-@\t\r"]


@pytest.mark.parametrize("setting", [True, False])
def test_leaves_the_connection_as_it_was(con: duckdb.DuckDBPyConnection, tmp_path: Path, setting: bool) -> None:
    con.execute(f"SET preserve_insertion_order = {setting}")
    coortweet.network(con, write_shares(tmp_path / "in.csv", [("o", "a", "1", 0)]), tmp_path)
    assert con.execute("SELECT current_setting('preserve_insertion_order')").fetchone() == (setting,)
    con.execute("SET preserve_insertion_order = true")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "columns"),
        (b"object_id,account_id\n1,2\n", "needed are object_id"),
        (b"object_id,account_id,content_id,timestamp_share\n", "no rows"),
        (b"object_id,account_id,content_id,timestamp_share\no,a,1,5\no,b,2,noon\n", "row 2: the time"),
        (b"object_id,account_id,content_id,timestamp_share\no,a,1,5\no,b,2,nan\n", "row 2: the time"),
        (b"object_id,account_id,content_id,timestamp_share\no,a,1,5\n,b,2,6\n", "row 2: object_id is empty"),
        (b"object_id,account_id,content_id,timestamp_share\no,a,1,5,6,7\n", "cannot read"),
        (b"object_id,account_id,content_id,timestamp_share\no,a\xff,1,5\n", "cannot read"),
        (b"object_id,account_id,content_id,timestamp_share,object_id\no,a,1,5,o\n", "twice"),
        (b"\x1f\x8b\x08\x00\xff\xfe\x00", "cannot read"),
    ],
)
def test_bad_input_is_refused_with_a_sentence(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, content: bytes, says: str
) -> None:
    (tmp_path / "in.csv").write_bytes(content)
    with pytest.raises(HouselightsError, match=says) as error:
        coortweet.network(con, tmp_path / "in.csv", tmp_path / "out")
    assert "in.csv" in str(error.value)
    assert not (tmp_path / "out").exists()


def test_a_missing_file_and_a_broken_parquet_are_refused(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    (tmp_path / "in.parquet").write_bytes(b"PAR1 nothing")
    for name in ("absent.csv", "in.parquet"):
        with pytest.raises(HouselightsError, match=name):
            coortweet.network(con, tmp_path / name, tmp_path)


@pytest.mark.parametrize(("window_s", "edge_weight"), [(-1, 0.5), (float("nan"), 0.5), (60, 1.5)])
def test_options_out_of_range_are_refused(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, window_s: float, edge_weight: float
) -> None:
    with pytest.raises(HouselightsError, match="--window"):
        coortweet.network(con, tmp_path / "in.csv", tmp_path, window_s=window_s, edge_weight=edge_weight)
