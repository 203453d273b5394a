"""The command line. Imports nothing heavy at the top: `--help` answers at once, and a wrong option costs no second."""

import argparse
import errno
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from houselights import __version__
from houselights.core.errors import HouselightsError
from houselights.outlets import model_options, opinion_options, watch_options
from houselights.outlets.hostile import terminal

if TYPE_CHECKING:
    from datetime import datetime

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

DONE, OUR_FAULT, WRONG_USE, FOUND, INTERRUPTED, PIPE_CLOSED = 0, 1, 2, 10, 130, 141

STOPPED = (
    "interrupted. No half-written result is left; run the same command again (a scan goes on from what it had read)."
)
_PATHS = (errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.EROFS, errno.ENAMETOOLONG, errno.ELOOP, errno.EISDIR)
EPILOG = """\
exit codes: 0 done, nothing found; 10 done, at least one finding of tier 'observed' or better;
            2 wrong use or unreadable input; 1 a fault of ours
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code. Never raises for bad input."""
    if sys.stdout is None or sys.stderr is None:  # closed by whoever started us
        silent = open(os.devnull, "w")  # noqa: SIM115
        sys.stdout, sys.stderr = sys.stdout or silent, sys.stderr or silent
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a terminal without UTF-8 must not end a scan
    with suppress(ValueError):  # only the main thread may: whoever calls this from another stops it in another way
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that nothing half-written is left then either
    try:
        args = build_parser().parse_args(argv)
        from houselights.outlets import commands

        code: int = getattr(commands, args.command)(args)
        sys.stdout.flush()
        return code
    except HouselightsError as exc:
        return _complain(str(exc), WRONG_USE)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or the interpreter complains while it exits
        return PIPE_CLOSED
    except KeyboardInterrupt:
        return _complain(STOPPED, INTERRUPTED)
    except Exception as exc:
        if _interrupted(exc):
            return _complain(STOPPED, INTERRUPTED)
        if isinstance(exc, OSError) and exc.errno in _PATHS and exc.filename:
            return _complain(
                f"{exc.filename}: {exc.strerror}. Check the path, and who may read and write there.", WRONG_USE
            )
        if os.environ.get("HOUSELIGHTS_DEBUG"):
            raise
        what = f"{type(exc).__name__}: {exc}"
        return _complain(
            f"this is a fault of houselights, not of your data ({what[:300]}). "
            "Set HOUSELIGHTS_DEBUG=1 and run it again to get the traceback for a report.",
            OUR_FAULT,
        )


def _interrupted(exc: BaseException | None) -> bool:
    """DuckDB turns Ctrl-C into an error of its own: in a query, or in a stream of ours that it reads."""
    if exc is None:
        return False
    told = "Query interrupted" in str(exc) or "KeyboardInterrupt" in str(exc) or "ArrowCancelled" in str(exc)
    return told or isinstance(exc, KeyboardInterrupt) or _interrupted(exc.__cause__ or exc.__context__)


