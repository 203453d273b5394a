"""The feed: any length, every filter, the address kept."""

from typing import Any
from urllib.parse import parse_qs, urlparse

import pytest

KEPT_PAGES = 6  # as web/src/feed.js has it
PAGE = 50


def _ids(page: Any) -> list[str]:
    return page.evaluate("[...document.querySelectorAll('#feed .post')].map((e) => e.id)")


def _to_the_end(page: Any) -> list[str]:
    """Scrolls down until nothing comes any more; ids in the order met."""
    met: dict[str, None] = {}
    for _ in range(200):
        met |= dict.fromkeys(_ids(page))
        page.mouse.wheel(0, 4000)
        page.wait_for_timeout(60)
        down = page.evaluate("scrollY + innerHeight >= document.documentElement.scrollHeight - 2")
        if down and not page.locator('a[rel~="next"]').first.is_visible():
            return list(met | dict.fromkeys(_ids(page)))
    raise AssertionError("the feed has no end")


def test_scrolling_meets_every_post_once_and_keeps_few_in_the_page(opened: Any, base: str) -> None:
    watched = opened("/feed")
    page = watched.page
    total = page.request.get(base + "/feed.json").json()["counts"]["posts"]
    assert total > (KEPT_PAGES + 1) * PAGE
    page.mouse.move(600, 500)
    met = _to_the_end(page)
    assert len(met) == total
    assert met == sorted(met, key=lambda i: int(i.removeprefix("post-")))
    assert int(page.locator("#feed").get_attribute("data-cards")) <= KEPT_PAGES * PAGE + PAGE
    assert page.evaluate("document.querySelectorAll('#feed .post').length") <= KEPT_PAGES * PAGE + PAGE


def test_scrolling_back_brings_the_first_posts_back(opened: Any) -> None:
    page = opened("/feed").page
    first = _ids(page)[0]
    page.mouse.move(600, 500)
    _to_the_end(page)
    assert first not in _ids(page)
    for _ in range(200):
        page.mouse.wheel(0, -4000)
        page.wait_for_timeout(60)
        if page.evaluate("scrollY") == 0 and _ids(page)[0] == first:
            break
    assert _ids(page)[0] == first


def test_what_is_read_does_not_jump_when_pages_come_and_go(opened: Any) -> None:
    page = opened("/feed").page
    where = """() => { scrollBy({top: 900, behavior: "instant"});
        const e = [...document.querySelectorAll('#feed .post')].find((e) => e.getBoundingClientRect().top > 0);
        return [e.id, e.getBoundingClientRect().top]; }"""
    for _ in range(40):
        name, top = page.evaluate(where)
        page.wait_for_timeout(200)  # pages that were on their way have come
        now = page.evaluate("(id) => document.getElementById(id)?.getBoundingClientRect().top", name)
        assert now is not None and abs(now - top) < 2


def test_the_address_follows_and_leads_back(opened: Any) -> None:
    watched = opened("/feed")
    page = watched.page
    page.mouse.move(600, 500)
    for _ in range(12):
        page.mouse.wheel(0, 2500)
        page.wait_for_timeout(80)
    watched.until("location.hash.startsWith('#post-')")
    page.wait_for_timeout(400)
    seen = page.evaluate("location.hash.slice(1)")
    page.reload()
    watched.settle()
    box = page.locator(f"#{seen}").bounding_box()
    assert box and -box["height"] < box["y"] < 800


def test_the_next_page_is_a_link_without_scripts(opened: Any) -> None:
    page = opened("/feed", ready=False, java_script_enabled=False).page
    met: list[str] = []
    for _ in range(100):
        met += [a.get_attribute("id") for a in page.locator("#feed .post").all()]
        following = page.locator('a[rel~="next"]')
        if not following.count():
            break
        with page.expect_navigation():
            following.first.click()
    assert len(met) == len(set(met)) > 400


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("finding", "f-ring"),
        ("tier", "described"),
        ("channel", "small_objects"),
        ("lang", "fr"),
        ("narrative", "narrative:harbour"),
        ("account", "ring03"),
        ("since", "2026-03-03"),
        ("until", "2026-03-02T20:00"),
    ],
)
def test_a_filter_is_set_on_the_page_and_lies_in_the_address(opened: Any, base: str, name: str, value: str) -> None:
    page = opened("/feed").page
    every = page.request.get(base + "/feed.json").json()["counts"]["posts"]
    field = page.locator(f'form.filters [name="{name}"]')
    if field.evaluate("(e) => e.tagName") == "SELECT":
        field.select_option(value)
    else:
        field.fill(value)
    page.locator("form.filters button").click()
    page.wait_for_url(lambda url: f"{name}=" in url)
    assert parse_qs(urlparse(page.url).query)[name] == [value]
    told = page.request.get(base + "/feed.json", params={name: value}).json()
    assert 0 < told["counts"]["posts"] < every
    assert page.locator("#feed .post").count() == len(told["posts"])
    assert page.locator(f'form.filters [name="{name}"]').input_value() == value


def test_organic_only_leaves_out_what_is_evidence(opened: Any, base: str) -> None:
    page = opened("/feed").page
    page.locator('form.filters [name="organic"]').check()
    page.locator("form.filters button").click()
    page.wait_for_url("**organic=1**")
    assert page.locator("#feed mark.span[data-finding='f-ring']").count() == 0


def test_names_are_masked_with_one_switch_that_stays(opened: Any) -> None:
    page = opened("/feed?finding=f-ring").page
    page.locator(".switch a").click()
    page.wait_for_url("**masked=1**")
    assert "finding=f-ring" in page.url
    assert "ring0" not in page.locator("#feed").inner_text()
    page.locator("#feed .post .in a").first.click()
    page.wait_for_url("**/finding/**masked=1**")
