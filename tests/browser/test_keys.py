"""Everything that is done often can be done from the keyboard."""

from typing import Any

FOCUSED = "document.activeElement?.id"


def test_j_and_k_walk_through_the_posts(opened: Any) -> None:
    page = opened("/feed").page
    ids = page.evaluate("[...document.querySelectorAll('#feed .post')].map((e) => e.id)")
    for expected in ids[:4]:
        page.keyboard.press("j")
        assert page.evaluate(FOCUSED) == expected
    page.keyboard.press("k")
    assert page.evaluate(FOCUSED) == ids[2]
    box = page.locator(f"#{ids[2]}").bounding_box()
    assert box and box["y"] >= 0


def test_j_goes_on_into_the_next_page(opened: Any) -> None:
    page = opened("/feed").page
    met = []
    for _ in range(400):  # at the end of what is loaded it waits for the next posts
        page.keyboard.press("j")
        met.append(page.evaluate(FOCUSED))
        if met[-1] == "post-69":
            break
        page.wait_for_timeout(5)
    assert list(dict.fromkeys(met)) == [f"post-{n}" for n in range(70)]


def test_enter_opens_the_finding_of_a_post(opened: Any) -> None:
    page = opened("/feed?finding=f-ring").page
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url("**/finding/f-ring*")


def test_enter_on_a_link_is_the_link(opened: Any) -> None:
    page = opened("/feed?finding=f-ring").page
    page.locator("#feed .post .who").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/feed?account=*")


def test_o_opens_the_original_in_a_new_tab(opened: Any) -> None:
    watched = opened("/feed?finding=f-ring")
    page = watched.page
    page.context.route("https://posts.example/**", lambda route: route.fulfill(body="the original"))
    while not page.evaluate(
        "document.activeElement.querySelector?.('a[rel~=noopener]') != null && document.activeElement.matches('.post')"
    ):
        page.keyboard.press("j")
    with page.context.expect_page() as news:
        page.keyboard.press("o")
    assert news.value.url.startswith("https://posts.example/")
    assert news.value.evaluate("opener") is None


def test_slash_leads_to_the_filters_and_letters_are_letters_there(opened: Any) -> None:
    page = opened("/feed").page
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.closest('form.filters') != null")
    page.locator('form.filters [name="account"]').focus()
    page.keyboard.type("jk/?")
    assert page.locator('form.filters [name="account"]').input_value() == "jk/?"
    assert page.locator("dialog[open]").count() == 0


def test_help_opens_lists_the_keys_and_gives_the_focus_back(opened: Any, axe: str) -> None:
    page = opened("/feed").page
    page.keyboard.press("j")
    before = page.evaluate(FOCUSED)
    page.keyboard.press("?")
    dialog = page.locator("dialog.keys")
    assert dialog.is_visible() and dialog.locator("kbd").count() >= 8
    page.evaluate(axe)
    assert page.evaluate("async () => (await axe.run('dialog')).violations.map((v) => v.id)") == []
    page.keyboard.press("j")
    page.keyboard.press("Escape")
    assert not dialog.is_visible()
    assert page.evaluate(FOCUSED) == before


def test_single_letters_can_be_switched_off_for_good(opened: Any) -> None:
    watched = opened("/feed")
    page = watched.page
    page.keyboard.press("?")
    page.locator("dialog.keys input[type=checkbox]").uncheck()
    page.keyboard.press("Escape")
    page.reload()
    watched.settle()
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement === document.body")
    page.keyboard.press("?")
    assert page.locator("dialog.keys").is_visible()


def test_keys_with_a_modifier_stay_the_browsers(opened: Any) -> None:
    page = opened("/feed").page
    page.keyboard.press("Alt+j")
    assert page.evaluate("document.activeElement === document.body")


def test_g_then_f_goes_to_the_feed(opened: Any) -> None:
    page = opened("/").page
    page.keyboard.press("g")
    page.keyboard.press("f")
    page.wait_for_url("**/feed")
    page.keyboard.press("g")
    page.keyboard.press("h")
    page.wait_for_url(lambda url: url.rstrip("/").count("/") == 2)


def test_j_walks_through_the_findings_of_the_overview(opened: Any) -> None:
    page = opened("/").page
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url("**/finding/f-ring*")


def test_the_first_tab_skips_to_the_page(opened: Any) -> None:
    page = opened("/feed").page
    page.keyboard.press("Tab")
    assert page.locator(":focus").get_attribute("href") == "#main"


# -- why a span is marked -------------------------------------------------------------------------------------------


def _first(page: Any) -> tuple[Any, Any]:
    marked = page.locator("#feed .marked:has(.why)").first
    return marked.locator("mark.span"), marked.locator(".why").first


def test_the_reason_shows_on_focus_and_goes_with_escape(opened: Any) -> None:
    page = opened("/feed?finding=f-ring").page
    span, why = _first(page)
    assert not why.is_visible()
    span.focus()
    assert why.is_visible()
    assert span.get_attribute("aria-describedby").split()[0] == why.get_attribute("id")
    page.keyboard.press("Escape")
    assert not why.is_visible()


def test_the_reason_shows_on_hover_and_can_be_reached(opened: Any) -> None:
    page = opened("/feed?finding=f-ring").page
    span, why = _first(page)
    span.hover()
    assert why.is_visible()
    link = why.locator("a").first
    link.hover()
    assert why.is_visible()
    box = why.bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= 1200


def test_the_reason_shows_on_a_tap_and_goes_with_the_next(opened: Any) -> None:
    page = opened("/feed?finding=f-ring", has_touch=True, is_mobile=True).page
    page.set_viewport_size({"width": 375, "height": 700})
    span, why = _first(page)
    span.tap()
    assert why.is_visible()
    box = why.bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= 375
    page.locator("h1").tap()
    assert not why.is_visible()


def test_the_reason_shows_without_scripts(opened: Any) -> None:
    page = opened("/feed?finding=f-ring", ready=False, java_script_enabled=False).page
    span, why = _first(page)
    assert not why.is_visible()
    span.hover()
    assert why.is_visible()
