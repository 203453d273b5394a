"""Every page and its twin: there, escaped, honest about what was not made, its numbers the posts behind them."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from houselights.outlets.web.indexed import Indexed
from houselights.results import Results

FINDINGS = ("f-ring", "f-pool", "f-desk")
GENERAL = ("/", "/feed", "/narratives", "/opinion", "/methods", "/diff", "/reader", "/import")
OF_FINDING = ("", "/evidence", "/timeline", "/network", "/copies")
PAGES = [*GENERAL, "/post/0", *(f"/finding/{f}{p}" for f in FINDINGS for p in OF_FINDING)]
VOID = {"meta", "link", "input", "br", "hr", "img", "use", "path", "rect", "line", "circle"}
BANNED = re.compile(r"\b(bots?|botnets?|trolls?|fake[drs]?|propagand\w*)\b", re.IGNORECASE)


class Page(HTMLParser):
    """What a browser would make of it: elements, links, ids; raises where elements are not closed in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.ids += [v for k, v in attrs if k == "id" and v]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open and self.open[-1] == tag, f"</{tag}> closes {self.open[-3:]}"
            self.open.pop()


def twin_of(path: str) -> str:
    return "/index.json" if path == "/" else f"{path}.json"


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_sound_and_has_a_twin(rich: TestClient, path: str) -> None:
    answer = rich.get(path)
    assert answer.status_code == 200 and answer.headers["content-type"].startswith("text/html")
    page = Page(answer.text)
    assert len(page.ids) == len(set(page.ids))
    tags = [t for t, _ in page.tags]
    assert tags.count("h1") == 1 and tags.count("main") == 1 and "title" in tags
    assert not BANNED.search(re.sub(r"<[^>]+>", " ", answer.text))
    twin = rich.get(twin_of(path))
    assert twin.status_code == 200 and isinstance(twin.json(), dict)


@pytest.mark.parametrize("path", PAGES)
def test_strangers_words_are_inert(rich: TestClient, path: str) -> None:
    """No script, no handler, no image, no address but our own and http; what hides or steers is shown as a code point."""
    html = rich.get(path).text
    page = Page(html)
    for tag, attributes in page.tags:
        if tag == "script" and str(attributes.get("src")).startswith("/static/"):
            continue  # our own, where it was built
        assert tag not in ("script", "img", "iframe", "object", "embed", "base", "i", "audio", "video")
        for name, value in attributes.items():
            assert not name.startswith("on") and name != "style" and name != "srcset"
            if name in ("href", "src", "action", "formaction"):
                assert value is not None and value.startswith(("/", "#", "?", "https://site.example/", "data:,")), value
                if value.startswith("http"):
                    assert set(str(attributes["rel"]).split()) == {"noopener", "noreferrer", "nofollow"}
    assert not re.search("[\u202a-\u202e\u2066-\u2069\u200b\x00-\x08\x0b-\x1f\x7f-\x9f]", html)


@pytest.mark.parametrize("fixture", ["bare", "nothing", "no_posts"])
def test_what_was_not_made_is_said(fixture: str, request: pytest.FixtureRequest) -> None:
    client = request.getfixturevalue(fixture)
    for path in GENERAL:
        answer = client.get(path)
        assert answer.status_code == 200, path
        Page(answer.text)
        assert client.get(twin_of(path)).status_code == 200
    assert "scan with --narratives" in client.get("/narratives").text
    assert "houselights opinion RUN" in client.get("/opinion").text
    assert "not calibrated" in client.get("/").text


def test_nothing_found_is_a_result(nothing: TestClient) -> None:
    told = nothing.get("/index.json").json()
    assert told["headline"] == "Nothing found" and told["passed"] == [] and told["tested"].startswith("Tested:")
    assert "Nothing found is a result" in nothing.get("/").text
    assert nothing.get("/finding/f-ring").status_code == 404
    assert nothing.get("/feed.json?organic=1").json()["counts"]["posts"] == 300


def test_the_overview_puts_what_passed_before_what_is_described(rich: TestClient) -> None:
    told = rich.get("/index.json").json()
    assert told["headline"] == "2 patterns need a look"
    assert [f["finding_id"] for f in told["passed"]] == ["f-ring", "f-pool"]
    assert [f["finding_id"] for f in told["described"]] == ["f-desk"]
    assert "would have been found with probability 0.95" in told["calibration"]


