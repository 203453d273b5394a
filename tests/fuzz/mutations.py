"""Changes that break files the way files break, and the way somebody who wants to break a reader would break them."""

import csv
import gzip
import io
import json
import random
import zipfile
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import zstandard
from seeds import READERS, SEEDS, parquet, posts, typed

MAX_BYTES = 1 << 20
MANY_ROWS = 500  # a long word in each of more of them would take gigabytes before it is cut
Rng = random.Random

WORDS = (
    "", " ", "\0", "\x1f", "\ufeff", "\u202e", "\ud800", "\U0001f6a2", "a\r\nb", "\n", '"', "'", "\\", "\\x1f", "\\ud800", "{", "[", "]}", ",", ";",
    "null", "NaN", "nan", "None", "\\N", "true", "0", "-1", "-0.0", "1e400", "1.5e18", "1.23457E+18", "9" * 40, "9223372036854775807",
    "-9223372036854775808", "infinity", "-infinity", "epoch", "0000-00-00", "1969-12-31T23:59:59Z", "294247-01-10 04:00:54.775807", "2026-02-30",
    "9999-12-31 23:59:59.999999+15:59", "2026-03-02T10:00:00", "2026-03-02T10:00:60Z", "0001-01-01 (BC)",
    "29/02/2021 25:61", "13/13/13", "1/2/03 4:05 pm",
    "Mon Mar 02 10:00:00 +9999 2026", "1772445600", "1772445600123456789", "20260302", "99999999999999", "https://", "http://[", "https://t.co/",
    "https://a.example/" + "x" * 500, "http://a" * 40 + " !", "[a, b]", '["a"]', '[{"url": "u"}]', "RT @ben: x", "#", "＃１",
    "at://", "at:////", "did:", "t1_",
    "[deleted]", "retweet", "repost", "-- ; DROP TABLE ingest_rows", "' OR 1=1", "%s{0}$1", "<a href=\"x\" class=\"mention\">", "&#39;", "a" * 70_000,
)  # fmt: skip
NUMBERS = (
    0,
    -1,
    1,
    2**31,
    2**53 + 1,
    2**63 - 1,
    -(2**63),
    2**63,
    2**64,
    10**40,
    10**400,
    0.1,
    -0.0,
    1e308,
    1e-320,
    1.5e18,
)
RAW_JSON = (
    b"NaN",
    b"Infinity",
    b"-0",
    b"1e999",
    b"01",
    b"'x'",
    b'"\\ud800"',
    b'"\\udc00\\ud800"',
    b'"\\u0000"',
    b'"\\x41"',
    b"nul",
    b'"\xff"',
    b'"\t"',
    b"1" * 5000,
)
KEYS = (
    "",
    " ",
    "id",
    "ID",
    "Id ",
    "a.b",
    '"',
    "\0",
    "\ud800",
    "id\0",
    "text\ud800",
    "'",
    "date",
    "$type",
    "message.type",
    "chat.id",
    "line",
    "raw",
    "rule",
    "j",
    "$",
    "c0",
)
ENCODINGS = ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig", "cp1252", "utf-7", "cp037")


def mutate(data: bytes, reader: str, rng: Rng) -> bytes:
    """One to four changes; the same generator state gives the same bytes."""
    for _ in range(rng.choice((1, 1, 2, 4))):
        data = _once(data, reader, rng)[:MAX_BYTES]
    return data


def _once(data: bytes, reader: str, rng: Rng) -> bytes:
    if rng.random() < 0.15:
        return _of_bytes(data, reader, rng)
    try:
        if data[:2] == b"\x1f\x8b":
            return _packed(data, reader, rng, gzip.decompress, lambda d: gzip.compress(d, mtime=0))
        if data[:4] == b"\x28\xb5\x2f\xfd":
            return _packed(
                data, reader, rng, lambda d: zstandard.ZstdDecompressor().decompress(d, MAX_BYTES), zstandard.compress
            )
        if data[:4] == b"PAR1":
            return _of_parquet(data, rng)
        if data[:2] == b"PK":
            return _of_archive(data, reader, rng)
        if data.lstrip()[:1] in (b"{", b"["):
            return _of_json(data, rng)
        return _of_table(data, rng)
    except Exception:  # no longer what it begins like
        return _of_bytes(data, reader, rng)


