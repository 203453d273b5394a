"""The story, one line per stage: inputs -> posts -> content -> traces -> evidence -> findings."""

import json
import resource
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import duckdb

from houselights import content, findings, ingest, traces
from houselights.core.detection import Detection
from houselights.core.errors import HouselightsError, refuse_to_lose, shortage_told
from houselights.core.finished import Finished, fingerprint
from houselights.core.paths import literally
from houselights.core.settings import ContentSettings, ReadSettings, ScanSettings, TraceSettings
from houselights.core.tables import ALL, LANGUAGES, NARRATIVES, POST_NARRATIVES, POSTS, REJECTS, TRACES
from houselights.core.urls import canonical_url
from houselights.core.work import HERE, Work
from houselights.engine.local import beside_arrays, connect
from houselights.evidence.detect import detect

Progress = Callable[[str, float], None]
Reader = Callable[
    [duckdb.DuckDBPyConnection, Path, Callable[[str, int, int], None], Callable[[], None]], ingest.IngestReport
]
"""Writes posts.parquet and rejects.parquet: (connection, directory, progress, what is called before anything is replaced)."""
MANIFEST = "manifest.json"


def scan(
    inputs: Sequence[Path],
    out_dir: Path,
    settings: ScanSettings,
    progress: Progress | None = None,
    reader: Reader | None = None,
    work: Work = HERE,
) -> dict[str, Any]:
    """Writes a RUN directory and returns its manifest. `progress(stage, share 0 to 1)` is called as the work goes on; `work`: where the parts of
    stages run, which changes no table.

    `reader` brings posts that lie elsewhere than in files, as those of a stream do; `inputs` then only say beside what they came.
    Until the manifest says `complete`, the directory is not a result: a killed run leaves none behind, and goes on after its last finished
    stage when it is run again.
    Raises HouselightsError for input that cannot be read, or that lies in `out_dir` where a result would replace it.
    """
    tell = progress or (lambda stage, share: None)
    refuse_to_lose(inputs, replaced(out_dir))
    out_dir.mkdir(parents=True, exist_ok=True)
    if not (out_dir / MANIFEST).exists():
        _begin_manifest(out_dir)
    finished = Finished(out_dir, inputs, version("houselights"))
    stages = _Stages(tell, finished)
    spill = out_dir / ".spill"
    con = connect(temp_dir=spill)
    try:
        with stages.timed("read"):
            if reader:
                read = _from_elsewhere(con, reader, out_dir, finished, tell)
            else:
                read = _read(con, inputs, out_dir, settings.read, finished, tell, work)
        with shortage_told(out_dir), stages.timed("content"):
            said = _content(con, out_dir, settings.content, finished, tell, work)
        with shortage_told(out_dir), stages.timed("traces"):
            folders = tuple(dict.fromkeys(str(Path(path).parent) for path in inputs))
            traced = _traces(con, out_dir, replace(settings.traces, media_folders=folders), finished, work)
        asked = _asked(con, out_dir, settings.read)
        with shortage_told(out_dir), stages.timed("evidence"):
            detection = beside_arrays(
                con, lambda: detect(con, out_dir / POSTS.file, out_dir / TRACES.file, settings.evidence, work)
            )
            detection, n_elsewhere = _touching(detection, asked)
        with shortage_told(out_dir), stages.timed("findings"):
            findings.write(con, out_dir, detection, settings)
    finally:
        con.close()
        shutil.rmtree(spill, ignore_errors=True)
    manifest = _manifest(read, said, traced, detection, n_elsewhere, settings, stages)
    finished.forget()
    write_manifest(out_dir, manifest)
    return manifest


def _from_elsewhere(
    con: duckdb.DuckDBPyConnection, reader: Reader, out_dir: Path, finished: Finished, tell: Progress
) -> ingest.IngestReport:
    """Whether such posts are those of an earlier scan cannot be told from files, so no stage is taken as done."""
    finished.forget()
    return reader(
        con, out_dir, lambda _, done, total: tell("read", done / max(total, 1)), lambda: _start_clean(out_dir)
    )


