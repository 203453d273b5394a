"""The few pieces of HTML that every part of the report is made of.
Arguments are safe HTML, unless they say otherwise."""

from collections.abc import Iterable, Sequence


def table(
    caption: str, columns: Sequence[str], rows: Iterable[Sequence[str]], *, small: bool = False, filtered: str = ""
) -> str:
    """A table that scrolls by itself on narrow screens. The first cell of a row is its heading; a column whose name
    starts with `#` holds numbers. `filtered`: what its rows are called, where a filter box is wanted."""
    numeric = [c.startswith("#") for c in columns]
    head = "".join(
        f'<th scope="col"{_right(n)}>{c.removeprefix("#")}</th>' for c, n in zip(columns, numeric, strict=True)
    )
    body = "".join(f"<tr>{_cells(row, numeric)}</tr>\n" for row in rows)
    attributes = (' class="small"' if small else "") + (f' data-filter="{filtered}"' if filtered else "")
    inside = f"<caption>{caption}</caption>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody>"
    return scroll(f"<table{attributes}>{inside}</table>", "Table")


def scroll(inside: str, name: str) -> str:
    return f'<div class="scroll" tabindex="0" role="region" aria-label="{name}">{inside}</div>'


def folded(summary: str, inside: str, *, printed: bool = False) -> str:
    """Closed until the reader opens it; on paper open where `printed`, else only its summary."""
    attributes = ' class="printed"' if printed else ""
    return f"<details{attributes}><summary>{summary}</summary>{inside}</details>"


def section(anchor: str, heading: str, inside: str, tag: str = "section") -> str:
    return f'<{tag} id="{anchor}" aria-labelledby="{anchor}-h">\n<h2 id="{anchor}-h">{heading}</h2>\n{inside}\n</{tag}>'


def items(lines: Iterable[str]) -> str:
    return "<ul>" + "".join(f"<li>{x}</li>" for x in lines) + "</ul>"


def _cells(row: Sequence[str], numeric: Sequence[bool]) -> str:
    out = []
    for i, (cell, number) in enumerate(zip(row, numeric, strict=True)):
        out.append(f'<th scope="row">{cell}</th>' if i == 0 else f"<td{_right(number)}>{cell}</td>")
    return "".join(out)


def _right(number: bool) -> str:
    return ' class="n"' if number else ""
