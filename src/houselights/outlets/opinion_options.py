"""Options of `opinion`. Light: `--help` answers at once."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

DIMENSIONS = ("narrative", "stance", "hashtag", "link_domain", "technique")


def declare(
    commands: "Commands",
    talk: Callable[[argparse.ArgumentParser], None],
    count: Callable[[str], int],
    seed: Callable[[str], int],
) -> None:
    opinion = commands.add_parser("opinion", help="apparent against organic: how much of what is said is a group's")
    opinion.add_argument("run", type=Path, metavar="RUN", help="directory that `houselights scan --out` made")
    opinion.add_argument(
        "--topic",
        default="all",
        metavar="T",
        help="hashtag:TAG, query:WORDS, narrative:ID or all (default: %(default)s)",
    )
    what = f"what is counted: {', '.join(DIMENSIONS)} (default: all that the run has)"
    opinion.add_argument("--dimension", choices=DIMENSIONS, default="", metavar="D", help=what)
    opinion.add_argument("--target", default="", metavar="T", help="of the stance, as annotated")
    spikes = "planted groups of each tactic and size, where calibrate has not run; 0: none (default: 4 up to 20,000 posts, else 0)"
    opinion.add_argument("--spike-ins", type=_none_or(count), default=None, metavar="N", help=spikes)
    opinion.add_argument(
        "--draws", type=count, default=2000, metavar="N", help="draws of every interval (default: %(default)s)"
    )
    opinion.add_argument(
        "--jobs", type=count, default=None, metavar="N", help="processes of the spike-ins (default: one per core)"
    )
    opinion.add_argument("--seed", type=seed, default=0, metavar="N", help="other draws (default: %(default)s)")
    talk(opinion)


def _none_or(count: Callable[[str], int]) -> Callable[[str], int]:
    def read(text: str) -> int:
        return 0 if text == "0" else count(text)

    return read
