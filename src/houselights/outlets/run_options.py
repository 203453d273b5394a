"""Options of the commands that read a RUN: serve, explain, diff, export, claims, calibrate. Light: `--help` answers at once."""

from pathlib import Path
from typing import TYPE_CHECKING

from houselights.outlets import options

if TYPE_CHECKING:
    from houselights.outlets.options import Commands


def declare(commands: "Commands") -> None:
    _shown(commands)
    _claims(commands)
    _calibrate(commands)


def _shown(commands: "Commands") -> None:
    serve = commands.add_parser("serve", help="a RUN in the browser: the web app, on this machine alone")
    options.of_run(serve)
    serve.add_argument(
        "--port", type=options.port, default=None, metavar="N", help="port of 127.0.0.1 (default: a free one)"
    )
    serve.add_argument("--no-open", action="store_true", help="do not open the browser")
    serve.add_argument("--quiet", action="store_true", help="print the address alone")
    explain = commands.add_parser("explain", help="one finding, its evidence, in the terminal")
    options.of_run(explain)
    explain.add_argument("finding", metavar="FINDING", help="id of the finding, as `scan` shows it")
    diff = commands.add_parser("diff", help="what appeared, grew, faded between two runs")
    diff.add_argument("run_a", type=Path, metavar="RUN_A", help="the earlier RUN directory")
    diff.add_argument("run_b", type=Path, metavar="RUN_B", help="the later one")
    diff.add_argument("--json", action="store_true", help="print one JSON object on stdout instead of text")
    export = commands.add_parser("export", help="a RUN as graph files, CSV, the HTML report or static pages")
    options.of_run(export)
    export.add_argument(
        "--to",
        required=True,
        choices=("gexf", "graphml", "csv", "report", "site"),
        help="csv writes four files into a directory; site the reader view, without names, as static pages",
    )
    export.add_argument(
        "--out", type=Path, required=True, metavar="PATH", help="file to write; for csv and site a directory"
    )


def _claims(commands: "Commands") -> None:
    claims = commands.add_parser("claims", help="which posts of a RUN are about which claims of a list of yours")
    options.of_run(claims)
    claims.add_argument(
        "--claims",
        type=Path,
        required=True,
        metavar="FILE",
        help="CSV with the columns id, text, and where there are any url and verdict (its publisher's)",
    )
    options.server(claims, "default: the embedded model, where it is installed")
    options.talk(claims)


def _calibrate(commands: "Commands") -> None:
    calibrate = commands.add_parser(
        "calibrate",
        help="what this run's error rate and reach are on its own data: shuffles, planted groups, other settings",
    )
    options.of_run(calibrate)
    calibrate.add_argument(
        "--shuffles", type=options.count, default=20, metavar="N", help="shuffles of either kind (default: %(default)s)"
    )
    calibrate.add_argument(
        "--implants",
        type=options.count,
        default=20,
        metavar="N",
        help="planted groups of each tactic and size (default: %(default)s)",
    )
    calibrate.add_argument(
        "--together",
        type=options.count,
        default=5,
        metavar="N",
        help="planted groups that share a copy of the data (default: %(default)s; 1 takes five times as long)",
    )
    calibrate.add_argument(
        "--jobs", type=options.count, default=None, metavar="N", help="processes (default: one per core)"
    )
    calibrate.add_argument(
        "--seed", type=options.seed, default=0, metavar="N", help="other draws (default: %(default)s)"
    )
    options.talk(calibrate)
