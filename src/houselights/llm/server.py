"""Any server that speaks OpenAI's protocol, by OpenAI's own client: retries, back-off and connections are its work."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from houselights.core.errors import HouselightsError
from houselights.llm import reading
from houselights.llm.base import Question, Refused, Reply, Speed, Unanswered
from houselights.llm.reading import MISSING

KEY = "HOUSELIGHTS_LLM_KEY"
PARALLEL = 16
RETRIES = 5
"""Of a call that was not answered, answered 408, 409, 429 or 5xx, or broke off: after half a second, then twice as long; `Retry-After` is kept."""
TIMEOUT_S = 300.0
_WHOLE = 1_000_000
_UNPORTABLE = ("minLength", "maxLength", "maxItems", "minItems")
_FORMS = ("schema", "object", "none")


@dataclass(frozen=True)
class Server:
    """`url`: with its /v1. `key`: '' where it asks for none. `whole_schema`: the server is known to take all of a schema."""

    url: str
    model: str
    key: str = ""
    parallel: int = PARALLEL
    retries: int = RETRIES
    timeout_s: float = TIMEOUT_S
    whole_schema: bool = False
    session_calls: int = _WHOLE
    restarts: bool = False
    speed: Speed | None = None

    @asynccontextmanager
    async def session(self) -> AsyncIterator["Connection"]:
        openai = _openai()
        client = openai.AsyncOpenAI(
            base_url=self.url,
            api_key=self.key or "none",
            max_retries=self.retries,
            timeout=self.timeout_s,
            http_client=openai.DefaultAsyncHttpxClient(event_hooks={"request": [_count]}),
        )
        try:
            yield Connection(self, client)
        finally:
            await client.close()


def chosen(url: str, model: str, parallel: int = PARALLEL) -> Server:
    """The server a user names, with the model it serves where none is named. Raises HouselightsError where it does not answer.

    The key comes from the environment and is stored nowhere.
    """
    if not _is_address(url):
        raise HouselightsError(
            f"--llm {url!r} is no address. Write http://HOST:PORT/v1, as the server prints it; or embedded, or none."
        )
    url = url.rstrip("/").removesuffix("/chat/completions")
    key = os.environ.get(KEY, "")
    return Server(url, model or _only_model(url, key), key, parallel, RETRIES)


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return False


def _only_model(url: str, key: str) -> str:
    openai = _openai()
    try:
        with openai.OpenAI(base_url=url, api_key=key or "none", max_retries=2, timeout=30) as client:
            names = [m.id for m in client.models.list().data]
    except (openai.OpenAIError, ValueError, AttributeError, TypeError) as error:
        raise HouselightsError(
            f"{url}: the server does not say which models it has ({_said(error)}). Start it, check the address "
            f"(it ends in /v1 as a rule) and the key ({KEY}), or name the model with --llm-model."
        ) from error
    if len(names) != 1:
        raise HouselightsError(f"{url} serves {len(names)} models. Name one with --llm-model: {', '.join(names[:10])}.")
    return reading.plain(str(names[0]))


sent: ContextVar[list[int]] = ContextVar("sent")
"""Requests of the present question, retries by the client included."""


async def _count(request: Any) -> None:
    sent.get()[0] += 1


class Connection:
    """Asks in the strictest form that the server takes: a JSON schema, else a JSON object, else words. What it took first is kept."""

    def __init__(self, server: Server, client: Any) -> None:
        self._server, self._client = server, client
        self._form = 0
        self._length = "max_tokens"
        self._fixed: dict[str, float] = {"temperature": 0.0, "seed": 0}

    async def ask(self, question: Question) -> Reply:
        openai, form, tried = _openai(), self._form, 0
        sent.set([0])
        while True:
            try:
                reply = await self._call(question, _FORMS[form])
                self._form = max(self._form, form)
                return reply
            except openai.BadRequestError as error:
                tried += 1
                if not self._adapted(_said(error)):
                    form += 1
                if form == len(_FORMS) or tried > len(_FORMS) + 3:
                    raise Refused(_said(error), sent.get()[0]) from error
            except openai.OpenAIError as error:
                self._fail(openai, error)
            except (ValueError, AttributeError, TypeError, LookupError, RecursionError) as error:
                tried += 1
                if tried > self._server.retries:
                    raise Unanswered(
                        f"{self._server.url}: the answer is none of such a server ({error!r:.120}).", False
                    ) from error
                await asyncio.sleep(min(0.25 * 2**tried, 8.0))

    def _adapted(self, said: str) -> bool:
        """Whether the server named a parameter that it does not take, and the next call will do without."""
        if self._length in said and "max_completion_tokens" in said and self._length != "max_completion_tokens":
            self._length = "max_completion_tokens"
            return True
        named = [p for p in self._fixed if f"'{p}'" in said or f'"{p}"' in said]
        for parameter in named:
            del self._fixed[parameter]
        return bool(named)

    def _fail(self, openai: Any, error: Exception) -> None:
        """Raises what a failed call means: for this question alone, for the whole job, or for now."""
        url, said = self._server.url, _said(error)
        if isinstance(error, openai.AuthenticationError | openai.PermissionDeniedError):
            raise HouselightsError(
                f"{url}: the server refuses the key ({said}). Put the right one into {KEY}."
            ) from error
        if isinstance(error, openai.NotFoundError):
            raise HouselightsError(
                f"{url}: no such address or model ({said}). Check --llm, which ends in /v1 as a rule, and --llm-model."
            ) from error
        if isinstance(error, openai.APITimeoutError):
            times = self._server.retries + 1
            raise Unanswered(f"no answer within {self._server.timeout_s:g} s, tried {times} times.", False) from error
        if isinstance(error, openai.APIConnectionError):
            raise Unanswered(f"{url} does not answer ({_said(error.__cause__ or error)}).", True) from error
        if isinstance(error, openai.UnprocessableEntityError) or getattr(error, "status_code", 0) == 413:
            raise Refused(said, sent.get()[0]) from error
        raise Unanswered(f"{url}: {said}.", False) from error

    async def _call(self, question: Question, form: str) -> Reply:
        body = {
            "model": self._server.model,
            "messages": question.messages,
            self._length: question.max_answer_tokens,
            **self._fixed,
            **self._form_of(question, form),
        }
        # not chat.completions.create: its typed wrapping of requests and answers doubles the cost of a call
        auth = {"headers": {"Authorization": f"Bearer {self._server.key or 'none'}"}}
        answer = await self._client.post("/chat/completions", cast_to=object, body=body, options=auth)
        choice, used = answer["choices"][0], answer.get("usage") or {}
        return Reply(
            str(choice["message"].get("content") or choice["message"].get("refusal") or ""),
            reading.plain(" ".join(str(answer[k]) for k in ("model", "system_fingerprint") if answer.get(k))),
            reading.counted(used.get("prompt_tokens")),
            reading.counted(used.get("completion_tokens")),
            sent.get()[0],
            choice.get("finish_reason") == "length",
        )

    def _form_of(self, question: Question, form: str) -> dict[str, Any]:
        if form == "none":
            return {}
        if form == "object":
            return {"response_format": {"type": "json_object"}}
        schema = question.schema if self._server.whole_schema else portable(question.schema)
        named = {"name": question.name, "strict": True, "schema": schema}
        return {"response_format": {"type": "json_schema", "json_schema": named}}


def portable(schema: Any) -> Any:
    """The schema without what some servers refuse; answers are checked against the whole one anyway."""
    if isinstance(schema, dict):
        return {k: portable(v) for k, v in schema.items() if k not in _UNPORTABLE}
    return [portable(v) for v in schema] if isinstance(schema, list) else schema


def _said(error: BaseException) -> str:
    return " ".join(str(getattr(error, "message", "") or error or type(error).__name__).split())[:200]


def _openai() -> Any:
    try:
        import openai
    except ImportError as error:
        raise HouselightsError(MISSING) from error
    return openai
