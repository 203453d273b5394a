"""What strangers wrote stays text."""

from typing import Any

import pytest

FEEDS = [
    "/feed",
    "/feed?finding=f-ring",
    "/finding/f-ring",
    "/finding/f-ring/evidence",
    "/finding/f-ring/copies",
    "/narratives",
    "/opinion",
]


@pytest.mark.parametrize("path", FEEDS)
def test_hostile_text_runs_nothing_and_makes_no_element(opened: Any, path: str) -> None:
    page = opened(path).page
    assert page.evaluate("window.owned ?? null") is None and "owned" not in page.title()
    assert page.locator("main script, main iframe, main img, main object, main embed, main style").count() == 0
    assert (
        page.evaluate(
            "[...document.querySelectorAll('main *')].flatMap((e) => [...e.attributes]).filter((a) => a.name.startsWith('on')).length"
        )
        == 0
    )
    for href in page.evaluate("[...document.querySelectorAll('a')].map((a) => a.getAttribute('href'))"):
        assert href is None or href.startswith(("/", "#", "?", "http://127.0.0.1", "https://")), href


@pytest.mark.parametrize("path", FEEDS[:-1])
def test_no_control_or_direction_character_reaches_the_page(opened: Any, path: str) -> None:
    text = opened(path).page.locator("body").inner_text()
    assert not set(text) & set("\u202e\u202d\u202a\u2066\u2067\u2068\u200b\ufeff\x1b\x07\x9b")
    assert "U+202E" in text or path.endswith("/copies")  # that text has one wording alone


def test_links_to_elsewhere_tell_nothing(opened: Any, base: str) -> None:
    page = opened("/feed?finding=f-ring").page
    away = page.evaluate(
        "[...document.querySelectorAll('a')].filter((a) => a.href.startsWith('http') && a.origin !== location.origin).map((a) => a.rel)"
    )
    assert away
    assert all(set(rel.split()) >= {"noopener", "noreferrer", "nofollow"} for rel in away)


def test_a_word_of_100_kb_neither_widens_the_page_nor_fills_it(opened: Any) -> None:
    watched = opened("/feed?finding=f-ring")
    page = watched.page
    while page.locator('a[rel~="next"]').first.is_visible():
        before = page.locator("#feed").get_attribute("data-pages")
        page.locator('a[rel~="next"]').first.click()
        watched.until(f"document.getElementById('feed').dataset.pages !== '{before}'")
    cards = page.locator("#feed .post").filter(has_text="WWWWWWWWWW")
    assert cards.count() > 0
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert cards.first.bounding_box()["height"] < 1500


def test_hostile_parts_of_an_address_are_text(opened: Any, base: str) -> None:
    watched = opened("/")
    for path in (
        "/feed?account=%3Cscript%3Ewindow.owned%3D1%3C/script%3E",
        "/finding/%3Cimg%20src=x%20onerror=window.owned=1%3E",
        "/feed?since=%22%3E%3Csvg%20onload=window.owned=1%3E",
    ):
        watched.page.goto(base + path)
        assert watched.page.evaluate("window.owned ?? null") is None
        assert watched.page.locator("main script, main img, main svg[onload]").count() == 0
    watched.wrong = [w for w in watched.wrong if "status of 40" not in w]
