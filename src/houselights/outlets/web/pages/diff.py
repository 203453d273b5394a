"""This run beside another: which patterns appeared, grew, stayed, faded or are gone."""

from collections.abc import Mapping
from typing import Any

from houselights.core.errors import HouselightsError
from houselights.outlets import comparison
from houselights.outlets.web.indexed import Indexed
from houselights.outlets.web.siblings import siblings
from houselights.results import Results


def context(results: Indexed, query: Mapping[str, str]) -> dict[str, Any]:
    """`other` is the name of a RUN that lies beside this one; it counts as the earlier of the two."""
    beside = {p.name: p for p in siblings(results.run_dir)}
    other = query.get("other") or ""
    told: dict[str, Any] = {"other": other, "runs": sorted(beside), "sentence": "", "findings": [], "data": []}
    if not other:
        return told | {"sentence": "Choose a run that lies beside this one: it counts as the earlier of the two."}
    if other not in beside:
        raise HouselightsError(
            f"There is no RUN {other[:80]} beside this one. Beside it lie: {', '.join(beside) or 'none'}."
        )
    return told | comparison.compare(Results(beside[other]), results) | {"meaning": comparison.MEANING}
