"""A text as pieces between white space, each cut into tokens of a vocabulary once and kept: what all readers of tokens share."""

import re
from collections.abc import Callable, Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

Tokens = tuple[NDArray[np.int64], NDArray[np.int64]]
"""([n] ids, [n, 2] the piece that each is of: half-open code points)."""
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


def batches(read: Iterable[Tokens], most: int) -> Iterator[list[Tokens]]:
    """The same in order, as many together as have at most so many tokens; one that has more is by itself. Weights are then streamed from memory once
    for all of a batch, which is what short texts spend most of their time on."""
    held: list[Tokens] = []
    n = 0
    for ids, bounds in read:
        if held and n + len(ids) > most:
            yield held
            held, n = [], 0
        held.append((ids, bounds))
        n += len(ids)
    if held:
        yield held
