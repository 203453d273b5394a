"""The reader view: the same feed, with no account named, and in plain words what the marks mean."""

from collections.abc import Mapping
from typing import Any

from houselights.outlets import wording
from houselights.outlets.web import queries, urls
from houselights.outlets.web.cards import cards
from houselights.outlets.web.indexed import Indexed
from houselights.outlets.web.pages.feed import sentence

NOBODY = {"label": "an account", "named": False, "key": "", "role": ""}
MEANING = (
    "Marked words are what groups of accounts had in common when they posted together more often, and closer in time, than chance explains. "
    "That says nothing about who is behind it, whether what is said is true, or who runs any of the accounts; people who openly act together do "
    "it too. No account is named here."
)


def context(results: Indexed, query: Mapping[str, str]) -> dict[str, Any]:
    asked = urls.feed({k: v for k, v in query.items() if k not in ("account", "object")}).with_(
        masked=True, after=urls.feed(query).after
    )
    numbers, more = queries.page(results, asked)
    counted = queries.count(results, asked)
    return {
        "sentence": sentence(results, asked, counted),
        "meaning": MEANING,
        "counts": counted,
        "filters": asked.filters,
        "order": asked.order,
        "after": asked.after,
        "patterns": patterns(results),
        "posts": anonymous(results, numbers),
        "next": "/reader" + asked.with_(after=numbers[-1], masked=False).query() if more else None,
        "first": "/reader" + asked.with_(masked=False).query() if asked.after is not None else None,
    }


def anonymous(results: Indexed, numbers: list[int]) -> list[dict[str, Any]]:
    """Cards without any name, number, id, address or file of an account."""
    return [c | {"account": NOBODY, "source": None, "link": None} for c in cards(results, numbers, masked=True)]


def patterns(results: Indexed) -> list[dict[str, Any]]:
    """What passed, in a sentence each."""
    return [
        {
            "finding_id": str(f["finding_id"]),
            "place": results.place[str(f["finding_id"])],
            "sentence": wording.told(f)[0],
            "tier": str(f.get("tier")),
            "n_posts": f.get("n_posts", 0),
        }
        for f in wording.passed(results.findings)
    ]
