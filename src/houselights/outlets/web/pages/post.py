"""One post, whole, with those before and after it."""

from collections.abc import Mapping
from typing import Any

from houselights.core.errors import HouselightsError
from houselights.outlets.web import urls
from houselights.outlets.web.cards import cards
from houselights.outlets.web.indexed import Indexed

AROUND = 2


def context(results: Indexed, query: Mapping[str, str], no: int) -> dict[str, Any]:
    total = results.counts["posts"]
    if not 0 <= no < total:
        raise HouselightsError(f"There is no post number {no}: they go from 0 to {total - 1}.")
    masked = urls.is_on(query, "masked")
    near = range(max(0, no - AROUND), min(total, no + AROUND + 1))
    shown = cards(results, [n for n in near if n != no], masked=masked) + cards(
        results, [no], masked=masked, whole=True
    )
    return {"no": no, "total": total, "posts": sorted(shown, key=lambda p: p["no"])}
