"""The queries that only pages ask: which posts a filter leaves, page by page, and what a card says of each."""

import json
from collections.abc import Sequence
from typing import Any

from houselights.outlets.web.indexed import Indexed
from houselights.outlets.web.urls import Feed, moment

PAGE = 50
UNNAMED = "~"  # before the number of an account that is not named


def where(results: Indexed, asked: Feed) -> tuple[str, dict[str, Any]]:
    """The condition of a filter on `posts`, and its parameters. Raises HouselightsError for a finding that is not there."""
    parts: list[str] = []
    params: dict[str, Any] = {}
    marks, marks_params = _marks(results, asked)
    if marks:
        parts.append(f"no IN (SELECT no FROM marks WHERE {marks})")
        params |= marks_params
    if asked.object:
        parts.append(f"no IN (SELECT unnest([no_a, no_b]) FROM evidence WHERE {_of_object(asked)})")
        params |= {"object": asked.object} | ({"finding": asked.finding} if asked.finding else {})
    if asked.organic:
        parts.append("no NOT IN (SELECT no FROM marks WHERE list_contains($passed, finding_id))")
        params["passed"] = results.passed_ids
    if asked.narrative:
        parts.append("no IN (SELECT no FROM told WHERE narrative_id = $narrative)")
        params["narrative"] = asked.narrative
    if asked.lang:
        parts.append("lang IS NULL" if asked.lang == "und" else "lang = $lang")
        params |= {} if asked.lang == "und" else {"lang": asked.lang}
    if asked.account:
        parts.append("no IN (SELECT no FROM acts WHERE number = $account)")
        params["account"] = account_number(results, asked.account)
    for name, sign in (("since", ">="), ("until", "<")):
        if value := getattr(asked, name):
            parts.append(f"created_at {sign} ${name}")
            params[name] = moment(value)
    return " AND ".join(parts) or "true", params


def _of_object(asked: Feed) -> str:
    return "object_id = $object" + (" AND finding_id = $finding" if asked.finding else "")


def _marks(results: Indexed, asked: Feed) -> tuple[str, dict[str, Any]]:
    """The condition on one mark: finding, tier and channel are of the same mark."""
    parts: list[str] = []
    params: dict[str, Any] = {}
    if asked.finding:
        results.finding(asked.finding)
        parts.append("finding_id = $finding")
        params["finding"] = asked.finding
    if asked.tier:
        parts.append("list_contains($of_tier, finding_id)")
        params["of_tier"] = [f["finding_id"] for f in results.findings if f.get("tier") == asked.tier]
    if asked.channel:
        parts.append("list_contains(channels, $channel)")
        params["channel"] = asked.channel
    return " AND ".join(parts), params


def account_number(results: Indexed, asked: str) -> int:
    """The number of an account as an address names it: by its id, or `~` and its number; -1 for one that is not there."""
    number = asked.removeprefix(UNNAMED)
    if asked.startswith(UNNAMED) and number.isascii() and number.isdigit() and len(number) < 16:
        return int(number)
    found = results.rows("SELECT number FROM accounts WHERE author_id = ?", [asked])
    return int(found[0]["number"]) if found else -1


def page(results: Indexed, asked: Feed, size: int = PAGE) -> tuple[list[int], bool]:
    """Numbers of the posts of one page in the order asked for, and whether there are more."""
    condition, params = where(results, asked)
    newest = asked.order == "newest"
    if asked.after is not None:
        condition += f" AND no {'<' if newest else '>'} $after"
        params["after"] = asked.after
    rows = results.rows(
        f"SELECT no FROM posts WHERE {condition} ORDER BY no {'DESC' if newest else 'ASC'} LIMIT {size + 1}", params
    )
    return [r["no"] for r in rows[:size]], len(rows) > size


def count(results: Indexed, asked: Feed) -> dict[str, int]:
    """`posts` and `accounts` that a filter leaves."""
    if not asked.filters:
        return {"posts": results.counts["posts"], "accounts": results.counts["accounts"]}
    condition, params = where(results, asked)
    sql = f"SELECT count(*) AS posts, count(DISTINCT author_id) AS accounts FROM posts WHERE {condition}"
    return results.once(("count", *asked.filters.items()), lambda: results.rows(sql, params)[0])


def posts(results: Indexed, numbers: Sequence[int]) -> list[dict[str, Any]]:
    """What cards say of posts, by number, in the order given."""
    if not numbers:
        return []
    wanted = ", ".join(
        f"({int(n)})" for n in numbers
    )  # a join reads the rows alone; IN with a list would read whole blocks
    found = results.rows(f"SELECT no, card FROM cards JOIN (VALUES {wanted}) wanted(n) ON no = n")
    by_no = {r["no"]: json.loads(r["card"]) | {"no": r["no"]} for r in found}
    return [by_no[n] for n in numbers if n in by_no]


def spans(results: Indexed, numbers: Sequence[int]) -> dict[int, list[dict[str, Any]]]:
    """Highlights by number of post, in reading order."""
    out: dict[int, list[dict[str, Any]]] = {}
    if numbers:
        for r in results.rows(
            f'SELECT * EXCLUDE n FROM spans {_among(numbers)} ORDER BY no, "start", "end", kind, finding_id, reason'
        ):
            out.setdefault(r["no"], []).append(r)
    return out


def findings_of(results: Indexed, numbers: Sequence[int]) -> dict[int, list[str]]:
    """Findings whose evidence a post is, strongest first, by number of post."""
    out: dict[int, list[str]] = {}
    if numbers:
        for r in results.rows(f"SELECT no, finding_id FROM found {_among(numbers)}"):
            out.setdefault(r["no"], []).append(r["finding_id"])
    return {no: sorted(ids, key=lambda i: results.place.get(i, 0)) for no, ids in out.items()}


def accounts(results: Indexed, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """number, n_posts and last handle of accounts, by id."""
    if not ids:
        return {}
    rows = results.rows(
        "SELECT accounts.* FROM accounts JOIN (SELECT unnest(?) AS id) ON id = author_id", [sorted(set(ids))]
    )
    return {r["author_id"]: r for r in rows}


def languages(results: Indexed) -> list[tuple[str, int]]:
    """(language, posts), most first; 'und' where none is known."""
    sql = "SELECT coalesce(lang, 'und') AS lang, count(*) AS n FROM posts GROUP BY 1 ORDER BY n DESC, 1"
    return results.once(("languages",), lambda: [(r["lang"], r["n"]) for r in results.rows(sql)])


def _among(numbers: Sequence[int]) -> str:
    """The rows of these posts: a join reads them alone, where IN with a list would read whole blocks."""
    wanted = ", ".join(f"({int(n)})" for n in numbers)
    return f"JOIN (VALUES {wanted}) wanted(n) ON no = n"
