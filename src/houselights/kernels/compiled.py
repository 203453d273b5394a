"""The one way kernels are compiled: once, cached on disk, without the interpreter lock."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

F = TypeVar("F", bound=Callable[..., Any])


def compiled(function: F) -> F:
    """Numba's njit with a disk cache; keeps the Python signature for type checkers."""
    return cast(F, njit(cache=True, nogil=True)(function))
