"""The baselines of benchmarks/detection: a hand-made example each, the tools' own edges, and laws that all keep."""

import csv
from pathlib import Path

import duckdb
import numpy as np
import pytest
from benchmarks.detection.baselines import (
    BASELINES,
    Baseline,
    co_shares,
    coordination_network_toolkit,
    coortweet,
    luceri,
    most_active,
    pacheco,
    random_accounts,
    svn,
    svn_pairs,
)
from benchmarks.detection.networks import Answer, Shares, close_rows, eigenvector_centrality, similar_edges
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from houselights.compat import cnt
from houselights.compat import coortweet as compat_coortweet

by_name = pytest.mark.parametrize("baseline", BASELINES, ids=lambda b: b.name)


def made(rows: list[tuple[int, int, float]], n_accounts: int, is_repost: bool = True) -> Shares:
    """Rows of account, object, second."""
    account, what, at = (np.array(c) for c in zip(*rows, strict=True))
    return Shares(account, what, at.astype(float), np.full(len(rows), is_repost), n_accounts)


def together(accounts: list[int], objects: range, every_s: float = 10) -> list[tuple[int, int, float]]:
    """All accounts share all objects, one after the other, objects an hour apart."""
    return [(a, o, 3600 * o + every_s * i) for o in objects for i, a in enumerate(accounts)]


def drawn(seed: int, n_accounts: int = 40, n_objects: int = 30, n_rows: int = 600, span_s: int = 900) -> Shares:
    """Random first shares at full seconds, and a trio that shares ten objects of its own within seconds."""
    rng = np.random.default_rng(seed)
    account, what = np.unique(rng.integers(0, [[n_accounts], [n_objects]], (2, n_rows)), axis=1)
    trio = np.array([(a, o, a) for o in range(n_objects, n_objects + 10) for a in range(3)])
    account, what = np.concatenate([account, trio[:, 0]]), np.concatenate([what, trio[:, 1]])
    at = np.concatenate([rng.integers(0, span_s, len(account) - len(trio)), trio[:, 2]]).astype(float)
    return Shares(account, what, at, rng.random(len(account)) < 0.7, n_accounts)


def groups(answer: Answer) -> set[frozenset[int]]:
    return {frozenset(g.tolist()) for g in answer.groups}


def named(answer: Answer) -> set[int]:
    return set(np.flatnonzero(answer.score).tolist())


def test_co_shares_needs_two_objects_within_a_minute() -> None:
    rows = together([0, 1, 2], range(3)) + together([3, 4, 5], range(10, 13), 61) + together([6, 7, 8], range(20, 21))
    answer = co_shares(made(rows, 10))
    assert groups(answer) == {frozenset({0, 1, 2})}
    assert answer.score.tolist() == [3, 3, 3, 0, 0, 0, 0, 0, 0, 0]
    assert groups(co_shares(made(rows, 10), 4)) == set()
    assert groups(co_shares(made(rows, 10), 1)) == {frozenset({0, 1, 2}), frozenset({6, 7, 8})}


def test_a_minute_is_inclusive_and_two_accounts_are_no_group() -> None:
    assert groups(co_shares(made(together([0, 1, 2], range(2), 30), 3))) == {frozenset({0, 1, 2})}
    assert groups(co_shares(made(together([0, 1, 2], range(2), 60), 3))) == {frozenset({0, 1, 2})}
    assert groups(co_shares(made(together([0, 1], range(5), 0), 3))) == set()


def test_coortweet_keeps_edges_above_the_median() -> None:
    """Three edges of weight 4 against four of weight 1: the median is 1."""
    rows = together([0, 1, 2], range(4)) + together([3, 4], range(10, 11)) + together([4, 5], range(11, 12))
    rows += together([5, 6], range(12, 13)) + together([6, 3], range(13, 14))
    answer = coortweet(made(rows, 8))
    assert groups(answer) == {frozenset({0, 1, 2})}
    assert groups(coortweet(made(rows, 8), min_co_shares=2)) == set()  # nothing is above the median of 4, 4, 4


