"""Recorded answers as a model: for tests, for teaching, and to check what somebody else's run was told."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from houselights.core.errors import HouselightsError
from houselights.core.tables import ANSWERS
from houselights.llm.ask import Wanted
from houselights.llm.base import Speed
from houselights.llm.store import Answer, Store


def recorded(path: Path) -> pa.Table:
    """An `answers` table of an earlier run: the file, or the RUN that holds it. Raises HouselightsError where it is none."""
    file = path / ANSWERS.file if path.is_dir() else path
    try:
        return ANSWERS.check(pq.read_table(file))
    except (OSError, pa.ArrowException) as error:
        raise HouselightsError(
            f"{file}: no recorded answers can be read there ({error}). Give an answers.parquet, or its RUN."
        ) from error


def model_of(answers: pa.Table) -> str:
    """Raises HouselightsError where the answers are of several models, or of none."""
    names = sorted(set(answers["model"].to_pylist()))
    if len(names) != 1:
        raise HouselightsError(f"the recorded answers are of {len(names)} models; one is needed.")
    return str(names[0])


def keep(answers: pa.Table, questions: list[Wanted], store: Store) -> int:
    """Puts the recorded answers to these questions into the store; how many were new."""
    of = {row["prompt_id"]: row for row in answers.to_pylist()}
    return sum(store.keep(w.key, Answer(**of[w.prompt_id])) for w in questions if w.prompt_id in of)


@dataclass(frozen=True)
class Nobody:
    """A driver that is never asked: whatever is not recorded stays unanswered."""

    model: str
    parallel: int = 1
    session_calls: int = 1
    restarts: bool = False
    speed: Speed | None = field(default=None)

    @asynccontextmanager
    async def session(self) -> AsyncIterator[None]:
        raise HouselightsError(f"{self.model}: a question has no recorded answer, and nobody can be asked.")
        yield
