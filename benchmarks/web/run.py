"""Measures the pages of `houselights serve` on a RUN of a million posts; writes the table into README.md beside it.

    python benchmarks/web/run.py                      simulates a world, scans it, lays it out 28 times, measures
    python benchmarks/web/run.py --base RUN           the same from a RUN of yours
    python benchmarks/web/run.py --tiled RUN          measures that RUN as it is

Per kind of page: wall clock and processor time of the server from request to last byte, median and 95th percentile over pages that
differ (other findings, other places in the feed), none of them asked for before. The machine's load stands with the figures.
"""

import argparse
import json
import os
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tiled import tiled

HERE = Path(__file__).parent
BEGIN, END = "<!-- figures -->", "<!-- end -->"
TICKS = os.sysconf("SC_CLK_TCK")


class Server:
    """A server as a user starts it."""

    def __init__(self, run: Path) -> None:
        self.began = time.perf_counter()
        command = [
            sys.executable,
            "-m",
            "houselights.outlets.cli",
            "serve",
            str(run),
            "--no-open",
            "--port",
            "0",
            "--quiet",
        ]
        # installed packages come with their byte code: a machine that forbids writing it would time the compiler instead
        told = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        self.child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=told)
        assert self.child.stdout
        self.address = self.child.stdout.readline().strip()

    def get(self, path: str) -> tuple[float, float, int]:
        """(seconds, processor seconds of the server, bytes) of one page."""
        cpu, began = self.cpu_s(), time.perf_counter()
        with urllib.request.urlopen(self.address.rstrip("/") + path) as answer:
            size = len(answer.read())
        return time.perf_counter() - began, self.cpu_s() - cpu, size

    def until_answered(self, path: str) -> float:
        """Asks again, as a browser does, while the index is made; seconds from the start of the command to the first answer."""
        told_s = None
        while True:
            with urllib.request.urlopen(self.address.rstrip("/") + path) as answer:
                answer.read()
                told_s = told_s or time.perf_counter() - self.began
                if answer.status == 200:
                    return told_s
            time.sleep(0.2)

    def cpu_s(self) -> float:
        fields = Path(f"/proc/{self.child.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def memory_mb(self, name: str) -> float:
        """VmRSS (now) or VmHWM (highest so far)."""
        for line in Path(f"/proc/{self.child.pid}/status").read_text().splitlines():
            if line.startswith(name):
                return int(line.split()[1]) / 1024
        raise KeyError(name)

    def stop(self) -> None:
        self.child.send_signal(signal.SIGINT)
        self.child.wait(20)


def pages(run: Path, n: int, rng: random.Random) -> dict[str, list[str]]:
    """Per kind of page `n` addresses, drawn with `rng`."""
    findings = [f["finding_id"] for f in json.loads((run / "findings.json").read_text())]
    total = json.loads((run / "manifest.json").read_text())["accepted"]

    def each(make: Callable[[str, int], str]) -> list[str]:
        chosen = rng.sample(findings, min(n, len(findings)))
        return [make(urllib.parse.quote(f), rng.randrange(total)) for f in chosen]

    return {
        "overview": ["/"] * n,
        "feed, anywhere": each(lambda f, no: f"/feed?after={no}"),
        "feed, newest first": each(lambda f, no: f"/feed?order=newest&after={no}"),
        "feed of a finding": each(lambda f, no: f"/feed?finding={f}"),
        "feed, organic only": each(lambda f, no: f"/feed?organic=1&after={no}"),
        "feed of an account": each(lambda f, no: f"/feed?account=~{no % 50_000 + 1}"),
        "feed, language and time": each(lambda f, no: f"/feed?lang=en&since=2026-03-0{2 + no % 7}"),
        "feed, next page (fragment)": each(lambda f, no: f"/feed?fragment=1&after={no}"),
        "finding": each(lambda f, no: f"/finding/{f}"),
        "evidence": each(lambda f, no: f"/finding/{f}/evidence"),
        "timeline": each(lambda f, no: f"/finding/{f}/timeline"),
        "network": each(lambda f, no: f"/finding/{f}/network"),
        "copies": each(lambda f, no: f"/finding/{f}/copies"),
        "one post": each(lambda f, no: f"/post/{no}"),
        "narratives": [f"/narratives?after={40 * (i % 10)}" for i in range(n)],
        "opinion": ["/opinion"] * n,
        "methods": ["/methods"] * n,
        "reader view": each(lambda f, no: f"/reader?after={no}"),
        "import": ["/import"] * n,
        "two runs": ["/diff"] * n,
    }


def measure(run: Path, n: int) -> dict[str, Any]:
    shutil.rmtree(run / ".web", ignore_errors=True)
    server = Server(run)  # makes the index
    waiting_s = server.until_answered("/feed")
    made_s, made_mb, made_cpu_s = time.perf_counter() - server.began, server.memory_mb("VmHWM"), server.cpu_s()
    server.stop()
    cold = []
    for _ in range(3):
        server = Server(run)
        server.get("/feed")
        cold.append(time.perf_counter() - server.began)
        first_cpu = server.cpu_s()
        server.stop()
    server = Server(run)
    rows = []
    for name, paths in pages(run, n, random.Random(0)).items():
        told = [server.get(p) for p in paths]
        wall, cpu = sorted(1000 * t[0] for t in told), sorted(1000 * t[1] for t in told)
        rows.append(
            [
                name,
                statistics.median(wall),
                wall[int(0.95 * (len(wall) - 1))],
                statistics.median(cpu),
                told[0][2] / 1024,
            ]
        )
        print(f"{name:28} {rows[-1][1]:8.0f} ms {rows[-1][2]:8.0f} ms, processor {rows[-1][3]:6.0f} ms", flush=True)
    out = {
        "rows": rows,
        "cold_feed_s": statistics.median(cold),
        "cold_feed_cpu_s": first_cpu,
        "waiting_s": waiting_s,
        "index_made_s": made_s,
        "index_made_cpu_s": made_cpu_s,
        "index_made_mb": made_mb,
        "served_mb": server.memory_mb("VmHWM"),
        "index_mb": sum(p.stat().st_size for p in (run / ".web").iterdir()) / 1e6,
        "load": os.getloadavg()[0],
        "cores": os.cpu_count(),
    }
    server.stop()
    return out


def table(run: Path, told: dict[str, Any]) -> str:
    posts = json.loads((run / "manifest.json").read_text())["accepted"]
    n_findings = len(json.loads((run / "findings.json").read_text()))
    lines = [
        f"{posts:,} posts, {n_findings:,} findings, {told['cores']} cores, load average {told['load']:.1f} while measured.",
        "",
        "| page | median ms | 95 % ms | processor ms, median | KB |",
        "|---|---:|---:|---:|---:|",
        *(f"| {r[0]} | {r[1]:.0f} | {r[2]:.0f} | {r[3]:.0f} | {r[4]:.0f} |" for r in told["rows"]),
        "",
        f"From the start of the command to the last byte of the first page of the feed: {told['cold_feed_s']:.1f} s "
        f"({told['cold_feed_cpu_s']:.1f} s of processor time) with the index made. The first time, which makes it "
        f"({told['index_mb']:.0f} MB on disk): {told['waiting_s']:.1f} s to a page that says how far that is, {told['index_made_s']:.0f} s "
        f"({told['index_made_cpu_s']:.0f} s of processor time) to the feed. "
        f"Highest memory of the server: {told['served_mb']:.0f} MB; while the index is made {told['index_made_mb']:.0f} MB.",
    ]
    return "\n".join(lines)


def base_run(folder: Path) -> Path:
    """A simulated world, scanned, with all that pages may show of it."""
    posts, run = str(folder / "world" / "posts.parquet"), str(folder / "base")
    _do("simulate", "--out", str(folder / "world"), "--preset", "demo")
    _do("scan", posts, "--out", run, "--narratives", "--quiet")
    _do("annotate", run, "--tasks", "techniques", "--quiet")
    _do("opinion", run, "--quiet")
    _do("calibrate", run, "--shuffles", "5", "--implants", "5", "--quiet")
    return Path(run)


def _do(*words: str) -> None:
    done = subprocess.run([sys.executable, "-m", "houselights.outlets.cli", *words])
    assert done.returncode in (0, 10), words


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", type=Path, help="a RUN to lay out many times")
    parser.add_argument("--tiled", type=Path, help="a large RUN to measure as it is")
    parser.add_argument("--posts", type=int, default=1_000_000)
    parser.add_argument("--each", type=int, default=15, help="pages of each kind")
    parser.add_argument("--write", action="store_true", help="write the table into README.md")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        run = args.tiled
        if run is None:
            base = args.base or base_run(Path(folder))
            accepted = json.loads((base / "manifest.json").read_text())["accepted"]
            run = Path(folder) / "large"
            tiled(base, run, -(-args.posts // accepted))
        told = table(run, measure(run, args.each))
    print(told)
    if args.write:
        readme = HERE / "README.md"
        before, rest = readme.read_text(encoding="utf-8").split(BEGIN)
        after = rest.split(END)[1]
        readme.write_text(f"{before}{BEGIN}\n{told}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