def _of_bytes(data: bytes, reader: str, rng: Rng) -> bytes:
    a, b = sorted((rng.randint(0, len(data)), rng.randint(0, len(data))))
    short = min(b, a + 64)
    other = rng.choice(SEEDS[rng.choice(READERS)])
    match rng.randrange(10):
        case 0:
            return data[:a]
        case 1:
            return data[:a] + data[short:]
        case 2:
            return data[:b] + data[a:]
        case 3:
            return data[:a] + bytes([rng.randrange(256)]) + data[a + 1 :]
        case 4:
            return data[:a] + rng.choice(WORDS).encode("utf-8", "surrogatepass") + data[a:]
        case 5:
            return data[:a] + other[rng.randint(0, len(other)) :]
        case 6:
            return other + data if rng.random() < 0.3 else data + other
        case 7:
            encoding = rng.choice(ENCODINGS)
            return data.decode("utf-8", "replace").encode(encoding, "replace")
        case 8:
            return (
                data[:a]
                + rng.choice((b"\0", b" ", b"\n", b"\r", b"\x0b", b"[", b'"', b"\\", b"\xff"))
                * rng.choice((1, 7, 400, 20_000))
                + data[a:]
            )
        case _:
            return data.replace(b"\n", rng.choice((b"\r", b"\r\n", b"\n\n", b"\xe2\x80\xa8", b"\0", b"")))


def _packed(data: bytes, reader: str, rng: Rng, unpack: Any, pack: Any) -> bytes:
    if rng.random() < 0.1:
        return data + pack(rng.choice(SEEDS[rng.choice(READERS)]))
    inner = unpack(data)
    if rng.random() < 0.15:
        inner = inner * rng.choice((2, 50, 400))
    packed: bytes = pack(_once(inner[:MAX_BYTES], reader, rng))
    return packed


# JSON


def _value(rng: Rng, depth: int = 0) -> Any:
    match rng.randrange(9):
        case 0:
            return None
        case 1 | 2:
            return rng.choice(WORDS)
        case 3 | 4:
            return rng.choice(NUMBERS)
        case 5:
            return rng.choice((True, False, [], {}))
        case 6 if depth < 3:
            return [_value(rng, depth + 1) for _ in range(rng.randrange(4))]
        case 7 if depth < 3:
            return {rng.choice(KEYS): _value(rng, depth + 1) for _ in range(rng.randrange(4))}
        case _:
            n = rng.choice((3, 200, 700, 960, 3000))
            return _Raw(b'{"a":' * n + b"1" + b"}" * n if rng.random() < 0.5 else b"[" * n + b"]" * n)


class _Raw(str):
    """Stands in a value's place for bytes that are written as they are."""

    raw: bytes

    def __new__(cls, raw: bytes) -> "_Raw":
        self = super().__new__(cls, f"\ue000{raw.hex()}\ue000")
        self.raw = raw
        return self


def _dumped(value: Any, rng: Rng, indent: int | None = None) -> bytes:
    ascii_only = rng.random() < 0.7
    text = json.dumps(value, ensure_ascii=ascii_only)
    if indent and len(text) < 20_000:  # of a deep value, indented lines grow with the square
        text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    parts = text.replace("\\ue000", "\ue000").split("\ue000")
    out = [part.encode("utf-8", "surrogatepass") for part in parts]
    for i in range(1, len(parts) - 1, 2):
        out[i - 1], out[i], out[i + 1] = (
            out[i - 1].removesuffix(b'"'),
            bytes.fromhex(parts[i]),
            out[i + 1].removeprefix(b'"'),
        )
    return b"".join(out)


def _places(value: Any, found: list[tuple[Any, Any]]) -> list[tuple[Any, Any]]:
    """(container, key) of everything inside."""
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        found.append((value, key))
        _places(inner, found)
    return found


def _of_json(data: bytes, rng: Rng) -> bytes:
    try:
        whole: Any = json.loads(data)
        is_lines = False
    except ValueError:
        whole = [_loaded(line) for line in data.split(b"\n") if line.strip()]
        is_lines = True
    places = _places(whole, [])
    for _ in range(rng.choice((1, 2, 8))):
        if places:
            _change(
                *rng.choice(places),
                rng,
                everywhere=whole if is_lines and len(whole) <= MANY_ROWS and rng.random() < 0.3 else None,
            )
    if rng.random() < 0.05 and isinstance(whole, list):
        whole = whole * rng.choice((2, 40))
    layout = rng.random()
    if is_lines and layout < 0.85:
        ends = b"\n" if layout < 0.7 else rng.choice((b"\r\n", b"\n\n", b",\n", b"", b"\x1e\n"))
        return b"".join(_dumped(record, rng, 1 if layout > 0.8 else None) + ends for record in whole)
    return _dumped(whole, rng, rng.choice((None, None, 1)))


