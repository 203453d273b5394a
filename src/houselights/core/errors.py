"""The one exception a user may see, a machine that is too small, and the refusal to write over what is read."""

import errno
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path


class HouselightsError(Exception):
    """Wrong use or unreadable input. The message says what happened, where, and what to do; the CLI prints it and exits 2."""


def refuse_to_lose(inputs: Sequence[Path], outputs: Iterable[Path]) -> None:
    """Raises HouselightsError where an output is an input itself, by whatever name."""
    for out in outputs:
        for path in inputs:
            if out.exists() and path.exists() and out.samefile(path):
                raise HouselightsError(f"{out} is the input itself, which would be lost. Give another --out.")


@contextmanager
def shortage_told(folder: Path) -> Iterator[None]:
    """Turns a lack of memory or of room under `folder` into HouselightsError: it is no fault of the data, nor of the program."""
    import duckdb  # not where `--help` would wait for it

    try:
        yield
    except (duckdb.OutOfMemoryException, MemoryError) as error:
        raise HouselightsError(
            f"this machine has too little memory for it ({_first_line(error)}). Close other programs, take a machine with more, "
            "or give fewer posts at a time."
        ) from error
    except (duckdb.IOException, OSError) as error:
        if getattr(error, "errno", None) != errno.ENOSPC and "No space left" not in str(error):
            raise
        raise HouselightsError(
            f"the disk that holds {folder} is full. Make room there, or name a folder on another disk with --out."
        ) from error


@contextmanager
def damage_told(run_dir: Path) -> Iterator[None]:
    """Turns a table of a RUN that is missing or cannot be read into HouselightsError."""
    import duckdb  # not where `--help` would wait for it
    import pyarrow as pa

    try:
        yield
    except (duckdb.IOException, duckdb.InvalidInputException, duckdb.BinderException, pa.ArrowInvalid) as error:
        if ".parquet" not in str(error).lower() and not isinstance(error, pa.ArrowInvalid | duckdb.BinderException):
            raise
        raise HouselightsError(
            f"{run_dir}: a table in it is missing, damaged or of another version ({_first_line(error)}). Run the scan again; of what annotate and "
            "sample write, remove the table and make it again."
        ) from error


def refuse_unwritable(folder: Path, what: str) -> None:
    """Raises HouselightsError where `what`, a file in `folder`, could not be written, before work is done in vain."""
    import tempfile

    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise HouselightsError(
            f"{what} cannot be written ({folder}: {error.strerror or error}). Check the path, and who may write there."
        ) from error


def _first_line(error: BaseException) -> str:
    return next(iter(str(error).splitlines()), "out of memory")[:200]
