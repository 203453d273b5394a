"""4CAT's CSV: the same five columns for every source, and some of each source's own."""

from houselights.ingest.sample import Format, Match, Sample, by_header
from houselights.ingest.table import Rows, raw_rows

FORMAT = Format(
    name="4cat",
    title="4CAT CSV",
    containers="csv",
    time_precision="seconds",
    repost_ids=False,
    account_ids=True,
    limits="reposts are marked without the id of the original, so they are matched by text; which platform it is stands nowhere in the file",
)
_MAP = {
    "post_id": "id",
    "thread_id": "thread_id",
    "author_id": "author_id",
    "author_handle": "author",
    "author_name": "author_fullname",
    "created_at": "unix_timestamp",
    "text": "body",
    "lang": "language_guess",
    "urls": "urls",
    "hashtags": "hashtags",
    "mentions": "mentions",
    "reply_to": "replied_to_post",
    "reply_to_author": "replied_user",
    "repost_of_author": "retweeted_user",
    "quote_of": "quoted_post",
    "quote_of_author": "quoted_user",
    "kind": "is_retweet",
    "client": "source",
    "likes": "like_count",
    "reposts": "retweet_count",
    "replies": "reply_count",
}
_NEEDED = {"id", "thread_id", "author", "body", "timestamp"}
_MARKS = {"is_quote_tweet": "quote", "is_reply": "reply"}


def match(sample: Sample, column_map: dict[str, str]) -> Match | None:
    names = {name.strip().lower() for name in sample.names}
    columns = dict(_MAP)
    columns["created_at"] = "unix_timestamp" if "unix_timestamp" in names else "timestamp"
    columns["author_id"] = "author_id" if "author_id" in names else "author"
    columns["hashtags"] = "hashtags" if "hashtags" in names else "tags"
    columns["urls"] = "urls" if "urls" in names else "links"
    return by_header(sample, FORMAT, columns, _NEEDED, column_map, _MARKS)


def raw(rows: Rows, mapping: dict[str, str]) -> str:
    """What a post is stands in three columns, each yes or no; a post that quotes and answers is a quote."""
    marks = {n.lower(): rows.text(n) for n in rows.expressions if n.lower() in _MARKS}
    whens = [f"WHEN lower(trim({marks[name]})) = 'yes' THEN '{kind}'" for name, kind in _MARKS.items() if name in marks]
    own = rows.text(mapping["kind"]) if "kind" in mapping else "NULL"
    told = f"WHEN lower(trim({own})) NOT IN ('', 'no') THEN {own}"
    return raw_rows(rows, mapping, {"kind": f"CASE {' '.join([told, *whens])} END"})
