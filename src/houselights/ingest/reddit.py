"""Reddit comments and submissions as Pushshift and Arctic Shift give them: JSON lines, mostly compressed with zstd."""

from houselights.ingest.sample import Format, Match, Sample, by_header
from houselights.ingest.table import Rows, raw_rows
from houselights.ingest.text_parts import links

FORMAT = Format(
    name="reddit",
    title="Reddit comments and submissions (Pushshift, Arctic Shift)",
    containers="jsonl, zst, csv",
    time_precision="seconds",
    repost_ids=True,
    account_ids=True,
    limits="accounts are names; what was removed has no words, and what has no author left is refused",
    platform="reddit",
)
_MAP = {
    "post_id": "id",
    "author_id": "author",
    "author_handle": "author",
    "author_name": "author_fullname",
    "created_at": "created_utc",
    "collected_at": "retrieved_utc",
    "thread_id": "link_id",
    "reply_to": "parent_id",
    "repost_of": "crosspost_parent",
}
_WORDS = ("body", "title", "selftext")
_GONE = "('[deleted]', '[removed]', '[deleted by user]')"
_NEEDED = frozenset({"id", "author", "created_utc", "subreddit"})
SHAPES = (_NEEDED | {"body"}, _NEEDED | {"title"})


def match(sample: Sample, column_map: dict[str, str]) -> Match | None:
    if not {"body", "title"} & set(sample.names):
        return None
    beside = (*_WORDS, "url", "is_self", "permalink", "score")
    also = ("text", "urls", "mentions", "kind", "url", "metrics")
    return by_header(sample, FORMAT, _MAP, _NEEDED, column_map, beside, also)


def raw(rows: Rows, mapping: dict[str, str]) -> str:
    def text(column: str) -> str:
        return rows.text(column) if column in rows.expressions else "NULL::VARCHAR"

    def kept(column: str) -> str:
        plain = f"replace(replace(replace({text(column)}, '&lt;', '<'), '&gt;', '>'), '&amp;', '&')"  # as Reddit's interface writes them
        return f"CASE WHEN {text(column)} NOT IN {_GONE} THEN {plain} END"

    post_id, author = rows.text(mapping["post_id"]), rows.text(mapping["author_id"])
    is_comment = f"{text('body')} IS NOT NULL"
    words = f"CASE WHEN {is_comment} THEN {kept('body')} ELSE concat_ws(chr(10), {kept('title')}, nullif({kept('selftext')}, '')) END"
    leads_out = f"coalesce(lower({text('is_self')}), 'false') = 'false' AND starts_with({text('url')}, 'http')"
    votes = f"try_cast(try_cast({text('score')} AS DOUBLE) AS BIGINT)"
    extra = {
        "rule": f"coalesce(rule, CASE WHEN {author} IN {_GONE} THEN 'deleted_author' END)",
        "post_id": f"CASE WHEN starts_with({post_id}, 't1_') OR starts_with({post_id}, 't3_') THEN {post_id} "
        f"WHEN {is_comment} THEN 't1_' || {post_id} ELSE 't3_' || {post_id} END",
        "text": words,
        "urls": f"list_concat(CASE WHEN {leads_out} THEN [{text('url')}] ELSE [] END, {links(f'coalesce({words}, {_NOTHING})')})",
        "mentions": f"regexp_extract_all(coalesce({words}, ''), '(?:^|[^A-Za-z0-9_])/?u/([A-Za-z0-9_-]{{3,20}})', 1)",
        "kind": f"CASE WHEN {is_comment} THEN 'comment' END",
        "url": f"CASE WHEN starts_with({text('permalink')}, '/') THEN 'https://www.reddit.com' || {text('permalink')} ELSE {text('permalink')} END",
        "metrics": f"CASE WHEN {votes} IS NOT NULL THEN {{'reposts': NULL::BIGINT, 'replies': NULL::BIGINT, 'likes': {votes}, "
        "'quotes': NULL::BIGINT, 'views': NULL::BIGINT} END",
    }
    return raw_rows(rows, mapping, extra)


_NOTHING = "''"
