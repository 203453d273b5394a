"""Laws of normalised text and of the way back to the original characters."""

import sys
import time
import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from houselights.core import text as core_text
from houselights.core.text import (
    differences,
    find_hashtag_spans,
    find_url_span,
    normalise,
    normalise_with_spans,
    own_words,
    shared_span,
    word_spans,
)

ALPHABET = (
    "abcAB ÇßİŉſǅΣς\u0301\u0323\u0345"
    "ﬁ½㎏Åé़ক্ষাกำ日本語カﾊﾞがᄒ\u1161\u11ab한#@_:/.…\n\t\u200b\u200d\ufe0f\u202e\x00\u00ad😀👍🏽𝔘\ud800RT"
)
texts = st.one_of(
    st.text(max_size=60),
    st.text(st.sampled_from(ALPHABET), max_size=60),
    st.lists(
        st.sampled_from(
            ["RT @a:", "@b", "http://t.co/x", "vote", "NOW", "today", "for", "日本語", "ＦＵＬＬ", "e\u0301"]
        ),
        max_size=12,
    ).map(" ".join),
)


@given(texts)
@example("RT @a: RT @b: hello")
@example('"RT @a hello')
@example("\u0345")
@example("ht\u200btp://x.example y")
@settings(max_examples=400, deadline=None)
def test_normalise_is_idempotent(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once
    assert own_words(own_words(once)) == own_words(once)


# Every character but most of Han, Hangul and private use, which are all alike.
CODES = [
    *range(0x3410),
    *range(0x9FF0, 0xAC20),
    *range(0xD7A0, 0xE010),
    *range(0xF8F0, 0x14500),
    *range(0x16000, 0x20010),
    *range(0xE0000, 0xE0200),
]


def test_normalise_is_idempotent_on_every_character() -> None:
    for code in CODES:
        once = normalise(f"a{chr(code)}b")
        assert normalise(once) == once, hex(code)


def test_invisible_characters_are_those_of_unicode() -> None:
    white = {c for c in map(chr, range(0x100)) if c.isspace()}
    for code in range(sys.maxunicode + 1):
        c = chr(code)
        if unicodedata.category(c) in ("Cf", "Cc", "Cs") and c not in white:
            assert normalise(f"a{c}b") == "ab", hex(code)


@given(texts)
@settings(max_examples=400, deadline=None)
def test_normalised_text_holds_only_words_and_single_spaces(text: str) -> None:
    normalised = normalise(text)
    assert normalised == " ".join(normalised.split())
    assert all(c in " #@_" or c.isalnum() or unicodedata.category(c) in ("Mn", "Mc") for c in normalised)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("RT @some_one: Vote NOW! https://t.co/abc", "vote now"),
        ("RT @a.example.social RT @b: x", "x"),
        ("V\u200bote\u2060 n\u00adow", "vote now"),
        ("ＶＯＴＥ\u3000now", "vote now"),
        ("cafe\u0301 CAFÉ", "café café"),
        ("Straße", "strasse"),
        ("हिन्दी में", "हिन्दी में"),
        ("https://t.co/abcのニュース", "のニュース"),
        ("pic.twitter.com/abc see www.example.org", "see"),
        ("#Tag, @who; don't", "#tag @who don t"),
        ("❤\ufe0f 👍🏽", ""),
    ],
)
def test_normalise(text: str, expected: str) -> None:
    assert normalise(text) == expected


def test_own_words_leave_out_to_whom_they_go() -> None:
    assert own_words("@a @b.example: vote now") == "vote now"
    assert own_words("RT @x: @a vote now") == "vote now"
    assert own_words(".@minister is wrong") == "@minister is wrong"
    assert own_words("ask @a") == "ask @a"


@given(texts)
@example("\u1100\u1161\u11a8")
@example("ｶﾞ")
@settings(max_examples=600, deadline=None)
def test_spans_agree_with_normalise(text: str) -> None:
    normalised, offsets = normalise_with_spans(text)
    assert normalised == normalise(text)
    assert len(offsets) == len(normalised)
    assert all(0 <= i < len(text) for i in offsets)
    assert offsets == sorted(offsets)


def test_spans_agree_with_normalise_on_every_character() -> None:
    for code in CODES:
        text = f"ka{chr(code)}b"
        assert normalise_with_spans(text)[0] == normalise(text), hex(code)


def contains_run(words: list[str], run: list[str]) -> bool:
    return any(words[i : i + len(run)] == run for i in range(len(words) - len(run) + 1))


def words_of(text: str) -> list[str]:
    normalised = normalise(text)
    return [normalised[a:b] for a, b in word_spans(normalised)]


@given(texts, texts, texts)
@example("0", "0¼\u30990", "0")
@settings(max_examples=600, deadline=None)
def test_shared_span_lies_inside_and_holds_shared_words(a: str, shared: str, b: str) -> None:
    text_a, text_b = f"{a} {shared} {b}", f"{b} {shared} {a}"
    span = shared_span(text_a, text_b)
    if span is None:
        return
    start, end = span
    assert 0 <= start < end <= len(text_a)
    assert set(words_of(text_a[start:end])) <= set(words_of(text_b))


@given(texts, texts)
@settings(max_examples=400, deadline=None)
def test_differences_lose_nothing(base: str, text: str) -> None:
    pieces = differences(base, text)
    assert "".join(piece for what, piece in pieces if what != "left out") == text
    assert all(piece for _, piece in pieces)
    assert all(piece in base for what, piece in pieces if what == "left out")


