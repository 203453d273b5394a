"""Laws of reading: what goes in comes out in every format, order and repetition change nothing, no row is lost."""

import csv
import gzip
import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from houselights.core.errors import HouselightsError
from houselights.core.settings import ReadSettings
from houselights.core.tables import POSTS
from houselights.ingest import read_inputs

KEPT = (
    "post_id",
    "author_id",
    "author_handle",
    "created_at",
    "text",
    "lang",
    "urls",
    "hashtags",
    "mentions",
    "reply_to",
    "repost_of",
    "quote_of",
    "kind",
)
START = datetime(2021, 3, 1, tzinfo=UTC)

_ids = st.text("abcdef0123456789", min_size=3, max_size=12).filter(lambda s: not s.isdigit() and "e" not in s)
_text = st.text(
    st.characters(codec="utf-8", exclude_characters="\r", exclude_categories=["Cs", "Cc"]), max_size=60
).map(lambda s: s.replace("RT @", ""))
_tag = st.text("abcdefgxyzäßжя", min_size=1, max_size=8).map(str.lower)
_url = st.builds("https://example.org/{}?q={}".format, st.integers(0, 99), st.integers(0, 9))


@st.composite
def posts(draw: st.DrawFn) -> list[dict[str, Any]]:
    ids = draw(st.lists(_ids, min_size=1, max_size=25, unique=True))
    return [_post(draw, i, post_id) for i, post_id in enumerate(ids)]


def _post(draw: st.DrawFn, i: int, post_id: str) -> dict[str, Any]:
    repost_of = draw(st.none() | _ids)
    reply_to, quote_of = (None, None) if repost_of else (draw(st.none() | _ids), draw(st.none() | _ids))
    return {
        "post_id": post_id,
        "author_id": draw(_ids),
        "author_handle": draw(st.none() | _ids),
        "created_at": START + timedelta(seconds=draw(st.integers(0, 10**7)), milliseconds=7 if i == 0 else 0),
        "text": "" if repost_of else draw(_text),
        "lang": draw(st.none() | st.sampled_from(["en", "uk", "pt-BR"])),
        "urls": draw(st.lists(_url, max_size=3)),
        "hashtags": draw(st.lists(_tag, max_size=3)),
        "mentions": draw(st.lists(_ids, max_size=2)),
        "reply_to": reply_to,
        "repost_of": repost_of,
        "quote_of": quote_of,
        "kind": "repost" if repost_of else "quote" if quote_of else "reply" if reply_to else "post",
    }


def _flat(row: dict[str, Any]) -> dict[str, Any]:
    lists = {k: json.dumps(row[k], ensure_ascii=False) for k in ("urls", "hashtags", "mentions")}
    return row | lists | {"created_at": row["created_at"].isoformat()}


def as_csv(rows: list[dict[str, Any]], delimiter: str = ",") -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, KEPT, delimiter=delimiter, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writeheader()
    writer.writerows(_flat(row) for row in rows)
    return out.getvalue().encode()


def as_json_lines(rows: list[dict[str, Any]]) -> bytes:
    return b"".join(json.dumps(r | {"created_at": r["created_at"].isoformat()}).encode() + b"\n" for r in rows)


def as_parquet(rows: list[dict[str, Any]]) -> bytes:
    text, many = pa.string(), pa.list_(pa.string())
    types = {"created_at": pa.timestamp("us", tz="UTC"), "urls": many, "hashtags": many, "mentions": many}
    table = pa.Table.from_pylist(rows, pa.schema([(k, types.get(k, text)) for k in KEPT]))
    pq.write_table(table, out := io.BytesIO())
    return out.getvalue()


FORMATS = {
    "csv": as_csv,
    "tsv": lambda rows: as_csv(rows, "\t"),
    "semicolon": lambda rows: as_csv(rows, ";"),
    "jsonl": as_json_lines,
    "array": lambda rows: json.dumps([r | {"created_at": r["created_at"].isoformat()} for r in rows]).encode(),
    "parquet": as_parquet,
    "jsonl.gz": lambda rows: gzip.compress(as_json_lines(rows)),
    "csv.zst": lambda rows: zstandard.compress(as_csv(rows)),
    "parquet.gz": lambda rows: gzip.compress(as_parquet(rows)),
}


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=posts())
def test_what_goes_in_comes_out(name: str, rows: list[dict[str, Any]], read: Any, tmp_path: Path) -> None:
    path = tmp_path / "input"  # no suffix: the content decides
    path.write_bytes(FORMATS[name](rows))
    reading = read(path)
    wanted = sorted(rows, key=lambda r: (r["created_at"], r["post_id"]))
    assert [{k: p[k] for k in KEPT} for p in reading.posts] == wanted
    assert {p["created_at_precision"] for p in reading.posts} == {"ms"}
    assert reading.report.fields_present >= set(KEPT)


