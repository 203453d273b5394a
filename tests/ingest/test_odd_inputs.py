"""Inputs that once ended in a traceback, a wrong table, or not at all. Each is the smallest of its kind."""

import errno
import gzip
import json
import os
import random
import time
import zipfile
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from houselights.core.errors import HouselightsError, shortage_told
from houselights.core.settings import ReadSettings
from houselights.ingest import delimited, json_text, read_inputs

ROW = {"id": "p1", "author_id": "a", "created_at": "2021-05-01T10:00:01Z", "text": "x"}


def lines(path: Path, *records: Any) -> Path:
    path.write_bytes(b"".join(r if isinstance(r, bytes) else json.dumps(r).encode() + b"\n" for r in records))
    return path


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def refusal(read: Any, path: Path, **settings: Any) -> str:
    with pytest.raises(HouselightsError) as caught:
        read(path, **settings)
    return str(caught.value)


def test_a_version_that_one_copy_knows_as_an_edit_is_one_post(read, tmp_path: Path) -> None:
    """Collected twice, once without the edit history: the copies shared no key, and two posts had one id."""
    tweet = {
        "id": "20",
        "author_id": "7",
        "text": "x",
        "created_at": "2022-05-01T00:00:00.000Z",
        "conversation_id": "20",
    }
    first = tweet | {"id": "10", "edit_history_tweet_ids": ["10"]}
    edited = tweet | {"edit_history_tweet_ids": ["10", "20"]}
    reading = read(lines(tmp_path / "t.jsonl", first, tweet, edited))
    assert [p["post_id"] for p in reading.posts] == ["20"]
    assert reading.report.rejected_by_rule == {"duplicate_post": 2}


@pytest.mark.parametrize("key", ["", "ID", "Id ", "a\0", "t\ud800", "'", '"', "a.b", "\n"])
def test_any_key_may_stand_beside_ours(read, tmp_path: Path, key: str) -> None:
    [post] = read(lines(tmp_path / "k.jsonl", ROW | {key: "z", "more": {key: 1}})).posts
    assert (post["post_id"], post["text"]) == ("p1", "x")


def test_keys_that_differ_in_case_alone_at_any_depth(read, tmp_path: Path) -> None:
    row = {"Post": {"id": "p1"}, "post": {"text": "x"}, "user": {"id": "a"}, "date": "2021-05-01", "text": "y"}
    settings = {"column_map": {"post_id": "Post.id", "author_id": "user.id"}}
    assert [p["text"] for p in read(lines(tmp_path / "k.jsonl", row), **settings).posts] == ["y"]


def test_half_a_character_in_a_name_can_be_printed(read, tmp_path: Path) -> None:
    refusal(read, lines(tmp_path / "k.jsonl", {"a\ud800": "\udc00"})).encode()


def test_objects_too_deep_are_no_columns(read, tmp_path: Path) -> None:
    deep = json.dumps(ROW | {"id": "p2"})[:-1].encode() + b', "more":' + b'{"a":' * 700 + b"1" + b"}" * 701
    assert len(read(lines(tmp_path / "d.jsonl", deep + b"\n", ROW)).posts) == 2


def test_names_without_end_are_shortened(read, tmp_path: Path) -> None:
    names = [f"{'long ' * 3000}\n{i}" for i in range(100)]
    said = refusal(read, lines(tmp_path / "n.jsonl", dict.fromkeys(names, "x")))
    assert len(said) < 6000 and "\n" not in said
    refusal(read, lines(tmp_path / "n.jsonl", dict.fromkeys(names, "x")), format="x_archive")


@pytest.mark.parametrize("data", [b"sep=;", b"sep=;\n", b"\xff\xfe \0\n\0", b"\x0b"])
def test_blank_is_said_whatever_it_is_written_in(read, tmp_path: Path, data: bytes) -> None:
    assert "b.csv" in refusal(read, written(tmp_path / "b.csv", data))