def test_coortweet_leaves_out_pairs_of_accounts_that_took_part_once() -> None:
    """0, 1, 2 share two objects; the one object of 3, 4, 5 does not count, though it would lower the quantile."""
    rows = together([0, 1, 2], range(2)) + together([3, 4, 5], range(10, 11))
    assert groups(coortweet(made(rows, 6), 0.25)) == set()
    rows += [(a, 100 + a, 0.0) for a in (3, 4, 5)] + [(6, 100 + a, 1e6) for a in (3, 4, 5)]
    assert groups(coortweet(made(rows, 7), 0.25)) == set()


def test_the_toolkit_counts_reposts_alone() -> None:
    rows = together([0, 1, 2], range(3))
    assert groups(coordination_network_toolkit(made(rows, 3))) == {frozenset({0, 1, 2})}
    assert groups(coordination_network_toolkit(made(rows, 3), 4)) == set()
    assert groups(coordination_network_toolkit(made(rows, 3, is_repost=False))) == set()


def test_svn_finds_an_overlap_that_activity_does_not_explain_at_any_time_distance() -> None:
    """0, 1, 2 share the same 12 of 112 objects, days apart; each of 100 other objects goes through two of 20 others."""
    rows = together([0, 1, 2], range(12), 1e5)
    rows += [(3 + (7 * o + i * (1 + o // 20)) % 20, 100 + o, 0.0) for o in range(100) for i in range(2)]
    answer = svn(made(rows, 23))
    assert groups(answer) == {frozenset({0, 1, 2})}
    assert answer.score[0] == pytest.approx(-stats.hypergeom.logsf(11, 112, 12, 12))


def test_svn_p_values_are_scipys_and_all_pairs_are_counted() -> None:
    shares = drawn(1)
    tests = svn_pairs(shares)
    sets = [set(shares.object[shares.account == a].tolist()) for a in range(shares.n_accounts)]
    n_objects = len(np.unique(shares.object))
    assert tests.n_tests == 40 * 39 // 2
    assert len(tests.a) == sum(bool(sets[a] & sets[b]) for a in range(40) for b in range(a))
    for a, b, k, p in zip(tests.a, tests.b, tests.overlap, tests.p, strict=True):
        assert k == len(sets[a] & sets[b])
        assert p == pytest.approx(stats.hypergeom.sf(k - 1, n_objects, len(sets[a]), len(sets[b])), rel=1e-9)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10**6), st.sampled_from([1e-6, 0.01, 0.05, 0.5]))
def test_svn_rejects_what_benjamini_and_yekutieli_reject(seed: int, alpha: float) -> None:
    shares = drawn(seed, n_rows=300)
    tests = svn_pairs(shares)
    p = np.ones(tests.n_tests)
    p[: len(tests.a)] = tests.p
    found = stats.false_discovery_control(p, method="by")[: len(tests.a)] <= alpha
    assert groups(svn(shares, alpha)) == components(
        list(zip(tests.a[found].tolist(), tests.b[found].tolist(), strict=True))
    )


def test_pacheco_keeps_the_most_similar_edges_of_accounts_with_ten_shares() -> None:
    """0, 1, 2 agree in all of ten objects; 3 to 8 in some; 9, 10, 11 agree wholly but share only three."""
    rows = together([0, 1, 2], range(10)) + together([9, 10, 11], range(50, 53))
    rows += [(3 + i, 100 + (5 * i + j) % 30, 0.0) for i in range(6) for j in range(10)]
    answer = pacheco(made(rows, 12))
    assert groups(answer) == {frozenset({0, 1, 2})}
    assert answer.score[:3].tolist() == [1, 1, 1]
    assert groups(pacheco(made(rows, 12), 1.0)) == {frozenset({0, 1, 2}), frozenset(range(3, 9))}
    assert frozenset({9, 10, 11}) in groups(pacheco(made(rows, 12), min_shares=1))


def test_similarity_is_the_cosine_of_tf_idf_by_hand() -> None:
    """Three accounts: object 0 is everybody's (idf 1), object 1 that of 0 and 1 (idf ln(4/3) + 1), object 2 dropped."""
    rows = [(0, 0, 0.0), (1, 0, 0.0), (2, 0, 0.0), (0, 1, 0.0), (1, 1, 0.0), (2, 2, 0.0)]
    edges = similar_edges(made(rows, 3), 1)
    weight = {(a, b): w for a, b, w in zip(edges.a.tolist(), edges.b.tolist(), edges.weight.tolist(), strict=True)}
    rare = np.log(4 / 3) + 1
    assert weight == pytest.approx({(0, 1): 1, (0, 2): 1 / np.hypot(1, rare), (1, 2): 1 / np.hypot(1, rare)})


def test_luceri_keeps_the_most_central_accounts() -> None:
    """A clique of five, a chain of eight: the chain's accounts have next to no centrality."""
    rows = together(list(range(5)), range(10)) + [(5 + i + j, 100 + i, 0.0) for i in range(7) for j in range(2)]
    rows += [(5 + i, 200 + 20 * i + j, 0.0) for i in range(8) for j in range(9)]
    answer = luceri(made(rows, 13), 0.7)
    assert groups(answer) == {frozenset(range(5))}
    assert answer.score.tolist() == [1.0] * 5 + [0.0] * 8


def test_centrality_is_the_leading_eigenvector() -> None:
    edges = similar_edges(drawn(3, n_rows=200), 1)
    links = np.zeros((40, 40))
    links[edges.a, edges.b] = links[edges.b, edges.a] = 1
    leading = np.abs(np.linalg.eigh(links)[1][:, -1])
    assert eigenvector_centrality(edges, 40) == pytest.approx(leading / leading.max(), abs=1e-6)


def test_most_active_counts_shares_of_objects_that_others_share() -> None:
    rows = together([0, 1, 2], range(9), 1e5) + together([0, 1, 2, 3, 4, 5], range(9, 10), 1e5)
    rows += [(6, 100 + i, 0.0) for i in range(50)]
    answer = most_active(made(rows, 10), 0.3)
    assert groups(answer) == {frozenset({0, 1, 2})}
    assert answer.score.tolist() == [10, 10, 10, 0, 0, 0, 0, 0, 0, 0]


def test_random_accounts_are_a_fixed_draw_that_thins_out() -> None:
    shares = drawn(5, n_accounts=1000, n_objects=500, n_rows=20_000)
    loose, strict = named(random_accounts(shares, 0.2)), named(random_accounts(shares, 0.01))
    assert (len(loose), len(strict)) == (200, 10)
    assert strict < loose
    assert strict == named(random_accounts(shares))
    activity = np.bincount(shares.account, minlength=1000)
    assert activity[sorted(loose)].mean() == pytest.approx(activity.mean(), rel=0.1)


@given(st.integers(0, 10**6))
def test_close_rows_are_all_pairs_within_a_minute(seed: int) -> None:
    shares = drawn(seed, n_accounts=12, n_objects=4, n_rows=40, span_s=200)
    what, at = shares.object, shares.at_s
    slow = {(i, j) for i in range(len(at)) for j in range(i) if what[i] == what[j] and abs(at[i] - at[j]) <= 60}
    fast = [(max(i, j), min(i, j)) for i, j in zip(*(r.tolist() for r in close_rows(shares)), strict=True)]
    assert len(fast) == len(set(fast))
    assert set(fast) == slow


def components(pairs: list[tuple[int, int]]) -> set[frozenset[int]]:
    found: list[set[int]] = []
    for pair in pairs:
        touched = [g for g in found if g & set(pair)]
        found = [g for g in found if not g & set(pair)] + [set(pair).union(*touched)]
    return {frozenset(g) for g in found if len(g) >= 3}


@pytest.mark.parametrize("quantile", [0.0, 0.5, 0.9])
@pytest.mark.parametrize("n_rows", [150, 300, 600])
def test_coortweet_is_the_tool(tmp_path: Path, n_rows: int, quantile: float) -> None:
    shares = drawn(n_rows, n_rows=n_rows, span_s=3600)
    with open(tmp_path / "in.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("object_id", "account_id", "content_id", "timestamp_share"))
        for i, (a, o, t) in enumerate(zip(shares.account, shares.object, shares.at_s, strict=True)):
            writer.writerow((f"o{o}", a, f"c{i}", int(t)))
    compat_coortweet.network(duckdb.connect(), tmp_path / "in.csv", tmp_path, edge_weight=quantile)
    with open(tmp_path / "edges.csv", newline="") as file:
        edges = [(int(r["from"]), int(r["to"])) for r in csv.DictReader(file) if r["weight_threshold"] == "1"]
    assert edges or n_rows == 150  # where the trio's edges are the heaviest tenth, none is above the quantile
    assert groups(coortweet(shares, quantile)) == components(edges)


@pytest.mark.parametrize("weight", [pytest.param(1, marks=pytest.mark.slow), 2, 4])
def test_coordination_network_toolkit_is_the_tool(tmp_path: Path, weight: int) -> None:
    shares = drawn(7, span_s=3600)
    with open(tmp_path / "in.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("message_id", "user_id", "username", "repost_id", "reply_id", "message", "timestamp", "urls"))
        columns = (shares.account, shares.object, shares.at_s, shares.is_repost)
        for i, (a, o, t, repost) in enumerate(zip(*columns, strict=True)):
            writer.writerow((f"m{i}", a, a, f"o{o}" if repost else "", "", "text", int(t), ""))
    cnt.network(duckdb.connect(), tmp_path / "in.csv", tmp_path, min_weight=weight)
    with open(tmp_path / "edges.csv", newline="") as file:
        edges = [(int(r["source"]), int(r["target"])) for r in csv.DictReader(file)]
    assert edges
    assert groups(coordination_network_toolkit(shares, weight)) == components(edges)


@by_name
@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 10**6), data=st.data())
def test_the_order_of_rows_does_not_matter(baseline: Baseline, seed: int, data: st.DataObject) -> None:
    strictness = data.draw(st.sampled_from(baseline.strictness_values))
    shares = drawn(seed)
    order = np.random.default_rng(seed).permutation(len(shares.account))
    one, other = baseline.function(shares, strictness), baseline.function(shares.take(order), strictness)
    assert [g.tolist() for g in one.groups] == [g.tolist() for g in other.groups]
    assert one.score == pytest.approx(other.score)


@by_name
@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 10**6), data=st.data())
def test_renaming_accounts_only_renames(baseline: Baseline, seed: int, data: st.DataObject) -> None:
    strictness = data.draw(st.sampled_from(baseline.strictness_values))
    shares = drawn(seed)
    name = np.random.default_rng(seed).permutation(shares.n_accounts)
    renamed = Shares(name[shares.account], shares.object, shares.at_s, shares.is_repost, shares.n_accounts)
    one, other = baseline.function(shares, strictness), baseline.function(renamed, strictness)
    assert {frozenset(name[g].tolist()) for g in one.groups} == groups(other)
    assert one.score == pytest.approx(other.score[name])


