"""Which address leads to which page."""

import os
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anyio.to_thread
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from houselights.core import tables
from houselights.core.errors import HouselightsError, damage_told
from houselights.outlets.web import render, urls, writes
from houselights.outlets.web.guard import Guard
from houselights.outlets.web.indexed import Indexed
from houselights.outlets.web.jobs import Jobs
from houselights.outlets.web.pages import (
    alerts,
    copies,
    diff,
    evidence,
    feed,
    finding,
    imports,
    methods,
    narratives,
    network,
    opinion,
    overview,
    post,
    reader,
    timeline,
)
from houselights.outlets.web.shown import NotYet, ShownRun

STATIC = Path(__file__).parent / "static"
FRAGMENTS = ("feed", "reader")  # pages whose list alone can be asked for
Page = Callable[..., dict[str, Any]]


def app(run_dir: Path, token: str, port: int | None = None) -> Starlette:
    """The pages of one RUN. Raises HouselightsError when it is none."""
    shown, jobs = ShownRun(run_dir), Jobs()

    def importing(results: Indexed, query: Any) -> dict[str, Any]:
        return imports.context(results, query, jobs)

    under = "/finding/{finding_id}"
    routes: list[BaseRoute] = [
        *_page("/", "overview", overview.context),
        *_page("/feed", "feed", feed.context, options=feed.options),
        *_page("/post/{no:int}", "post", post.context),
        *_page(f"{under}/evidence", "evidence", evidence.context),
        *_page(f"{under}/timeline", "timeline", timeline.context),
        *_page(f"{under}/network", "network", network.context),
        *_page(f"{under}/copies", "copies", copies.context),
        *_page(under, "finding", finding.context),
        *_page("/narratives", "narratives", narratives.context),
        *_page("/opinion", "opinion", opinion.context),
        *_page("/alerts", "alerts", alerts.context),
        *_page("/methods", "methods", methods.context),
        *_page("/diff", "diff", diff.context),
        *_page("/reader", "reader", reader.context, options=feed.options),
        *_page("/import", "import", importing),
        Route("/import", writes.start, methods=["POST"]),
        Route("/import/cancel", writes.cancel, methods=["POST"]),
        Route("/import/events", writes.events),
        Route("/run", writes.show_run, methods=["POST"]),
        Mount("/static", StaticFiles(directory=STATIC)),
    ]
    made = Starlette(
        routes=routes,
        middleware=[Middleware(Guard, token=token, port=port)],
        exception_handlers={404: _missing, 405: _missing, HouselightsError: _refused, NotYet: _waiting},
    )
    made.state.shown, made.state.token, made.state.jobs = shown, token, jobs
    return made


def _page(path: str, name: str, context: Page, options: Callable[[Indexed], Any] | None = None) -> list[Route]:
    """A page and its twin in JSON."""

    def made(request: Request, *, twin: bool) -> Response:
        results = request.app.state.shown.results
        with _readable(results.run_dir):
            told = context(results, request.query_params, **request.path_params)
            if twin:
                return Response(render.as_json(told), media_type="application/json")
            fragment = request.query_params.get("fragment") == "1" and name in FRAGMENTS
            around = (
                surroundings(request, name)
                | {"fragment": fragment}
                | ({"options": options(results)} if options and not fragment else {})
            )
            page = f"{name}{'_items' if fragment else ''}.html"
            return HTMLResponse(render.html(page, around | told | {"told": told}))

    def endpoint(*, twin: bool) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            return await anyio.to_thread.run_sync(lambda: made(request, twin=twin))

        return answer

    address = "/index.json" if path == "/" else f"{path}.json"
    return [
        Route(address, endpoint(twin=True), name=f"{name}.json"),
        Route(path, endpoint(twin=False), name=name, methods=["GET", "HEAD"]),
    ]


@contextmanager
def _readable(run_dir: Path) -> Iterator[None]:
    """A file of the RUN that was changed or cut short is told in a sentence, not in a traceback."""
    try:
        with damage_told(run_dir):
            yield
    except (HouselightsError, NotYet):
        raise
    except Exception as exc:
        if os.environ.get("HOUSELIGHTS_DEBUG"):
            raise
        why = (str(exc).strip().splitlines() or [""])[0][:200]
        raise HouselightsError(
            f"This page cannot be made of {run_dir} ({type(exc).__name__}: {why}). If a file in it was changed or cut short, run the command again "
            "that wrote it; if not, this is a fault of houselights: start the server with HOUSELIGHTS_DEBUG=1 to see where."
        ) from exc


def surroundings(request: Request, name: str) -> dict[str, Any]:
    """What every template gets besides the context of its page."""
    masked = urls.is_on(request.query_params, "masked")
    query = {k: v for k, v in request.query_params.items() if k not in ("masked", "fragment")}
    path = str(request.url.path)
    asked = query | ({"masked": "1"} if masked else {})
    run_dir: Path = request.app.state.shown.run_dir
    return {
        "page": name,
        "run_name": run_dir.resolve().name,
        "is_watch": (run_dir / tables.ALERTS.file).is_file(),
        "masked": masked,
        "keep": "?masked=1" if masked else "",
        "and_keep": "&masked=1" if masked else "",
        "switch": path + urls.joined(query if masked else query | {"masked": "1"}),
        "twin": ("/index.json" if path == "/" else f"{path}.json") + urls.joined(asked),
        "token": request.app.state.token,
        "interactive": (STATIC / "dist" / "app.js").is_file(),
    }


async def _waiting(request: Request, exc: Exception) -> Response:
    """The page that a browser asks for again by itself until the index is there: no error in its eyes, while a program has to notice."""
    assert isinstance(exc, NotYet)
    headers = {"retry-after": "1"}
    if request.url.path.endswith(".json"):
        told = {"error": str(exc), "done": exc.done, "total": exc.total}
        return Response(render.as_json(told), 503, headers, media_type="application/json")
    context = surroundings(request, "waiting") | {"n_posts": exc.n_posts, "done": exc.done, "total": exc.total}
    return HTMLResponse(render.html("waiting.html", context), 202, headers)


async def _refused(request: Request, exc: Exception) -> Response:
    message = str(exc)
    status = 404 if message.startswith("There is no ") else 400
    if request.url.path.endswith(".json"):
        return Response(render.as_json({"error": message}), status, media_type="application/json")
    return HTMLResponse(render.html("error.html", surroundings(request, "error") | {"message": message}), status)


async def _missing(request: Request, exc: Exception) -> Response:
    path = request.url.path
    if path != "/" and path.endswith("/"):
        return RedirectResponse(f"/{path.strip('/')}")  # one slash: two would lead to another host
    return await _refused(request, HouselightsError("There is no such page. The pages are listed above."))
