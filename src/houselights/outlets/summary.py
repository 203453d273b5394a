"""A run in the terminal: a sentence before a table, a table before details, and the next command to type."""

import json
import math
from pathlib import Path
from typing import Any, TextIO

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from houselights.outlets import wording
from houselights.outlets.hostile import terminal
from houselights.results import Results

MOST_IN_DETAIL = 12


def console(file: TextIO) -> Console:
    """Prints text as it is: no markup, no emoji codes, no highlighting of numbers in what strangers wrote.

    Honours NO_COLOR.
    """
    width = None if file.isatty() else 100  # a pipe or a notebook has no width of its own
    return Console(file=file, highlight=False, markup=False, emoji=False, width=width)


def show(results: Results, out: Console, report: Path | None) -> None:
    out.print(Text(terminal(wording.overall(results)), style="bold"))
    if not wording.passed(results.findings):
        result = "Nothing found is a result. " if wording.channels(results, "run") else ""
        out.print(Text(f"{result}{wording.tested(results)}"))
    if results.findings:
        out.print(_table(results.findings))
        shown = results.findings[:MOST_IN_DETAIL]
        common = wording.in_common(shown)
        for finding in shown:
            show_finding(finding, out, common)
        if common:
            out.print(Text(f"Of each of these findings: {terminal(' '.join(common))}\n"))
        if len(results.findings) > MOST_IN_DETAIL:
            out.print(
                Text(f"... and {len(results.findings) - MOST_IN_DETAIL:,} more in the report and in findings.json.\n")
            )
    _data(results, out)
    _next(results, out, report)


def _table(findings: list[dict[str, Any]]) -> Table:
    table = Table(box=box.SIMPLE, show_edge=False, pad_edge=False)
    for name in ("finding", "tier", "core/all", "window", "close in\nthe test", "by\nchance", "q"):
        table.add_column(name, justify="left" if name in ("finding", "tier") else "right", no_wrap=True)
    for f in findings:
        table.add_row(
            terminal(str(f["finding_id"])),
            terminal(str(f.get("tier"))),
            f"{f.get('n_core', 0):,}/{f.get('n_accounts', 0):,}",
            wording.seconds(float(f.get("window_s") or 0)),
            wording.tested_objects(f),
            wording.amount(f.get("expected")),
            wording.probability(f.get("q_value")),
        )
    return table


def show_finding(finding: dict[str, Any], out: Console, common: list[str]) -> None:
    """What one finding says, but for what is `common` to all."""
    head = Text(terminal(str(finding["finding_id"])), style="bold")
    head.append(f"  {terminal(str(finding.get('tier')))}")
    out.print(head)
    first, *rest = [terminal(x) for x in wording.sentences(finding) if x not in common] or [""]
    lines = [" ".join(rest), wording.naming(finding) or ""]
    for e in wording.fitting(finding):
        lines.append(f"An innocent explanation fits: {terminal(str(e.get('name')))}. {terminal(str(e.get('detail')))}")
    text = Text(first)
    for line in filter(None, lines):
        text.append(f"\n{line}")
    out.print(Padding(text, (0, 0, 1, 2)))


def _data(results: Results, out: Console) -> None:
    read = wording.sources(results)
    for line in read[:MOST_IN_DETAIL]:
        out.print(Text(f"Read: {terminal(line)}"))
    if len(read) > MOST_IN_DETAIL:
        out.print(Text(f"... and {len(read) - MOST_IN_DETAIL:,} more files, in manifest.json."))
    rejected = results.rejects_by_rule
    if rejected:
        rules = ", ".join(f"{terminal(rule)} {n:,}" for rule, n in rejected)
        out.print(
            Text(
                f"Rows not accepted: {results.counts['rejected']:,} ({rules}). They lie in rejects.parquet with line "
                f"and rule."
            )
        )
    for line in wording.lacking(results):
        out.print(Text(f"Note: {terminal(line)}", style="dim"))
    for line in wording.skipped(results):
        out.print(Text(f"Not tested: {terminal(line)}"))


def _next(results: Results, out: Console, report: Path | None) -> None:
    if report is not None:
        out.print(Text(f"Report: {terminal(str(report))}"))
    if results.findings:
        first = terminal(str(results.findings[0]["finding_id"]))
        out.print(Text(f"Next:   houselights explain {terminal(str(results.run_dir))} {first}"))


def as_json(results: Results, report: Path | None, exit_code: int) -> str:
    """The same for machines: one object, ASCII only, no NaN."""
    c = results.counts
    first, last = c["first_at"], c["last_at"]
    return dumps(
        {
            "run": str(results.run_dir),
            "report": str(report) if report else None,
            "exit_code": exit_code,
            "sentence": wording.overall(results),
            "posts": c["posts"],
            "accounts": c["accounts"],
            "first_at": first.isoformat() if first else None,
            "last_at": last.isoformat() if last else None,
            "q": wording.rate(results),
            "findings": results.findings,
            "rejected": dict(results.rejects_by_rule),
            "channels_run": wording.channels(results, "run"),
            "channels_skipped": wording.channels(results, "skipped"),
        }
    )


def dumps(value: Any) -> str:
    return json.dumps(_finite(value), indent=2, allow_nan=False)


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {str(k): _finite(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(v) for v in value]
    return value
