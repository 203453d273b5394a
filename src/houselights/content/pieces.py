"""A text as pieces between white space, each cut into tokens of a vocabulary once and kept: what all readers of tokens share."""

import re
from collections.abc import Callable

_PIECE = re.compile(r"\S+")
_LONGEST = 60  # characters of a piece; the rest of it is not read
_KEPT = 200_000


class Pieces:
    def __init__(self, cut: Callable[[str], list[int]]) -> None:
        """cut: one piece -> ids of its tokens."""
        self._cut = cut
        self._known: dict[str, list[int]] = {}

    def __call__(self, text: str, least: int) -> tuple[list[int], list[tuple[int, int]]]:
        """(ids, the piece of `text` that each is of: half-open code points), of whole pieces: all, or so many that there are `least` tokens."""
        ids: list[int] = []
        bounds: list[tuple[int, int]] = []
        for found in _PIECE.finditer(text):
            own = self.ids(found.group()[:_LONGEST])
            ids += own
            bounds += [found.span()] * len(own)
            if len(ids) >= least:
                break
        return ids, bounds

    def ids(self, piece: str) -> list[int]:
        known = self._known.get(piece)
        if known is None:
            known = self._cut(piece)
            if len(self._known) < _KEPT:
                self._known[piece] = known
        return known
