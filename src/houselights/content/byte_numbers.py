"""Trained numbers at a byte each: whole numbers from -127 to 127 with a scale for each column."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def to_bytes(values: NDArray[Any]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """([..., rows, columns], [..., 1, columns] scale): their product is within half a scale of the values."""
    scale = np.maximum(np.abs(values).max(axis=-2, keepdims=True), 1e-9) / 127
    return np.round(values / scale).astype(np.int8), scale.astype(np.float32)
