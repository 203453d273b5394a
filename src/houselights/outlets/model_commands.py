"""annotate, sample and models: what each does. Rooms are imported inside, so that a command loads only what it needs."""

import argparse
import os
import secrets
import sys
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from houselights.core.errors import (
    HouselightsError,
    damage_told,
    refuse_to_lose,
    refuse_unwritable,
    shortage_told,
)
from houselights.core.settings import AnnotateSettings
from houselights.outlets.hostile import terminal
from houselights.outlets.model_options import TASKS, check_heads, check_options, utf8

if TYPE_CHECKING:
    import pyarrow as pa

    from houselights.annotate import AnnotateReport, Job, Progress
    from houselights.llm.ask import Told
    from houselights.llm.base import Driver, Priced
    from houselights.llm.ray_batch import Engine
    from houselights.results import Results

DONE = 0
RAY = "ray:"
MOST_JOBS = 8
"""Of the heads: each process loads the model of meaning, 0.3 GB."""


def annotate(args: argparse.Namespace) -> int:
    from houselights.outlets.commands import progress_bars

    settings = _settings(args)
    report = run(args.run, settings, args, progress_bars(args.quiet))
    if report is None:
        return DONE
    from houselights.outlets import annotation, summary
    from houselights.outlets import report as page
    from houselights.results import Results

    results = Results(args.run)
    page.write(results)
    if args.json:
        print(summary.dumps(annotation.as_dict(results, report)))
    elif not args.quiet:
        annotation.show(results, report, summary.console(sys.stdout))
    if report.told.n_unanswered:
        raise HouselightsError(
            f"{_unanswered(report)} All others are kept; run the same command again to ask for the rest."
        )
    return DONE


def _unanswered(report: "AnnotateReport") -> str:
    return f"{report.told.n_unanswered:,} questions have no answer ({' '.join(report.told.reasons[:1])})"


def check(args: argparse.Namespace) -> None:
    """Raises HouselightsError where the chosen model cannot be asked, or options contradict each other."""
    check_options(args)
    if args.llm.startswith("replay:"):
        from houselights.llm import replay

        replay.model_of(replay.recorded(Path(args.llm.removeprefix("replay:"))))
    elif args.llm != "none" and not args.llm.startswith(RAY):
        _driver(args)


def read_findings(args: argparse.Namespace) -> "tuple[Results, Path]":
    """After a scan: names of narratives, summaries and a view of explanations; stance and techniques are for `annotate`. The findings stand whatever
    becomes of it; what was not answered is told, on stderr and in the manifest."""
    from houselights.outlets import report as page
    from houselights.outlets.commands import progress_bars
    from houselights.pipeline import add_to_manifest
    from houselights.results import Results

    tasks = ("name", "summary", "explanation")
    lacking, told = "", {"answered": 0, "unanswered": 0, "stopped": False}
    try:
        report = run(args.out, AnnotateSettings(tasks, language=args.language), args, progress_bars(args.quiet))
        if report:
            told |= {"answered": report.told.n_asked + report.told.n_held, "unanswered": report.told.n_unanswered}
            lacking = _unanswered(report) if report.told.n_unanswered else ""
    except HouselightsError as error:
        lacking, told["stopped"] = str(error), True
    if lacking:
        print(f"houselights: {terminal(lacking)}", file=sys.stderr)
        more = f"the findings are whole. To ask again: houselights annotate {args.out} --tasks {','.join(tasks)}, with the same --llm."
        print(f"houselights: {terminal(more)}", file=sys.stderr)
    add_to_manifest(args.out, {"language_model": told})
    results = Results(args.out)
    return results, page.write(results)


