"""What two people would call the same words: normalised text, its words, and the way back to the original characters.

Post text is hostile input. Nothing here raises on any string, and every step is linear in its length.
"""

import re
import unicodedata
from collections.abc import Sequence
from difflib import SequenceMatcher
from itertools import groupby

from houselights.core.urls import canonical_url

# Unicode "default ignorable" characters, other format (Cf) and control (Cc) characters that are no white space,
# and lone surrogates.
_INVISIBLE_CHARACTERS = (
    "\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890-\u0891\u08e2"
    "\u115f-\u1160\u17b4-\u17b5"
    "\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ud800-\udfff\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    "\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
# Scripts written without spaces between words: Thai, Lao, Myanmar, Khmer, kana, Bopomofo, Han.
SPACELESS_RANGES = (
    (0x0E00, 0x0EFF),
    (0x1000, 0x109F),
    (0x1780, 0x17FF),
    (0x3005, 0x3007),
    (0x3040, 0x312F),
    (0x31A0, 0x31BF),
    (0x31F0, 0x31FF),
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF),
    (0x20000, 0x3FFFF),
)


def _ranges(codes: Sequence[int]) -> str:
    """Code points, ascending, as the inside of a regex character class."""
    out: list[list[int]] = []
    for code in codes:
        if out and out[-1][1] == code - 1:
            out[-1][1] = code
        else:
            out.append([code, code])
    return "".join(f"\\U{a:08x}-\\U{b:08x}" for a, b in out)


_INVISIBLE = re.compile(f"[{_INVISIBLE_CHARACTERS}]+")
_ABOVE_MARKS = 0x1F000  # from here on, all marks are variation selectors, which are invisible
_MARK_CODES = [
    c
    for c in range(0x300, _ABOVE_MARKS)
    if unicodedata.category(chr(c)) in ("Mn", "Mc") and not _INVISIBLE.match(chr(c))
]
_MARKS = _ranges(_MARK_CODES)
_SPACELESS = "".join(f"\\U{a:08x}-\\U{b:08x}" for a, b in SPACELESS_RANGES)
# Characters that may fuse with the one before them: marks, Hangul vowels and finals, half-width kana sound marks,
# invisible ones.
_JOINING = (
    _MARKS
    + _INVISIBLE_CHARACTERS
    + "\u20dd-\u20e4\u0488\u0489\ua670-\ua672\u1abe\u1161-\u11ff\ud7b0-\ud7ff\uff9e\uff9f\uffa1-\uffdc"
)

