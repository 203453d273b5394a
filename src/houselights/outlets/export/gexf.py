"""GEXF 1.3 (gexf.net/schema.html) with positions, for Gephi, Gephi Lite and sigma.js."""

from houselights.outlets.export.graph import Edge, Node
from houselights.outlets.hostile import xml_text as x

SIZE = {"core": 12.0, "source": 10.0}
SMALL = 6.0


def text(graph: tuple[list[Node], list[Edge]]) -> str:
    nodes = "\n".join(_node(n) for n in graph[0])
    edges = "\n".join(_edge(i, e) for i, e in enumerate(graph[1]))
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<gexf xmlns="http://gexf.net/1.3" xmlns:viz="http://gexf.net/1.3/viz" version="1.3">
<meta><creator>houselights</creator><description>Accounts that coincided beyond chance</description></meta>
<graph defaultedgetype="undirected" mode="static">
<attributes class="node">
<attribute id="finding" title="finding" type="string"/>
<attribute id="tier" title="tier" type="string"/>
<attribute id="role" title="role" type="string"/>
<attribute id="named" title="named" type="boolean"/>
</attributes>
<attributes class="edge">
<attribute id="finding" title="finding" type="string"/>
</attributes>
<nodes>
{nodes}
</nodes>
<edges>
{edges}
</edges>
</graph>
</gexf>
"""


def _node(n: Node) -> str:
    named = "true" if n.named else "false"
    return (
        f'<node id="{x(n.node_id)}" label="{x(n.label)}"><attvalues><attvalue for="finding" value="{x(n.finding_id)}"/>'
        f'<attvalue for="tier" value="{x(n.tier)}"/><attvalue for="role" value="{x(n.role)}"/>'
        f'<attvalue for="named" value="{named}"/></attvalues>'
        f'<viz:size value="{SIZE.get(n.role, SMALL)}"/><viz:position x="{n.x}" y="{n.y}" z="0.0"/></node>'
    )


def _edge(i: int, e: Edge) -> str:
    return (
        f'<edge id="{i}" source="{x(e.source)}" target="{x(e.target)}" weight="{e.weight}">'
        f'<attvalues><attvalue for="finding" value="{x(e.finding_id)}"/></attvalues></edge>'
    )
