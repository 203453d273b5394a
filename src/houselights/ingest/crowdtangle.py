"""CrowdTangle CSV of Facebook and Instagram: what researchers kept when it was closed."""

from houselights.ingest.sample import Format, Match, Sample, by_header
from houselights.ingest.table import Rows, raw_rows

FORMAT = Format(
    name="crowdtangle",
    title="CrowdTangle CSV (Facebook, Instagram)",
    containers="csv",
    time_precision="seconds",
    repost_ids=False,
    account_ids=True,
    limits="of a post in a group the group is told, not who wrote it; holds large public pages, groups and profiles only",
)
_COMMON = {
    "author_followers": "Followers at Posting",
    "created_at": "Post Created",
    "url": "URL",
    "likes": "Likes",
    "replies": "Comments",
}
_FACEBOOK = _COMMON | {"author_id": "Facebook Id", "author_handle": "User Name", "text": "Message", "reposts": "Shares"}
_INSTAGRAM = _COMMON | {
    "author_id": "User Name",
    "author_handle": "User Name",
    "author_name": "Account",
    "text": "Description",
}
_NAMES = ("Page Name", "Group Name")
_ON_FACEBOOK = frozenset({"Post Created", "URL", "Message", "Type"})
_ON_INSTAGRAM = frozenset({"Account", "User Name", "Post Created", "URL", "Description"})
SHAPES = (_ON_FACEBOOK, _ON_INSTAGRAM)


def match(sample: Sample, column_map: dict[str, str]) -> Match | None:
    on_facebook = by_header(
        sample, FORMAT, _FACEBOOK, _ON_FACEBOOK, column_map,
        (*_NAMES, "Link", "Final Link"), ("post_id", "platform", "urls", "author_name"),
    )  # fmt: skip
    return on_facebook or by_header(
        sample,
        FORMAT,
        _INSTAGRAM,
        _ON_INSTAGRAM,
        column_map,
        also=("post_id", "platform"),
    )


def raw(rows: Rows, mapping: dict[str, str]) -> str:
    """The id is the last part of the address; a page without a number goes by its name."""
    columns = [text for name in ("Final Link", "Link") if (text := rows.named(name)) is not None]
    names = [text for name in _NAMES if (text := rows.named(name)) is not None]
    address = rows.text(mapping["url"])
    extra = {
        "post_id": f"nullif(regexp_extract(rtrim({address}, '/'), '([^/?=]+)$', 1), '')",
        "platform": "'facebook'" if names else "'instagram'",
    }
    if columns:
        extra["urls"] = f"[coalesce({', '.join(f'nullif({c}, {_EMPTY})' for c in columns)})]"
    if names:
        extra["author_name"] = f"coalesce({', '.join(names)})"
        ids = [rows.text(mapping[c]) for c in ("author_id", "author_handle") if c in mapping]
        extra["author_id"] = f"coalesce({', '.join(f'nullif({c}, {_EMPTY})' for c in [*ids, *names])})"
    return raw_rows(rows, mapping, extra)


_EMPTY = "''"
