"""Where a model trains. The loop asks this object alone, so that one process and a thousand run the same loop (see `cluster.Sharded`)."""

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import torch

STATE = "state.pt"


class OneProcess:
    """A processor or one GPU."""

    rank, world = 0, 1

    def __init__(self) -> None:
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.half = self.device.type == "cuda" and torch.cuda.is_bf16_supported()  # older GPUs train in 32 bits

    @property
    def dtype(self) -> Any:
        """Of weights that do not train: half the memory where the processor has the format."""
        return torch.bfloat16 if self.half else torch.float32

    def wrap(self, model: Any) -> Any:
        return model.to(self.device)

    def mixed(self) -> AbstractContextManager[Any]:
        mixed: AbstractContextManager[Any] = torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.half)
        return mixed

    def total(self, value: float) -> float:
        return value

    def wait(self) -> None:
        pass

    def write(self, model: Any, optimizer: Any, folder: Path) -> None:
        state = {
            "model": {name: value.cpu() for name, value in _own(model).items()},
            "optimizer": optimizer.state_dict(),
        }
        torch.save(state, folder / STATE)

    def read(self, model: Any, optimizer: Any, folder: Path) -> None:
        state = torch.load(folder / STATE, map_location=self.device, weights_only=True)
        model.load_state_dict(state["model"], strict=False)
        optimizer.load_state_dict(state["optimizer"])

    def whole(self, model: Any) -> dict[str, Any] | None:
        """All weights in one process, where the model does not hold them itself."""
        return None


def _own(model: Any) -> dict[str, Any]:
    """What training changes. The base of an adapter is not copied into every checkpoint."""
    frozen = {name for name, p in model.named_parameters(remove_duplicate=False) if not p.requires_grad}
    return {name: value for name, value in model.state_dict().items() if name not in frozen}
