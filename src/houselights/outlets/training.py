"""`train`: options -> settings, a bar while it runs, and what came out."""

import argparse
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from houselights.core.errors import refuse_to_lose, shortage_told
from houselights.outlets.hostile import terminal

DONE = 0


def train(args: argparse.Namespace) -> int:
    from houselights.train import session
    from houselights.train.settings import TrainSettings, require

    settings = TrainSettings(
        task=args.task,
        method=args.method,
        steps=args.steps,
        batch=args.batch,
        lr=args.lr,
        max_tokens=args.max_tokens,
        seed=args.seed,
        held_out_0_1=args.held_out,
        accumulate=args.accumulate,
        less_memory=args.less_memory,
        save_every=args.save_every,
    )
    session.check(args.base, args.out, settings, args.resume)
    refuse_to_lose(args.data, [args.out / name for name in ("training.json", "metrics.jsonl", "model_card.json")])
    require()
    with shortage_told(args.out):
        if args.workers > 1:
            from houselights.train import cluster

            card = cluster.train(args.data, args.base, args.out, settings, args.workers)
        else:
            with _bar(args.quiet) as tell:
                card = session.train(args.data, args.base, args.out, settings, None, tell, time.perf_counter)
    if args.json:
        print(json.dumps(card, ensure_ascii=False))
    elif not args.quiet:
        print("\n".join(_told(card, args)))
    return DONE


def _told(card: dict[str, Any], args: argparse.Namespace) -> list[str]:
    rows, groups = card["rows"], card["groups"]
    lines = [
        f"{card['steps']:,} updates on {rows['train']:,} rows of {groups['train']:,} groups; "
        f"{card['trained_weights']:,} of {card['all_weights']:,} weights trained.",
        f"Measured on {rows['held_out']:,} rows of {groups['held_out']:,} groups that were not trained on:",
    ]
    lines += [f"  {name.replace('_', ' '):22} {value:,.4g}" for name, value in card["held_out"].items()]
    if rows["left_out_as_copies"]:
        lines.append(f"{rows['left_out_as_copies']:,} rows were left out: their text stands in a held-out group too.")
    lines.append(f"Written to {terminal(str(args.out))}; model_card.json says what it was made of.")
    return lines


@contextmanager
def _bar(quiet: bool) -> Iterator[Callable[[str, float], None]]:
    from houselights.outlets.commands import progress_bars

    with progress_bars(quiet) as progress:
        yield progress or (lambda stage, share: None)