@given(texts)
@settings(deadline=None)
def test_a_text_does_not_differ_from_itself(text: str) -> None:
    assert all(what == "same" for what, _ in differences(text, text))


def test_differences_name_words_and_not_letters() -> None:
    assert differences("We meet on Friday at noon", "we MEET on Sunday at noon, all of us") == [
        ("same", "we MEET on "), ("left out", "Friday"), ("added", "Sunday"), ("same", " at noon, "), ("added", "all of us"),
    ]  # fmt: skip


def longest_run(a: list[str], b: list[str]) -> int:
    return max(
        (n for n in range(1, len(a) + 1) for i in range(len(a) - n + 1) if contains_run(b, a[i : i + n])), default=0
    )


plain = st.lists(st.sampled_from(["vote", "now", "for", "it"]), max_size=10)


@given(plain, plain)
@settings(max_examples=300, deadline=None)
def test_shared_span_is_the_longest(a: list[str], b: list[str]) -> None:
    span = shared_span(" ".join(a), " ".join(b))
    longest = longest_run(a, b)
    assert (span is None) == (longest < 3)
    if span:
        assert len(" ".join(a)[slice(*span)].split()) == longest


def test_shared_span_is_in_characters_of_the_original() -> None:
    a = "Look: 😀 “Vote\u200b NOW,   for e\u0301galite\u0301”! https://t.co/x"
    b = "they said vote now for égalité, all of them"
    start, end = shared_span(a, b) or (0, 0)
    assert a[start:end] == "Vote\u200b NOW,   for e\u0301galite\u0301"
    assert shared_span("今日は祝日です", "昨日、今日は祝日") == (0, 5)


def test_words_of_scripts_without_spaces_are_character_pairs() -> None:
    assert words_of("今日は a b#c # 語") == ["今日", "日は", "a", "b#c", "語"]


def test_find_url_span() -> None:
    text = "see (https://www.News.example/a?utm_source=x), now"
    start, end = find_url_span(text, ["http://news.example/a"]) or (0, 0)
    assert text[start:end] == "https://www.News.example/a?utm_source=x"
    assert find_url_span(text, ["http://news.example/b"]) is None
    assert find_url_span(text, []) is None
    assert find_url_span("cut https://t.co/abc", ["http://news.example/b"]) == (4, 20)
    assert find_url_span("two https://t.co/abc https://t.co/abd", ["http://news.example/b"]) is None


@given(texts, st.lists(st.text(max_size=20), max_size=3))
def test_link_and_hashtag_spans_lie_inside(text: str, urls: list[str]) -> None:
    span = find_url_span(text, urls)
    assert span is None or 0 <= span[0] < span[1] <= len(text)
    for start, end in find_hashtag_spans(text):
        assert text[start] in "#＃" and 0 <= start < end <= len(text)


def test_find_hashtag_spans() -> None:
    text = "#Vote, ＃投票 a#b #2024 #हिन्दी &#39; #x_1"
    assert [text[a:b] for a, b in find_hashtag_spans(text)] == ["#Vote", "＃投票", "#हिन्दी", "#x_1"]


@pytest.mark.parametrize(
    "unit",
    [
        "a\u0301\u0323",
        "\u0301\u0323",
        "\u200b",
        "\ufdfa",
        "RT @a ",
        "@a:@b ",
        "@a",
        "http://a",
        "www.",
        "#1",
        "# ",
        "日",
        "a b c ",
        "[",
        "…",
        "rt",
        " ",
    ],
)
def test_long_hostile_texts_take_linear_time(unit: str) -> None:
    def seconds(length: int) -> float:
        text = (unit * length)[:length]
        began = time.process_time()
        normalise(text), own_words(text), find_hashtag_spans(text), find_url_span(text, ["http://a.example"])
        return time.process_time() - began

    assert seconds(100_000) < 2.0  # what is quadratic takes minutes


def test_shared_span_of_long_texts_takes_linear_time() -> None:
    began = time.process_time()
    text = "a b " * 20_000
    assert shared_span(text, text + "c") == (0, len(text) - 1)
    assert time.process_time() - began < 5.0


def test_mark_classes_cover_all_marks() -> None:
    beyond = [
        c for c in range(core_text._ABOVE_MARKS, sys.maxunicode + 1) if unicodedata.category(chr(c)).startswith("M")
    ]
    assert all(normalise(f"a{chr(c)}b") == "ab" for c in beyond)


@pytest.mark.parametrize(
    ("shown", "meant"),
    [
        ("V\u043ete f\u043er the br\u0456dge", "vote for the bridge"),  # Cyrillic o, o, i
        ("\u0412\u0410D N\u0415WS", "bad news"),  # Cyrillic V, A, E as capitals
        ("\u0391lph\u03b1 p\u03bfst", "alpha post"),  # Greek
        ("\u043fp\u0438\u0432\u0435\u0442", "\u043f\u0440\u0438\u0432\u0435\u0442"),  # a Latin p in a Russian word
        ("\u0441\u043e\u043d and son", "\u0441\u043e\u043d and son"),  # two words of one script each
        ("\u0441\u0442\u043e\u043b", "\u0441\u0442\u043e\u043b"),
    ],
)
def test_letters_that_look_alike_are_one(shown: str, meant: str) -> None:
    assert normalise(shown) == meant
    assert normalise(normalise(shown)) == meant
    normalised, origin = normalise_with_spans(shown)
    assert normalised == meant and len(origin) == len(meant)
