"""Options of `train`. Light: `--help` answers at once."""

from pathlib import Path
from typing import TYPE_CHECKING

from houselights.outlets import options

if TYPE_CHECKING:
    from houselights.outlets.options import Commands


def declare(commands: "Commands") -> None:
    train = commands.add_parser("train", help="tunes a model for techniques or stance on labelled lines of yours")
    train.add_argument("task", choices=("techniques", "stance"), metavar="TASK", help="techniques or stance")
    files = "JSON lines: text, group, and label (and target) or spans"
    train.add_argument("--data", nargs="+", type=Path, required=True, metavar="FILE", help=files)
    base = "directory of a model in Hugging Face format; nothing is downloaded"
    train.add_argument("--base", type=Path, required=True, metavar="MODEL_DIR", help=base)
    train.add_argument("--out", type=Path, required=True, metavar="DIR", help="where model, metrics and card go")
    method = "lora: an adapter for a causal language model; full: all of an encoder (default: %(default)s)"
    train.add_argument("--method", choices=("lora", "full"), default="lora", help=method)
    train.add_argument("--steps", type=options.count, default=None, metavar="N", help="updates (default: three passes)")
    train.add_argument(
        "--batch", type=options.count, default=16, metavar="N", help="rows an update (default: %(default)s)"
    )
    rate = "highest learning rate (default: 2e-4 for lora, 2e-5 for full)"
    train.add_argument("--lr", type=options.positive, default=None, metavar="X", help=rate)
    longest = "longest row, instruction and answer included (default: %(default)s)"
    train.add_argument("--max-tokens", type=options.count, default=512, metavar="N", help=longest)
    held_out = "share of groups to measure on and not to train on (default: %(default)s)"
    train.add_argument("--held-out", type=options.share, default=0.2, metavar="S", help=held_out)
    parts = "parts that a batch is cut into to save memory (default: %(default)s)"
    train.add_argument("--accumulate", type=options.count, default=1, metavar="N", help=parts)
    train.add_argument("--less-memory", action="store_true", help="compute activations twice instead of keeping them")
    every = "updates between two checkpoints (default: %(default)s)"
    train.add_argument("--save-every", type=options.count, default=100, metavar="N", help=every)
    workers = "GPUs of a Ray cluster to share the model among (default: this process alone)"
    train.add_argument("--workers", type=options.count, default=1, metavar="N", help=workers)
    train.add_argument("--seed", type=options.seed, default=0, metavar="N", help="other draws (default: %(default)s)")
    train.add_argument("--resume", action="store_true", help="go on from the last checkpoint in DIR")
    options.talk(train)