def _read(
    con: duckdb.DuckDBPyConnection,
    inputs: Sequence[Path],
    out_dir: Path,
    settings: ReadSettings,
    finished: Finished,
    tell: Progress,
    work: Work,
) -> ingest.IngestReport:
    def clean() -> None:
        finished.forget()
        _start_clean(out_dir)

    return finished.stage(
        "read",
        asdict(replace(settings, account=None, link=None)),
        (POSTS.file, REJECTS.file),
        ingest.IngestReport.told,
        lambda: ingest.read_inputs(
            con, inputs, out_dir, settings, lambda _, done, total: tell("read", done / max(total, 1)), clean, work
        ),
        asdict,
    )


def _content(
    con: duckdb.DuckDBPyConnection,
    out_dir: Path,
    settings: ContentSettings,
    finished: Finished,
    tell: Progress,
    work: Work,
) -> content.ContentReport:
    before = fingerprint(Path(settings.earlier_run) / NARRATIVES.file) if settings.earlier_run else []
    return finished.stage(
        "content",
        [asdict(replace(settings, jobs=1)), before],
        (LANGUAGES.file, NARRATIVES.file, POST_NARRATIVES.file),
        lambda told: content.ContentReport(**told),
        lambda: content.write(
            con,
            out_dir / POSTS.file,
            out_dir,
            settings,
            lambda done, total: tell("content", done / max(total, 1)),
            work,
        ),
        asdict,
    )


def _traces(
    con: duckdb.DuckDBPyConnection, out_dir: Path, settings: TraceSettings, finished: Finished, work: Work
) -> traces.TraceReport:
    posts, traced, told = out_dir / POSTS.file, out_dir / TRACES.file, out_dir / POST_NARRATIVES.file
    return finished.stage(
        "traces",
        asdict(settings),
        (TRACES.file,),
        lambda kept: traces.TraceReport(**kept),
        lambda: beside_arrays(con, lambda: traces.build(con, posts, traced, settings, told, work)),
        asdict,
    )


def _begin_manifest(out_dir: Path) -> None:
    write_manifest(out_dir, {"complete": False, "version": version("houselights")})


def _start_clean(out_dir: Path) -> None:
    """An earlier result goes when the new input has been read: a wrong file name costs nobody their evidence."""
    _begin_manifest(out_dir)
    for path in replaced(out_dir):
        path.unlink(missing_ok=True)


def replaced(out_dir: Path) -> list[Path]:
    """What an earlier scan left in a RUN directory, besides its manifest."""
    beside = ("findings.json", "calibration.json", "opinion.json", "report.html")
    return [out_dir / name for name in (*(t.file for t in ALL), *beside)]


@dataclass(frozen=True)
class _Asked:
    """Whom or what a user starts from: accounts by id (a handle may be several), a canonical link; None where not asked."""

    accounts: frozenset[str] | None
    link: str | None


def _asked(con: duckdb.DuckDBPyConnection, out_dir: Path, settings: ReadSettings) -> _Asked:
    """Raises HouselightsError where the data knows neither: 'nothing found' would be a wrong answer to a misspelt question."""
    accounts, link = None, None
    if settings.account:
        rows = con.execute(
            "SELECT DISTINCT author_id FROM read_parquet($posts) "
            "WHERE author_id = $asked OR lower(author_handle) = lower(ltrim($asked, '@'))",
            {"posts": literally(out_dir / POSTS.file), "asked": settings.account},
        ).fetchall()
        accounts = frozenset(str(r[0]) for r in rows)
        if not accounts:
            raise HouselightsError(
                f"--account: no post in this data is by '{settings.account}'. Give an account id or a handle as the file has it."
            )
    if settings.link:
        link = canonical_url(settings.link) or settings.link
        linked = "SELECT 1 FROM read_parquet(?) WHERE kind = 'link' AND object_id = ? LIMIT 1"
        if not con.execute(linked, [literally(out_dir / TRACES.file), link]).fetchall():
            raise HouselightsError(f"--link: no post in this data links '{settings.link}'.")
    return _Asked(accounts, link)


