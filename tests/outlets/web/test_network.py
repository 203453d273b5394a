"""Laws of the picture of a network: what it may and may not hang on."""

import math
from itertools import combinations, pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from houselights.outlets.web import network

ROLES = ("core", "periphery", "source")
Pairs = list[tuple[str, str, int]]
Accounts = list[tuple[str, str]]


@st.composite
def networks(draw: st.DrawFn) -> tuple[Pairs, Accounts]:
    n = draw(st.integers(1, 14))
    names = [f"a{i:02d}" for i in range(n)]
    possible = list(combinations(names, 2))
    chosen = draw(st.lists(st.sampled_from(possible), unique=True, max_size=30)) if possible else []
    pairs = [(a, b, draw(st.integers(1, 3))) for a, b in chosen]
    return pairs, [(a, draw(st.sampled_from(ROLES))) for a in names]


def _laid(pairs: Pairs, accounts: Accounts, seed: int = 0) -> pa.Table:
    ends = pa.table(
        {
            "account_a": pa.array([p[0] for p in pairs], pa.string()),
            "account_b": pa.array([p[1] for p in pairs], pa.string()),
            "weight": pa.array([p[2] for p in pairs], pa.int64()),
        }
    )
    who = pa.table({"account": [a[0] for a in accounts], "role": [a[1] for a in accounts]})
    return network.layout(ends, who, seed)


def _drawing(pairs: Pairs, laid: pa.Table) -> tuple[list[tuple[float, float, str]], list[tuple[object, ...]]]:
    """What a reader sees: dots with their roles, lines with their weights; no names."""
    at = {r["account"]: (r["x"], r["y"]) for r in laid.to_pylist()}
    dots = sorted((r["x"], r["y"], r["role"]) for r in laid.to_pylist())
    return dots, sorted((*sorted((at[a], at[b])), n) for a, b, n in pairs)


@given(networks(), st.randoms(use_true_random=False), st.integers(0, 5))
@settings(max_examples=60, deadline=None)
def test_the_order_of_rows_and_the_ends_of_a_pair_change_no_byte(world, random, seed) -> None:
    pairs, accounts = world
    again = [(b, a, n) if random.random() < 0.5 else (a, b, n) for a, b, n in random.sample(pairs, len(pairs))]
    assert _laid(pairs, accounts, seed).equals(_laid(again, random.sample(accounts, len(accounts)), seed))


@given(networks(), st.randoms(use_true_random=False))
@settings(max_examples=120, deadline=None)
def test_renaming_accounts_only_renames(world, random) -> None:
    pairs, accounts = world
    others = [f"z{i}" for i in range(len(accounts))]
    random.shuffle(others)
    new = dict(zip((a for a, _ in accounts), others, strict=True))
    renamed = [(new[a], new[b], n) for a, b, n in pairs]
    assert _drawing(pairs, _laid(pairs, accounts)) == _drawing(
        renamed, _laid(renamed, [(new[a], r) for a, r in accounts])
    )


@given(networks(), st.integers(0, 2**31))
@settings(max_examples=60, deadline=None)
def test_every_account_stands_somewhere_of_its_own_inside_the_picture(world, seed) -> None:
    pairs, accounts = world
    laid = _laid(pairs, accounts, seed).to_pylist()
    assert [(r["account"], r["role"]) for r in laid] == accounts
    assert all(0 <= r["x"] <= 1 and 0 <= r["y"] <= 1 / network.ASPECT + 1e-5 for r in laid)
    places = [(r["x"], r["y"]) for r in laid]
    assert len(set(places)) == len(places)


@given(networks())
@settings(max_examples=60, deadline=None)
def test_parts_that_nothing_joins_do_not_lie_in_one_another(world) -> None:
    pairs, accounts = world
    at = {r["account"]: (r["x"], r["y"]) for r in _laid(pairs, accounts).to_pylist()}
    part = {a: a for a, _ in accounts}
    for a, b, _ in pairs:
        old, new = part[a], part[b]
        part = {k: new if v == old else v for k, v in part.items()}
    boxes = []
    for name in set(part.values()):
        own = np.array([at[a] for a in at if part[a] == name])
        boxes.append((own.min(axis=0), own.max(axis=0)))
    for (low, high), (other_low, other_high) in combinations(boxes, 2):
        assert (high < other_low).any() or (other_high < low).any()


@pytest.mark.parametrize(
    "form",
    [
        [(i, (i + 1) % 40) for i in range(40)],  # a ring: all alike, no two interchangeable
        [(0, i) for i in range(1, 60)],  # a star: all but one interchangeable
        list(combinations(range(25), 2)),  # everybody with everybody
        [(3 * i + k, 3 * i + (k + 1) % 3) for i in range(12) for k in range(3)] + [(36, 3 * i) for i in range(12)],
        [*pairwise(range(6)), (5, 0), *pairwise(range(6, 9)), (8, 6), *pairwise(range(9, 12)), (11, 9)],  # C6, 2 x C3
    ],
)
def test_renaming_only_renames_where_many_are_alike(form: list[tuple[int, int]]) -> None:
    n = max(max(e) for e in form) + 1
    drawings = []
    for seed in range(4):
        names = [f"n{i:03d}" for i in np.random.default_rng(seed).permutation(n)]
        pairs = [(names[a], names[b], 1) for a, b in form]
        drawings.append(_drawing(pairs, _laid(pairs, [(name, "core") for name in names])))
    assert all(d == drawings[0] for d in drawings)


def test_neighbours_stand_nearer_than_others() -> None:
    """Two circles of friends with one link between them."""
    pairs = [(f"{side}{i}", f"{side}{j}", 1) for side in "lr" for i, j in combinations(range(8), 2)]
    names = sorted({a for p in pairs for a in p[:2]})
    laid = _laid([*pairs, ("l0", "r0", 1)], [(n, "core") for n in names]).to_pylist()
    at = {r["account"]: (r["x"], r["y"]) for r in laid}
    within = np.mean([math.dist(at[a], at[b]) for a, b in combinations(names, 2) if a[0] == b[0]])
    between = np.mean([math.dist(at[a], at[b]) for a, b in combinations(names, 2) if a[0] != b[0]])
    assert within < between / 1.5


def test_nobody_is_an_empty_picture() -> None:
    assert _laid([], []).num_rows == 0


def test_the_strongest_are_drawn_and_nobody_drawn_stands_alone() -> None:
    pairs = [(f"h{i % 7}", f"x{i:05d}", 1 + i % 5) for i in range(3000)]
    pairs += [(f"x{i:05d}", f"x{j:05d}", 9) for i, j in combinations(range(180), 2)]
    drawn, left_out = network.drawn(pairs)
    met = {a for p in drawn for a in p[:2]}
    assert len(met) <= network.MOST_ACCOUNTS and len(drawn) <= network.MOST_PAIRS
    assert left_out == 3007 - network.MOST_ACCOUNTS
    assert set(drawn) <= set(pairs) and drawn == sorted(drawn)
    assert network.drawn(list(reversed(pairs)))[0] == drawn


def test_a_small_network_is_drawn_whole() -> None:
    pairs = [("a", "b", 2), ("b", "c", 1)]
    assert network.drawn(pairs) == (pairs, 0)
