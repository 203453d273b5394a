"""A text as the model of techniques sees it: cleaned in place, cut into units of a few sentences, cut into words. Linear, never raises."""

import re

MAX_UNIT = 400
"""Characters. A post is one unit; a long text is cut between sentences, as most paragraphs of the training sets are no longer than this."""
_NOISE = re.compile(
    r"(?:https?://|www\.|pic\.twitter\.com/|\bt\.co/)[^\s\ud800-\udfff]{0,2000}|@\w{1,50}", re.IGNORECASE
)
_UNSEEN = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ud800-\udfff\x00-\x08\x0b-\x1f#]")
_SENTENCE_END = re.compile(r"[.!?…。！？؟।]+[\"'”’»)\]]{0,3}(?=\s)|\n|[。！？]")
WORD_PATTERN = r"\w+(?:['’-]\w+)*|[!?]+"
_WORD = re.compile(WORD_PATTERN)
_LONGEST_WORD = 40


def clean(text: str) -> str:
    """As long as `text`: links, addressees, hash signs, invisible characters, NULs and lone surrogates are spaces."""
    return _UNSEEN.sub(" ", _NOISE.sub(lambda m: " " * len(m[0]), text))


def units(cleaned: str) -> list[tuple[int, int]]:
    """Half-open bounds of the units of a cleaned text, without white space around them: whole sentences up to MAX_UNIT characters together, longer
    sentences cut at white space where there is some, anywhere where not."""
    out: list[tuple[int, int]] = []
    begin = 0
    while begin < len(cleaned):
        end = len(cleaned) if len(cleaned) - begin <= MAX_UNIT else _cut(cleaned, begin)
        if trimmed := _trim(cleaned, begin, end):
            out.append(trimmed)
        begin = end
    return out


def words(cleaned: str) -> list[tuple[int, int]]:
    """Half-open bounds of words and of runs of ! and ?."""
    out = []
    for found in _WORD.finditer(cleaned):
        a, b = found.span()
        out += [(i, min(i + _LONGEST_WORD, b)) for i in range(a, b, _LONGEST_WORD)]
    return out


def _cut(text: str, begin: int) -> int:
    last = begin + MAX_UNIT
    ends = [m.end() for m in _SENTENCE_END.finditer(text, begin, last + 1) if m.end() <= last]
    if ends:
        return ends[-1]
    spaces = [m.start() for m in re.finditer(r"\s", text[begin + 1 : last])]
    return begin + 1 + spaces[-1] if spaces else last


def _trim(text: str, begin: int, end: int) -> tuple[int, int] | None:
    piece = text[begin:end]
    left = len(piece) - len(piece.lstrip())
    kept = piece.strip()
    return (begin + left, begin + left + len(kept)) if kept else None
