"""The story of annotation, on a finished RUN: what stages ask -> a model's answers -> names, summaries, stance and techniques. Heads mark what no
model is asked. Nothing here reaches a test, a tier or a member."""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from houselights.content import agreement, by_heads, marking, naming, technique_head
from houselights.content.technique_names import TECHNIQUES
from houselights.content.write import write_table
from houselights.core.errors import HouselightsError
from houselights.core.paths import in_sql
from houselights.core.settings import AnnotateSettings
from houselights.core.tables import ANNOTATIONS, ANSWERS, ASKED, DESCRIPTIONS, POSTS, PROMPTS
from houselights.findings import reading
from houselights.llm import ask, estimate, store
from houselights.llm.base import Check, Driver

Progress = Callable[[str, float], None]
CHECKS: dict[str, Check] = {
    naming.TASK: naming.complaint,
    marking.STANCE: marking.stance_complaint,
    marking.TECHNIQUES: marking.techniques_complaint,
    reading.SUMMARY: reading.summary_complaint,
    reading.EXPLANATION: reading.explanation_complaint,
}
TASKS = tuple(CHECKS)


@dataclass
class AnnotateReport:
    """What was asked and marked; `skipped`: task -> why not."""

    model: str = ""
    told: ask.Told = field(default_factory=ask.Told)
    n_unfit: int = 0
    n_refused: int = 0
    n_described: int = 0
    n_marked: dict[str, int] = field(default_factory=dict)  # by who marked and task: posts with a row
    agreement: list[dict[str, Any]] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Job:
    """The questions of a RUN for one model, and what was left out of them."""

    run_dir: Path
    model: str
    questions: list[ask.Wanted]
    skipped: dict[str, str]


def prepare(con: duckdb.DuckDBPyConnection, run_dir: Path, settings: AnnotateSettings, model: str) -> Job:
    """Everything the chosen tasks ask of a model. Raises HouselightsError where the RUN is not complete."""
    _complete(run_dir)
    skipped: dict[str, str] = {}
    found = json.loads((run_dir / "findings.json").read_text(encoding="utf-8"))[: settings.most_findings]
    parts = [_names(con, run_dir, settings, found, skipped)] if naming.TASK in settings.tasks else []
    about = [t for t in (reading.SUMMARY, reading.EXPLANATION) if t in settings.tasks]
    if about and found:
        parts.append(reading.asked(con, run_dir, found, about, settings.language))
    skipped.update({t: "nothing was found" for t in about if not found})
    marks = [t for t in marking.TASKS if t in settings.tasks]
    if marking.STANCE in marks and not settings.targets:
        skipped[marking.STANCE] = "no target was named (--target)"
    posts = _sample(con, run_dir, settings) if marks else []
    if marking.STANCE in marks:
        parts += [marking.asked(marking.STANCE, posts, target) for target in settings.targets]
    if marking.TECHNIQUES in marks:
        parts.append(marking.asked(marking.TECHNIQUES, posts))
    asked = pa.concat_tables(parts) if parts else ASKED.empty_table()
    return Job(run_dir, model, ask.wanted(asked, model), skipped)


def cost(job: Job, driver: Driver) -> estimate.Estimate:
    """What answering the job would take, before anything is asked."""
    with store.opened(job.run_dir) as held:
        return estimate.of(job.questions, driver, held)


def answer(job: Job, driver: Driver, fence: str, progress: Progress | None = None) -> ask.Told:
    """Asks what was not answered before. Raises HouselightsError where the server cannot be used; answers so far are kept."""
    tell = progress or (lambda stage, share: None)
    with store.opened(job.run_dir) as held:
        return ask.ask(job.questions, driver, held, CHECKS, fence, lambda done, n: tell("model", done / max(n, 1)))


def write(
    con: duckdb.DuckDBPyConnection,
    job: Job | None,
    run_dir: Path,
    settings: AnnotateSettings,
    progress: Progress | None = None,
) -> AnnotateReport:
    """Writes prompts, answers, annotations and descriptions into the RUN: from the answers that its store holds to the job's questions, and from
    the heads for stance and techniques. What an earlier run with other tasks or another model wrote is replaced."""
    _complete(run_dir)
    report = AnnotateReport(skipped=dict(job.skipped) if job else {})
    rows: list[dict[str, Any]] = []
    described: list[dict[str, Any]] = []
    prompts, answers = PROMPTS.empty(), ANSWERS.empty()
    if job:
        with store.opened(run_dir) as held:
            answers = held.answers([w.key for w in job.questions])
        prompts = ask.table(job.questions)
        rows, described = _read(con, run_dir, job, answers)
        statuses = answers["status"].to_pylist()
        report.n_unfit, report.n_refused = statuses.count("unfit"), statuses.count("refused")
    tell = progress or (lambda stage, share: None)
    tasks = [t for t in marking.TASKS if t in settings.tasks and (t != marking.STANCE or settings.targets)]
    marked, why_not = (
        by_heads.mark(con, run_dir, tasks, settings, lambda done, n: tell("heads", done / max(n, 1)))
        if tasks
        else ([], {})
    )
    if marking.STANCE in settings.tasks and not settings.targets:
        why_not[marking.STANCE] = "no target was named (--target)"
    report.skipped |= {f"head {task}": why for task, why in why_not.items()}
    whole = marking.table([*rows, *marked])
    for table, content in ((PROMPTS, prompts), (ANSWERS, answers), (ANNOTATIONS, whole)):
        write_table(run_dir, table, content)
    described.sort(key=lambda d: (d["task"], d["subject_id"], d["target"], d["model"]))
    write_table(run_dir, DESCRIPTIONS, pa.Table.from_pylist(described, schema=DESCRIPTIONS.schema))
    report.n_described = len(described)
    report.n_marked = _counts(whole)
    if job:
        report.agreement = agreement.between(
            whole, _read_by_model(job, answers), [t for t in technique_head.shown() if t in TECHNIQUES]
        )
    return report


