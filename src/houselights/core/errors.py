"""The one exception a user may see, and the refusal to write over what is read."""

from collections.abc import Iterable, Sequence
from pathlib import Path


class HouselightsError(Exception):
    """Wrong use or unreadable input. The message says what happened, where, and what to do; the CLI prints it and exits 2."""


def refuse_to_lose(inputs: Sequence[Path], outputs: Iterable[Path]) -> None:
    """Raises HouselightsError where an output is an input itself, by whatever name."""
    for out in outputs:
        for path in inputs:
            if out.exists() and path.exists() and out.samefile(path):
                raise HouselightsError(f"{out} is the input itself, which would be lost. Give another --out.")