def _rows(n: int) -> list[dict[str, Any]]:
    return [
        dict.fromkeys(KEPT)
        | {
            "post_id": f"p{i}",
            "author_id": f"a{i % 7}",
            "text": f"words {i}",
            "created_at": START + timedelta(seconds=i * 61),
        }
        | {"urls": [], "hashtags": [], "mentions": [], "kind": "post"}
        for i in range(n)
    ]


def _without_reference(posts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{k: v for k, v in p.items() if k != "raw_ref"} for p in posts]


def test_row_order_changes_nothing(read, tmp_path: Path) -> None:
    rows = _rows(50) + [r | {"text": "another version"} for r in _rows(50)[::3]]
    (tmp_path / "a").write_bytes(as_csv(rows))
    (tmp_path / "b").write_bytes(as_csv(rows[::-1]))
    a, b = read(tmp_path / "a"), read(tmp_path / "b")
    assert _without_reference(a.posts) == _without_reference(b.posts)
    assert a.report.rejected_by_rule == b.report.rejected_by_rule == {"duplicate_post": 17}


def test_same_input_gives_the_same_bytes(tmp_path: Path, read) -> None:
    (tmp_path / "in").write_bytes(as_csv(_rows(3000)))
    read(tmp_path / "in")
    read(tmp_path / "in")
    for name in ("posts.parquet", "rejects.parquet"):
        assert (tmp_path / "out0" / name).read_bytes() == (tmp_path / "out1" / name).read_bytes()


@pytest.mark.parametrize("with_ids", [True, False])
def test_reading_a_file_twice_adds_nothing(read, tmp_path: Path, with_ids: bool) -> None:
    rows = [*_rows(20), *_rows(3)] if not with_ids else _rows(20)  # without ids, equal rows are distinct posts
    data = as_json_lines([{k: v for k, v in r.items() if with_ids or k != "post_id"} for r in rows])
    (tmp_path / "a").write_bytes(data)
    (tmp_path / "b").write_bytes(data)
    once, twice = read(tmp_path / "a"), read(tmp_path / "a", tmp_path / "b")
    assert len(once.posts) == len(rows)
    assert _without_reference(once.posts) == _without_reference(twice.posts)
    assert twice.report.rejected_by_rule == {"duplicate_post": len(rows)}


def test_formats_mix_in_one_run(read, tmp_path: Path) -> None:
    rows = _rows(30)
    (tmp_path / "a").write_bytes(as_csv(rows[:10]))
    (tmp_path / "b").write_bytes(as_parquet(rows[10:20]))
    (tmp_path / "c").write_bytes(as_json_lines(rows[20:]))
    reading = read(tmp_path / "a", tmp_path / "b", tmp_path / "c")
    assert [p["post_id"] for p in reading.posts] == [r["post_id"] for r in rows]
    assert {(p["raw_ref"]["file"], p["raw_ref"]["line"]) for p in reading.posts} == {
        *(("a", i + 2) for i in range(10)),  # the header is line 1
        *(("b", i + 1) for i in range(10)),
        *(("c", i + 1) for i in range(10)),
    }


