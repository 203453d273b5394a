"""annotate, sample and models: what each does. Rooms are imported inside, so that a command loads only what it needs."""

import argparse
import os
import secrets
import sys
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from houselights.core.errors import HouselightsError, refuse_to_lose, shortage_told
from houselights.core.settings import AnnotateSettings
from houselights.outlets.hostile import terminal

if TYPE_CHECKING:
    from houselights.annotate import AnnotateReport, Job, Progress
    from houselights.llm.base import Driver
    from houselights.results import Results

DONE = 0


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
            f"{report.told.n_unanswered:,} questions have no answer ({' '.join(report.told.reasons[:1])}) All others are kept; "
            "run the same command again to ask for the rest."
        )
    return DONE


def check(args: argparse.Namespace) -> None:
    """Raises HouselightsError where the chosen model cannot be asked."""
    if args.llm.startswith("replay:"):
        from houselights.llm import replay

        replay.model_of(replay.recorded(Path(args.llm.removeprefix("replay:"))))
    else:
        _driver(args)


def read_findings(args: argparse.Namespace) -> "tuple[Results, Path]":
    """After a scan: names of narratives, summaries and a view of explanations; stance and techniques are for `annotate`."""
    from houselights.outlets import report as page
    from houselights.outlets.commands import progress_bars
    from houselights.results import Results

    tasks = ("name", "summary", "explanation")
    run(args.out, AnnotateSettings(tasks, language=args.language), args, progress_bars(args.quiet))
    results = Results(args.out)
    return results, page.write(results)


def _settings(args: argparse.Namespace) -> AnnotateSettings:
    from houselights.outlets.model_options import TASKS

    unknown = [t for t in args.tasks if t not in TASKS]
    if unknown:
        raise HouselightsError(f"--tasks: there is no task {unknown[0]!r}. There are: {', '.join(TASKS)}.")
    targets = tuple(dict.fromkeys(t.strip() for t in args.target if t.strip()))
    return AnnotateSettings(
        args.tasks,
        targets,
        args.language,
        tuple(str(path) for path in args.head),
        args.posts,
        jobs=os.cpu_count() or 1,
    )


def run(
    run_dir: Path, settings: AnnotateSettings, args: argparse.Namespace, bars: AbstractContextManager["Progress | None"]
) -> "AnnotateReport | None":
    """Asks and writes; None where nothing was to be written (a dry run, an exported batch)."""
    from houselights import annotate as story
    from houselights.engine.local import connect

    con = connect()
    with shortage_told(run_dir):
        if args.export_batch or args.import_batch:
            job, told = _batch(con, run_dir, settings, args)
        elif args.llm == "none":
            if args.dry_run:
                print("No language model was chosen (--llm): no calls, no tokens. The heads ask nobody.")
                return None
            job, told = None, None
        elif args.llm.startswith("replay:"):
            job, told = _replay(con, run_dir, settings, Path(args.llm.removeprefix("replay:")))
        else:
            driver = _driver(args)
            job = story.prepare(con, run_dir, settings, driver.model)
            _tell_cost(job, driver, quiet=args.quiet and not args.dry_run)
            if args.dry_run:
                return None
            with bars as progress:
                told = story.answer(job, driver, secrets.token_hex(6), progress)
        if args.export_batch:
            return None
        report = story.write(con, job, run_dir, settings)
    report.model = job.model if job else ""
    report.told = told or report.told
    return report


def _driver(args: argparse.Namespace) -> "Driver":
    from houselights.llm import embedded, pool, server, weights

    if args.llm == "embedded":
        chosen = embedded.by_path(args.weights) if args.weights else weights.needed()
        return embedded.Embedded(chosen, parallel=args.parallel or embedded.PARALLEL)
    if args.weights:
        raise HouselightsError("--weights names a file of the embedded model: add --llm embedded.")
    several = pool.chosen if "," in args.llm else server.chosen
    return several(args.llm, args.llm_model, args.parallel or server.PARALLEL)


