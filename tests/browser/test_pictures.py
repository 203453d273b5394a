"""Networks and timelines: drawn, explored with keys and pointer, and said by a table where they cannot be drawn."""

from typing import Any

NETWORK, TIMELINE = "/finding/f-ring/network", "/finding/f-ring/timeline"


def test_a_network_is_drawn_and_the_table_stays(opened: Any) -> None:
    page = opened(NETWORK).page
    figure = page.locator("figure[data-network]")
    assert figure.get_attribute("data-ready") == "network"
    assert figure.locator("canvas").count() > 0
    assert figure.locator("table").is_visible()
    assert not figure.locator("svg.network").is_visible()


def test_the_positions_are_those_of_the_server_every_time(opened: Any, base: str) -> None:
    page = opened(NETWORK).page
    first, again = (page.request.get(base + NETWORK + ".json").json() for _ in range(2))
    masked = page.request.get(base + NETWORK + ".json?masked=1").json()
    assert first == again
    places = [sorted((n["x"], n["y"]) for n in told["nodes"]) for told in (first, masked)]
    assert places[0] == places[1]


def _a_node(page: Any, box: dict[str, float]) -> tuple[float, float] | None:
    """Where a node is, found as a person finds it: by pointing until one answers."""
    told = page.locator(".network-told")
    for y in range(int(box["y"]) + 10, int(box["y"] + box["height"]), 10):
        for x in range(int(box["x"]) + 10, int(box["x"] + box["width"]), 10):
            page.mouse.move(x, y)
            if "drawn here" in told.inner_text():
                return x, y
    return None


def test_a_node_leads_to_its_posts(opened: Any, base: str) -> None:
    page = opened(NETWORK).page
    box = page.locator(".network-canvas").bounding_box()
    at = _a_node(page, box)
    assert at
    page.mouse.click(*at)
    page.wait_for_url("**/feed?finding=f-ring&account=*")
    assert page.locator("#feed .post").count() > 0


def test_without_webgl_the_table_says_it(opened: Any, base: str, chromium: Any, driver: Any) -> None:
    context = chromium.new_context()
    context.add_init_script("HTMLCanvasElement.prototype.getContext = () => null")
    watched = driver.Watched(context, base)
    watched.open(NETWORK)
    watched.settle()
    figure = watched.page.locator("figure[data-network]")
    assert figure.get_attribute("data-ready") == "table"
    assert "WebGL" in figure.inner_text()
    assert figure.locator("table").is_visible() and figure.locator("svg.network").is_visible()
    watched.check()
    context.close()


def test_pictures_and_tables_show_without_scripts(opened: Any) -> None:
    page = opened(NETWORK, ready=False, java_script_enabled=False).page
    assert page.locator("figure[data-network] table").is_visible()
    page = opened(TIMELINE, ready=False, java_script_enabled=False).page
    assert page.locator("figure[data-timeline] svg").is_visible()


def _seen(page: Any) -> tuple[int, float]:
    figure = page.locator("figure[data-timeline]")
    return int(figure.get_attribute("data-seen")), float(figure.get_attribute("data-width-s"))


def test_the_timeline_zooms_to_seconds_and_back(opened: Any) -> None:
    page = opened(TIMELINE).page
    all_posts, whole_s = _seen(page)
    assert whole_s > 3600
    page.locator(".timeline-frame").focus()
    for _ in range(40):
        page.keyboard.press("+")
    _, narrow_s = _seen(page)
    assert narrow_s == 2.0
    page.keyboard.press("0")
    assert _seen(page) == (all_posts, whole_s)


def test_the_densest_moment_holds_a_burst_and_lies_in_the_address(opened: Any) -> None:
    watched = opened(TIMELINE)
    page = watched.page
    page.get_by_role("button", name="Densest moment").click()
    posts, width_s = _seen(page)
    assert posts >= 8 and width_s < 3600
    assert 8 <= int(page.locator("figure[data-timeline]").get_attribute("data-lanes")) <= posts
    watched.until("location.search.includes('from=')")
    assert page.locator(".timeline-posts a").count() >= 8
    page.reload()
    watched.settle()
    again, again_s = _seen(page)
    assert again == posts and abs(again_s - width_s) < 2.5


def test_the_posts_of_the_timeline_lead_to_the_feed(opened: Any) -> None:
    page = opened(TIMELINE).page
    page.get_by_role("button", name="Densest moment").click()
    link = page.locator(".timeline-posts a").first
    wanted = link.get_attribute("href").split("#")[1]
    link.click()
    page.wait_for_url(f"**/feed?*#{wanted}")
    assert page.locator(f"#{wanted}").is_visible()


def test_a_mark_shows_its_post(opened: Any) -> None:
    page = opened(TIMELINE).page
    page.get_by_role("button", name="Densest moment").click()
    canvas = page.locator(".timeline-frame canvas")
    box = canvas.bounding_box()
    for k in range(200):
        x, y = box["x"] + 180 + (k % 100) * (box["width"] - 190) / 100, box["y"] + 24 + 18 * (0.5 + k // 100)
        page.mouse.move(x, y)
        if canvas.get_attribute("title"):
            page.mouse.click(x, y)
            break
    page.wait_for_selector(".timeline-card .post")
    assert page.locator(".timeline-card script").count() == 0
