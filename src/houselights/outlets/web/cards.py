"""A post as a page shows it: who wrote it as far as that may be said, when, its words with what is shared marked, and why."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from houselights.outlets import wording
from houselights.outlets.web import queries, redact
from houselights.outlets.web.indexed import Indexed

MOST_CHARACTERS = 1200
LEAD_IN = 160  # characters kept before the first mark of a long post
KIND_WORD = {
    "post": "",
    "reply": "reply",
    "repost": "repost",
    "quote": "quote",
    "comment": "comment",
}


def cards(results: Indexed, numbers: Sequence[int], *, masked: bool, whole: bool = False) -> list[dict[str, Any]]:
    """Cards of posts by number, in the order given; `masked`: no account is named, and none is named in the words either."""
    rows = queries.posts(results, numbers)
    spans, findings = queries.spans(results, numbers), queries.findings_of(results, numbers)
    return [
        _card(
            results,
            r,
            spans.get(r["no"], []),
            findings.get(r["no"], []),
            account(results, r["author_id"], {r["author_id"]: r}, masked=masked),
            masked=masked,
            whole=whole,
        )
        for r in rows
    ]


def account(results: Indexed, author_id: str, known: dict[str, dict[str, Any]], *, masked: bool) -> dict[str, Any]:
    """How an account is written: `label`, `named`, its `key` in addresses, its `role` where it is listed by name."""
    row = known.get(author_id)
    number = row["number"] if row else 0
    if masked or author_id not in results.named:
        return {
            "label": f"account no. {number:,}",
            "named": False,
            "key": f"{queries.UNNAMED}{number}",
            "role": "",
        }
    handle = row["handle"] if row else None
    return {
        "label": f"@{handle}" if handle else author_id,
        "named": True,
        "key": author_id,
        "role": results.named[author_id],
    }


def _card(
    results: Indexed,
    r: dict[str, Any],
    spans: list[dict[str, Any]],
    findings: list[str],
    who: dict[str, Any],
    *,
    masked: bool,
    whole: bool,
) -> dict[str, Any]:
    original, at = r["original"], datetime.fromtimestamp(r["created_us"] // 1_000_000, UTC)
    at += timedelta(microseconds=r["created_us"] % 1_000_000)
    text, marks = r["text"] or (original or ""), _marks(results, r["no"], spans)
    if original is not None:  # a repost is marked as a whole: its words are another's
        marks = [m | {"start": 0, "end": len(text)} if m["start"] == m["end"] else m for m in marks]
    if masked:
        text, marks = redact.names(text, marks)
    words = _cut(text, marks, whole=whole)
    return {
        "no": r["no"],
        "post_id": None if masked else r["post_id"],
        "platform": r["platform"],
        "at": at.isoformat(),
        "precision": r["precision"],
        "shown_at": wording.moment(at, r["precision"]),
        "kind": r["kind"],
        "kind_word": KIND_WORD.get(r["kind"], r["kind"]),
        "lang": r["lang"],
        "account": who,
        "words": words,
        "reposted": original is not None,
        "gone": not text and r["kind"] == "repost",
        "whole": [m for m in marks if m["start"] == m["end"]],
        "findings": [{"finding_id": i, "place": results.place.get(i, 0)} for i in findings],
        "link": r["url"] if who["named"] and str(r["url"] or "").startswith(("http://", "https://")) else None,
        "source": None if masked else f"{r['file']}, line {r['line']:,}",
    }


def _marks(results: Indexed, no: int, spans: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One mark for each span and kind of each finding."""
    return [
        {
            "id": f"why-{no}-{i}",
            "kind": s["kind"],
            "finding_id": s["finding_id"],
            "place": results.place.get(s["finding_id"], 0),
            "start": int(s["start"]),
            "end": int(s["end"]),
            "reason": s["reason"],
            "rule": f"{s['rule']} {s['rule_version']}",
        }
        for i, s in enumerate(spans)
    ]


def _cut(text: str, marks: list[dict[str, Any]], *, whole: bool) -> dict[str, Any]:
    """`pieces` of text, each with the marks that lie on it, and how many characters before and after are left out."""
    drawn = sorted((m for m in marks if m["end"] > m["start"]), key=lambda m: (m["start"], m["end"]))
    first, last = 0, len(text)
    if len(text) > MOST_CHARACTERS and not whole:
        first = max(0, min(drawn[0]["start"] - LEAD_IN, len(text) - MOST_CHARACTERS)) if drawn else 0
        last = first + MOST_CHARACTERS
    edges = sorted({first, last, *(min(max(e, first), last) for m in drawn for e in (m["start"], m["end"]))})
    pieces, told = [], set()
    for a, b in pairwise(edges):
        on = [m for m in drawn if m["start"] <= a and m["end"] >= b]
        pieces.append({"text": text[a:b], "marks": on, "new": [m for m in on if m["id"] not in told]})
        told |= {m["id"] for m in on}
    return {"pieces": pieces, "before": first, "after": len(text) - last}
