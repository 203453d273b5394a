"""What is said: narratives, how many say each, and how much of it is evidence of patterns."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from houselights.core import tables
from houselights.core.errors import HouselightsError
from houselights.outlets import wording
from houselights.outlets.report import reading
from houselights.outlets.web.indexed import NTH, Indexed, nth
from houselights.records import bin_width_s, floor

PAGE, BINS = 40, 48
NONE = "Narratives were not made for this run, or no message was told often enough: scan with --narratives."


def context(results: Indexed, query: Mapping[str, str]) -> dict[str, Any]:
    after = query.get("after") or "0"
    if not (after.isascii() and after.isdigit() and len(after) < 16):
        raise HouselightsError("after is the place of a narrative. Begin again at the first page.")
    rows = results.once(("narratives",), lambda: all_told(results))
    shown = rows[int(after) : int(after) + PAGE]
    ids = tuple(r["narrative_id"] for r in shown)
    drawn = results.once(("narrative volumes", ids), lambda: volumes(results, ids))
    return {
        "sentence": sentence(rows),
        "total": len(rows),
        "narratives": [r | {"volume": drawn.get(r["narrative_id"])} for r in shown],
        "model_meaning": wording.MODEL_MEANING if any(r["drafted"] for r in shown) else "",
        "after": int(after),
        "next": int(after) + PAGE if int(after) + PAGE < len(rows) else None,
    }


def sentence(rows: list[dict[str, Any]]) -> str:
    if not rows:
        return NONE
    touched = [r for r in rows if r["coordinated"]]
    told = f"{wording.count(len(rows), 'narrative')}: posts that a model of meaning reads as one message, whatever the words or the language."
    if not touched:
        return f"{told} None of their posts is evidence of a pattern of tier observed or better."
    most = max(touched, key=lambda r: (r["coordinated"] / r["n_posts"], r["narrative_id"]))
    share = wording.of_all(most["coordinated"] / most["n_posts"])
    return (
        f"{told} {len(touched):,} of them hold posts that are evidence of patterns of tier observed or better; "
        f"the largest share of any is {share}."
    )


def all_told(results: Indexed) -> list[dict[str, Any]]:
    """Every narrative, most posts first, with the posts of it that are evidence of a pattern that passed."""
    source = results._source(tables.NARRATIVES)
    rows = results.rows(
        f"""WITH seen AS (SELECT DISTINCT no FROM marks WHERE list_contains($passed, finding_id)),
        theirs AS (SELECT narrative_id, count(*) AS n FROM told SEMI JOIN seen USING (no) GROUP BY 1)
        SELECT narrative_id, name, languages, n_posts, n_texts, n_accounts, account_share_0_1, first_at, last_at,
            coalesce(theirs.n, 0) AS coordinated
        FROM {source} LEFT JOIN theirs USING (narrative_id) ORDER BY n_posts DESC, narrative_id""",
        {"passed": results.passed_ids},
    )
    names = reading.names(results)
    return [
        {
            "narrative_id": r["narrative_id"],
            "keywords": r["name"],
            "drafted": names.get(r["narrative_id"]),
            "languages": r["languages"],
            "n_posts": r["n_posts"],
            "n_texts": r["n_texts"],
            "n_accounts": r["n_accounts"],
            "account_share_0_1": r["account_share_0_1"],
            "coordinated": r["coordinated"],
            "span": wording.span(r["first_at"], r["last_at"]),
        }
        for r in rows
    ]


def volumes(results: Indexed, narrative_ids: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    """Per narrative its posts over the whole period: those that are evidence of patterns that passed, and all others."""
    first, last = results.counts["first_at"], results.counts["last_at"]
    if first is None or not narrative_ids:
        return {}
    bin_s = bin_width_s((last - first).total_seconds(), BINS)
    start = floor(first, bin_s)
    width = int((last - start).total_seconds() // bin_s) + 1
    rows = results.rows(
        f"""WITH seen AS (SELECT DISTINCT no FROM marks WHERE list_contains($passed, finding_id))
        SELECT narrative_id, {NTH} AS nth, count(*) AS n, count(seen.no) AS theirs
        FROM told LEFT JOIN seen USING (no) WHERE narrative_id IN (SELECT unnest($ids)) GROUP BY ALL""",
        {"passed": results.passed_ids, "ids": list(narrative_ids)} | nth(start, bin_s),
    )
    starts = [(start + timedelta(seconds=bin_s * i)).isoformat() for i in range(width)]
    out: dict[str, dict[str, Any]] = {
        i: {"bin_s": bin_s, "starts": starts, "group": [0] * width, "others": [0] * width} for i in narrative_ids
    }
    for r in rows:
        out[r["narrative_id"]]["group"][r["nth"]] = r["theirs"]
        out[r["narrative_id"]]["others"][r["nth"]] = r["n"] - r["theirs"]
    return out
