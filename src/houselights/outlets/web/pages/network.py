"""Who coincided with whom: a table first, and positions for a picture."""

from collections.abc import Mapping
from typing import Any

from houselights.outlets import wording
from houselights.outlets.web import queries, urls
from houselights.outlets.web.cards import account
from houselights.outlets.web.indexed import Indexed

MOST_PAIRS, MOST_NODES, SEED = 40, 2000, 0


def context(results: Indexed, query: Mapping[str, str], finding_id: str) -> dict[str, Any]:
    """`nodes` (account, x and y from 0 to 1, coincidences) and `edges` (place of a node, place of a node, coincidences)."""
    f = results.finding(finding_id)
    masked = urls.is_on(query, "masked")
    edges, left_out = drawn(results.edges(finding_id))
    nodes = sorted({a for e in edges for a in e[:2]})
    at = positions(edges, nodes)
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


def drawn(edges: list[tuple[str, str, int]]) -> tuple[list[tuple[str, str, int]], int]:
    """The edges among the accounts of most coincidences, MOST_NODES at most, and how many accounts are left out."""
    weight: dict[str, int] = {}
    for a, b, n in edges:
        weight[a] = weight.get(a, 0) + n
        weight[b] = weight.get(b, 0) + n
    kept = set(sorted(weight, key=lambda a: (-weight[a], a))[:MOST_NODES])
    return [e for e in edges if e[0] in kept and e[1] in kept], len(weight) - len(kept)


def positions(edges: list[tuple[str, str, int]], nodes: list[str]) -> dict[str, tuple[float, float]]:
    from houselights.outlets.report import network

    return network.positions(nodes, edges) if nodes else {}


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
