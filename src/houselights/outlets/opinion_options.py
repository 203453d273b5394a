"""Options of `opinion`. Light: `--help` answers at once."""

from typing import TYPE_CHECKING

from houselights.outlets import options

if TYPE_CHECKING:
    from houselights.outlets.options import Commands

DIMENSIONS = ("narrative", "stance", "hashtag", "link_domain", "technique")


def declare(commands: "Commands") -> None:
    opinion = commands.add_parser("opinion", help="apparent against organic: how much of what is said is a group's")
    options.of_run(opinion)
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
    opinion.add_argument("--spike-ins", type=_none_or_count, default=None, metavar="N", help=spikes)
    opinion.add_argument(
        "--draws", type=options.count, default=2000, metavar="N", help="draws of every interval (default: %(default)s)"
    )
    opinion.add_argument(
        "--jobs",
        type=options.count,
        default=None,
        metavar="N",
        help="processes of the spike-ins (default: one per core)",
    )
    opinion.add_argument("--seed", type=options.seed, default=0, metavar="N", help="other draws (default: %(default)s)")
    options.talk(opinion)


def _none_or_count(text: str) -> int:
    return 0 if text == "0" else options.count(text)
