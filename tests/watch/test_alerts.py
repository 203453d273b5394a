"""Bets, e-BH, groups with ids that stay, and alerts that arrive."""

import http.server
import io
import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import made_frames
import numpy as np
import pyarrow.parquet as pq
import pytest
import running
from hypothesis import given, settings
from hypothesis import strategies as st

from houselights.watch.alerts import block, evidence, groups
from houselights.watch.alerts.acts import Acts, one_object_each
from houselights.watch.alerts.block import Pairs
from houselights.watch.alerts.engine import Engine, Standing
from houselights.watch.alerts.groups import Group
from houselights.watch.alerts.sending import Sender
from houselights.watch.sources.base import BackOff

HOUR_US, MINUTE_US = 3_600_000_000, 60_000_000


@given(
    st.integers(2, 60),
    st.lists(st.integers(0, 500), min_size=block.N_SHARES, max_size=block.N_SHARES),
    st.sampled_from([evidence.PACE, *(times for _, times in evidence.PACES)]),
)
@settings(max_examples=200, deadline=None)
def test_a_bet_is_worth_at_most_one_on_average_against_what_is_usual(size: int, counts: list[int], pace: float) -> None:
    """Even if every high share is `pace` times as frequent as among the reference objects."""
    usual = np.zeros((1, block.N_SIZES, block.N_SHARES))
    usual[0, np.searchsorted(block.SIZE_EDGES, size, side="right")] = counts
    shares = np.concatenate([[0.0], block.SHARE_EDGES])
    e = np.array([evidence.e_values(np.array([size]), np.array([x]), usual, np.array([pace]))[0] for x in shares])
    if np.isnan(e).any():
        assert np.isnan(e).all()
        return
    chance = np.array(counts) / max(sum(counts), 1)
    high = pace * chance[evidence.HIGH :]
    worst = (high * e[evidence.HIGH :]).sum() + max(0.0, 1.0 - high.sum()) * e[0]
    assert worst <= 1.0 + 1e-9


def test_evidence_is_one_on_average_at_every_look_and_when_one_stops_at_the_best_moment() -> None:
    """Ville: a product of bets that are each fair after all that came before reaches 20 in one case of twenty at most, however often one looks."""
    rng = np.random.default_rng(0)
    best, last = [], []
    for _ in range(20_000):
        group, seen = Group("g", [1, 2, 3], 0, 0), [1.0]
        for _ in range(40):
            group.bet([8.2 if rng.random() < 0.1 else 0.2], [7], 0)
            seen.append(group.e_value)
        best.append(max(seen))
        last.append(seen[2])
    assert np.mean(np.array(best) >= 20.0) <= 1 / 20
    assert 0.8 <= np.mean(last) <= 1.2


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 300)), max_size=80))
@settings(max_examples=300, deadline=None)
def test_no_object_is_bet_on_again_before_it_has_been_away_for_an_hour(blocks: list[tuple[int, int]]) -> None:
    """(object, minute): as the engine does it."""
    group = Group("g", [1, 2, 3], 0, 0)
    shared_at: dict[int, int] = {}
    for minute in sorted({m for _, m in blocks}):
        begin = minute * MINUTE_US
        objects = sorted({o for o, m in blocks if m == minute})
        on = [o for o in objects if group.may_bet_on(o, begin)]
        assert on == [o for o in objects if minute - shared_at.get(o, -100) >= 60]
        group.saw(objects, begin)
        shared_at |= dict.fromkeys(objects, minute)


def test_who_was_close_a_little_while_ago_pays_for_it() -> None:
    ages = [0, 9, 10, 59, 60, 6000]
    assert [evidence.pace(m * MINUTE_US) for m in ages] == [20.0, 20.0, 8.0, 8.0, evidence.PACE, evidence.PACE]


def test_groups_that_bet_and_died_are_counted() -> None:
    """Else a group that was lucky among a hundred that were not would be tested alone."""
    engine = Engine(MINUTE_US, 0)
    engine.groups = [Group(f"g{i}", [i], 0, 0, e_value=0.2, n_bets=1) for i in range(99)]
    engine.groups.append(Group("lucky", [100], 0, 4 * 24 * HOUR_US, e_value=30.0, n_bets=1))
    end_us = 4 * 24 * HOUR_US + MINUTE_US
    engine.bury(engine.standing(end_us, 0.05).alive, end_us)
    standing = engine.standing(end_us, 0.05)
    assert [g.group_id for g in engine.groups] == ["lucky"]
    assert not standing.found.any() and standing.threshold == 100 / 0.05 and standing.n_tested == 100
    later = engine.standing(end_us + 15 * 24 * HOUR_US, 0.05)
    assert later.n_tested == 0, "it has died too, and those before are forgotten"