@pytest.mark.parametrize("finding_id", FINDINGS)
def test_the_number_of_posts_leads_to_as_many_posts(rich: TestClient, finding_id: str) -> None:
    told = rich.get(f"/finding/{finding_id}.json").json()
    n = next(n for n in told["numbers"] if n["leads"] == "feed")["value"]
    assert rich.get(f"/feed.json?finding={finding_id}").json()["counts"]["posts"] == int(n.replace(",", ""))
    for m in told["moments"]:
        found = rich.get("/feed.json", params={"finding": finding_id, "object": m["object_id"]}).json()
        assert found["counts"] == {"posts": m["n_posts"], "accounts": m["n_accounts"]}


def test_links_inside_lead_to_pages_that_are_there(rich: TestClient) -> None:
    seen: set[str] = set()
    for path in PAGES[:20]:
        for _, attributes in Page(rich.get(path).text).tags:
            href = attributes.get("href") or ""
            if href.startswith("/") and not href.startswith("/static") and len(seen) < 160:
                seen.add(href.split("#")[0])
    assert len(seen) > 60
    for href in seen:
        assert rich.get(href).status_code == 200, href


def test_anchors_lead_somewhere(rich: TestClient) -> None:
    for path in ("/", "/methods", "/finding/f-ring", "/finding/f-pool"):
        page = Page(rich.get(path).text)
        for _, attributes in page.tags:
            href = attributes.get("href") or ""
            if href.startswith("#"):
                assert href[1:] in page.ids, href


def test_evidence_pages_hold_every_coincidence_once_in_one_order(rich: TestClient, rich_run: Path) -> None:
    seen, after = [], 0
    while True:
        told = rich.get(f"/finding/f-ring/evidence.json?after={after}").json()
        seen += told["pairs"]
        if told["next"] is None:
            break
        after = told["next"]
    assert [p["place"] for p in seen] == list(range(1, told["total"] + 1))
    expected = Results(rich_run).pairs("f-ring", 10_000)
    assert [(p["object_id"], p["delta_s"], p["chance_0_1"]) for p in seen] == [
        (p.object_id, p.delta_s, p.chance_0_1) for p in expected
    ]
    posts = Results(rich_run).posts([(p.post_id_a, p.account_a) for p in expected])
    assert [p["a"]["post_id"] for p in seen] == [p.post_id_a for p in expected] and posts


@pytest.mark.parametrize("finding_id", FINDINGS)
def test_the_index_answers_as_the_tables_do(rich_run: Path, finding_id: str) -> None:
    fast, slow = Indexed(rich_run), Results(rich_run)
    assert fast.timeline(finding_id) == slow.timeline(finding_id)
    assert fast.members(finding_id) == slow.members(finding_id)
    assert fast.edges(finding_id) == slow.edges(finding_id)
    assert fast.evidence(finding_id).equals(slow.evidence(finding_id))
    assert fast.highlights_of(["p00300", "p00301"]) == slow.highlights_of(["p00300", "p00301"])
    narratives = ["narrative:0", "narrative:1"]
    assert fast.typical_posts(narratives) == slow.typical_posts(narratives)
    assert fast.volumes(finding_id, narratives) == slow.volumes(finding_id, narratives)
    assert fast.marked(finding_id) == slow.marked(finding_id)
    for of_technique in slow.marked(finding_id, 50):
        quotes = [q["text"][q["start"] : q["end"]].lower() for q in of_technique["quotes"]]
        assert quotes and len(set(quotes)) == len(quotes)
    words = [[(w.first.post_id, w.n_posts, w.n_accounts) for w in t] for t in fast.wordings(finding_id, 99)]
    assert words == [[(w.first.post_id, w.n_posts, w.n_accounts) for w in t] for t in slow.wordings(finding_id, 99)]
    assert fast.counts == slow.counts and fast.rejects_by_rule == slow.rejects_by_rule