def test_window_counts_what_it_leaves_out(read, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(as_csv([*_rows(40), *_rows(1)]))
    since, until = START + timedelta(seconds=610), START + timedelta(seconds=1220)
    reading = read(tmp_path / "a", since=since, until=until)
    assert [p["post_id"] for p in reading.posts] == [f"p{i}" for i in range(10, 20)]
    assert reading.report.rows_filtered == 31 and not reading.rejects
    with pytest.raises(HouselightsError, match="--since"):
        read(tmp_path / "a", since=datetime(2050, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize("n", [1, 70_000])
def test_line_numbers_across_blocks(read, tmp_path: Path, n: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("houselights.ingest.source.BLOCK_BYTES", 1 << 16)
    lines = [
        json.dumps(
            {"id": f"p{i}", "author_id": "é", "created_at": 1_600_000_000 + i, "text": f"{i}\n é"},
            ensure_ascii=i % 2 == 0,
        )
        for i in range(n)
    ]
    for i in range(5, n, 1000):
        lines[i] = lines[i][:-1]
    (tmp_path / "a").write_text("\n".join(lines))
    reading = read(tmp_path / "a")
    assert [r["line"] for r in reading.rejects] == list(range(6, n + 1, 1000))
    assert all(p["post_id"] == f"p{p['raw_ref']['line'] - 1}" and p["author_id"] == "é" for p in reading.posts)


def test_csv_line_numbers_across_blocks(read, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("houselights.ingest.source.BLOCK_BYTES", 5000)
    lines, wanted, number = ["id,user,date,text"], {}, 2
    for i in range(2000):
        text = f'"line {i}\nand ""more"", é"' if i % 3 else f"plain {i}"
        broken = i % 211 == 5
        lines.append(f"p{i},u,2020-01-01 00:00:{i % 60:02d},{text}" if not broken else f"p{i},u")
        wanted[f"p{i}"] = number
        number += lines[-1].count("\n") + 1
    (tmp_path / "a").write_text("\n".join(lines) + "\n")
    reading = read(tmp_path / "a")
    assert len(reading.posts) == 1990
    assert [r["line"] for r in reading.rejects] == [wanted[f"p{i}"] for i in range(5, 2000, 211)]
    assert all(p["raw_ref"]["line"] == wanted[p["post_id"]] for p in reading.posts)


def test_elements_across_blocks(read, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("houselights.ingest.source.BLOCK_BYTES", 997)
    rows = [
        {"id": f"p{i}", "author_id": "a", "created_at": 1_600_000_000 + i, "text": 'say "}{][" \\'} for i in range(500)
    ]
    for indent in (None, 1):
        (tmp_path / "a").write_text(json.dumps(rows, indent=indent))
        posts = read(tmp_path / "a").posts
        assert [(p["post_id"], p["raw_ref"]["line"], p["text"]) for p in posts] == [
            (f"p{i}", i + 1, 'say "}{][" \\') for i in range(500)
        ]


def test_own_posts_file_reads_back_as_itself(read, tmp_path: Path) -> None:
    page = {
        "data": [
            {"id": "1", "author_id": "7", "text": "#Tag https://e.org/1", "created_at": "2022-05-01T00:00:01.000Z"}
        ]
    }
    page["data"][0] |= {
        "attachments": {"media_keys": ["m"]},
        "public_metrics": {"like_count": 3},
        "lang": "en",
        "conversation_id": "1",
    }
    page |= {
        "includes": {
            "users": [{"id": "7", "username": "u", "name": "N"}],
            "media": [{"media_key": "m", "type": "photo", "url": "u"}],
        }
    }
    (tmp_path / "page").write_text(json.dumps(page))
    (tmp_path / "minutes").write_bytes(
        as_csv([r | {"created_at": r["created_at"].replace(second=0)} for r in _rows(30)])
    )
    first = read(tmp_path / "page", tmp_path / "minutes")
    assert {p["created_at_precision"] for p in first.posts} == {"s", "min"}
    again = read(tmp_path / "out0" / "posts.parquet")
    ignored = ("raw_ref", "source_format")
    assert [{k: v for k, v in p.items() if k not in ignored} for p in again.posts] == [
        {k: v for k, v in p.items() if k not in ignored} for p in first.posts
    ]
    assert again.report.precision_mix == first.report.precision_mix == {"s": 1, "min": 30}


@pytest.mark.slow
def test_posts_of_many_row_groups_lie_in_order(tmp_path: Path) -> None:
    """Row groups are made by several threads; all that follows numbers posts in the order of their times."""
    n = 500_000
    shuffled = np.random.default_rng(0).permutation(n)
    table = pa.table(
        {
            "post_id": [f"p{i:06d}" for i in shuffled.tolist()],
            "account_id": [f"a{i % 1000}" for i in shuffled.tolist()],
            "created_at": pa.array(1_600_000_000 + shuffled // 3).cast(pa.timestamp("s", tz="UTC")),
            "text": ["some words"] * n,
        }
    )
    path = tmp_path / "input.parquet"
    pq.write_table(table, path)
    for i in range(3):
        out_dir = tmp_path / str(i)
        out_dir.mkdir()
        read_inputs(duckdb.connect(), [path], out_dir, ReadSettings())
        assert pq.read_table(out_dir / POSTS.file)["post_id"].to_pylist() == sorted(table["post_id"].to_pylist())
