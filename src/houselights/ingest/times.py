"""Time stamps in whatever form people export them -> UTC, and what precision the source really has. SQL expressions over a text column."""

from dataclasses import dataclass

import duckdb

MIN_ROWS_FOR_PRECISION = 20  # zero seconds in fewer stamps than this may be chance

_DAY_FIRST_OR_LAST = (
    r"^(\d{1,2})([/.-])(\d{1,2})[/.-](\d{2}|\d{4})"
    r"(?:[ T,]+(\d{1,2}):(\d{2})(?::(\d{2}(?:\.\d+)?))?\s*([AaPp]?)\.?[Mm]?\.?)?\s*(?:Z|UTC|GMT)?$"
)
_ZONED = ("%a %b %d %H:%M:%S %z %Y", "%a, %d %b %Y %H:%M:%S %z", "%d %b %Y %H:%M:%S %z")
_PLAIN = (
    "%a, %d %b %Y %H:%M:%S GMT",
    "%a %b %d %H:%M:%S UTC %Y",
    "%a %b %d %H:%M:%S %Y",
    "%b %d, %Y %I:%M %p",
    "%b %d, %Y %I:%M:%S %p",
    "%b %d, %Y, %I:%M %p",
    "%b %d, %Y %H:%M",
    "%b %d, %Y %H:%M:%S",
    "%b %d, %Y",
    "%d %b %Y %H:%M:%S",
    "%d %b %Y %H:%M",
    "%d %b %Y",
    "%B %d, %Y",
    "%d %B %Y",
)
_ZONES = {  # what a name means, whatever a database of places makes of it in summer
    "EDT": "-04",
    "CDT": "-05",
    "MDT": "-06",
    "PDT": "-07",
    "PST": "-08",
    "CST": "-06",
    "CET": "+01",
    "EET": "+02",
    "WET": "+00",
    "CEST": "+02",
    "BST": "+01",
    "MSK": "+03",
}


def _list(formats: tuple[str, ...]) -> str:
    return "[" + ", ".join(f"'{f}'" for f in formats) + "]"


def plain_time(text: str) -> str:
    """SQL: TIMESTAMP (UTC) of every unambiguous form: ISO with or without zone, epoch in s, ms, us or ns, written months. NULL otherwise."""
    zones = text
    for name, offset in _ZONES.items():
        zones = f"replace({zones}, ' {name}', '{offset}')"
    number = f"try_cast({text} AS DECIMAL(38,6))"
    return f"""CASE
      WHEN {text} IS NULL THEN NULL
      WHEN {text} LIKE '____-__-__T__:__:__%Z' AND strlen({text}) <= 27 THEN try_cast({text} AS TIMESTAMP)
      WHEN regexp_full_match({text}, '\\d{{4}}[-/]\\d{{1,2}}[-/]\\d{{1,2}}(?:[T ].*)?') THEN CASE
        WHEN regexp_full_match({text}, '.{{8,10}}(?:[T ][0-9:.]*Z?)?') THEN try_cast({text} AS TIMESTAMP)
        ELSE try_cast(regexp_replace(regexp_replace({zones}, ',(\\d)', '.\\1'), '\\s+([+-]\\d)', '\\1') AS TIMESTAMPTZ) AT TIME ZONE 'UTC' END
      WHEN regexp_full_match({text}, '[+-]?\\d+(?:\\.\\d*)?(?:[eE]\\+?\\d+)?') THEN {_number(text, number)}
      WHEN regexp_matches({text}, '^[A-Za-z]+,? .*\\d|^\\d{{1,2}} [A-Za-z]') THEN
        coalesce(try_strptime({text}, {_list(_ZONED)}) AT TIME ZONE 'UTC', try_strptime({text}, {_list(_PLAIN)}))
      END"""


def _number(text: str, number: str) -> str:
    value = f"coalesce({number}, try_cast(try_cast({text} AS DOUBLE) AS DECIMAL(38,6)))"
    return f"""CASE
      WHEN regexp_full_match({text}, '(?:19|20)\\d{{6}}') THEN try_strptime({text}, '%Y%m%d')
      WHEN regexp_full_match({text}, '(?:19|20)\\d{{12}}') THEN try_strptime({text}, '%Y%m%d%H%M%S')
      WHEN abs({value}) < 1e11 THEN make_timestamp(try_cast(round({value} * 1000000) AS BIGINT))
      WHEN abs({value}) < 1e14 THEN make_timestamp(try_cast(round({value} * 1000) AS BIGINT))
      WHEN abs({value}) < 1e17 THEN make_timestamp(try_cast({value} AS BIGINT))
      WHEN abs({value}) < 1e20 THEN make_timestamp(try_cast({value} / 1000 AS BIGINT)) END"""


