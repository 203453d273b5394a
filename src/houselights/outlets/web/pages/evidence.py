"""Pairs of posts side by side: what they share, how far apart they are, how likely that is by chance."""

from collections.abc import Mapping
from typing import Any

from houselights.core.errors import HouselightsError
from houselights.outlets import wording
from houselights.outlets.report.evidence import ALONE, HALVES
from houselights.outlets.web import redact, urls
from houselights.outlets.web.cards import cards
from houselights.outlets.web.indexed import Indexed

PAGE = 20


def context(results: Indexed, query: Mapping[str, str], finding_id: str) -> dict[str, Any]:
    f = results.finding(finding_id)
    after = query.get("after") or "0"
    if not (after.isascii() and after.isdigit() and len(after) < 16):
        raise HouselightsError("after is the place of a pair. Begin again at the first page.")
    masked = urls.is_on(query, "masked")
    told = pairs(results, finding_id, masked=masked, after=int(after), size=PAGE)
    return {
        "finding_id": finding_id,
        "place": results.place[finding_id],
        "sentence": wording.told(f)[0],
        "total": results.n_evidence(finding_id),
        "pairs": told,
        "meaning": meaning(f),
        "after": int(after),
        "next": told[-1]["place"] if len(told) == PAGE else None,
    }


def meaning(finding: dict[str, Any]) -> str:
    """What one coincidence is worth, and which of them the test counts."""
    return f"{ALONE} {HALVES} {wording.in_part(finding)}".strip()


def pairs(results: Indexed, finding_id: str, *, masked: bool, after: int = 0, size: int = 6) -> list[dict[str, Any]]:
    """Coincidences in their order, from the one after place `after` on: the strongest of every object before the second of any."""
    rows = results.rows(
        "SELECT * FROM evidence WHERE finding_id = ? AND place > ? ORDER BY place LIMIT ?", [finding_id, after, size]
    )
    numbers = sorted({n for r in rows for n in (r["no_a"], r["no_b"]) if n is not None})
    shown = {c["no"]: c for c in cards(results, numbers, masked=masked)}
    names = {str(n["narrative_id"]): str(n["name"]) for n in results.finding(finding_id).get("narratives") or []}
    return [_pair(r, shown, names, finding_id, masked=masked) for r in rows]


def _pair(
    r: dict[str, Any], shown: dict[int, dict[str, Any]], names: dict[str, str], finding_id: str, *, masked: bool
) -> dict[str, Any]:
    a, b = shown.get(r["no_a"]), shown.get(r["no_b"])
    return {
        "place": r["place"],
        "kind": r["kind"],
        "channel": r["channel"],
        "object_id": r["object_id"],
        "object": object_name(r["object_id"], r["kind"], names, masked=masked),
        "delta_s": r["delta_s"],
        "apart": wording.apart(r["delta_s"], a["precision"] if a else "s"),
        "chance_0_1": r["chance"],
        "confirming": r["confirming"],
        "a": a and of_finding(a, finding_id),
        "b": b and of_finding(b, finding_id),
    }


def of_finding(card: dict[str, Any], finding_id: str) -> dict[str, Any]:
    """The card with the reasons of one finding alone, said once each."""
    said = [m for p in card["words"]["pieces"] for m in p["new"]] + card["whole"]
    reasons = dict.fromkeys(str(m["reason"]) for m in said if m["finding_id"] == finding_id)
    return card | {"reasons": list(reasons)}


def object_name(object_id: str, kind: str, names: Mapping[str, str], *, masked: bool) -> str:
    """What is shared, where that says anything to a reader: a link, hashtags, a narrative's name; empty for hashes and ids."""
    if object_id in names:
        return names[object_id]
    if kind not in ("link", "hashtags") or object_id.startswith(("text:", "narrative:", "media:")):
        return ""
    return redact.names(object_id, [])[0] if masked else object_id
