"""Two ways through JSON lines give the same; a read goes on where it was stopped; several files at once are as one after the other."""

import json
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from houselights.core.errors import HouselightsError
from houselights.core.settings import ReadSettings
from houselights.ingest import read_inputs, sound_lines, source, staging


def tweet(i: int, **more: Any) -> dict[str, Any]:
    return {
        "data": {
            "id": str(10**18 + i),
            "author_id": str(10**17 + i % 5),
            "created_at": f"2024-03-01T10:{i % 60:02d}:00.000Z",
            "text": f"words of post {i} #tag",
            "conversation_id": str(10**18 + i),
            **more,
        },
        "includes": {"users": [{"id": str(10**17 + i % 5), "username": f"user{i % 5}"}]},
    }


def flat(i: int, **more: Any) -> dict[str, Any]:
    return {
        "id": f"p{i}",
        "author_id": f"a{i % 5}",
        "created_at": f"2024-03-01 10:{i % 60:02d}:07",
        "text": "words",
        **more,
    }


def lines(rows: list[Any]) -> bytes:
    return b"".join((r if isinstance(r, bytes) else json.dumps(r).encode()) + b"\n" for r in rows)


ODD = st.sampled_from(
    [
        b"",
        b"  ",
        b"{",
        b"[1, 2]",
        b"42",
        b'{"data": null}',
        b"{}",
        b'\xef\xbb\xbf{"id": "p1"}',
        lines([tweet(3) | {"errors": [{"title": "gone", "detail": "not there"}]}]).strip(),
        lines([tweet(4, text="lone \ud800 mark")]).strip(),
        lines([tweet(5, text="pair \U0001f600")]).strip(),
        lines([{"data": [tweet(6)["data"], tweet(7)["data"]]}]).strip(),
        lines([tweet(8)["data"]]).strip(),
        lines([tweet(9, id=None)]).strip(),
        lines([tweet(9)]).strip().replace(b"words", b"w\x00rds"),
        lines([tweet(9)]).strip().replace(b"words", b"w\xffrds"),
        lines([flat(11, created_at="yesterday")]).strip(),
        lines([flat(12, author_id=None)]).strip(),
        lines([flat(13, id=1.5e18)]).strip(),
    ]
)


@pytest.mark.parametrize(
    "shape",
    [tweet, flat, pytest.param(lambda i: tweet(i)["data"], marks=pytest.mark.slow)],
    ids=["stream", "generic", "flattened"],
)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(odd=[(30, b'\xef\xbb\xbf{"id": "p1"}')], last=False, slice_bytes=1 << 10)
@given(
    odd=st.lists(st.tuples(st.integers(1, 30), ODD), max_size=3),
    last=st.booleans(),
    slice_bytes=st.sampled_from([1 << 30, 1 << 30, 1 << 10, 3 << 10]),
)
def test_the_quick_way_and_the_careful_one_give_the_same(
    shape, odd, last, slice_bytes, read, tmp_path, monkeypatch
) -> None:
    rows: list[Any] = [shape(i) for i in range(30)]
    for at, line in odd:
        rows.insert(at, line)
    path = tmp_path / "lines"
    path.write_bytes(lines(rows)[: None if last else -1])
    with monkeypatch.context() as patch:
        patch.setattr(staging, "PART_BYTES", slice_bytes)
        quick = read(path)
    with monkeypatch.context() as patch:
        patch.setattr(sound_lines, "may_be", lambda source: False)
        careful = read(path)
    assert quick.posts == careful.posts
    assert quick.rejects == careful.rejects


