"""The tables of CooRTweet (Righetti and Balluff; rules as of version 2.1.3): pairs of posts, edges, accounts, objects.

What the tool does is kept even where its column says something else; `docs/compat.md` lists those places.
"""

from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from houselights.compat.raw import Rows, decimals, read, require, write_csv
from houselights.core.errors import HouselightsError
from houselights.kernels.pairs import window_bounds

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Coded:
    """Rows as codes. Objects and contents share one code space: a share of a post by itself is a loop."""

    account: Ints  # by first appearance in the input
    object: Ints
    content: Ints
    at_s: Floats
    accounts: pa.Array
    items: pa.Array

    def take(self, rows: Ints) -> "Coded":
        return Coded(
            self.account[rows], self.object[rows], self.content[rows], self.at_s[rows], self.accounts, self.items
        )


@dataclass(frozen=True)
class Pairs:
    """Pairs of shares of one object, in the tool's order; `_y` is the newer share."""

    object: Ints
    content: Ints
    content_y: Ints
    delta_s: Floats
    account: Ints
    account_y: Ints


@dataclass(frozen=True)
class Edges:
    """Account pairs in order of first appearance; `source` is the vertex that came first."""

    source: Ints
    target: Ints
    weight: Ints
    delta_s: Floats
    n_content: Ints
    n_content_y: Ints
    symmetry: Floats
    object_ids: pa.Array
    above: Ints


def network(
    con: duckdb.DuckDBPyConnection,
    input_path: Path,
    out_dir: Path,
    window_s: float = 60,
    min_participation: int = 2,
    edge_weight: float = 0.5,
) -> int:
    """Writes `pairs.csv`, `edges.csv`, `accounts.csv` and `groups.csv`; returns the number of edges.

    These are `detect_groups` (loops removed), `generate_coordinated_network` (with objects), `account_stats("none")`
    and `group_stats("none")`. Input: the tool's four columns; of our posts.parquet or the Toolkit's CSV, the reposts.
    """
    if not 0 <= window_s < float("inf") or not 0 <= edge_weight <= 1:
        raise HouselightsError(
            f"--window {window_s} --edge-weight {edge_weight}: the first starts at 0, the second is 0 to 1"
        )
    coded = _coded(read(con, input_path))
    pairs = _close_pairs(coded, float(window_s), min_participation)
    edges = _edges(pairs, coded, edge_weight)
    out_dir.mkdir(parents=True, exist_ok=True)
    write_csv(con, _pairs_table(pairs, coded), out_dir / "pairs.csv")
    write_csv(con, _edges_table(edges, coded), out_dir / "edges.csv")
    write_csv(con, _accounts_table(pairs, edges, coded), out_dir / "accounts.csv")
    write_csv(con, _groups_table(edges), out_dir / "groups.csv")
    return len(edges.weight)


def _coded(rows: Rows) -> Coded:
    if rows.layout == "messages":  # what reshape_tweets(intent = "retweets") keeps
        reposts = rows.table.filter(pc.not_equal(rows.table.column("repost_id"), ""))
        if not reposts.num_rows:
            raise HouselightsError(f"{rows.path} holds no reposts; CooRTweet's columns can name any other object")
        names = {"user_id": "account_id", "repost_id": "object_id", "message_id": "content_id"}
        table = reposts.rename_columns([names.get(c, c) for c in reposts.column_names])
        rows = Rows("shares", rows.path, table)
    require(rows, ("object_id", "account_id", "content_id"))
    account = rows.text("account_id").dictionary_encode()
    items = pa.concat_arrays([rows.text("object_id"), rows.text("content_id")]).dictionary_encode()
    item = items.indices.to_numpy().astype(np.int64)
    n = len(account)
    code = account.indices.to_numpy().astype(np.int64)
    return Coded(code, item[:n], item[n:], rows.at_s, account.dictionary, items.dictionary)


