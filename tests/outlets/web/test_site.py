"""The static reader view: opens from disk, names nobody, loads nothing, replaces nothing that is not its own."""

import re
from pathlib import Path

import pytest

from houselights.core.errors import HouselightsError
from houselights.outlets import cli
from houselights.outlets.web import site
from houselights.outlets.web.indexed import Indexed


@pytest.fixture(scope="session")
def pages(rich_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("site") / "site"
    assert cli.main(["export", str(rich_run), "--to", "site", "--out", str(out)]) == 0
    return out


def test_every_page_leads_to_pages_that_are_there(pages: Path) -> None:
    html = sorted(pages.glob("*.html"))
    assert {"index.html", "methods.html", "pattern-1.html", "pattern-2.html", "posts-1.html"} <= {p.name for p in html}
    assert not (pages / "pattern-3.html").exists()  # what is described only is not published
    for page in html:
        text = page.read_text(encoding="utf-8")
        for href in re.findall(r'(?:href|src)="([^"]*)"', text):
            name, _, anchor = href.partition("#")
            if href == "data:,":
                continue
            assert "/" not in name and ":" not in name, href
            target = pages / name if name else page
            assert target.is_file(), f"{page.name}: {href}"
            assert not anchor or f'id="{anchor}"' in target.read_text(encoding="utf-8")
        assert "<script" not in text and "default-src 'none'" in text and " style=" not in text


def test_nobody_is_named_by_id_handle_post_or_file(pages: Path, rich_run: Path) -> None:
    results = Indexed(rich_run)
    accounts = {r["author_id"] for r in results.rows("SELECT author_id FROM accounts")}
    posts = {r["post_id"] for r in results.rows("SELECT post_id FROM posts")}
    pattern = re.compile("|".join(rf"\b(?:h_)?{re.escape(a)}\b" for a in sorted(accounts)))
    for page in pages.glob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert not pattern.search(text), page.name
        assert not any(f'"{p}"' in text or f">{p}<" in text for p in posts)
        assert "account no." not in text and "somebody_else" not in text and "made.jsonl, line" not in text


def test_every_post_is_in_the_feed_once(pages: Path, rich_run: Path) -> None:
    ids: list[str] = []
    for page in sorted(pages.glob("posts-*.html"), key=lambda p: int(p.stem.split("-")[1])):
        ids += re.findall(r'id="post-(\d+)"', page.read_text(encoding="utf-8"))
    assert ids == [str(i) for i in range(Indexed(rich_run).counts["posts"])]


def test_the_same_run_gives_the_same_site(pages: Path, rich_run: Path, tmp_path: Path) -> None:
    again = tmp_path / "again"
    site.write(rich_run, again)
    assert {p.name: p.read_bytes() for p in pages.iterdir()} == {p.name: p.read_bytes() for p in again.iterdir()}


def test_it_replaces_an_earlier_site_and_nothing_else(rich_run: Path, nothing_run: Path, tmp_path: Path) -> None:
    out = tmp_path / "site"
    site.write(nothing_run, out)
    assert "Nothing found" in (out / "index.html").read_text(encoding="utf-8")
    site.write(rich_run, out)
    assert "2 coordinated patterns" in (out / "index.html").read_text(encoding="utf-8")
    work = tmp_path / "work"
    work.mkdir()
    (work / "thesis.txt").write_text("mine")
    for taken in (work, work / "thesis.txt"):
        with pytest.raises(HouselightsError):
            site.write(rich_run, taken)
    assert (work / "thesis.txt").read_text() == "mine" and [p.name for p in tmp_path.iterdir()].count("work") == 1
    assert not list(tmp_path.glob(".houselights-site-*"))