@pytest.mark.parametrize("delimiter", ["é", '"', "\\", " ", "a"])
def test_a_delimiter_that_cannot_be_one(read, tmp_path: Path, delimiter: str) -> None:
    text = f"sep={delimiter}\n" + delimiter.join(ROW) + "\n" + delimiter.join(ROW.values()) + "\n"
    try:
        read(written(tmp_path / "d.csv", text.encode()))
    except HouselightsError as error:
        assert "d.csv" in str(error)


def test_a_table_is_no_chat_export_because_of_a_column(read, tmp_path: Path) -> None:
    header = "id,author_id,created_at,text,message.type\np1,a,2021-05-01,x,message\n"
    assert read(written(tmp_path / "t.csv", header.encode())).report.sources[0].format == "generic"
    pq.write_table(pa.Table.from_pylist([ROW | {"message": {"type": "message"}}]), tmp_path / "t.parquet")
    assert read(tmp_path / "t.parquet").report.sources[0].format == "generic"


def test_a_chat_export_may_be_read_as_a_table(read, tmp_path: Path) -> None:
    message = {"id": 1, "type": "message", "date_unixtime": "1772445600", "from_id": "user7", "text": "a ship"}
    path = tmp_path / "result.json"
    path.write_text(json.dumps({"name": "n", "type": "private_group", "id": 5, "messages": [message]}))
    mapped = {"text": "message.text", "author_id": "message.from_id", "created_at": "message.date_unixtime"}
    assert [p["text"] for p in read(path, format="generic", column_map=mapped).posts] == ["a ship"]


@pytest.mark.parametrize("chosen", ["auto", "x_archive", "coortweet"])
def test_a_map_that_names_nothing_is_refused_by_every_reader(read, tmp_path: Path, chosen: str) -> None:
    header = "tweetid,userid,tweet_time,tweet_text,is_retweet,object_id,account_id,content_id,timestamp_share\n"
    path = written(tmp_path / "t.csv", (header + "1,2,2021-05-01,x,false,o,a,c,1600000000\n").encode())
    assert "no column absent" in refusal(read, path, format=chosen, column_map={"text": "absent"})
    assert "no column mood" in refusal(read, path, format=chosen, column_map={"mood": "userid"})


def test_blanks_around_keys_and_missing_names_of_hoaxy(read, tmp_path: Path) -> None:
    edge = {"canonical_url": "https://a.example/x", "from_user_id": "1", "to_user_id": "2", "to_user_screen_name": "ben",
            "tweet_created_at": "2026-03-02T10:00:00Z", "tweet_id": "9", "tweet_type ": "retweet"}  # fmt: skip
    [post] = read(lines(tmp_path / "e.jsonl", edge)).posts
    assert (post["author_id"], post["kind"], post["author_handle"]) == ("2", "repost", None)


def test_pages_of_something_else(read, tmp_path: Path) -> None:
    """Lists and counts that other formats have under the names our readers look at."""
    for odd in (
        {"posts": [{"post": "at://x"}]},
        {"feed": [{"post": 5}]},
        {"meta": 5},
        {"meta": True},
        {"data": [[]]},
        {"statuses": [None]},
    ):
        assert len(read(lines(tmp_path / "o.jsonl", ROW | odd)).posts) == 1


@pytest.mark.parametrize("time_us", [2**63 - 1, -(2**63), -1, 10**18])
def test_a_clock_beyond_all_years(read, tmp_path: Path, time_us: int) -> None:
    record = {"text": "x", "createdAt": "2026-03-02T10:00:00Z"}
    commit = {"operation": "create", "collection": "app.bsky.feed.post", "rkey": "3k", "record": record}
    frame = {"did": "did:plc:a", "time_us": time_us, "kind": "commit", "commit": commit}
    assert [p["collected_at"] for p in read(lines(tmp_path / "f.jsonl", frame)).posts] == [None]


def test_more_reactions_than_can_be_counted(read, tmp_path: Path) -> None:
    message = {
        "id": 1,
        "type": "message",
        "date_unixtime": "1772445600",
        "from_id": "user7",
        "text": "a",
        "reactions": [{"count": 2**62}] * 3,
    }
    path = tmp_path / "result.json"
    path.write_text(json.dumps({"name": "n", "type": "private_group", "id": 5, "messages": [message]}))
    assert [p["metrics"]["likes"] for p in read(path).posts] == [None]


