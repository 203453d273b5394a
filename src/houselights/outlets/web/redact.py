"""Words without the names of accounts: mentions, and addresses that hold one. For pages that name nobody."""

import re
from typing import Any

HIDDEN = "•••"
_SITES = r"(?:twitter|x|facebook|instagram|threads|tiktok|t|telegram|youtube|reddit|vk|truthsocial)\.(?:com|net|me|org)"
NAME = re.compile(
    rf"(?<![\w/])@(?P<mention>[\w.\-]+(?:@[\w.\-]+)?)"
    rf"|\b(?:www\.|m\.|mobile\.)?{_SITES}/(?:@|u/|user/|c/|channel/)?(?P<page>(?!hashtag/|search|watch|status/|i/)[\w.\-]+)"
    r"|\bbsky\.app/profile/(?P<profile>[\w.:\-]+)"
    r"|\bdid:(?:plc|web):(?P<did>[\w.:\-]+)"
    r"|https?://[\w.\-]+/@(?P<server>[\w.\-]+)",
    re.IGNORECASE,
)


def names(text: str, marks: list[dict[str, Any]]) -> tuple[str, list[dict[str, Any]]]:
    """The text with each name hidden, and the marks moved along with their words."""
    found = [m.span(m.lastgroup or 0) for m in NAME.finditer(text)]
    if not found:
        return text, marks
    out, at = [], 0
    for start, end in found:
        out += [text[at:start], HIDDEN]
        at = end
    out.append(text[at:])

    def moved(position: int, *, is_end: bool) -> int:
        shift = 0
        for start, end in found:
            if position >= end:
                shift += len(HIDDEN) - (end - start)
            elif position > start:
                return start + shift + (len(HIDDEN) if is_end else 0)
        return position + shift

    return "".join(out), [
        m | {"start": moved(m["start"], is_end=False), "end": moved(m["end"], is_end=True)} for m in marks
    ]
