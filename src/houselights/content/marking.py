"""Stance and techniques in posts: what to ask a model, and rows of `annotations` from its answers, every quote looked up in the post."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

import pyarrow as pa

from houselights.core.quotes import find
from houselights.core.tables import ANNOTATIONS, ASKED

STANCE, TECHNIQUES = "stance", "techniques"
TASKS = (STANCE, TECHNIQUES)
MOST_CHARACTERS = 1500


def asked(task: str, posts: Iterable[tuple[str, str]], target: str = "") -> pa.Table:
    """One question a post, (post_id, text)."""
    rows = [
        {
            "task": task,
            "subject_id": post_id,
            "target": target,
            "language": "",
            "fields": json.dumps({"post": text[:MOST_CHARACTERS]}, ensure_ascii=True, sort_keys=True),
        }
        for post_id, text in posts
    ]
    return pa.Table.from_pylist(rows, schema=ASKED)


def stance_complaint(answer: dict[str, Any], fields: dict[str, Any]) -> str:
    """A stance that is shown by no words of the post is none."""
    if answer["stance"] in ("neither", "unclear"):
        return ""
    if not str(answer["quote"]).strip():
        return "A stance needs the words of the post that show it; without such words it is neither or unclear."
    return (
        ""
        if find(str(answer["quote"]), str(fields["post"]))
        else "The quote does not occur in the post, letter for letter."
    )


def techniques_complaint(answer: dict[str, Any], fields: dict[str, Any]) -> str:
    """Quotes that do not occur are dropped; an answer of which nothing is left is asked for again."""
    found = answer["found"]
    if found and not any(find(str(f["quote"]), str(fields["post"])) for f in found):
        return "None of the quotes occurs in the post, letter for letter."
    return ""


def stance_rows(
    post_id: str, text: str, target: str, answer: dict[str, Any], model: str, version: str
) -> list[dict[str, Any]]:
    label = str(answer["stance"])
    where = find(str(answer["quote"]), text) if label in ("favour", "against") else None
    return [row(post_id, STANCE, target, label, where or (0, 0), text, None, model, version)]


def technique_rows(post_id: str, text: str, answer: dict[str, Any], model: str, version: str) -> list[dict[str, Any]]:
    """One row a technique and place; what is no quote is left out."""
    placed = {(str(f["technique"]), find(str(f["quote"]), text)) for f in answer["found"]}
    return [
        row(post_id, TECHNIQUES, "", technique, where, text, None, model, version)
        for technique, where in sorted((t, w) for t, w in placed if w)
    ]


def row(
    post_id: str,
    task: str,
    target: str,
    label: str,
    where: tuple[int, int],
    text: str,
    confidence: float | None,
    model: str,
    version: str,
) -> dict[str, Any]:
    return {
        "post_id": post_id,
        "task": task,
        "target": target,
        "label": label,
        "start": where[0],
        "end": where[1],
        "quote": text[where[0] : where[1]],
        "confidence": confidence,
        "model": model,
        "prompt_version": version,
    }


def table(rows: Sequence[dict[str, Any]]) -> pa.Table:
    """`annotations`, in the declared order."""
    keys = [(k, "ascending") for k in ANNOTATIONS.order]
    return pa.Table.from_pylist(list(rows), schema=ANNOTATIONS.schema).sort_by(keys)
