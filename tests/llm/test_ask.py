"""A job over real sockets: whatever the server does, nothing is lost, nothing doubled, and every limit holds."""

import itertools
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import loading
from houselights.core.errors import HouselightsError
from houselights.llm import ask, server, store

pytest.importorskip("openai")
HERE = Path(__file__).parent
FENCE = "0f1e2d"


scripted, questions = loading.module(HERE / "scripted.py"), loading.module(HERE / "questions.py")
MENDED = (
    "429",
    "500",
    "503",
    "cut_body",
    "broken_http_json",
    "html",
    "reset",
    "broken_json",
    "wrong_schema",
    "length",
    "empty",
)


@pytest.fixture()
def held(tmp_path: Path) -> Iterator[store.Store]:
    with store.opened(tmp_path) as opened:
        yield opened


def _at(url: str, **more: object) -> server.Server:
    return server.Server(url, "scripted", **({"parallel": 8, "timeout_s": 10.0} | more))  # type: ignore[arg-type]


def test_every_question_is_answered_once_whatever_befalls_its_first_calls(held: store.Store) -> None:
    posts = questions.numbered(33)
    asked = questions.stance(posts, "scripted")
    script = scripted.Script(questions.agree)
    for w, faults in zip(asked, itertools.cycle([[f] for f in MENDED] + [["429", "reset"]]), strict=False):
        script.faults[scripted.question_of({"messages": w.question(FENCE).messages})] = faults
    with scripted.serving(script) as url:
        told = ask.ask(asked, _at(url), held, {}, FENCE)
    assert (told.n_asked, told.n_unanswered) == (33, 0)
    rows = held.answers([w.key for w in asked]).to_pylist()
    assert len(rows) == 33 and {r["status"] for r in rows} == {"ok"}
    assert all(json.loads(r["answer"]) == questions.ANSWER for r in rows)
    assert {r["n_requests"] for r in rows} == {2, 3}
    assert set(script.answered.values()) == {1}


def test_a_slow_answer_is_asked_for_again_and_counted_once(held: store.Store) -> None:
    asked = questions.stance(questions.numbered(4), "scripted")
    script = scripted.Script(questions.agree, every=["slow"], slow_s=1.5)
    with scripted.serving(script) as url:
        told = ask.ask(asked, _at(url, timeout_s=0.5), held, {}, FENCE)
    assert told.n_asked == 4 and held.answers([w.key for w in asked]).num_rows == 4


def test_a_server_that_only_fails_is_given_up_within_the_limits(held: store.Store) -> None:
    asked = questions.stance(questions.numbered(40), "scripted")
    script = scripted.Script(questions.agree, every=["500"] * 99)
    with scripted.serving(script) as url, pytest.raises(HouselightsError, match="run the same command again"):
        ask.ask(asked, _at(url, retries=1), held, {}, FENCE)
    assert max(script.asked.values()) == 2
    assert sum(script.asked.values()) <= 2 * (ask.MOST_IN_A_ROW + 8)
    assert held.answers([w.key for w in asked]).num_rows == 0


def test_what_one_question_never_gets_does_not_stop_the_others(held: store.Store) -> None:
    asked = questions.stance(questions.numbered(12), "scripted")
    script = scripted.Script(questions.agree)
    script.faults[scripted.question_of({"messages": asked[3].question(FENCE).messages})] = ["503"] * 99
    with scripted.serving(script) as url:
        told = ask.ask(asked, _at(url, retries=2), held, {}, FENCE)
        assert (told.n_asked, told.n_unanswered) == (11, 1) and told.reasons
        script.faults.clear()
        again = ask.ask(asked, _at(url), held, {}, FENCE)
    assert (again.n_asked, again.n_held) == (1, 11)
    assert set(script.answered.values()) == {1}


def test_an_answer_that_never_fits_is_kept_as_unfit_after_one_more_try(held: store.Store) -> None:
    asked = questions.stance(questions.numbered(3), "scripted")
    script = scripted.Script(lambda body: '{"stance": "perhaps", "quote": ""}')
    with scripted.serving(script) as url:
        ask.ask(asked, _at(url), held, {}, FENCE)
        ask.ask(asked, _at(url), held, {}, FENCE)
    rows = held.answers([w.key for w in asked]).to_pylist()
    assert [r["status"] for r in rows] == ["unfit"] * 3 and {r["n_requests"] for r in rows} == {2}
    assert all(r["answer"] is None and "perhaps" in r["raw"] and "stance" in r["detail"] for r in rows)
    assert set(script.asked.values()) == {2}


def test_the_second_try_says_what_was_wrong_and_a_check_of_the_stage_counts(held: store.Store) -> None:
    asked = questions.stance(["nothing like it"], "scripted")
    script = scripted.Script(questions.agree)

    def check(answer: dict[str, object], fields: dict[str, object]) -> str:
        return "" if str(answer["quote"]) in str(fields["post"]) else "The quote does not occur in the post."

    with scripted.serving(script) as url:
        ask.ask(asked, _at(url), held, {"stance": check}, FENCE)
    assert held.answers([asked[0].key]).to_pylist()[0]["status"] == "unfit"
    assert "does not occur" in script.bodies[1]["messages"][-1]["content"]


def test_a_server_without_schemas_is_asked_in_a_looser_form(held: store.Store) -> None:
    asked = questions.stance(questions.numbered(6), "scripted")
    script = scripted.Script(questions.agree, refuses_schema=True)
    with scripted.serving(script) as url:
        told = ask.ask(asked, _at(url, parallel=1), held, {}, FENCE)
    assert told.n_asked == 6
    forms = [b.get("response_format", {}).get("type") for b in script.bodies]
    assert forms == ["json_schema"] + ["json_object"] * 6


