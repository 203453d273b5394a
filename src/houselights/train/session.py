"""From labelled lines and a base model to a trained one with its card. The same in every process of a cluster; files are written by the first."""

import os
import shutil
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from houselights.core.errors import HouselightsError
from houselights.train import card, checkpoints, examples
from houselights.train.settings import NEEDED, TrainSettings, require

PLAN = "training.json"
CAUSAL = ("ForCausalLM", "LMHeadModel")


def check(base: Path, out: Path, settings: TrainSettings, resume: bool) -> None:
    """Raises HouselightsError for what can be known to be wrong before anything heavy is loaded."""
    if not (base / "config.json").is_file():
        raise HouselightsError(
            f"--base {base} is no model: give a directory with config.json, safetensors and tokenizer.json."
        )
    kinds = checkpoints.read_json(base / "config.json").get("architectures") or [""]
    causal = str(kinds[0]).endswith(CAUSAL)
    if causal != (settings.method == "lora"):
        kind, other = ("a causal language model", "lora") if causal else ("no causal language model", "full")
        raise HouselightsError(
            f"{base} is {kind} ({kinds[0] or 'no architecture named'}): train it with --method {other}."
        )
    if out.exists() and (not out.is_dir() or (any(out.iterdir()) and not resume)):
        raise HouselightsError(
            f"{out} is not empty. Give another --out, or --resume to go on with the training that it holds."
        )
    if resume and out.is_dir() and any(out.iterdir()) and not (out / PLAN).is_file():
        raise HouselightsError(f"{out} holds no training to resume. Give another --out.")


def train(
    data: Sequence[Path], base: Path, out: Path, settings: TrainSettings, place: Any, tell: Any, clock: Any
) -> dict[str, Any]:
    """Returns the card, as model_card.json holds it. `place`: None for this process alone."""
    require(*NEEDED)
    os.environ["HF_HUB_OFFLINE"] = "1"  # a model is what lies in the directory, and nothing is asked of anybody
    import torch
    from transformers.utils import logging

    from houselights.train import loop
    from houselights.train.placement import OneProcess
    from houselights.train.rows import Job

    logging.set_verbosity_error()  # what matters in its tables is checked by `rows.load`
    logging.disable_progress_bar()
    place = place or OneProcess()
    split, names = _data(data, settings)
    plan = _plan(data, base, settings, names, place.world)
    if place.rank == 0:
        _agree(out, plan)
    place.wait()
    if (out / card.FILE).is_file():  # done before
        told: dict[str, Any] = checkpoints.read_json(out / card.FILE)
        return told
    torch.manual_seed(settings.seed)  # of the new head or adapter
    if place.device.type == "cpu":
        torch.use_deterministic_algorithms(True, warn_only=True)
    trainee = _trainee(base, names, settings, place.dtype)
    job = Job(trainee.model, trainee.rows(split.train), trainee.rows(split.held_out), trainee.loss)
    settings = replace(settings, steps=loop.n_steps(settings, len(job.rows)))
    held_out_loss = _fit(job, settings, place, trainee, out, tell, clock)
    told = plan | _told(job.model, split) | {"steps": settings.steps, "held_out": {"loss": held_out_loss}}
    told["made_with"] = card.versions(NEEDED) | {"device": card.device(place)}
    if place.rank == 0:
        if place.world == 1:  # a sharded model may be too large for the one process that would write its answers
            told["held_out"] |= trainee.measure(out, split.held_out, place.device)
        checkpoints.write_json(out / card.FILE, told)
    return told


def _fit(job: Any, settings: TrainSettings, place: Any, trainee: Any, out: Path, tell: Any, clock: Any) -> float:
    """Trains and writes; the held-out loss. What was trained leaves the GPU afterwards, where what was written is measured."""
    import torch

    from houselights.train import loop

    try:
        model = loop.fit(job, settings, place, out, tell, clock)
    except torch.OutOfMemoryError as error:
        raise HouselightsError(
            f"the GPU has too little memory ({str(error)[:120]}). Start anew with --less-memory, --accumulate N (a batch in N parts) or "
            "fewer --max-tokens, or deal the model to more GPUs with --workers."
        ) from error
    held_out_loss = loop.held_out_loss(job, model, place)
    whole = place.whole(model)
    if place.rank == 0:
        _write(trainee, whole, out)
    place.wait()
    if place.world == 1:
        model.to("cpu")
    return held_out_loss


def _data(data: Sequence[Path], settings: TrainSettings) -> tuple[examples.Split, tuple[str, ...]]:
    rows = examples.read(settings.task, data)
    return examples.split(rows, settings.held_out_0_1, settings.seed), examples.names(settings.task, rows)


def _plan(
    data: Sequence[Path], base: Path, settings: TrainSettings, names: Sequence[str], world: int
) -> dict[str, Any]:
    """What makes two trainings the same one: a checkpoint of another is never gone on with."""
    from houselights.train import answers

    return {
        "task": settings.task,
        "method": settings.method,
        "names": list(names),
        "settings": asdict(settings) | {"lr": settings.rate},
        "processes": world,
        "prompt": answers.VERSION if settings.method == "lora" else None,
        "base": card.model_hash(base),
        "data": [card.of_data(path) for path in data],
    }


def _agree(out: Path, plan: dict[str, Any]) -> None:
    out.mkdir(parents=True, exist_ok=True)
    if not (out / PLAN).is_file():
        checkpoints.write_json(out / PLAN, plan)
        return
    before = checkpoints.read_json(out / PLAN)
    other = [name for name in plan if before.get(name) != plan[name]]
    if "settings" in other:
        ours, theirs = plan["settings"], before.get("settings") or {}
        other += [
            f"{name} {theirs.get(name)} before, {ours[name]} now" for name in ours if theirs.get(name) != ours[name]
        ]
        other.remove("settings")
    if other:
        raise HouselightsError(
            f"{out} holds a training with other {'; '.join(other)}. Resume it with the same data, base and options, or give another --out."
        )


def _trainee(base: Path, names: Sequence[str], settings: TrainSettings, dtype: Any) -> Any:
    import torch

    from houselights.train.decoder import Decoder
    from houselights.train.encoder import Encoder

    if settings.method == "lora":
        return Decoder(base, names, settings, dtype)
    return Encoder(base, names, settings, torch.float32)  # small steps are lost in weights of 16 bits


def _write(trainee: Any, whole: dict[str, Any] | None, out: Path) -> None:
    partial = out / ".partial"
    shutil.rmtree(partial, ignore_errors=True)  # of a process that was ended here
    partial.mkdir()
    trainee.write(whole, partial)
    for folder in sorted(partial.iterdir()):
        checkpoints.into_place(folder, out / folder.name)
    partial.rmdir()


def _told(model: Any, split: examples.Split) -> dict[str, Any]:
    return {
        "rows": {"train": len(split.train), "held_out": len(split.held_out), "left_out_as_copies": split.n_twins},
        "groups": {"train": _n_groups(split.train), "held_out": _n_groups(split.held_out)},
        "trained_weights": sum(p.numel() for p in model.parameters() if p.requires_grad),
        "all_weights": sum(p.numel() for p in model.parameters()),
    }


def _n_groups(rows: Sequence[examples.Example]) -> int:
    return len({row.group for row in rows})
