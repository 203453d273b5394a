"""Answers on disk: the first stays, all are found again, and a damaged file is told."""

from pathlib import Path

import pytest

from houselights.core.errors import HouselightsError
from houselights.llm import store


def _answer(i: int, raw: str = "x") -> store.Answer:
    return store.Answer(f"id{i}", "m", "v", "ok", '{"a": 1}', raw, 1, 2, 0.5, 1, "")


def test_ten_thousand_answers_are_joined(tmp_path: Path) -> None:
    keys = [store.key(f"id{i}", "m", {"seed": 0}) for i in range(10_000)]
    with store.opened(tmp_path) as held:
        for i, key in enumerate(keys):
            assert held.keep(key, _answer(i))
    with store.opened(tmp_path) as held:
        assert held.held([*keys, "other"]) == set(keys)
        table = held.answers(keys)
    assert table.num_rows == 10_000 and table["prompt_id"].to_pylist() == sorted(f"id{i}" for i in range(10_000))


def test_the_first_answer_to_a_question_stays(tmp_path: Path) -> None:
    with store.opened(tmp_path) as held:
        assert held.keep("k", _answer(1, "first")) and not held.keep("k", _answer(1, "second"))
        assert held.answers(["k", "k"])["raw"].to_pylist() == ["first"]


def test_no_answers_are_an_empty_table(tmp_path: Path) -> None:
    with store.opened(tmp_path) as held:
        assert held.answers([]).num_rows == held.answers(["a"]).num_rows == 0
        assert held.speed("m") is None


def test_a_damaged_store_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / store.FOLDER).mkdir()
    (tmp_path / store.FOLDER / "answers.sqlite").write_bytes(b"no database at all" * 100)
    with pytest.raises(HouselightsError, match="damaged"), store.opened(tmp_path) as held:
        held.held(["a"])


def test_a_look_makes_nothing_and_sees_all(tmp_path: Path) -> None:
    with store.opened(tmp_path, writes=False) as held:
        assert held.held(["k"]) == set() and held.speed("m") is None
    assert not list(tmp_path.iterdir())
    with store.opened(tmp_path) as held:
        held.keep("k", _answer(1))
    before = sorted(p.name for p in (tmp_path / store.FOLDER).iterdir())
    with store.opened(tmp_path, writes=False) as held:
        assert held.held(["k", "other"]) == {"k"} and held.speed("m") == (0.5, 1)
    assert sorted(p.name for p in (tmp_path / store.FOLDER).iterdir()) == before


def test_a_place_that_cannot_be_written_is_not_called_damaged() -> None:
    with pytest.raises(HouselightsError, match="cannot be written"), store.opened(Path("/proc/self")):
        pass


def test_a_model_a_parameter_and_a_question_each_make_another_key() -> None:
    keys = {
        store.key("id", "m", {"seed": 0}),
        store.key("id", "n", {"seed": 0}),
        store.key("id", "m", {"seed": 1}),
        store.key("ie", "m", {"seed": 0}),
    }
    assert len(keys) == 4