def _complain(message: str, code: int) -> int:
    print(f"houselights: {terminal(message)}", file=sys.stderr)
    return code


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="houselights",
        description="Finds groups of accounts that act together beyond chance, and states its error rate.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"houselights {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    _demo(commands)
    _scan(commands)
    watch_options.declare(commands, EPILOG, _number, _positive, _share, _seed)
    _reading(commands)
    _claims(commands)
    _network(commands)
    model_options.declare(commands, _talk, _names, _count, _seed)
    opinion_options.declare(commands, _talk, _count, _seed)
    _others(commands)
    _train(commands)
    for action in commands._choices_actions:
        command = commands.choices[action.dest]
        command.description = command.description or f"{str(action.help)[:1].upper()}{str(action.help)[1:]}."
    return parser


def _demo(commands: "Commands") -> None:
    demo = commands.add_parser("demo", help="a simulated world, scanned, the report opened: the first minute")
    demo.description = (
        "Simulates a world with planted groups and innocent look-alikes, scans it, compares with the truth."
    )
    demo.add_argument(
        "--out",
        type=Path,
        default=Path("houselights-demo"),
        metavar="DIR",
        help="where to write (default: %(default)s)",
    )
    demo.add_argument("--no-open", action="store_true", help="do not open the report in a browser")
    demo.add_argument("--seed", type=_seed, default=0, metavar="N", help="another world (default: %(default)s)")
    _talk(demo)


def _scan(commands: "Commands") -> None:
    scan = commands.add_parser("scan", help="the main job: any supported file(s) -> RUN directory", epilog=EPILOG)
    scan.formatter_class = argparse.RawDescriptionHelpFormatter
    scan.add_argument(
        "inputs",
        nargs="+",
        type=Path,
        metavar="INPUT",
        help="file(s) of posts; `houselights formats` lists what can be read",
    )
    scan.add_argument(
        "--out", type=Path, required=True, metavar="RUN", help="directory to write; a RUN directory is replaced"
    )
    _reading_options(scan)
    scan.add_argument("--q", type=_share, default=0.05, metavar="Q", help="false-discovery rate (default: %(default)s)")
    scan.add_argument(
        "--windows",
        type=_windows,
        default=(10.0, 60.0, 600.0),
        metavar="S,S,...",
        help="how close two posts must be, seconds (default: 10,60,600)",
    )
    scan.add_argument(
        "--seed",
        type=_seed,
        default=0,
        metavar="N",
        help="seed of every random draw; to try several until one finds something leaves no error rate (default: %(default)s)",
    )
    touching = scan.add_mutually_exclusive_group()
    touching.add_argument("--account", metavar="A", help="show only findings that touch this account")
    touching.add_argument("--link", metavar="URL", help="show only findings that touch this link")
    scan.add_argument(
        "--known",
        type=Path,
        metavar="FILE",
        help="organisations you vouch for: one line per organisation, its accounts by commas",
    )
    scan.add_argument(
        "--narratives",
        action="store_true",
        help="also group posts by what they say, in other words and languages; takes the extra `narratives` and minutes per 100,000 posts",
    )
    scan.add_argument(
        "--narratives-from",
        type=Path,
        metavar="RUN",
        help="with --narratives: those of an earlier run go on under their names where new posts tell them",
    )
    _server(scan, "with --narratives; default: the embedded model")
    steps = "tell each step as a line of JSON on stderr, for programs that show progress"
    scan.add_argument("--progress-lines", action="store_true", help=steps)
    scan.add_argument(
        "--engine",
        default="local",
        metavar="WHERE",
        help="local, or ray: the same work on a Ray cluster, with the same tables (extra `ray`; default: local)",
    )
    scan.add_argument(
        "--ray-address",
        default="",
        metavar="HOST:PORT",
        help="with --engine ray: a running cluster, which sees the files under the same paths (default: one of this machine)",
    )
    model_options.llm(scan, "no model")
    _talk(scan)


def _reading_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--format", default="auto", metavar="NAME", help="auto, or a name from `houselights formats`")
    parser.add_argument(
        "--map", type=column_map, default={}, metavar="text=body,...", help="our column=your column, for tables"
    )
    parser.add_argument(
        "--since",
        type=_time,
        metavar="T",
        help="only posts from this moment on (ISO 8601, UTC unless it says otherwise)",
    )
    parser.add_argument("--until", type=_time, metavar="T", help="only posts before this moment")


def _of_run(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", type=Path, metavar="RUN", help="directory that `houselights scan --out` made")


def _server(parser: argparse.ArgumentParser, otherwise: str) -> None:
    what = f"an OpenAI-compatible server for the meaning of texts, as http://127.0.0.1:8080/v1 ({otherwise})"
    parser.add_argument("--embeddings", metavar="URL", default="", help=what)
    key = "its model (key: HOUSELIGHTS_EMBEDDINGS_KEY in the environment)"
    parser.add_argument("--embeddings-model", metavar="NAME", default="", help=key)


def _talk(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON object on stdout instead of text")
    parser.add_argument("--quiet", action="store_true", help="print nothing but errors")


def _reading(commands: "Commands") -> None:
    serve = commands.add_parser("serve", help="a RUN in the browser: the web app, on this machine alone")
    _of_run(serve)
    serve.add_argument("--port", type=_port, default=None, metavar="N", help="port of 127.0.0.1 (default: a free one)")
    serve.add_argument("--no-open", action="store_true", help="do not open the browser")
    serve.add_argument("--quiet", action="store_true", help="print the address alone")
    explain = commands.add_parser("explain", help="one finding, its evidence, in the terminal")
    _of_run(explain)
    explain.add_argument("finding", metavar="FINDING", help="id of the finding, as `scan` shows it")
    diff = commands.add_parser("diff", help="what appeared, grew, faded between two runs")
    diff.add_argument("run_a", type=Path, metavar="RUN_A", help="the earlier RUN directory")
    diff.add_argument("run_b", type=Path, metavar="RUN_B", help="the later one")
    diff.add_argument("--json", action="store_true", help="print one JSON object on stdout instead of text")
    export = commands.add_parser("export", help="a RUN as graph files, CSV, the HTML report or static pages")
    _of_run(export)
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
    _of_run(claims)
    claims.add_argument(
        "--claims",
        type=Path,
        required=True,
        metavar="FILE",
        help="CSV with the columns id, text, and where there are any url and verdict (its publisher's)",
    )
    _server(claims, "default: the embedded model, where it is installed")
    _talk(claims)


def _network(commands: "Commands") -> None:
    network = commands.add_parser("network", help="the exact outputs of CooRTweet or Coordination Network Toolkit")
    network.add_argument("input", type=Path, metavar="INPUT", help="file of posts, or the tool's own input")
    network.add_argument("--as", dest="tool", required=True, choices=("coortweet", "cnt"), help="which tool's output")
    network.add_argument("--out", type=Path, required=True, metavar="DIR", help="where to write the tables")
    network.add_argument("--window", type=_number, default=60.0, metavar="S", help="seconds, inclusive (default: 60)")
    network.add_argument(
        "--min-participation", type=int, default=2, metavar="N", help="coortweet: rows an account needs (default: 2)"
    )
    network.add_argument(
        "--edge-weight",
        type=_number,
        default=0.5,
        metavar="Q",
        help="coortweet: quantile of the weight threshold (default: 0.5)",
    )
    network.add_argument(
        "--kind",
        choices=("co_retweet", "co_link", "co_reply", "co_tweet"),
        default="co_retweet",
        help="cnt: which network (default: co_retweet)",
    )
    network.add_argument("--min-weight", type=int, default=2, metavar="N", help="cnt: smallest edge (default: 2)")


def _train(commands: "Commands") -> None:
    train = commands.add_parser("train", help="tunes a model for techniques or stance on labelled lines of yours")
    train.add_argument("task", choices=("techniques", "stance"), metavar="TASK", help="techniques or stance")
    files = "JSON lines: text, group, and label (and target) or spans"
    train.add_argument("--data", nargs="+", type=Path, required=True, metavar="FILE", help=files)
    base = "directory of a model in Hugging Face format; nothing is downloaded"
    train.add_argument("--base", type=Path, required=True, metavar="MODEL_DIR", help=base)
    train.add_argument("--out", type=Path, required=True, metavar="DIR", help="where model, metrics and card go")
    method = "lora: an adapter for a causal language model; full: all of an encoder (default: %(default)s)"
    train.add_argument("--method", choices=("lora", "full"), default="lora", help=method)
    train.add_argument("--steps", type=_count, default=None, metavar="N", help="updates (default: three passes)")
    train.add_argument("--batch", type=_count, default=16, metavar="N", help="rows an update (default: %(default)s)")
    rate = "highest learning rate (default: 2e-4 for lora, 2e-5 for full)"
    train.add_argument("--lr", type=_positive, default=None, metavar="X", help=rate)
    longest = "longest row, instruction and answer included (default: %(default)s)"
    train.add_argument("--max-tokens", type=_count, default=512, metavar="N", help=longest)
    held_out = "share of groups to measure on and not to train on (default: %(default)s)"
    train.add_argument("--held-out", type=_share, default=0.2, metavar="S", help=held_out)
    parts = "parts that a batch is cut into to save memory (default: %(default)s)"
    train.add_argument("--accumulate", type=_count, default=1, metavar="N", help=parts)
    train.add_argument("--less-memory", action="store_true", help="compute activations twice instead of keeping them")
    every = "updates between two checkpoints (default: %(default)s)"
    train.add_argument("--save-every", type=_count, default=100, metavar="N", help=every)
    workers = "GPUs of a Ray cluster to share the model among (default: this process alone)"
    train.add_argument("--workers", type=_count, default=1, metavar="N", help=workers)
    train.add_argument("--seed", type=_seed, default=0, metavar="N", help="other draws (default: %(default)s)")
    train.add_argument("--resume", action="store_true", help="go on from the last checkpoint in DIR")
    _talk(train)


def _others(commands: "Commands") -> None:
    simulate = commands.add_parser(
        "simulate", help="a world with planted groups and innocent look-alikes: posts and truth"
    )
    simulate.add_argument("--out", type=Path, required=True, metavar="DIR", help="where to write posts and truth")
    simulate.add_argument("--seed", type=_seed, default=0, metavar="N", help="another world (default: 0)")
    simulate.add_argument(
        "--preset", default="demo", metavar="NAME", help="demo, planted, hard or campaign_free (default: demo)"
    )
    simulate.add_argument("--accounts", type=_count, default=None, metavar="N", help="everybody (default: 2500)")
    simulate.add_argument("--days", type=_positive, default=None, metavar="N", help="length (default: 10)")
    simulate.add_argument(
        "--tactics",
        type=_names,
        default=None,
        metavar="A,B",
        help="campaigns to plant instead of the preset's, or none",
    )
    simulate.add_argument(
        "--lookalikes",
        type=_names,
        default=None,
        metavar="A,B",
        help="innocent groups instead of the preset's, or none",
    )
    simulate.add_argument(
        "--without",
        type=_names,
        default=(),
        metavar="A,B",
        help="what ordinary life shall lack, as bursts or time_zones",
    )
    simulate.add_argument(
        "--camouflage",
        type=_number,
        default=None,
        metavar="C",
        help="share of members' acts that are ordinary life (default: 0.5)",
    )
    simulate.add_argument(
        "--keep", type=_number, default=None, metavar="K", help="share of posts that an API sample keeps (default: 1)"
    )
    simulate.add_argument("--precision", choices=("ms", "s", "min"), default=None, help="of time stamps (default: s)")
    calibrate = commands.add_parser(
        "calibrate",
        help="what this run's error rate and reach are on its own data: shuffles, planted groups, other settings",
    )
    _of_run(calibrate)
    calibrate.add_argument(
        "--shuffles", type=_count, default=20, metavar="N", help="shuffles of either kind (default: %(default)s)"
    )
    calibrate.add_argument(
        "--implants",
        type=_count,
        default=20,
        metavar="N",
        help="planted groups of each tactic and size (default: %(default)s)",
    )
    calibrate.add_argument(
        "--together",
        type=_count,
        default=5,
        metavar="N",
        help="planted groups that share a copy of the data (default: %(default)s; 1 takes five times as long)",
    )
    calibrate.add_argument("--jobs", type=_count, default=None, metavar="N", help="processes (default: one per core)")
    calibrate.add_argument("--seed", type=_seed, default=0, metavar="N", help="other draws (default: %(default)s)")
    _talk(calibrate)
    convert = commands.add_parser("convert", help="accepted posts in our schema, as Parquet")
    convert.add_argument("input", type=Path, metavar="INPUT", help="file of posts; `houselights formats` lists them")
    convert.add_argument("--out", type=Path, required=True, metavar="posts.parquet", help="file to write")
    _reading_options(convert)
    formats = commands.add_parser("formats", help="what can be read")
    formats.add_argument("--json", action="store_true", help="print one JSON object on stdout instead of text")
    commands.add_parser("doctor", help="what is installed, and whether it works")


def _share(text: str) -> float:
    value = _number(text)
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError(f"{text!r} does not lie between 0 and 1")
    return value


def _positive(text: str) -> float:
    value = _number(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive number")
    return value


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number") from None


def _seed(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) >= 2**63:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0 to 2^63 - 1")
    return int(text)


def _names(text: str) -> tuple[str, ...]:
    return () if text == "none" else tuple(dict.fromkeys(n.strip() for n in text.split(",") if n.strip()))


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 1_000_000:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 to 1,000,000")
    return int(text)


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 0 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: a whole number from 1 to 65535")
    return int(text)


def _windows(text: str) -> tuple[float, ...]:
    return tuple(sorted({_positive(part) for part in text.split(",")}))


def column_map(text: str) -> dict[str, str]:
    out: dict[str, str] = {}
    for part in text.split(","):
        ours, equals, theirs = part.partition("=")
        if not (equals and ours.strip() and theirs.strip()):
            raise argparse.ArgumentTypeError(f"{part!r} should read our_column=your_column, for instance text=body")
        out[ours.strip()] = theirs.strip()
    return out


def _time(text: str) -> "datetime":
    from datetime import UTC, datetime

    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a time: write 2026-03-01 or 2026-03-01T09:00:00Z") from None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


if __name__ == "__main__":
    sys.exit(main())
