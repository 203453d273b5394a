"""From a file to a run, on the page: what it is taken for, progress, the new run; or cancelled."""

import csv
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def writable(runs: Any, driver: Any, tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A server of its own: importing changes which RUN it shows. Asked for before `opened`: a page may load as a test ends."""
    run = runs.hostile(tmp_path / "runs" / "first")
    with driver.served(run) as address:
        yield address, run


@pytest.fixture
def posts(runs: Any, tmp_path: Path) -> Path:
    """1,199 posts of people with nothing in common, and one row without a time."""
    path = tmp_path / "spring posts.csv"
    start = runs.made_run().START
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["post_id", "author_id", "created_at", "text"])
        for i in range(1199):
            at = start + timedelta(minutes=7 * i % 9000, seconds=i % 60)
            rows.writerow(
                [f"i{i}", f"person{i % 83}", at.isoformat(), f"Word {i} <b>of</b> mine, and nobody else's {i}"]
            )
        rows.writerow(["late", "person1", "no time at all", "when?"])
    return path


def _look(page: Any, posts: Path) -> None:
    page.locator('input[type="file"]').set_input_files(str(posts))
    page.get_by_role("button", name="Look at it").click()
    page.wait_for_url("**/import**")
    page.wait_for_selector('#job[data-state="done"][data-kind="look"]', timeout=60_000)


def test_a_file_is_looked_at_scanned_with_progress_and_shown(writable: Any, opened: Any, posts: Path) -> None:
    base, _ = writable
    page = opened("/import", at=base).page
    _look(page, posts)
    job = page.locator("#job")
    assert "Word 0 <b>of</b> mine" in job.inner_text()
    assert job.locator("b:text-is('of')").count() == 0
    assert "1" in job.locator("table", has_text="Rule").first.inner_text()
    job.locator('input[name="name"]').fill("spring")
    job.get_by_role("button", name="Scan it").click()
    page.wait_for_selector('#job[data-kind="scan"]')
    page.wait_for_selector('#job[data-kind="scan"][data-state="done"]', timeout=120_000)
    page.get_by_role("button", name="Show spring").first.click()
    page.wait_for_selector("text=1,199 posts")


def test_a_scan_can_be_cancelled(writable: Any, opened: Any, posts: Path) -> None:
    base, run = writable
    page = opened("/import", at=base).page
    _look(page, posts)
    page.locator("#job").locator('input[name="name"]').fill("never")
    page.locator("#job").get_by_role("button", name="Scan it").click()
    page.wait_for_selector('#job[data-kind="scan"]')
    cancel = page.get_by_role("button", name="Cancel")
    if not cancel.count():
        pytest.fail("the scan was over before it could be cancelled")
    cancel.click()
    page.wait_for_selector('#job[data-state="cancelled"]', timeout=30_000)
    assert not (run.parent / "never" / "manifest.json").exists()
    assert page.get_by_role("button", name="Look at it").is_visible()


def test_a_dropped_file_lands_in_the_form(writable: Any, opened: Any) -> None:
    base, _ = writable
    page = opened("/import", at=base).page
    # scripts come after the page: dropped until somebody takes it
    page.wait_for_function("""() => { const data = new DataTransfer();
        data.items.add(new File(["a,b"], "dropped.csv", {type: "text/csv"}));
        const zone = document.querySelector("[data-drop] .drop");
        zone.dispatchEvent(new DragEvent("dragover", {dataTransfer: data, bubbles: true, cancelable: true}));
        zone.dispatchEvent(new DragEvent("drop", {dataTransfer: data, bubbles: true, cancelable: true}));
        return document.querySelector('input[type="file"]').files.length > 0; }""")
    assert page.locator('input[type="file"]').evaluate("(e) => e.files[0].name") == "dropped.csv"
    assert page.locator("[data-drop] [data-over]").count() == 0


def test_importing_works_without_scripts(writable: Any, opened: Any, posts: Path) -> None:
    base, _ = writable
    page = opened("/import", at=base, ready=False, java_script_enabled=False).page
    _look(page, posts)
    assert page.get_by_role("button", name="Scan it").first.is_visible()


def test_an_unreadable_file_is_told_on_the_page(writable: Any, opened: Any, tmp_path: Path) -> None:
    base, _ = writable
    path = tmp_path / "<img src=x onerror=window.owned=1>.csv"
    path.write_bytes(b"\x00\x01\x02 nothing of use")
    page = opened("/import", at=base).page
    page.locator('input[type="file"]').set_input_files(str(path))
    page.get_by_role("button", name="Look at it").click()
    page.wait_for_selector('#job[data-state="failed"]', timeout=60_000)
    assert page.locator("#job pre").inner_text().strip()
    assert page.locator("#job img").count() == 0


def test_two_runs_side_by_side(writable: Any, opened: Any) -> None:
    base, run = writable
    shutil.copytree(run, run.parent / "second", ignore=shutil.ignore_patterns(".web"))
    page = opened("/diff?other=second", at=base).page
    assert page.locator("main table").count() >= 1
    assert "second" in page.locator("main").inner_text()