def test_sound_lines_do_take_the_quick_way(read, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "lines"
    path.write_bytes(lines([tweet(i) for i in range(50)]))
    monkeypatch.setattr(staging, "_in_parts", lambda *_: pytest.fail("read with care"))
    reading = read(path)
    assert [p["raw_ref"]["line"] for p in sorted(reading.posts, key=lambda p: p["post_id"])] == list(range(1, 51))


@given(data=st.text("ab\n\n\ufeff", max_size=300).map(str.encode), n_bytes=st.integers(1, 60))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_slices_are_the_file_cut_at_line_ends(data: bytes, n_bytes: int, tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"{" + data)
    opened = source.open_source(tmp_path / "f")
    found = []
    for part in sound_lines.slices(opened, n_bytes, tmp_path / "copy"):
        text = part.path.read_bytes()
        assert (part.n_bytes, part.bytes_before) == (len(text), sum(map(len, found)))
        before = b"".join(found)
        assert part.lines_before == before.count(b"\n")
        assert not found or not text.startswith(b"\xef\xbb\xbf")
        assert part.n_lines == text.count(b"\n") + (text[-1:] != b"\n")
        found.append(text)
    assert b"".join(found) == b"{" + data
    assert all(text.endswith(b"\n") for text in found[:-1])
    assert not (tmp_path / "copy").exists()


def test_one_odd_line_sends_its_slice_alone_the_careful_way(
    read, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "lines"
    path.write_bytes(lines([tweet(i) for i in range(50)] + [b"{broken"] + [tweet(i) for i in range(50, 100)]))
    careful = []
    write_part = staging._write_part
    monkeypatch.setattr(staging, "PART_BYTES", 4 << 10)
    monkeypatch.setattr(staging, "_write_part", lambda *args: (careful.append(args[2]), write_part(*args)))
    reading = read(path)
    assert len(careful) == 1 and len(reading.posts) == 100
    assert [r["line"] for r in reading.rejects] == [51]
    assert {p["raw_ref"]["line"] for p in reading.posts} == {*range(1, 51), *range(52, 102)}


@pytest.mark.parametrize("container", ["jsonl", "csv"])
def test_a_read_goes_on_where_it_was_stopped(container, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, out = tmp_path / "lines", tmp_path / "out"
    if container == "jsonl":
        path.write_bytes(lines([flat(i) for i in range(4000)]) + b"{broken\n")
    else:
        rows = [",".join(flat(i).values()) for i in range(4000)]
        path.write_text("\n".join(["id,author_id,created_at,text", *rows]) + "\nbroken\n")
    monkeypatch.setattr(source, "BLOCK_BYTES", 1 << 14)
    monkeypatch.setattr(staging, "PART_BYTES", 1 << 14)
    out.mkdir()
    whole = read_inputs(duckdb.connect(), [path], out, ReadSettings())
    expected = {p.name: p.read_bytes() for p in out.iterdir()}
    for name in expected:
        (out / name).unlink()

    write, written = staging.accept.write, []

    def stopped(con, sql, part):  # type: ignore[no-untyped-def]
        written.append(part)
        if len(written) == 4:
            raise KeyboardInterrupt
        write(con, sql, part)

    monkeypatch.setattr(staging.accept, "write", stopped)
    with pytest.raises(KeyboardInterrupt):
        read_inputs(duckdb.connect(), [path], out, ReadSettings())
    assert not (out / "posts.parquet").exists() and len(list((out / ".reading").rglob("*.parquet"))) == 3
    n_before = len(written)
    again = read_inputs(duckdb.connect(), [path], out, ReadSettings())
    assert again == whole and {p.name: p.read_bytes() for p in out.iterdir()} == expected
    assert not set(written[: n_before - 1]) & set(written[n_before:]), "a closed part was read again"


def test_files_read_at_once_are_as_if_read_one_by_one(read, tmp_path: Path) -> None:
    paths = []
    for i in range(9):
        paths.append(tmp_path / f"part{i}")
        paths[-1].write_bytes(lines([flat(j) for j in range(i * 10, i * 10 + 15)]))
    together = read(*paths)
    assert len(together.posts) == 95 and together.report.rejected_by_rule == {"duplicate_post": 40}
    assert [s.file for s in together.report.sources] == [p.name for p in paths]
    assert read(*reversed(paths)).posts == together.posts


def test_of_several_bad_files_the_first_is_told(read, tmp_path: Path) -> None:
    good, bad, worse = tmp_path / "good", tmp_path / "bad", tmp_path / "worse"
    good.write_bytes(lines([flat(i) for i in range(2000)]))
    bad.write_bytes(b"a,b,c\n1,2,3\n")
    worse.write_bytes(b"")
    with pytest.raises(HouselightsError, match=r"bad|worse"):
        read(good, bad, worse)


def test_progress_counts_the_bytes_of_all_files(tmp_path: Path) -> None:
    paths = [tmp_path / "one", tmp_path / "two"]
    for i, path in enumerate(paths):
        path.write_bytes(lines([flat(j) for j in range(i * 100, i * 100 + 100)]))
    heard: list[tuple[str, int, int]] = []
    out = tmp_path / "out"
    out.mkdir()
    read_inputs(duckdb.connect(), paths, out, ReadSettings(), lambda *told: heard.append(told))
    total = sum(p.stat().st_size for p in paths)
    assert {n for *_, n in heard} == {total}
    assert [n for _, n, _ in heard] == sorted(n for _, n, _ in heard) and heard[-1][1] == total


@pytest.mark.parametrize("container", ["jsonl", "parquet"])
def test_a_name_is_no_pattern(container, read, tmp_path: Path) -> None:
    n = 0
    for folder in ("a[1]", "a1"):
        (tmp_path / folder).mkdir()
        for name in ("p*", "pq", "p?"):
            rows = [flat(n + j) for j in range(3)]
            path = tmp_path / folder / f"{name}.{container}"
            if container == "jsonl":
                path.write_bytes(lines(rows))
            else:
                pq.write_table(pa.Table.from_pylist(rows), path)
            n += 3
    reading = read(tmp_path / "a[1]" / f"p*.{container}")
    assert sorted(p["post_id"] for p in reading.posts) == ["p0", "p1", "p2"]


def test_an_id_that_two_platforms_use_is_two(read, tmp_path: Path) -> None:
    def row(i: int, platform: str, **more: Any) -> dict[str, Any]:
        return flat(i, platform=platform, **more)

    path = tmp_path / "lines"
    one = [
        row(1, "x"),
        row(2, "x", repost_of="p9", text=""),
        row(3, "x", author_id="only here", repost_of="p8", text=""),
    ]
    other = [row(1, "threads", author_id="a9"), row(4, "threads", author_id="a2", repost_of="p9", text="")]
    path.write_bytes(lines(one + other))
    found = {(p["platform"], p["post_id"], p["author_id"], p["repost_of"]) for p in read(path).posts}
    assert found == {
        ("x", "x:p1", "a1", None),
        ("threads", "threads:p1", "a9", None),
        ("x", "p2", "x:a2", "x:p9"),
        ("threads", "p4", "threads:a2", "threads:p9"),
        ("x", "p3", "only here", "p8"),
    }
    path.write_bytes(lines(one))
    assert {(p["post_id"], p["author_id"], p["repost_of"]) for p in read(path).posts} == {
        ("p1", "a1", None),
        ("p2", "a2", "p9"),
        ("p3", "only here", "p8"),
    }


def test_what_ends_duckdb_itself_is_told_as_what_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, out = tmp_path / "lines", tmp_path / "out"
    path.write_bytes(lines([flat(1)]))
    out.mkdir()
    con = duckdb.connect()

    def fatal(*_: Any) -> None:
        con.close()  # nothing works on it any more
        raise HouselightsError("lines: what was wrong. What to do.")

    monkeypatch.setattr(staging, "stage", fatal)
    with pytest.raises(HouselightsError, match="what was wrong"):
        read_inputs(con, [path], out, ReadSettings())