_MARK_RUN = re.compile(f"([{_MARKS}]{{30}})[{_MARKS}]+")
_CLUSTER = re.compile(f"(?s:.)[{_JOINING}]*")
_JOINED = re.compile(f"[{_JOINING}]*")
_WORD = re.compile(rf"[\w#@{_MARKS}]+")
# Character classes with members above U+FFFF are searched range by range, at five times the cost.
_ASTRAL = re.compile("[\U00010000-\U0010ffff]")
_INVISIBLE_BASIC = re.compile(f"[{_INVISIBLE_CHARACTERS.partition(chr(0x110BD))[0]}]+")
_WORD_BASIC = re.compile(rf"[\w#@{_ranges([c for c in _MARK_CODES if c < 0x10000])}]+")
_ASCII_WORDS = bytes(c if chr(c).isalnum() or chr(c) in "#@_" else 32 for c in range(128)) + bytes(128)
_PART = re.compile(f"[{_SPACELESS}]+|[^ {_SPACELESS}]+")
# A link ends where a script without spaces begins: such texts glue words to links.
_URL = re.compile(r"(?:https?://|www\.|pic\.twitter\.com/|\bt\.co/)[^\s\u2026\u3000-\u9fff\uac00-\ud7af]*")
_RAW_URL = re.compile(r"(?i)(?:https?://|www\.)[^\s\u2026\u3000-\u9fff\uac00-\ud7af<>\"]+")
_REPOST_MARK = re.compile(r"[^\w#@]*+(?:rt\s*+@[\w.@-]++[\s:,]*+)++")
_ADDRESSING = re.compile(r"[^\w#@.]*+(?:(?:rt\s*+)?@[\w.@-]++[\s:,]*+)++")
_WORDS_REPOST_MARK = re.compile(r"(?:rt @[^ ]++(?: |$))++")
_HASHTAG = re.compile(rf"(?<![\w&])[#＃](?=[\w{_MARKS}]*[^\W\d_])[\w{_MARKS}]+")
# Casefolded letters that look like Latin ones, capital or small (Unicode TR 39, confusables), and the Latin ones they look like.
_CYRILLIC = "\u0430\u0432\u0435\u0451\u0456\u0457\u0458\u043a\u043c\u043d\u043e\u0440\u0455\u0441\u0442\u0443\u0445\u0501\u051b\u051d\u04bb\u04cf"
_LIKE_CYRILLIC = "abeeiijkmhopsctyxdqwhl"
_GREEK = "\u03b1\u03b2\u03b5\u03b6\u03b9\u03ba\u03bd\u03bf\u03c1\u03c4\u03c5\u03c7"
_LIKE_GREEK = "abezikvoptux"
_TO_LATIN = str.maketrans(_CYRILLIC + _GREEK + "\u0261\u0131", _LIKE_CYRILLIC + _LIKE_GREEK + "gi")
_TO_CYRILLIC = str.maketrans(_LIKE_CYRILLIC[::-1], _CYRILLIC[::-1])
_OTHER = "\u0370-\u03ff\u0400-\u052f\u0261\u0131"
_MIXED = re.compile(f"[a-z][{_OTHER}]|[{_OTHER}][a-z]")
_OTHER_LETTER = re.compile(f"[{_OTHER}]")
_LETTERS = re.compile(f"[a-z{_OTHER}]+")
_SHORTENED_BY_PLATFORM = "https://t.co/"
_MANY = 1000  # characters; sorting a run of marks costs its square, which only long texts make felt


def _fold(text: str, limit_marks: bool) -> str:
    """NFKC and casefold without invisible characters. A run of marks keeps its first 30 (as in UAX 15, stream-safe)."""
    if text.isascii():
        return text.lower() if text.isprintable() else _INVISIBLE_BASIC.sub("", text.lower())
    text = (_INVISIBLE if _ASTRAL.search(text) else _INVISIBLE_BASIC).sub("", text)
    if limit_marks:
        text = _MARK_RUN.sub(r"\1", text)
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def _without_links(folded: str) -> str:
    """Links blanked in place, so that positions stay."""
    if "://" in folded or "www." in folded or "t.co/" in folded or "pic.twitter" in folded:
        return _URL.sub(lambda link: " " * len(link.group()), folded)
    return folded


def _one_script(folded: str) -> str:
    """Words that mix Latin letters with Cyrillic or Greek ones that look like them, in one script; positions stay."""
    if folded.isascii() or not _MIXED.search(folded):
        return folded
    return _LETTERS.sub(_unmixed, folded)


def _unmixed(letters: re.Match[str]) -> str:
    word = letters.group()
    if not _MIXED.search(word):
        return word
    latin = word.translate(_TO_LATIN)
    return word.translate(_TO_CYRILLIC) if _OTHER_LETTER.search(latin) else latin


def _words_after(prefix: re.Pattern[str], text: str) -> str:
    folded = _one_script(_without_links(_fold(text, len(text) > _MANY)))
    skipped = prefix.match(folded)
    words = _single_spaced(folded[skipped.end() :] if skipped else folded)
    if words.startswith("rt @"):
        return _WORDS_REPOST_MARK.sub("", words, count=1)
    return words


