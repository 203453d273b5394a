"""One child process at a time: `houselights convert` looks at a file, `houselights scan` scans it; told step by step, cancelled on request."""

import json
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from houselights.core.errors import HouselightsError
from houselights.core.paths import in_sql

STAGES = ("read", "content", "traces", "evidence", "findings")
DONE, FOUND, INTERRUPTED = 0, 10, 130
MOST_EXAMPLES, MOST_POSTS, MOST_SAID = 40, 8, 4000


@dataclass
class Job:
    """What is asked, and how far it is. `state`: running, done, failed or cancelled."""

    kind: str  # look or scan
    inputs: list[Path]
    out: Path
    options: dict[str, str]
    state: str = "running"
    stages: dict[str, float] = field(default_factory=dict)
    code: int | None = None
    told: str = ""
    message: str = ""
    seen: dict[str, Any] = field(default_factory=dict)

    @property
    def stage(self) -> str:
        """The stage that is at work, and its place among all; empty where there is none."""
        begun = [s for s in STAGES if s in self.stages]
        return f"{begun[-1]} ({STAGES.index(begun[-1]) + 1} of {len(STAGES)})" if begun else ""

    @property
    def share_0_1(self) -> float | None:
        """Of the stages; they take unlike times. None before the first, and where nothing tells."""
        if self.kind != "scan" or not self.stages:
            return None
        begun = [i for i, s in enumerate(STAGES) if s in self.stages]
        return (begun[-1] + self.stages[STAGES[begun[-1]]]) / len(STAGES)

    def as_dict(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "files": [p.name for p in self.inputs],
            "paths": [str(p) for p in self.inputs],
            "out": self.out.name,
            "options": self.options,
            "state": self.state,
            "stage": self.stage,
            "share_0_1": self.share_0_1,
            "stages": [{"stage": s, "done_0_1": self.stages.get(s, 0.0)} for s in STAGES]
            if self.kind == "scan"
            else [],
            "found": self.code == FOUND,
            "told": self.told[:MOST_SAID],
            "message": self.message[:MOST_SAID],
            "seen": self.seen,
        }


class Jobs:
    """The job of one server; a new one starts when the last has ended."""

    def __init__(self) -> None:
        self.job: Job | None = None
        self._child: subprocess.Popen[str] | None = None
        self._lock = threading.Lock()

    def start(self, kind: str, inputs: list[Path], out: Path, options: dict[str, str]) -> Job:
        """Raises HouselightsError while another runs, or where a file is not there."""
        for path in inputs:
            if not path.is_file():
                raise HouselightsError(f"{path} is not a file. Give the path of a file of posts on this machine.")
        if not inputs:
            raise HouselightsError("Choose a file of posts, or give the path of one.")
        with self._lock:
            self.refuse_while_busy()
            job = Job(kind, inputs, out, options)
            self._child = subprocess.Popen(
                command(job),
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                stdin=subprocess.DEVNULL,
                text=True,
                encoding="utf-8",
                errors="replace",
            )
            self.job = job
        threading.Thread(target=self._follow, args=(job, self._child), daemon=True).start()
        return job

    def refuse_while_busy(self) -> None:
        """Raises HouselightsError while another file is read: said before a dropped one is kept."""
        if self.job and self.job.state == "running":
            raise HouselightsError("Another file is being read. Wait for it, or cancel it.")

    def cancel(self) -> None:
        """As Ctrl-C would: no half-written result is left."""
        with self._lock:
            if self._child and self._child.poll() is None and self.job:
                self.job.state = "cancelled"
                self._child.send_signal(signal.SIGINT)

    def stop(self) -> None:
        """With the server: nothing goes on behind it."""
        self.cancel()
        if self._child:
            with suppress(subprocess.TimeoutExpired):
                self._child.wait(10)
            if self._child.poll() is None:
                self._child.kill()

    def _follow(self, job: Job, child: "subprocess.Popen[str]") -> None:
        said = threading.Thread(target=_errors, args=(job, child), daemon=True)
        said.start()
        job.told = child.stdout.read() if child.stdout else ""
        job.code = child.wait()
        said.join(5)
        if job.kind == "look":
            with suppress(duckdb.Error, OSError):
                job.seen = seen(job)
            shutil.rmtree(job.out.parent, ignore_errors=True)
        if job.state == "running":
            job.state = "done" if job.code in (DONE, FOUND) else "failed"


def _errors(job: Job, child: "subprocess.Popen[str]") -> None:
    for line in child.stderr or ():
        try:
            step = json.loads(line)
            job.stages[str(step["stage"])] = min(1.0, max(0.0, float(step["done_0_1"])))
        except (ValueError, KeyError, TypeError):
            job.message = (job.message + line)[-MOST_SAID:]


def command(job: Job) -> list[str]:
    """What is run; a file name can never be taken for an option."""
    me = [sys.executable, "-m", "houselights.outlets.cli"]
    options = [f"--{name}={value}" for name, value in job.options.items() if value and name in ("format", "map", "q")]
    if job.kind == "look":
        options = [o for o in options if not o.startswith("--q=")]
        return [*me, "convert", f"--out={job.out}", *options, "--", *map(str, job.inputs[:1])]
    narratives = ["--narratives"] if job.options.get("narratives") else []
    return [
        *me,
        "scan",
        f"--out={job.out}",
        *options,
        *narratives,
        "--quiet",
        "--progress-lines",
        "--",
        *map(str, job.inputs),
    ]


def look_out() -> Path:
    """Where a look may write: a folder of its own, removed after it."""
    return Path(tempfile.mkdtemp(prefix="houselights-look-")) / "posts.parquet"


def seen(job: Job) -> dict[str, Any]:
    """What a look found: the first posts, rows not accepted by rule, some of them with file and line."""
    con = duckdb.connect(":memory:")
    con.execute("SET TimeZone = 'UTC'")
    out: dict[str, Any] = {"posts": [], "rejects": [], "examples": []}
    if job.out.is_file():
        rows = con.execute(
            f"""SELECT created_at::VARCHAR AS at_utc, platform, kind, lang, left("text", 280) AS words, raw_ref.line AS line
            FROM read_parquet({in_sql(job.out)}) LIMIT {MOST_POSTS}"""
        ).fetchall()
        out["posts"] = [dict(zip(("at", "platform", "kind", "lang", "words", "line"), r, strict=True)) for r in rows]
    rejects = job.out.with_name(f"{job.out.stem}.rejects.parquet")
    if rejects.is_file():
        source = f"read_parquet({in_sql(rejects)})"
        out["rejects"] = [
            list(r)
            for r in con.execute(f"SELECT rule, count(*) FROM {source} GROUP BY 1 ORDER BY 2 DESC, 1").fetchall()
        ]
        rows = con.execute(
            f"""SELECT source, line, rule, detail FROM {source}
            QUALIFY row_number() OVER (PARTITION BY rule ORDER BY source, line) <= 10 ORDER BY rule, line LIMIT {MOST_EXAMPLES}"""
        ).fetchall()
        out["examples"] = [dict(zip(("source", "line", "rule", "detail"), r, strict=True)) for r in rows]
    con.close()
    return out
