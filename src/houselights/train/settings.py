"""What is trained, how, and what the extra `train` has to bring."""

from dataclasses import dataclass
from importlib.util import find_spec

from houselights.core.errors import HouselightsError

TASKS = ("techniques", "stance")
METHODS = ("lora", "full")
NEEDED = ("torch", "transformers", "peft", "safetensors")
PASSES = 3
"""Over the training rows where no number of steps is given: as the baselines of SemEval-2020 task 11 and most tuning on thousands of rows."""
LEARNING_RATE = {"lora": 2e-4, "full": 2e-5}
"""Hu et al. 2021 (arXiv 2106.09685) for adapters; Devlin et al. 2019 (arXiv 1810.04805), appendix A.3, for encoders."""


@dataclass(frozen=True)
class TrainSettings:
    task: str
    method: str = "lora"
    steps: int | None = None  # updates of the weights; None: PASSES passes over the training rows
    batch: int = 16  # rows an update, over all processes
    lr: float | None = None  # highest; None: LEARNING_RATE of the method
    max_tokens: int = 512  # of a row, instruction and answer included
    seed: int = 0
    held_out_0_1: float = 0.2  # share of groups that are measured on and never trained on
    accumulate: int = 1  # parts that a process cuts its rows of an update into, one after the other
    less_memory: bool = False  # activations are computed twice instead of kept
    save_every: int = 100  # updates between two checkpoints
    warm_up_0_1: float = 0.06  # share of updates over which the rate rises (Liu et al. 2019, arXiv 1907.11692)
    weight_decay: float = 0.01
    clip_norm: float = 1.0  # longest gradient
    lora_rank: int = 16
    lora_alpha: int = 32  # updates of an adapter are scaled by alpha / rank
    answers: int = 200  # held-out rows for which a causal model writes its answer

    @property
    def rate(self) -> float:
        return LEARNING_RATE[self.method] if self.lr is None else self.lr


def require(*modules: str) -> None:
    """Raises HouselightsError where a module of the extra is not installed."""
    missing = [name for name in modules or NEEDED if find_spec(name) is None]
    if missing:
        raise HouselightsError(
            f"training needs {', '.join(missing)}, not installed here: pip install 'houselights[train]' (torch is large; "
            "on a machine without a GPU its CPU build is enough for small encoders)."
        )