def _close_pairs(coded: Coded, window_s: float, min_participation: int) -> Pairs:
    active = np.bincount(coded.account)[coded.account] >= min_participation
    kept = coded.take(np.flatnonzero(active)[np.argsort(coded.account[active], kind="stable")])
    rows = kept.take(np.argsort(_by_appearance(kept.object), kind="stable"))
    earlier, later = _close_rows(rows, window_s)
    loop = (
        (rows.object[earlier] == rows.content[earlier])
        | (rows.object[later] == rows.content[later])
        | (rows.content[earlier] == rows.content[later])
        | (rows.account[earlier] == rows.account[later])
    )
    earlier, later = earlier[~loop], later[~loop]
    if min_participation >= 1:
        qualified = _qualified_contents(kept, rows.content[earlier], rows.content[later], min_participation)
        stays = qualified[rows.content[earlier]] | qualified[rows.content[later]]
        earlier, later = earlier[stays], later[stays]
    newer_first = rows.at_s[earlier] > rows.at_s[later]
    old, new = np.where(newer_first, later, earlier), np.where(newer_first, earlier, later)
    return Pairs(
        rows.object[old],
        rows.content[old],
        rows.content[new],
        rows.at_s[new] - rows.at_s[old],
        rows.account[old],
        rows.account[new],
    )


