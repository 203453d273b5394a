"""opinion: what it does. Rooms are imported inside, so that a command loads only what it needs."""

import argparse
import os
import sys
from typing import TYPE_CHECKING, Any

from houselights.core.errors import shortage_told
from houselights.core.settings import OpinionSettings

if TYPE_CHECKING:
    from houselights.results import Results

DONE, FOUND = 0, 10
SPIKE_INS, MOST_POSTS = 4, 20_000
"""What runs by itself: about a minute. On more posts it is left to whoever asks for it."""


def opinion(args: argparse.Namespace) -> int:
    from houselights.engine.local import connect
    from houselights.findings import opinion as story
    from houselights.outlets import opinion as outlet
    from houselights.outlets import report as page
    from houselights.outlets import summary
    from houselights.outlets.wording import passed, rate
    from houselights.results import Results

    results = Results(args.run)
    settings = OpinionSettings(args.topic, args.dimension, args.target, args.draws, args.seed)
    with shortage_told(args.run):
        con = connect()
        story.check(con, args.run, settings)  # said before anything is planted
        rows, source = _recall(args, results)
        found = story.write(con, args.run, settings, rows, source, rate(results))
    results = Results(args.run)
    report = page.write(results)
    if args.json:
        print(summary.dumps(found))
    elif not args.quiet:
        outlet.show(found, results, summary.console(sys.stdout), report)
    return FOUND if passed(results.findings) else DONE


def _recall(args: argparse.Namespace, results: "Results") -> tuple[list[dict[str, Any]], str]:
    """What is known of recall on this data, and where from: calibrate, spike-ins made now, or nothing."""
    calibration = results.calibration
    if args.spike_ins is None and calibration and calibration["recall"]:
        return calibration["recall"], "calibration"
    n = args.spike_ins
    if n is None:
        n = SPIKE_INS if results.counts["posts"] <= MOST_POSTS else 0
    if not n:
        return [], "unknown"
    from houselights.calibrate import spike_ins
    from houselights.outlets.commands import steps

    jobs = args.jobs or (len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)
    with steps(args.quiet, "spike-ins") as progress:
        rows = spike_ins(args.run, n, jobs, args.seed, progress)
    return rows, "spike-ins" if rows else "unknown"
