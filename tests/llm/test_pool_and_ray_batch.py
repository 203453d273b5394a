"""Several servers as one; and the rows that a cluster's engine gets and gives. The engine itself needs GPUs and is not here."""

import json
import sys
from pathlib import Path

import pyarrow as pa
import pytest

import loading
from houselights.core.errors import HouselightsError
from houselights.llm import ask, pool, ray_batch, server, store

pytest.importorskip("openai")
HERE = Path(__file__).parent
FENCE = "0f1e2d"


scripted, questions = loading.module(HERE / "scripted.py"), loading.module(HERE / "questions.py")


def _server(url: str) -> server.Server:
    return server.Server(url, "scripted", parallel=4, timeout_s=10.0, retries=1)


def test_questions_go_round_and_none_is_asked_twice(tmp_path: Path) -> None:
    asked = questions.stance(questions.numbered(24), "scripted")
    one, other = scripted.Script(questions.agree), scripted.Script(questions.agree)
    with store.opened(tmp_path) as held, scripted.serving(one) as a, scripted.serving(other) as b:
        both = pool.Pool((_server(a), _server(b)))
        told = ask.ask(asked, both, held, {}, FENCE)
    assert (told.n_asked, told.n_unanswered, both.parallel) == (24, 0, 8)
    assert len(one.answered) == len(other.answered) == 12
    assert not set(one.answered) & set(other.answered)


def test_a_server_that_is_gone_is_left_out(tmp_path: Path) -> None:
    asked = questions.stance(questions.numbered(12), "scripted")
    script = scripted.Script(questions.agree)
    with store.opened(tmp_path) as held, scripted.serving(script) as url:
        told = ask.ask(asked, pool.Pool((_server("http://127.0.0.1:9/v1"), _server(url))), held, {}, FENCE)
    assert (told.n_asked, told.n_unanswered) == (12, 0)


def test_when_none_is_left_it_is_told(tmp_path: Path) -> None:
    asked = questions.stance(questions.numbered(30), "scripted")
    gone = tuple(_server(f"http://127.0.0.1:{port}/v1") for port in (9, 11))
    with store.opened(tmp_path) as held, pytest.raises(HouselightsError, match="does not answer"):
        ask.ask(asked, pool.Pool(gone), held, {}, FENCE)


def test_servers_of_unlike_models_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "chosen", lambda url, model, parallel: server.Server(url, url[-1]))
    with pytest.raises(HouselightsError, match="Name servers of one model"):
        pool.chosen("http://a/v1, http://b/v2", "")


def test_rows_for_the_engine_survive_arrow_and_name_each_question_once() -> None:
    asked = questions.stance(questions.numbered(5), "big")
    rows = ray_batch.rows([*asked, *asked], FENCE)
    assert [r["key"] for r in rows] == [w.key for w in asked]
    there = [ray_batch.to_engine(r) for r in pa.Table.from_pylist(rows).to_pylist()]
    for row, wanted in zip(there, asked, strict=True):
        assert row["messages"] == wanted.question(FENCE).messages
        assert row["sampling_params"]["max_tokens"] == wanted.question(FENCE).max_answer_tokens
        schema = json.loads(row["sampling_params"]["structured_outputs"]["json"])
        assert schema["type"] == "object" and "maxLength" not in json.dumps(schema)


def test_what_the_engine_gives_is_checked_and_kept_once(tmp_path: Path) -> None:
    asked = questions.stance(questions.numbered(4), "big")
    good, most = json.dumps(questions.ANSWER), asked[0].question(FENCE).max_answer_tokens
    texts = [(good, 9), ("no json", 3), ("", 0), (good[:10], most)]
    back = [
        ray_batch.from_engine(
            {"key": w.key, "generated_text": t, "num_input_tokens": 7, "num_generated_tokens": n, "x": 1}
        )
        for w, (t, n) in zip(asked, texts, strict=True)
    ]
    with store.opened(tmp_path) as held:
        told = ray_batch.keep([*back, {"key": "of another run"}], asked, "big", {}, held)
        again = ray_batch.keep(back, asked, "big", {}, held)
        rows = {r["prompt_id"]: r for r in held.answers([w.key for w in asked]).to_pylist()}
    assert (told.n_new, told.n_unfit, told.n_failed, told.n_unknown) == (3, 2, 1, 1)
    assert again.n_new == 0
    assert [rows[w.prompt_id]["status"] for w in asked if w.prompt_id in rows] == ["ok", "unfit", "unfit"]
    assert rows[asked[0].prompt_id]["n_prompt_tokens"] == 7


def test_without_the_engine_it_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "ray.data.llm", None)
    asked = questions.stance(questions.numbered(1), "big")
    with store.opened(tmp_path) as held, pytest.raises(HouselightsError, match=r"ray\[llm\]"):
        ray_batch.answer(asked, ray_batch.Engine("big"), held, {}, FENCE)
