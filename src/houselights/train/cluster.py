"""The same training on a Ray cluster: Ray Train starts the processes, FSDP (Zhao et al. 2023, arXiv 2304.11277; the form by parameter, `fully_shard`)
deals weights, gradients and optimizer states among them. `loop.fit` is the same; only where the model lies differs.

Never run on GPUs or on more than one machine by us: `Sharded` is tested with two processes on one CPU. Data, base and out have to lie on a file
system that all machines share. Every process reads the whole base into its machine's memory before it is dealt; see docs/training.md for what fits.
"""

import os
import shutil
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Any

from houselights.core.errors import HouselightsError
from houselights.train.settings import TrainSettings

TRIES = 3
"""In a row that reach no new checkpoint, after which it is no machine that was lost. Others do not count: a week of many GPUs loses dozens."""
TOLD = ".told"
PATIENCE_S = 7200
"""Others wait while the first process merges and writes the model: half an hour, Ray's own limit, is short for 70 billion weights."""
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
        """Each block of the model is gathered when it is needed and let go again; what is outside blocks is gathered once. A block moves to the GPU
        as it is dealt, so that the whole never has to fit there."""
        import torch
        from torch.distributed.fsdp import MixedPrecisionPolicy, fully_shard

        kinds = {"param_dtype": torch.bfloat16, "reduce_dtype": torch.float32} if self.half else {}  # sums keep 32 bits
        policy = MixedPrecisionPolicy(**kinds)
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
    """Runs `session.train` in `workers` processes of the Ray cluster that this machine belongs to, anew after lost ones. Returns the card."""
    try:
        import ray
        from ray.train import RunConfig, ScalingConfig
        from ray.train.torch import TorchConfig, TorchTrainer
    except ImportError:
        raise HouselightsError(MISSING) from None
    from houselights.train import card, checkpoints

    ray.init(ignore_reinit_error=True, log_to_driver=False)
    scale = ScalingConfig(num_workers=workers, use_gpu=ray.cluster_resources().get("GPU", 0) >= workers)
    whole = out.resolve()
    asked = {"data": [str(p.resolve()) for p in data], "base": str(base.resolve()), "out": str(whole)}
    (whole / TOLD).unlink(missing_ok=True)
    notes = whole.with_name(f".{whole.name}.ray")  # of Ray itself
    tries, reached = 0, checkpoints.latest(whole)[0]
    while not (whole / card.FILE).is_file():
        run = RunConfig(name=f"{whole.name}-{reached}-{tries}", storage_path=str(notes))
        try:
            TorchTrainer(
                worker,
                train_loop_config=asked | {"settings": asdict(settings)},
                torch_config=TorchConfig(timeout_s=PATIENCE_S),
                scaling_config=scale,
                run_config=run,
            ).fit()
        except Exception as error:  # whatever Ray makes of a lost machine; ours say what they are in a file
            if (whole / TOLD).is_file():
                what = (whole / TOLD).read_text(encoding="utf-8")
                (whole / TOLD).unlink()
                raise HouselightsError(what) from error
            before, reached = reached, checkpoints.latest(whole)[0]
            tries = 1 if reached > before else tries + 1
            if tries == TRIES:
                raise
    shutil.rmtree(notes, ignore_errors=True)
    told: dict[str, Any] = checkpoints.read_json(whole / card.FILE)
    return told


def worker(asked: dict[str, Any]) -> None:
    """What each process does. Ray has formed the process group before."""
    import time

    from houselights.train import session

    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    out, settings = Path(asked["out"]), TrainSettings(**asked["settings"])
    data = [Path(p) for p in asked["data"]]
    try:
        session.train(data, Path(asked["base"]), out, settings, Sharded(), lambda stage, share: None, time.perf_counter)
    except HouselightsError as error:
        out.mkdir(parents=True, exist_ok=True)
        (out / TOLD).write_text(str(error), encoding="utf-8")
        raise
