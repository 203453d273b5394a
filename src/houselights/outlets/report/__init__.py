"""`report.html`: one file, no network, opens from disk, works without JavaScript."""

from pathlib import Path

from houselights.outlets.report.page import render
from houselights.results import Results

__all__ = ["render", "write"]


def write(results: Results, out: Path | None = None) -> Path:
    """Writes the report beside its name and renames it, so that nobody ever opens half a report. Returns its path."""
    path = out or results.run_dir / "report.html"
    beside = path.with_name(path.name + ".part")
    beside.write_text(render(results), encoding="utf-8", newline="\n")
    beside.replace(path)
    return path