def _touching(detection: Detection, asked: _Asked) -> tuple[Detection, int]:
    """The groups that have to do with what a user starts from, and how many have not; the tests were made on all of them."""
    groups = list(detection.groups)
    if asked.accounts is not None:
        groups = [g for g in groups if any(m.account_id in asked.accounts for m in g.members)]
    if asked.link:
        groups = [g for g in groups if asked.link in set(g.coincidences["object_id"].to_pylist())]
    return replace(detection, groups=groups), len(detection.groups) - len(groups)


class _Stages:
    """Seconds and peak memory of each stage, and whether it was done before this scan was stopped and begun again."""

    def __init__(self, tell: Progress, finished: Finished) -> None:
        self.tell = tell
        self.finished = finished
        self.rows: list[dict[str, Any]] = []

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        self.tell(stage, 0.0)
        wall, cpu = time.perf_counter(), time.process_time()
        yield
        self.rows.append(
            {
                "stage": stage,
                "seconds": round(time.perf_counter() - wall, 2),
                "cpu_seconds": round(time.process_time() - cpu, 2),
                "peak_memory_mib_so_far": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
                **({"resumed": True} if stage in self.finished.resumed else {}),
            }
        )
        self.tell(stage, 1.0)


def _manifest(
    read: ingest.IngestReport,
    said: content.ContentReport,
    traced: traces.TraceReport,
    detection: Detection,
    n_elsewhere: int,
    settings: ScanSettings,
    stages: _Stages,
) -> dict[str, Any]:
    inputs = [
        {
            "path": s.file,
            "sha256": s.sha256,
            "bytes": s.n_bytes,
            "rows": s.rows_read,
            "accepted": s.rows_accepted,
            "rejected": s.rows_rejected,
            "outside_window": s.rows_filtered,
            "format": s.format,
            "guess": s.guess,
            "precision": s.precision,
            "lacks": s.lacks,
        }
        for s in read.sources
    ]
    no_traces = [
        {"channel": f"objects of kind {kind}", "reason": _lacking(read, kind) or reason}
        for kind, reason in (traced.not_run | ({"narrative": said.skipped} if said.skipped else {})).items()
    ]
    return {
        "complete": True,
        "version": version("houselights"),
        "inputs": inputs,
        "settings": json.loads(json.dumps(asdict(settings), default=str)),
        "asked": {
            "account": settings.read.account,
            "link": settings.read.link,
            "findings_elsewhere": n_elsewhere,
        },
        "seed": settings.evidence.seed,
        "accepted": read.rows_accepted,
        "rejected": read.rows_rejected,
        "rejected_by_rule": read.rejected_by_rule,
        "outside_window": read.rows_filtered,
        "late": 0,
        "content": asdict(said),
        "traces": traced.rows,
        "channels_run": list(detection.channels_run),
        "channels_skipped": [*detection.channels_skipped, *no_traces],
        "stages": stages.rows,
    }


def _lacking(read: ingest.IngestReport, kind: str) -> str | None:
    """The reason that lies in the export itself, where no input could have held such a thing."""
    sentences = [s.lacks.get(kind) for s in read.sources]
    return sentences[0] if all(sentences) else None


def add_to_manifest(out_dir: Path, told: dict[str, Any]) -> None:
    """What was done after the scan, for a reader of its result."""
    manifest = json.loads((out_dir / MANIFEST).read_text(encoding="utf-8"))
    write_manifest(out_dir, manifest | told)


def write_manifest(out_dir: Path, manifest: dict[str, Any]) -> None:
    beside = out_dir / (MANIFEST + ".part")
    beside.write_text(json.dumps(manifest, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    beside.replace(out_dir / MANIFEST)
