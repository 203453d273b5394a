"""What holds for every reader, whatever the bytes: a report that adds up and a sound table, or one sentence. Nothing else, and soon."""

import re
import shutil
import time
import zlib
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

from houselights.core.errors import HouselightsError
from houselights.core.settings import ReadSettings
from houselights.core.tables import POSTS, REJECTS
from houselights.ingest import read_inputs
from houselights.ingest.detect import FORMATS
from houselights.ingest.table import TARGETS

MODES = ("auto", "forced", "mapped")
MAX_SECONDS = 30.0
MAX_SENTENCE = 6_000


class Broken(Exception):
    """The law does not hold."""


@dataclass(frozen=True)
class Outcome:
    """What became of an input. Two inputs of one signature teach the same."""

    accepted: bool
    signature: tuple[str, ...]


def settings_of(reader: str, mode: str, data: bytes) -> ReadSettings:
    """`forced` names the reader; `mapped` maps columns that the bytes name, or that nobody has; the bytes decide which."""
    if mode == "auto":
        return ReadSettings()
    name = reader if reader in FORMATS else "generic"
    if mode == "forced":
        return ReadSettings(format=name)
    key = zlib.crc32(data)
    start = data[:2000].replace(b"\0", b"").decode("utf-8", "replace")
    found = dict.fromkeys(re.findall(r"[A-Za-z_][\w.$ ]*", start))
    words = [*[*found][:60], "", "no such column", "message.text", "c0"]
    targets = (*TARGETS, "no such target", "rule", "line")
    mapped = {
        targets[(key >> 3 * i) % len(targets)]: words[(key >> 2 * i + 1) % len(words)] for i in range(1 + key % 3)
    }
    return ReadSettings(format=name if key & 64 else "auto", column_map=mapped)


def connect() -> duckdb.DuckDBPyConnection:
    return duckdb.connect(config={"threads": 1, "memory_limit": "2GB"})


def alive(con: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """The connection, or a new one: an assertion of DuckDB's that fails on a damaged Parquet file closes it."""
    try:
        con.execute("SELECT 1")
    except duckdb.Error:
        return connect()
    return con


def check(con: duckdb.DuckDBPyConnection, reader: str, mode: str, data: bytes, folder: Path) -> Outcome:
    """Reads the bytes in `folder`. Raises Broken where the law does not hold, and whatever a reader lets through."""
    shutil.rmtree(folder, ignore_errors=True)
    out_dir = folder / "out"
    out_dir.mkdir(parents=True)
    path = folder / "input"
    path.write_bytes(data)
    began = time.monotonic()
    try:
        report = read_inputs(con, [path], out_dir, settings_of(reader, mode, data))
    except HouselightsError as error:
        _soon(began)
        return _refused(str(error), path, out_dir)
    _soon(began)
    posts = POSTS.check(pq.read_table(out_dir / POSTS.file))
    rejects = REJECTS.check(pq.read_table(out_dir / REJECTS.file))
    if report.rows_read != report.rows_accepted + report.rows_rejected + report.rows_filtered:
        raise Broken(f"{report.rows_read} rows read, the parts are others: {report}")
    if (report.rows_accepted, report.rows_rejected) != (posts.num_rows, rejects.num_rows):
        raise Broken(f"the report says {report.rows_accepted} and {report.rows_rejected}, the tables have others")
    keys = list(zip(*(posts.column(c).to_pylist() for c in ("created_at", "platform", "post_id")), strict=True))
    if keys != sorted(keys) or len({k[1:] for k in keys}) != len(keys):
        raise Broken("the posts are out of order, or two have one id")
    for column in ("platform", "post_id", "author_id"):
        if "" in posts.column(column).to_pylist():
            raise Broken(f"an empty {column}")
    if sorted(p.name for p in out_dir.iterdir()) != [POSTS.file, REJECTS.file]:
        raise Broken("something is left beside the tables")
    source = report.sources[0]
    if "\n" in source.guess:
        raise Broken(f"the guess is more than one line: {source.guess!r:.200}")
    source.guess.encode()
    return Outcome(True, (source.format, source.container, source.precision, *sorted(source.rejected_by_rule)))


def _soon(began: float) -> None:
    if (took := time.monotonic() - began) > MAX_SECONDS:
        raise Broken(f"took {took:.0f} s")


def _refused(sentence: str, path: Path, out_dir: Path) -> Outcome:
    sentence.encode()  # what cannot be encoded cannot be printed
    if len(sentence) > MAX_SENTENCE:
        raise Broken(f"a sentence of {len(sentence):,} characters")
    if left := {p.name for p in out_dir.iterdir()} - {POSTS.file, REJECTS.file}:
        raise Broken(f"left behind: {left}")
    return Outcome(False, (skeleton(sentence.replace(str(path), "FILE")),))


def skeleton(sentence: str) -> str:
    """The sentence without what it quotes."""
    plain = re.sub(r"\([^()]*\)|'[^']*'|(?<=are: ).*|(?<=are ).*|(?<=--map ).*", "", sentence, flags=re.DOTALL)
    return re.sub(r"\d[\d,.]*", "N", plain)[:120]


def name_of(mode: str, data: bytes) -> str:
    """A corpus file's name: how it is read, and its checksum."""
    return f"{mode}-{zlib.crc32(data):08x}"


def mode_of(name: str) -> str:
    return name.split("-")[0]
