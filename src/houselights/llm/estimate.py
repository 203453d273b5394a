"""What a job will cost, told before it begins: calls, tokens, seconds."""

from collections.abc import Sequence
from dataclasses import dataclass

from houselights.llm.ask import Wanted
from houselights.llm.base import Priced
from houselights.llm.prompts import load
from houselights.llm.store import Store

BYTES_PER_TOKEN = 3.2
"""Of UTF-8 in a prompt: English has about 4 a token, Cyrillic and Arabic about 3.5, JSON fewer; low, so that the estimate is not."""
ANSWER_SHARE = 0.4
"""Of the answer tokens that are allowed, what an answer takes."""


@dataclass(frozen=True)
class Estimate:
    """`seconds` is None where nothing is known of the model's speed; `measured_calls`: it rests on so many calls of this model in this RUN."""

    n_calls: int
    n_held: int
    n_prompt_tokens: int
    n_answer_tokens: int
    seconds: float | None
    measured_calls: int


def of(questions: Sequence[Wanted], by: Priced, store: Store) -> Estimate:
    """Tokens are estimated by length. Instructions that all calls begin with are read once by servers that keep them, which embedded ones do."""
    held = store.held([w.key for w in questions])
    todo = {w.key: w for w in questions if w.key not in held}.values()
    n_prompt = sum(_tokens("".join(m["content"] for m in w.question("0" * 12).messages)) for w in todo)
    n_answer = sum(int(ANSWER_SHARE * load(w.task).max_answer_tokens) for w in todo)
    seconds, known = None, store.speed(by.model)
    if known:
        seconds = len(todo) * known[0] / by.parallel
    elif by.speed:
        seconds = n_prompt / by.speed.prompt_tokens_per_s + n_answer / by.speed.answer_tokens_per_s
    return Estimate(len(todo), len(held), n_prompt, n_answer, seconds, known[1] if known else 0)


def _tokens(text: str) -> int:
    return int(len(text.encode("utf-8", "replace")) / BYTES_PER_TOKEN) + 1
