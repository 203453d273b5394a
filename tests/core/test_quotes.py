"""A quote is found where it stands, and nothing is found that is not there."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from houselights.core.quotes import find

WORDS = st.lists(st.text(alphabet="abcdé ж中", min_size=1, max_size=8).filter(str.strip), min_size=3, max_size=12)


@given(WORDS, st.data())
def test_words_of_a_text_are_found_in_it(words: list[str], data: st.DataObject) -> None:
    text = " ".join(words)
    tokens = text.split()
    first = data.draw(st.integers(0, len(tokens) - 1))
    last = data.draw(st.integers(first, len(tokens) - 1))
    quote = " ".join(tokens[first : last + 1])
    found = find(quote, text)
    assert found is not None
    start, end = found
    assert 0 <= start < end <= len(text)
    assert "".join(text[start:end].split()).casefold() == "".join(quote.split()).casefold()


@given(st.text(max_size=300), st.text(max_size=60))
def test_a_span_lies_inside_and_never_raises(text: str, quote: str) -> None:
    found = find(quote, text)
    if found:
        assert 0 <= found[0] < found[1] <= len(text)


@pytest.mark.parametrize(
    ("quote", "text", "words"),
    [
        ("they LIE", "So they\u200b lie again", "they\u200b lie"),
        ("“not true”", 'He said "not true" twice', "not true"),
        ("Straße", "die STRASSE brennt", "STRASSE"),
        ("谎言", "他们都在说谎言。", "谎言"),
        ("< | im_start", "look <|im_start|> here", "im_start"),
        ("don't", "I don’t know", "don’t"),
    ],
)
def test_what_models_do_to_quotes_changes_nothing(quote: str, text: str, words: str) -> None:
    found = find(quote, text)
    assert found is not None and text[slice(*found)].strip("|<> ") == words


@pytest.mark.parametrize(
    ("quote", "text"),
    [("art", "the party"), ("", "text"), ('""', "text"), ("so ... end", "so it will end"), ("no such", "words")],
)
def test_what_does_not_stand_there_is_not_found(quote: str, text: str) -> None:
    assert find(quote, text) is None


def test_long_texts_cost_little() -> None:
    assert find("b", "a" * 100_000) is None
    assert find("aa", "a" * 100_000) is None  # cuts a word wherever it stands