@pytest.mark.parametrize("column", ["created_at", "collected_at", "other"])
@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
def test_one_time_beyond_all_years_costs_one_row(read, tmp_path: Path, column: str, unit: str) -> None:
    """DuckDB failed on it, for good, and with it the whole file."""
    sound = {"id": ["1", "2", "3"], "author_id": ["a"] * 3, "created_at": ["2021-05-01"] * 3, "text": ["x"] * 3}
    per_second = {"ms": 10**3, "us": 10**6, "ns": 10**9}[unit]
    odd = pa.array([1_700_000_000 * per_second, -(2**63), 2**63 - 1], pa.timestamp(unit))
    pq.write_table(pa.table(sound | {column: odd}), tmp_path / "p.parquet")
    n = 1 if column == "created_at" else 3
    try:
        assert len(read(tmp_path / "p.parquet").posts) == n
    except HouselightsError:
        assert unit == "ms"  # microseconds do not hold it: DuckDB refuses the column


def test_days_and_zones_in_parquet_stay_what_they_are(read, tmp_path: Path) -> None:
    sound = {"id": ["1", "2"], "author_id": ["a"] * 2, "text": ["x"] * 2}
    for days in (
        pa.array([18_748, 2**31 - 1], pa.date32()),
        pa.array([1_619_827_200, -(10**11)], pa.timestamp("s", tz="Asia/Kolkata")),
    ):
        pq.write_table(pa.table(sound | {"created_at": days}), tmp_path / "p.parquet")
        assert [p["created_at"].isoformat() for p in read(tmp_path / "p.parquet").posts] == [
            "2021-05-01T00:00:00+00:00"
        ]


def test_parquet_columns_without_names(read, tmp_path: Path) -> None:
    odd = pa.array([{"": "a", "b": "c"}])
    pq.write_table(pa.table({k: [v] for k, v in ROW.items()} | {"odd": odd, "": odd}), tmp_path / "p.parquet")
    assert len(read(tmp_path / "p.parquet").posts) == 1


def test_compressed_parquet_that_breaks_off(read, tmp_path: Path) -> None:
    pq.write_table(pa.Table.from_pylist([ROW] * 50), tmp_path / "whole")
    packed = gzip.compress((tmp_path / "whole").read_bytes())
    assert "break off" in refusal(read, written(tmp_path / "cut.gz", packed[:-9]))


def _sheet(path: Path, cell: str, **parts: bytes) -> Path:
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    rel = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006/relationships"
    with zipfile.ZipFile(path, "w") as out:
        out.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{main}" xmlns:r="{rel}"><sheets><sheet name="a" sheetId="1" r:id="s"/></sheets></workbook>',
        )
        out.writestr("xl/_rels/workbook.xml.rels", f'<Relationships xmlns="{package}"><Relationship Id="s" Type="{rel}/worksheet" '
                     'Target="worksheets/a.xml"/></Relationships>')  # fmt: skip
        body = f'<row r="1"><c r="A1"><v>1</v></c></row><row><c r="{cell}"><v>1</v></c></row>'
        out.writestr("xl/worksheets/a.xml", f'<worksheet xmlns="{main}"><sheetData>{body}</sheetData></worksheet>')
    return path


@pytest.mark.parametrize("cell", ["XFD1048576", "XFD10000", "ZZZZ9", "A99999999999"])
def test_a_sheet_of_two_cells_may_not_fill_the_memory(read, tmp_path: Path, cell: str) -> None:
    assert "w.xlsx" in refusal(read, _sheet(tmp_path / "w.xlsx", cell))


def test_an_archive_of_a_version_to_come(read, tmp_path: Path) -> None:
    data = bytearray(_sheet(tmp_path / "w.xlsx", "B2").read_bytes())
    at = data.index(b"PK\x01\x02")
    data[at + 6] = 255
    refusal(read, written(tmp_path / "w.xlsx", bytes(data)))


