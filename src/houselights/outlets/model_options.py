"""Options of the commands that ask or check a model. Light: `--help` answers at once."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from houselights.core.errors import HouselightsError
from houselights.outlets import options

if TYPE_CHECKING:
    from houselights.outlets.options import Commands

TASKS = ("name", "summary", "explanation", "stance", "techniques")
LLM = (
    "none, embedded, the address of an OpenAI-compatible server (http://HOST:PORT/v1; several of one model with commas between), "
    "or replay:FILE with recorded answers"
)
ON_RAY = "; or ray:MODEL, vLLM on the GPUs of a Ray cluster"


def llm(parser: argparse.ArgumentParser, default_does: str, more: str = "") -> None:
    """The options that choose a model, and what `annotate` alone lets a user change."""
    parser.set_defaults(parallel=None, dry_run=False, export_batch=None, import_batch=None)
    parser.set_defaults(gpus=1, gpus_a_replica=1)
    parser.add_argument(
        "--llm", default="none", metavar="WHICH", help=f"language model: {LLM}{more} (default: none, {default_does})"
    )
    parser.add_argument(
        "--llm-model", default="", metavar="NAME", help="its name there (key: HOUSELIGHTS_LLM_KEY in the environment)"
    )
    parser.add_argument("--weights", type=Path, metavar="FILE", help="with --llm embedded: a GGUF file of yours")
    parser.add_argument(
        "--language", default="en", metavar="CODE", help="of names and summaries, BCP-47 (default: %(default)s)"
    )


def declare(commands: "Commands") -> None:
    _annotate(commands)
    _sample(commands)
    models = commands.add_parser("models", help="weights of the embedded language model")
    models.add_argument(
        "what", choices=("list", "fetch"), help="list: what is here; fetch: bring the weights, hash-checked, resumable"
    )
    models.add_argument("--quiet", action="store_true", help="print nothing but errors")


def _annotate(commands: "Commands") -> None:
    annotate = commands.add_parser(
        "annotate", help="names of narratives, summaries, stance and techniques, by heads or a language model"
    )
    options.of_run(annotate)
    llm(annotate, "the heads alone", ON_RAY)
    annotate.add_argument(
        "--tasks", type=options.names, default=TASKS, metavar="A,B", help=f"of {', '.join(TASKS)} (default: all)"
    )
    annotate.add_argument(
        "--target",
        action="append",
        default=[],
        metavar="T",
        help="what a stance is toward, in a few words; may be given again",
    )
    annotate.add_argument(
        "--head",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="a stance head of your own, from `sample --save-head`; may be given again",
    )
    _asking(annotate)
    options.talk(annotate)


def _asking(annotate: argparse.ArgumentParser) -> None:
    """How much a language model reads, at what cost, and by which way."""
    annotate.add_argument(
        "--posts",
        type=_posts,
        default=200,
        metavar="N",
        help="posts that the language model reads a task and target, or all (default: 200)",
    )
    annotate.add_argument(
        "--parallel", type=options.count, default=None, metavar="N", help="calls at a time (default: 16, embedded: 2)"
    )
    annotate.add_argument(
        "--gpus", type=options.count, default=1, metavar="N", help="with --llm ray:MODEL: GPUs in all (default: 1)"
    )
    copies = "and GPUs of each copy of the model (default: 1)"
    annotate.add_argument("--gpus-a-replica", type=options.count, default=1, metavar="N", help=copies)
    cluster = "a running Ray cluster (default: one of this machine)"
    annotate.add_argument("--ray-address", default="", metavar="HOST:PORT", help=cluster)
    annotate.add_argument(
        "--dry-run", action="store_true", help="print calls, tokens and seconds that it needs, and ask nothing"
    )
    batch = annotate.add_mutually_exclusive_group()
    batch.add_argument(
        "--export-batch",
        type=Path,
        metavar="FILE",
        help="write the questions in OpenAI's batch format (vllm run-batch), ask nothing",
    )
    batch.add_argument("--import-batch", type=Path, metavar="FILE", help="read the results of such a batch")


def _sample(commands: "Commands") -> None:
    sample = commands.add_parser(
        "sample", help="a blind sheet of posts to label by hand, and what it says of the annotations"
    )
    sample.add_argument("run", type=Path, metavar="RUN", help="directory that `houselights annotate` marked")
    sample.add_argument(
        "--n", type=options.count, default=300, metavar="N", help="posts on the sheet (default: %(default)s)"
    )
    sample.add_argument(
        "--task",
        choices=("stance", "techniques"),
        help="what to check (default: stance; with --audit what the sheet is of)",
    )
    sample.add_argument(
        "--target", default="", metavar="T", help="of the stance, as annotated; for techniques the technique"
    )
    sample.add_argument(
        "--out", type=Path, metavar="FILE", help="the sheet to write, CSV (default: sample.csv in the RUN)"
    )
    sample.add_argument(
        "--audit", type=Path, metavar="FILE", help="read the filled-in sheet back, and tell how far the labels hold"
    )
    sample.add_argument(
        "--save-head",
        type=Path,
        metavar="FILE",
        help="with --audit of a stance: learn a head of your own from the labels, for annotate --head",
    )
    sample.add_argument("--seed", type=options.seed, default=0, metavar="N", help="another draw (default: %(default)s)")
    options.talk(sample)


def _posts(text: str) -> int:
    if text == "all":
        return 0
    if not text.isascii() or not text.isdigit() or len(text) > 10 or not 1 <= int(text) <= 1_000_000_000:
        raise argparse.ArgumentTypeError(f"{text!r} is neither a whole number from 1 to 1,000,000,000 nor all")
    return int(text)


def check_options(args: argparse.Namespace) -> None:
    """Raises HouselightsError where an option would be ignored, or is no text."""
    if args.weights and args.llm != "embedded":
        raise HouselightsError("--weights names a file of the embedded model: add --llm embedded.")
    _check_ray(args)
    if args.llm_model and args.llm == "none" and not (args.export_batch or args.import_batch):
        raise HouselightsError(
            "--llm-model names a model of a server or a batch: add --llm, --export-batch or --import-batch."
        )
    for option in ("llm", "llm_model", "language"):
        utf8(f"--{option.replace('_', '-')}", getattr(args, option))


def _check_ray(args: argparse.Namespace) -> None:
    if args.llm.startswith("ray:") and args.command == "scan":
        raise HouselightsError("--llm ray:MODEL is for `houselights annotate RUN`, after the scan.")
    if args.llm.startswith("ray:") and not args.llm.removeprefix("ray:").strip():
        raise HouselightsError("--llm ray:MODEL needs a model: a directory that all machines see, or its name.")
    if args.llm.startswith("ray:") and (args.llm_model or args.parallel):
        raise HouselightsError(
            "--llm ray:MODEL names the model itself, and --gpus say how many questions it reads at a time: leave --llm-model and --parallel out."
        )
    if args.gpus % args.gpus_a_replica:
        raise HouselightsError("--gpus must be a multiple of --gpus-a-replica.")
    asked = (args.gpus, args.gpus_a_replica) != (1, 1) or (args.command == "annotate" and args.ray_address)
    if asked and not args.llm.startswith("ray:"):
        raise HouselightsError("--gpus, --gpus-a-replica and --ray-address are for --llm ray:MODEL.")


def utf8(option: str, value: str) -> str:
    """Raises HouselightsError for bytes of the command line that are no text."""
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise HouselightsError(
            f"{option}: it is not UTF-8. Write it again, in a terminal whose language is UTF-8."
        ) from error
    return value


def check_heads(paths: list[Path], targets: tuple[str, ...]) -> None:
    """A head is used for its own target alone; one that would not be used is a mistake."""
    from houselights.content import stance_head

    for path in paths:
        toward = [head.target for head in stance_head.load(path)]
        if not set(toward) & set(targets):
            raise HouselightsError(f"--head {path} is of a stance toward {toward[0]!r}: add --target {toward[0]!r}.")
