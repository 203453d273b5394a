"""When a group is told of, and in which words."""

from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any

from houselights.watch.alerts.engine import Standing
from houselights.watch.alerts.groups import Change, Group

GROWN_SHARE, GROWN_LEAST = 0.2, 3
GUARANTEE = (
    "Of the groups alerted at any one moment, at most a share of {q:g} is expected to be like any other group (e-BH over the "
    "groups that have bet within 14 days or a shorter horizon, on evidence that may be looked at at any time). It supposes that by chance, "
    "whatever came before, no group is more than twice as often so close as other objects of as many accounts are; eight times "
    "within an hour of having been close, twenty times within ten minutes. Members may have joined after the evidence was "
    "gathered. Innocent explanations are tested by the scan, not by the alert. This is not the false-discovery rate of a scan."
)
_SENTENCES = {
    "appear": "in a group of {n} accounts, a fifth or more shared the same thing {bets}, on the whole closer together in time "
    "than others do",
    "grow": "the group now has {n} accounts",
    "merge": "{merged} went into this one, which now has {n} accounts",
    "fade": "the group of {n} accounts was not close for three days, or its evidence no longer stands out",
}


def alerts(groups: Sequence[Group], standing: Standing, change: Change, end_us: int, q: float) -> list[dict[str, Any]]:
    """Of every group whose state differs from what was last told. Notes in the groups what is told."""
    out = []
    for group, found in zip(groups, standing.found.tolist(), strict=True):
        event = _event(group, found, change)
        if event:
            out.append(_alert(group, event, change, end_us, standing, q))
            group.announced = [] if event == "fade" else list(group.members)
    return out


def _event(group: Group, found: bool, change: Change) -> str | None:
    if not group.announced:
        return "appear" if found else None
    if not found:
        return "fade"
    if group.group_id in change.merged:
        return "merge"
    new = len(set(group.members) - set(group.announced))
    return "grow" if new >= max(GROWN_LEAST, GROWN_SHARE * len(group.announced)) else None


def _alert(group: Group, event: str, change: Change, end_us: int, standing: Standing, q: float) -> dict[str, Any]:
    merged = change.merged.get(group.group_id, []) if event == "merge" else []
    said = _SENTENCES[event].format(
        n=len(group.members),
        bets=_several(group.n_bets, "time"),
        merged=_several(len(merged), "group"),
    )
    return {
        "alert_id": blake2b(f"{group.group_id} {event} {end_us}".encode(), digest_size=8).hexdigest(),
        "group_id": group.group_id,
        "event": event,
        "at": datetime.fromtimestamp(end_us / 1e6, UTC).isoformat(),
        "at_us": end_us,
        "n_accounts": len(group.members),
        "account_ids": sorted(name for m in group.members if (name := group.names.get(str(m)))),
        "merged_from": merged,
        "n_bets": group.n_bets,
        "n_blocks": group.n_blocks,
        "e_value": group.e_value,
        "threshold": standing.threshold,
        "n_tested": standing.n_tested,
        "q": q,
        "sentence": f"Coordinated pattern: {said}.",
        "guarantee": GUARANTEE.format(q=q),
    }


def _several(n: int, what: str) -> str:
    return f"{n:,} {what}{'' if n == 1 else 's'}"
