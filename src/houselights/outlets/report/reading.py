"""What a language model and the heads read in a finding's posts: beside the evidence, never in its place, and marked as unverified."""

from typing import Any

from houselights.outlets import wording
from houselights.outlets.hostile import clip, html_marked, html_text
from houselights.outlets.report.markup import table
from houselights.results import Results

MOST_QUOTES = 3
AROUND = 60  # characters of the post on either side of a quote
MOST_QUOTED = 160


def summary(results: Results, finding_id: str) -> str:
    """A model's three sentences; nothing where none was asked."""
    found = [d for d in results.descriptions() if d["task"] == "summary" and d["subject_id"] == finding_id]
    return "\n".join(
        f'<p class="notice"><strong>Drafted by {html_marked(str(d["model"]))}, not checked by a person:</strong> {html_marked(str(d["text"]))}</p>'
        for d in found[:1]
    )


def names(results: Results) -> dict[str, str]:
    """Narrative id -> the model's name for it."""
    return {str(d["subject_id"]): str(d["text"]) for d in results.descriptions() if d["task"] == "name"}


def advice(results: Results, finding_id: str) -> dict[str, str]:
    """Name of an explanation -> what the model says of it, in a sentence."""
    said = {
        "yes": "The model sees it in the texts",
        "no": "The model does not see it",
        "unclear": "The model cannot tell",
    }
    return {
        str(d["target"]): f"{said[str(d['label'])]}: {d['text']}"
        for d in results.descriptions()
        if d["task"] == "explanation" and d["subject_id"] == finding_id and d["label"] in said
    }


def marks(results: Results, finding_id: str, anchor: str) -> str:
    """Techniques that the head marked, beside how often it marks them in everybody else's posts; nothing where it was not asked."""
    found = results.marked(finding_id, MOST_QUOTES)
    if not found:
        return ""
    names = [technique(str(r["label"])) for r in found]
    rows = (
        [
            html_text(name),
            f"{r['n_posts']:,}",
            wording.share(r["share_0_1"]),
            "-" if r["others_0_1"] is None else wording.share(r["others_0_1"]),
            "<br>".join(_quoted(q) for q in r["quotes"]),
        ]
        for name, r in zip(names, found, strict=True)
    )
    columns = (
        "Technique",
        "#Posts of the pattern",
        "#Share of its posts",
        "#Share of all others' posts",
        "Surest marks",
    )
    return f'<h3 id="{anchor}-techniques">How it persuades</h3>\n{table(html_text(wording.marks_meaning(names)), columns, rows, small=True)}'


def technique(label: str) -> str:
    """A technique's name as people write it."""
    return label.replace("_", " ").replace("-", " or ").lower()


def _quoted(quote: dict[str, Any]) -> str:
    """The marked words between the words around them."""
    text, start, end = str(quote["text"]), int(quote["start"]), int(quote["end"])
    before, after = text[max(0, start - AROUND) : start], text[end : end + AROUND]
    cut = ("… " if start > AROUND else "", " …" if len(text) > end + AROUND else "")
    inside = clip(text[start:end], MOST_QUOTED)
    return f"<q>{cut[0]}{html_marked(before)}<mark>{html_marked(inside)}</mark>{html_marked(after)}{cut[1]}</q>"