def test_a_refused_question_is_kept_as_refused_and_others_go_on(held: store.Store) -> None:
    asked = questions.stance(questions.numbered(5), "scripted")
    script = scripted.Script(questions.agree)
    script.faults[scripted.question_of({"messages": asked[2].question(FENCE).messages})] = ["400"] * 9
    with scripted.serving(script) as url:
        told = ask.ask(asked, _at(url), held, {}, FENCE)
    assert told.n_asked == 5
    statuses = [r["status"] for r in held.answers([w.key for w in asked]).to_pylist()]
    assert sorted(statuses) == ["ok"] * 4 + ["refused"]


def test_the_same_text_is_asked_once_however_many_posts_have_it(held: store.Store) -> None:
    asked = questions.stance(["this is good"] * 7 + ["that is good"], "scripted")
    script = scripted.Script(questions.agree)
    with scripted.serving(script) as url:
        told = ask.ask(asked, _at(url), held, {}, FENCE)
    assert told.n_asked == 2 and sum(script.asked.values()) == 2
    assert len({w.subject_id for w in asked}) == 8


def test_calls_run_side_by_side_and_never_more_than_allowed(held: store.Store) -> None:
    asked = questions.stance(questions.numbered(40), "scripted")
    script = scripted.Script(questions.agree, delay_s=0.05)
    with scripted.serving(script) as url:
        ask.ask(asked, _at(url, parallel=5), held, {}, FENCE)
    assert 2 <= script.most_at_once <= 5


def test_no_key_is_sent_that_is_not_ours_and_none_is_stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "somebody-elses")
    monkeypatch.setenv(server.KEY, "mine-and-secret")
    script = scripted.Script(questions.agree)
    with scripted.serving(script) as url, store.opened(tmp_path) as held:
        chosen = server.chosen(url, "")
        ask.ask(questions.stance(["good"], chosen.model), chosen, held, {}, FENCE)
    assert {h["Authorization"] for h in script.headers} == {"Bearer mine-and-secret"}
    assert not any(b"secret" in p.read_bytes() for p in tmp_path.rglob("*") if p.is_file())


def test_nobody_there_is_one_sentence(held: store.Store) -> None:
    with pytest.raises(HouselightsError, match="does not say which models"):
        server.chosen("http://127.0.0.1:9/v1", "")
    asked = questions.stance(questions.numbered(30), "m")
    with pytest.raises(HouselightsError, match="does not answer"):
        ask.ask(asked, server.Server("http://127.0.0.1:9/v1", "m", retries=1), held, {}, FENCE)


CLIENT = """
import importlib.util, json, sys
from pathlib import Path
from houselights.llm import ask, server, store
spec = importlib.util.spec_from_file_location("questions", sys.argv[3]); q = importlib.util.module_from_spec(spec); spec.loader.exec_module(q)
with store.opened(Path(sys.argv[1])) as held:
    ask.ask(q.stance(q.numbered(60), "scripted"), server.Server(sys.argv[2], "scripted", parallel=4), held, {}, "aa")
"""


@pytest.mark.parametrize("seed", range(2))
def test_killed_in_the_middle_it_goes_on_and_repeats_no_answered_call(tmp_path: Path, seed: int) -> None:
    """kill -9 at a random moment, three times over; then to the end. Asked twice is at most what was in flight when it was killed."""
    draw = random.Random(seed)
    script = scripted.Script(questions.agree, delay_s=0.02)
    asked = questions.stance(questions.numbered(60), "scripted")
    of = {scripted.question_of({"messages": w.question("aa").messages}): w.key for w in asked}
    n_kills = 0
    with scripted.serving(script) as url:
        command = [sys.executable, "-c", CLIENT, str(tmp_path), url, str(HERE / "questions.py")]
        env = os.environ | {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
        for _ in range(3):
            goal = sum(script.answered.values()) + draw.randint(1, 15)
            client = subprocess.Popen(command, env=env)
            while client.poll() is None and sum(script.answered.values()) < goal:
                time.sleep(0.003)
            client.send_signal(signal.SIGKILL)
            client.wait()
            n_kills += 1
            with store.opened(tmp_path) as held:
                kept = held.held([w.key for w in asked])
            before = dict(script.answered)
            _quiet(script)
            for question, key in of.items():
                if key in kept:
                    script.faults[question] = [
                        "400"
                    ] * 99  # were it asked again, it would be refused and the test would see it
            assert before
        assert subprocess.run(command, env=env, check=False).returncode == 0
    with store.opened(tmp_path) as held:
        rows = held.answers([w.key for w in asked]).to_pylist()
    assert len(rows) == 60 and {r["status"] for r in rows} == {"ok"}
    assert sum(script.answered.values()) - 60 <= 4 * n_kills


def _quiet(script: object) -> None:
    """Waits until the server has nothing in hand of the client that was killed."""
    while script.at_once:  # type: ignore[attr-defined]
        time.sleep(0.005)


def test_two_jobs_at_once_share_one_store(tmp_path: Path) -> None:
    asked = questions.stance(questions.numbered(40), "scripted")
    script = scripted.Script(questions.agree, delay_s=0.01)

    def work(url: str) -> None:
        with store.opened(tmp_path) as held:
            ask.ask(asked, _at(url), held, {}, FENCE)

    with scripted.serving(script) as url:
        threads = [threading.Thread(target=work, args=(url,)) for _ in range(2)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
    with store.opened(tmp_path) as held:
        assert held.answers([w.key for w in asked]).num_rows == 40
