"""Options of the commands that read files of posts: scan, convert, network. Light: `--help` answers at once."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from houselights.outlets import model_options, options

if TYPE_CHECKING:
    from houselights.outlets.options import Commands


def declare(commands: "Commands") -> None:
    _scan(commands)
    _convert(commands)
    _network(commands)


def _scan(commands: "Commands") -> None:
    scan = commands.add_parser(
        "scan", help="the main job: any supported file(s) -> RUN directory", epilog=options.EPILOG
    )
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
    options.reading(scan)
    scan.add_argument(
        "--q", type=options.share, default=0.05, metavar="Q", help="false-discovery rate (default: %(default)s)"
    )
    scan.add_argument(
        "--windows",
        type=options.windows,
        default=(10.0, 60.0, 600.0),
        metavar="S,S,...",
        help="how close two posts must be, seconds (default: 10,60,600)",
    )
    scan.add_argument(
        "--seed",
        type=options.seed,
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
    options.server(scan, "with --narratives; default: the embedded model")
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
    options.talk(scan)


def _convert(commands: "Commands") -> None:
    convert = commands.add_parser("convert", help="accepted posts in our schema, as Parquet")
    convert.add_argument("input", type=Path, metavar="INPUT", help="file of posts; `houselights formats` lists them")
    convert.add_argument("--out", type=Path, required=True, metavar="posts.parquet", help="file to write")
    options.reading(convert)


def _network(commands: "Commands") -> None:
    network = commands.add_parser("network", help="the exact outputs of CooRTweet or Coordination Network Toolkit")
    network.add_argument("input", type=Path, metavar="INPUT", help="file of posts, or the tool's own input")
    network.add_argument("--as", dest="tool", required=True, choices=("coortweet", "cnt"), help="which tool's output")
    network.add_argument("--out", type=Path, required=True, metavar="DIR", help="where to write the tables")
    network.add_argument(
        "--window", type=options.number, default=60.0, metavar="S", help="seconds, inclusive (default: 60)"
    )
    network.add_argument(
        "--min-participation", type=int, default=2, metavar="N", help="coortweet: rows an account needs (default: 2)"
    )
    network.add_argument(
        "--edge-weight",
        type=options.number,
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
