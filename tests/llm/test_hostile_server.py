"""What a server says of itself and of what it counted is hostile too: no number, name or nesting of its ends a job with a fault."""

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

import loading
from houselights.llm import ask, server, store

pytest.importorskip("openai")
pytest.importorskip("jsonschema")


scripted, questions = (loading.module(Path(__file__).with_name(f"{name}.py")) for name in ("scripted", "questions"))


def _ask(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: dict[str, Any]
) -> tuple[ask.Told, list[dict[str, Any]]]:
    plain = scripted._Handler.completion
    monkeypatch.setattr(scripted._Handler, "completion", staticmethod(lambda text, end: plain(text, end) | more))
    asked = questions.stance(questions.numbered(2), "scripted")
    with scripted.serving(scripted.Script(questions.agree)) as url, store.opened(tmp_path) as held:
        told = ask.ask(asked, server.Server(url, "scripted", retries=0), held, {}, "0f1e2d")
        table = held.answers([w.key for w in asked])
    pq.write_table(table, tmp_path / "answers.parquet")  # every file can hold it
    return told, table.to_pylist()


@pytest.mark.parametrize("number", [10**30, float("inf"), float("nan"), -5, "many", [1], None, True])
def test_counts_are_numbers_or_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: Any) -> None:
    told, rows = _ask(tmp_path, monkeypatch, {"usage": {"prompt_tokens": number, "completion_tokens": 3}})
    assert (told.n_asked, told.n_unanswered) == (2, 0)
    assert all(r["status"] == "ok" and 0 <= r["n_prompt_tokens"] <= 2**53 and r["n_answer_tokens"] == 3 for r in rows)


@pytest.mark.parametrize("name", ["\ud800", "x" * 100_000, 7, ["a"], {"a": 1}])
def test_names_are_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: Any) -> None:
    told, rows = _ask(tmp_path, monkeypatch, {"model": name})
    assert told.n_asked == 2 and {r["status"] for r in rows} == {"ok"}


@pytest.mark.parametrize(
    "more", [{"usage": [1]}, {"choices": []}, {"choices": [{"message": "hello"}]}, {"choices": None}]
)
def test_another_shape_is_no_answer_and_no_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: dict[str, Any]
) -> None:
    told, rows = _ask(tmp_path, monkeypatch, more)
    assert (told.n_asked, told.n_unanswered, rows) == (0, 2, [])


def test_deep_nesting_is_no_answer_and_no_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nested = "[" * 100_000 + "]" * 100_000
    monkeypatch.setattr(scripted._Handler, "_answer", lambda self, script, body: self._send(200, nested))
    told, _ = _ask(tmp_path, monkeypatch, {})
    assert told.n_unanswered == 2
