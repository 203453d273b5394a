"""What each command does. Rooms are imported inside, so that a command loads only what it needs."""

import argparse
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from houselights.core.errors import HouselightsError, refuse_to_lose, shortage_told
from houselights.core.settings import ContentSettings, EvidenceSettings, ReadSettings, ScanSettings
from houselights.outlets import model_commands
from houselights.outlets.hostile import terminal
from houselights.outlets.model_commands import annotate, models
from houselights.outlets.opinion_commands import opinion
from houselights.outlets.sample_commands import sample
from houselights.outlets.watching import watch

__all__ = ["annotate", "models", "opinion", "sample", "watch"]

if TYPE_CHECKING:
    from houselights.core.work import Work
    from houselights.results import Results
    from houselights.worlds import WorldSettings

DONE, FOUND = 0, 10
Progress = Callable[[str, float], None]


def scan(args: argparse.Namespace) -> int:
    settings = ScanSettings(
        read=_read_settings(args, account=args.account, link=args.link),
        content=_content_settings(args),
        evidence=EvidenceSettings(q=args.q, windows_s=args.windows, seed=args.seed),
        known_file=str(args.known) if args.known else None,
    )
    from houselights.results import refuse_foreign_directory

    refuse_foreign_directory(args.out)
    model_commands.check(args)  # said before anything is read
    tell = json_lines if args.progress_lines else None
    from houselights.engine.choice import chosen

    with chosen(args.engine, args.ray_address) as work:
        results, report = _scan(args.inputs, args.out, settings, quiet=args.quiet, tell=tell, work=work)
    if args.llm != "none":
        results, report = model_commands.read_findings(args)
    return _tell(args, results, report)


def _content_settings(args: argparse.Namespace) -> ContentSettings:
    if (args.embeddings or args.embeddings_model) and not args.narratives:
        raise HouselightsError(
            "--embeddings says where texts get their meaning from: add --narratives, which needs it."
        )
    if args.narratives_from and not args.narratives:
        raise HouselightsError("--narratives-from names an earlier run whose narratives go on: add --narratives.")
    if args.narratives_from and args.narratives_from.resolve() == args.out.resolve():
        raise HouselightsError(
            f"--narratives-from and --out are both {args.out}: write the new run into a directory of its own."
        )
    if args.narratives and not args.embeddings:
        from houselights.content import embedding

        embedding.chosen("", "")  # said before anything is read
    if args.narratives_from:
        from houselights.content import earlier

        earlier.check(args.narratives_from)
    return ContentSettings(
        args.narratives,
        args.embeddings,
        args.embeddings_model,
        os.cpu_count() or 1,
        str(args.narratives_from) if args.narratives_from else "",
    )


def _scan(
    inputs: list[Path],
    out: Path,
    settings: ScanSettings,
    *,
    quiet: bool,
    tell: Progress | None = None,
    work: "Work | None" = None,
) -> tuple["Results", Path]:
    for path in inputs:
        if not path.exists():
            raise HouselightsError(f"{path} does not exist. Give a file of posts.")
    from houselights.core.work import HERE
    from houselights.outlets import report
    from houselights.pipeline import scan as run_pipeline
    from houselights.results import Results

    with progress_bars(quiet) as progress:
        run_pipeline(inputs, out, settings, tell or progress, work=work or HERE)
    results = Results(out)
    return results, report.write(results)


def _tell(args: argparse.Namespace, results: "Results", report: Path) -> int:
    from houselights.outlets import summary
    from houselights.outlets.wording import passed

    code = FOUND if passed(results.findings) else DONE
    if args.json:
        print(summary.as_json(results, report, code))
    elif not args.quiet:
        summary.show(results, summary.console(sys.stdout), report)
    return code


def demo(args: argparse.Namespace) -> int:
    from houselights import worlds
    from houselights.core.tables import TRUTH
    from houselights.outlets import demonstration, summary
    from houselights.results import refuse_foreign_directory

    world = args.out / "world"
    if not (world / TRUTH.file).is_file():  # an interrupted demo may be run again
        refuse_foreign_directory(args.out)
    worlds.simulate_to(world, worlds.preset("demo"), args.seed)
    results, report = _scan([world / "posts.jsonl"], args.out, ScanSettings(), quiet=args.quiet)
    told = demonstration.compare(results, world)
    if args.json:
        print(demonstration.as_json(results, report, told))
    elif not args.quiet:
        out = summary.console(sys.stdout)
        summary.show(results, out, report)
        demonstration.show(told, out)
    if not args.no_open:
        import webbrowser

        webbrowser.open(report.resolve().as_uri())
    return DONE