def _loaded(line: bytes) -> Any:
    try:
        return json.loads(line)
    except ValueError:
        return line.decode("utf-8", "replace")


def _change(container: Any, key: Any, rng: Rng, everywhere: Any) -> None:
    """Changes one place; with `everywhere`, the same key of all records."""
    action, value = rng.randrange(8), _value(rng)
    others = [r for r in everywhere if isinstance(r, dict)] if isinstance(everywhere, list) else []
    for where in [container, *(r for r in others if key in r and r is not container)]:
        if (isinstance(where, dict) and key not in where) or (isinstance(where, list) and key >= len(where)):
            continue
        old = where[key]
        if action == 0:
            del where[key]
        elif action == 1 and isinstance(where, dict):
            del where[key]
            where[rng.choice((*KEYS, str(key).upper(), f"{key} ", f"{key}\0", f"{key}\ud800"))] = old
        elif action == 2 and isinstance(where, dict):
            where[rng.choice((*KEYS, str(key).upper(), str(key).title()))] = value
        elif action == 3:
            where[key] = [old] if rng.random() < 0.5 else {str(key): old}
        elif action == 4:
            where[key] = _Raw(rng.choice(RAW_JSON))
        elif action == 5 and isinstance(old, str | int | float):
            where[key] = (
                str(old)
                if isinstance(old, int | float)
                else rng.choice((len(old), old * 2, old[: len(old) // 2], old + rng.choice(WORDS)))
            )
        else:
            where[key] = value


# CSV


def _of_table(data: bytes, rng: Rng) -> bytes:
    text = data.decode("utf-8", "replace")
    delimiter = max(",\t;|", key=text.split("\n")[-2 if "\n" in text else 0].count)
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    for _ in range(rng.choice((1, 2, 8))):
        row = rng.choice(rows)
        j = rng.randrange(len(row)) if row else 0
        match rng.randrange(12):
            case 0:
                row[j : j + 1] = []
            case 1:
                row[j:j] = [rng.choice(WORDS)] * rng.choice((1, 1, 300))
            case 2:
                rows[0][rng.randrange(len(rows[0]))] = rng.choice((*KEYS, *rows[0]))
            case 3:
                rows.insert(rng.randrange(len(rows) + 1), [rng.choice(WORDS)])
            case 4:
                rows.remove(row) if len(rows) > 1 else None
            case 5:
                for other in rows:
                    other[j : j + 1] = []
            case 6:
                value = rng.choice(WORDS)
                for other in rows[1:MANY_ROWS]:
                    other[j : j + 1] = [value]
            case _:
                row[j : j + 1] = [rng.choice(WORDS)]
    if rng.random() < 0.1:
        delimiter = rng.choice(",\t;|:")
    out = io.StringIO()
    quoting = rng.choice((csv.QUOTE_MINIMAL, csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONE))
    escapechar = "\\" if quoting == csv.QUOTE_NONE or rng.random() < 0.1 else None
    csv.writer(out, delimiter=delimiter, quoting=quoting, escapechar=escapechar, lineterminator="\n").writerows(rows)
    begins = rng.choice(
        ("",) * 12 + ("sep=;\n", "sep=\t\n", "sep=é\n", 'sep="\n', "sep=,", "\n\n", "\ufeff", "{", "[\n")
    )
    return (begins + out.getvalue()).encode("utf-8", "surrogatepass")


# Parquet


def _column(n: int, rng: Rng) -> pa.Array:
    """A column of a type that posts rarely have."""
    text = [rng.choice(WORDS).encode("utf-8", "replace").decode() for _ in range(n)]
    number = [rng.choice((0, 1, -1, 2**31, 2**53 + 1, 2**63 - 1, -(2**63))) for _ in range(n)]
    seconds = [rng.choice((0, 1_772_445_600, -(10**11), 10**12, 4 * 10**12)) for _ in range(n)]
    unit = rng.choice(("s", "ms", "us", "ns"))
    makers = (
        lambda: pa.nulls(n),
        lambda: pa.nulls(n, pa.string()),
        lambda: pa.array([Decimal(x).scaleb(-3) for x in number], pa.decimal128(38, 3)),
        lambda: pa.array([Decimal(1)] * n, pa.decimal256(60, 10)),
        lambda: pa.array([[t, None] for t in text], pa.list_(pa.string())),
        lambda: pa.array([[[t]] for t in text], pa.list_(pa.list_(pa.string()))),
        lambda: pa.array([[{"a": t, "text": t}] for t in text]),
        lambda: pa.array(text).dictionary_encode(),
        lambda: pa.array([seconds[0] % 10**9] * n, pa.timestamp(unit, tz=rng.choice((None, "UTC", "Asia/Kolkata", "+05:30")))),
        lambda: pa.array(seconds, pa.timestamp(rng.choice(("s", "ms")))),
        lambda: pa.array(number, pa.timestamp(unit)),
        lambda: pa.array([x % 2**31 for x in number], pa.date32()),
        lambda: pa.array([date(1, 1, 1)] * n),
        lambda: pa.array([datetime(9999, 12, 31)] * n),
        lambda: pa.array([x % 86_400_000 for x in number], pa.time32("ms")),
        lambda: pa.array([timedelta(days=1)] * n),
        lambda: pa.array([t.encode() + b"\xff\0" for t in text], pa.binary()),
        lambda: pa.array([b"1234567890123456"] * n, pa.binary(16)),
        lambda: pa.array([[(t, "v")] for t in text], pa.map_(pa.string(), pa.string())),
        lambda: pa.array([{"id": t, "type": "message", "text": {"body": t}} for t in text]),
        lambda: pa.array([{"": t, "a\0b": t} for t in text]),
        lambda: pa.array(number, pa.int64()),
        lambda: pa.array([abs(x) for x in number], pa.uint64()),
        lambda: pa.array([float(x) * rng.choice((1, 1e300, 0.1)) for x in number], rng.choice((pa.float64(), pa.float32()))),
        lambda: pa.array([1.5] * n, pa.float64()).cast(pa.float16()),
        lambda: pa.array([x > 0 for x in number]),
        lambda: pa.array(text, pa.large_string()),
        lambda: pa.array([[t] * 3 for t in text], pa.list_(pa.string(), 3)),
        lambda: pa.array([{}] * n, pa.struct([])),
        lambda: pa.array([[None]] * n, pa.list_(pa.struct([(name, pa.string()) for name in ("type", "url", "hash", "alt")]))),
    )  # fmt: skip
    return rng.choice(makers)()


def _of_parquet(data: bytes, rng: Rng) -> bytes:
    if rng.random() < 0.15:  # into the bytes: the footer describes the rest
        at = rng.choice((rng.randrange(len(data)), max(0, len(data) - 1 - rng.randrange(300))))
        return data[:at] + bytes([rng.randrange(256)]) + data[at + 1 :]
    table = rng.choice((typed, lambda: pa.Table.from_pylist(posts()), lambda: pq.read_table(io.BytesIO(data))))()
    for _ in range(rng.choice((1, 2, 4))):
        i, n = rng.randrange(table.num_columns), table.num_rows
        name = table.column_names[i]
        match rng.randrange(7):
            case 0:
                table = table.remove_column(i) if table.num_columns > 1 else table
            case 1:
                table = table.append_column(
                    rng.choice((*KEYS, "file_row_number", "message", "chat", "metrics"))
                    .encode("utf-8", "replace")
                    .decode(),
                    _column(n, rng),
                )
            case 2:
                names = [
                    rng.choice(KEYS).encode("utf-8", "replace").decode() if j == i else c
                    for j, c in enumerate(table.column_names)
                ]
                table = table.rename_columns(names)
            case 3:
                table = table.slice(0, rng.choice((0, 1, n)))
            case _:
                table = table.set_column(i, name, _column(n, rng))
    return parquet(table)


def _of_archive(data: bytes, reader: str, rng: Rng) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as old:
        parts = {name: old.read(name) for name in old.namelist()}
    name = rng.choice(sorted(parts))
    match rng.randrange(5):
        case 0:
            del parts[name]
        case 1:
            cell = rng.choice(("A1", "XFD1048576", "B1", "A1048576", "ZZZZ9", "A0", "1", "A99999999999"))
            parts = {
                k: v.replace(b"<c>", f'<c r="{cell}">'.encode(), 1) if "sheet" in k else v for k, v in parts.items()
            }
        case 2:
            kind = rng.choice(("n", "b", "e", "s", "d", "str", "x")).encode()
            value = rng.choice(WORDS).encode("utf-8", "replace")
            parts = {
                k: v.replace(b"<c><v>0", b'<c t="' + kind + b'"><v>' + value) if "sheet" in k else v
                for k, v in parts.items()
            }
        case _:
            parts[name] = _of_bytes(parts[name], reader, rng)
    with zipfile.ZipFile(out := io.BytesIO(), "w", rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))) as new:
        for k, v in parts.items():
            new.writestr(zipfile.ZipInfo(k), v)
    return out.getvalue()
