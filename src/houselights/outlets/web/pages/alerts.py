"""What a watch alerted, the latest first: what it said, on what evidence, and which guarantee holds. No account is named here: alerts come before
innocent explanations are tested."""

from collections.abc import Mapping
from typing import Any

from houselights.core import tables
from houselights.outlets import wording
from houselights.outlets.web.indexed import Indexed

MOST = 200
EVENTS = {"appear": "new", "grow": "has grown", "merge": "merged", "fade": "has faded"}
NO_WATCH = "This run is of files, not of a stream: only `houselights watch` alerts."
BEFORE = (
    "An alert comes within minutes and before innocent explanations are tested; the findings of this run come from the scan of all that the watch "
    "holds, and have tested them."
)


def context(results: Indexed, query: Mapping[str, str]) -> dict[str, Any]:
    rows = alerted(results)
    return {
        "watch": watched(results),
        "sentence": sentence(results, len(rows)),
        "before": BEFORE,
        "guarantee": rows[0]["guarantee"] if rows else "",
        "total": len(rows),
        "alerts": [{k: v for k, v in r.items() if k != "guarantee"} for r in rows[:MOST]],
    }


def alerted(results: Indexed) -> list[dict[str, Any]]:
    """Every alert, the latest first. The watch writes the table anew with each one, so it is read from the RUN itself."""
    if not (results.run_dir / tables.ALERTS.file).is_file():
        return []
    rows = results.table(tables.ALERTS).select(_SHOWN).to_pylist()
    rows.sort(key=lambda r: (r["at"], r["group_id"], r["event"]), reverse=True)
    return [
        r | {"at": r["at"].isoformat(), "shown_at": wording.moment(r["at"]), "word": EVENTS.get(r["event"], r["event"])}
        for r in rows
    ]


_SHOWN = [
    "alert_id",
    "group_id",
    "event",
    "at",
    "n_accounts",
    "n_bets",
    "n_blocks",
    "e_value",
    "threshold",
    "n_tested",
    "sentence",
    "guarantee",
]


def watched(results: Indexed) -> dict[str, Any] | None:
    """What the watch said when it wrote the tables; None for a scan."""
    told = results.manifest.get("watch")
    return dict(told) if isinstance(told, dict) else None


def sentence(results: Indexed, n: int) -> str:
    told = watched(results)
    if told is None:
        return NO_WATCH
    alerts = wording.count(n, "alert") if n else "No alert"
    clock = wording.when(told.get("clock"))
    as_of = (
        f" Its tables, and so all other pages, are as of {wording.moment(clock)} UTC by the stream's clock."
        if clock
        else ""
    )
    return f"{alerts} since this watch began.{as_of}"
