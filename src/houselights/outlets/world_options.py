"""Options of the commands that make a world: demo, simulate. Light: `--help` answers at once."""

from pathlib import Path
from typing import TYPE_CHECKING

from houselights.outlets import options

if TYPE_CHECKING:
    from houselights.outlets.options import Commands


def declare(commands: "Commands") -> None:
    _demo(commands)
    _simulate(commands)


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
    demo.add_argument("--seed", type=options.seed, default=0, metavar="N", help="another world (default: %(default)s)")
    options.talk(demo)


def _simulate(commands: "Commands") -> None:
    simulate = commands.add_parser(
        "simulate", help="a world with planted groups and innocent look-alikes: posts and truth"
    )
    simulate.add_argument("--out", type=Path, required=True, metavar="DIR", help="where to write posts and truth")
    simulate.add_argument("--seed", type=options.seed, default=0, metavar="N", help="another world (default: 0)")
    simulate.add_argument(
        "--preset", default="demo", metavar="NAME", help="demo, planted, hard or campaign_free (default: demo)"
    )
    simulate.add_argument("--accounts", type=options.count, default=None, metavar="N", help="everybody (default: 2500)")
    simulate.add_argument("--days", type=options.positive, default=None, metavar="N", help="length (default: 10)")
    simulate.add_argument(
        "--tactics",
        type=options.names,
        default=None,
        metavar="A,B",
        help="campaigns to plant instead of the preset's, or none",
    )
    simulate.add_argument(
        "--lookalikes",
        type=options.names,
        default=None,
        metavar="A,B",
        help="innocent groups instead of the preset's, or none",
    )
    simulate.add_argument(
        "--without",
        type=options.names,
        default=(),
        metavar="A,B",
        help="what ordinary life shall lack, as bursts or time_zones",
    )
    simulate.add_argument(
        "--camouflage",
        type=options.number,
        default=None,
        metavar="C",
        help="share of members' acts that are ordinary life (default: 0.5)",
    )
    simulate.add_argument(
        "--keep",
        type=options.number,
        default=None,
        metavar="K",
        help="share of posts that an API sample keeps (default: 1)",
    )
    simulate.add_argument("--precision", choices=("ms", "s", "min"), default=None, help="of time stamps (default: s)")
