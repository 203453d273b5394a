"""What a page shows lies in its address: filters of the feed, where it begins, whether names are masked."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from houselights.core.errors import HouselightsError

SWITCH = ("organic", "masked")
ORDERS = ("oldest", "newest")


@dataclass(frozen=True)
class Feed:
    """Filters of the feed: all that are given hold together. `after` and `before` are post numbers where a page begins or ends, exclusive."""

    finding: str = ""
    tier: str = ""
    channel: str = ""
    narrative: str = ""
    lang: str = ""
    account: str = ""
    object: str = ""
    since: str = ""
    until: str = ""
    organic: bool = False
    order: str = "oldest"
    after: int | None = None
    masked: bool = False

    def with_(self, **changed: Any) -> "Feed":
        """The same with other values; a page starts anew unless `after` is given."""
        return replace(self, **({"after": None} | changed))

    def query(self) -> str:
        """As a query string, with its question mark; empty where nothing is set."""
        pairs = []
        for f in fields(self):
            value = getattr(self, f.name)
            if value != f.default:
                pairs.append((f.name, "1" if value is True else str(value)))
        return f"?{urlencode(pairs)}" if pairs else ""

    @property
    def filters(self) -> dict[str, str]:
        """The filters that are set."""
        names = ("finding", "tier", "channel", "narrative", "lang", "account", "object", "since", "until")
        return {n: getattr(self, n) for n in names if getattr(self, n)} | ({"organic": "1"} if self.organic else {})


def feed(query: Mapping[str, str]) -> Feed:
    """From a query string. Raises HouselightsError where a value cannot be one; names that no filter has are left out."""
    texts = {
        f.name: str(query.get(f.name) or "")[:500] for f in fields(Feed) if f.name not in (*SWITCH, "after", "order")
    }
    for name in ("since", "until"):
        if texts[name]:
            moment(texts[name])
    order = query.get("order") or "oldest"
    if order not in ORDERS:
        raise HouselightsError(f"order is oldest or newest, not {order[:40]!r}.")
    after = query.get("after") or ""
    if after and not (after.isascii() and after.isdigit() and len(after) < 16):
        raise HouselightsError("after is the number of a post. Begin again at the first page.")
    return Feed(
        **texts,
        organic=is_on(query, "organic"),
        masked=is_on(query, "masked"),
        order=order,
        after=int(after) if after else None,
    )


def is_on(query: Mapping[str, str], name: str) -> bool:
    return query.get(name) in ("1", "on", "true")


def moment(text: str) -> datetime:
    """A moment of a filter, UTC. Raises HouselightsError."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise HouselightsError(f"{text[:40]!r} is not a time: write 2026-03-01 or 2026-03-01T09:00.") from None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def joined(query: Mapping[str, str]) -> str:
    """As a query string with its question mark; empty where there is nothing."""
    return f"?{urlencode(dict(query))}" if query else ""
