"""What a model is to the rest: something that takes messages and gives text. One question, one reply, one kind of failure."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Protocol

Messages = list[dict[str, str]]
Fields = dict[str, Any]
"""The data that a prompt shows, by name: a text, or a list of texts."""
Check = Callable[[dict[str, Any], Fields], str]
"""(answer that fits the schema, the data it was about) -> what is wrong with it, in words for the model; '' where nothing is."""


@dataclass(frozen=True)
class Question:
    messages: Messages
    schema: dict[str, Any]
    name: str  # of the task, as the server may see it
    max_answer_tokens: int
    seed: int = 0
    temperature: float = 0.0


@dataclass(frozen=True)
class Reply:
    """What the server said. `cut`: it stopped for want of tokens."""

    text: str
    model_version: str
    n_prompt_tokens: int
    n_answer_tokens: int
    n_requests: int
    cut: bool = False


class Refused(Exception):
    """The server takes this question in no form; others it may take. Its words are the message."""

    def __init__(self, message: str, n_requests: int) -> None:
        super().__init__(message)
        self.n_requests = n_requests


class Unanswered(Exception):
    """No answer within the limits of retrying. `gone`: not even a connection."""

    def __init__(self, message: str, gone: bool) -> None:
        super().__init__(message)
        self.gone = gone


class Session(Protocol):
    async def ask(self, question: Question) -> Reply:
        """Raises Refused or Unanswered; HouselightsError where no question can be answered (a wrong key, no such model)."""
        ...


class Priced(Protocol):
    """What an estimate needs to know of whoever answers; `parallel` questions are read at a time."""

    @property
    def model(self) -> str: ...

    @property
    def parallel(self) -> int: ...

    @property
    def speed(self) -> "Speed | None":
        """What was measured of such a model, for an estimate; None where nothing is known."""
        ...


class Driver(Priced, Protocol):
    """Where answers come from. `session` lasts for at most `session_calls` questions, of which `parallel` are asked at a time."""

    @property
    def session_calls(self) -> int: ...

    @property
    def restarts(self) -> bool:
        """Whether a new session brings back a server that went away."""
        ...

    def session(self) -> AbstractAsyncContextManager[Session]: ...


@dataclass(frozen=True)
class Speed:
    """Tokens a second over all parallel calls."""

    prompt_tokens_per_s: float
    answer_tokens_per_s: float
