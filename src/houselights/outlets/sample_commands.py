"""sample: a blind sheet out, and what the filled-in one says. Rooms are imported inside, so that a command loads only what it needs."""

import argparse
import os
import sys

from houselights.core.errors import HouselightsError, damage_told, refuse_unwritable, shortage_told
from houselights.outlets.hostile import terminal
from houselights.outlets.model_options import utf8

DONE = 0


def sample(args: argparse.Namespace) -> int:
    from houselights.results import Results

    Results(args.run)  # a RUN that is complete, or a sentence that says what is wrong
    utf8("--target", args.target)
    for option, path in (("--save-head", args.save_head), ("--out", args.out)):
        if path:
            refuse_unwritable(path.parent, f"{option} {path}")
    refuse_unwritable(args.run, f"the sample or its audit in {args.run}")
    with damage_told(args.run), shortage_told(args.run):
        return _audit(args) if args.audit else _draw(args)


def _audit(args: argparse.Namespace) -> int:
    from houselights.content import audit
    from houselights.outlets import annotation, summary

    told = audit.read_back(args.run, args.audit, args.task or "", args.target)
    if args.json:
        print(summary.dumps(annotation.audit_as_dict(told)))
    elif not args.quiet:
        annotation.show_audit(told, summary.console(sys.stdout))
    if args.save_head:
        _save_head(args)
    return DONE


def _draw(args: argparse.Namespace) -> int:
    from houselights.content import blind_sample, sheet
    from houselights.engine.local import connect

    task = args.task or "stance"
    if args.save_head:
        raise HouselightsError("--save-head learns from a filled-in sheet: name it with --audit.")
    if not args.target:
        raise HouselightsError(
            f"--target: name {'the target of the stance' if task == 'stance' else 'the technique'} that was annotated."
        )
    path = args.out or args.run / "sample.csv"
    if path.exists():
        raise HouselightsError(f"{path} exists, and labels may stand in it. Move it away, or give another --out.")
    con = connect()
    drawn = blind_sample.draw(con, args.run, task, args.target, args.n, args.seed)
    sheet.write(con, args.run, drawn, path)
    if not args.quiet:
        print(
            f"{terminal(str(path))}: {drawn.num_rows:,} posts. Fill in the column label with one of: {', '.join(sheet.LABELS[task])}."
        )
        print(terminal(f"Then: houselights sample {args.run} --audit {path}"))
    return DONE


def _save_head(args: argparse.Namespace) -> None:
    from houselights.content import audit, by_heads, stance_head
    from houselights.engine.local import connect

    task, target, labelled = audit.labels_of_posts(args.run, args.audit, args.task or "", args.target)
    if task != "stance":
        raise HouselightsError("--save-head learns a stance; this sheet is of techniques.")
    head = by_heads.learn(connect(), args.run, labelled, target, os.cpu_count() or 1)
    stance_head.save([head], args.save_head)
    if not args.quiet:
        print(
            f"{terminal(str(args.save_head))}: use it with "
            f"houselights annotate {terminal(str(args.run))} --target {terminal(repr(target))} --head {terminal(str(args.save_head))}"
        )
