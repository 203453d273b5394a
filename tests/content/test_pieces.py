"""Laws of what readers of tokens share, and of numbers at a byte each."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from houselights.content.byte_numbers import to_bytes
from houselights.content.pieces import Pieces


def letters(piece: str) -> list[int]:
    return [ord(c) for c in piece]


@given(st.text(max_size=300), st.integers(0, 40))
def test_tokens_are_of_whole_pieces_in_order_until_there_are_enough(text: str, least: int) -> None:
    ids, bounds = Pieces(letters)(text, least)
    assert ids == [ord(c) for a, b in dict.fromkeys(bounds) for c in text[a:b][:60]]
    read = list(dict.fromkeys(bounds))
    assert [text[a:b] for a, b in read] == text.split()[: len(read)]
    assert len(read) == len(text.split()) or len(ids) >= least
    assert not read or len(ids) - min(read[-1][1] - read[-1][0], 60) < max(least, 1)


def test_a_piece_is_cut_once() -> None:
    asked: list[str] = []
    pieces = Pieces(lambda piece: asked.append(piece) or [len(piece)])  # type: ignore[func-returns-value]
    assert pieces("no no, no", 99)[0] == [2, 3, 2]
    assert asked == ["no", "no,"]


@given(arrays(np.float32, array_shapes(min_dims=2, max_dims=3, max_side=6), elements=st.floats(-50, 50, width=32)))
def test_numbers_at_a_byte_are_within_half_a_scale(values: np.ndarray) -> None:
    held, scale = to_bytes(values)
    assert held.dtype == np.int8
    assert (np.abs(held * scale - values) <= scale * 0.5001 + 1e-9).all()
