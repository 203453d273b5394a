"""What changes something: looking at a file, scanning it, cancelling that, showing another RUN. The guard lets none of it pass without the token."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import anyio.to_thread
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse

from houselights.core.errors import HouselightsError
from houselights.outlets.web.jobs import Job, Jobs, look_out
from houselights.outlets.web.shown import ShownRun
from houselights.outlets.web.siblings import new_run, siblings

FOLDER = "imported"  # beside the RUN: files that were dropped on the page
OPTIONS = ("format", "map", "q", "narratives")
EVERY_S, BEAT = 0.3, 40


async def start(request: Request) -> Response:
    """A file to look at or to scan: dropped on the page, or on this machine already."""
    jobs: Jobs = request.app.state.jobs
    run_dir: Path = request.app.state.shown.run_dir
    jobs.refuse_while_busy()
    async with request.form(max_files=50, max_fields=40) as form:
        options = {k: str(form.get(k) or "").strip()[:500] for k in OPTIONS}
        inputs = await anyio.to_thread.run_sync(lambda: _inputs(form, run_dir))
        scan = form.get("action") == "scan"
        out = new_run(run_dir, str(form.get("name") or "")) if scan else look_out()
    await anyio.to_thread.run_sync(lambda: jobs.start("scan" if scan else "look", inputs, out, options))
    return RedirectResponse("/import", 303)


def _inputs(form: FormData, run_dir: Path) -> list[Path]:
    dropped = [f for f in form.getlist("file") if isinstance(f, UploadFile) and f.filename]
    if dropped:
        return [_kept(f, run_dir.resolve().parent / FOLDER) for f in dropped]
    return [Path(line.strip()).expanduser() for line in str(form.get("path") or "").splitlines() if line.strip()]


def _kept(dropped: UploadFile, folder: Path) -> Path:
    """The file under its own name, which leads nowhere else; a number is added where that name is taken."""
    last = (dropped.filename or "").replace("\\", "/").rsplit("/", 1)[-1]
    name = "".join(c for c in last if c.isprintable() and c not in '<>:"|?*').lstrip(".-")[-120:] or "posts"
    try:
        folder.mkdir(exist_ok=True)
    except OSError as exc:
        raise HouselightsError(f"{folder} cannot be made ({exc.strerror}). Give the path of the file instead.") from exc
    path, n = folder / name, 1
    while path.exists():
        n += 1
        path = folder / f"{n}-{name}"
    with path.open("xb") as out:
        shutil.copyfileobj(dropped.file, out)
    return path


async def cancel(request: Request) -> Response:
    request.app.state.jobs.cancel()
    return RedirectResponse("/import", 303)


async def show_run(request: Request) -> Response:
    """Another RUN that lies beside this one, by name."""
    async with request.form() as form:
        name = str(form.get("run") or "")
    found = {p.name: p for p in siblings(request.app.state.shown.run_dir)}.get(name)
    if found is None:
        raise HouselightsError(f"There is no RUN {name[:80]} beside this one.")
    before, request.app.state.shown = request.app.state.shown, await anyio.to_thread.run_sync(lambda: ShownRun(found))
    before.give_up()
    return RedirectResponse("/", 303)


async def events(request: Request) -> Response:
    """The job as server-sent events, one whenever it changes; the last says that it is done, failed or cancelled."""
    return StreamingResponse(
        _told(request, request.app.state.jobs),
        media_type="text/event-stream",
        headers={"cache-control": "no-store"},
    )


async def _told(request: Request, jobs: Jobs) -> AsyncIterator[str]:
    last, quiet = "", 0
    while not await request.is_disconnected():
        job: Job | None = jobs.job
        now = json.dumps(job.as_dict() if job else None)
        if now != last:
            last, quiet = now, 0
            yield f"data: {now}\n\n"
        if job is None or job.state != "running":
            return
        quiet += 1
        if quiet % BEAT == 0:
            yield ": still there\n\n"
        await asyncio.sleep(EVERY_S)
