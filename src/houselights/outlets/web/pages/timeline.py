"""When, account by account: one lane each, down to the second."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from houselights.outlets import wording
from houselights.outlets.web import queries, urls
from houselights.outlets.web.cards import account
from houselights.outlets.web.indexed import Indexed

MOST_LANES, MOST_EVENTS = 120, 20_000


def context(results: Indexed, query: Mapping[str, str], finding_id: str) -> dict[str, Any]:
    f = results.finding(finding_id)
    since, until = query.get("from") or "", query.get("to") or ""
    told = lanes(results, finding_id, since, until, masked=urls.is_on(query, "masked"))
    return {
        "finding_id": finding_id,
        "place": results.place[finding_id],
        "sentence": wording.told(f)[0],
        "from": since,
        "to": until,
        "moments": moments(results, finding_id),
        **told,
    }


def lanes(results: Indexed, finding_id: str, since: str, until: str, *, masked: bool) -> dict[str, Any]:
    """`lanes` (account, posts; fullest first), `events` (lane, time, number of the post, kind of what it shares), `from_ms`, `to_ms`;
    `truncated`: more events than are drawn."""
    low, high = (urls.moment(since) if since else None), (urls.moment(until) if until else None)
    rows = results.rows(
        """WITH said AS (
            SELECT unnest([no_a, no_b]) AS no, unnest([account_a, account_b]) AS author_id, unnest([at_a, at_b]) AS happened, kind
            FROM evidence WHERE finding_id = $id)
        SELECT no, any_value(author_id) AS author_id, any_value(happened) AS happened, min(kind) AS kind FROM said
        WHERE no IS NOT NULL AND ($low IS NULL OR happened >= $low) AND ($high IS NULL OR happened < $high)
        GROUP BY no ORDER BY no""",
        {"id": finding_id, "low": low, "high": high},
    )
    n_of: dict[str, int] = {}
    for r in rows:
        n_of[r["author_id"]] = n_of.get(r["author_id"], 0) + 1
    fullest = sorted(n_of, key=lambda a: (-n_of[a], a))[:MOST_LANES]
    known = queries.accounts(results, fullest)
    lane_of = {a: i for i, a in enumerate(fullest)}
    events = [
        [lane_of[r["author_id"]], _ms(r["happened"]), r["no"], r["kind"]] for r in rows if r["author_id"] in lane_of
    ]
    times = [e[1] for e in events]
    return {
        "lanes": [account(results, a, known, masked=masked) | {"posts": n_of[a]} for a in fullest],
        "events": events[:MOST_EVENTS],
        "truncated": len(events) > MOST_EVENTS,
        "n_events": len(rows),
        "n_lanes": len(n_of),
        "from_ms": _ms(low) if low else min(times, default=0),
        "to_ms": _ms(high) if high else max(times, default=0) + 1000,
    }


def moments(results: Indexed, finding_id: str) -> list[dict[str, Any]]:
    """The shared objects that most accounts had at about the same time, twelve at most: where to look first."""
    rows = results.rows(
        "SELECT * FROM moments WHERE finding_id = ? ORDER BY n_accounts DESC, last_at - first_at, object_id",
        [finding_id],
    )
    return [
        {
            "object_id": r["object_id"],
            "kind": r["kind"],
            "n_accounts": r["n_accounts"],
            "n_posts": r["n_posts"],
            "first_at": r["first_at"].isoformat(),
            "shown_at": wording.moment(r["first_at"]),
            "lasted_s": (r["last_at"] - r["first_at"]).total_seconds(),
            "from": _around(r["first_at"], -2),
            "to": _around(r["last_at"], 3),
        }
        for r in rows
    ]


def _around(at: datetime, seconds: int) -> str:
    from datetime import timedelta

    return (at.replace(microsecond=0, tzinfo=None) + timedelta(seconds=seconds)).isoformat()


def _ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)
