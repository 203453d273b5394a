"""GraphML 1.0 (graphml.graphdrawing.org), for igraph, networkx, yEd and Cytoscape."""

from houselights.outlets.export.graph import Edge, Node
from houselights.outlets.hostile import xml_text as x

NODE_KEYS = (
    ("label", "string"),
    ("finding", "string"),
    ("tier", "string"),
    ("role", "string"),
    ("named", "boolean"),
    ("x", "double"),
    ("y", "double"),
)


def text(graph: tuple[list[Node], list[Edge]]) -> str:
    keys = "\n".join(
        f'<key id="{name}" for="node" attr.name="{name}" attr.type="{type_}"/>' for name, type_ in NODE_KEYS
    )
    nodes = "\n".join(_node(n) for n in graph[0])
    edges = "\n".join(_edge(i, e) for i, e in enumerate(graph[1]))
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns">
{keys}
<key id="weight" for="edge" attr.name="weight" attr.type="int"/>
<key id="edge_finding" for="edge" attr.name="finding" attr.type="string"/>
<graph id="houselights" edgedefault="undirected">
{nodes}
{edges}
</graph>
</graphml>
"""


def _node(n: Node) -> str:
    named = "true" if n.named else "false"
    values = zip(NODE_KEYS, (n.label, n.finding_id, n.tier, n.role, named, str(n.x), str(n.y)), strict=True)
    data = "".join(f'<data key="{key}">{x(value)}</data>' for (key, _), value in values)
    return f'<node id="{x(n.node_id)}">{data}</node>'


def _edge(i: int, e: Edge) -> str:
    return (
        f'<edge id="e{i}" source="{x(e.source)}" target="{x(e.target)}"><data key="weight">{e.weight}</data>'
        f'<data key="edge_finding">{x(e.finding_id)}</data></edge>'
    )
