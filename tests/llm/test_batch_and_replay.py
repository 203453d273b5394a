"""Batch files and recorded answers: the other two ways to an answer, with the same checks."""

import importlib.util
import json
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from houselights.core.errors import HouselightsError
from houselights.llm import batch, replay, store

pytest.importorskip("jsonschema")
_spec = importlib.util.spec_from_file_location("llm_questions", Path(__file__).parent / "questions.py")
assert _spec and _spec.loader
questions = importlib.util.module_from_spec(_spec)
sys.modules[_spec.name] = questions
_spec.loader.exec_module(questions)


def _result(request: dict, text: str, status: int = 200, finish: str = "stop") -> dict:  # type: ignore[type-arg]
    body = {
        "model": "big-1",
        "choices": [{"message": {"role": "assistant", "content": text}, "finish_reason": finish}],
        "usage": {"prompt_tokens": 9, "completion_tokens": 3},
    }
    return {
        "id": "r",
        "custom_id": request["custom_id"],
        "response": {"status_code": status, "body": body},
        "error": None,
    }


def test_a_batch_goes_out_and_comes_back_in_any_order(tmp_path: Path) -> None:
    asked = questions.stance(questions.numbered(6), "big")
    out, back = tmp_path / "out.jsonl", tmp_path / "back.jsonl"
    assert batch.export(out, asked, "big", "fe") == 6
    requests = [json.loads(line) for line in out.read_text().splitlines()]
    assert all(r["method"] == "POST" and r["url"] == batch.URL and r["body"]["model"] == "big" for r in requests)
    assert "maxLength" not in out.read_text()
    good = json.dumps(questions.ANSWER)
    results = [
        _result(requests[5], good),
        _result(requests[0], good),
        _result(requests[1], "no json"),
        _result(requests[2], good, status=500),
        _result(requests[3], good[:10], finish="length"),
        {"custom_id": requests[4]["custom_id"], "response": None, "error": {"message": "expired"}},
        {"custom_id": "of another run", "response": None},
    ]
    back.write_text("\n".join(json.dumps(r) for r in results) + "\n")
    with store.opened(tmp_path) as held:
        told = batch.read(back, asked, "big", {}, held)
        rows = held.answers([w.key for w in asked]).to_pylist()
        again = batch.read(back, asked, "big", {}, held)
    assert (told.n_new, told.n_unfit, told.n_failed, told.n_unknown) == (4, 2, 2, 1)
    assert sorted(r["status"] for r in rows) == ["ok", "ok", "unfit", "unfit"]
    assert again.n_new == 0


def test_a_file_that_is_no_result_is_told_with_its_line(tmp_path: Path) -> None:
    asked = questions.stance(["good"], "big")
    path = tmp_path / "back.jsonl"
    with store.opened(tmp_path) as held:
        path.write_text('{"custom_id": "a"}\n{broken\n')
        with pytest.raises(HouselightsError, match="line 2"):
            batch.read(path, asked, "big", {}, held)
        path.write_text('{"custom_id": "a", "response": null}\n')
        with pytest.raises(HouselightsError, match="none of its 1 results"):
            batch.read(path, asked, "big", {}, held)
        with pytest.raises(HouselightsError, match="cannot be read"):
            batch.read(tmp_path / "nowhere", asked, "big", {}, held)


def test_recorded_answers_are_given_again(tmp_path: Path) -> None:
    asked = questions.stance(questions.numbered(3), "big")
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    with store.opened(tmp_path / "one") as held:
        for w in asked[:2]:
            held.keep(
                w.key,
                store.Answer(w.prompt_id, "big", "v", "ok", json.dumps(questions.ANSWER), "raw", 1, 1, 0.1, 1, ""),
            )
        pq.write_table(held.answers([w.key for w in asked]), tmp_path / "one/answers.parquet")
    recorded = replay.recorded(tmp_path / "one")
    assert replay.model_of(recorded) == "big"
    with store.opened(tmp_path / "two") as held:
        assert replay.keep(recorded, asked, held) == 2
        assert held.answers([w.key for w in asked]).num_rows == 2
    with pytest.raises(HouselightsError, match="no recorded answers"):
        replay.recorded(tmp_path / "two")
