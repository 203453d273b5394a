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
    limits="reposts are marked without the id of the original, so they are matched by text; of some sources no column tells the platform",
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
    "quotes": "quote_count",
}
_OTHERWISE = {  # what sources other than X call the same
    "author_id": "author",
    "author_name": "author_display_name",
    "created_at": "timestamp",
    "hashtags": "tags",
    "lang": "languages",
    "reply_to_author": "replied_to_user",
    "reposts": "repost_count",
    "urls": "links",
}
_NEEDED = frozenset({"id", "thread_id", "author", "body", "timestamp"})
SHAPES = (_NEEDED,)
_MARKS = {"is_quote_tweet": "quote", "is_reply": "reply"}
_FORWARDED = ("author_forwarded_from_name", "author_forwarded_from_username", "author_forwarded_from_id")
_ON_X = {"is_retweet", "retweeted_user", "is_quote_tweet", "quoted_user"}
_ADDRESSES = ("url", "link", "tiktok_url")
_HOSTS = {
    "x": "twitter[.]com|x[.]com",
    "threads": "threads[.]net|threads[.]com",
    "instagram": "instagram[.]com",
    "tiktok": "tiktok[.]com",
}


def match(sample: Sample, column_map: dict[str, str]) -> Match | None:
    names = {name.strip().lower() for name in sample.names}
    columns = _MAP | {ours: other for ours, other in _OTHERWISE.items() if _MAP[ours] not in names}
    forwards = ("kind", "repost_of_author") if names & set(_FORWARDED) else ()
    beside = (*_MARKS, *_FORWARDED, *_ON_X, *_ADDRESSES)
    return by_header(sample, FORMAT, columns, _NEEDED, column_map, beside, ("platform", *forwards))


def raw(rows: Rows, mapping: dict[str, str]) -> str:
    """What a post is stands in three columns, each yes or no; a post that quotes and answers is a quote."""
    marks = {n.lower(): rows.text(n) for n in rows.expressions if n.lower() in _MARKS}
    whens = [f"WHEN lower(trim({marks[name]})) = 'yes' THEN '{kind}'" for name, kind in _MARKS.items() if name in marks]
    own = rows.text(mapping["kind"]) if "kind" in mapping else "NULL"
    told = [f"WHEN lower(trim({own})) NOT IN ('', 'no') THEN {own}"]
    extra = {"platform": _platform(rows, mapping)}
    if forwards := [f"nullif(trim({text}), '')" for name in _FORWARDED if (text := rows.named(name))]:
        extra["repost_of_author"] = f"coalesce({', '.join(forwards)})"
        told.append(f"WHEN {extra['repost_of_author']} IS NOT NULL THEN 'repost'")
    extra["kind"] = f"CASE {' '.join([*told, *whens])} END"
    if "lang" in mapping:  # several are joined by commas
        extra["lang"] = f"nullif(trim(split_part({rows.text(mapping['lang'])}, ',', 1)), 'N/A')"
    if {"quote_of", "reply_to"} & set(mapping):
        rows, references = _with_posts_of_bluesky(rows, mapping)
        extra |= references
    return raw_rows(rows, mapping, extra)


def _platform(rows: Rows, mapping: dict[str, str]) -> str:
    """Told by the form of the id, by columns that one source alone has, or by an address that holds the id; else unknown."""
    post_id = rows.text(mapping["post_id"])
    names = {name.strip().lower() for name in rows.expressions}
    whens = [f"WHEN starts_with({post_id}, 'at://') THEN 'bluesky'"]
    if names & set(_FORWARDED):
        whens.append("WHEN true THEN 'telegram'")
    elif names >= _ON_X:
        whens.append("WHEN true THEN 'x'")
    for address in [text for name in _ADDRESSES if (text := rows.named(name))]:
        whens += [
            f"WHEN contains({address}, {post_id}) AND regexp_matches({address}, '^https?://(?:www[.])?(?:{hosts})/') THEN '{platform}'"
            for platform, hosts in _HOSTS.items()
        ]
    return f"CASE {' '.join(whens)} END"


_LINK = "^https?://bsky[.]app/profile/([^/]+)/post/([^/?#]+)"


def _with_posts_of_bluesky(rows: Rows, mapping: dict[str, str]) -> tuple[Rows, dict[str, str]]:
    """
    Posts that others refer to: of Bluesky by the id that they have everywhere. 4CAT writes them as links with the handle, or says in words
    that the post is gone, which no two quotes may share. A handle is that account's whose rows bear it, and nobody's where two do.
    """
    text = {c: rows.text(mapping[c]) for c in ("post_id", "author_id", "author_handle") if c in mapping}
    of_bluesky = f"starts_with({text['post_id']}, 'at://did:')"
    referring: list[str] = [c for c in ("quote_of", "reply_to") if c in mapping]
    joins = " ".join(
        f"LEFT JOIN known AS of_{c} ON of_{c}.known_handle = lower(regexp_extract({rows.text(mapping[c])}, '{_LINK}', 1))"
        for c in referring
    )
    relation = f"""(WITH all_rows AS MATERIALIZED (SELECT * FROM {rows.relation}), known AS (
          SELECT lower({text.get("author_handle", "NULL")}) AS known_handle, min(split_part({text["post_id"]}, '/', 3)) AS known_did FROM all_rows
          WHERE {of_bluesky} GROUP BY 1 HAVING count(DISTINCT split_part({text["post_id"]}, '/', 3)) = 1)
        SELECT all_rows.*, {", ".join(f"of_{c}.known_did AS did_of_{c}" for c in referring)} FROM all_rows {joins})"""
    extra: dict[str, str] = {}
    for c in referring:
        link = rows.text(mapping[c])
        named, key = (f"regexp_extract({link}, '{_LINK}', {group})" for group in (1, 2))
        did = f"CASE WHEN starts_with({named}, 'did:') THEN {named} ELSE did_of_{c} END"
        found = f"""CASE WHEN {did} IS NOT NULL AND {key} <> '' THEN 'at://' || {did} || '/app.bsky.feed.post/' || {key}
            WHEN starts_with({link}, 'at://') OR {key} <> '' THEN {link} END"""
        extra[c] = f"CASE WHEN {of_bluesky} THEN {found} ELSE {link} END"
        author = "quote_of_author" if c == "quote_of" else "reply_to_author"
        told = rows.text(mapping[author]) if author in mapping else "NULL"
        extra[author] = f"CASE WHEN {of_bluesky} THEN coalesce({did}, {told}) ELSE {told} END"
    return Rows(relation, rows.expressions, rows.types), extra
