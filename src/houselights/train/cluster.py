"""The same training on a Ray cluster: Ray Train starts the processes, FSDP (Zhao et al. 2023, arXiv 2304.11277; the form by parameter, `fully_shard`)
deals weights, gradients and optimizer states among them. `loop.fit` is the same; only where the model lies differs.

Never run on GPUs or on more than one machine by us: `Sharded` is tested with two processes on one CPU. Data, base and out have to lie on a file
system that all machines share. Every process reads the whole base into its machine's memory before it is dealt; see docs/training.md for what fits.
"""

import json
import os
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Any

from houselights.core.errors import HouselightsError
from houselights.train.settings import TrainSettings

RESTARTS = 100
"""After lost machines, each from the last checkpoint: a week of 1,000 GPUs loses a few dozen (docs/training.md)."""
MISSING = (
    "--workers needs Ray on every machine, which is not installed here: pip install 'ray[train]' "
    "(start a cluster with `ray start`, as Ray's documentation tells)."
)


class Sharded:
    """One of the processes of a torch.distributed group that hold a model together."""

    def __init__(self) -> None:
        import torch
        from torch import distributed

        self.rank, self.world = distributed.get_rank(), distributed.get_world_size()
        self.device = (
            torch.device("cuda", torch.cuda.current_device()) if torch.cuda.is_available() else torch.device("cpu")
        )
        self.half = self.device.type == "cuda"

    @property
    def dtype(self) -> Any:
        import torch

        return torch.bfloat16 if self.half else torch.float32

    def wrap(self, model: Any) -> Any:
        """Each block of the model is gathered when it is needed and let go again; what is outside blocks is gathered once."""
        import torch
        from torch.distributed.fsdp import MixedPrecisionPolicy, fully_shard

        kinds = {"param_dtype": torch.bfloat16, "reduce_dtype": torch.float32} if self.half else {}  # sums keep 32 bits
        policy = MixedPrecisionPolicy(**kinds)
        model = model.to(self.device)
        for block in _blocks(model):
            fully_shard(block, mp_policy=policy)
        return fully_shard(model, mp_policy=policy)

    def mixed(self) -> AbstractContextManager[Any]:
        return nullcontext()  # the policy above does it

    def total(self, value: float) -> float:
        import torch
        from torch import distributed

        summed = torch.tensor(value, dtype=torch.float64, device=self.device)
        distributed.all_reduce(summed)
        return float(summed)

    def wait(self) -> None:
        from torch import distributed

        distributed.barrier()

    def write(self, model: Any, optimizer: Any, folder: Path) -> None:
        """Every process writes its own shard."""
        from torch.distributed import checkpoint

        checkpoint.save(self._state(model, optimizer), checkpoint_id=folder)

    def read(self, model: Any, optimizer: Any, folder: Path) -> None:
        from torch.distributed import checkpoint
        from torch.distributed.checkpoint.state_dict import set_state_dict

        state = self._state(model, optimizer)
        checkpoint.load(state, checkpoint_id=folder)
        set_state_dict(
            model,
            optimizer,
            model_state_dict=state["model"],
            optim_state_dict=state["optimizer"],
            options=self._options(strict=False),
        )

    def whole(self, model: Any) -> dict[str, Any]:
        """All weights in the first process's memory; empty in the others."""
        from torch.distributed.checkpoint.state_dict import get_model_state_dict

        state: dict[str, Any] = get_model_state_dict(
            model, options=self._options(full_state_dict=True, cpu_offload=True)
        )
        return state

    def _state(self, model: Any, optimizer: Any) -> dict[str, Any]:
        from torch.distributed.checkpoint.state_dict import get_state_dict

        weights, moments = get_state_dict(model, optimizer, options=self._options())
        return {"model": weights, "optimizer": moments}

    @staticmethod
    def _options(**more: Any) -> Any:
        from torch.distributed.checkpoint.state_dict import StateDictOptions

        return StateDictOptions(ignore_frozen_params=True, **more)


def _blocks(model: Any) -> list[Any]:
    """The layers of a transformer: the members of its heaviest list of modules."""
    from torch.nn import ModuleList

    lists = [m for m in model.modules() if isinstance(m, ModuleList)]
    return list(max(lists, key=lambda m: sum(p.numel() for p in m.parameters()), default=()))


def train(data: Sequence[Path], base: Path, out: Path, settings: TrainSettings, workers: int) -> dict[str, Any]:
    """Runs `session.train` in `workers` processes of the Ray cluster that this machine belongs to. Returns the card."""
    try:
        import ray
        from ray.train import FailureConfig, RunConfig, ScalingConfig
        from ray.train.torch import TorchTrainer
    except ImportError:
        raise HouselightsError(MISSING) from None
    from houselights.train import card

    ray.init(ignore_reinit_error=True, log_to_driver=False)
    on_gpus = ray.cluster_resources().get("GPU", 0) >= workers
    asked = {
        "data": [str(p.resolve()) for p in data],
        "base": str(base.resolve()),
        "out": str(out.resolve()),
        "settings": asdict(settings),
    }
    out.mkdir(parents=True, exist_ok=True)
    TorchTrainer(
        worker,
        train_loop_config=asked,
        scaling_config=ScalingConfig(num_workers=workers, use_gpu=on_gpus),
        run_config=RunConfig(
            name=out.name,
            storage_path=str((out / ".ray").resolve()),
            failure_config=FailureConfig(max_failures=RESTARTS),
        ),
    ).fit()
    told: dict[str, Any] = json.loads((out / card.FILE).read_text(encoding="utf-8"))
    return told


def worker(asked: dict[str, Any]) -> None:
    """What each process does. Ray has formed the process group before; a process that takes a lost one's place starts here too, and goes on."""
    import time

    from houselights.train import session

    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    session.train(
        [Path(p) for p in asked["data"]],
        Path(asked["base"]),
        Path(asked["out"]),
        TrainSettings(**asked["settings"]),
        Sharded(),
        lambda stage, share: None,
        time.perf_counter,
    )
