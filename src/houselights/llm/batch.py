"""Questions as a file in OpenAI's batch format, for `vllm run-batch` and hosted batch services, and their results back."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from houselights.core.errors import HouselightsError
from houselights.llm import reading
from houselights.llm.ask import Wanted
from houselights.llm.base import Check
from houselights.llm.server import portable
from houselights.llm.store import Answer, Store

URL = "/v1/chat/completions"


@dataclass
class Imported:
    n_new: int = 0
    n_unfit: int = 0
    n_failed: int = 0  # the service says it did not answer these: they are asked again
    n_unknown: int = 0  # of another run, or of older prompts


def export(path: Path, questions: Sequence[Wanted], model: str, fence: str) -> int:
    """Writes one request a line; how many. The file is there as a whole or not at all."""
    beside = path.with_name(path.name + ".part")
    lines = {w.key: w for w in questions}
    with beside.open("w", encoding="utf-8") as out:
        for key, wanted in lines.items():
            out.write(json.dumps(_request(key, wanted, model, fence), ensure_ascii=True) + "\n")
    beside.replace(path)
    return len(lines)


def _request(key: str, wanted: Wanted, model: str, fence: str) -> dict[str, Any]:
    question = wanted.question(fence)
    schema = {"name": question.name, "strict": True, "schema": portable(question.schema)}
    body = {
        "model": model,
        "messages": question.messages,
        "max_tokens": question.max_answer_tokens,
        "temperature": question.temperature,
        "seed": question.seed,
        "response_format": {"type": "json_schema", "json_schema": schema},
    }
    return {"custom_id": key, "method": "POST", "url": URL, "body": body}


def read(path: Path, questions: Sequence[Wanted], model: str, checks: Mapping[str, Check], store: Store) -> Imported:
    """Puts the results into the store, in whatever order they come. Raises HouselightsError naming the line that is no result."""
    of = {w.key: w for w in questions}
    told = Imported()
    for result in _results(path):
        wanted = of.get(str(result.get("custom_id")))
        if wanted is None:
            told.n_unknown += 1
            continue
        answer = answer_of(result, wanted, model, checks)
        if answer is None:
            told.n_failed += 1
        elif store.keep(wanted.key, answer):
            told.n_new += 1
            told.n_unfit += answer.status != "ok"
    if of and told.n_new == told.n_failed == 0 and told.n_unknown and not store.held(list(of)):
        raise HouselightsError(
            f"{path}: none of its {told.n_unknown:,} results answers a question of this RUN. Was it made by --export-batch of this RUN, "
            f"with the same tasks, targets and --llm-model (here {model})?"
        )
    return told


def _results(path: Path) -> Iterator[dict[str, Any]]:
    try:
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                if not line.strip():
                    continue
                try:
                    found = json.loads(line)
                except (ValueError, RecursionError) as error:
                    raise HouselightsError(f"{path}, line {number:,}: no JSON ({error}). Is the file whole?") from error
                if not isinstance(found, dict) or "custom_id" not in found:
                    raise HouselightsError(f"{path}, line {number:,}: no result of a batch (custom_id is missing).")
                yield found
    except (OSError, UnicodeDecodeError) as error:
        raise HouselightsError(
            f"{path} cannot be read ({error}). Give the results file of the batch service."
        ) from error


def answer_of(result: dict[str, Any], wanted: Wanted, model: str, checks: Mapping[str, Check]) -> Answer | None:
    """None where the service did not answer."""
    try:
        response = result["response"]
        body = response["body"]
        if response.get("status_code", 200) != 200:
            return None
        choice, used = body["choices"][0], body.get("usage") or {}
        text = str(choice["message"].get("content") or "")
        version = reading.plain(" ".join(str(x) for x in (body.get("model"), body.get("system_fingerprint")) if x))
        cut = choice.get("finish_reason") == "length"
        counts = reading.counted(used.get("prompt_tokens")), reading.counted(used.get("completion_tokens"))
    except (KeyError, IndexError, TypeError, AttributeError, ValueError):
        return None
    raw = reading.plain(text[: reading.MOST_CHARACTERS])
    answer = Answer(wanted.prompt_id, model, version, "unfit", None, raw, *counts, 0.0, 1, "")
    if cut:
        return replace(answer, detail="It was longer than it may be, and cut off.")
    found, complaint = reading.read(wanted.task, text, wanted.fields, checks.get(wanted.task))
    if found is None:
        return replace(answer, detail=complaint)
    return replace(answer, status="ok", answer=json.dumps(found, ensure_ascii=True, sort_keys=True))
