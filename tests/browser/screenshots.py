"""Pictures of every page, light and dark, from simulated data alone: `make screenshots`.

python tests/browser/screenshots.py FOLDER [--run RUN]
"""

import argparse
import io
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import driver
from PIL import Image
from playwright.sync_api import Page, sync_playwright

MOST_BYTES = 200_000
SIZE = {"width": 1280, "height": 860}
SEED = "7"
WORLD = ["--preset", "demo", "--seed", SEED]


def _run(folder: Path) -> Path:
    """A world, scanned with narratives, and its opinion: everything the pages can show but a calibration, which takes hours of computing."""
    command = [sys.executable, "-m", "houselights.outlets.cli"]
    run = folder / "spring-debate"
    for arguments in (
        ["simulate", "--out", str(folder / "world"), *WORLD],
        ["scan", str(folder / "world" / "posts.jsonl"), "--out", str(run), "--narratives", "--quiet"],
        ["opinion", str(run), "--spike-ins", "0", "--quiet"],
        [
            "scan",
            str(folder / "world" / "posts.jsonl"),
            "--out",
            str(folder / "a-week-earlier"),
            "--until",
            "2026-03-09",
            "--quiet",
        ],
    ):
        done = subprocess.run([*command, *arguments])
        if done.returncode not in (0, 10):
            sys.exit(f"`houselights {' '.join(arguments)}` ended with {done.returncode}")
    return run


def _nothing(page: Page) -> None:
    pass


def _reason(page: Page) -> None:
    page.locator("#feed mark.span").nth(4).hover()
    page.wait_for_timeout(400)


def _densest(page: Page) -> None:
    page.get_by_role("button", name="Densest moment").click()
    page.wait_for_timeout(600)
    page.locator(".timeline-bar").evaluate(
        "(e) => scrollBy({top: e.getBoundingClientRect().top - 110, behavior: 'instant'})"
    )


def _network(page: Page) -> None:
    page.locator("figure[data-network]").evaluate(
        "(e) => scrollBy({top: e.getBoundingClientRect().top - 110, behavior: 'instant'})"
    )


def _keys(page: Page) -> None:
    page.keyboard.press("?")


def views(first: str, copies: str | None) -> list[tuple[str, str, Callable[[Page], None]]]:
    """(name, path, what to do before the picture) of each; `first`: the strongest finding, `copies`: one that copies texts in other words."""
    finding = f"/finding/{first}"
    return [
        ("overview", "/", _nothing),
        ("feed", "/feed", _nothing),
        ("feed-reason", f"/feed?finding={first}", _reason),
        ("finding", finding, _nothing),
        ("evidence", f"{finding}/evidence", _nothing),
        ("timeline", f"{finding}/timeline", _densest),
        ("network", f"{finding}/network", _network),
        *([("copies", f"/finding/{copies}/copies", _nothing)] if copies else []),
        ("narratives", "/narratives", _nothing),
        ("opinion", "/opinion", _nothing),
        ("methods", "/methods", _nothing),
        ("import", "/import", _nothing),
        ("diff", "/diff?other=a-week-earlier", _nothing),
        ("reader", f"/reader?finding={first}", _nothing),
        ("keys", "/feed", _keys),
    ]


def _small(png: bytes) -> bytes:
    """With as many colours as fit into the size that a picture may have."""
    for colours in (128, 64, 32):
        out = io.BytesIO()
        Image.open(io.BytesIO(png)).convert("RGB").quantize(colours, dither=Image.Dither.NONE).save(
            out, "PNG", optimize=True
        )
        if out.tell() < MOST_BYTES:
            break
    return out.getvalue()


def take(run: Path, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    ids = [f["finding_id"] for f in json.loads((run / "findings.json").read_text(encoding="utf-8"))]
    with driver.served(run) as base, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=driver.chromium_path(), args=driver.FLAGS)
        for scheme in ("light", "dark"):
            context: Any = browser.new_context(viewport=SIZE, color_scheme=scheme)
            watched = driver.Watched(context, base)
            told = {i: watched.page.request.get(f"{base}/finding/{i}/copies.json").json()["copies"] for i in ids}
            copies = next((i for i in ids if told[i]), None)
            for name, path, prepare in views(ids[0], copies):
                watched.open(path)
                watched.settle()
                watched.page.wait_for_timeout(300)
                prepare(watched.page)
                watched.page.wait_for_timeout(300)
                picture = _small(watched.page.screenshot())
                (out / f"{name}-{scheme}.png").write_bytes(picture)
                print(f"{name}-{scheme}.png {len(picture) / 1000:.0f} kB")
            context.close()
        browser.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--run", type=Path, help="a RUN of simulated posts instead of a new one")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        take(args.run or _run(Path(folder)), args.out)


if __name__ == "__main__":
    main()
