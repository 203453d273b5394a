"""Pictures of apparent and organic shares as SVG made here: bars with intervals, volume with the coordinated part, ranking before and after.

Nothing is told by colour alone: every bar has its number beside it, and every picture a table."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from houselights.outlets import wording
from houselights.outlets.hostile import clip, html_text
from houselights.outlets.opinion import percent

WIDTH, NAME, VALUE = 960, 200, 300
ROW, GAP = 15, 14
PANEL = 150
LONGEST = 26
DARK, LIGHT = "#b07a00", "#8a8578"
MOST = 8

Bar = tuple[str, float, float | None, float | None]
"""What it is called, its share, and where its interval begins and ends."""


def bars(title: str, categories: Sequence[tuple[str, Sequence[Bar]]]) -> str:
    """Per category one bar for each way of counting, the interval as a line over its end."""
    most = max((max(b[1], b[3] or 0.0) for _, mine in categories for b in mine), default=0.0) or 1.0
    scale = (WIDTH - NAME - VALUE - 20) / most
    parts, y = [], 6
    for name, mine in categories:
        parts.append(f'<text class="label" x="0" y="{y + 11}" font-weight="600">{html_text(clip_name(name))}</text>')
        for k, bar in enumerate(mine):
            parts.append(_bar(bar, y + k * ROW, scale, estimated=bar[2] is not None))
        y += len(mine) * ROW + GAP
    return _svg("shares", title, y, "".join(parts))


def _bar(bar: Bar, y: float, scale: float, *, estimated: bool) -> str:
    name, share, low, high = bar
    wide = max(share * scale, 0.5)
    kind, colour = ("group", DARK) if estimated else ("others", LIGHT)
    out = f'<rect class="{kind}" fill="{colour}" x="{NAME}" y="{y + 2}" width="{wide:.1f}" height="{ROW - 5}"/>'
    told, end = f"{percent(share)} %", wide
    if low is not None and high is not None:
        a, b, at = NAME + low * scale, NAME + high * scale, y + 2 + (ROW - 5) / 2
        line = f"M{a:.1f} {at - 3:.1f}v6M{a:.1f} {at:.1f}H{b:.1f}M{b:.1f} {at - 3:.1f}v6"
        out += f'<path class="halo" d="{line}" stroke="#fff" fill="none" stroke-width="4" stroke-opacity="0.75"/>'
        out += f'<path d="{line}" stroke="currentColor" fill="none" stroke-width="1.2"/>'
        end = max(end, high * scale)
        told = f"{told} ({percent(low)} to {percent(high)})"
    return out + f'<text class="label" x="{NAME + end + 6:.1f}" y="{y + 11}">{told}, {name}</text>'


def volume(told: dict[str, Any]) -> str:
    """Posts of the topic per bin; the lower part of each column is the groups', by the probabilities of membership."""
    posts, theirs, bin_s = told["posts"], told["by_groups"], int(told["bin_s"])
    most, step = max(*posts, 1), WIDTH / len(posts)
    tall = PANEL / most
    columns = []
    for kind, colour, low, high in (
        ("others", LIGHT, theirs, posts),
        ("group", DARK, [0] * len(posts), theirs),
    ):
        boxes = "".join(
            f'<rect x="{i * step:.1f}" y="{22 + PANEL - b * tall:.1f}" width="{max(step - 1, 0.8):.1f}" height="{(b - a) * tall:.1f}"/>'
            for i, (a, b) in enumerate(zip(low, high, strict=True))
            if b > a
        )
        columns.append(f'<g class="{kind}" fill="{colour}">{boxes}</g>')
    every = max(1, round(len(posts) / 6))
    ticks = "".join(
        f'<text class="label" x="{i * step:.1f}" y="{PANEL + 40}">{_tick(int(told["first_s"]) + i * bin_s, bin_s)}</text>'
        for i in range(0, len(posts), every)
        if i * step < WIDTH - 110
    )
    head = f'<text class="label" x="0" y="12">At most {most:,} posts per {wording.seconds(bin_s)}</text>'
    title = f"Posts per {wording.seconds(bin_s)}, those of groups at the bottom of each column"
    return _svg("timeline", title, PANEL + 48, head + "".join(columns) + ticks)


def _tick(at_s: int, bin_s: int) -> str:
    at = datetime.fromtimestamp(at_s, UTC)
    return wording.day(at) if bin_s >= 86400 else f"{wording.day(at).rsplit(' ', 1)[0]}, {at:%H:%M}"


def ranking(names: Sequence[str], before: Sequence[int], after: Sequence[int]) -> str:
    """Places with everybody on the left, without the groups on the right; a line joins the two of each category."""
    last = max(*before, *after, 1)
    left, right = 300, WIDTH - 300

    def y(place: int) -> float:
        return 32 + (place - 1) * 22

    parts = [
        f'<text class="label" x="{left}" y="14" text-anchor="end">All posts</text>',
        f'<text class="label" x="{right}" y="14">Without the groups’ posts</text>',
    ]
    for name, a, b in zip(names, before, after, strict=True):
        kind, colour, wide = ("group", DARK, 2.5) if a != b else ("others", LIGHT, 1.2)
        shown = html_text(clip_name(name))
        parts.append(
            f'<line class="axis {kind}" x1="{left + 8}" y1="{y(a) - 4:.0f}" x2="{right - 8}" y2="{y(b) - 4:.0f}" '
            f'stroke="{colour}" stroke-width="{wide}"/>'
            f'<text class="label" x="{left}" y="{y(a):.0f}" text-anchor="end">{shown} {a}</text>'
            f'<text class="label" x="{right}" y="{y(b):.0f}">{b} {shown}</text>'
        )
    return _svg(
        "timeline", "Places of the categories with and without the groups' posts", int(y(last)) + 14, "".join(parts)
    )


def clip_name(name: str) -> str:
    return clip(name, LONGEST).split(" (")[0] if len(name) > LONGEST else name


def _svg(kind: str, title: str, height: int, inside: str) -> str:
    return (
        f'<svg class="{kind}" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{html_text(title)}" font-family="system-ui, sans-serif" '
        f'font-size="12">{inside}</svg>'
    )
