"""`houselights serve`: binds to this machine alone, says where, opens the browser."""

import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from houselights.core.errors import HouselightsError

ADDRESS = "127.0.0.1"
FIRST_PORT, PORTS = 8765, 20
MISSING = (
    "The web app needs packages that are not installed ({name}). Install them: python -m pip install 'houselights[web]'. "
    "report.html in the RUN directory opens without them."
)


def serve(run_dir: Path, port: int | None, *, open_browser: bool, quiet: bool) -> None:
    """Serves until it is interrupted. Raises HouselightsError where packages are missing, RUN is none, or the port is taken."""
    with packages_told():
        import uvicorn

        from houselights.outlets.web.app import app
    from houselights.outlets.web.tokens import new_token

    say: Callable[[str], None] = (lambda text: None) if quiet else (lambda text: print(text, file=sys.stderr))
    listening = _bound(port)
    number = listening.getsockname()[1]
    made = app(run_dir, new_token(), number)
    address = f"http://{ADDRESS}:{number}/"
    print(address, flush=True)
    say("Only this machine can open it. Stop with Ctrl-C.")
    if open_browser:
        import webbrowser

        webbrowser.open(address)
    config = uvicorn.Config(
        made, log_level="error", access_log=False, server_header=False, lifespan="off", timeout_graceful_shutdown=2
    )
    try:
        with suppress(KeyboardInterrupt):  # how it is stopped
            uvicorn.Server(config).run(sockets=[listening])
    finally:
        made.state.jobs.stop()
        made.state.shown.close()


@contextmanager
def packages_told() -> Iterator[None]:
    """Turns the lack of a package of the extra `web` into a sentence that says what to install."""
    try:
        yield
    except ModuleNotFoundError as exc:
        if (exc.name or "").startswith("houselights"):
            raise
        raise HouselightsError(MISSING.format(name=exc.name)) from exc


def _bound(port: int | None) -> socket.socket:
    """A listening socket on this machine alone: the port asked for, else the first free one from FIRST_PORT on."""
    tried = [port] if port is not None else [*range(FIRST_PORT, FIRST_PORT + PORTS), 0]
    for number in tried:
        listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((ADDRESS, number))
            listening.listen()
            return listening
        except OSError as exc:
            listening.close()
            if port is not None:
                raise HouselightsError(
                    f"port {port} of this machine cannot be used ({exc.strerror}). Give another --port, or none."
                ) from exc
    raise HouselightsError("no port of this machine is free.")