def _tell_cost(job: "Job", driver: "Driver", *, quiet: bool) -> None:
    if quiet:
        return
    from houselights import annotate as story
    from houselights.outlets import annotation

    print(terminal(annotation.cost(driver.model, story.cost(job, driver))), file=sys.stderr)


def _batch(con: Any, run_dir: Path, settings: AnnotateSettings, args: argparse.Namespace) -> "tuple[Job, None]":
    from houselights import annotate as story
    from houselights.llm import batch, store

    if not args.llm_model:
        raise HouselightsError("a batch is for one model: name it with --llm-model, as the service calls it.")
    job = story.prepare(con, run_dir, settings, args.llm_model)
    with store.opened(run_dir) as held:
        if args.import_batch:
            told = batch.read(args.import_batch, job.questions, args.llm_model, story.CHECKS, held)
            line = f"{told.n_new:,} answers, {told.n_unfit:,} of them unfit; {told.n_failed:,} failed there, {told.n_unknown:,} of other questions"
        else:
            refuse_to_lose([run_dir / "posts.parquet"], [args.export_batch])
            known = held.held([w.key for w in job.questions])
            n = batch.export(
                args.export_batch,
                [w for w in job.questions if w.key not in known],
                args.llm_model,
                secrets.token_hex(6),
            )
            line = f"{args.export_batch}: {n:,} questions, {len(known):,} were answered before"
    if not args.quiet:
        print(terminal(line), file=sys.stderr)
    return job, None


def _replay(con: Any, run_dir: Path, settings: AnnotateSettings, path: Path) -> "tuple[Job, Any]":
    from houselights import annotate as story
    from houselights.llm import ask, replay, store

    answers = replay.recorded(path)
    job = story.prepare(con, run_dir, settings, replay.model_of(answers))
    with store.opened(run_dir) as held:
        n_new = replay.keep(answers, job.questions, held)
        n_held = len(held.held([w.key for w in job.questions]))
    missing = len({w.key for w in job.questions}) - n_held
    reasons = [f"{path} has no answer to them."] if missing else []
    return job, ask.Told(n_new, n_held - n_new, missing, reasons)


def sample(args: argparse.Namespace) -> int:
    from houselights.content import audit
    from houselights.engine.local import connect
    from houselights.outlets import annotation, summary
    from houselights.results import Results

    Results(args.run)  # a RUN that is complete, or a sentence that says what is wrong
    if args.audit:
        told = audit.read_back(args.run, args.audit)
        if args.json:
            print(summary.dumps(annotation.audit_as_dict(told)))
        elif not args.quiet:
            annotation.show_audit(told, summary.console(sys.stdout))
        if args.save_head:
            _save_head(args)
        return DONE
    if not args.target:
        raise HouselightsError(
            f"--target: name {'the target of the stance' if args.task == 'stance' else 'the technique'} that was annotated."
        )
    path = args.out or args.run / "sample.csv"
    if path.exists():
        raise HouselightsError(f"{path} exists, and labels may stand in it. Move it away, or give another --out.")
    con = connect()
    drawn = audit.draw(con, args.run, args.task, args.target, args.n, args.seed)
    audit.write_sheet(con, args.run, drawn, path)
    if not args.quiet:
        print(
            f"{terminal(str(path))}: {drawn.num_rows:,} posts. Fill in the column label with one of: {', '.join(audit.LABELS[args.task])}."
        )
        print(terminal(f"Then: houselights sample {args.run} --audit {path}"))
    return DONE


def _save_head(args: argparse.Namespace) -> None:
    from houselights.content import audit, by_heads, stance_head
    from houselights.engine.local import connect

    task, target, labelled = audit.labels_of_posts(args.run, args.audit)
    if task != "stance":
        raise HouselightsError("--save-head learns a stance; this sheet is of techniques.")
    head = by_heads.learn(connect(), args.run, labelled, target, os.cpu_count() or 1)
    stance_head.save([head], args.save_head)
    if not args.quiet:
        print(
            f"{terminal(str(args.save_head))}: use it with "
            f"houselights annotate {terminal(str(args.run))} --target {terminal(repr(target))} --head {terminal(str(args.save_head))}"
        )


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
