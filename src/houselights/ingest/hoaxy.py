"""Hoaxy's edges: who passed a link or claim on to whom."""

from houselights.ingest.sample import Format, Match, Sample, by_header
from houselights.ingest.table import Rows, raw_rows

FORMAT = Format(
    name="hoaxy",
    title="Hoaxy edges CSV",
    containers="csv",
    time_precision="seconds",
    repost_ids=False,
    account_ids=True,
    limits="no text; a post stands in an edge for each account it names; reposts are known by the link they carry",
    platform="x",
)
_MAP = {"post_id": "tweet_id", "created_at": "tweet_created_at", "url": "tweet_url"}
_NEEDED = frozenset({"from_user_id", "to_user_id", "tweet_id", "tweet_created_at", "tweet_type", "canonical_url"})
SHAPES = (_NEEDED,)
_BESIDE = (
    "from_user_id",
    "from_user_screen_name",
    "to_user_id",
    "to_user_screen_name",
    "tweet_type",
    "is_mention",
    "canonical_url",
)


def match(sample: Sample, column_map: dict[str, str]) -> Match | None:
    also = (
        "author_id",
        "author_handle",
        "urls",
        "mentions",
        "repost_of_author",
        "quote_of_author",
        "reply_to_author",
        "kind",
    )
    return by_header(sample, FORMAT, _MAP, _NEEDED, column_map, _BESIDE, also)


def raw(rows: Rows, mapping: dict[str, str]) -> str:
    """
    An edge goes the way the claim went: from the author of the original to who reposted, quoted or answered; a mention, from its author.
    Each edge of a post gets what all of them say, so nothing is lost when one is kept.
    """
    of = {name: text for name in _BESIDE if (text := rows.named(name)) is not None}
    mention = f"lower(coalesce({of.get('is_mention', 'NULL')}, 'false')) IN ('true', '1', 't')"
    wrote = {
        c: f"CASE WHEN {mention} THEN {of[f'from_{c}']} ELSE {of[f'to_{c}']} END"
        for c in ("user_id", "user_screen_name")
        if {f"from_{c}", f"to_{c}"} <= of.keys()
    }
    kind = f"lower(trim({of['tweet_type']}))"
    edges = f"OVER (PARTITION BY {rows.text(mapping['post_id'])})"

    def source(what: str) -> str:
        return f"max({of['from_user_id']}) FILTER (WHERE NOT ({mention}) AND {kind} = '{what}') {edges}"

    extra = {
        "author_id": wrote["user_id"],
        "author_handle": wrote.get("user_screen_name", "NULL"),
        "urls": f"[{of['canonical_url']}]",
        "mentions": f"coalesce(list_sort(list(DISTINCT {of['to_user_id']}) FILTER (WHERE {mention}) {edges}), [])",
        "repost_of_author": source("retweet"),
        "quote_of_author": source("quote"),
        "reply_to_author": source("reply"),
        "kind": f"CASE WHEN {kind} IN ('retweet', 'quote', 'reply') THEN {kind} END",
    }
    return raw_rows(rows, mapping, extra)