def _single_spaced(folded: str) -> str:
    if folded.isascii():
        return " ".join(folded.encode().translate(_ASCII_WORDS).decode().split())
    return " ".join((_WORD if _ASTRAL.search(folded) else _WORD_BASIC).findall(folded))


def normalise(text: str) -> str:
    """The words of a text, single-spaced: NFKC, casefolded, letters of look-alike scripts unmixed, without links, "RT @x:" prefix and
    invisible characters.

    Kept are letters, digits, marks, '#', '@' and '_' (a part of handles and hashtags). Idempotent.
    """
    return _words_after(_REPOST_MARK, text)


def own_words(text: str) -> str:
    """`normalise(text)` without leading mentions, which say to whom the words go. ".@x" is a subject and stays."""
    return _words_after(_ADDRESSING, text)


def word_spans(normalised: str) -> list[tuple[int, int]]:
    """[start, end) of each word of a normalised text. In scripts without spaces, each two neighbours are a word."""
    spans: list[tuple[int, int]] = []
    for part in _PART.finditer(normalised):
        start, end = part.span()
        if is_spaceless(normalised[start]):
            spans.extend((i, i + 2) for i in range(start, end - 1))
            if end - start == 1:
                spans.append((start, end))
        elif normalised[start:end].strip("#@"):
            spans.append((start, end))
    return spans


def is_spaceless(character: str) -> bool:
    """Whether the character belongs to a script written without spaces between words."""
    code = ord(character)
    return code >= SPACELESS_RANGES[0][0] and any(a <= code <= b for a, b in SPACELESS_RANGES)


def _fold_with_offsets(text: str) -> tuple[str, list[int]]:
    pieces: list[str] = []
    offsets: list[int] = []
    limit_marks = len(text) > _MANY
    for cluster in _CLUSTER.finditer(text):
        piece = _fold(cluster.group(), limit_marks)
        pieces.append(piece)
        offsets.extend([cluster.start()] * len(piece))
    return "".join(pieces), offsets


def normalise_with_spans(text: str) -> tuple[str, list[int]]:
    """(normalise(text), for each of its characters the index of the original character it stems from).

    Offsets never decrease. A character made of several (a letter and its marks) points at the first of them.
    """
    folded, offsets = _fold_with_offsets(text)
    folded = _one_script(_without_links(folded))
    skipped = _REPOST_MARK.match(folded)
    words: list[str] = []
    origin: list[int] = []
    for word in _WORD.finditer(folded, skipped.end() if skipped else 0):
        if words:
            words.append(" ")
            origin.append(origin[-1])
        words.append(word.group())
        origin.extend(offsets[word.start() : word.end()])
    normalised = "".join(words)
    mark = _WORDS_REPOST_MARK.match(normalised)
    dropped = mark.end() if mark else 0
    return normalised[dropped:], origin[dropped:]


def _words_with_origin(text: str) -> list[tuple[str, int, int]]:
    """(word, start, end), [start, end) in the original text; word '' where it shares an original character ("½")."""
    normalised, origin = normalise_with_spans(text)
    words = []
    for start, end in word_spans(normalised):
        before = start - 2 if normalised[start - 1 : start] == " " else start - 1
        after = end + 1 if normalised[end : end + 1] == " " else end
        fused = (before >= 0 and origin[before] == origin[start]) or origin[after : after + 1] == [origin[end - 1]]
        joined = _JOINED.match(text, origin[end - 1] + 1)
        stop = joined.end() if joined else origin[end - 1] + 1
        words.append(("" if fused else normalised[start:end], origin[start], stop))
    return words