def serve(args: argparse.Namespace) -> int:
    from houselights.outlets.web import server

    server.serve(args.run, args.port, open_browser=not args.no_open, quiet=args.quiet)
    return DONE


def diff(args: argparse.Namespace) -> int:
    from houselights.outlets import comparison, summary
    from houselights.results import Results

    told = comparison.compare(Results(args.run_a), Results(args.run_b))
    if args.json:
        print(summary.dumps(told))
    else:
        comparison.show(told, summary.console(sys.stdout))
    return DONE


def explain(args: argparse.Namespace) -> int:
    from houselights.outlets import explain as outlet
    from houselights.outlets import summary
    from houselights.results import Results

    outlet.show(Results(args.run), args.finding, summary.console(sys.stdout))
    return DONE


def export(args: argparse.Namespace) -> int:
    from houselights.outlets import export as outlet
    from houselights.results import Results

    if args.to == "site":
        from houselights.outlets.web.server import packages_told

        with packages_told():
            from houselights.outlets.web.site import write as write_site
        written = write_site(args.run, args.out)
    else:
        written = outlet.write(Results(args.run), args.to, args.out)
    print("\n".join(str(path) for path in written))
    return DONE


def simulate(args: argparse.Namespace) -> int:
    from houselights import worlds

    if args.out.exists() and (
        not args.out.is_dir() or (any(args.out.iterdir()) and not (args.out / "truth.parquet").is_file())
    ):
        raise HouselightsError(f"{args.out} exists and is not a simulated world. Give another --out.")
    worlds.simulate_to(args.out, _world(args), args.seed)
    print(args.out)
    return DONE


def _world(args: argparse.Namespace) -> "WorldSettings":
    """The preset, with what the user asks for instead."""
    from dataclasses import replace

    from houselights import worlds
    from houselights.worlds.settings import CONFOUNDERS, campaign

    unknown = [name for name in args.without if name not in CONFOUNDERS]
    if unknown:
        raise HouselightsError(f"--without: ordinary life has no '{unknown[0]}'; it has {', '.join(CONFOUNDERS)}.")
    asked = {
        "n_accounts": args.accounts,
        "n_days": args.days,
        "campaigns": None if args.tactics is None else tuple(campaign(name) for name in args.tactics),
        "lookalikes": args.lookalikes,
        "confounders": tuple(c for c in CONFOUNDERS if c not in args.without),
        "camouflage_0_1": args.camouflage,
        "retention_0_1": args.keep,
        "precision": args.precision,
    }
    return replace(worlds.preset(args.preset), **{k: v for k, v in asked.items() if v is not None})


def calibrate(args: argparse.Namespace) -> int:
    import json
    import os

    from houselights.calibrate import CalibrateSettings
    from houselights.calibrate import calibrate as measure
    from houselights.outlets import calibration, report, summary
    from houselights.results import Results

    Results(args.run)  # a RUN that is complete, or a sentence that says what is wrong
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    settings = CalibrateSettings(args.shuffles, args.implants, args.together, args.jobs or cores, args.seed)
    with steps(args.quiet, "calibrate") as progress:
        measured = measure(args.run, settings, progress)
    path = report.write(Results(args.run))
    if args.json:
        print(json.dumps(Results(args.run).calibration, ensure_ascii=False))
    elif not args.quiet:
        out = summary.console(sys.stdout)
        calibration.show(measured, out)
        out.print(f"Written to {terminal(str(args.run / 'calibration.json'))} and to {terminal(str(path))}.")
    return DONE


def claims(args: argparse.Namespace) -> int:
    from houselights.content import claim_matches
    from houselights.content.claims import read
    from houselights.core.tables import CLAIM_MATCHES
    from houselights.engine.local import connect
    from houselights.outlets import claims as outlet
    from houselights.outlets import report as page
    from houselights.outlets import summary
    from houselights.results import Results

    if args.embeddings_model and not args.embeddings:
        raise HouselightsError("--embeddings-model names a model of a server: add --embeddings URL.")
    Results(args.run)  # a RUN that is complete, or a sentence that says what is wrong
    refuse_to_lose([args.claims], [args.run / CLAIM_MATCHES.file])
    listed = read(args.claims)
    settings = ContentSettings(True, args.embeddings, args.embeddings_model, os.cpu_count() or 1)
    with shortage_told(args.run), progress_bars(args.quiet) as progress:
        show = progress or (lambda stage, share: None)
        report = claim_matches.write(
            connect(), args.run, listed, settings, lambda done, total: show("meaning", done / max(total, 1))
        )
    results = Results(args.run)
    page.write(results)
    if args.json:
        print(summary.dumps(outlet.as_dict(results, report.n_claims, report.n_texts, report.n_posts, report.model)))
    elif not args.quiet:
        outlet.show(results, summary.console(sys.stdout), report.n_claims, report.n_posts, report.model)
    return DONE


