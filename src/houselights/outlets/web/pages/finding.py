"""One finding: the sentence, the evidence, then the pictures, the accounts and the doubts."""

from collections.abc import Mapping
from typing import Any

from houselights.outlets import wording
from houselights.outlets.web.indexed import Indexed


def context(results: Indexed, query: Mapping[str, str], finding_id: str) -> dict[str, Any]:
    f = results.finding(finding_id)
    first, more = wording.told(f)
    return {
        "finding_id": finding_id,
        "place": results.place[finding_id],
        "n_findings": len(results.findings),
        "tier": str(f.get("tier")),
        "tier_meaning": wording.TIER_MEANING.get(str(f.get("tier")), ""),
        "sentence": first,
        "more": more,
        "not_named": wording.naming(f),
        "limits": wording.limits(f),
        "wrong_if": wording.wrong_if(f),
    }
