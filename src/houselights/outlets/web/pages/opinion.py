"""Apparent against organic: what the shares would look like without the groups that act together."""

from collections.abc import Mapping
from typing import Any

from houselights.outlets import opinion as words
from houselights.outlets.web.indexed import Indexed

ASKED = "What would the conversation look like without the groups that act together?"
NOT_RUN = "Apparent against organic was not asked of this run. `houselights opinion RUN` estimates it and adds it here and to the report."


def context(results: Indexed, query: Mapping[str, str]) -> dict[str, Any]:
    topics = results.opinion
    return {
        "sentence": ASKED if topics else NOT_RUN,
        "topics": topics,
        "stale": [results.opinion_is_stale(t) for t in topics],
        "names": words.category_names(results) if topics else {},
    }
