"""Stamps in the forms people export them."""

from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from houselights.ingest import times

NOON = datetime(2015, 8, 7, 12, 34, 56, tzinfo=UTC)
FORMS = [
    ("2015-08-07T12:34:56Z", NOON),
    ("2015-08-07 12:34:56", NOON),
    ("2015-08-07T12:34:56.250000+00:00", NOON.replace(microsecond=250000)),
    ("2015-08-07T14:34:56+02:00", NOON),
    ("2015-08-07 07:34:56 -0500", NOON),
    ("2015-08-07 08:34:56 EDT", NOON),
    ("2015-08-07 12:34:56 UTC", NOON),
    ("2015-08-07 12:34:56,5", NOON.replace(microsecond=500000)),
    ("2015/8/7 12:34", NOON.replace(second=0)),
    ("Fri Aug 07 12:34:56 +0000 2015", NOON),
    ("Fri Aug 07 14:34:56 +0200 2015", NOON),
    ("Fri, 07 Aug 2015 12:34:56 +0000", NOON),
    ("Fri, 07 Aug 2015 12:34:56 GMT", NOON),
    ("Aug 07, 2015 12:34 PM", NOON.replace(second=0)),
    ("1438950896", NOON),
    ("1438950896.0", NOON),
    ("1.438950896E9", NOON),
    ("1438950896250", NOON.replace(microsecond=250000)),
    ("1438950896250001", NOON.replace(microsecond=250001)),
    ("1438950896250001000", NOON.replace(microsecond=250001)),
    ("20150807", NOON.replace(hour=0, minute=0, second=0)),
    ("20150807123456", NOON),
    ("2015-08-07", NOON.replace(hour=0, minute=0, second=0)),
    ("yesterday", None),
    ("infinity", None),
    ("epoch", None),
    ("2015-13-45", None),
    ("", None),
    ("12", datetime(1970, 1, 1, 0, 0, 12, tzinfo=UTC)),
    ("999999999999999999999999999999999999999999", None),
    ("-5e300", None),
]


@pytest.mark.parametrize("text, moment", FORMS)
def test_form(text: str, moment: datetime | None) -> None:
    con = duckdb.connect()
    con.execute("SET TimeZone = 'UTC'")
    found = con.execute(f"SELECT {times.plain_time('t')} FROM (SELECT ? AS t)", [text]).fetchall()[0][0]
    assert found == (moment.replace(tzinfo=None) if moment else None)


def _table(path: Path, stamps: list[str]) -> Path:
    path.write_text("id;user;date;text\n" + "".join(f"p{i:03d};u;{s};words\n" for i, s in enumerate(stamps)))
    return path


@pytest.mark.parametrize(
    "stamps, first, note",
    [
        (["8/7/15 9:54", "8/13/15 10:00"], datetime(2015, 8, 7, 9, 54, tzinfo=UTC), False),
        (["7/8/15 9:54", "13/8/15 10:00"], datetime(2015, 8, 7, 9, 54, tzinfo=UTC), False),
        (["8/7/2015 9:54:01 PM", "9/7/2015 1:00 AM"], datetime(2015, 8, 7, 21, 54, 1, tzinfo=UTC), True),
        (["07.08.2015 09:54", "31.08.2015 10:00"], datetime(2015, 8, 7, 9, 54, tzinfo=UTC), False),
    ],
)
def test_day_and_month_are_told_apart_by_the_column(
    read, tmp_path: Path, stamps: list[str], first: datetime, note: bool
) -> None:
    reading = read(_table(tmp_path / "in", stamps))
    assert reading.posts[0]["created_at"] == first
    assert ("day and month" in reading.report.sources[0].guess) == note


@pytest.mark.parametrize(
    "stamps, precision",
    [
        ([f"2021-01-01T10:{i:02d}:00Z" for i in range(30)], "min"),
        ([f"2021-01-01T10:{i:02d}:00Z" for i in range(19)], "s"),
        ([f"2021-01-01T10:{i:02d}:00Z" for i in range(30)] + ["2021-01-01T10:00:01Z"], "s"),
        (["2021-01-01 10:00", "2021-01-01 10:01"], "min"),
        ([f"2021-01-{i + 1:02d}T00:00:00Z" for i in range(25)], "day"),
        (["2021-01-01", "2021-01-02"], "day"),
        (["1609459200", "1609459260"], "s"),
        (["1609459200123", "1609459260000"], "ms"),
        (["2021-01-01T10:00:00.000123Z"], "us"),
    ],
)
def test_precision_is_what_the_source_knows(read, tmp_path: Path, stamps: list[str], precision: str) -> None:
    reading = read(_table(tmp_path / "in", stamps))
    assert {p["created_at_precision"] for p in reading.posts} == {precision}
    assert reading.report.precision_mix == {precision: len(stamps)}


def test_a_stamp_written_to_the_minute_knows_no_seconds_whatever_stands_beside_it(read, tmp_path: Path) -> None:
    stamps = ["2021-01-01 10:00:07", "2021-01-01 10:01", "2021-01-02", "2021-01-01 10:02:00"]
    reading = read(_table(tmp_path / "in", stamps))
    assert {p["post_id"]: p["created_at_precision"] for p in reading.posts} == {
        "p000": "s", "p001": "min", "p002": "day", "p003": "s",
    }  # fmt: skip
    assert reading.report.precision_mix == {"s": 2, "day": 1, "min": 1}


def test_session_time_zone_changes_nothing(tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    from houselights.core.settings import ReadSettings
    from houselights.ingest import read_inputs

    con = duckdb.connect()
    con.execute("SET TimeZone = 'America/New_York'")
    read_inputs(con, [_table(tmp_path / "in", ["2021-07-01 10:00:07"])], tmp_path, ReadSettings())
    assert pq.read_table(tmp_path / "posts.parquet")["created_at"].to_pylist() == [
        datetime(2021, 7, 1, 10, 0, 7, tzinfo=UTC)
    ]
