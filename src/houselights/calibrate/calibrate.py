"""`houselights calibrate RUN`: every part of it, in parallel processes, into calibration.json."""

import json
import math
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from multiprocessing import active_children, get_context
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from houselights.calibrate import recall, sensitivity, shuffles, uniformity
from houselights.calibrate.implants import SIZES, TACTICS, Ground
from houselights.core.errors import HouselightsError
from houselights.core.settings import EvidenceSettings, ScanSettings, TraceSettings
from houselights.core.tables import MEMBERS, POSTS, TRACES
from houselights.engine.local import connect
from houselights.evidence import events
from houselights.evidence.detect import usable_windows

FILE = "calibration.json"
Progress = Callable[[int, int], None]
Task = tuple[str, Any]


class TooFewAccounts(HouselightsError):
    """Nobody is left to be planted."""


@dataclass(frozen=True)
class CalibrateSettings:
    shuffles: int = 20  # of either kind
    implants: int = 20  # of each tactic and size
    together: int = 5  # implants that share a copy of the data
    jobs: int = 2
    seed: int = 0


def calibrate(run_dir: Path, settings: CalibrateSettings, progress: Progress | None = None) -> dict[str, Any]:
    """Measures, writes RUN/calibration.json and returns it. `progress(done, all)` is called as tasks end.

    A pure function of (RUN, settings), whatever the number of jobs. Raises HouselightsError where RUN cannot be calibrated.
    """
    scan = _scan_settings(run_dir)
    ground_size = _check(run_dir)
    copies = recall.copies(settings.implants, settings.together, ground_size, settings.seed)
    tasks: list[Task] = [("copy", (k, wanted)) for k, wanted in enumerate(copies)]
    tasks += [("shuffle", (kind, k)) for kind in shuffles.KINDS for k in range(settings.shuffles)]
    tasks += [("variant", v) for v in sensitivity.variants(scan.evidence)] + [("uniformity", None)]
    done = _side_by_side(tasks, (run_dir, scan, settings.seed), settings.jobs, progress)
    found = _report(run_dir, scan, settings, list(zip(tasks, done, strict=True)))
    beside = run_dir / f"{FILE}.part"
    beside.write_text(json.dumps(_plain(found), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    beside.replace(run_dir / FILE)
    return found


def spike_ins(
    run_dir: Path, implants: int, jobs: int, seed: int = 0, progress: Progress | None = None
) -> list[dict[str, Any]]:
    """The rows of `recall` alone, from `implants` planted groups of each tactic and size; nothing is written.

    Empty where there are too few accounts to plant among. Raises HouselightsError where RUN cannot be read."""
    scan = _scan_settings(run_dir)
    try:
        free = _check(run_dir)
    except TooFewAccounts:
        return []
    settings = CalibrateSettings(implants=implants, jobs=jobs, seed=seed)
    copies = recall.copies(implants, settings.together, free, seed)
    tasks: list[Task] = [("copy", (k, wanted)) for k, wanted in enumerate(copies)]
    done = _side_by_side(tasks, (run_dir, scan, seed), jobs, progress)
    rows: list[dict[str, Any]] = _plain(recall.summary([o for outcomes in done for o in outcomes]))
    return rows


def _side_by_side(
    tasks: list[Task], run: tuple[Path, ScanSettings, int], jobs: int, progress: Progress | None
) -> list[Any]:
    """What each task gives, in order. Whatever stops it stops the workers at once."""
    done: list[Any] = [None] * len(tasks)
    before = set(active_children())
    with ProcessPoolExecutor(min(jobs, len(tasks)), get_context("spawn"), _load, run) as pool:
        try:
            with _deaf_to_interrupts():
                futures = {pool.submit(_work, task): i for i, task in enumerate(tasks)}
            for n, future in enumerate(as_completed(futures), 1):
                done[futures[future]] = future.result()
                if progress:
                    progress(n, len(tasks))
        except BaseException as reason:
            pool.shutdown(wait=False, cancel_futures=True)
            while left := set(active_children()) - before:  # one may just have begun
                for child in left:
                    child.terminate()
                    child.join()
            if isinstance(reason, BrokenProcessPool):
                raise HouselightsError(
                    "A process of the calibration was ended from outside, most likely for lack of memory. Run it again with --jobs 1."
                ) from None
            raise
    return done


def _scan_settings(run_dir: Path) -> ScanSettings:
    """The settings that the run was made with, from its manifest."""
    try:
        manifest = json.loads((run_dir / "manifest.json").read_text(encoding="utf-8"))
        recorded = manifest["settings"]
        evidence = recorded["evidence"]
        return ScanSettings(
            traces=TraceSettings(**recorded["traces"]),
            evidence=EvidenceSettings(
                q=float(evidence["q"]), windows_s=tuple(map(float, evidence["windows_s"])), seed=evidence["seed"]
            ),
            known_file=recorded["known_file"],
        )
    except (OSError, ValueError, KeyError, TypeError) as reason:
        raise HouselightsError(
            f"{run_dir / 'manifest.json'} does not say how the scan was made ({reason}). Scan again."
        ) from None


def _check(run_dir: Path) -> int:
    """Accounts free to be members of implants. Raises HouselightsError where a table is missing or the data are too few."""
    for table in (POSTS, TRACES, MEMBERS):
        if not (run_dir / table.file).is_file():
            raise HouselightsError(f"{run_dir / table.file} is missing. Run the scan again.")
    try:
        posts = POSTS.check(pq.read_table(run_dir / POSTS.file))
        TRACES.check(pq.read_table(run_dir / TRACES.file))
        MEMBERS.check(pq.read_table(run_dir / MEMBERS.file))
    except (OSError, pa.ArrowException, HouselightsError) as reason:
        raise HouselightsError(f"A table in {run_dir} cannot be read ({reason}). Run the scan again.") from None
    ground = Ground.of(posts, _in_findings(run_dir))
    if len(ground.accounts) < 2 * min(SIZES):
        raise TooFewAccounts(
            f"{run_dir} holds {len(ground.accounts)} accounts outside its findings; planting groups of {min(SIZES)} "
            f"among them needs {2 * min(SIZES)}. Scan more posts."
        )
    return len(ground.accounts)


def _in_findings(run_dir: Path) -> set[str]:
    return set(pq.read_table(run_dir / MEMBERS.file, columns=["account_id"])["account_id"].to_pylist())


# -- in the worker processes -----------------------------------------------------------------------------------------


class _Worker:
    """What every task needs, loaded once per process."""

    def __init__(self, run_dir: Path, scan: ScanSettings, seed: int) -> None:
        self.run_dir, self.scan, self.seed = run_dir, scan, seed
        con = connect(threads=1)
        posts, traced = run_dir / POSTS.file, run_dir / TRACES.file
        self.windows_s, _ = usable_windows(con, posts, scan.evidence)
        self.events = events.load(con, str(posts), str(traced), scan.evidence.seed)
        con.close()
        self.posts, self.traces = POSTS.check(pq.read_table(posts)), TRACES.check(pq.read_table(traced))
        named = _in_findings(run_dir)
        self.ground = Ground.of(self.posts, named)
        authors = self.posts["author_id"].take(self.events.account_rows).to_pylist()
        self.in_findings = np.array([a in named for a in authors], dtype=np.bool_)

    def copy(self, k: int, wanted: list[tuple[int, int]]) -> list[recall.Outcome]:
        return recall.scan_copy(self.posts, self.traces, self.ground, wanted, self.scan, self.seed, k)

    def shuffle(self, kind: str, k: int) -> int:
        return shuffles.draw(self.events, self.in_findings, kind, self.windows_s, self.scan.evidence, self.seed, k)

    def uniformity(self) -> dict[str, Any]:
        ordinary = self.events.of(~self.in_findings)
        if not self.windows_s or not len(ordinary.account):
            return {"pairs": [], "groups": {}}
        pairs = [uniformity.pairs(ordinary, w, self.seed) for w in self.windows_s]
        return {"pairs": pairs, "groups": uniformity.groups(ordinary, self.windows_s, self.seed)}


_worker: _Worker | None = None


@contextmanager
def _deaf_to_interrupts() -> Iterator[None]:
    """What is started meanwhile takes no heed of Ctrl-C from its first moment: it is for the process that the user sees."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _load(run_dir: Path, scan: ScanSettings, seed: int) -> None:
    global _worker
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that the user sees, which ends this one
    _worker = _Worker(run_dir, scan, seed)


def _work(task: Task) -> Any:
    assert _worker is not None
    what, about = task
    if what == "copy":
        return _worker.copy(*about)
    if what == "shuffle":
        return _worker.shuffle(*about)
    if what == "variant":
        return sensitivity.groups(_worker.run_dir, about)
    return _worker.uniformity()


# -- what comes out --------------------------------------------------------------------------------------------------


def _report(
    run_dir: Path, scan: ScanSettings, settings: CalibrateSettings, done: list[tuple[Task, Any]]
) -> dict[str, Any]:
    def of(what: str) -> list[tuple[Any, Any]]:
        return [(about, result) for (kind, about), result in done if kind == what]

    findings = json.loads((run_dir / "findings.json").read_text(encoding="utf-8"))
    accounts: dict[str, set[str]] = {f["finding_id"]: set() for f in findings}
    for m in pq.read_table(run_dir / MEMBERS.file).to_pylist():
        if m["role"] != "source":
            accounts[m["finding_id"]].add(m["account_id"])
    passed = {kind: [n for (k, _), n in of("shuffle") if k == kind] for kind in shuffles.KINDS}
    [(_, uniform)] = of("uniformity")
    recorded = {k: v for k, v in asdict(settings).items() if k != "jobs"}
    return {
        "settings": {
            **recorded,
            "q": scan.evidence.q,
            "windows_s": list(scan.evidence.windows_s),
            "scan_seed": scan.evidence.seed,
        },
        "tactics": {t.name: t.words for t in TACTICS},
        "shuffles": [shuffles.summary(kind, n) for kind, n in passed.items() if n],
        "uniformity": uniform,
        "recall": recall.summary([o for _, outcomes in of("copy") for o in outcomes]),
        "sensitivity": sensitivity.summary(accounts, of("variant")),
    }


def _plain(value: Any) -> Any:
    """Numbers that JSON can hold: no infinities, no NaN."""
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
