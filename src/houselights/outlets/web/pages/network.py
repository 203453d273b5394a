"""Who coincided with whom: a table first, and positions for a picture."""

from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from houselights.outlets import wording
from houselights.outlets.web import queries, urls
from houselights.outlets.web.cards import account
from houselights.outlets.web.indexed import Indexed

MOST_PAIRS, SEED = 40, 0


def context(results: Indexed, query: Mapping[str, str], finding_id: str) -> dict[str, Any]:
    """`nodes` (account, x from 0 to 1 and y in the same unit, coincidences) and `edges` (place of a node, place of a node, coincidences)."""
    f = results.finding(finding_id)
    masked = urls.is_on(query, "masked")
    edges, left_out, at = results.once(("network", finding_id), lambda: picture(results, finding_id))
    nodes = sorted(at)
    known = queries.accounts(results, nodes)
    number = {a: i for i, a in enumerate(nodes)}
    weight: dict[str, int] = dict.fromkeys(nodes, 0)
    for a, b, n in edges:
        weight[a] += n
        weight[b] += n
    return {
        "finding_id": finding_id,
        "place": results.place[finding_id],
        "sentence": wording.told(f)[0],
        "left_out": left_out,
        "nodes": [
            account(results, a, known, masked=masked) | {"x": at[a][0], "y": at[a][1], "n": weight[a]} for a in nodes
        ],
        "edges": [[number[a], number[b], n] for a, b, n in edges],
        "pairs": pairs_told(results, finding_id, masked=masked)["pairs"],
    }


def picture(
    results: Indexed, finding_id: str
) -> tuple[list[tuple[str, str, int]], int, dict[str, tuple[float, float]]]:
    """(pairs that are drawn, accounts left out, positions): names masked or not, the picture is one."""
    from houselights.outlets.web import network

    pairs, left_out = network.drawn(results.edges(finding_id))
    names = sorted({a for p in pairs for a in p[:2]})
    accounts = pa.table({"account": pa.array(names, pa.string()), "role": [results.named.get(a, "") for a in names]})
    a, b, n = zip(*pairs, strict=True) if pairs else ((), (), ())
    ends = pa.table(
        {
            "account_a": pa.array(a, pa.string()),
            "account_b": pa.array(b, pa.string()),
            "weight": pa.array(n, pa.int64()),
        }
    )
    laid = network.layout(ends, accounts, SEED)
    places = zip(laid["x"].to_pylist(), laid["y"].to_pylist(), strict=True)
    return pairs, left_out, dict(zip(laid["account"].to_pylist(), places, strict=True))


def pairs_told(results: Indexed, finding_id: str, *, masked: bool) -> dict[str, Any]:
    """`pairs`: the strongest pairs of accounts; how many accounts and pairs there are."""
    edges = results.edges(finding_id)
    strongest = sorted(edges, key=lambda e: (-e[2], e[0], e[1]))[:MOST_PAIRS]
    known = queries.accounts(results, [a for e in strongest for a in e[:2]])
    return {
        "n_pairs": len(edges),
        "n_accounts": len({a for e in edges for a in e[:2]}),
        "pairs": [
            {
                "a": account(results, a, known, masked=masked),
                "b": account(results, b, known, masked=masked),
                "n": n,
            }
            for a, b, n in strongest
        ],
    }
