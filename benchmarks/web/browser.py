"""What a reader waits for in a browser: the network and the feed, on a RUN of any size. Prints; asserts nothing.

python benchmarks/web/browser.py                     # networks of 500 and 2,000 accounts
python benchmarks/web/browser.py --run RUN           # and the feed of this RUN, scrolled for thirty seconds
"""

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

BROWSER = Path(__file__).parents[2] / "tests" / "browser"
sys.path.insert(0, str(BROWSER))

import driver  # noqa: E402
import runs  # noqa: E402
from playwright.sync_api import sync_playwright  # noqa: E402

SIZES = ((500, 2_000), (2_000, 10_000))
REPEATS = 5
ANSWERED = """
new MutationObserver(() => {  // drawn: then a pointer moves over it, and two frames later it has answered
    const figure = document.querySelector("figure[data-network][data-ready]");
    if (!figure || window.drawnAt) return;
    window.drawnAt = performance.now();
    figure.querySelector("canvas:last-of-type").dispatchEvent(new MouseEvent("mousemove", {clientX: 600, clientY: 500, bubbles: true}));
    requestAnimationFrame(() => requestAnimationFrame(() => { window.answeredAt = performance.now(); }));
}).observe(document, {subtree: true, childList: true, attributes: true, attributeFilter: ["data-ready"]});
"""


def networks(browser: Any) -> None:
    for n_accounts, n_pairs in SIZES:
        with tempfile.TemporaryDirectory() as folder:
            run = runs.wide(Path(folder) / "run", n_accounts, n_pairs)
            _layout(run)
            with driver.served(run) as base:
                _network(browser, base, n_accounts, n_pairs)


def _layout(run: Path) -> None:
    from houselights.outlets.web.indexed import Indexed
    from houselights.outlets.web.pages.network import picture

    results = Indexed(run)
    results.edges("f-wide")
    began, cpu = time.perf_counter(), time.process_time()
    pairs, _, at = picture(results, "f-wide")
    print(
        f"layout in Python, {len(at):,} accounts, {len(pairs):,} pairs: {time.perf_counter() - began:.2f} s, of which "
        f"{time.process_time() - cpu:.2f} s on a processor"
    )


def _network(browser: Any, base: str, n_accounts: int, n_pairs: int) -> None:
    drawn, answered = [], []
    for _ in range(REPEATS):
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        context.add_init_script(ANSWERED)
        watched = driver.Watched(context, base)
        watched.open("/finding/f-wide/network")
        watched.until("window.answeredAt > 0")
        drawn.append(watched.page.evaluate("window.drawnAt"))
        answered.append(watched.page.evaluate("window.answeredAt"))
        context.close()
    print(
        f"network of {n_accounts:,} accounts and {n_pairs:,} pairs in Chromium without a graphics card, from the click, median of {REPEATS}: "
        f"drawn after {statistics.median(drawn):,.0f} ms, answers the pointer after {statistics.median(answered):,.0f} ms "
        f"(the first time, with the positions, {answered[0]:,.0f} ms)"
    )


def feed(browser: Any, run: Path, seconds: float = 30) -> None:
    with driver.served(run) as base:
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        watched = driver.Watched(context, base)
        began = time.perf_counter()
        watched.open("/feed")
        watched.settle()
        print(f"feed: ready {time.perf_counter() - began:.2f} s after it was asked for")
        page, most = watched.page, 0
        page.mouse.move(640, 500)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            page.mouse.wheel(0, 6000)
            page.wait_for_timeout(50)
            most = max(most, page.evaluate("document.querySelectorAll('#feed .post').length"))
        met = page.evaluate("document.querySelector('#feed .post:last-of-type, #feed li:last-child .post').id")
        print(f"feed: scrolled for {seconds:.0f} s to {met}; at most {most} cards in the page")
        print(f"went wrong: {watched.wrong or 'nothing'}")
        context.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path)
    args = parser.parse_args()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=driver.chromium_path(), args=driver.FLAGS)
        print(f"Chromium {browser.version}")
        networks(browser)
        if args.run:
            feed(browser, args.run)
        browser.close()


if __name__ == "__main__":
    main()
