"""The HTML report: safe, self-contained, complete, the same every time, and nobody named who may not be."""

import base64
import hashlib
import re
from html.parser import HTMLParser
from itertools import combinations, pairwise
from pathlib import Path
from types import ModuleType

import pytest

from houselights.outlets import report, wording
from houselights.outlets.report.network import TIES_PER_ACCOUNT, strongest_ties, tells_nothing
from houselights.results import Results

VOID = {"meta", "input", "br", "rect", "line", "circle"}


class Page(HTMLParser):
    """Elements with attributes; checks that every element is closed in order."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not {"style", "script"} & set(self.open):
            self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.elements if name == tag]


@pytest.fixture(scope="module")
def html(run_dir: Path) -> str:
    return report.render(Results(run_dir))


@pytest.fixture(scope="module")
def page(html: str) -> Page:
    return Page(html)


def test_it_is_well_formed(page: Page) -> None:
    assert page.open == []


def test_strangers_add_no_element(html: str, page: Page) -> None:
    assert len(page.all("script")) == 1
    assert len(page.all("style")) == 1
    assert not page.all("img")
    assert not [a for _, attrs in page.elements for a in attrs if a.startswith("on") or a == "style"]
    assert "\u202e" not in html and "\x1b" not in html and "\u200b" not in html
    assert "U+202E" in page.text and "alert('x')" in page.text


def test_it_loads_nothing(html: str, page: Page) -> None:
    for _, attrs in page.elements:
        assert not (attrs.get("src") or "")
        assert (attrs.get("href") or "#").startswith("#")
    assert "url(" not in html and "@import" not in html


def test_the_policy_allows_the_two_inline_parts_and_nothing_else(html: str, page: Page) -> None:
    policy = next(m["content"] for m in page.all("meta") if m.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None and policy.startswith("default-src 'none';") and "unsafe" not in policy
    for tag in ("style", "script"):
        inside = re.search(f"<{tag}>(.*?)</{tag}>", html, re.S)
        assert inside
        digest = base64.b64encode(hashlib.sha256(inside[1].encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy


def test_every_link_leads_somewhere_and_ids_are_unique(page: Page) -> None:
    ids = [attrs["id"] for _, attrs in page.elements if "id" in attrs]
    assert len(ids) == len(set(ids))
    for link in page.all("a"):
        assert (link["href"] or "").removeprefix("#") in ids
    for _, attrs in page.elements:
        assert attrs.get("aria-labelledby", ids[0]) in ids


def test_numbers_lead_to_evidence(page: Page) -> None:
    assert sum(a["href"] == "#f1-evidence" for a in page.all("a")) >= 6


def test_it_is_accessible_in_structure(html: str, page: Page) -> None:
    levels = [int(t[1]) for t, _ in page.elements if re.fullmatch("h[1-6]", t)]
    assert levels.count(1) == 1
    assert all(b <= a + 1 for a, b in pairwise(levels))
    assert len(page.all("caption")) == len(page.all("table"))
    for svg in page.all("svg"):
        assert svg["role"] == "img" and svg["aria-labelledby"]
    for landmark in ("header", "nav", "main", "footer"):
        assert len(page.all(landmark)) == 1
    assert page.all("html")[0]["lang"] == "en"


def test_every_finding_says_what_it_must(page: Page) -> None:
    for words in ("Evidence: posts side by side", "What this does not show", "It would be wrong if", "When"):
        assert page.text.count(words) >= 3
    assert "Content copied from, not a member: copied_writer" in " ".join(page.text.split())
    assert "An innocent explanation fits: same outlet" in page.text
    assert "times are known to the minute only" in page.text


def test_the_unnamed_are_not_named(html: str, made: ModuleType) -> None:
    for account in [*made.HANGERS_ON, *made.POOL, *made.DESK]:
        assert account not in html
    assert all(account in html for account in made.RING)


def test_the_sentence_and_the_evidence_come_before_the_graph(html: str) -> None:
    order = [html.index(f'id="f1-{part}"') for part in ("h", "evidence", "timeline", "network", "accounts")]
    assert order == sorted(order)


def test_the_same_run_gives_the_same_bytes(html: str, run_dir: Path) -> None:
    assert report.render(Results(run_dir)) == html


def test_nothing_found_is_a_page(empty_run_dir: Path) -> None:
    html = report.render(Results(empty_run_dir))
    page = Page(html)
    assert "Nothing found is a result" in " ".join(page.text.split())
    assert "7 candidate groups" in page.text
    assert page.open == []


def test_no_red_and_no_score_on_a_person(html: str) -> None:
    assert "membership" not in html
    for colour in re.findall(r"#([0-9a-f]{6})\b", html):
        r, g, b = (int(colour[i : i + 2], 16) for i in (0, 2, 4))
        assert not (r > 150 and g < 80 and b < 80)


def test_other_wordings_show_what_they_change(html: str) -> None:
    assert "read it before  <del>Friday</del> <ins>Sunday</ins>." in html


def test_writing_leaves_no_half_file(run_dir: Path, tmp_path: Path) -> None:
    path = report.write(Results(run_dir), tmp_path / "r.html")
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_the_picture_keeps_every_account_and_its_strongest_tie() -> None:
    nodes = [f"a{i}" for i in range(12)]
    web = [(a, b, 1 + (i * 7) % 11) for i, (a, b) in enumerate(combinations(nodes, 2))]
    drawn = strongest_ties(web)
    assert drawn == strongest_ties(web[::-1]) and set(drawn) <= set(web)
    assert len(drawn) <= TIES_PER_ACCOUNT * len(nodes) < len(web)
    for node in nodes:
        assert max(n for *ends, n in web if node in ends) == max(n for *ends, n in drawn if node in ends)
    assert not tells_nothing(len(nodes), web)
    assert tells_nothing(len(nodes), [(a, b, 4) for a, b, _ in web])


def test_numbers_are_said_plainly() -> None:
    finding = {"observed": 37.5, "n_objects_tested": 46}
    assert wording.tested_objects(finding) == "37.5 of 46" and "in part" in wording.in_part(finding)
    assert wording.in_part({"observed": 37.0}) == ""
    assert wording.probability(5.7e-14) == "5.7×10⁻¹⁴" and wording.probability(0.0) == "under 10⁻³⁰⁰"
    assert wording.apart(0, "min") == "in the same minute" and wording.apart(12, "s") == "12 s apart"


def test_what_could_not_be_tested_is_said_once(html: str) -> None:
    assert html.count("no file of known organisations") == 1
    assert "Could not be tested: organisation the user vouches for (no file of known organisations was given)." in html
