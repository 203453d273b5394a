"""Post text, ids and file names are written by strangers: how each outlet makes them harmless, and visible."""

import html
import unicodedata
from collections.abc import Iterator

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
_JOINERS = "\u200c\u200d"  # Persian and Indic spelling, and emoji, need them
_INVISIBLE = {"Cc", "Cf", "Cs", "Zl", "Zp", "Co", "Cn"}


def pieces(text: str) -> Iterator[tuple[str, bool]]:
    """(piece, harmless): runs of ordinary characters, and single ones that steer a terminal or hide from the reader."""
    run = ""
    for i, char in enumerate(text):
        if _ordinary(text, i):
            run += char
            continue
        if run:
            yield run, True
            run = ""
        yield char, False
    if run:
        yield run, True


def _ordinary(text: str, i: int) -> bool:
    char = text[i]
    if " " <= char <= "~" or char == "\n":
        return True
    if char in _JOINERS:
        return 0 < i < len(text) - 1 and text[i - 1] > "\x7f" and text[i + 1] > "\x7f"
    return unicodedata.category(char) not in _INVISIBLE


def code_point(char: str) -> str:
    return f"U+{ord(char):04X}"


def terminal(text: str, *, one_line: bool = True) -> str:
    """Safe to print: control, direction, zero-width and unpaired characters become visible code points."""
    shown = "".join(piece if good else f"<{code_point(piece)}>" for piece, good in pieces(text))
    return " ".join(shown.split("\n")) if one_line else shown


def html_text(text: str) -> str:
    """Safe inside an element or a quoted attribute."""
    return "".join(html.escape(piece) if good else f"[{code_point(piece)}]" for piece, good in pieces(text))


def html_marked(text: str) -> str:
    """Safe inside an element only: odd characters become small visible chips."""
    return "".join(
        html.escape(piece) if good else f'<span class="code-point">{code_point(piece)}</span>'
        for piece, good in pieces(text)
    )


def xml_text(text: str) -> str:
    """Text for XML 1.0, which has no place for most control characters and none for lone surrogates."""
    kept = "".join(
        c if c in "\t\n" or (c >= " " and unicodedata.category(c) != "Cs" and c not in "\ufffe\uffff") else "\ufffd"
        for c in text
    )
    return html.escape(kept)


def csv_cell(value: object) -> str:
    """A cell no spreadsheet takes for a formula: a leading = + - @ tab or CR gets an apostrophe.

    Numbers stay numbers.
    """
    if value is None:
        return ""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return repr(value)
    text = str(value).encode("utf-8", "replace").decode("utf-8")
    return "'" + text if text.startswith(_FORMULA_STARTS) else text


def clip(text: str, limit: int) -> str:
    """The first `limit` characters, and how many more there were."""
    return text if len(text) <= limit else f"{text[:limit]}… ({len(text) - limit:,} more characters)"
