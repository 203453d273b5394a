"""What options are made of: how a value is read, and options that several commands share. Light: `--help` answers at once."""

import argparse
from math import isnan, nan
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

EPILOG = """\
exit codes: 0 done, nothing found; 10 done, at least one finding of tier 'observed' or better;
            2 wrong use or unreadable input; 1 a fault of ours
"""


def of_run(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", type=Path, metavar="RUN", help="directory that `houselights scan --out` made")


def reading(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--format", default="auto", metavar="NAME", help="auto, or a name from `houselights formats`")
    parser.add_argument(
        "--map", type=column_map, default={}, metavar="text=body,...", help="our column=your column, for tables"
    )
    parser.add_argument(
        "--since",
        type=time,
        metavar="T",
        help="only posts from this moment on (ISO 8601, UTC unless it says otherwise)",
    )
    parser.add_argument("--until", type=time, metavar="T", help="only posts before this moment")


def server(parser: argparse.ArgumentParser, otherwise: str) -> None:
    what = f"an OpenAI-compatible server for the meaning of texts, as http://127.0.0.1:8080/v1 ({otherwise})"
    parser.add_argument("--embeddings", metavar="URL", default="", help=what)
    key = "its model (key: HOUSELIGHTS_EMBEDDINGS_KEY in the environment)"
    parser.add_argument("--embeddings-model", metavar="NAME", default="", help=key)


def talk(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON object on stdout instead of text")
    parser.add_argument("--quiet", action="store_true", help="print nothing but errors")


def share(text: str) -> float:
    value = number(text)
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError(f"{text!r} does not lie between 0 and 1")
    return value


def positive(text: str) -> float:
    value = number(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive number")
    return value


def whole(text: str) -> int:
    """At least one; 2e7 is one too."""
    value = positive(text)
    if value < 1 or value != int(value):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 on")
    return int(value)


def number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = nan
    if isnan(value):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number")
    return value


def seed(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) >= 2**63:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0 to 2^63 - 1")
    return int(text)


def names(text: str) -> tuple[str, ...]:
    if not text.strip(" ,"):
        raise argparse.ArgumentTypeError("names with commas between are wanted, or none")
    return () if text == "none" else tuple(dict.fromkeys(n.strip() for n in text.split(",") if n.strip()))


def count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 1_000_000:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 to 1,000,000")
    return int(text)


def port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 0 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: a whole number from 1 to 65535, or 0 for a free one")
    return int(text)


def windows(text: str) -> tuple[float, ...]:
    return tuple(sorted({positive(part) for part in text.split(",")}))


def column_map(text: str) -> dict[str, str]:
    out: dict[str, str] = {}
    for part in text.split(","):
        ours, equals, theirs = part.partition("=")
        if not (equals and ours.strip() and theirs.strip()):
            raise argparse.ArgumentTypeError(f"{part!r} should read our_column=your_column, for instance text=body")
        out[ours.strip()] = theirs.strip()
    return out


def time(text: str) -> "datetime":
    from datetime import UTC, datetime

    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a time: write 2026-03-01 or 2026-03-01T09:00:00Z") from None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