@by_name
@settings(deadline=None, max_examples=10)
@given(seed=st.integers(0, 10**6))
def test_groups_are_disjoint_sorted_and_the_only_accounts_with_a_score(baseline: Baseline, seed: int) -> None:
    assert baseline.default in baseline.strictness_values
    for strictness in baseline.strictness_values:
        answer = baseline.function(drawn(seed), strictness)
        members = [a for g in answer.groups for a in g.tolist()]
        assert len(members) == len(set(members))
        assert set(members) == named(answer)
        assert all(len(g) >= 3 and (np.diff(g) > 0).all() for g in answer.groups)
        assert answer.score.shape == (40,)
        assert np.isfinite(answer.score).all()
        assert (answer.score >= 0).all()


@by_name
def test_stricter_names_no_more_accounts(baseline: Baseline) -> None:
    """Not a law of Luceri's groups, which may fall apart, but the number of accounts never grows."""
    counts = [len(named(baseline.function(drawn(11), s))) for s in baseline.strictness_values]
    assert counts == sorted(counts, reverse=True)


@by_name
def test_nobody_is_named_where_nobody_shares(baseline: Baseline) -> None:
    nothing = drawn(0).take(np.empty(0, np.int64))
    for strictness in baseline.strictness_values:
        answer = baseline.function(nothing, strictness)
        assert (answer.groups, answer.score.tolist()) == ([], [0.0] * 40)
