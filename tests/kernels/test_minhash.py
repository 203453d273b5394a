"""The compiled words are those of core.text; candidates and leaders keep their promises."""

import time

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from houselights.core.settings import TraceSettings
from houselights.core.text import normalise, word_spans
from houselights.kernels import minhash

raw = st.one_of(st.text(max_size=40), st.text(st.sampled_from("ab #@日本語ไทยé_"), max_size=40))
vocabulary = [f"word{i}" for i in range(12)]
sentences = st.lists(
    st.lists(st.sampled_from(vocabulary), min_size=1, max_size=10).map(" ".join), max_size=25, unique=True
)


def corpus(texts: list[str]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    encoded = [t.encode() for t in texts]
    end = np.cumsum([len(e) for e in encoded], dtype=np.int64) if encoded else np.empty(0, np.int64)
    return np.frombuffer(b"".join(encoded), np.uint8), end - np.array([len(e) for e in encoded], np.int64), end


def sets_of(texts: list[str]) -> tuple[np.ndarray, np.ndarray]:
    data, start, end = corpus(texts)
    return minhash.word_sets(data, start, end, minhash.count_words(data, start, end)[0])


def permutations(n: int = TraceSettings().n_permutations) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(7)
    return rng.integers(0, 2**63, n, dtype=np.uint64) | np.uint64(1), rng.integers(0, 2**63, n, dtype=np.uint64)


def leaders(texts: list[str], weight: list[int] | None = None, threshold: float = 0.8) -> np.ndarray:
    weights = np.ones(len(texts), np.int64) if weight is None else np.array(weight, np.int64)
    words, offset = sets_of(texts)
    buckets = minhash.shared_buckets(words, offset, *permutations(), TraceSettings().n_bands, threshold)
    order = np.argsort(-weights, kind="stable")
    return minhash.lead(order, words, offset, buckets.place, buckets.offset, buckets.capacity, weights, threshold)


@given(st.lists(raw.map(normalise), min_size=1, max_size=6))
@settings(max_examples=300, deadline=None)
def test_words_are_those_of_core_text(texts: list[str]) -> None:
    expected = [[t[a:b] for a, b in word_spans(t)] for t in texts]
    data, start, end = corpus(texts)
    n_words, _ = minhash.count_words(data, start, end)
    assert n_words.tolist() == [len(w) for w in expected]
    _, offset = minhash.word_sets(data, start, end, n_words)
    assert np.diff(offset).tolist() == [len(set(w)) for w in expected]


def test_pairs_of_scripts_without_spaces_are_counted_apart() -> None:
    data, start, end = corpus(["今日は晴れ", "today 晴", "a b"])
    words, pairs = minhash.count_words(data, start, end)
    assert words.tolist() == [4, 2, 2]
    assert pairs.tolist() == [4, 0, 0]


def true_jaccard(a: str, b: str) -> float:
    x, y = set(a.split()), set(b.split())
    return len(x & y) / len(x | y)


@given(sentences, st.sampled_from([0.5, 0.8, 1.0]))
@settings(deadline=None)
def test_jaccard_is_exact_from_the_threshold_on(texts: list[str], threshold: float) -> None:
    words, offset = sets_of(texts)
    for i, a in enumerate(texts):
        for j, b in enumerate(texts):
            expected = true_jaccard(a, b)
            found = minhash.jaccard(words, offset[i], offset[i + 1], offset[j], offset[j + 1], threshold)
            assert found == (expected if expected >= threshold else 0.0) or np.isclose(found, expected)


@given(sentences)
@settings(max_examples=200, deadline=None)
def test_every_member_is_like_its_leader(texts: list[str]) -> None:
    leader = leaders(texts)
    assert (leader[leader] == leader).all()
    for i, text in enumerate(texts):
        assert true_jaccard(text, texts[leader[i]]) >= 0.8


@given(sentences, st.data())
@settings(max_examples=200, deadline=None)
def test_every_member_is_like_most_of_those_before_it(texts: list[str], data: st.DataObject) -> None:
    weight = data.draw(st.lists(st.integers(1, 9), min_size=len(texts), max_size=len(texts)))
    leader = leaders(texts, weight)
    groups: dict[int, list[int]] = {}
    for t in np.argsort(-np.array(weight, np.int64), kind="stable").tolist():
        before = groups.setdefault(int(leader[t]), [])[: 1 + minhash.N_FIRST]
        alike = sum(weight[m] for m in before if true_jaccard(texts[t], texts[m]) >= 0.8)
        assert alike >= minhash.MOST_ALIKE * sum(weight[m] for m in before)
        groups[int(leader[t])].append(t)


def test_ends_of_a_star_are_no_group() -> None:
    """Each differs from the first in one of ten words: 9 of 11 words, and 8 of 12 from each other."""
    words = [f"w{i}" for i in range(10)]
    star = [" ".join(words), *(" ".join([*words[:i], f"x{i}", *words[i + 1 :]]) for i in range(6))]
    assert leaders(star).tolist() == [0, 0, 2, 3, 4, 5, 6]
    assert leaders(star, [16, 1, 1, 1, 1, 1, 1]).tolist() == [0, 0, 0, 0, 0, 0, 6]


def test_a_chain_of_small_changes_does_not_join_unlike_texts() -> None:
    words = [f"w{i}" for i in range(40)]
    chain = [" ".join(words[i : i + 10]) for i in range(31)]  # neighbours share 9 of 11 words
    leader = leaders(chain)
    assert len(set(leader.tolist())) > 5
    assert leader[0] != leader[30]
    assert len(set(leader.tolist())) < 31


def test_similar_texts_are_found() -> None:
    """P(candidate) at J = .8 is 1 - (1 - .8^6)^24 = .9993."""
    rng = np.random.default_rng(3)
    texts = []
    for _ in range(500):
        words = [f"v{w}" for w in rng.choice(100_000, 18, replace=False)]
        texts += [" ".join(words), " ".join([*words[:16], "other", "end"])]  # J = 16 / 20
    leader = leaders(texts)
    assert (leader[0::2] == leader[1::2]).mean() > 0.995


def test_a_template_with_many_variants_is_not_quadratic() -> None:
    template = " ".join(f"t{i}" for i in range(6))
    texts = [f"{template} x{i} y{i} z{i}" for i in range(30_000)]  # J = 6 / 12 between any two
    began = time.process_time()
    assert (leaders(texts) == np.arange(len(texts))).all()
    assert time.process_time() - began < 15  # all pairs would take minutes


def sources(texts: list[str], cut: list[bool], order: list[int] | None = None) -> list[int]:
    data, start, end = corpus(texts)
    n_words, _ = minhash.count_words(data, start, end)
    chosen = np.array(order if order is not None else range(len(texts)), dtype=np.int64)
    return minhash.sources_of_cut(data, start, end, n_words, np.array(cut, dtype=bool), chosen).tolist()


def test_cut_texts_meet_the_text_that_begins_with_them() -> None:
    texts = ["a b c d e f g", "a b c d e", "a b c d e x", "a b c d", "b c d e f", "a b c d e f"]
    assert sources(texts, [False, True, False, False, True, True]) == [-1, 0, -1, -1, -1, 0]
    assert sources(texts, [False, True, False, False, False, True], [2, 0, 1, 3, 4, 5]) == [-1, 2, -1, -1, -1, 0]
    assert sources(["a b c", "a b"], [True, True]) == [-1, 0]
    assert sources(["今日は晴れです", "今日は晴れ"], [False, True]) == [-1, 0]


@given(sentences)
@settings(deadline=None)
def test_sources_begin_with_all_words_of_the_cut_text(texts: list[str]) -> None:
    cut = [len(t) % 2 == 0 for t in texts]
    for i, source in enumerate(sources(texts, cut)):
        longer = [t for t in texts if t.startswith(texts[i] + " ")]
        assert (source >= 0) == (cut[i] and bool(longer))
        if source >= 0:
            assert texts[source].startswith(texts[i] + " ")