def test_what_is_looked_for_in_vain_has_an_end(read, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of these took time that grew with the square of its length, or worse."""
    monkeypatch.setattr(json_text, "MAX_SOUGHT_BYTES", 1 << 20)
    monkeypatch.setattr(delimited, "MAX_SOUGHT_LINES", 10_000)
    good = json.dumps(ROW).encode()
    header = (",".join(ROW) + "\n" + ",".join(ROW.values()) + "\n").encode()
    link = b"p1,a,anna,,,words,1600000000," + b"http://a" * 40
    for name, data, n in (
        ("objects that never close", b"[" + good + b",\n" + b'{"a":\n' * 30_000, 1),
        ("strings that never close", b"[" + good + b",\n" + b'{"a":"\n' * 20_000 + b"]", 1),
        ("quotes that never close", header + b'a","\n' * 20_000, 1),
        ("blanks before a brace", b"[" + b" " * 300_000 + b"x" + good + b"]", None),
        ("links in links", link + b" !\n" + link + b"\n", 1),
        ("columns without end", b",".join(b"c" for _ in range(40_000)) + b"\n1,2", None),
    ):  # fmt: skip
        began = time.monotonic()
        try:
            assert len(read(written(tmp_path / "long", data)).posts) == n, name
        except HouselightsError:
            assert n is None, name
        assert time.monotonic() - began < 20, name


def test_whole_elements_after_many_broken_ones_go_through(read, tmp_path: Path) -> None:
    rows = [json.dumps(ROW | {"id": f"p{i}", "text": "y" * (i * 50)}).encode() for i in range(400)]
    broken = b'{"id": "oops'
    data = (
        b"[\n"
        + b",\n".join(piece for i, row in enumerate(rows) for piece in ((broken, row) if i % 40 == 7 else (row,)))
        + b"\n]"
    )
    reading = read(written(tmp_path / "a.json", data))
    assert len(reading.posts) == 400 and reading.report.rejected_by_rule == {"malformed_json": 10}


def test_what_follows_the_last_brace_is_not_looked_for_before_it(read, tmp_path: Path) -> None:
    data = b"{\n" + json.dumps(ROW)[1:].encode() + b"\n{\n}\n,] oops: [}"
    assert len(read(written(tmp_path / "a.json", data)).posts) == 1


def test_a_parquet_column_may_be_called_like_the_row_number(read, tmp_path: Path) -> None:
    rows = [ROW | {"id": f"p{i}", "author_id": "" if i == 2 else "a", "File_Row_Number": 7} for i in range(4)]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "n.parquet")
    reading = read(tmp_path / "n.parquet")
    assert [p["post_id"] for p in reading.posts] == ["p0", "p1", "p3"]
    assert [(r["line"], r["rule"]) for r in reading.rejects] == [(3, "missing_author")]


def test_too_little_memory_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [ROW | {"id": f"p{i}", "text": f"{i} {'word ' * 400}"} for i in range(20_000)]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "n.parquet")
    monkeypatch.setattr("houselights.ingest.read.READ_MIB", 8)
    monkeypatch.setattr("houselights.ingest.read.SORT_MIB", 8)
    monkeypatch.setattr("houselights.ingest.read.MIB_PER_THREAD", 0)
    con = duckdb.connect(config={"memory_limit": "8MB", "threads": 1, "temp_directory": ""})
    with pytest.raises(HouselightsError, match="too little memory"):
        read_inputs(con, [tmp_path / "n.parquet"], tmp_path, ReadSettings())


@pytest.mark.parametrize(
    "error",
    [OSError(errno.ENOSPC, "No space left on device"), duckdb.IOException("Could not write: No space left on device")],
)
def test_a_full_disk_is_one_sentence(tmp_path: Path, error: Exception) -> None:
    with pytest.raises(HouselightsError, match="is full"), shortage_told(tmp_path):
        raise error


def test_other_errors_of_the_system_stay_what_they_are(tmp_path: Path) -> None:
    with pytest.raises(PermissionError), shortage_told(tmp_path):
        raise PermissionError(errno.EACCES, "no")


@pytest.mark.parametrize(
    "header",
    [
        "id,date,message,sender_id,channel_id",
        "channel_id,sender,id,date,message",
        "post_owner_id,user,comment_id,date,message",
    ],
)
def test_who_wrote_goes_before_where_it_stands(read, tmp_path: Path, header: str) -> None:
    names = header.split(",")
    author = next(n for n in names if n in ("sender_id", "sender", "user"))
    rows = [
        ",".join(
            f"{n}{'' if n.endswith('owner_id') or n == 'channel_id' else i}" if n != "date" else "2024-01-15"
            for n in names
        )
        for i in range(3)
    ]
    posts = read(written(tmp_path / "t.csv", "\n".join([header, *rows]).encode())).posts
    assert sorted(p["author_id"] for p in posts) == [f"{author}{i}" for i in range(3)]


@pytest.mark.parametrize("clock", ["13:05:06", "1:05:06 PM"])
def test_a_date_and_its_time_in_two_columns_are_one_moment(read, tmp_path: Path, clock: str) -> None:
    for day in ("2024-01-15", "01/15/2024"):
        if day.startswith("2024") and "PM" in clock:
            continue
        reading = read(written(tmp_path / "t.csv", f"Date,Time,User,Text\n{day},{clock},ann,hi\n".encode()))
        assert [f"{p['created_at']:%Y-%m-%d %H:%M:%S}" for p in reading.posts] == ["2024-01-15 13:05:06"]
        assert "time of day" in reading.report.sources[0].guess


def test_dots_between_the_parts_of_a_date_mean_the_day_first(read, tmp_path: Path) -> None:
    rows = "id,author_id,created_at,text\n1,a,01.02.2024 13:05,x\n2,a,03.02.2024 13:06,y\n"
    reading = read(written(tmp_path / "t.csv", rows.encode()))
    assert [p["created_at"].month for p in reading.posts] == [2, 2]
    assert "day.month.year" in reading.report.sources[0].guess


def test_inputs_of_one_name_can_be_told_apart(tmp_path: Path) -> None:
    paths = []
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        paths.append(lines(tmp_path / folder / "posts.jsonl", ROW | {"id": folder}))
    (tmp_path / "out").mkdir()
    report = read_inputs(duckdb.connect(), paths, tmp_path / "out", ReadSettings())
    assert [s.file for s in report.sources] == ["a/posts.jsonl", "b/posts.jsonl"]
    files = pq.read_table(tmp_path / "out" / "posts.parquet")["raw_ref"].to_pylist()
    assert {f["file"] for f in files} == {"a/posts.jsonl", "b/posts.jsonl"}


def test_a_pipe_is_named_as_what_it_is(read, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert "pipe" in refusal(read, tmp_path / "pipe")


def test_days_in_parquet_are_days(read, tmp_path: Path) -> None:
    rows = [{"id": f"p{i}", "author_id": "a", "text": "x", "created_at": date(2024, 1, 1 + i)} for i in range(3)]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "d.parquet")
    assert {p["created_at_precision"] for p in read(tmp_path / "d.parquet").posts} == {"day"}


def test_signs_that_reddit_escapes_are_signs(read, tmp_path: Path) -> None:
    comment = {
        "id": "c1",
        "author": "a",
        "created_utc": 1_700_000_000,
        "body": "&gt; 1 &amp; 2 &lt; 3",
        "link_id": "t3_x",
        "subreddit": "s",
    }
    [post] = read(lines(tmp_path / "r.jsonl", comment), format="reddit").posts
    assert post["text"] == "> 1 & 2 < 3"


_SAID = {
    "cp1251": "Сегодня в городе прошёл митинг за чистую воду, собралось много людей, но никто не знает почему выборы перенесли",
    "koi8_r": "Сегодня в городе прошёл митинг за чистую воду, собралось много людей, но никто не знает почему выборы перенесли",
    "cp1253": "Σήμερα στην πόλη έγινε διαδήλωση για καθαρό νερό και κανείς δεν ξέρει γιατί οι εκλογές αναβλήθηκαν",
    "cp1256": "خرجت اليوم مظاهرة في المدينة من أجل المياه النظيفة ولا أحد يعرف لماذا تأجلت الانتخابات",
    "gb18030": "今天 市里 举行了 要求 清洁用水 的 集会 来了 很多人 没有人 知道 选举 为什么 推迟",
    "big5": "今天 市裡 舉行了 要求 清潔用水 的 集會 來了 很多人 沒有人 知道 選舉 為什麼 延期",
    "cp932": "今日 街で きれいな水を 求める 集会が あり 多くの人が 集まった 選挙は 延期された 誰も 理由を 知らない",
    "cp949": "오늘 시내에서 깨끗한 물을 요구하는 집회가 열렸다 선거가 연기되었고 아무도 이유를 모른다",
    "cp1255": "היום התקיימה בעיר הפגנה למען מים נקיים והרבה אנשים באו ואיש אינו יודע למה הבחירות נדחו",
    "cp874": "วันนี้ ในเมือง มีการชุมนุม เรียกร้อง น้ำสะอาด มีคนมา มากมาย ไม่มีใครรู้ ทำไม การเลือกตั้ง ถูกเลื่อน",
    "cp1250": "Dziś w mieście odbyła się demonstracja, przyszło wielu ludzi, żądają czystej wody, źródła śmieci, też wśród łąk",
    "cp1252 ": "Tänään kaupungissa järjestettiin mielenosoitus puhtaan veden puolesta ja paljon ihmisiä tuli, mäki ja yö, hyvä päivä",
    "cp1252": "L'été dernier les électeurs étaient déjà très fâchés, die Straße für Fußgänger wird später geöffnet, mañana habrá más",
}


@pytest.mark.parametrize("encoding", _SAID)
@pytest.mark.parametrize("n", [5, 300])
def test_tables_of_an_older_encoding_keep_their_letters(read, tmp_path: Path, encoding: str, n: int) -> None:
    chance, words = random.Random(encoding), _SAID[encoding].split()
    said = [" ".join(chance.sample(words, 8)) for _ in range(n)]
    lines = [
        f'{i},a{i % 5},2024-03-04 05:06:{i % 60:02},"{text} https://example.org/{i}"' for i, text in enumerate(said)
    ]
    plain = [f'{n + i},b{i},2024-03-04 05:06:07,"good morning everyone {i}"' for i in range(n)]
    path = tmp_path / "old.csv"
    path.write_bytes("\n".join(["id,author_id,created_at,text", *plain, *lines]).encode(encoding.strip()))
    reading = read(path)
    assert {p["text"].split(" https")[0] for p in reading.posts} >= set(said)
    assert any("a guess" in note for note in reading.report.sources[0].notes)


def test_a_page_without_its_list_is_told(read, tmp_path: Path) -> None:
    page = {"found": [ROW, ROW | {"id": "p2"}], "next": "x"}
    reading = read(
        lines(tmp_path / "p.jsonl", page, {"error": "slow down"}, b"{bad\n", {"found": []}, {"found": [7, "x"]})
    )
    assert [p["post_id"] for p in reading.posts] == ["p1", "p2"]
    assert [(r["line"], r["rule"]) for r in reading.rejects] == [
        (2, "not_a_post"), (3, "malformed_json"), (5, "malformed_json"), (5, "malformed_json"),
    ]  # fmt: skip
    assert "posts of the list found in each record" in reading.report.sources[0].notes


def test_accounts_beside_posts_are_no_posts(read, tmp_path: Path) -> None:
    people = [
        {"id": f"u{i}", "username": f"u{i}", "created_at": "2012-01-01T00:00:00Z", "text": "I post"} for i in range(9)
    ]
    posts = [ROW, ROW | {"id": "p2", "lang": "en"}]
    for order in ({"users": people, "posts": posts}, {"posts": posts, "users": people}):
        found = read(lines(tmp_path / "p.jsonl", order | {"n": 1}))
        assert [p["post_id"] for p in found.posts] == ["p1", "p2"]


def test_columns_that_the_user_names_are_of_the_record_where_it_has_them(read, tmp_path: Path) -> None:
    record = {"who": "a", "when": "2021-05-01T10:00:01Z", "what": "x", "likes": [ROW, ROW]}
    reading = read(
        lines(tmp_path / "m.jsonl", record), column_map={"author_id": "who", "created_at": "when", "text": "what"}
    )
    assert [(p["author_id"], p["text"]) for p in reading.posts] == [("a", "x")]
