"""prompts -> answers: what the store lacks is asked, many calls at once, each answer kept when it arrives."""

import asyncio
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pyarrow as pa

from houselights.core.errors import HouselightsError
from houselights.core.tables import PROMPTS
from houselights.llm import prompts as prompt_files
from houselights.llm import reading
from houselights.llm.base import Check, Driver, Fields, Messages, Question, Refused, Reply, Session, Unanswered
from houselights.llm.store import Answer, Store, key

MOST_IN_A_ROW = 20
"""Calls in a row without an answer after which the server is given up; what was answered is kept."""
MOST_SESSIONS = 3
"""Times a session is opened anew after its server went away."""


@dataclass(frozen=True)
class Wanted:
    """A prompt of a stage, ready to be asked."""

    prompt_id: str
    task: str
    prompt_version: str
    subject_id: str
    target: str
    language: str
    fields: Fields
    key: str

    def question(self, fence: str) -> Question:
        prompt = prompt_files.load(self.task)
        messages = prompt.messages(self.fields, self.target, self.language, fence)
        return Question(messages, prompt.schema, self.task, prompt.max_answer_tokens)


@dataclass
class Told:
    """What became of a job."""

    n_asked: int = 0  # answers that this job brought
    n_held: int = 0  # that were there before
    n_unanswered: int = 0
    reasons: list[str] = field(default_factory=list)  # of the first unanswered ones


def wanted(asked: pa.Table, model: str) -> list[Wanted]:
    """Prompts as stages make them (task, subject_id, target, language, fields) with their id, version and key. One for each question."""
    out: dict[str, Wanted] = {}
    for row in asked.to_pylist():
        prompt = prompt_files.load(row["task"])
        id_ = prompt_files.prompt_id(row["task"], prompt.version, row["target"], row["language"], row["fields"])
        whole = key(id_, model, {"max_tokens": prompt.max_answer_tokens, "temperature": 0.0, "seed": 0})
        fields = json.loads(row["fields"])
        out[id_ + row["subject_id"]] = Wanted(
            id_, row["task"], prompt.version, row["subject_id"], row["target"], row["language"], fields, whole
        )
    return list(out.values())


def table(questions: Sequence[Wanted]) -> pa.Table:
    """The `prompts` table."""
    rows = [
        {
            "prompt_id": w.prompt_id,
            "task": w.task,
            "prompt_version": w.prompt_version,
            "subject_id": w.subject_id,
            "target": w.target,
            "language": w.language,
            "fields": dumps(w.fields),
        }
        for w in sorted(questions, key=lambda w: (w.task, w.subject_id, w.target))
    ]
    return pa.Table.from_pylist(rows, schema=PROMPTS.schema)


def dumps(fields: Fields) -> str:
    return json.dumps(fields, ensure_ascii=True, sort_keys=True)


def ask(
    questions: Sequence[Wanted],
    driver: Driver,
    store: Store,
    checks: Mapping[str, Check],
    fence: str,
    tell: Callable[[int, int], None] | None = None,
) -> Told:
    """Asks what `store` does not hold. `fence`: letters that no post can know, drawn for this job.

    Raises HouselightsError where the server cannot be used at all, or goes away; what was answered until then is kept.
    """
    held = store.held([w.key for w in questions])
    todo = list({w.key: w for w in questions if w.key not in held}.values())
    told = Told(n_held=len(held))
    job = _Job(driver, store, checks, fence, told, tell or (lambda done, total: None), len(todo))
    if todo:
        asyncio.run(job.run(todo))
    return told


