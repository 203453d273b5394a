"""What can be read off a post's text and kind: links, hashtags, marks of a repost. SQL expressions over raw rows."""

_RT = r"^\s*RT @(\w+)\s*:"
_RT_LOOSE = r"^\s*RT @(\w+)"
_URL = r"https?://[^\s<>\"“”«»]+"
_TAG = r"(?:^|[^\p{L}\p{N}\p{M}_&/#＃])[#＃]([\p{L}\p{N}\p{M}_]*[\p{L}_][\p{L}\p{N}\p{M}_]*)"

KIND = """CASE
    WHEN lower(trim(kind)) IN ('repost', 'retweet', 'retweeted', 'rt', 'r', 'reblog', 'share', 'shared', 'reshare', 'true', 'yes', 't', '1') THEN 'repost'
    WHEN lower(trim(kind)) IN ('quote', 'quoted', 'q', 'quote_tweet', 'quote tweet', 'quoted_tweet') THEN 'quote'
    WHEN lower(trim(kind)) IN ('reply', 'replied_to', 'response') THEN 'reply'
    WHEN lower(trim(kind)) = 'comment' THEN 'comment' END"""


def _links(text: str) -> str:
    """Links in a text. One that ends in an ellipsis was cut off, and would tie posts together that share nothing: it is left out."""
    found = f"regexp_extract_all({text}, '{_URL}')"
    tidy = "regexp_replace(CASE WHEN contains(u, '(') THEN u ELSE rtrim(u, ')') END, '[.,;:!?''’*\\]}]+$', '')"
    whole = (
        "NOT (ends_with(u, '…') OR ends_with(u, '...')) AND regexp_matches(v, '^https?://[^/]+[.:][^/.]') "
        "AND (NOT regexp_matches(v, '^https?://t[.]co([^A-Za-z0-9.-]|$)') OR regexp_full_match(v, 'https?://t[.]co/[A-Za-z0-9]{8,}'))"
    )
    pairs = f"list_transform({found}, lambda u: {{'u': u, 'v': {tidy}}})"
    kept = f"list_filter({pairs}, lambda p: {whole.replace('(u,', '(p.u,').replace('(v,', '(p.v,')})"
    return (
        f"CASE WHEN contains({text}, '://') THEN list_transform({kept}, lambda p: p.v) ELSE CAST([] AS VARCHAR[]) END"
    )


def _tags(text: str) -> str:
    return f"CASE WHEN contains({text}, '#') OR contains({text}, '＃') THEN list_transform(regexp_extract_all({text}, '{_TAG}', 1), lambda h: lower(h)) ELSE CAST([] AS VARCHAR[]) END"


def columns(fields: frozenset[str], platform: str) -> str:
    """The SELECT list that turns cleaned rows into staged rows. `fields`: target columns the format itself supplies."""
    marked = f"(kind = 'repost' OR (kind IS NULL AND starts_with(ltrim(\"text\"), 'RT @') AND regexp_matches(\"text\", '{_RT}')))"
    handle = f"nullif(regexp_extract(\"text\", '{_RT_LOOSE}', 1), '')"
    urls = "coalesce(urls, [])" if "urls" in fields else _links('"text"')
    tags = (
        "list_transform(coalesce(hashtags, []), lambda h: lower(ltrim(h, '#')))"
        if "hashtags" in fields
        else _tags('"text"')
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
        CASE WHEN lang IS NULL THEN NULL ELSE 'platform' END AS lang_source,
        {kind} AS kind"""