def test_an_act_over_two_blocks_is_one_bet_about_those_who_were_members_before() -> None:
    """From half past one minute to half past the next; an account that joins the group meanwhile is not in the bet."""
    rng = np.random.default_rng(8)
    before = crowd(rng, 2)
    joint = [(m, 7, 7200 + 30 + 3 * k) for k, m in enumerate(range(9000, 9020))]
    acts = acts_of(before + joint)
    acts = acts.only(np.argsort(acts.at_us, kind="stable"))
    engine = Engine(MINUTE_US, 0)
    shared: list[tuple[int, float]] = []
    for begin in range(0, 7200 * 1_000_000 + 3 * MINUTE_US, MINUTE_US):
        if begin == 7200 * 1_000_000:
            engine.groups = [Group("planted", list(range(9000, 9020)), 0, 0)]
        low, high = np.searchsorted(acts.at_us, [begin - block.NEAR_US, begin + MINUTE_US])
        engine.step(acts.only(np.arange(low, high)), begin)
        planted = [g for g in engine.groups if g.group_id == "planted"]
        shared += [(g.n_bets, g.e_value) for g in planted]
        if begin == 7200 * 1_000_000:
            assert planted[0].betting == list(range(9000, 9020)) and set(planted[0].pending) == {"7"}
            planted[0].members.append(9999)
    assert [n for n, _ in shared] == [0, 1, 1]
    assert shared[1][1] > 5.0 and shared[2][1] == shared[1][1]


def test_a_merge_keeps_what_was_bet_and_what_is_not_bet_on_again() -> None:
    old = Group("old", [1, 2, 3, 4, 5], 0, 10, recent={"7": 50, "8": 10})
    young = Group("young", [6, 7, 8, 9, 10], 5, 20, e_value=9.0, n_bets=2, n_blocks=1, recent={"7": 40}, announced=[6])
    living, none = [old, young], Pairs.joined([])
    change = groups.renew(living, [np.arange(1, 11, dtype=np.uint64)], none, lambda pairs: np.ones(len(pairs)), 100)
    assert living == [old] and change.merged == {"old": ["young"]} and change.n_gone == 1
    assert old.members == list(range(1, 11)) and (old.e_value, old.n_bets, old.n_blocks) == (5.0, 2, 1)
    assert old.recent == {"7": 50, "8": 10} and old.announced == [6] and old.close_us == 20


def test_what_made_newcomers_members_is_not_bet_on() -> None:
    group = Group("g", [1, 2, 3, 4, 5], 0, 10, names={"1": "a", "5": "e"})
    later = Pairs.of_rows(np.array([[4], [6], [77], [500], [0]], np.uint64))
    groups.renew([group], [np.array([1, 2, 3, 4, 6], np.uint64)], later, lambda pairs: np.ones(len(pairs)), 1000)
    assert group.members == [1, 2, 3, 4, 6] and group.names == {"1": "a"}
    assert group.close_us == 500 and not group.may_bet_on(77, 1000)


@given(st.lists(st.floats(0.01, 1e6), max_size=30), st.floats(0.01, 0.5))
@settings(deadline=None)
def test_e_bh_is_the_largest_set_that_keeps_its_word(values: list[float], q: float) -> None:
    e = np.array(values)
    passes, threshold = evidence.discovered(e, q)
    k = int(passes.sum())
    if k:
        assert e[passes].min() >= len(e) / (q * k) * (1 - 1e-12) and threshold <= e[passes].min()
    ordered = np.sort(e)[::-1]
    assert not any(ordered[j - 1] >= len(e) / (q * j) for j in range(k + 1, len(e) + 1))


def acts_of(rows: list[tuple[int, int, int]]) -> Acts:
    """(account, object, second), each in a post of its own."""
    n = len(rows)
    account, of, at = (np.array([r[i] for r in rows]) for i in range(3))
    return Acts(np.arange(n), account.astype(np.uint64), of.astype(np.uint64), at.astype(np.int64) * 1_000_000)


@given(st.lists(st.tuples(st.integers(0, 8), st.integers(0, 5), st.integers(0, 1200)), max_size=60), st.randoms())
@settings(max_examples=60, deadline=None)
def test_pairs_of_a_block_are_those_that_a_slow_count_finds(rows: list[tuple[int, int, int]], shuffle: object) -> None:
    begin = 600 * 1_000_000
    seen = block.look(acts_of(rows), begin)
    events, _ = one_object_each(acts_of(rows))
    found = set()
    listed = list(zip(events.account.tolist(), events.object.tolist(), events.at_us.tolist(), strict=True))
    for a, of, at in listed:
        for b, of_b, at_b in listed:
            later = (at_b, b) > (at, a)
            if of == of_b and later and at_b >= begin and at_b - at <= block.CLOSE_US:
                found.add((min(a, b), max(a, b), of))
    assert {
        (int(a), int(b), int(o)) for a, b, o in zip(seen.close.a, seen.close.b, seen.close.object, strict=True)
    } == found


def crowd(rng: np.random.Generator, hours: float) -> list[tuple[int, int, int]]:
    """Ordinary life: objects that some accounts share over minutes."""
    rows = []
    for number in range(int(hours * 600)):
        start, pace = rng.uniform(0, hours * 3600), rng.exponential(600) + 150
        for account in rng.choice(3000, rng.integers(2, 25), replace=False):
            rows.append((int(account), 1000 + number, int(start + rng.exponential(pace))))
    return rows


