"""Posts as people read them, in time order, with what is shared marked where it stands."""

from collections.abc import Mapping
from typing import Any

from houselights.outlets import wording
from houselights.outlets.web import queries, urls
from houselights.outlets.web.cards import cards
from houselights.outlets.web.indexed import Indexed

MOST_OPTIONS = 200


def context(results: Indexed, query: Mapping[str, str]) -> dict[str, Any]:
    asked = urls.feed(query)
    numbers, more = queries.page(results, asked)
    counted = queries.count(results, asked)
    shown = cards(results, numbers, masked=asked.masked)
    return {
        "sentence": sentence(results, asked, counted),
        "counts": counted,
        "filters": asked.filters,
        "without": {name: "/feed" + asked.with_(**{name: cleared(name)}).query() for name in asked.filters},
        "order": asked.order,
        "other_order": "/feed" + asked.with_(order="oldest" if asked.order == "newest" else "newest").query(),
        "after": asked.after,
        "posts": shown,
        "next": "/feed" + asked.with_(after=numbers[-1]).query() if more else None,
        "first": "/feed" + asked.with_().query() if asked.after is not None else None,
    }


def cleared(name: str) -> str | bool:
    return False if name == "organic" else ""


def options(results: Indexed) -> dict[str, list[tuple[str, str]]]:
    """What each filter can be set to, value and words, for the form."""
    names = results.narrative_names()
    return {
        "finding": [
            (f["finding_id"], f"{i}. {f['finding_id']} ({f.get('tier')})") for i, f in enumerate(results.findings, 1)
        ],
        "tier": [(t, t) for t in wording.TIER_MEANING if any(f.get("tier") == t for f in results.findings)],
        "channel": [
            (c, wording.CHANNEL_NAME.get(c, c))
            for c in sorted({c for f in results.findings for c in f.get("channels") or []})
        ],
        "narrative": [(i, f"{name} ({n:,})") for i, (name, n) in list(names.items())[:MOST_OPTIONS]],
        "lang": [(lang, f"{lang} ({n:,})") for lang, n in queries.languages(results)[:MOST_OPTIONS]],
    }


def sentence(results: Indexed, asked: urls.Feed, counted: dict[str, int]) -> str:
    """What the reader looks at, with the denominator."""
    total = results.counts["posts"]
    told = f"{wording.count(counted['posts'], 'post')} by {wording.count(counted['accounts'], 'account')}"
    if not asked.filters:
        return f"All {told}, in the order of time."
    parts = f"{told}, {wording.of_all(counted['posts'] / total) if total else '0 %'} of all {total:,}"
    if asked.organic:
        parts += ": those that are not evidence of any pattern of tier observed or better"
    return f"{parts}."
