"""Our `--as cnt` edges against the Toolkit's own, and against its rules written out row by row."""

import csv
import importlib.util
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from houselights.compat import cnt
from houselights.core.errors import HouselightsError

DATA = Path(__file__).parents[3] / "shared" / "data" / "coortweet"
HEADER = ("message_id", "user_id", "username", "repost_id", "reply_id", "message", "timestamp", "urls")
Message = tuple[str, str, str, str, str, float, str]


def load_reference() -> ModuleType:
    spec = importlib.util.spec_from_file_location("compat_reference", Path(__file__).parent / "reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


reference = load_reference()
messages = st.lists(
    st.tuples(
        st.integers(0, 20).map(str),
        st.sampled_from(["a", "b", "c", "Z", "é"]),
        st.sampled_from(["", "", "o", "p"]),
        st.sampled_from(["", "q", "r"]),
        st.sampled_from(["Hi @you there", "hi  there", "@me hi\tTHERE", "", "@x", "=1", "İ @a\nb", 'say "so", ok']),
        st.sampled_from([0.0, 1.0, 1.5, 2.0, 3.25, 7.0]),
        st.sampled_from(["", "u", "u v", "v u", "u  w", " v"]),
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
    return tmp_path_factory.mktemp("cnt")


def edges_of(folder: Path) -> list[list[str]]:
    with (folder / "edges.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def write_messages(path: Path, rows: list[Message]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([HEADER, *((m, u, "name", o, r, t, at, urls) for m, u, o, r, t, at, urls in rows)])
    return path


@pytest.mark.parametrize("min_weight", [1, 2])
def test_equals_the_edges_the_tool_wrote(con: duckdb.DuckDBPyConnection, tmp_path: Path, min_weight: int) -> None:
    if not DATA.is_dir():
        pytest.skip("the Russian retweets and the tool's own edges are not here")
    cnt.network(con, DATA / "russian_coord_tweets.csv", tmp_path, "co_retweet", 60, min_weight)
    with (DATA / "golden" / f"cnt_russian60w{min_weight}.edges.csv").open(newline="") as file:
        assert edges_of(tmp_path) == list(csv.reader(file))


@settings(deadline=None, max_examples=150)
@given(messages, st.sampled_from(cnt.KINDS), st.sampled_from([0, 0.5, 1, 2, 5]), st.integers(1, 3))
def test_equals_the_rules_row_by_row(
    con: duckdb.DuckDBPyConnection, folder: Path, rows: list[Message], kind: str, window_s: float, min_weight: int
) -> None:
    n = cnt.network(con, write_messages(folder / "in.csv", rows), folder, kind, window_s, min_weight)
    expected = reference.directed_edges(reference.acts(rows, kind), window_s, min_weight)
    assert edges_of(folder) == [
        ["source", "target", "weight", "edge_type"],
        *([a, b, str(w), kind] for a, b, w in expected),
    ]
    assert n == len(expected)


def test_the_toolkit_goes_by_position_not_by_header(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    rows: list[Message] = [("1", "a", "o", "", "", 0, ""), ("2", "b", "o", "", "", 1, "")]
    text = write_messages(tmp_path / "in.csv", rows).read_text().split("\n", 1)[1]
    (tmp_path / "in.csv").write_text("id,who,name,share,answer,words,when,links\n" + text)
    assert cnt.network(con, tmp_path / "in.csv", tmp_path, min_weight=1) == 2


def test_directions_differ_in_weight(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    rows: list[Message] = [
        ("1", "a", "o", "", "", 0, ""),
        ("2", "a", "o", "", "", 1, ""),
        ("3", "b", "o", "", "", 1, ""),
    ]
    cnt.network(con, write_messages(tmp_path / "in.csv", rows), tmp_path, min_weight=1)
    assert edges_of(tmp_path)[1:] == [["a", "b", "2", "co_retweet"], ["b", "a", "1", "co_retweet"]]


def test_messages_without_a_link_count_as_one_link_in_csv_but_not_in_posts(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    rows: list[Message] = [("1", "a", "", "", "one", 0, ""), ("2", "b", "", "", "two", 1, "")]
    assert cnt.network(con, write_messages(tmp_path / "in.csv", rows), tmp_path, "co_link", 60, 1) == 2
    posts = pa.table(
        {
            "post_id": ["1", "2"],
            "author_id": ["a", "b"],
            "created_at": pa.array([0, 1_000_000], pa.timestamp("us", tz="UTC")),
            "repost_of": pa.nulls(2, pa.string()),
            "reply_to": ["q", "q"],
            "text": ["one", "two"],
            "urls": pa.array([[], []], pa.list_(pa.string())),
        }
    )
    pq.write_table(posts, tmp_path / "posts.parquet")
    assert cnt.network(con, tmp_path / "posts.parquet", tmp_path, "co_link", 60, 1) == 0
    assert cnt.network(con, tmp_path / "posts.parquet", tmp_path, "co_reply", 1, 1) == 2
    assert cnt.network(con, tmp_path / "posts.parquet", tmp_path, "co_reply", 0.5, 1) == 0


def test_wrong_options_are_refused_with_a_sentence(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    source = tmp_path / "in.csv"
    source.write_text("object_id,account_id,content_id,timestamp_share\no,a,1,5\n")
    with pytest.raises(HouselightsError, match="co_similar is unknown; choose one of co_retweet"):
        cnt.network(con, source, tmp_path, "co_similar")
    with pytest.raises(HouselightsError, match="--min-weight 0"):
        cnt.network(con, source, tmp_path, min_weight=0)
    with pytest.raises(HouselightsError, match="co_link needs messages"):
        cnt.network(con, source, tmp_path, "co_link")
    write_messages(source, [("", "a", "o", "", "", 0, "")])
    with pytest.raises(HouselightsError, match="row 1: message_id is empty"):
        cnt.network(con, source, tmp_path)
    assert not (tmp_path / "edges.csv").exists()
