"""What the pages are written with: tables, shares with their intervals, and the place between two markers."""

from collections.abc import Sequence
from pathlib import Path

from houselights.core.stats import wilson_interval

START, END = "<!-- results -->", "<!-- end of results -->"


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = f"### {title}\n\n| {' | '.join(columns)} |\n|{'---|' * len(columns)}\n"
    return head + "\n".join(f"| {' | '.join(r)} |" for r in rows)


def share_of(n: int, total: int) -> str:
    low, high = wilson_interval(n, total)
    return f"{n} of {total:,} (95 % interval {low:.3f} to {high:.3f})"


def write_between_markers(page: Path, blocks: Sequence[str]) -> None:
    text = page.read_text(encoding="utf-8")
    inside = "\n\n".join(b for b in blocks if b)
    before, after = text[: text.index(START) + len(START)], text[text.index(END) :]
    page.write_text(f"{before}\n{inside}\n{after}", encoding="utf-8")