def train(args: argparse.Namespace) -> int:
    from houselights.outlets import training

    return training.train(args)


def network(args: argparse.Namespace) -> int:
    from houselights.engine.local import connect

    if not args.input.is_file():
        raise HouselightsError(f"{args.input} does not exist. Give a file of posts.")
    if args.out.exists() and not args.out.is_dir():
        raise HouselightsError(f"{args.out} is a file. Give a directory.")
    args.out.mkdir(parents=True, exist_ok=True)
    refuse_to_lose([args.input], [args.out / f"{table}.csv" for table in ("accounts", "edges", "groups", "pairs")])
    con = connect()
    if args.tool == "coortweet":
        from houselights.compat import coortweet

        coortweet.network(con, args.input, args.out, args.window, args.min_participation, args.edge_weight)
    else:
        from houselights.compat import cnt

        cnt.network(con, args.input, args.out, args.kind, args.window, args.min_weight)
    print(args.out)
    return DONE


def convert(args: argparse.Namespace) -> int:
    import tempfile

    from houselights import ingest
    from houselights.core.tables import POSTS, REJECTS
    from houselights.engine.local import connect
    from houselights.outlets import wording

    if args.out.is_dir():
        raise HouselightsError(f"{args.out} is a directory. Give the file to write, for instance posts.parquet.")
    rejects = args.out.with_name(f"{args.out.stem}.rejects.parquet")
    refuse_to_lose([args.input], [args.out, rejects])
    args.out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=args.out.parent, prefix=".houselights-") as beside:
        try:
            read = ingest.read_inputs(connect(), [args.input], Path(beside), _read_settings(args), None)
        except HouselightsError:
            if (Path(beside) / REJECTS.file).exists():
                (Path(beside) / REJECTS.file).replace(rejects)
                print(f"{terminal(str(rejects))}: every row, with the rule that it broke", file=sys.stderr)
            raise
        (Path(beside) / POSTS.file).replace(args.out)
        rejects.unlink(missing_ok=True)  # of an earlier file
        print(f"Read: {terminal(read.sources[0].guess)}")
        print(f"{terminal(str(args.out))}: {read.rows_accepted:,} of {read.rows_read:,} rows")
        if read.rows_filtered:
            print(f"{wording.count(read.rows_filtered, 'row')} outside --since and --until")
        if read.rows_rejected:
            (Path(beside) / REJECTS.file).replace(rejects)
            rules = ", ".join(f"{rule} {n:,}" for rule, n in read.rejected_by_rule.items())
            n_rows = wording.count(read.rows_rejected, "row")
            print(f"{terminal(str(rejects))}: {n_rows} not accepted ({terminal(rules)})")
    return DONE


def formats(args: argparse.Namespace) -> int:
    from houselights import ingest
    from houselights.outlets import formats as outlet

    print(outlet.as_json(ingest.formats()) if args.json else outlet.text(ingest.formats()))
    return DONE


def doctor(args: argparse.Namespace) -> int:
    from houselights.outlets import doctor as outlet

    return outlet.show(sys.stdout)


def _read_settings(args: argparse.Namespace, account: str | None = None, link: str | None = None) -> ReadSettings:
    if args.since and args.until and args.since >= args.until:
        raise HouselightsError("--since is not before --until, so that no post could be between them. Swap them?")
    return ReadSettings(args.format, args.map, args.since, args.until, account, link)


def json_lines(stage: str, done_0_1: float) -> None:
    """One step on stderr, for a program that watches."""
    print(f'{{"stage": "{stage}", "done_0_1": {done_0_1:.4f}}}', file=sys.stderr, flush=True)


@contextmanager
def steps(quiet: bool, what: str) -> Iterator[Callable[[int, int], None] | None]:
    """One bar on stderr with an estimate of the time left, only where somebody watches."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("left"))
    with Bars(*columns, TimeRemainingColumn(), console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task(what, total=None)
        yield lambda done, total: bars.update(task, completed=done, total=total)


@contextmanager
def progress_bars(quiet: bool) -> Iterator[Progress | None]:
    """A bar per stage on stderr, only where somebody watches."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TimeElapsedColumn())
    with Bars(*columns, console=Console(stderr=True), transient=True) as bars:
        tasks: dict[str, object] = {}

        def show(stage: str, done_0_1: float) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage, total=1.0)
            bars.update(tasks[stage], completed=done_0_1)  # type: ignore[arg-type]

        yield show
