"""Twitter information-operations archive CSV, in its 31-column and 30-column forms: mapped by header, never by position."""

from houselights.ingest.sample import Format, Match, Sample, by_header
from houselights.ingest.table import Rows, raw_rows

FORMAT = Format(
    name="x_archive",
    title="Twitter information-operations archive (31 or 30 columns)",
    containers="csv, parquet",
    time_precision="minutes",
    repost_ids=True,
    account_ids=True,
    limits="ids of small accounts are hashed; holds removed accounts only, no ordinary ones to compare with",
    platform="x",
)
_MAP = {
    "post_id": "tweetid",
    "author_id": "userid",
    "author_handle": "user_screen_name",
    "author_name": "user_display_name",
    "author_created_at": "account_creation_date",
    "author_followers": "follower_count",
    "created_at": "tweet_time",
    "text": "tweet_text",
    "lang": "tweet_language",
    "urls": "urls",
    "hashtags": "hashtags",
    "mentions": "user_mentions",
    "reply_to": "in_reply_to_tweetid",
    "reply_to_author": "in_reply_to_userid",
    "repost_of": "retweet_tweetid",
    "repost_of_author": "retweet_userid",
    "quote_of": "quoted_tweet_tweetid",
    "client": "tweet_client_name",
    "kind": "is_retweet",
    "reposts": "retweet_count",
    "replies": "reply_count",
    "likes": "like_count",
    "quotes": "quote_count",
}
_NEEDED = frozenset({"tweetid", "userid", "tweet_time", "tweet_text", "is_retweet"})
SHAPES = (_NEEDED,)


def match(sample: Sample, column_map: dict[str, str]) -> Match | None:
    return by_header(sample, FORMAT, _MAP, _NEEDED, column_map)


def raw(rows: Rows, mapping: dict[str, str]) -> str:
    # a row that is no retweet may carry an empty or zero retweet id
    extra = {}
    if "repost_of" in mapping:
        extra["repost_of"] = f"nullif({rows.text(mapping['repost_of'])}, '0')"
    return raw_rows(rows, mapping, {"platform": "'x'", **extra})
