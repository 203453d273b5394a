"""One Chromium and one server for all tests of the pages."""

import importlib.util
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
AXE = ROOT / "web/node_modules/axe-core/axe.min.js"


def _load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"browser_{name}", HERE / f"{name}.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def driver() -> ModuleType:
    return _load("driver")


@pytest.fixture(scope="session")
def runs() -> ModuleType:
    return _load("runs")


@pytest.fixture(scope="session")
def chromium(driver: ModuleType) -> Iterator[Any]:
    sync_api = pytest.importorskip("playwright.sync_api", reason="run `make test-browser`, which installs it")
    path = driver.chromium_path()
    if path is None:
        pytest.skip("Chromium is not installed: run `make test-browser`")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=driver.FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def base(driver: ModuleType, runs: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a server of the RUN with hostile text."""
    with driver.served(runs.hostile(tmp_path_factory.mktemp("hostile") / "run")) as address:
        yield address


Open = Callable[..., Any]


@pytest.fixture
def opened(chromium: Any, base: str, driver: ModuleType) -> Iterator[Open]:
    """Opens a path in a fresh profile; when the test ends, nothing may have gone wrong on the page."""
    contexts, pages = [], []

    def open_(path: str, *, at: str = base, ready: bool = True, **options: Any) -> Any:
        context = chromium.new_context(viewport={"width": 1200, "height": 800}, **options)
        context.set_default_timeout(15_000)
        watched = driver.Watched(context, at)
        contexts.append(context)
        pages.append(watched)
        assert watched.open(path).status == 200
        if ready:
            watched.settle()
        return watched

    yield open_
    try:
        for watched in pages:
            watched.page.wait_for_load_state()
            if watched.page.evaluate("typeof window.violations") == "object":
                watched.check()
    finally:
        for context in contexts:
            context.close()


@pytest.fixture(scope="session")
def axe() -> str:
    if not AXE.is_file():
        pytest.skip("axe-core is not installed: run `make test-browser`")
    return AXE.read_text(encoding="utf-8")