def shared_span(text_a: str, text_b: str) -> tuple[int, int] | None:
    """[start, end) in text_a (code points) of the longest run of words that text_b has too; None under three words.

    Of equally long runs the first. Linear: text_a's words walk through the suffix automaton (Blumer et al. 1985) of
    text_b's.
    """
    words_a = _words_with_origin(text_a)
    follow, link, length = _suffix_automaton([word or None for word, _, _ in _words_with_origin(text_b)])
    best_length, best_end, state, run = 0, 0, 0, 0
    for i, (word, _, _) in enumerate(words_a):
        while state and (not word or word not in follow[state]):
            state = link[state]
            run = length[state]
        if word and word in follow[state]:
            state = follow[state][word]
            run += 1
        if run > best_length:
            best_length, best_end = run, i
    if best_length < 3:
        return None
    return words_a[best_end - best_length + 1][1], words_a[best_end][2]


def differences(base: str, text: str) -> list[tuple[str, str]]:
    """`text` in pieces, each "same" or "added" beside `base`, and what only `base` has as "left out", in reading order.

    Words are compared as everywhere, whatever their case and marks; what lies between words (links, emoji) is not compared and counts
    as the same. "same" and "added" together are `text`, letter for letter. Longest common blocks (Ratcliff and Metzener 1988): the
    square of the length at worst, so for texts that a screen can hold.
    """
    words_base, words = _words_with_origin(base), _words_with_origin(text)
    left = [word or base[start:end] for word, start, end in words_base]
    right = [word or text[start:end] for word, start, end in words]
    blocks = SequenceMatcher(None, left, right, autojunk=False)
    pieces, at = [], 0
    for tag, i1, i2, j1, j2 in blocks.get_opcodes():
        start, end = (words[j1][1], words[j2 - 1][2]) if j2 > j1 else (at, at)
        start = max(start, at)  # character pairs of scripts without spaces overlap
        pieces.append(("same", text[at:start]))
        if i2 > i1 and tag != "equal":
            pieces.append(("left out", base[words_base[i1][1] : words_base[i2 - 1][2]]))
        at = max(start, end)
        pieces.append(("same" if tag == "equal" else "added", text[start:at]))
    whole = [piece for piece in [*pieces, ("same", text[at:])] if piece[1]]
    return [(what, "".join(piece for _, piece in run)) for what, run in groupby(whole, key=lambda piece: piece[0])]


def _suffix_automaton(words: Sequence[str | None]) -> tuple[list[dict[str | None, int]], list[int], list[int]]:
    follow: list[dict[str | None, int]] = [{}]
    link, length, last = [-1], [0], 0
    for word in words:
        new = len(follow)
        follow.append({})
        link.append(0)
        length.append(length[last] + 1)
        state = last
        while state >= 0 and word not in follow[state]:
            follow[state][word] = new
            state = link[state]
        if state >= 0:
            target = follow[state][word]
            if length[target] == length[state] + 1:
                link[new] = target
            else:
                clone = len(follow)
                follow.append(dict(follow[target]))
                link.append(link[target])
                length.append(length[state] + 1)
                while state >= 0 and follow[state].get(word) == target:
                    follow[state][word] = clone
                    state = link[state]
                link[target] = link[new] = clone
        last = new
    return follow, link, length


def find_url_span(text: str, urls: Sequence[str]) -> tuple[int, int] | None:
    """[start, end) of the first link in the text that leads where one of `urls` leads.

    A platform may have put its own short link (t.co) in the place of every link: where the text holds only that one,
    it is meant.
    """
    wanted = {canonical_url(url) for url in urls} - {None}
    if not wanted:
        return None
    found = [(m.start(), m.start() + len(m.group().rstrip(".,;:!?'\")]}"))) for m in _RAW_URL.finditer(text)]
    for start, end in found:
        if canonical_url(text[start:end]) in wanted:
            return start, end
    if len(found) == 1 and (canonical_url(text[slice(*found[0])]) or "").startswith(_SHORTENED_BY_PLATFORM):
        return found[0]
    return None


def find_hashtag_spans(text: str) -> list[tuple[int, int]]:
    """[start, end) of each hashtag, with its '#'. A tag of digits alone is none (as on the platforms)."""
    return [m.span() for m in _HASHTAG.finditer(text)]
