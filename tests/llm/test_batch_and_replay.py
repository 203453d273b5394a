"""Batch files and recorded answers: the other two ways to an answer, with the same checks."""

import importlib.util
import json
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from houselights.content import marking
from houselights.core.errors import HouselightsError
from houselights.core.tables import ANSWERS
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
    with store.opened(tmp_path / "one") as held:
        for w in asked[:2]:
            held.keep(
                w.key,
                store.Answer(w.prompt_id, "big", "v", "ok", json.dumps(questions.ANSWER), "raw", 1, 1, 0.1, 1, ""),
            )
        pq.write_table(held.answers([w.key for w in asked]), tmp_path / "one/answers.parquet")
    recorded = replay.recorded(tmp_path / "one")
    assert replay.model_of(recorded) == "big"
    found, missing = replay.answers(recorded, asked, {"stance": marking.stance_complaint})
    assert found == recorded and missing == 1
    with pytest.raises(HouselightsError, match="no recorded answers"):
        replay.recorded(tmp_path / "two")


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        ('{"stance": "traitor", "quote": "good"}', "ok"),
        ('{"stance": "favour", "quote": "stands nowhere"}', "ok"),
        ("{}", "ok"),
        ("no JSON", "ok"),
        ("[" * 100_000, "ok"),
        (None, "ok"),
        (json.dumps(questions.ANSWER), "believed"),
    ],
)
def test_a_recording_is_checked_like_an_answer(answer: str | None, status: str) -> None:
    (asked,) = questions.stance(["this is good"], "big")
    row = dict(
        zip(ANSWERS.schema.names, [asked.prompt_id, "big", "v", status, answer, "", 1, 1, 0.1, 1, ""], strict=True)
    )
    recordings = pa.Table.from_pylist([row], schema=ANSWERS.schema)
    (found,) = replay.answers(recordings, [asked], {"stance": marking.stance_complaint})[0].to_pylist()
    assert found["status"] == "unfit" and found["answer"] is None and found["detail"]


HOSTILE_NUMBERS = ("1" + "0" * 30, "1e999", "-5", '"many"', "[1]", "NaN", "null", "1" * 5000)


@pytest.mark.parametrize("number", HOSTILE_NUMBERS)
def test_what_a_service_counts_is_a_number_or_none(tmp_path: Path, number: str) -> None:
    asked = questions.stance(["this is good"], "big")
    result = json.dumps(_result({"custom_id": asked[0].key}, json.dumps(questions.ANSWER)) | {"x": 0})
    result = result.replace('"prompt_tokens": 9', f'"prompt_tokens": {number}').replace("big-1", "\\ud800")
    (tmp_path / "back.jsonl").write_text(result)
    with store.opened(tmp_path) as held:
        try:
            batch.read(tmp_path / "back.jsonl", asked, "big", {}, held)
        except HouselightsError:
            return
        (row,) = held.answers([asked[0].key]).to_pylist()
    assert row["status"] == "ok" and 0 <= row["n_prompt_tokens"] < 2**53 and row["model_version"] == "?"


def test_a_deeply_nested_line_is_told(tmp_path: Path) -> None:
    (tmp_path / "back.jsonl").write_text('{"custom_id":' + "[" * 100_000 + "]" * 100_000 + "}")
    with store.opened(tmp_path) as held, pytest.raises(HouselightsError, match="line 1: no JSON"):
        batch.read(tmp_path / "back.jsonl", questions.stance(["good"], "big"), "big", {}, held)