def _settings(args: argparse.Namespace) -> AnnotateSettings:
    check_options(args)
    unknown = [t for t in args.tasks if t not in TASKS]
    if unknown:
        raise HouselightsError(f"--tasks: there is no task {unknown[0]!r}. There are: {', '.join(TASKS)}.")
    targets = tuple(dict.fromkeys(utf8("--target", t.strip()) for t in args.target if t.strip()))
    check_heads(args.head, targets)
    if args.dry_run and (args.export_batch or args.import_batch):
        raise HouselightsError(
            "--dry-run tells what --llm would cost; a batch file asks nothing. Leave one of them out."
        )
    if args.export_batch:
        refuse_unwritable(args.export_batch.parent, f"--export-batch {args.export_batch}")
    return AnnotateSettings(
        args.tasks,
        targets,
        args.language,
        tuple(str(path) for path in args.head),
        args.posts,
        jobs=min(MOST_JOBS, os.cpu_count() or 1),
    )


def run(
    run_dir: Path, settings: AnnotateSettings, args: argparse.Namespace, bars: AbstractContextManager["Progress | None"]
) -> "AnnotateReport | None":
    """Asks and writes; None where nothing was to be written (a dry run, an exported batch)."""
    from houselights import annotate as story
    from houselights.engine.local import connect
    from houselights.results import Results

    _ = Results(run_dir).findings  # a RUN that is complete, or a sentence that says what is wrong
    con = connect()
    with damage_told(run_dir), shortage_told(run_dir):
        if args.dry_run:
            _dry_run(con, run_dir, settings, args)
            return None
        refuse_unwritable(run_dir, f"the annotations of {run_dir}")
        if args.export_batch:
            _export(con, run_dir, settings, args)
            return None
        job, answers, told = _asked(con, run_dir, settings, args, bars)
        report = story.write(con, run_dir, settings, job, answers)
    report.model = job.model if job else ""
    report.told = told or report.told
    return report


def _asked(
    con: Any,
    run_dir: Path,
    settings: AnnotateSettings,
    args: argparse.Namespace,
    bars: AbstractContextManager["Progress | None"],
) -> "tuple[Job | None, pa.Table | None, Told | None]":
    """The questions, the answers that there are to them, and what became of asking."""
    from houselights import annotate as story

    if args.import_batch:
        job = _import(con, run_dir, settings, args)
        return job, story.held(job), None
    if args.llm == "none":
        return None, None, None
    if args.llm.startswith("replay:"):
        return _replay(con, run_dir, settings, Path(args.llm.removeprefix("replay:")))
    if args.llm.startswith(RAY):
        return _on_ray(con, run_dir, settings, args)
    driver = _driver(args)
    job = story.prepare(con, run_dir, settings, driver.model)
    _tell_cost(job, driver, quiet=args.quiet)
    with bars as progress:
        told = story.answer(job, driver, secrets.token_hex(6), progress)
    return job, story.held(job), told


def _on_ray(
    con: Any, run_dir: Path, settings: AnnotateSettings, args: argparse.Namespace
) -> "tuple[Job, pa.Table, Told]":
    from houselights import annotate as story
    from houselights.engine.on_ray import started

    engine = _engine(args)
    job = story.prepare(con, run_dir, settings, engine.model)
    _tell_cost(job, engine, quiet=args.quiet)
    with started(args.ray_address) if story.cost(job, engine).n_calls else nullcontext():
        told = story.answer_on_ray(job, engine, secrets.token_hex(6))
    return job, story.held(job), told


def _engine(args: argparse.Namespace) -> "Engine":
    from houselights.llm.ray_batch import Engine

    return Engine(args.llm.removeprefix(RAY), args.gpus, args.gpus_a_replica)


def _dry_run(con: Any, run_dir: Path, settings: AnnotateSettings, args: argparse.Namespace) -> None:
    """Writes nothing, and tells its cost even where it is to be quiet: that is what it is for."""
    from houselights import annotate as story

    if args.llm == "none":
        print("No language model was chosen (--llm): no calls, no tokens. The heads ask nobody.")
    elif args.llm.startswith("replay:"):
        job, _, told = _replay(con, run_dir, settings, Path(args.llm.removeprefix("replay:")))
        line = f"{job.model}: {told.n_held:,} questions have a recorded answer, {told.n_unanswered:,} have none. Nobody is asked."
        print(terminal(line), file=sys.stderr)
    else:
        by = _engine(args) if args.llm.startswith(RAY) else _driver(args)
        _tell_cost(story.prepare(con, run_dir, settings, by.model), by, quiet=False)


