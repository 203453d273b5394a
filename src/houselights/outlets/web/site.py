"""`export --to site`: the reader view as static files. No account is named, nothing is loaded from anywhere, every page opens from disk."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from houselights.core.errors import HouselightsError
from houselights.outlets import wording
from houselights.outlets.web import queries, render
from houselights.outlets.web.indexed import Indexed
from houselights.outlets.web.pages import finding as one
from houselights.outlets.web.pages import methods, parts, reader
from houselights.outlets.web.urls import Feed

STATIC = Path(__file__).parent / "static"
PAGE, MOST_POSTS, MOST_OF_PATTERN = 100, 20_000, 1_000
MARK = "made-by-houselights.txt"


def write(run_dir: Path, out: Path) -> list[Path]:
    """Writes the pages into `out`, an empty or new folder or an earlier site, and returns the files."""
    results = Indexed(run_dir)
    _refuse(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(dir=out.parent, prefix=".houselights-site-"))
    try:
        for name, text in _pages(results):
            (beside / name).write_text(text, encoding="utf-8", errors="backslashreplace", newline="\n")
        shutil.copyfile(STATIC / "style.css", beside / "style.css")
        (beside / MARK).write_text("An export of houselights; it may be replaced by the next one.\n", encoding="utf-8")
        beside.chmod(0o755)
        if out.exists():
            shutil.rmtree(out)
        beside.replace(out)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
        results.close()
    return sorted(out.iterdir())


def _refuse(out: Path) -> None:
    if out.is_file():
        raise HouselightsError(f"{out} is a file. A site is a folder of pages: give a directory.")
    if out.is_dir() and any(out.iterdir()) and not (out / MARK).is_file():
        raise HouselightsError(f"{out} exists, is not empty and is no earlier site. Give another --out.")


def _pages(results: Indexed) -> Iterator[tuple[str, str]]:
    """(file name, text) of every page."""
    patterns = [p | {"file": pattern_file(p["place"])} for p in reader.patterns(results)]
    whole = results.counts["posts"] <= MOST_POSTS
    around = {
        "patterns": patterns,
        "whole": whole,
        "meaning": reader.MEANING,
        "headline": headline(len(patterns), tested=bool(wording.channels(results, "run"))),
        "sentence": wording.overall(results),
    }
    yield (
        "index.html",
        render.html("site/index.html", around | {"title": around["headline"], "volume": parts.volume(results)}),
    )
    yield (
        "methods.html",
        render.html("site/methods.html", around | methods.context(results, {}) | {"title": "Methods and limits"}),
    )
    for pattern in patterns:
        yield pattern["file"], render.html("site/pattern.html", around | _pattern(results, pattern))
    if whole:
        yield from _feed(results, around)


def headline(n: int, *, tested: bool) -> str:
    """For readers, who are told what was found and not what to look at."""
    if n == 0:
        return "Nothing found" if tested else "Nothing could be tested"
    return "One coordinated pattern" if n == 1 else f"{n:,} coordinated patterns"


def pattern_file(place: int) -> str:
    return f"pattern-{place}.html"


def _pattern(results: Indexed, pattern: dict[str, Any]) -> dict[str, Any]:
    f = results.finding(pattern["finding_id"])
    numbers, more = queries.page(results, Feed(finding=pattern["finding_id"]), MOST_OF_PATTERN)
    first, _ = wording.told(f)
    return {
        "title": first,
        "pattern": pattern,
        "tier_meaning": wording.TIER_MEANING.get(pattern["tier"], ""),
        "span": wording.span(f.get("first_at"), f.get("last_at")),
        "numbers": [(n["value"], n["what"]) for n in one.numbers(f)],
        "volume": one.volume(results, pattern["finding_id"]),
        "explanations": one.explanations(results, f),
        "untested": wording.untested(f),
        "limits": wording.limits(f),
        "wrong_if": wording.wrong_if(f),
        "posts": reader.anonymous(results, numbers),
        "more": more,
    }


def _feed(results: Indexed, around: dict[str, Any]) -> Iterator[tuple[str, str]]:
    asked, nth = Feed(), 1
    n_pages = max(1, -(-results.counts["posts"] // PAGE))
    while True:
        numbers, more = queries.page(results, asked, PAGE)
        told = {
            "title": "Posts",
            "posts": reader.anonymous(results, numbers),
            "nth": nth,
            "n_pages": n_pages,
            "more": more,
        }
        yield f"posts-{nth}.html", render.html("site/posts.html", around | told)
        if not more:
            return
        asked, nth = asked.with_(after=numbers[-1]), nth + 1
