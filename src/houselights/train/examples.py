"""Labelled JSON lines -> examples, split by group.

A line reads {"text", "target", "label", "group"} for stance, {"text", "spans", "group"} for techniques. Rows of one group (an author, an article, a
conversation) resemble each other: a split by row measures how well a model remembers, not how well it reads.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

from houselights.core.errors import HouselightsError
from houselights.core.text import normalise

MOST_TOLD = 5  # bad lines in one message
_SHAPE = {
    "stance": '{"text": "...", "target": "...", "label": "against", "group": "author or topic"}',
    "techniques": '{"text": "...", "spans": [{"technique": "...", "start": 0, "end": 9}], "group": "article or author"}',
}


@dataclass(frozen=True, order=True)
class Span:
    """Characters start (inclusive) to end (exclusive) of a text."""

    start: int
    end: int
    technique: str


@dataclass(frozen=True)
class Example:
    text: str
    group: str
    target: str = ""  # of a stance
    label: str = ""  # stance
    spans: tuple[Span, ...] = ()


@dataclass(frozen=True)
class Split:
    train: tuple[Example, ...]
    held_out: tuple[Example, ...]
    n_twins: int  # training rows left out because their text stands in a held-out group too


def read(task: str, paths: Sequence[Path]) -> list[Example]:
    """All lines of all files. Raises HouselightsError that names file and line of the first few that cannot be used."""
    out: list[Example] = []
    wrong: list[str] = []
    for path in paths:
        for number, line in _lines(path):
            try:
                out.append(_example(task, line))
            except ValueError as error:
                wrong.append(f"{path}, line {number}: {error}.")
    if wrong:
        more = f"\n... and {len(wrong) - MOST_TOLD:,} more lines." if len(wrong) > MOST_TOLD else ""
        raise HouselightsError(
            "\n".join(wrong[:MOST_TOLD])
            + f"{more}\nA line for {task} reads {_SHAPE[task]}. Mend or remove these lines."
        )
    if not out:
        raise HouselightsError(f"{', '.join(map(str, paths))}: no line at all. A line for {task} reads {_SHAPE[task]}.")
    return out


def names(task: str, rows: Sequence[Example]) -> tuple[str, ...]:
    """What can be answered: every label or technique of the rows, sorted."""
    found = {row.label for row in rows} if task == "stance" else {s.technique for row in rows for s in row.spans}
    least = 2 if task == "stance" else 1
    if len(found) < least:
        what = "labels, so that there is something to tell apart" if task == "stance" else "technique in some line"
        raise HouselightsError(f"the data hold {len(found)} of them, and training needs at least {least} {what}.")
    return tuple(sorted(found))


def split(rows: Sequence[Example], held_out_0_1: float, seed: int) -> Split:
    """Whole groups are held out, by a keyed hash of (seed, group): the order of rows and files changes nothing."""
    groups = sorted({row.group for row in rows}, key=lambda group: _draw(seed, group))
    if len(groups) < 2:
        raise HouselightsError(
            f"all lines are of one group ({groups[0]!r}), so none can be held out to measure on. Name in `group` whom or "
            "what each text comes from: its author, article or conversation."
        )
    held = set(groups[: min(len(groups) - 1, max(1, round(held_out_0_1 * len(groups))))])
    held_out = tuple(row for row in rows if row.group in held)
    known = {normalise(row.text) for row in held_out}  # copies travel between groups: reposts, agency papers
    train = tuple(row for row in rows if row.group not in held)
    kept = tuple(row for row in train if normalise(row.text) not in known)
    if not kept:
        raise HouselightsError("every text stands in several groups, so nothing is left to train on. Look at `group`.")
    return Split(kept, held_out, len(train) - len(kept))


def _draw(seed: int, group: str) -> bytes:
    return blake2b(f"{seed} {group}".encode(), digest_size=8).digest()


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    if not path.is_file():
        raise HouselightsError(f"{path} does not exist. --data takes files of labelled JSON lines.")
    number = 0
    with path.open("rb") as file:
        for number, raw in enumerate(file, 1):
            try:
                line = raw.decode("utf-8-sig" if number == 1 else "utf-8").strip()
            except UnicodeDecodeError:
                raise HouselightsError(f"{path}, line {number}: not UTF-8. Save the file as UTF-8.") from None
            if line:
                yield number, line


def _example(task: str, line: str) -> Example:
    """Raises ValueError with what is wrong with the line, and what to do."""
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        raise ValueError("no JSON. Write one object a line, and no list around them") from None
    if not isinstance(row, dict):
        raise ValueError(f"a JSON {type(row).__name__}, not an object. Write one object a line")
    text, group = _words(row, "text"), _words(row, "group")
    if task == "stance":
        target = _words(row, "target") if "target" in row else ""
        return Example(text, group, target, _words(row, "label"))
    spans = row.get("spans")
    if not isinstance(spans, list):
        raise ValueError("no list `spans`. Give an empty list for a text without techniques")
    return Example(text, group, spans=tuple(sorted({_span(span, len(text)) for span in spans})))


def _words(row: dict[str, Any], name: str) -> str:
    value = row.get(name)
    if isinstance(value, int) and not isinstance(value, bool) and name == "group":
        value = str(value)
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"`{name}` is missing, empty or no text. Give it a value")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError(f"`{name}` holds half a character (a lone surrogate). Write it whole") from None
    return value


def _span(span: Any, length: int) -> Span:
    if not isinstance(span, dict):
        raise ValueError("a span is no object. Write technique, start and end of each")
    start: Any = span.get("start")
    end: Any = span.get("end")
    if type(start) is not int or type(end) is not int:
        raise ValueError("a span lacks `start` or `end` as whole numbers. Count characters from 0")
    if not 0 <= start < end <= length:
        raise ValueError(
            f"a span from {start} to {end} does not lie in its text of {length} characters. Count characters (not bytes) from 0; "
            "`end` is the first that is no longer part"
        )
    return Span(start, end, _words(span, "technique"))
