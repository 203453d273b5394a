"""Where a quote stands in a text, whatever a model did to spaces, case, invisible characters and typographic marks on the way."""

import re

from houselights.core.text import is_spaceless

_GAPS = re.compile(
    "[\\s\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ud800-\udfff\x00-\x1f\x7f-\x9f\"'`´‘’“”„«»…<>|\\[\\]]"
)
"""What does not count: a quote is the same with other quotation marks, and prompts take the marks of chat templates out of force."""
MOST_CHARACTERS = 100_000
_MOST_PLACES = 1000


def find(quote: str, text: str) -> tuple[int, int] | None:
    """[start, end) of the first place in `text` that holds the quote's characters and cuts no word at either end; None where there is none,
    or where nothing is quoted.

    Linear in the length of both, as far as MOST_CHARACTERS. A quote that was shortened by an ellipsis in its middle is none.
    """
    wanted, _ = _bare(quote[:MOST_CHARACTERS])
    if not wanted:
        return None
    held, at = _bare(text[:MOST_CHARACTERS])
    start = -1
    for _ in range(_MOST_PLACES):
        start = held.find(wanted, start + 1)
        if start < 0:
            return None
        first, last = at[start], at[start + len(wanted) - 1]
        if not (_one_word(text, first - 1, first) or _one_word(text, last, last + 1)):
            return first, last + 1
    return None


def _bare(text: str) -> tuple[str, list[int]]:
    """(the characters that count, casefolded; for each the place in `text` it comes from)."""
    kept: list[str] = []
    at: list[int] = []
    for i, character in enumerate(text):
        if _GAPS.match(character):
            continue
        for folded in character.casefold():
            kept.append(folded)
            at.append(i)
    return "".join(kept), at


def _one_word(text: str, i: int, j: int) -> bool:
    """Whether the characters at i and j = i + 1 belong to one word; no word has a border in scripts without spaces."""
    if i < 0 or j >= len(text):
        return False
    a, b = text[i], text[j]
    return a.isalnum() and b.isalnum() and not (is_spaceless(a) or is_spaceless(b))
