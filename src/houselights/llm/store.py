"""Answers by key, on disk as soon as they arrive: the cache is a join, and a killed job has lost nothing that was answered."""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

import pyarrow as pa

from houselights.core.errors import HouselightsError
from houselights.core.tables import ANSWERS

FOLDER = ".answers"
_FILE = "answers.sqlite"
_COLUMNS = tuple(c.name for c in ANSWERS.columns)
_TYPES = {"string": "TEXT", "int64": "INTEGER", "double": "REAL"}
_BUSY_S = 60


@dataclass(frozen=True)
class Answer:
    """One row of `answers`, in the order of its columns."""

    prompt_id: str
    model: str
    model_version: str
    status: str
    answer: str | None
    raw: str
    n_prompt_tokens: int
    n_answer_tokens: int
    latency_s: float
    n_requests: int
    detail: str


def key(prompt_id: str, model: str, parameters: Mapping[str, Any]) -> str:
    """Of a question to a model: the same question is asked once."""
    whole = json.dumps([prompt_id, model, sorted(parameters.items())], ensure_ascii=False)
    return blake2b(whole.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


class Store:
    """Answers of a RUN. Several processes may use it at once; the first answer to a question stays."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def held(self, keys: list[str]) -> set[str]:
        """Which of these questions have an answer."""
        with self._wanted(keys):
            rows = self._db.execute("SELECT answers.key FROM wanted JOIN answers USING (key)").fetchall()
        return {str(r[0]) for r in rows}

    def keep(self, key: str, answer: Answer) -> bool:
        """Whether it was new. On disk when this returns."""
        marks = ", ".join("?" for _ in range(len(_COLUMNS) + 1))
        with self._db:
            done = self._db.execute(f"INSERT OR IGNORE INTO answers VALUES ({marks})", (key, *astuple(answer)))
        return done.rowcount == 1

    def answers(self, keys: list[str]) -> pa.Table:
        """The `answers` of these questions, in the declared order."""
        with self._wanted(keys):
            rows = self._db.execute(
                f"SELECT {', '.join(_COLUMNS)} FROM wanted JOIN answers USING (key) ORDER BY prompt_id, model"
            ).fetchall()
        columns = list(zip(*rows, strict=True)) if rows else [()] * len(_COLUMNS)
        return pa.table(
            [pa.array(c, f.type) for c, f in zip(columns, ANSWERS.schema, strict=True)], schema=ANSWERS.schema
        )

    def speed(self, model: str) -> tuple[float, int] | None:
        """(median seconds of a call, calls) of what this model answered here; None where it answered nothing."""
        rows = self._db.execute(
            "SELECT latency_s FROM answers WHERE model = ? AND n_requests > 0 ORDER BY latency_s", (model,)
        ).fetchall()
        return (float(rows[len(rows) // 2][0]), len(rows)) if rows else None

    @contextmanager
    def _wanted(self, keys: list[str]) -> Iterator[None]:
        self._db.execute("CREATE TEMP TABLE IF NOT EXISTS wanted (key TEXT PRIMARY KEY) WITHOUT ROWID")
        with self._db:
            self._db.execute("DELETE FROM wanted")
            self._db.executemany("INSERT OR IGNORE INTO wanted VALUES (?)", ((k,) for k in keys))
        yield


@contextmanager
def opened(run_dir: Path, *, writes: bool = True) -> Iterator[Store]:
    """The store of a RUN, made where there is none; without `writes` it is looked at, and nothing is made.

    Raises HouselightsError where its file is damaged, or cannot be written."""
    path = run_dir / FOLDER / _FILE
    db: sqlite3.Connection | None = None
    try:
        if writes:
            _make(path.parent)
            db = sqlite3.connect(path, timeout=_BUSY_S)
            db.execute("PRAGMA journal_mode = WAL")
            db.execute(
                "PRAGMA synchronous = NORMAL"
            )  # outlives a killed process; a power cut may cost the last answers
            _declare(db)
        else:
            db = _looked_at(path)
        yield Store(db)
    except sqlite3.DatabaseError as error:
        raise HouselightsError(_told(path, error)) from error
    finally:
        if db is not None:
            db.close()


@contextmanager
def passing() -> Iterator[Store]:
    """A store in memory: answers that shall not count as those of a RUN."""
    db = sqlite3.connect(":memory:")
    try:
        _declare(db)
        yield Store(db)
    finally:
        db.close()


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise HouselightsError(f"{folder}: answers cannot be written there ({error}).") from error


def _declare(db: sqlite3.Connection) -> None:
    columns = ", ".join(f"{c.name} {_TYPES[str(c.type)]}" for c in ANSWERS.columns)
    db.execute(f"CREATE TABLE IF NOT EXISTS answers (key TEXT PRIMARY KEY, {columns}) WITHOUT ROWID")


def _looked_at(path: Path) -> sqlite3.Connection:
    """Read only, also where nobody may write beside it; an empty one where there is none."""
    if not path.is_file():
        db = sqlite3.connect(":memory:")
        _declare(db)
        return db
    written = path.with_name(
        path.name + "-wal"
    ).exists()  # by somebody, now or until killed: its last answers are in there
    how = "mode=ro" if written else "immutable=1"
    return sqlite3.connect(f"{path.resolve().as_uri()}?{how}", timeout=_BUSY_S, uri=True)


def _told(path: Path, error: sqlite3.DatabaseError) -> str:
    said = str(error)
    if isinstance(error, sqlite3.OperationalError) and "locked" in said:
        return f"{path}: another process is writing answers there. Wait for it, or stop it."
    if "full" in said:
        return f"the disk that holds {path} is full. Make room there; the answers so far are kept."
    if "unable to open" in said or "readonly" in said:
        return f"{path}: answers cannot be written there ({error}). Check who may write in the RUN, or copy it."
    return f"{path}: the store of answers is damaged ({error}). Move it away; the answers are then asked again."
