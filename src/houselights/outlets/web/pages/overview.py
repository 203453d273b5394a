"""The first page: what needs a look, when it happened, what was checked and not found, and how far this run can be trusted."""

from collections.abc import Mapping
from typing import Any

from houselights.outlets import calibration as calibration_words
from houselights.outlets import wording
from houselights.outlets.web.indexed import Indexed
from houselights.outlets.web.pages.parts import findings_listed, volume


def context(results: Indexed, query: Mapping[str, str]) -> dict[str, Any]:
    c = results.counts
    rows, ran = findings_listed(results), bool(wording.channels(results, "run"))
    passed = [r for r in rows if r["finding_id"] in set(results.passed_ids)]
    return {
        "headline": headline(len(passed), tested=ran),
        "sentence": wording.overall(results),
        "counts": {"posts": c["posts"], "accounts": c["accounts"], "rejected": c["rejected"]},
        "period": wording.span(c["first_at"], c["last_at"]),
        "passed": passed,
        "described": [r for r in rows if r not in passed],
        "ran": ran,
        "common": wording.in_common(wording.passed(results.findings)),
        "volume": volume(results),
        "tested": wording.tested(results),
        "skipped": wording.skipped(results),
        "lacking": wording.lacking(results),
        "rate_0_1": wording.rate(results),
        "error_rate": wording.error_rate(wording.rate(results)),
        "calibration": calibration_sentence(results),
    }


def headline(n: int, *, tested: bool) -> str:
    if n == 0:
        return "Nothing found" if tested else "Nothing could be tested"
    return "One pattern needs a look" if n == 1 else f"{n:,} patterns need a look"


def calibration_sentence(results: Indexed) -> str:
    found = results.calibration
    if found is None:
        return calibration_words.NOT_RUN
    recall = calibration_words.recall_sentence(calibration_words.lead(found["recall"])) if found["recall"] else ""
    shuffles = " ".join(calibration_words.shuffle_sentence(r) for r in found["shuffles"][:1])
    return " ".join(x for x in (recall, shuffles) if x)
