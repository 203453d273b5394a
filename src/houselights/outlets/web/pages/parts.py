"""Pieces that several pages show: the list of findings, volume over time."""

from datetime import datetime, timedelta
from typing import Any

from houselights.outlets import wording
from houselights.outlets.web.indexed import NTH, Indexed, nth
from houselights.records import bin_width_s, floor

BINS = 96


def findings_listed(results: Indexed) -> list[dict[str, Any]]:
    """One row a finding, strongest first."""
    return [
        {
            "finding_id": str(f["finding_id"]),
            "place": i,
            "tier": str(f.get("tier")),
            "sentence": wording.told(f)[0],
            "n_core": f.get("n_core", 0),
            "n_accounts": f.get("n_accounts", 0),
            "n_posts": f.get("n_posts", 0),
            "n_objects": f.get("n_objects", 0),
            "window_s": float(f.get("window_s") or 0),
            "tested_objects": wording.tested_objects(f),
            "expected": f.get("expected"),
            "q_value": f.get("q_value"),
            "span": wording.span(f.get("first_at"), f.get("last_at")),
            "fits": [str(e.get("name")) for e in wording.fitting(f)],
        }
        for i, f in enumerate(results.findings, 1)
    ]


def volume(results: Indexed) -> dict[str, Any]:
    """Posts per bin over the whole period, and those of them that are evidence of a finding of tier observed or better."""
    return results.once(("volume",), lambda: _volume(results))


def _volume(results: Indexed) -> dict[str, Any]:
    first, last = results.counts["first_at"], results.counts["last_at"]
    if first is None:
        return {"bin_s": 1, "starts": [], "posts": [], "coordinated": []}
    bin_s = bin_width_s((last - first).total_seconds(), BINS)
    start = floor(first, bin_s)
    n_bins = int((last - start).total_seconds() // bin_s) + 1
    rows = results.rows(
        f"""WITH seen AS (SELECT DISTINCT no FROM marks WHERE list_contains($passed, finding_id))
        SELECT {NTH} AS nth, count(*) AS n, count(seen.no) AS coordinated FROM posts LEFT JOIN seen USING (no) GROUP BY 1""",
        {"passed": results.passed_ids} | nth(start, bin_s),
    )
    posts, coordinated = [0] * n_bins, [0] * n_bins
    for r in rows:
        posts[r["nth"]], coordinated[r["nth"]] = r["n"], r["coordinated"]
    return {"bin_s": bin_s, "starts": _starts(start, bin_s, n_bins), "posts": posts, "coordinated": coordinated}


def _starts(start: datetime, bin_s: int, n_bins: int) -> list[str]:
    return [(start + timedelta(seconds=bin_s * i)).isoformat() for i in range(n_bins)]
