"""The options of `houselights watch`."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from houselights.outlets import options

if TYPE_CHECKING:
    from houselights.outlets.options import Commands


def declare(commands: "Commands") -> None:
    watch = commands.add_parser(
        "watch", help="continuous: a stream of posts -> a RUN directory and alerts", epilog=options.EPILOG
    )
    watch.formatter_class = argparse.RawDescriptionHelpFormatter
    watch.description = (
        "Watches a stream. Alerts come as JSON lines on stdout; killed at any moment, it goes on where it was."
    )
    watch.add_argument(
        "source",
        metavar="SOURCE",
        help="- (JSON lines on stdin), a growing FILE of JSON lines, jetstream or wss://HOST/subscribe, mastodon://HOST, "
        "kafka://BROKER/TOPIC, redis://HOST:PORT/DB/STREAM",
    )
    watch.add_argument("--out", type=Path, required=True, metavar="RUN", help="directory to write, or to go on with")
    watch.add_argument("--format", default="auto", metavar="NAME", help="auto, or a name from `houselights formats`")
    columns = "our column=your column, for flat JSON"
    watch.add_argument("--map", type=options.column_map, default={}, metavar="text=body,...", help=columns)
    late = "how far behind the clock of the stream a post may come and still count, seconds (default: %(default)s)"
    watch.add_argument("--lateness", type=options.number, default=300.0, metavar="S", help=late)
    days = "how far back evidence is kept, days (default: 14)"
    watch.add_argument("--horizon-days", type=options.positive, default=14.0, metavar="D", help=days)
    posts = "and how many posts at most, whichever is shorter (default: 20000000)"
    watch.add_argument("--horizon-posts", type=options.whole, default=20_000_000, metavar="N", help=posts)
    every = "seconds between two scans of the horizon; 0: only at the end (default: %(default)s)"
    watch.add_argument("--tables-every", type=options.number, default=600.0, metavar="S", help=every)
    idle = "end when nothing has come for S seconds (0: at the end of what there is)"
    watch.add_argument("--stop-when-idle", type=options.number, default=None, metavar="S", help=idle)
    hook = "POST every alert there, at least once, under an Idempotency-Key; http://, or https://"
    watch.add_argument("--webhook", default="", metavar="URL", help=hook)
    port = "figures for Prometheus on http://127.0.0.1:N/metrics"
    watch.add_argument("--metrics-port", type=options.port, default=None, metavar="N", help=port)
    watch.add_argument(
        "--q", type=options.share, default=0.05, metavar="Q", help="false-discovery rate (default: %(default)s)"
    )
    watch.add_argument(
        "--seed", type=options.seed, default=0, metavar="N", help="seed of the scans (default: %(default)s)"
    )
    watch.add_argument("--known", type=Path, metavar="FILE", help="organisations you vouch for, as `scan` takes them")
    watch.add_argument("--quiet", action="store_true", help="print nothing but alerts and errors")