def test_nobody_is_named_who_may_not_be(rich: TestClient, rich_run: Path, made_accounts: set[str]) -> None:
    """Every account that `shown` does not name appears in no page and no twin, by id or by handle."""
    results = Results(rich_run)
    named = {a for f in FINDINGS for a, s in results.shown(f).items() if s.named}
    hidden = made_accounts - named
    assert len(hidden) > 90 and len(named) > 15
    pattern = re.compile("|".join(rf"\b(?:h_)?{re.escape(a)}\b" for a in sorted(hidden)))
    for path in PAGES:
        for address in (path, twin_of(path)):
            found = pattern.search(rich.get(address).text)
            assert not found, f"{address}: {found}"


def test_one_switch_masks_every_name(rich: TestClient, made_accounts: set[str]) -> None:
    everybody = re.compile("|".join(rf"\b(?:h_)?{re.escape(a)}\b" for a in sorted(made_accounts)))
    assert everybody.search(rich.get("/feed?finding=f-ring").text)
    for path in PAGES:
        for address in (f"{path}?masked=1", f"{twin_of(path)}?masked=1"):
            found = everybody.search(rich.get(address).text)
            assert not found, f"{address}: {found}"
    told = rich.get("/feed?masked=1&finding=f-ring").text
    assert "somebody_else" not in told and "@•••" in told
    for _, attributes in Page(told).tags:  # the switch stays on, page after page
        href = attributes.get("href") or ""
        if href.startswith(("/feed?", "/finding/", "/post/")) and attributes.get("role") != "button":
            assert "masked=1" in href, href


@pytest.fixture(scope="session")
def made_accounts(rich_run: Path) -> set[str]:
    rows = Indexed(rich_run).rows("SELECT author_id FROM accounts UNION SELECT account_id FROM members")
    return {str(r["author_id"]) for r in rows}


def test_a_text_of_100_kb_is_cut_in_the_feed_and_whole_on_its_own_page(bare: TestClient) -> None:
    long = next(p for p in bare.get("/feed.json?finding=f-ring").json()["posts"] if p["words"]["after"] > 1000)
    assert sum(len(x["text"]) for x in long["words"]["pieces"]) <= 1300
    whole = next(p for p in bare.get(f"/post/{long['no']}.json").json()["posts"] if p["no"] == long["no"])
    assert whole["words"]["after"] == 0 and sum(len(x["text"]) for x in whole["words"]["pieces"]) > 20_000


def test_marks_lie_on_the_words_they_are_about(rich: TestClient, rich_run: Path) -> None:
    slow = Results(rich_run)
    for p in rich.get("/feed.json?finding=f-ring").json()["posts"]:
        text = "".join(x["text"] for x in p["words"]["pieces"])
        for h in slow.highlights(p["post_id"], "f-ring"):
            marked = "".join(
                x["text"] for x in p["words"]["pieces"] if any(m["finding_id"] == "f-ring" for m in x["marks"])
            )
            assert marked and text[h["start"] : h["end"]].startswith(marked[:40])


def test_what_is_not_there_is_said_in_a_sentence(rich: TestClient) -> None:
    for path, status in (
        ("/nope", 404),
        ("/finding/nope", 404),
        ("/post/99999", 404),
        ("/feed?finding=nope", 404),
        ("/diff?other=../../etc", 404),
        ("/feed?since=yesterday", 400),
        ("/feed?order=random", 400),
        ("/feed?after=-1", 400),
        ("/feed?after=9e9", 400),
        ("/finding/f-ring/evidence?after=x", 400),
        ("/finding/f-ring/timeline?from=x", 400),
        ("/narratives?after=x", 400),
    ):
        answer = rich.get(path)
        assert answer.status_code == status, path
        Page(answer.text)
        assert "Traceback" not in answer.text
    assert rich.get("/finding/nope.json").json()["error"].startswith("There is no finding nope")
    assert rich.get("/feed/").status_code == 307


def test_a_twin_is_what_the_page_shows(rich: TestClient) -> None:
    twin = rich.get("/feed.json?finding=f-pool").json()
    page = Page(rich.get("/feed?finding=f-pool").text)
    assert [f"post-{p['no']}" for p in twin["posts"]] == [i for i in page.ids if i.startswith("post-")]
    fragment = rich.get("/feed?finding=f-ring&fragment=1").text
    assert "<html" not in fragment and fragment.count("<article") == 50 and 'rel="next"' in fragment
    assert json.loads(rich.get("/index.json").text)["counts"]["posts"] == 300 + 12 * 8 + 3 + 15 * 2 + 6 * 6
