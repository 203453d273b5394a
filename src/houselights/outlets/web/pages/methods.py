"""What was tested and how, what it cannot see, what the data were, how to dispute a finding."""

from collections.abc import Mapping
from typing import Any

from houselights.outlets import wording
from houselights.outlets.web.indexed import Indexed

EXAMPLES = 50


def context(results: Indexed, query: Mapping[str, str]) -> dict[str, Any]:
    m, c = results.manifest, results.counts
    return {
        "sentence": "What was tested, against which chance level, with which error rate, and where it is blind.",
        "error_rate": wording.error_rate(wording.rate(results)),
        "method": wording.METHOD,
        "tested": wording.tested(results),
        "skipped": wording.skipped(results),
        "lacking": wording.lacking(results),
        "tiers": [
            {"tier": t, "meaning": w, "n": sum(f.get("tier") == t for f in results.findings)}
            for t, w in wording.TIER_MEANING.items()
        ],
        "calibration": results.calibration,
        "data": {
            "posts": c["posts"],
            "accounts": c["accounts"],
            "rejected": c["rejected"],
            "period": wording.span(c["first_at"], c["last_at"]),
            "precisions": [[wording.PRECISION_NAME.get(p, p), n] for p, n in results.precisions],
            "rejects": [[rule, n] for rule, n in results.rejects_by_rule],
            "examples": results.once(("rejects",), lambda: rejects(results)),
            "inputs": [
                {
                    "name": wording.input_name(i),
                    "rows": wording.input_rows(i),
                    "guess": str(i.get("guess") or ""),
                    "sha256": str(i.get("sha256") or ""),
                }
                for i in wording.inputs(results)
            ],
        },
        "version": str(m.get("version") or "unknown"),
        "seed": m.get("seed", 0),
        "settings": flat(m.get("settings") or {}),
    }


def rejects(results: Indexed) -> list[dict[str, Any]]:
    """Some rows that were not accepted, a few of each rule, with file and line."""
    from houselights.core import tables

    return results.rows(
        f"""SELECT source, line, rule, detail FROM {results._source(tables.REJECTS)}
        QUALIFY row_number() OVER (PARTITION BY rule ORDER BY source, line) <= 10 ORDER BY rule, source, line LIMIT {EXAMPLES}"""
    )


def flat(settings: Any, prefix: str = "") -> list[list[str]]:
    """Settings as (dotted name, value)."""
    if not isinstance(settings, dict) or not settings:
        return [[prefix, "not set" if settings in (None, {}) else str(settings)]]
    return [row for key, value in settings.items() for row in flat(value, f"{prefix}.{key}" if prefix else str(key))]