@dataclass
class _Job:
    driver: Driver
    store: Store
    checks: Mapping[str, Check]
    fence: str
    told: Told
    tell: Callable[[int, int], None]
    n_all: int
    in_a_row: int = 0
    n_done: int = 0

    async def run(self, todo: list[Wanted]) -> None:
        """Session after session, each of at most `session_calls` questions; one that lost its server is opened anew."""
        sessions = 0
        while todo:
            chunk, gone = todo[: self.driver.session_calls], ""
            async with self.driver.session() as session:
                before = self.told.n_asked
                left, gone = await self._chunk(chunk, session)
            sessions = sessions + 1 if self.told.n_asked == before else 0
            if gone and (sessions >= MOST_SESSIONS or not self.driver.restarts):
                raise self._given_up(gone)
            todo = left + todo[len(chunk) :]

    async def _chunk(self, chunk: list[Wanted], session: Session) -> tuple[list[Wanted], str]:
        """(questions that are still to be asked because the server went away, why it is thought to have gone)."""
        queue = list(reversed(chunk))
        left: list[Wanted] = []
        gone: list[str] = []

        async def work() -> None:
            while queue and not gone:
                question = queue.pop()
                try:
                    await self._one(question, session)
                except Unanswered as error:
                    left.append(question)
                    if error.gone:
                        gone.append(str(error))
                    else:
                        self._unanswered(left.pop(), str(error))

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(self.driver.parallel, len(chunk))):
                    group.create_task(work())
        except BaseExceptionGroup as errors:
            raise errors.exceptions[0] from errors
        return left + queue[::-1], gone[0] if gone else ""

    async def _one(self, wanted: Wanted, session: Session) -> None:
        began = time.perf_counter()
        question = wanted.question(self.fence)
        try:
            answer = await self._answered(wanted, question, session)
        except Refused as error:
            answer = Answer(
                wanted.prompt_id, "", "", "refused", None, "", 0, 0, 0.0, error.n_requests, str(error)[:500]
            )
        answer = replace(answer, model=self.driver.model, latency_s=round(time.perf_counter() - began, 4))
        if self.store.keep(wanted.key, answer):
            self.told.n_asked += 1
        self.in_a_row = 0
        self._step()

    async def _answered(self, wanted: Wanted, question: Question, session: Session) -> Answer:
        """One question, and once more where the answer does not fit or was cut."""
        replies = [await session.ask(question)]
        found, complaint = self._read(wanted, replies[0])
        if found is None:
            replies.append(await session.ask(_again(question, replies[0], complaint)))
            found, complaint = self._read(wanted, replies[1])
        last = replies[-1]
        return Answer(
            wanted.prompt_id,
            "",
            last.model_version,
            "unfit" if found is None else "ok",
            None if found is None else json.dumps(found, ensure_ascii=True, sort_keys=True),
            reading.plain(last.text[: reading.MOST_CHARACTERS]),
            sum(r.n_prompt_tokens for r in replies),
            sum(r.n_answer_tokens for r in replies),
            0.0,
            sum(r.n_requests for r in replies),
            complaint,
        )

    def _read(self, wanted: Wanted, reply: Reply) -> tuple[dict[str, Any] | None, str]:
        if reply.cut:
            return None, "It was longer than it may be, and cut off."
        return reading.read(wanted.task, reply.text, wanted.fields, self.checks.get(wanted.task))

    def _unanswered(self, wanted: Wanted, reason: str) -> None:
        self.told.n_unanswered += 1
        if len(self.told.reasons) < 3:
            self.told.reasons.append(reason)
        self.in_a_row += 1
        self._step()
        if self.in_a_row >= MOST_IN_A_ROW:
            raise self._given_up(reason)

    def _step(self) -> None:
        self.n_done += 1
        self.tell(self.n_done, self.n_all)

    def _given_up(self, reason: str) -> HouselightsError:
        return HouselightsError(
            f"{self.driver.model}: {reason} {self.told.n_asked:,} of {self.n_all:,} questions were answered and are kept; "
            "run the same command again to go on."
        )


def _again(question: Question, reply: Reply, complaint: str) -> Question:
    """The same question, with the answer that did not fit and what is wrong with it; a cut one gets twice the room."""
    said: Messages = [
        *question.messages,
        {"role": "assistant", "content": prompt_files.harmless(reply.text) or "{}"},
        {"role": "user", "content": prompt_files.AGAIN.format(complaint=complaint)},
    ]
    room = question.max_answer_tokens * (2 if reply.cut else 1)
    return replace(question, messages=said, max_answer_tokens=room)
