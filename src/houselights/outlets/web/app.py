"""Which address leads to which page."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import anyio.to_thread
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from houselights.core.errors import HouselightsError
from houselights.outlets.web import render, urls
from houselights.outlets.web.guard import Guard
from houselights.outlets.web.indexed import Indexed
from houselights.outlets.web.pages import copies, evidence, feed, finding, network, overview, post, timeline

STATIC = Path(__file__).parent / "static"
Page = Callable[..., dict[str, Any]]
Endpoint = Callable[[Request], Awaitable[Response]]


def app(run_dir: Path, token: str, port: int | None = None) -> Starlette:
    """The pages of one RUN. Raises HouselightsError when it is none."""
    results = Indexed(run_dir)
    routes: list[BaseRoute] = [
        *_page("/", "overview", overview.context, results),
        *_page("/feed", "feed", feed.context, results, options=feed.options),
        *_page("/post/{no:int}", "post", post.context, results),
        *_page("/finding/{finding_id}/evidence", "evidence", evidence.context, results),
        *_page("/finding/{finding_id}/timeline", "timeline", timeline.context, results),
        *_page("/finding/{finding_id}/network", "network", network.context, results),
        *_page("/finding/{finding_id}/copies", "copies", copies.context, results),
        *_page("/finding/{finding_id}", "finding", finding.context, results),
        Mount("/static", StaticFiles(directory=STATIC)),
    ]
    made = Starlette(
        routes=routes,
        middleware=[Middleware(Guard, token=token, port=port)],
        exception_handlers={404: _missing},
    )
    made.state.results, made.state.token = results, token
    return made


def _page(
    path: str, name: str, context: Page, results: Indexed, options: Callable[[Indexed], Any] | None = None
) -> list[Route]:
    """A page and its twin in JSON."""

    def made(request: Request, *, twin: bool) -> Response:
        try:
            told = context(results, request.query_params, **request.path_params)
        except HouselightsError as exc:
            return _refused(request, str(exc), twin=twin)
        if twin:
            return Response(render.as_json(told), media_type="application/json")
        fragment = "1" if request.query_params.get("fragment") == "1" else ""
        around = surroundings(request, results, name) | (
            {"options": options(results)} if options and not fragment else {}
        )
        template = f"{name}_items.html" if fragment and name == "feed" else f"{name}.html"
        return HTMLResponse(render.html(template, around | told | {"told": told}))

    async def page(request: Request) -> Response:
        return await anyio.to_thread.run_sync(lambda: made(request, twin=False))

    async def twin(request: Request) -> Response:
        return await anyio.to_thread.run_sync(lambda: made(request, twin=True))

    address = "/index.json" if path == "/" else f"{path}.json"
    return [Route(address, twin, name=f"{name}.json"), Route(path, page, name=name)]


def surroundings(request: Request, results: Indexed, name: str) -> dict[str, Any]:
    """What every template gets besides the context of its page."""
    masked = urls.is_on(request.query_params, "masked")
    query = {k: v for k, v in request.query_params.items() if k not in ("masked", "fragment")}
    return {
        "page": name,
        "run_name": results.run_dir.resolve().name,
        "masked": masked,
        "keep": "?masked=1" if masked else "",
        "and_keep": "&masked=1" if masked else "",
        "switch": str(request.url.path) + urls.joined(query if masked else query | {"masked": "1"}),
        "twin": ("/index.json" if request.url.path == "/" else f"{request.url.path}.json")
        + urls.joined(dict(request.query_params)),
        "token": request.app.state.token,
        "interactive": (STATIC / "dist" / "app.js").is_file(),
    }


def _refused(request: Request, message: str, *, twin: bool) -> Response:
    status = 404 if message.startswith("There is no ") else 400
    if twin:
        return Response(render.as_json({"error": message}), status, media_type="application/json")
    around = surroundings(request, request.app.state.results, "error")
    return HTMLResponse(render.html("error.html", around | {"message": message}), status)


async def _missing(request: Request, exc: Exception) -> Response:
    if request.url.path != "/" and request.url.path.endswith("/"):
        return RedirectResponse(request.url.path.rstrip("/") or "/")
    return _refused(
        request, "There is no such page. The pages are listed above.", twin=request.url.path.endswith(".json")
    )