def parts_of_day_month(text: str) -> str:
    """SQL: struct of the parts of `8/7/15 9:54` and its kin, or NULL. Which of the first two is the day is for the whole column to say."""
    match = f"regexp_extract({text}, '{_DAY_FIRST_OR_LAST}', ['a', 'sep', 'b', 'y', 'h', 'mi', 's', 'half'])"
    return f"CASE WHEN regexp_matches({text}, '{_DAY_FIRST_OR_LAST}') THEN {match} END"


def day_month_time(parts: str, day_first: bool) -> str:
    """SQL: TIMESTAMP from the parts; two-digit years are 1970 to 2069."""
    day, month = ("a", "b") if day_first else ("b", "a")

    def whole(field: str) -> str:
        return f"coalesce(try_cast({parts}.{field} AS BIGINT), 0)"

    year = f"{whole('y')} + CASE WHEN length({parts}.y) = 4 THEN 0 WHEN {whole('y')} < 70 THEN 2000 ELSE 1900 END"
    half = f"lower({parts}.half)"
    hour = f"""CASE WHEN {half} = 'p' AND {whole("h")} < 12 THEN {whole("h")} + 12
        WHEN {half} = 'a' AND {whole("h")} = 12 THEN 0 ELSE {whole("h")} END"""
    second = f"coalesce(try_cast({parts}.s AS DOUBLE), 0.0)"
    made = f"make_timestamp({year}, {whole(month)}, {whole(day)}, {hour}, {whole('mi')}, {second})"
    return f"CASE WHEN {parts} IS NOT NULL THEN try({made}) END"


@dataclass(frozen=True)
class TimeColumn:
    """What a column of stamps turned out to be."""

    day_first: bool
    precision: str
    note: str | None  # said in the printed guess when the order of day and month is a guess


def read_column(con: duckdb.DuckDBPyConnection, staged: str) -> TimeColumn:
    """`staged` holds created_at (unambiguous), created_parts (day/month forms) and created_form (0 date, 1 minutes, 2 seconds)."""
    n_parts, first, second, dotted = con.execute(
        f"""SELECT count(created_parts), max(try_cast(created_parts.a AS INT)), max(try_cast(created_parts.b AS INT)),
            coalesce(bool_and(created_parts.sep = '.'), false) FROM {staged}"""
    ).fetchall()[0]
    day_first = bool(n_parts and second <= 12 and (first > 12 or dotted))
    note = None
    if n_parts and first <= 12 and second <= 12:
        read_as = "day.month.year" if dotted else "month/day/year"
        note = f"day and month cannot be told apart in the times: read as {read_as}"
    elif n_parts and first > 12 and second > 12:
        note = (
            "some times have the day first and some the month: where both would do, the month was taken to come first"
        )
    at = f"coalesce(created_at, {day_month_time('created_parts', day_first)})"
    n, form, sub_ms, sub_s, second_n, clock = con.execute(
        f"""SELECT count(moment), max(created_form), max(us % 1000 <> 0), max(us % 1000000 <> 0),
            max(us % 60000000 <> 0), max(us % 86400000000 <> 0)
            FROM (SELECT {at} AS moment, epoch_us({at}) AS us, created_form FROM {staged}
              WHERE isfinite(coalesce(created_at, TIMESTAMP '2000-01-01')))"""
    ).fetchall()[0]
    if sub_ms or sub_s:
        precision = "us" if sub_ms else "ms"
    elif form == 0 or (n >= MIN_ROWS_FOR_PRECISION and not clock):
        precision = "day"
    elif form == 1 or (n >= MIN_ROWS_FOR_PRECISION and not second_n):
        precision = "min"
    else:
        precision = "s"
    return TimeColumn(day_first, precision, note)


def written_form(text: str) -> str:
    """SQL: 0 when the text shows a date only, 1 hours and minutes, 2 seconds (numbers of more than eight digits are seconds or finer)."""
    return (
        f"CASE WHEN {text} LIKE '____-__-__T__:__:__%' OR regexp_matches({text}, ':\\d\\d:\\d\\d') THEN 2 WHEN contains({text}, ':') THEN 1 "
        f"WHEN regexp_matches({text}, '^\\d{{9}}|[eE]') THEN 2 ELSE 0 END"
    )
