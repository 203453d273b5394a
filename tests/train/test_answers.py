"""What a causal model is asked and answers, and how answers are measured. Needs no torch."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from houselights.train import answers, measures
from houselights.train.examples import Example, Span

NAMES = ("Doubt", "Loaded")


@given(st.text(st.sampled_from("`ab\n"), min_size=1, max_size=30))
def test_a_post_cannot_close_its_fence(text: str) -> None:
    asked = answers.question("techniques", Example(text, "g"), NAMES)
    fence = asked.splitlines()[-1]
    assert set(fence) == {"`"} and asked.endswith(f"\n{fence}\n{text}\n{fence}\n") and fence not in text


@given(st.text(min_size=1, max_size=40).filter(str.strip), st.data())
def test_spans_survive_the_way_through_an_answer(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    written = answers.answer("techniques", Example(text, "g", spans=(Span(start, end, "Doubt"),)))
    (got,) = answers.spans(f"Sure: {written} That is all.", text, NAMES)
    assert text[got.start : got.end] == text[start:end]


@pytest.mark.parametrize(
    "written", ["", "{", "[]", '{"spans": 3}', '{"spans": [3, {}, {"technique": [], "quote": "a"}]}', "{" * 99_999]
)
def test_a_useless_answer_is_no_answer(written: str) -> None:
    assert answers.spans(written, "a text", NAMES) == ()
    assert answers.label(written, NAMES) == ""


def test_invented_quotes_and_names_are_dropped_and_repeated_quotes_go_on() -> None:
    items = [("Doubt", "so"), ("Doubt", "so"), ("Doubt", "so"), ("Doubt", "never said"), ("Magic", "so")]
    written = json.dumps({"spans": [{"technique": t, "quote": q} for t, q in items]})
    assert answers.spans(written, "so and so", NAMES) == (Span(0, 2, "Doubt"), Span(7, 9, "Doubt"))
    assert answers.label('{"stance": "maybe"}', ("for", "against")) == ""
    assert answers.label('{"stance": "for"}', ("for", "against")) == "for"


def test_a_text_that_is_cut_takes_its_spans_along() -> None:
    row = answers.cut(
        Example("one two three", "g", spans=(Span(0, 3, "Doubt"), Span(4, 13, "Doubt"), Span(8, 13, "Loaded"))), 7
    )
    assert row.text == "one two" and row.spans == (Span(0, 3, "Doubt"), Span(4, 7, "Doubt"))


def test_span_f1_gives_credit_for_parts_of_the_same_technique() -> None:
    right = [[Span(0, 10, "Doubt")], []]
    got = measures.of_spans([[Span(0, 5, "Doubt")], []], right)
    assert got["span_precision"] == 1 and got["span_recall"] == 0.5 and got["span_f1"] == pytest.approx(2 / 3)
    assert measures.of_spans([[Span(0, 10, "Loaded")], []], right)["span_f1"] == 0
    assert measures.of_spans(right, right)["span_f1"] == 1


def test_macro_f1_is_the_mean_over_labels() -> None:
    got = measures.of_labels(["a", "a", "", "b"], ["a", "b", "b", "b"])
    assert got["accuracy"] == 0.5 and got["macro_f1"] == pytest.approx((2 / 3 + 2 / 4) / 2)
    assert got["accuracy_of_commonest"] == 0.75
