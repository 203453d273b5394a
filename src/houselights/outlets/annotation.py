"""What a model read, in the terminal: names and summaries marked as unverified, what was marked, how far model and head agree."""

from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from houselights.core.tables import ANNOTATIONS
from houselights.outlets import wording
from houselights.outlets.hostile import terminal
from houselights.results import Results

if TYPE_CHECKING:
    from houselights.annotate import AnnotateReport
    from houselights.content.audit import Audit
    from houselights.llm.estimate import Estimate

MOST_SHOWN = 15


def cost(model: str, told: "Estimate") -> str:
    """One line before a job begins."""
    known = f" ({told.n_held:,} were answered before)" if told.n_held else ""
    if not told.n_calls:
        return f"{model}: nothing to ask{known}."
    how_long = "an unknown time, for nothing is known of this model's speed"
    if told.seconds is not None:
        basis = (
            f"as its last {told.measured_calls:,} calls went"
            if told.measured_calls
            else "as measured on two idle cores"
        )
        how_long = f"about {duration(told.seconds)} ({basis})"
    return (
        f"{model}: {wording.count(told.n_calls, 'call')}{known}, about {told.n_prompt_tokens:,} tokens to read and "
        f"{told.n_answer_tokens:,} to write, {how_long}."
    )


def duration(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60):,} min" if seconds < 7200 else f"{seconds / 3600:,.1f} h"


def show(results: Results, report: "AnnotateReport", out: Console) -> None:
    rows = results.descriptions()
    names = [r for r in rows if r["task"] == "name"]
    if names:
        out.print(Text(f"Names of narratives, by {terminal(report.model)}, unverified:", style="bold"))
        out.print(_names(results, names))
    for r in [r for r in rows if r["task"] == "summary"][:MOST_SHOWN]:
        out.print(Text(f"{r['subject_id']}: {terminal(str(r['text']))}\n"))
    fits = [r for r in rows if r["task"] == "explanation" and r["label"] == "yes"]
    for r in fits[:MOST_SHOWN]:
        out.print(Text(f"{r['subject_id']}: the model sees '{r['target']}' in its texts: {terminal(str(r['text']))}"))
    if rows:
        out.print(Text(wording.MODEL_MEANING))
    for who, n in report.n_marked.items():
        unclear = f", {report.n_unclear[who]:,} unclear" if who in report.n_unclear else ""
        out.print(Text(f"{wording.count(n, 'post')} marked{unclear}: {terminal(who)}"))
    if any(who.startswith("head:techniques") for who in report.n_marked):
        out.print(Text(wording.TECHNIQUES_MEANING))
    if report.agreement:
        out.print(_agreement(report.agreement))
        out.print(Text(wording.AGREEMENT_MEANING))
    if report.n_unfit or report.n_refused:
        out.print(
            Text(
                f"Not usable: {report.n_unfit:,} answers that did not fit after a second try, {report.n_refused:,} refused: see answers.parquet."
            )
        )
    for task, why in report.skipped.items():
        out.print(Text(f"Left out: {task}: {terminal(why)}"))
    out.print(Text(f"Written to {terminal(str(results.run_dir / ANNOTATIONS.file))} and descriptions.parquet"))


def _names(results: Results, names: list[dict[str, Any]]) -> Table:
    keywords = results.narrative_names()
    table = Table(box=box.SIMPLE, show_edge=False, pad_edge=False)
    table.add_column("name", ratio=3)
    table.add_column("keywords", ratio=2)
    table.add_column("posts", justify="right", no_wrap=True)
    for r in sorted(names, key=lambda r: (-keywords[r["subject_id"]][1], r["subject_id"]))[:MOST_SHOWN]:
        words, n_posts = keywords[r["subject_id"]]
        table.add_row(Text(terminal(str(r["text"]))), Text(terminal(words)), f"{n_posts:,}")
    return table


def _agreement(rows: list[dict[str, Any]]) -> Table:
    table = Table(box=box.SIMPLE, show_edge=False, pad_edge=False)
    for name in ("model and head", "posts", "same label", "kappa"):
        table.add_column(name, justify="left" if name == "model and head" else "right")
    for r in rows:
        what = terminal(" ".join(x for x in (r["task"], r["target"], r["label"]) if x))
        same = "-" if r["agreement_0_1"] is None else wording.share(r["agreement_0_1"])
        table.add_row(what, f"{r['n_posts']:,}", same, "-" if r["kappa"] is None else f"{r['kappa']:.2f}")
    return table


def as_dict(results: Results, report: "AnnotateReport") -> dict[str, Any]:
    return {
        "run": str(results.run_dir),
        "model": report.model,
        "n_asked": report.told.n_asked,
        "n_answered_before": report.told.n_held,
        "n_unanswered": report.told.n_unanswered,
        "n_unfit": report.n_unfit,
        "n_refused": report.n_refused,
        "posts_marked": report.n_marked,
        "posts_unclear": report.n_unclear,
        "agreement": report.agreement,
        "skipped": report.skipped,
        "descriptions": results.descriptions(),
    }


def show_audit(told: "Audit", out: Console) -> None:
    what = f"{told.task} {'toward ' if told.task == 'stance' else ''}{told.target}"
    out.print(Text(f"{told.n_labelled:,} of {told.n_sheet:,} rows labelled: {terminal(what)}", style="bold"))
    table = Table(box=box.SIMPLE, show_edge=False, pad_edge=False)
    for name in ("label", "as predicted", "as the labels say", "90 % interval"):
        table.add_column(name, justify="left" if name == "label" else "right")
    for s in told.shares:
        table.add_row(
            s.label,
            wording.share(s.predicted_0_1),
            wording.share(s.corrected_0_1),
            f"{wording.share(s.low_0_1)} to {wording.share(s.high_0_1)}",
        )
    out.print(table)
    of = "all posts"
    if told.covered_0_1 < 1:
        covered, of = wording.share(told.covered_0_1), "these posts"
        out.print(
            Text(
                f"Shares are of {covered} of all posts: of the kinds of posts that the rest are of (by predicted label, language, finding or not) "
                "no row is labelled. The intervals are of all posts and allow for any label in the rest. Label some rows of each kind."
            )
        )
    agree = wording.share(told.agreement_0_1)
    out.print(Text(f"Prediction and label agree on {agree} of {of}, as far as the sheet can tell."))
    for r in told.by_language:
        out.print(
            Text(f"  {terminal(r['lang'])}: {wording.share(r['agreement_0_1'])} ({wording.count(r['n'], 'row')})")
        )
    out.print(
        Text(
            "Shares are of posts in own words, each weighted by its chance to be on the sheet. confusion.parquet holds what was mistaken for what."
        )
    )


def audit_as_dict(told: "Audit") -> dict[str, Any]:
    return {
        "task": told.task,
        "target": told.target,
        "n_sheet": told.n_sheet,
        "n_labelled": told.n_labelled,
        "covered_0_1": told.covered_0_1,
        "agreement_0_1": told.agreement_0_1,
        "shares": [vars(s) for s in told.shares],
        "by_language": told.by_language,
    }
