"""When: the group's posts over everybody else's, as one picture and as a table."""

from datetime import datetime

from houselights.outlets import wording
from houselights.outlets.report.markup import folded, scroll, table
from houselights.records import Timeline
from houselights.results import Results

WIDTH, LEFT, RIGHT = 960, 8, 8
PANEL, GAP, TOP = 74, 34, 22
MOST_ROWS = 40
STROKE = 'stroke="#8a8578" stroke-width="0.75"'


def block(results: Results, finding_id: str, anchor: str) -> str:
    line = results.timeline(finding_id)
    if not line.starts:
        return ""
    busy = sorted((i for i, n in enumerate(line.group) if n), key=lambda i: (-line.group[i], i))[:MOST_ROWS]
    rows = ([wording.moment(line.starts[i]), f"{line.group[i]:,}", f"{line.others[i]:,}"] for i in sorted(busy))
    n_busy = sum(n > 0 for n in line.group)
    which = "" if n_busy <= MOST_ROWS else f" The {MOST_ROWS} fullest of {n_busy:,}."
    bins = table(f"Bins with posts of the group.{which}", ("From (UTC)", "#Group", "#All others"), rows, small=True)
    return f"""<h3 id="{anchor}-timeline">When</h3>
<figure>{scroll(svg(line, anchor), "Timeline")}
<figcaption>Posts per {wording.seconds(line.bin_s)}, UTC: those in the evidence above, all other posts below.
Each has its own scale.</figcaption></figure>
{folded("The same as a table", bins)}"""


def svg(line: Timeline, anchor: str = "finding") -> str:
    """The picture alone; colours come from the page, and from fallbacks where there is none (a notebook)."""
    height = TOP + 2 * PANEL + GAP + 30
    lower = TOP + PANEL + GAP
    per = wording.seconds(line.bin_s)
    title = f"{sum(line.group):,} posts of the group and {sum(line.others):,} other posts, per {per}"
    return f"""<svg class="timeline" viewBox="0 0 {WIDTH} {height}" role="img" aria-labelledby="{anchor}-tl" \
font-family="system-ui, sans-serif" font-size="12">
<title id="{anchor}-tl">{title}</title>
<text class="label" x="{LEFT}" y="{TOP - 8}">The group: at most {max(line.group):,} per bin</text>
{_bars(line.group, TOP, "group", "#b07a00")}
<text class="label" x="{LEFT}" y="{lower - 8}">Everybody else: at most {max(line.others):,} per bin</text>
{_bars(line.others, lower, "others", "#8a8578")}
{_axis(line.starts, line.bin_s, lower + PANEL)}
</svg>"""


def spark(line: Timeline) -> str:
    """A small picture for a line of a table: all posts of a bin, and in the colour of the group those that are its."""
    width, height = 120, 30
    step = width / len(line.starts)
    most = max(max(g + o for g, o in zip(line.group, line.others, strict=True)), 1)
    bars = []
    for name, colour, values in (
        ("others", "#8a8578", [g + o for g, o in zip(line.group, line.others, strict=True)]),
        ("group", "#b07a00", line.group),
    ):
        tall = [max(height * n / most, 1.0) if n else 0.0 for n in values]
        boxes = "".join(
            f'<rect x="{i * step:.1f}" y="{height - t:.1f}" width="{max(step - 0.5, 0.8):.1f}" height="{t:.1f}"/>'
            for i, t in enumerate(tall)
            if t
        )
        bars.append(f'<g class="{name}" fill="{colour}">{boxes}</g>')
    told = f"At most {most:,} posts per {wording.seconds(line.bin_s)}; {sum(line.group):,} of {sum(line.group) + sum(line.others):,} by the pattern"
    base = f'<line class="axis" x1="0" x2="{width}" y1="{height}" y2="{height}" {STROKE}/>'
    return (
        f'<svg class="spark" viewBox="0 0 {width} {height}" role="img" aria-label="{told}">{"".join(bars)}{base}</svg>'
    )


def _bars(values: tuple[int, ...], top: int, name: str, colour: str) -> str:
    step, most = (WIDTH - LEFT - RIGHT) / len(values), max(max(values), 1)
    width = max(step - 1, 1)
    bars = []
    for i, n in enumerate(values):
        if n:
            tall = max(PANEL * n / most, 1.5)
            x, y = LEFT + i * step, top + PANEL - tall
            bars.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{tall:.1f}"/>')
    base = top + PANEL
    return (
        f'<g class="{name}" fill="{colour}">{"".join(bars)}</g>'
        f'<line class="axis" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{base}" y2="{base}" {STROKE}/>'
    )


def _axis(starts: tuple[datetime, ...], bin_s: int, y: int) -> str:
    step = (WIDTH - LEFT - RIGHT) / len(starts)
    every = max(1, round(len(starts) / 6))
    ticks = []
    for i in range(0, len(starts), every):
        x = LEFT + i * step
        if x > WIDTH - 90:
            break
        ticks.append(f'<line class="axis" x1="{x:.1f}" x2="{x:.1f}" y1="{y}" y2="{y + 5}" {STROKE}/>')
        ticks.append(f'<text class="label" x="{x:.1f}" y="{y + 19}">{_tick(starts[i], bin_s)}</text>')
    return "".join(ticks)


def _tick(at: datetime, bin_s: int) -> str:
    day = wording.day(at).rsplit(" ", 1)[0]
    if bin_s >= 86400:
        return wording.day(at)
    return f"{day}, {at:%H:%M}" if bin_s >= 60 else f"{day}, {at:%H:%M:%S}"
