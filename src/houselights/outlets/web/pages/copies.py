"""The same text in different words: what each copy adds to the most used wording, and what it leaves out."""

from collections.abc import Mapping
from typing import Any

from houselights.outlets import wording
from houselights.outlets.report.wordings import MOST_CHARACTERS
from houselights.outlets.web import redact, urls
from houselights.outlets.web.indexed import Indexed

MOST_TEXTS, MOST_WORDINGS = 30, 8


def context(results: Indexed, query: Mapping[str, str], finding_id: str) -> dict[str, Any]:
    f = results.finding(finding_id)
    return {
        "finding_id": finding_id,
        "place": results.place[finding_id],
        "sentence": wording.told(f)[0],
        "copies": texts(results, finding_id, masked=urls.is_on(query, "masked"), limit=MOST_TEXTS),
    }


def texts(results: Indexed, finding_id: str, *, masked: bool, limit: int) -> list[dict[str, Any]]:
    """Near-identical texts that are not word for word the same, those of most posts first, each with its wordings."""
    return [
        {
            "n_posts": sum(w.n_posts for w in told),
            "n_wordings": len(told),
            "wordings": [_wording(told[0], w, masked=masked) for w in told[:MOST_WORDINGS]],
        }
        for told in results.wordings(finding_id, limit)
    ]


def _wording(base: Any, w: Any, *, masked: bool) -> dict[str, Any]:
    from houselights.core.text import differences

    a, b = (_said(x.first.text, masked=masked) for x in (base, w))
    return {
        "pieces": [["same", b]] if w is base else [list(d) for d in differences(a, b)],
        "more": max(0, len(w.first.text) - MOST_CHARACTERS),
        "n_posts": w.n_posts,
        "n_accounts": w.n_accounts,
        "shown_at": wording.moment(w.first.created_at, w.first.precision),
    }


def _said(text: str, *, masked: bool) -> str:
    cut = text[:MOST_CHARACTERS]
    return redact.names(cut, [])[0] if masked else cut
