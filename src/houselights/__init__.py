"""houselights: which groups of accounts act together, with a stated error rate."""

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = ["HouselightsError", "Results", "Run", "__version__", "open_run", "scan"]

if TYPE_CHECKING:
    from houselights.api import Run, open_run, scan
    from houselights.core.errors import HouselightsError
    from houselights.results import Results

_HOMES = {
    "scan": "houselights.api",
    "Run": "houselights.api",
    "open_run": "houselights.api",
    "Results": "houselights.results",
    "HouselightsError": "houselights.core.errors",
}


def __getattr__(name: str) -> Any:
    """Loads a public name on first use: the command line must answer `--help` before DuckDB and Numba are imported."""
    if name not in _HOMES:
        raise AttributeError(f"module 'houselights' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
