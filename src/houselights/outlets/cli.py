"""The command line. Imports nothing heavy at the top: `--help` answers at once, and a wrong option costs no second."""

import argparse
import errno
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress

from houselights import __version__
from houselights.core.errors import HouselightsError
from houselights.outlets import (
    model_options,
    opinion_options,
    run_options,
    scan_options,
    train_options,
    watch_options,
    world_options,
)
from houselights.outlets.hostile import terminal
from houselights.outlets.options import EPILOG

DONE, OUR_FAULT, WRONG_USE, FOUND, INTERRUPTED, PIPE_CLOSED = 0, 1, 2, 10, 130, 141

STOPPED = (
    "interrupted. No half-written result is left; run the same command again (a scan goes on from what it had read)."
)
_PATHS = (errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.EROFS, errno.ENAMETOOLONG, errno.ELOOP, errno.EISDIR)


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
    world_options.declare(commands)
    scan_options.declare(commands)
    watch_options.declare(commands)
    run_options.declare(commands)
    model_options.declare(commands)
    opinion_options.declare(commands)
    train_options.declare(commands)
    formats = commands.add_parser("formats", help="what can be read")
    formats.add_argument("--json", action="store_true", help="print one JSON object on stdout instead of text")
    commands.add_parser("doctor", help="what is installed, and whether it works")
    for action in commands._choices_actions:
        command = commands.choices[action.dest]
        command.description = command.description or f"{str(action.help)[:1].upper()}{str(action.help)[1:]}."
    return parser


if __name__ == "__main__":
    sys.exit(main())
