"""Every page that can be reached: readable, accessible, nothing goes wrong, nothing is fetched from elsewhere."""

import re
from typing import Any

import pytest

# beside what a walk over the links finds, so that a page nothing links to is tested too
PAGES = [
    "/",
    "/alerts",
    "/feed",
    "/feed?finding=f-ring",
    "/feed?organic=1",
    "/finding/f-ring",
    "/finding/f-pool",
    "/finding/f-desk",
    "/finding/f-ring/evidence",
    "/finding/f-ring/timeline",
    "/finding/f-ring/network",
    "/finding/f-ring/copies",
    "/narratives",
    "/opinion",
    "/methods",
    "/import",
    "/reader",
    "/post/0",
]
AXE_RUN = """async () => (await axe.run(document, {resultTypes: ["violations"]})).violations
    .filter((v) => ["serious", "critical"].includes(v.impact))
    .map((v) => `${v.id}: ${v.help}: ${v.nodes.slice(0, 3).map((n) => n.target.join(" ") + " " + (n.any[0]?.message ?? "")).join(" | ")}`)"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_accessible_and_quiet(opened: Any, axe: str, path: str, scheme: str) -> None:
    watched = opened(path, color_scheme=scheme)
    page = watched.page
    page.evaluate(axe)
    assert page.evaluate(AXE_RUN) == []
    assert page.locator("h1").count() == 1 and page.locator("h1").inner_text().strip()
    assert page.title() and page.evaluate("document.documentElement.lang") == "en"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "the page scrolls sideways"


@pytest.mark.parametrize("path", PAGES)
def test_a_page_fits_a_phone(opened: Any, path: str) -> None:
    page = opened(path, has_touch=True, is_mobile=True).page
    page.set_viewport_size({"width": 375, "height": 700})
    assert page.evaluate("document.documentElement.scrollWidth") <= 375


def test_a_walk_over_the_links_meets_no_broken_page(chromium: Any, base: str, driver: Any) -> None:
    context = chromium.new_context()
    watched = driver.Watched(context, base)
    met: set[str] = set()
    left = ["/"]
    kinds: dict[str, int] = {}  # three of each kind of page are enough: the feed alone has thousands of addresses
    while left:
        path = left.pop(0)
        kind = re.sub(r"/(post|finding)/[^/]+", r"/\1/", path.partition("?")[0])
        if path in met or kinds.get(kind, 0) >= 3 or kind.endswith(".json"):
            continue
        met.add(path)
        kinds[kind] = kinds.get(kind, 0) + 1
        assert watched.open(path).status == 200, path
        watched.check()
        left += sorted(driver.linked(watched.page, base) - met)
    context.close()
    wanted = {"/", "/feed", "/narratives", "/opinion", "/methods", "/import", "/reader", "/post/", "/finding/"}
    assert wanted | {f"/finding/{part}" for part in ("/evidence", "/timeline", "/network", "/copies")} <= set(kinds)


@pytest.mark.parametrize("path", PAGES)
def test_the_twin_of_a_page_is_json(opened: Any, path: str) -> None:
    watched = opened(path)
    href = watched.page.locator('link[rel="alternate"][type="application/json"]').get_attribute("href")
    answer = watched.page.request.get(watched.base + href)
    assert answer.status == 200 and answer.headers["content-type"].startswith("application/json")
    assert isinstance(answer.json(), dict)


@pytest.mark.parametrize("path", PAGES)
def test_a_page_can_be_read_without_scripts(opened: Any, path: str) -> None:
    page = opened(path, ready=False, java_script_enabled=False).page
    assert page.locator("h1").inner_text().strip()
    assert len(page.locator("main").inner_text()) > 60


def test_a_page_says_that_it_does_not_exist(opened: Any, base: str) -> None:
    watched = opened("/")
    assert watched.open("/nothing-here").status == 404
    assert watched.page.locator("h1").inner_text()
    watched.wrong = [w for w in watched.wrong if "404" not in w]  # the browser logs the status itself
