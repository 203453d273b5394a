"""The graph that the graph formats write: accounts of findings, and how often two of them coincided."""

from dataclasses import dataclass

from houselights.outlets.report.network import Edges, positions
from houselights.records import Shown
from houselights.results import Results

COLUMN_WIDTH = 1000.0  # findings lie side by side


@dataclass(frozen=True)
class Node:
    node_id: str
    label: str
    finding_id: str
    tier: str
    role: str
    named: bool
    x: float
    y: float


@dataclass(frozen=True)
class Edge:
    source: str
    target: str
    weight: int
    finding_id: str


def read_graph(results: Results) -> tuple[list[Node], list[Edge]]:
    """Nodes and edges of all findings. An account in two findings is two nodes: roles belong to a finding."""
    nodes: list[Node] = []
    edges: list[Edge] = []
    for nth, finding in enumerate(results.findings):
        finding_id, tier = str(finding["finding_id"]), str(finding.get("tier"))
        shown = results.shown(finding_id)
        own = [e for e in results.edges(finding_id) if e[0] in shown and e[1] in shown]
        at = positions(sorted(shown), own) if shown else {}
        names = {a: f"{finding_id}/{s.label}" for a, s in shown.items()}
        nodes += [_node(names[a], s, finding_id, tier, nth, at[a]) for a, s in shown.items()]
        edges += _edges(own, names, finding_id)
    return sorted(nodes, key=lambda n: n.node_id), sorted(edges, key=lambda e: (e.finding_id, e.source, e.target))


def _node(name: str, who: Shown, finding_id: str, tier: str, nth: int, at: tuple[float, float]) -> Node:
    x, y = round(COLUMN_WIDTH * (1.2 * nth + at[0]), 2), round(COLUMN_WIDTH * at[1], 2)
    return Node(name, who.label, finding_id, tier, who.role, who.named, x, y)


def _edges(own: Edges, names: dict[str, str], finding_id: str) -> list[Edge]:
    out = []
    for a, b, n in own:
        source, target = sorted((names[a], names[b]))
        out.append(Edge(source, target, n, finding_id))
    return out
