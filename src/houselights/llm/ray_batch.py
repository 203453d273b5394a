"""The questions of a RUN through `ray.data.llm` and vLLM on the GPU workers of a Ray cluster: our prompts in, answers into our store.

Never run on a GPU by us: tested are the rows that go in and the reading of what comes out. `build_processor` is used as Ray's documentation gives it.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from houselights.core.errors import HouselightsError
from houselights.llm import batch
from houselights.llm.ask import Wanted
from houselights.llm.base import Check
from houselights.llm.batch import Imported
from houselights.llm.server import portable
from houselights.llm.store import Store

MISSING = (
    "this needs Ray with its language models on the GPU workers, which is not installed here: pip install 'ray[llm]'"
)


@dataclass(frozen=True)
class Engine:
    """vLLM on the cluster: `gpus` / `gpus_a_replica` copies of the model, each with `rows` prompts at a time."""

    model: str  # its name in the answers, and what vLLM loads: a directory that all workers see
    gpus: int = 1
    gpus_a_replica: int = 1
    rows: int = 256
    max_tokens: int = 4096  # of a prompt and its answer
    speed: None = None  # nothing was measured

    @property
    def replicas(self) -> int:
        return max(1, self.gpus // self.gpus_a_replica)

    @property
    def parallel(self) -> int:
        return self.replicas * self.rows


def rows(questions: Sequence[Wanted], fence: str) -> list[dict[str, Any]]:
    """One a question, each key once. The schema is text: Arrow would make one structure of the schemas of all tasks."""
    out: dict[str, dict[str, Any]] = {}
    for wanted in questions:
        question = wanted.question(fence)
        out[wanted.key] = {
            "key": wanted.key,
            "messages": question.messages,
            "schema": json.dumps(portable(question.schema), sort_keys=True),
            "max_tokens": question.max_answer_tokens,
        }
    return list(out.values())


def to_engine(row: dict[str, Any]) -> dict[str, Any]:
    """What `ray.data.llm` asks of a row."""
    sampling = {
        "max_tokens": int(row["max_tokens"]),
        "temperature": 0.0,
        "seed": 0,
        "structured_outputs": {"json": row["schema"]},
    }
    return {"key": row["key"], "messages": row["messages"], "sampling_params": sampling}


def from_engine(row: dict[str, Any]) -> dict[str, Any]:
    """What is kept of a row that came back."""
    kept = ("key", "generated_text", "num_input_tokens", "num_generated_tokens")
    return {name: row.get(name) for name in kept}


def processor(engine: Engine) -> Any:
    """Raises HouselightsError where Ray's part for language models is missing."""
    try:
        from ray.data.llm import build_processor, vLLMEngineProcessorConfig
    except ImportError as error:
        raise HouselightsError(MISSING) from error
    config = vLLMEngineProcessorConfig(
        model_source=engine.model,
        engine_kwargs={
            "tensor_parallel_size": engine.gpus_a_replica,
            "max_model_len": engine.max_tokens,
            "enable_prefix_caching": True,
        },
        concurrency=engine.replicas,
        batch_size=engine.rows,
    )
    return build_processor(config, preprocess=to_engine, postprocess=from_engine)


def answer(
    questions: Sequence[Wanted], engine: Engine, store: Store, checks: Mapping[str, Check], fence: str
) -> Imported:
    """Asks what the store lacks; each answer is kept when its batch arrives, so a job that was stopped goes on."""
    held = store.held([w.key for w in questions])
    missing = [w for w in questions if w.key not in held]
    if not missing:
        return Imported()
    build = processor(engine)
    import ray

    done = build(ray.data.from_items(rows(missing, fence)))
    return keep(done.iter_rows(), missing, engine.model, checks, store)


def keep(
    results: Iterable[dict[str, Any]],
    questions: Sequence[Wanted],
    model: str,
    checks: Mapping[str, Check],
    store: Store,
) -> Imported:
    """Puts what came back into the store, checked like every answer. A row of `max_tokens` was cut off."""
    of = {w.key: w for w in questions}
    told = Imported()
    for row in results:
        wanted = of.get(str(row.get("key")))
        if wanted is None:
            told.n_unknown += 1
            continue
        found = batch.answer_of(_as_result(row, wanted), wanted, model, checks)
        if found is None:
            told.n_failed += 1
        elif store.keep(wanted.key, found):
            told.n_new += 1
            told.n_unfit += found.status != "ok"
    return told


def _as_result(row: dict[str, Any], wanted: Wanted) -> dict[str, Any]:
    """In the shape of a batch service. No text: the engine failed on this one."""
    text, n_written = row.get("generated_text"), int(row.get("num_generated_tokens") or 0)
    if not isinstance(text, str) or not text:
        return {}
    is_cut = n_written >= wanted.question("").max_answer_tokens
    choice = {"message": {"content": text}, "finish_reason": "length" if is_cut else "stop"}
    used = {"prompt_tokens": row.get("num_input_tokens"), "completion_tokens": n_written}
    return {"response": {"status_code": 200, "body": {"choices": [choice], "usage": used, "model": "vLLM"}}}
