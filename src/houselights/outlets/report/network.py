"""Who coincides with whom: a picture for small groups, after the sentence and the evidence; the table says the same."""

import math
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from houselights.outlets import wording
from houselights.outlets.hostile import html_marked, html_text
from houselights.outlets.report.markup import folded, scroll, table
from houselights.records import Shown
from houselights.results import Results

MOST_NODES = 60
MOST_ROWS = 40
FEWEST_NODES = 4
TIES_PER_ACCOUNT = 2  # every account keeps its strongest ties: the full web of a group is a ball of wool
EVEN = 1.5  # where the strongest tie of a complete web is hardly stronger than the weakest, a picture tells nothing
WIDTH, HEIGHT, MARGIN = 760, 460, 26
CAPTION = """A line joins two accounts that coincided; the thicker, the more often. Only the two strongest ties of
each account are drawn. Filled circles are core accounts, by
their number in the table of accounts; empty circles are not named; a square is a source. Positions mean nothing but
closeness."""

Edges = list[tuple[str, str, int]]
_DRAWING = threading.Lock()


def block(results: Results, finding_id: str, shown: dict[str, Shown], anchor: str) -> str:
    edges = [e for e in results.edges(finding_id) if e[0] in shown and e[1] in shown]
    if not edges:
        return ""
    nodes = sorted({a for e in edges for a in e[:2]})
    strongest = sorted(edges, key=lambda e: (-e[2], _name(e[0], shown), _name(e[1], shown)))[:MOST_ROWS]
    which = (
        "" if len(edges) <= MOST_ROWS else f" The {MOST_ROWS} strongest of {len(edges):,}; all are in evidence.parquet."
    )
    rows = (
        [f"<bdi>{html_marked(_name(a, shown))}</bdi>", f"<bdi>{html_marked(_name(b, shown))}</bdi>", f"{n:,}"]
        for a, b, n in strongest
    )
    pairs = table(f"Pairs of accounts.{which}", ("Account", "Account", "#Coincidences"), rows, small=True)
    head = f'<h3 id="{anchor}-network">Who with whom</h3>'
    if len(nodes) > MOST_NODES:
        words = f"<p>{len(nodes):,} accounts are too many for a picture that could be read.</p>"
        return f"{head}\n{words}\n{folded('The strongest pairs', pairs)}"
    if tells_nothing(len(nodes), edges):
        words = (
            f"<p>All {len(nodes):,} accounts coincided with one another, about equally often: no picture is needed.</p>"
        )
        return f"{head}\n{words}\n{folded('The pairs', pairs)}"
    drawn = strongest_ties(edges)
    picture = scroll(svg(nodes, drawn, shown, numbers(shown), anchor), "Network")
    return f"""{head}
<figure>{picture}<figcaption>{len(drawn):,} of {wording.count(len(edges), "pair")} drawn. {CAPTION}</figcaption></figure>
{folded("Pairs as a table", pairs)}"""


def tells_nothing(n_nodes: int, edges: Edges) -> bool:
    """A handful of accounts, or a web in which everybody is tied to everybody about equally."""
    complete = 2 * len(edges) == n_nodes * (n_nodes - 1)
    weights = [n for _, _, n in edges]
    return n_nodes < FEWEST_NODES or (complete and max(weights) <= EVEN * min(weights))


def strongest_ties(edges: Edges) -> Edges:
    """Edges that are among the strongest of one of their ends; equal ones by id. No account is left out."""
    ties: dict[str, Edges] = {}
    for edge in sorted(edges, key=lambda e: (-e[2], e[0], e[1])):
        for end in edge[:2]:
            ties.setdefault(end, []).append(edge)
    return sorted({edge for own in ties.values() for edge in own[:TIES_PER_ACCOUNT]})


def numbers(shown: dict[str, Shown]) -> dict[str, int]:
    """Numbers of the named core accounts, in the order of the table of accounts."""
    core = [a for a, s in shown.items() if s.named and s.role == "core"]
    return {account: i for i, account in enumerate(core, 1)}


def positions(nodes: list[str], edges: Edges) -> dict[str, tuple[float, float]]:
    """Coordinates in 0 to 1: Fruchterman-Reingold from a circle, with a fixed seed, so that a RUN has one picture."""
    import igraph

    index = {a: i for i, a in enumerate(nodes)}
    graph = igraph.Graph(n=len(nodes), edges=[(index[a], index[b]) for a, b, _ in edges])
    with own_randomness(0):
        layout = graph.layout_fruchterman_reingold(
            weights=[1 + math.log(n) for _, _, n in edges], seed=graph.layout_circle(), niter=400, grid=False
        )
    xs, ys = [p[0] for p in layout], [p[1] for p in layout]
    wide, tall = max(max(xs) - min(xs), 1e-9), max(max(ys) - min(ys), 1e-9)
    return {a: ((layout[i][0] - min(xs)) / wide, (layout[i][1] - min(ys)) / tall) for a, i in index.items()}


@contextmanager
def own_randomness(seed: int) -> Iterator[None]:
    """igraph has one random source for all threads: here it is ours alone, seeded."""
    import igraph

    # igraph keeps its random source for ever: a class of ours would keep every module alive, and DuckDB would complain
    # of leaks while the interpreter exits. So the standard one, seeded, then the one it had.
    with _DRAWING:
        igraph.set_random_number_generator(random.Random(seed))  # noqa: S311 (a drawing)
        try:
            yield
        finally:
            igraph.set_random_number_generator(random)


def svg(nodes: list[str], edges: Edges, shown: dict[str, Shown], number: dict[str, int], anchor: str) -> str:
    at = {
        a: (MARGIN + x * (WIDTH - 2 * MARGIN), MARGIN + y * (HEIGHT - 2 * MARGIN))
        for a, (x, y) in positions(nodes, edges).items()
    }
    most = max(n for _, _, n in edges)
    lines = "".join(_line(at[a], at[b], 0.5 + 2.5 * n / most) for a, b, n in edges)
    marks = "".join(_node(*at[a], shown[a], number.get(a)) for a in nodes)
    title = f"{wording.count(len(nodes), 'account')} and {wording.count(len(edges), 'pair')} that coincided"
    return f"""<svg class="network" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-labelledby="{anchor}-nw" \
font-family="system-ui, sans-serif" font-size="11">
<title id="{anchor}-nw">{title}</title>
<g class="edges" stroke="#8a8578" stroke-opacity="0.45">{lines}</g>{marks}</svg>"""


def _line(a: tuple[float, float], b: tuple[float, float], width: float) -> str:
    return f'<line x1="{a[0]:.1f}" y1="{a[1]:.1f}" x2="{b[0]:.1f}" y2="{b[1]:.1f}" stroke-width="{width:.2f}"/>'


def _node(x: float, y: float, who: Shown, number: int | None) -> str:
    if who.role == "source" and who.named:
        return f'<rect class="source" x="{x - 7:.1f}" y="{y - 7:.1f}" width="14" height="14"/>'
    if number is None:
        return f'<circle class="unnamed" cx="{x:.1f}" cy="{y:.1f}" r="5"/>'
    text = f'<text x="{x:.1f}" y="{y + 3.8:.1f}" text-anchor="middle">{number}</text>'
    return f'<g class="core"><title>{html_text(who.label)}</title><circle cx="{x:.1f}" cy="{y:.1f}" r="11"/>{text}</g>'


def _name(account: str, shown: dict[str, Shown]) -> str:
    return shown[account].label
