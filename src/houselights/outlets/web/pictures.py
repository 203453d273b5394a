"""Pictures as SVG made here, so that a page shows them without JavaScript. Colours come from the page; nothing is told by colour alone."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from markupsafe import Markup

from houselights.outlets import wording
from houselights.outlets.hostile import html_text
from houselights.outlets.report import calibration as calibration_section
from houselights.outlets.report import opinion as opinion_section
from houselights.outlets.report import opinion_pictures, timeline
from houselights.records import Timeline

WIDTH, NAME, TOP = 960, 150, 6
LANE, ROOMY_LANE, ROOMY = 11, 20, 30  # up to this many accounts have room
MARK_OF_KIND = {  # each kind of shared object has a form of its own, beside its place
    "link": "M0 -4v8",
    "repost": "M-3 -3h6v6h-6z",
    "quote": "M-3 0L0 -4L3 0L0 4z",
    "reply": "M-3 -3L3 0L-3 3z",
    "hashtags": "M-3 -3L3 3M-3 3L3 -3",
    "text": "M-3.2 0a3.2 3.2 0 1 0 6.4 0a3.2 3.2 0 1 0 -6.4 0z",
    "narrative": "M-4 2h8",
}


def volume(told: Mapping[str, Any]) -> Markup:
    """Posts per bin over the whole period; the lower part of each column is evidence of a pattern."""
    if not told["starts"]:
        return Markup("")
    shaped = {
        "posts": told["posts"],
        "by_groups": told["coordinated"],
        "bin_s": told["bin_s"],
        "first_s": datetime.fromisoformat(told["starts"][0]).timestamp(),
    }
    return Markup(opinion_pictures.volume(shaped))  # noqa: S704 (numbers and our own words)


def group_volume(told: Mapping[str, Any], anchor: str) -> Markup:
    """The group's posts over everybody else's."""
    line = _line(told)
    return Markup(timeline.svg(line, anchor)) if line.starts else Markup("")  # noqa: S704


def spark(told: Mapping[str, Any] | None) -> Markup:
    return Markup(timeline.spark(_line(told))) if told else Markup("")  # noqa: S704


def _line(told: Mapping[str, Any]) -> Timeline:
    starts = tuple(datetime.fromisoformat(at) for at in told["starts"])
    return Timeline(int(told["bin_s"]), starts, tuple(told["group"]), tuple(told["others"]))


def lanes(told: Mapping[str, Any]) -> Markup:
    """One lane an account, one mark a post, from `from_ms` to `to_ms`."""
    rows, low, high = told["lanes"], told["from_ms"], told["to_ms"]
    if not told["events"] or high <= low:
        return Markup("")
    scale = (WIDTH - NAME - 12) / (high - low)
    step = ROOMY_LANE if len(rows) <= ROOMY else LANE
    tall = len(rows) * step
    parts = []
    for i, lane in enumerate(rows):
        y = TOP + i * step + step / 2
        name = lane["label"] if len(lane["label"]) <= 22 else lane["label"][:21] + "…"
        parts.append(
            f'<text class="label" x="{NAME - 8}" y="{y + 3.5:.1f}" text-anchor="end" font-size="10">{html_text(name)}</text>'
            f'<line class="lane" x1="{NAME}" x2="{WIDTH - 12}" y1="{y:.1f}" y2="{y:.1f}"/>'
        )
    for kind in dict.fromkeys(e[3] for e in told["events"]):
        shape = MARK_OF_KIND.get(kind, MARK_OF_KIND["text"])
        places = "".join(
            f'<use href="#mark-{kind}" x="{NAME + (ms - low) * scale:.1f}" y="{TOP + lane * step + step / 2:.1f}"/>'
            for lane, ms, _, k in told["events"]
            if k == kind
        )
        parts.append(f'<defs><path id="mark-{html_text(kind)}" d="{shape}"/></defs><g class="mark">{places}</g>')
    title = (
        f"{wording.count(told['n_events'], 'post')} of {wording.count(told['n_lanes'], 'account')}, one line an account"
    )
    return Markup(  # noqa: S704 (names are escaped, the rest are numbers)
        f'<svg class="lanes" viewBox="0 0 {WIDTH} {TOP + tall + 30}" role="img" aria-label="{title}" '
        f'font-family="system-ui, sans-serif">{"".join(parts)}{_axis(low, high, scale, TOP + tall)}</svg>'
    )


def _axis(low: int, high: int, scale: float, y: float) -> str:
    step = tick_ms(high - low)
    first = -(-low // step) * step
    out = [f'<line class="axis" x1="{NAME}" x2="{WIDTH - 12}" y1="{y}" y2="{y}"/>']
    for ms in range(first, high + 1, step):
        x = NAME + (ms - low) * scale
        if x > WIDTH - 60:
            break
        out.append(
            f'<line class="axis" x1="{x:.1f}" x2="{x:.1f}" y1="{y}" y2="{y + 5}"/>'
            f'<text class="label" x="{x:.1f}" y="{y + 18}" font-size="11">{_tick(ms, step)}</text>'
        )
    return "".join(out)


def tick_ms(span_ms: int) -> int:
    """A round step, in milliseconds, that gives about six ticks over `span_ms`."""
    steps_s = (1, 2, 5, 10, 30, 60, 120, 300, 900, 1800, 3600, 7200, 21600, 43200, 86400, 172800, 604800, 2592000)
    return 1000 * next((s for s in steps_s if span_ms / 1000 / s <= 7), 31536000)


def _tick(ms: int, step: int) -> str:
    at = datetime.fromtimestamp(ms / 1000, UTC)
    day = wording.day(at).rsplit(" ", 1)[0]
    if step >= 86_400_000:
        return day
    return f"{day}, {at:%H:%M}" if step >= 60_000 else f"{at:%H:%M:%S}"


def network(told: Mapping[str, Any]) -> Markup:
    """Accounts as circles, joined where they coincided; squares are sources. Empty where there is nothing to draw."""
    nodes, wide, tall, margin = told["nodes"], 760, 490, 20
    if not nodes:
        return Markup("")
    at = [(margin + n["x"] * (wide - 2 * margin), margin + n["y"] * (wide - 2 * margin)) for n in nodes]
    most = max((e[2] for e in told["edges"]), default=1)
    lines = "".join(
        f'<line x1="{at[a][0]:.1f}" y1="{at[a][1]:.1f}" x2="{at[b][0]:.1f}" y2="{at[b][1]:.1f}" stroke-width="{0.4 + 2 * n / most:.2f}"/>'
        for a, b, n in sorted(told["edges"], key=lambda e: -e[2])[:1500]
    )
    marks = "".join(_node(x, y, n) for (x, y), n in zip(at, nodes, strict=True))
    title = (
        f"{wording.count(len(nodes), 'account')} and {wording.count(len(told['edges']), 'pair')} of them that coincided"
    )
    return Markup(  # noqa: S704 (labels are escaped, the rest are numbers)
        f'<svg class="network" viewBox="0 0 {wide} {tall}" role="img" aria-label="{title}"><g class="edges">{lines}</g>{marks}</svg>'
    )


def _node(x: float, y: float, node: Mapping[str, Any]) -> str:
    title = f"<title>{html_text(node['label'])}</title>"
    if node["role"] == "source":
        return f'<g class="source">{title}<rect x="{x - 4:.1f}" y="{y - 4:.1f}" width="8" height="8"/></g>'
    kind = "core" if node["named"] else "unnamed"
    return f'<g class="{kind}">{title}<circle cx="{x:.1f}" cy="{y:.1f}" r="4.5"/></g>'


def opinion(topics: list[dict[str, Any]], names: dict[str, str], stale: list[bool]) -> Markup:
    """Pictures and tables of apparent against organic, as the report has them."""
    return Markup(opinion_section.inside(topics, names, stale))  # noqa: S704 (the report escapes)


def calibration(found: dict[str, Any] | None) -> Markup:
    """What `calibrate` measured, as the report has it."""
    return Markup(calibration_section.inside(found))  # noqa: S704 (the report escapes)