def _driver(args: argparse.Namespace) -> "Driver":
    from houselights.llm import embedded, pool, server, weights

    if args.llm == "embedded":
        chosen = embedded.by_path(args.weights) if args.weights else weights.needed()
        return embedded.Embedded(chosen, parallel=args.parallel or embedded.PARALLEL)
    several = pool.chosen if "," in args.llm else server.chosen
    return several(args.llm, args.llm_model, args.parallel or server.PARALLEL)


def _tell_cost(job: "Job", by: "Priced", *, quiet: bool) -> None:
    if quiet:
        return
    from houselights import annotate as story
    from houselights.outlets import annotation

    print(terminal(annotation.cost(by.model, story.cost(job, by))), file=sys.stderr)


def _export(con: Any, run_dir: Path, settings: AnnotateSettings, args: argparse.Namespace) -> None:
    from houselights.llm import batch, store

    job = _batch_job(con, run_dir, settings, args)
    refuse_to_lose([run_dir / "posts.parquet"], [args.export_batch])
    with store.opened(run_dir, writes=False) as kept:
        known = kept.held([w.key for w in job.questions])
    todo = [w for w in job.questions if w.key not in known]
    n = batch.export(args.export_batch, todo, args.llm_model, secrets.token_hex(6))
    if not args.quiet:
        line = f"{args.export_batch}: {n:,} questions, {len(known):,} were answered before"
        print(terminal(line), file=sys.stderr)


def _import(con: Any, run_dir: Path, settings: AnnotateSettings, args: argparse.Namespace) -> "Job":
    from houselights import annotate as story
    from houselights.llm import batch, store

    job = _batch_job(con, run_dir, settings, args)
    with store.opened(run_dir) as kept:
        told = batch.read(args.import_batch, job.questions, args.llm_model, story.CHECKS, kept)
    if not args.quiet:
        unknown = f"{told.n_failed:,} failed there, {told.n_unknown:,} of other questions"
        print(f"{told.n_new:,} answers, {told.n_unfit:,} of them unfit; {unknown}", file=sys.stderr)
    return job


def _batch_job(con: Any, run_dir: Path, settings: AnnotateSettings, args: argparse.Namespace) -> "Job":
    from houselights import annotate as story

    if not args.llm_model:
        raise HouselightsError("a batch is for one model: name it with --llm-model, as the service calls it.")
    return story.prepare(con, run_dir, settings, args.llm_model)


def _replay(con: Any, run_dir: Path, settings: AnnotateSettings, path: Path) -> "tuple[Job, pa.Table, Told]":
    from houselights import annotate as story
    from houselights.llm import ask, replay

    recordings = replay.recorded(path)
    job = story.prepare(con, run_dir, settings, replay.model_of(recordings))
    answers, missing = replay.answers(recordings, job.questions, story.CHECKS)
    reasons = [f"{path} has no answer to them."] if missing else []
    return job, answers, ask.Told(0, answers.num_rows, missing, reasons)


def models(args: argparse.Namespace) -> int:
    from houselights.llm import weights
    from houselights.outlets.commands import progress_bars

    if args.what == "fetch":
        with progress_bars(args.quiet) as progress:
            show = progress or (lambda stage, share: None)
            got = weights.fetch(lambda done, total: show("weights", done / max(total, 1)))
        if not args.quiet:
            print(f"{terminal(str(got.path))}: whole, sha256 {weights.QWEN.sha256}")
        return DONE
    found = weights.found()
    if found is None:
        print(
            f"{weights.QWEN.name}: not here. houselights models fetch brings it ({weights.QWEN.n_bytes / 1e9:.1f} GB, {weights.QWEN.licence})."
        )
        return DONE
    whole = weights.sha256(found.path) == weights.QWEN.sha256
    print(
        f"{found.name}: {terminal(str(found.path))}, {'whole' if whole else 'DAMAGED: another sha256. Fetch it again.'} ({weights.QWEN.licence})"
    )
    return DONE
