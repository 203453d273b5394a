"""The points for names that a program gives, and the clusters that they are for."""

from collections import Counter

import pytest
from benchmarks.annotation.name_scores import NameScore, fold, holds, load, mean_points, n_words, score, score_all
from hypothesis import given
from hypothesis import strategies as st

CLUSTERS = load()
MUST, WRONG = [["tunnel*"], ["cost*", "price", "too expensive"]], ["cheap*", "saves money"]


def points(name: str) -> tuple[int, int, int, int]:
    s = score(name, MUST, WRONG)
    return s.claim, s.direction, s.short, s.neutral


def test_a_good_name_has_all_points() -> None:
    assert points("Harbour tunnel costs too much") == (2, 2, 2, 2)
    assert points("HARBOUR TÚNNEL: too  expensive!") == (2, 2, 2, 2)
    assert score("Tunnel price", MUST, WRONG).points == 8


def test_the_topic_alone_is_half_a_claim() -> None:
    assert points("The harbour tunnel") == (1, 2, 2, 2)
    assert points("Talk of the harbour") == (0, 0, 2, 2)


def test_the_opposite_has_no_direction() -> None:
    assert points("Tunnel costs: cheaper than the ferry") == (2, 0, 2, 2)
    assert points("Tunnel saves money") == (1, 0, 2, 2)


def test_length_counts_words() -> None:
    assert points("The tunnel costs far too much for us") == (2, 2, 2, 2)
    assert points("The tunnel costs far too much for all us") == (2, 2, 0, 2)
    assert n_words("smart-meter – switches : off") == 3


@pytest.mark.parametrize(
    "word",
    ["bot", "Bots", "TROLL", "trolling", "fake", "faked", "propaganda", "@someone", "https://x.example", "a.example/b"],
)
def test_verdicts_and_accounts_are_not_neutral(word: str) -> None:
    assert points(f"{word} tunnel cost") == (2, 2, 2, 0)


@pytest.mark.parametrize("word", ["bottle", "both", "trolley", "snowflake", "robot", "a.b", "9 @ night"])
def test_words_that_only_look_like_one_are(word: str) -> None:
    assert points(f"{word} tunnel cost") == (2, 2, 2, 2)


def test_an_empty_name_has_nothing() -> None:
    assert points("") == points(" \u200b ") == (0, 0, 0, 0)


def test_words_are_whole_unless_starred() -> None:
    assert holds("selling a forest", "sell*")
    assert not holds("selling a forest", "sell")
    assert not holds("resell it", "sell*")
    assert holds(fold("Doralma, HUILE d’olive"), "d'olive")


def test_a_cluster_without_a_name_scores_nothing() -> None:
    clusters = [{"id": i, "must": MUST, "wrong": WRONG} for i in "ab"]
    scores = score_all({"a": "Tunnel costs"}, clusters)
    assert scores == {"a": NameScore(2, 2, 2, 2), "b": NameScore(0, 0, 0, 0)}
    assert mean_points(scores) == 4


@given(st.text(max_size=60))
def test_points_do_not_depend_on_case_or_spacing(name: str) -> None:
    one, other = score(name, MUST, WRONG), score(f"  {name.casefold()}\n", MUST, WRONG)
    assert one == other
    assert 0 <= one.points <= 8


def test_the_set_is_whole() -> None:
    assert len(CLUSTERS) == 48
    for what in (
        [c["id"] for c in CLUSTERS],
        [c["claim"] for c in CLUSTERS],
        [t for c in CLUSTERS for t in (*c["texts"], *c["distractors"])],
    ):
        assert max(Counter(what).values()) == 1
    assert {"en", "fr", "es", "ru", "de", "ar"} <= {x for c in CLUSTERS for x in c["languages"]}
    assert sum(len(c["languages"]) > 1 for c in CLUSTERS) >= 8


@pytest.mark.parametrize("cluster", CLUSTERS, ids=lambda c: c["id"])
def test_a_cluster_is_fit_and_its_claim_would_score(cluster: dict) -> None:
    assert 8 <= len(cluster["texts"]) <= 12
    assert 1 <= len(cluster["distractors"]) <= 2
    assert n_words(cluster["claim"]) <= 12
    assert len(cluster["must"]) >= 2 and all(cluster["must"]) and cluster["wrong"]
    said = score(cluster["claim"], cluster["must"], cluster["wrong"])
    assert (said.claim, said.direction, said.neutral) == (2, 2, 2)
    for wrong in cluster["wrong"]:
        assert score(f"{cluster['claim']} {wrong.rstrip('*')}", cluster["must"], cluster["wrong"]).direction == 0
