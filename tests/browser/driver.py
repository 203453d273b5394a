"""Chromium and a server, as the tests, the benchmark and the screenshots use them."""

import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

FLAGS = [
    "--no-sandbox",  # the tests may run as root in a container; they open our own pages alone
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--enable-unsafe-swiftshader",  # WebGL without a graphics card
]
WATCH = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (e) => window.violations.push(`${e.violatedDirective}: ${e.blockedURI}`));
for (const name of ["alert", "confirm", "prompt", "print"]) window[name] = () => { window.owned = name; };
"""


def chromium_path() -> str | None:
    return os.environ.get("CHROMIUM") or shutil.which("chromium")


@contextmanager
def served(run_dir: Path, *, python: str = sys.executable) -> Iterator[str]:
    """`houselights serve` on a free port; its address without the last slash."""
    command = [
        python,
        "-c",
        "from houselights.outlets.cli import main; main()",
        "serve",
        str(run_dir),
        "--port",
        "0",
        "--no-open",
        "--quiet",
    ]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout
        address = server.stdout.readline().strip()
        assert address.startswith("http://127.0.0.1:"), f"the server said {address!r}"
        _until_the_index_is_there(address)
        yield address.rstrip("/")
    finally:
        server.terminate()
        server.wait(20)


def _until_the_index_is_there(address: str, limit_s: float = 600) -> None:
    for _ in range(int(limit_s / 0.2)):
        try:
            with urllib.request.urlopen(address + "import.json"):
                return
        except urllib.error.HTTPError as error:
            assert error.code == 503
            time.sleep(0.2)
    raise AssertionError("the index never came")


class Watched:
    """A page, and whatever goes wrong on it: console errors, uncaught ones, policy violations, requests that leave this machine."""

    def __init__(self, context: Any, base: str) -> None:
        self.base, self.wrong = base, []
        context.add_init_script(WATCH)
        self.page = context.new_page()
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.wrong.append(f"error: {error}"))
        self.page.on("request", self._request)
        self.page.on("requestfailed", self._failed)
        self.page.on("dialog", lambda dialog: (self.wrong.append("dialog"), dialog.dismiss()))

    def _console(self, message: Any) -> None:
        if message.type == "error" or (message.type == "warning" and "WebGL" not in message.text):
            self.wrong.append(f"console {message.type}: {message.text[:300]}")

    def _request(self, request: Any) -> None:
        if not request.url.startswith((self.base, "data:", "blob:")):
            self.wrong.append(f"request to {request.url[:200]}")

    def _failed(self, request: Any) -> None:
        if request.failure and "ERR_ABORTED" not in request.failure:  # aborted: the page was left
            self.wrong.append(f"failed request {request.url[:200]}: {request.failure}")

    def open(self, path: str) -> Any:
        answer = self.page.goto(self.base + path, wait_until="load")
        assert answer is not None
        return answer

    def settle(self) -> None:
        """Waits until scripts have done their part on the page that is open."""
        self.until("document.documentElement.dataset.interactive === 'yes'")
        self.until(
            "[...document.querySelectorAll('[data-network], [data-timeline], #feed')].every((e) => 'ready' in e.dataset)"
        )

    def until(self, expression: str, seconds: float = 15) -> None:
        """Waits for it to be true. Playwright's own way evaluates a string inside the page, which our policy forbids."""
        end = time.monotonic() + seconds
        while not self.page.evaluate(expression):
            assert time.monotonic() < end, f"{expression} did not come true"
            self.page.wait_for_timeout(30)

    def check(self) -> None:
        violations = self.page.evaluate("window.violations")
        assert violations == [], violations
        assert self.page.evaluate("window.owned ?? null") is None
        assert self.wrong == [], self.wrong  # told: this file is not one that pytest rewrites


def linked(page: Any, base: str) -> set[str]:
    """Paths of this server that a page links to."""
    hrefs = page.evaluate("[...document.querySelectorAll('a[href]')].map((a) => a.href.split('#')[0])")
    return {h[len(base) :] for h in hrefs if h.startswith(base + "/")}
