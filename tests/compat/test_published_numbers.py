"""Every figure of docs/compat.md about the Russian retweets, recomputed."""

import csv
from collections import defaultdict
from pathlib import Path

import duckdb
import pytest

from houselights.compat import cnt, coortweet

DATA = Path(__file__).parents[3] / "shared" / "data" / "coortweet"
SOURCE = DATA / "russian_coord_tweets.csv"
PAGE = (Path(__file__).parents[2] / "docs" / "compat.md").read_text(encoding="utf-8")

Row = dict[str, str]


def rows_of(path: Path) -> list[Row]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Row]]:
    if not SOURCE.is_file():
        pytest.skip("the Russian retweets are not here")
    out = tmp_path_factory.mktemp("published")
    with duckdb.connect() as con:
        coortweet.network(con, SOURCE, out, window_s=60)
        found = {name: rows_of(out / f"{name}.csv") for name in ("pairs", "edges", "accounts", "groups")}
        cnt.network(con, SOURCE, out, window_s=60, min_weight=1)
    return found | {"directed": rows_of(out / "edges.csv")}


def states(figure: str) -> bool:
    return figure in PAGE


def test_a_mean_counts_equal_edges_once(tables: dict[str, list[Row]]) -> None:
    delays: dict[str, list[float]] = defaultdict(list)
    for e in tables["edges"]:
        for end in ("from", "to"):
            delays[e[end]].append(float(e["avg_time_delta"]))
    means = {a: sum(d) / len(d) for a, d in delays.items()}
    differ = sum(abs(float(r["avg_time_delta"]) - means[r["account_id"]]) > 1e-9 for r in tables["accounts"])
    assert states(f"{differ} of {len(tables['accounts']):,} accounts")


def test_objects_count_one_end_of_an_edge(tables: dict[str, list[Row]]) -> None:
    accounts: dict[str, set[str]] = defaultdict(set)
    for p in tables["pairs"]:
        accounts[p["object_id"]] |= {p["account_id"], p["account_id_y"]}
    written = {g["object_id"]: int(g["num_accounts"]) for g in tables["groups"]}
    low = sum(n < len(accounts[o]) for o, n in written.items())
    assert low == len(written)
    assert states(f"all {low} objects")
    assert states(f"{sum(written.values()):,} against {sum(map(len, accounts.values())):,}")


def test_contents_of_an_edge_are_not_those_of_its_accounts(tables: dict[str, list[Row]]) -> None:
    contents: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    for p in tables["pairs"]:
        ends = sorted((p["account_id"], p["account_id_y"]))
        contents[ends[0], ends[1], p["account_id"]].add(p["content_id"])
        contents[ends[0], ends[1], p["account_id_y"]].add(p["content_id_y"])
    heavy = [e for e in tables["edges"] if int(e["weight"]) > 1]
    differ = 0
    for e in heavy:
        first, second = sorted((e["from"], e["to"]))
        true = tuple(len(contents[first, second, a]) for a in (first, second))
        differ += true != (int(e["n_content_id"]), int(e["n_content_id_y"]))
    assert states(f"{differ} of the {len(heavy)} edges")


def test_the_threshold_marks_every_edge_above_the_median(tables: dict[str, list[Row]]) -> None:
    above = [e for e in tables["edges"] if e["weight_threshold"] == "1"]
    assert states(f"{len(above)} of {len(tables['edges']):,} edges")
    assert {e["weight"] for e in tables["edges"] if e["weight_threshold"] == "0"} == {"1"}


def test_both_tools_differ_on_the_same_rows(tables: dict[str, list[Row]]) -> None:
    pairs = {frozenset((e["source"], e["target"])) for e in tables["directed"]}
    assert states(f"{len(pairs):,} pairs of accounts")
    assert states(f"{len(tables['edges']):,}")
    weights = {(e["source"], e["target"]): e["weight"] for e in tables["directed"]}
    uneven = sum(weights.get((b, a)) != w for (a, b), w in weights.items())
    assert states(f"{uneven} of {len(weights):,} directed edges")
