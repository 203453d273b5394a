"""Recorded answers as a model: for tests, for teaching, and to check what somebody else's run was told."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from houselights.core.errors import HouselightsError
from houselights.core.tables import ANSWERS
from houselights.llm import reading
from houselights.llm.ask import Wanted
from houselights.llm.base import Check
from houselights.llm.store import Answer, passing


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


def answers(recordings: pa.Table, questions: Sequence[Wanted], checks: Mapping[str, Check]) -> tuple[pa.Table, int]:
    """(`answers` to these questions, distinct questions without one), each recorded answer checked as a fresh one is: what does not fit is 'unfit'.

    Nothing enters a RUN's store: a recording is not what its model answers here."""
    of = {row["prompt_id"]: row for row in recordings.to_pylist()}
    with passing() as held:
        for w in questions:
            if w.prompt_id in of:
                held.keep(w.key, _checked(Answer(**of[w.prompt_id]), w, checks))
        found = held.answers([w.key for w in questions])
    return found, len({w.key for w in questions}) - found.num_rows


def _checked(answer: Answer, wanted: Wanted, checks: Mapping[str, Check]) -> Answer:
    if answer.status in ("unfit", "refused"):
        return replace(answer, answer=None)
    found, complaint = reading.read(wanted.task, answer.answer or "", wanted.fields, checks.get(wanted.task))
    if answer.status != "ok":
        found, complaint = None, f"The recorded status {answer.status[:40]!r} is none."
    if found is None:
        return replace(answer, status="unfit", answer=None, detail=complaint)
    return replace(answer, answer=json.dumps(found, ensure_ascii=True, sort_keys=True))
