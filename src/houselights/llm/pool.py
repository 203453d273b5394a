"""Several servers of one model as one driver: questions go round, and a server that goes away is left out while another answers."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from itertools import count

from houselights.core.errors import HouselightsError
from houselights.llm import server
from houselights.llm.base import Question, Reply, Session, Speed, Unanswered
from houselights.llm.server import PARALLEL, Server


@dataclass(frozen=True)
class Pool:
    """Two servers or more. Each is asked as many questions at a time as it would be alone."""

    servers: tuple[Server, ...]
    speed: Speed | None = None
    restarts: bool = False

    @property
    def model(self) -> str:
        return self.servers[0].model

    @property
    def parallel(self) -> int:
        return sum(s.parallel for s in self.servers)

    @property
    def session_calls(self) -> int:
        return min(s.session_calls for s in self.servers)

    @asynccontextmanager
    async def session(self) -> AsyncIterator["Round"]:
        async with AsyncExitStack() as stack:
            yield Round([await stack.enter_async_context(s.session()) for s in self.servers])


class Round:
    def __init__(self, sessions: list[Session]) -> None:
        self._sessions, self._turn = sessions, count()

    async def ask(self, question: Question) -> Reply:
        """Raises what the last server raised, when none is left."""
        while True:
            session = self._sessions[next(self._turn) % len(self._sessions)]
            try:
                return await session.ask(question)
            except Unanswered as error:
                if not error.gone or self._sessions == [session]:
                    raise
                if session in self._sessions:
                    self._sessions.remove(session)


def chosen(urls: str, model: str, parallel: int = PARALLEL) -> Pool:
    """The servers of a comma list. Raises HouselightsError where one does not answer, or serves another model than the first."""
    servers = tuple(server.chosen(url.strip(), model, parallel) for url in urls.split(",") if url.strip())
    if other := next((s for s in servers if s.model != servers[0].model), None):
        raise HouselightsError(
            f"--llm: {servers[0].url} serves {servers[0].model} and {other.url} serves {other.model}. Name servers of one model."
        )
    return Pool(servers)
