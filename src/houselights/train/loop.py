"""The one training loop. What happens at an update follows from seed and number of the update alone (order of rows, dropout, rate): a run that
goes on from a checkpoint makes the same weights as one that was never stopped, bit for bit on a CPU."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from houselights.core.errors import HouselightsError
from houselights.train import checkpoints
from houselights.train.rows import Job, Row
from houselights.train.settings import PASSES, TrainSettings

Tell = Callable[[str, float], None]
Clock = Callable[[], float]
_MEASURED_TOGETHER = 8  # held-out rows a process looks at together
_BETAS = (0.9, 0.999)


def n_steps(settings: TrainSettings, n_rows: int) -> int:
    return settings.steps or max(1, math.ceil(PASSES * n_rows / settings.batch))


def fit(job: Job, settings: TrainSettings, place: Any, out: Path, tell: Tell, clock: Clock) -> Any:
    """Trains, writing metrics and checkpoints under `out`, on from the newest checkpoint there. Returns the model as `place` wrapped it."""
    _check(settings, place)
    steps = n_steps(settings, len(job.rows))
    model = place.wrap(job.model)
    if settings.less_memory:
        model.config.use_cache = False
        model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    optimizer = torch.optim.AdamW(_weights(model, settings.weight_decay), lr=settings.rate, betas=_BETAS)
    done, folder = checkpoints.latest(out)
    if folder:
        place.read(model, optimizer, folder)
    metrics = checkpoints.Metrics(out, done) if place.rank == 0 else None
    for step in range(done + 1, steps + 1):
        began = clock()
        told = _update(job, model, optimizer, settings, place, step, steps)
        told["seconds"] = round(clock() - began, 4)
        if metrics:
            metrics.tell(told)
        tell("training", step / steps)
        if step % settings.save_every == 0 or step == steps:
            held_out = held_out_loss(job, model, place)
            if metrics:
                metrics.tell({"step": step, "held_out_loss": held_out})
            checkpoints.keep(out, step, lambda to: place.write(model, optimizer, to), place.rank == 0, place.wait)
    return model


def _check(settings: TrainSettings, place: Any) -> None:
    parts = place.world * settings.accumulate
    if settings.batch < parts:
        raise HouselightsError(
            f"--batch {settings.batch} rows cannot be dealt to {place.world} processes in {settings.accumulate} parts: give --batch {parts} or more."
        )


def _update(job: Job, model: Any, optimizer: Any, settings: TrainSettings, place: Any, step: int, steps: int) -> Any:
    """One update of the weights by one batch. The loss is a mean over the units of the whole batch, however it is dealt and cut."""
    batch = rows_of(job.rows, settings, step)
    units = sum(row.units for row in batch)
    for group in optimizer.param_groups:
        group["lr"] = rate_at(settings, step, steps)
    model.train()
    optimizer.zero_grad(set_to_none=True)
    loss = 0.0
    for part in range(settings.accumulate):
        # own draws for every update, process and part, so that no generator's state has to be kept
        torch.manual_seed(seed_of(settings.seed, step, part, place.rank))
        mine = batch[part * place.world + place.rank :: settings.accumulate * place.world]
        with place.mixed():
            summed = job.loss(model, mine, place.device)
        (summed * (place.world / units)).backward()  # processes average their gradients
        loss += float(summed.detach())
    norm = torch.nn.utils.clip_grad_norm_([p for p in model.parameters() if p.requires_grad], settings.clip_norm)
    loss = place.total(loss) / units
    if not math.isfinite(loss):
        raise HouselightsError(
            f"the loss is no number any more at update {step}: lower --lr and go on from the last checkpoint in another --out."
        )
    optimizer.step()
    tokens = sum(len(row.ids) for row in batch)
    norm = norm.full_tensor() if hasattr(norm, "full_tensor") else norm
    return {"step": step, "loss": loss, "lr": rate_at(settings, step, steps), "gradient": float(norm), "tokens": tokens}


def rows_of(rows: Sequence[Row], settings: TrainSettings, step: int) -> list[Row]:
    """The batch of update `step` (from 1): each pass over the rows has an order of its own, and a batch may span two."""
    n = len(rows)
    at = range((step - 1) * settings.batch, step * settings.batch)
    orders = {i: np.random.default_rng([settings.seed, i]).permutation(n) for i in {place // n for place in at}}
    return [rows[orders[place // n][place % n]] for place in at]


def rate_at(settings: TrainSettings, step: int, steps: int) -> float:
    """Rises linearly, then falls as half a cosine towards 0, which no update has (Loshchilov and Hutter 2017, arXiv 1608.03983)."""
    rising = max(1, round(settings.warm_up_0_1 * steps))
    if step <= rising:
        return settings.rate * step / rising
    return settings.rate * 0.5 * (1 + math.cos(math.pi * (step - rising) / (steps - rising + 1)))


def seed_of(*numbers: int) -> int:
    return int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0] >> np.uint64(1))


def held_out_loss(job: Job, model: Any, place: Any) -> float:
    """Mean over the units of all held-out rows. Every process calls the model equally often: sharded weights are gathered by all or by none."""
    model.eval()
    loss, units = 0.0, sum(row.units for row in job.held_out)
    step = place.world * _MEASURED_TOGETHER
    for begin in range(0, len(job.held_out), step):
        some = job.held_out[begin : begin + step]
        mine = some[place.rank :: place.world]
        with torch.no_grad(), place.mixed():
            summed = float(job.loss(model, mine or some[:1], place.device))
        loss += summed if mine else 0.0
    return float(place.total(loss)) / max(1, units)


def _weights(model: Any, decay: float) -> list[dict[str, Any]]:
    """Matrices are pulled towards 0; biases and norms are not (Loshchilov and Hutter 2019, arXiv 1711.05101, as BERT is tuned)."""
    own = [p for p in model.parameters() if p.requires_grad]
    return [
        {"params": [p for p in own if p.ndim >= 2], "weight_decay": decay},
        {"params": [p for p in own if p.ndim < 2], "weight_decay": 0.0},
    ]
