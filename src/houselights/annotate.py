"""The story of annotation, on a finished RUN: what stages ask -> a model's answers -> names, summaries, stance and techniques. Heads mark what no
model is asked. Nothing here reaches a test, a tier or a member."""

import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from houselights.content import agreement, by_heads, marking, naming, technique_head
from houselights.content.earlier_tables import kept_with
from houselights.content.technique_names import TECHNIQUES
from houselights.content.write import write_table
from houselights.core.errors import HouselightsError
from houselights.core.paths import in_sql
from houselights.core.settings import AnnotateSettings
from houselights.core.tables import ANNOTATIONS, ANSWERS, ASKED, DESCRIPTIONS, POSTS, PROMPTS
from houselights.findings import reading
from houselights.llm import ask, estimate, ray_batch, store
from houselights.llm.base import Check, Driver, Priced

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
    n_marked: dict[str, int] = field(
        default_factory=dict
    )  # by who marked, task and target: posts with a label that is not 'unclear'
    n_unclear: dict[str, int] = field(default_factory=dict)  # by the same: posts that are
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


def cost(job: Job, by: Priced) -> estimate.Estimate:
    """What answering the job would take, before anything is asked."""
    with store.opened(job.run_dir, writes=False) as held:
        return estimate.of(job.questions, by, held)


def answer(job: Job, driver: Driver, fence: str, progress: Progress | None = None) -> ask.Told:
    """Asks what was not answered before. Raises HouselightsError where the server cannot be used; answers so far are kept."""
    tell = progress or (lambda stage, share: None)
    with store.opened(job.run_dir) as held:
        return ask.ask(job.questions, driver, held, CHECKS, fence, lambda done, n: tell("model", done / max(n, 1)))


def answer_on_ray(job: Job, engine: ray_batch.Engine, fence: str) -> ask.Told:
    """As `answer`, by vLLM on the GPU workers of the Ray cluster that this process is connected to."""
    with store.opened(job.run_dir) as held:
        before = len(held.held([w.key for w in job.questions]))
        told = ray_batch.answer(job.questions, engine, held, CHECKS, fence)
        missing = len({w.key for w in job.questions}) - before - told.n_new
    return ask.Told(told.n_new, before, missing, ["the engine gave none to them."] if missing else [])


def held(job: Job) -> pa.Table:
    """`answers` to the job's questions, as far as the RUN's store has them."""
    with store.opened(job.run_dir) as kept:
        return kept.answers([w.key for w in job.questions])


def write(
    con: duckdb.DuckDBPyConnection,
    run_dir: Path,
    settings: AnnotateSettings,
    job: Job | None = None,
    answers: pa.Table | None = None,
    progress: Progress | None = None,
) -> AnnotateReport:
    """Writes prompts, answers, annotations and descriptions into the RUN: from `answers` to the job's questions, and from the heads for stance and
    techniques. Rows of earlier runs stay, but for those that this one made anew: see `_keep`."""
    _complete(run_dir)
    report = AnnotateReport(skipped=dict(job.skipped) if job else {})
    answers = ANSWERS.empty() if answers is None else answers
    read, described = _read(con, run_dir, job, answers) if job else ([], [])
    statuses = answers["status"].to_pylist()
    report.n_unfit, report.n_refused = statuses.count("unfit"), statuses.count("refused")
    tell = progress or (lambda stage, share: None)
    tasks = [t for t in marking.TASKS if t in settings.tasks and (t != marking.STANCE or settings.targets)]
    by_head = by_heads.mark(con, run_dir, tasks, settings, lambda done, n: tell("heads", done / max(n, 1)))
    if marking.STANCE in settings.tasks and not settings.targets:
        by_head.left_out[marking.STANCE] = "no target was named (--target)"
    report.skipped |= {f"head {what}": why for what, why in by_head.left_out.items()}
    fresh = marking.table([*read, *by_head.rows])
    report.n_described = len(described)
    report.n_marked, report.n_unclear = _counts(fresh, by_head.done)
    whole = _keep(run_dir, job, answers, fresh, described, by_head.done)
    if job:
        report.agreement = _agreement(whole, job, answers)
    return report


def _keep(
    run_dir: Path,
    job: Job | None,
    answers: pa.Table,
    fresh: pa.Table,
    described: Sequence[dict[str, Any]],
    by_head: Sequence[tuple[str, str, str]],
) -> pa.Table:
    """Writes the four tables, and returns the annotations. What goes: a head's rows of a task and target that it marked anew; a model's rows of a
    post that it answered anew; a narrative's name, a finding's summary or advice that was written anew, by whichever model. All else stays."""
    questions = job.questions if job else []
    answered = set(answers["prompt_id"].to_pylist())
    read = [(w.task, w.target, job.model, w.subject_id) for w in questions if job and w.prompt_id in answered]
    whole = kept_with(
        run_dir,
        ANNOTATIONS,
        fresh,
        _rows(by_head, ("task", "target", "model")),
        _rows(read, ("task", "target", "model", "post_id")),
    )
    said = pa.Table.from_pylist(list(described), schema=DESCRIPTIONS.schema)
    prompts = ask.table(questions)
    write_table(run_dir, PROMPTS, kept_with(run_dir, PROMPTS, prompts, prompts.select(["prompt_id", "subject_id"])))
    write_table(run_dir, ANSWERS, kept_with(run_dir, ANSWERS, answers, answers.select(["prompt_id", "model"])))
    write_table(run_dir, ANNOTATIONS, whole)
    of = said.select(["task", "subject_id", "target"])
    write_table(run_dir, DESCRIPTIONS, kept_with(run_dir, DESCRIPTIONS, said, of))
    return whole


def _rows(values: Sequence[tuple[str, ...]], names: Sequence[str]) -> pa.Table:
    columns = list(zip(*values, strict=True)) if values else [()] * len(names)
    return pa.table([pa.array(c, pa.string()) for c in columns], names=list(names))


def _counts(annotations: pa.Table, by_head: Sequence[tuple[str, str, str]]) -> tuple[dict[str, int], dict[str, int]]:
    """Posts with a label other than 'unclear', and posts that are unclear, by who marked, task and target."""
    posts: dict[str, set[str]] = {f"{model} {task} {target}".strip(): set() for task, target, model in by_head}
    unclear: dict[str, set[str]] = defaultdict(set)
    for r in annotations.select(["model", "task", "target", "label", "post_id"]).to_pylist():
        who = f"{r['model']} {r['task']} {r['target']}".strip()
        posts.setdefault(who, set())
        (unclear if r["label"] == "unclear" else posts)[who].add(r["post_id"])
    return {who: len(ids) for who, ids in sorted(posts.items())}, {
        who: len(ids) for who, ids in sorted(unclear.items())
    }


def _agreement(annotations: pa.Table, job: Job, answers: pa.Table) -> list[dict[str, Any]]:
    """Of the job's model and the heads; what other models marked earlier stands beside both."""
    who = annotations["model"].to_pylist()
    mine = pa.array([m == job.model or m.startswith(agreement.HEAD) for m in who], pa.bool_())
    shown = [t for t in technique_head.shown() if t in TECHNIQUES]
    return agreement.between(annotations.filter(mine), _read_by_model(job, answers), shown)


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
