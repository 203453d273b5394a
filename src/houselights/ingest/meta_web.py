"""What the web pages of Instagram and of Threads load: one shape of post for both, bare or as Zeeschuimer wraps it."""

from typing import Any

from houselights.ingest.sample import Sample
from houselights.ingest.text_parts import links

FIELDS = frozenset(
    (
        *("post_id", "author_id", "author_handle", "author_name", "created_at", "collected_at", "text", "urls"),
        *("media", "metrics", "url", "kind"),
    )
)
_USER = dict.fromkeys(("pk", "id", "username", "full_name"), "VARCHAR")
_PICTURE: dict[str, Any] = {
    "media_type": "BIGINT",
    "image_versions2": {"candidates": [{"url": "VARCHAR"}]},
    "video_versions": [{"url": "VARCHAR"}],
    "accessibility_caption": "VARCHAR",
}
_REFERRED = {**dict.fromkeys(("pk", "id", "code"), "VARCHAR"), "user": _USER}
_POST: dict[str, Any] = {
    **_REFERRED,
    **_PICTURE,
    "carousel_media": [_PICTURE],
    "taken_at": "VARCHAR",
    "product_type": "VARCHAR",
    "caption": {"text": "VARCHAR"},
    "owner": _USER,
    "like_count": "BIGINT",
    "comment_count": "BIGINT",
    "like_and_view_counts_disabled": "BOOLEAN",
    "text_post_app_info": {
        "is_reply": "BOOLEAN",
        "reply_to_author": _USER,
        **dict.fromkeys(("direct_reply_count", "repost_count", "quote_count"), "BIGINT"),
        "link_preview_attachment": {"url": "VARCHAR"},
        "share_info": {"quoted_post": _REFERRED, "reposted_post": _REFERRED},
    },
}
LINE: dict[str, Any] = {
    **_POST,
    "data": _POST,
    "timestamp_collected": "VARCHAR",
    "__import_meta": {"timestamp_collected": "VARCHAR"},
}
_THREADS = "text_post_app_info"


def looks_like(sample: Sample, of_threads: bool) -> bool:
    """Whether at least half of the records are posts of the one or of the other: only those of Threads have words without a picture."""
    if sample.container != "JSON":
        return False
    mine = [row for row in sample.rows if _is_post(row, of_threads)]
    return bool(mine) and len(mine) >= 0.5 * len(sample.rows)


def _is_post(row: dict[str, Any], of_threads: bool) -> bool:
    """`row` has dot paths as its keys."""
    for where in ("", "data."):
        keys = {name.removeprefix(where).split(".")[0] for name in row if name.startswith(where)}
        if keys >= {"code", "taken_at", "user", "caption"}:
            return (_THREADS in keys) == of_threads
    return False


def post(typed: str) -> str:
    """SQL of (line, bad, why, collected, p, t): `p` the post, `t` what only Threads has."""
    whole = "{" + ", ".join(f"'{name}': j.{name}" for name in _POST) + "}"
    posts = f"""SELECT line, rule AS bad, detail AS why, coalesce(j.timestamp_collected, j.__import_meta.timestamp_collected) AS collected,
        CASE WHEN j.data IS NOT NULL THEN j.data ELSE {whole} END AS p FROM {typed}"""
    return f"(SELECT *, p.{_THREADS} AS t FROM ({posts}))"


def name_of(p: str) -> str:
    """SQL: what addresses call a post."""
    return f"coalesce({p}.code, {p}.pk, nullif(split_part({p}.id, '_', 1), ''))"


def account(user: str) -> str:
    return f"coalesce({user}.pk, {user}.id)"


_FIRST = "coalesce(m.video_versions[1].url, m.image_versions2.candidates[1].url)"
_ALONE = "{" + ", ".join(f"'{name}': p.{name}" for name in _PICTURE) + "}"
_PICTURES = f"CASE WHEN len(p.carousel_media) > 0 THEN p.carousel_media ELSE [{_ALONE}] END"
_LINK = "t.link_preview_attachment.url"
_LED_ON = f"try(url_decode(nullif(regexp_extract({_LINK}, '^https?://l[.][^/]+/.*[?&]u=([^&]+)', 1), '')))"
_WORDS = "coalesce(p.caption.text, '')"
_SHOWN = f"CASE WHEN {_LINK} IS NULL THEN [] ELSE [coalesce({_LED_ON}, {_LINK})] END"
COLUMNS = {
    "line": "line",
    "rule": "bad",
    "detail": "why",
    "post_id": name_of("p"),
    "author_id": f"coalesce({account('p.user')}, {account('p.owner')})",
    "author_handle": "coalesce(p.user.username, p.owner.username)",
    "author_name": "coalesce(p.user.full_name, p.owner.full_name)",
    "created": "p.taken_at",
    "collected": "collected",
    "text": "p.caption.text",
    "urls": f"list_concat({links(_WORDS)}, list_filter({_SHOWN}, lambda u: NOT list_contains({links(_WORDS)}, u)))",
    "media": f"""list_transform(list_filter({_PICTURES}, lambda m: {_FIRST} IS NOT NULL), lambda m:
        {{'type': CASE WHEN m.video_versions[1].url IS NULL THEN 'photo' ELSE 'video' END, 'url': {_FIRST}, 'hash': NULL::VARCHAR,
        'alt': nullif(m.accessibility_caption, '')}})""",
    "metrics": """CASE WHEN coalesce(p.like_count, p.comment_count, t.direct_reply_count) IS NOT NULL THEN {'reposts': t.repost_count,
        'replies': coalesce(t.direct_reply_count, p.comment_count),
        'likes': CASE WHEN NOT coalesce(p.like_and_view_counts_disabled, false) THEN p.like_count END,
        'quotes': t.quote_count, 'views': NULL::BIGINT} END""",
}
