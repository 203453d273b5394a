"""RUN directories beside the one that is shown: what it may be compared with, and where a new one may go."""

import json
from pathlib import Path

from houselights.core.errors import HouselightsError

MOST = 200


def siblings(run_dir: Path) -> list[Path]:
    """Other complete RUN directories in the same folder, by name."""
    here = run_dir.resolve()
    try:
        beside = sorted(p for p in here.parent.iterdir() if p.is_dir() and p.resolve() != here)
    except OSError:
        return []
    return [p for p in beside if _is_complete(p)][:MOST]


def _is_complete(directory: Path) -> bool:
    try:
        found = json.loads((directory / "manifest.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(found, dict) and found.get("complete") is True and "version" in found


def new_run(run_dir: Path, name: str) -> Path:
    """Where a new RUN of that name goes: beside this one. Raises HouselightsError for a name that is none, or that is taken."""
    clean = name.strip()
    if not clean or clean in (".", "..") or clean.startswith((".", "-")) or not all(_fits(c) for c in clean):
        raise HouselightsError("Give the new run a name of letters, digits, spaces, '-', '_' and '.'.")
    path = run_dir.resolve().parent / clean[:80]
    if path.exists():
        raise HouselightsError(f"{path.name} exists already beside this run. Give another name.")
    return path


def _fits(char: str) -> bool:
    return char.isalnum() or char in " -_."
