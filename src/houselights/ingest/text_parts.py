"""What can be read off a post's text and kind: links, hashtags, marks of a repost. SQL expressions over raw rows."""

_RT = r"^\s*RT @(\w+)\s*:"
_RT_LOOSE = r"^\s*RT @(\w+)"
_URL = r"https?://[^\s<>\"“”«»]+"
_WORD = r"\p{L}\p{N}\p{M}_"
_TAG = rf"(?:^|[^{_WORD}&/#＃])[#＃][{_WORD}]+"  # &#39; is an entity, /#part belongs to a link
_SHORTENED = "^https?://t[.]co([^A-Za-z0-9.-]|$)"

_KINDS = {
    "repost": "repost|retweet|retweeted|rt|r|reblog|share|shared|reshare|true|yes|t|1",
    "quote": "quote|quoted|q|quote_tweet|quote tweet|quoted_tweet",
    "reply": "reply|replied_to|response",
    "comment": "comment",
}
KIND = (
    "CASE "
    + " ".join(f"WHEN regexp_full_match(lower(trim(kind)), '{words}') THEN '{kind}'" for kind, words in _KINDS.items())
    + " END"
)

_ENTITIES = {
    "&lt;": "<",
    "&gt;": ">",
    "&quot;": '"',
    "&#34;": '"',
    "&#39;": "''",
    "&#x27;": "''",
    "&apos;": "''",
    "&#x2F;": "/",
    "&nbsp;": " ",
    "&amp;": "&",  # the last one last: it may stand for the beginning of another
}


def unescaped(html: str) -> str:
    """HTML without tags as people wrote it."""
    for entity, character in _ENTITIES.items():
        html = f"replace({html}, '{entity}', '{character}')"
    return html


def links(text: str) -> str:
    """
    Links in a text, '' for one that was cut off: it ends in an ellipsis, has no host, or is a t.co link without a whole code. A cut link would
    tie posts together that share nothing.
    """
    tidy = "rtrim(u, '.,;:!?''’*]}' || CASE WHEN contains(u, '(') THEN '' ELSE ')' END)"
    link = f"""CASE WHEN ends_with(u, '…') OR ends_with(u, '...') OR NOT regexp_matches(u, '^https?://[^/]+[.:][^/.]') THEN ''
        WHEN contains(u, '//t.co') AND regexp_matches(u, '{_SHORTENED}')
        THEN regexp_extract(u, '^https?://t[.]co/[A-Za-z0-9]{{8,}}') ELSE {tidy} END"""
    found = f"list_transform(regexp_extract_all({text}, '{_URL}'), lambda u: {link})"
    return f"CASE WHEN contains({text}, '://') THEN {found} ELSE CAST([] AS VARCHAR[]) END"


def hashtags(text: str) -> str:
    """Tags in a text, '' for a mere number (#1 is a rank, not a tag)."""
    word = "split_part(replace(m, '＃', '#'), '#', 2)"
    tag = f"CASE WHEN regexp_full_match({word}, '[0-9]+') THEN '' ELSE lower({word}) END"
    found = f"list_transform(regexp_extract_all({text}, '{_TAG}'), lambda m: {tag})"
    return f"CASE WHEN contains({text}, '#') OR contains({text}, '＃') THEN {found} ELSE CAST([] AS VARCHAR[]) END"


def columns(fields: frozenset[str], platform: str, lang_source: str) -> str:
    """The SELECT list that turns cleaned rows into staged rows. `fields`: target columns the format itself supplies."""
    marked = f"(kind = 'repost' OR (kind IS NULL AND contains(\"text\", 'RT @') AND regexp_matches(\"text\", '{_RT}')))"
    handle = f"nullif(regexp_extract(\"text\", '{_RT_LOOSE}', 1), '')"
    urls = "coalesce(urls, [])" if "urls" in fields else links('"text"')
    tags = (
        "list_transform(coalesce(hashtags, []), lambda h: lower(ltrim(h, '#')))"
        if "hashtags" in fields
        else hashtags('"text"')
    )
    kind = f"""CASE WHEN repost_of IS NOT NULL THEN 'repost' WHEN {marked} THEN 'repost' WHEN kind IS NOT NULL THEN kind
        WHEN quote_of IS NOT NULL THEN 'quote' WHEN reply_to IS NOT NULL THEN 'reply' ELSE 'post' END"""
    return f"""* EXCLUDE (urls, hashtags, mentions, media, kind, "text", repost_of_author, platform),
        coalesce(platform, '{platform}') AS platform,
        CASE WHEN repost_of IS NULL THEN "text" ELSE '' END AS "text",
        coalesce(repost_of_author, CASE WHEN {marked} OR repost_of IS NOT NULL THEN {handle} END) AS repost_of_author,
        list_filter({urls}, lambda x: x IS NOT NULL AND x <> '') AS urls,
        list_filter({tags}, lambda x: x IS NOT NULL AND x <> '') AS hashtags,
        list_filter(coalesce(mentions, []), lambda x: x IS NOT NULL AND x <> '') AS mentions,
        coalesce(media, []) AS media,
        CASE WHEN lang IS NULL THEN NULL ELSE '{lang_source}' END AS lang_source,
        {kind} AS kind"""