def run(rows: list[tuple[int, int, int]]) -> tuple[Engine, list[tuple[int, str, set[int]]]]:
    acts = acts_of(rows)
    acts = acts.only(np.argsort(acts.at_us, kind="stable"))
    engine, passed = Engine(MINUTE_US, 0), []
    for begin in range(0, int(acts.at_us.max()) + 1, MINUTE_US):
        low, high = np.searchsorted(acts.at_us, [begin - block.NEAR_US, begin + MINUTE_US])
        engine.step(acts.only(np.arange(low, high)), begin)
        standing = engine.standing(begin + MINUTE_US, 0.05)
        named = zip(engine.groups, standing.found, strict=True)
        passed += [(begin // MINUTE_US, g.group_id, set(g.members)) for g, found in named if found]
        engine.bury(standing.alive, begin + MINUTE_US)
    return engine, passed


@pytest.mark.slow
def test_a_planted_group_is_alerted_and_the_crowd_is_not() -> None:
    rng = np.random.default_rng(3)
    rows = crowd(rng, 4)
    assert run(rows)[1] == []
    members = set(range(9000, 9020))
    joint = [(m, 5_000_000 + k, int(1800 + 2100 * k + rng.uniform(0, 30))) for k in range(6) for m in members]
    _, passed = run(rows + joint)
    assert passed and len({group for _, group, _ in passed}) == 1
    assert all(found <= members for _, _, found in passed)


@pytest.mark.slow
def test_five_joint_acts_within_one_hour_are_told() -> None:
    """Twelve minutes apart, from the full hour on: after the fifth at the latest."""
    members = set(range(9000, 9020))
    rng = np.random.default_rng(4)
    rows = crowd(rng, 4)
    joint = [(m, 5_000_000 + k, int(3 * 3600 + 720 * k + rng.uniform(0, 45))) for k in range(5) for m in members]
    _, passed = run(rows + joint)
    assert passed and passed[0][0] <= (3 * 3600 + 720 * 4) // 60 + 1
    assert all(found <= members for _, _, found in passed)


def test_who_was_close_before_is_no_evidence_by_itself() -> None:
    """Two meetings make a group; they feed it nothing."""
    joint = [(m, 5_000_000 + k, 3600 + 1200 * k + m) for k in range(2) for m in range(20)]
    engine, _ = run(joint)
    (group,) = engine.groups
    assert group.e_value == 1.0 and group.n_bets == 0 and len(group.members) == 20


def test_alerts_lie_in_the_run_as_they_come_and_again_after_a_kill_in_between(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With every group told of, whatever its evidence: the way from a group to the table, not the statistics."""
    believed = Engine.standing

    def believing(engine: Engine, end_us: int, q: float) -> Standing:
        standing = believed(engine, end_us, q)
        return replace(standing, found=standing.alive)

    monkeypatch.setattr(Engine, "standing", believing)
    source, run_dir = tmp_path / "posts.jsonl", tmp_path / "run"
    source.write_bytes(b"\n".join(made_frames.mixed(3_000, 5)) + b"\n")
    said = running.watch(str(source), run_dir, 200)
    table = pq.read_table(run_dir / "alerts.parquet")
    assert said and {a["alert_id"] for a in said} == set(table["alert_id"].to_pylist())
    assert not (run_dir / "manifest.json").exists(), "no tables were written: alerts need none"
    before = (run_dir / "alerts.parquet").read_bytes()
    (run_dir / "alerts.parquet").unlink()  # as if killed between the commit and the table
    assert running.watch(str(source), run_dir, 200) == []
    assert (run_dir / "alerts.parquet").read_bytes() == before


@pytest.fixture
def hook() -> Iterator[tuple[str, list[tuple[str, dict[str, object]]]]]:
    """A webhook that fails twice before it takes anything."""
    taken: list[tuple[str, dict[str, object]]] = []
    failures = [500, 503]

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            code = failures.pop() if failures else 204
            if code == 204:
                taken.append((self.headers["Idempotency-Key"], body))
            self.send_response(code)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/alerts", taken
    server.shutdown()


def test_a_webhook_that_fails_gets_every_alert_in_the_end(
    hook: tuple[str, list[tuple[str, dict[str, object]]]],
) -> None:
    url, taken = hook
    alerts = [{"alert_id": f"a{i}", "at_us": i, "account_ids": ["x"], "sentence": "\x1b[31m‮"} for i in range(3)]
    told: set[str] = set()
    out = io.StringIO()
    with Sender(out, url, BackOff(0.01, 0.02)) as sender:
        sender.send(alerts)
        for _ in range(500):
            told |= sender.take_told()
            if len(told) == 3:
                break
            threading.Event().wait(0.02)
    assert told == {"a0", "a1", "a2"} and [key for key, _ in taken] == ["a0", "a1", "a2"]
    assert all("account_ids" not in body for _, body in taken)
    assert out.getvalue().isascii() and "\x1b" not in out.getvalue()
