"""Who coincides with whom: a picture for small groups, after the sentence and the evidence; the table says the same."""

import math
import random

from houselights.outlets import wording
from houselights.outlets.hostile import html_marked, html_text
from houselights.results import Results, Shown

MOST_NODES = 150
MOST_ROWS = 40
WIDTH, HEIGHT, MARGIN = 760, 460, 26

Edges = list[tuple[str, str, int]]


def block(results: Results, finding_id: str, shown: dict[str, Shown], anchor: str) -> str:
    edges = [e for e in results.edges(finding_id) if e[0] in shown and e[1] in shown]
    if not edges:
        return ""
    nodes = sorted({a for e in edges for a in e[:2]})
    number = numbers(shown)
    strongest = sorted(edges, key=lambda e: (-e[2], _name(e[0], shown), _name(e[1], shown)))[:MOST_ROWS]
    rows = "".join(
        f'<tr><td><bdi>{html_marked(_name(a, shown))}</bdi></td><td><bdi>{html_marked(_name(b, shown))}</bdi></td><td class="n">{n:,}</td></tr>'
        for a, b, n in strongest
    )
    which = (
        "" if len(edges) <= MOST_ROWS else f" The {MOST_ROWS} strongest of {len(edges):,}; all are in evidence.parquet."
    )
    table = f"""<table class="small"><caption>Pairs of accounts.{which}</caption>
<thead><tr><th scope="col">Account</th><th scope="col">Account</th><th scope="col" class="n">Coincidences</th></tr></thead><tbody>{rows}</tbody></table>"""
    head = f'<h3 id="{anchor}-network">Who with whom</h3>'
    if len(nodes) > MOST_NODES:
        return f"{head}\n<p>{len(nodes):,} accounts are too many for a picture that could be read.</p>\n<details><summary>The strongest pairs</summary>{table}</details>"
    return f"""{head}
<figure><div class="scroll" tabindex="0" role="region" aria-label="Network">{svg(nodes, edges, shown, number, anchor)}</div>
<figcaption>A line joins two accounts that coincided; the thicker, the more often. Filled circles are core accounts, by their number in the table of
accounts; empty circles are not named; a square is a source. Positions mean nothing but closeness.</figcaption></figure>
<details><summary>The same as a table</summary>{table}</details>"""


def numbers(shown: dict[str, Shown]) -> dict[str, int]:
    """Numbers of the named core accounts, in the order of the table of accounts."""
    core = [a for a, s in shown.items() if s.named and s.role == "core"]
    return {account: i for i, account in enumerate(core, 1)}


def positions(nodes: list[str], edges: Edges) -> dict[str, tuple[float, float]]:
    """Fruchterman-Reingold from a circle, with a fixed seed: the same RUN gives the same picture. Coordinates in 0 to 1."""
    import igraph

    index = {a: i for i, a in enumerate(nodes)}
    graph = igraph.Graph(n=len(nodes), edges=[(index[a], index[b]) for a, b, _ in edges])
    igraph.set_random_number_generator(random.Random(0))  # noqa: S311 (a drawing)
    try:
        layout = graph.layout_fruchterman_reingold(
            weights=[1 + math.log(n) for _, _, n in edges], seed=graph.layout_circle(), niter=400, grid=False
        )
    finally:
        igraph.set_random_number_generator(random)
    xs, ys = [p[0] for p in layout], [p[1] for p in layout]
    wide, tall = max(max(xs) - min(xs), 1e-9), max(max(ys) - min(ys), 1e-9)
    return {a: ((layout[i][0] - min(xs)) / wide, (layout[i][1] - min(ys)) / tall) for a, i in index.items()}


def svg(nodes: list[str], edges: Edges, shown: dict[str, Shown], number: dict[str, int], anchor: str) -> str:
    at = {
        a: (MARGIN + x * (WIDTH - 2 * MARGIN), MARGIN + y * (HEIGHT - 2 * MARGIN))
        for a, (x, y) in positions(nodes, edges).items()
    }
    most = max(n for _, _, n in edges)
    lines = "".join(
        f'<line x1="{at[a][0]:.1f}" y1="{at[a][1]:.1f}" x2="{at[b][0]:.1f}" y2="{at[b][1]:.1f}" stroke-width="{0.75 + 3 * n / most:.2f}"/>'
        for a, b, n in edges
    )
    marks = "".join(_node(a, *at[a], shown[a], number.get(a)) for a in nodes)
    title = f"{wording.count(len(nodes), 'account')} and {wording.count(len(edges), 'pair')} that coincided"
    return f"""<svg class="network" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-labelledby="{anchor}-nw" font-family="system-ui, sans-serif" font-size="11">
<title id="{anchor}-nw">{title}</title><g class="edges" stroke="#8a8578" stroke-opacity="0.55">{lines}</g>{marks}</svg>"""


def _node(account: str, x: float, y: float, who: Shown, number: int | None) -> str:
    if who.role == "source" and who.named:
        return f'<rect class="source" x="{x - 7:.1f}" y="{y - 7:.1f}" width="14" height="14"/>'
    if number is None:
        return f'<circle class="unnamed" cx="{x:.1f}" cy="{y:.1f}" r="5"/>'
    text = f'<text x="{x:.1f}" y="{y + 3.8:.1f}" text-anchor="middle">{number}</text>'
    return f'<g class="core"><title>{html_text(who.label)}</title><circle cx="{x:.1f}" cy="{y:.1f}" r="11"/>{text}</g>'


def _name(account: str, shown: dict[str, Shown]) -> str:
    return shown[account].label
