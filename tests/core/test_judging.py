"""Words that judge: found as words, in the languages that can be asked for, and let through only where the posts have them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from houselights.core.judging import judged

ALPHABETS = st.text(st.sampled_from("abotrlfkepgnd боттролфейкпропганд بوتدعائي .,-"), max_size=30)


@pytest.mark.parametrize(
    "given", ["robots at work", "both sides", "fakery", "a controlled trollop", "Робот", "bottle", ""]
)
def test_part_of_a_word_is_no_licence(given: str) -> None:
    for said in ("the bot army", "trolls", "fake accounts", "propaganda"):
        assert judged(said, given)


@pytest.mark.parametrize(
    ("said", "given"),
    [
        ("a bot army", "stop the BOTS!"),
        ("Fake news", "faked, all of it"),
        ("пропаганда", "чистая пропагандистская ложь"),
        ("trolls", "ein Troll."),
    ],
)
def test_a_word_that_the_posts_say_may_be_said(said: str, given: str) -> None:
    assert judged(said, given) == ""


@pytest.mark.parametrize(
    "said",
    [
        "ein Heer von Bots",
        "cuentas de troles",
        "armée de trolls",
        "esercito di troll",
        "armia botów",
        "trollenleger van bots",
        "exército de bots",
        "армия ботов",
        "фабрика троллей",
        "ферма ботів",
        "фейковые новости",
        "trol ordusu",
        "дезинформация и пропаганда",
        "حسابات مزيفة",
        "الذباب الإلكتروني",
        "propagandistische Texte",
    ],
)
def test_other_languages_judge_too(said: str) -> None:
    assert judged(said, "the ferry is late")


@pytest.mark.parametrize(
    "said",
    [
        "la robotique",
        "controle",
        "the trolley bus",
        "троллейбус стоит",
        "ботинки",
        "both",
        "Bottrop",
        "trolejbus",
        "робота",
        "robota",
    ],
)
def test_ordinary_words_do_not(said: str) -> None:
    assert judged(said, "") == ""


@given(ALPHABETS, ALPHABETS)
def test_what_is_said_is_never_wrong_of_itself_and_never_more_wrong_with_more_given(said: str, more: str) -> None:
    assert judged(said, said) == ""
    if not judged(said, more):
        assert not judged(said, f"{more} and {said}")