def _by_appearance(codes: Ints) -> Ints:
    """Codes renumbered in order of first appearance."""
    _, first, inverse = np.unique(codes, return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[inverse]


def _close_rows(rows: Coded, window_s: float) -> tuple[Ints, Ints]:
    """Pairs of row numbers (earlier row, later row) on one object within the window, by later and then earlier row."""
    n = len(rows.object)
    order = np.lexsort((rows.at_s, _by_appearance(rows.object)))
    at = rows.at_s[order]
    low, high = np.empty(n, np.int32), np.empty(n, np.int32)
    window_bounds(
        rows.object[order], at, window_s * (1 + 1e-9) + 1e-6, low, high
    )  # a hair wide: R subtracts, then compares
    n_after = high.astype(np.int64) - np.arange(n) - 1
    one = np.repeat(np.arange(n), n_after)
    other = np.arange(len(one)) - np.repeat(np.cumsum(n_after) - n_after, n_after) + one + 1
    near = at[other] - at[one] <= window_s
    one, other = order[one[near]], order[other[near]]
    key = np.sort(np.maximum(one, other) * n + np.minimum(one, other))
    return (key % n, key // n) if n else (key, key)


def _qualified_contents(kept: Coded, content: Ints, content_y: Ints, min_participation: int) -> npt.NDArray[np.bool_]:
    """Per content: it is in a pair, and shared by an account with enough rows of such contents (one pass only)."""
    paired = np.zeros(len(kept.items), bool)
    paired[content] = True
    paired[content_y] = True
    rows = paired[kept.content]
    enough = np.bincount(kept.account[rows], minlength=len(kept.accounts)) >= min_participation
    qualified = np.zeros(len(kept.items), bool)
    qualified[kept.content[rows & enough[kept.account]]] = True
    return qualified


def _edges(pairs: Pairs, coded: Coded, edge_weight: float) -> Edges:
    rank = np.empty(len(coded.accounts), np.int64)
    rank[pc.sort_indices(coded.accounts).to_numpy()] = np.arange(
        len(coded.accounts)
    )  # by code point, as R in the C locale
    swap = rank[pairs.account] > rank[pairs.account_y]
    first = np.where(swap, pairs.account_y, pairs.account)
    second = np.where(swap, pairs.account, pairs.account_y)
    edge = _by_appearance(first * len(rank) + second)
    at = np.unique(edge, return_index=True)[1]
    first, second = first[at], second[at]
    vertex = np.zeros(len(rank), np.int64)
    vertices = np.concatenate([first, second])
    vertex[vertices] = _by_appearance(vertices)
    turned = vertex[first] > vertex[second]
    weight = np.bincount(edge)
    delta_s = np.bincount(edge, weights=pairs.delta_s) / weight
    n_content, n_content_y = (_n_distinct(edge, c, len(coded.items)) for c in (pairs.content, pairs.content_y))
    return Edges(
        np.where(turned, second, first),
        np.where(turned, first, second),
        weight,
        delta_s,
        n_content,
        n_content_y,
        np.minimum(n_content, n_content_y) / np.maximum(n_content, n_content_y),
        _joined_objects(edge, pairs.object, coded.items),
        (weight > _quantile(weight, edge_weight)).astype(np.int64),
    )


def _n_distinct(group: Ints, code: Ints, n_codes: int) -> Ints:
    keys = np.sort(group * n_codes + code)
    return np.bincount(keys[np.flatnonzero(np.diff(keys, prepend=-1))] // n_codes)


def _joined_objects(edge: Ints, code: Ints, items: pa.Array) -> pa.Array:
    """Per edge its distinct objects in row order, joined by commas."""
    _, first = np.unique(edge * len(items) + code, return_index=True)
    first = first[np.lexsort((first, edge[first]))]
    starts = np.concatenate([[0], np.cumsum(np.bincount(edge[first]))])
    lists = pa.ListArray.from_arrays(pa.array(starts, pa.int32()), items.take(pa.array(code[first])))
    return pc.binary_join(lists, pa.scalar(",", pa.large_string()))


def _quantile(weight: Ints, probability: float) -> float:
    """R's type 7 (Hyndman and Fan 1996, "Sample quantiles in statistical packages"), in R's order of operations."""
    if not len(weight):
        return 0.0
    ordered = np.sort(weight)
    index = (len(ordered) - 1) * probability
    low = int(np.floor(index))
    high = min(low + 1, len(ordered) - 1)
    part = index - low
    return float((1 - part) * ordered[low] + part * ordered[high])


def _pairs_table(pairs: Pairs, coded: Coded) -> pa.Table:
    def names(values: pa.Array, codes: Ints) -> pa.Array:
        return values.take(pa.array(codes))

    return pa.table(
        {
            "object_id": names(coded.items, pairs.object),
            "content_id": names(coded.items, pairs.content),
            "content_id_y": names(coded.items, pairs.content_y),
            "time_delta": decimals(pairs.delta_s),
            "account_id": names(coded.accounts, pairs.account),
            "account_id_y": names(coded.accounts, pairs.account_y),
        }
    )


def _edges_table(edges: Edges, coded: Coded) -> pa.Table:
    return pa.table(
        {
            "from": coded.accounts.take(pa.array(edges.source)),
            "to": coded.accounts.take(pa.array(edges.target)),
            "weight": edges.weight,
            "avg_time_delta": decimals(edges.delta_s),
            "n_content_id": edges.n_content,
            "n_content_id_y": edges.n_content_y,
            "edge_symmetry_score": decimals(edges.symmetry),
            "object_ids": edges.object_ids,
            "weight_threshold": edges.above,
        }
    )


def _accounts_table(pairs: Pairs, edges: Edges, coded: Coded) -> pa.Table:
    """Means over the distinct (account, delay, symmetry) of the edges: two equal edges of an account count once."""
    delays, delay = np.unique(edges.delta_s, return_inverse=True)
    symmetries, symmetry = np.unique(edges.symmetry, return_inverse=True)
    both = delay * len(symmetries) + symmetry
    n_both = len(delays) * len(symmetries)
    keys = np.sort(np.concatenate([edges.source * n_both + both, edges.target * n_both + both]))
    keys = keys[np.flatnonzero(np.diff(keys, prepend=-1))]
    present, starts, n = np.unique(keys // max(n_both, 1), return_index=True, return_counts=True)
    delta_s = delays[keys % max(n_both, 1) // max(len(symmetries), 1)]
    balance = symmetries[keys % max(len(symmetries), 1)]
    shares = np.concatenate([pairs.account, pairs.account_y]), np.concatenate([pairs.content, pairs.content_y])
    table = pa.table(
        {
            "account_id": coded.accounts.take(pa.array(present)),
            "avg_time_delta": decimals(_means(delta_s, starts, n)),
            "avg_edge_symmetry_score": decimals(_means(balance, starts, n)),
            "unique_shares_count": _n_distinct(*shares, len(coded.items))[present],
        }
    )
    return table.sort_by("account_id")


def _means(values: Floats, starts: Ints, n: Ints) -> Floats:
    sums = np.add.reduceat(values.astype(np.longdouble), starts) if len(starts) else values  # R sums in long double
    return (sums / n).astype(np.float64)


def _groups_table(edges: Edges) -> pa.Table:
    """Distinct `from` accounts per object, read back from the joined text: an id with a comma falls apart."""
    pieces = pc.split_pattern(edges.object_ids, ",")
    edge = pc.list_parent_indices(pieces).to_numpy(zero_copy_only=False).astype(np.int64)
    text = pc.list_flatten(pieces)
    last = np.ones(len(edge), bool)
    last[:-1] = edge[1:] != edge[:-1]
    real = ~(last & pc.equal(text, "").to_numpy(zero_copy_only=False))  # R drops an empty last piece
    encoded = text.filter(pa.array(real)).dictionary_encode()
    code = encoded.indices.to_numpy().astype(np.int64)
    n_accounts = _n_distinct(code, edges.source[edge[real]], int(edges.source.max(initial=0)) + 1)
    order = np.argsort(-n_accounts, kind="stable")
    return pa.table({"object_id": encoded.dictionary.take(pa.array(order)), "num_accounts": n_accounts[order]})