def _counts(annotations: pa.Table) -> dict[str, int]:
    """Posts with a row, by who marked and task."""
    seen = {(r["model"], r["task"], r["post_id"]) for r in annotations.select(["model", "task", "post_id"]).to_pylist()}
    return dict(sorted(Counter(f"{model} {task}" for model, task, _ in seen).items()))


def _read_by_model(job: Job, answers: pa.Table) -> dict[str, set[str]]:
    """Task and target -> posts with a valid answer."""
    ok = {r["prompt_id"] for r in answers.select(["prompt_id", "status"]).to_pylist() if r["status"] == "ok"}
    out: dict[str, set[str]] = defaultdict(set)
    for w in job.questions:
        if w.task in marking.TASKS and w.prompt_id in ok:
            out[f"{w.task}\0{w.target}"].add(w.subject_id)
    return dict(out)


def _complete(run_dir: Path) -> None:
    try:
        manifest = json.loads((run_dir / "manifest.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise HouselightsError(
            f"{run_dir} is no RUN directory of a scan ({error}). Run houselights scan first."
        ) from error
    if not (isinstance(manifest, dict) and manifest.get("complete")):
        raise HouselightsError(f"{run_dir}: the scan was not finished. Run it again.")


def _names(
    con: duckdb.DuckDBPyConnection,
    run_dir: Path,
    settings: AnnotateSettings,
    found: Sequence[dict[str, Any]],
    skipped: dict[str, str],
) -> pa.Table:
    """Narratives that findings push first, then the largest."""
    pushed = [str(n["narrative_id"]) for f in found for n in f.get("narratives") or []]
    ids = list(dict.fromkeys([*pushed, *naming.largest(con, run_dir, settings.most_names)]))[: settings.most_names]
    if not ids:
        skipped[naming.TASK] = "no narratives were made: scan with --narratives"
        return ASKED.empty_table()
    return naming.asked(con, run_dir, ids, settings.language)


_POSTS = """
WITH own AS (
    SELECT post_id, "text", md5(concat($seed, ' ', post_id)) AS draw, post_id IN (
        SELECT post_id_a FROM read_parquet({evidence}) UNION SELECT post_id_b FROM read_parquet({evidence})) AS found
    FROM read_parquet({posts}) WHERE kind <> 'repost' AND trim("text") <> ''
), ranked AS (SELECT *, row_number() OVER (PARTITION BY found ORDER BY draw, post_id) AS nth FROM own)
SELECT post_id, "text" FROM ranked ORDER BY nth, found DESC, post_id
"""


def _sample(con: duckdb.DuckDBPyConnection, run_dir: Path, settings: AnnotateSettings) -> list[tuple[str, str]]:
    """Posts in own words, by turns one of the findings' and one of all others, drawn by a keyed hash; all where `model_posts` is 0."""
    query = _POSTS.format(posts=in_sql(run_dir / POSTS.file), evidence=in_sql(run_dir / "evidence.parquet"))
    rows = con.execute(
        query + (f" LIMIT {settings.model_posts}" if settings.model_posts else ""), {"seed": str(settings.seed)}
    ).fetchall()
    return [(str(post_id), str(text)) for post_id, text in rows]


def _read(
    con: duckdb.DuckDBPyConnection, run_dir: Path, job: Job, answers: pa.Table
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """(rows of annotations, rows of descriptions) that the valid answers give."""
    of = {r["prompt_id"]: r for r in answers.to_pylist() if r["status"] == "ok"}
    text = _texts(con, run_dir, [w.subject_id for w in job.questions if w.task in marking.TASKS])
    rows: list[dict[str, Any]] = []
    described = []
    for w in job.questions:
        given = of.get(w.prompt_id)
        if given is None:
            continue
        found, model, version = json.loads(given["answer"]), str(given["model"]), w.prompt_version
        if w.task == marking.STANCE:
            rows += marking.stance_rows(w.subject_id, text[w.subject_id], w.target, found, model, version)
        elif w.task == marking.TECHNIQUES:
            rows += marking.technique_rows(w.subject_id, text[w.subject_id], found, model, version)
        elif w.task == naming.TASK:
            described.append(naming.described(w.subject_id, found, model, version))
        elif w.task == reading.SUMMARY:
            described.append(reading.summarised(w.subject_id, found, model, version))
        else:
            described.append(reading.advised(w.subject_id, w.target, found, model, version))
    return rows, described


def _texts(con: duckdb.DuckDBPyConnection, run_dir: Path, post_ids: list[str]) -> dict[str, str]:
    rows = con.execute(
        f'SELECT post_id, "text" FROM read_parquet({in_sql(run_dir / POSTS.file)}) WHERE list_contains($ids, post_id)',
        {"ids": post_ids},
    ).fetchall()
    return {str(post_id): str(text) for post_id, text in rows}
