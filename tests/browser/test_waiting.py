"""The first start on a RUN: a page says how far the index is, and the page that was asked for follows by itself."""

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest


@pytest.fixture
def held(runs: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, threading.Event]]:
    """Address of a server whose index stops after three tables until the event is set."""
    import uvicorn

    from houselights.outlets.web import index
    from houselights.outlets.web.app import app

    go_on, run = threading.Event(), index.Making.run

    def slowly(making: index.Making, con: Any, statements: list[Any]) -> None:
        run(making, con, statements[:3])
        go_on.wait(120)
        run(making, con, statements[3:])

    monkeypatch.setattr(index.Making, "run", slowly)
    made = app(runs.hostile(tmp_path / "run"), "a-token")
    server = uvicorn.Server(uvicorn.Config(made, port=0, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.02)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}", go_on
    finally:
        go_on.set()
        server.should_exit = True
        thread.join(20)
        made.state.shown.close()


@pytest.mark.parametrize("scripts", [True, False])
def test_the_page_asked_for_follows_by_itself(
    chromium: Any, driver: Any, axe: str, held: tuple[str, threading.Event], scripts: bool
) -> None:
    address, go_on = held
    context = chromium.new_context(java_script_enabled=scripts)
    context.set_default_timeout(15_000)
    watched = driver.Watched(context, address)
    assert watched.open("/feed?lang=en").status == 202
    page = watched.page
    page.get_by_text("tables are there", exact=False).last.wait_for()
    if scripts:
        page.evaluate(axe)
        assert page.evaluate("async () => (await axe.run(document)).violations.map((v) => v.id)") == []
        page.wait_for_timeout(1_600)  # it has asked twice, and said nothing of an error
        watched.check()
    go_on.set()
    page.locator("#feed").wait_for()
    assert page.url == f"{address}/feed?lang=en"
    assert watched.wrong == []
    context.close()
