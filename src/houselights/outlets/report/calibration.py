"""The section of the report that says how the tests did on the user's own data."""

from typing import Any

from houselights.outlets import calibration as words
from houselights.outlets import wording
from houselights.outlets.hostile import html_text
from houselights.outlets.report.markup import folded, items, scroll, section, table
from houselights.results import Results

PANEL, GAP, HEIGHT, FOOT = 300, 30, 110, 28


def block(results: Results) -> str:
    return section("calibration", words.HEADING, inside(results.calibration))


def inside(found: dict[str, Any] | None) -> str:
    """The section without its heading."""
    if found is None:
        return f"<p>{html_text(words.NOT_RUN)}</p>"
    parts = [
        _recall(found["recall"]),
        "<h3>Where nobody acts together</h3>",
        items(html_text(words.shuffle_sentence(r)) for r in found["shuffles"]),
        _uniformity(found["uniformity"]),
        _sensitivity(found["sensitivity"]),
        f"<p>{html_text(words.NOT_PROVED)}</p>",
    ]
    return "\n".join(parts)


def _recall(rows: list[dict[str, Any]]) -> str:
    """Groups were planted into copies of the data; how many of them a scan finds."""
    if not rows:
        return ""
    sizes, lines = words.by_tactic(rows)
    columns = ("What the group does", "#Within", *(f"#{size} accounts" for size in sizes))
    caption = (
        "Probability of being found (found of planted; 95 % interval). Planted into copies of this data, members drawn from its accounts. "
        "Found: a finding of tier observed or better lists at least half of them, and they are at least half of it."
    )
    return (
        f"<h3>What would have been found</h3><p><strong>{html_text(words.recall_sentence(words.lead(rows)))}</strong></p>"
        f"{table(caption, columns, ([html_text(cell) for cell in line] for line in lines))}"
    )


def _uniformity(found: dict[str, Any]) -> str:
    tested = [r for r in found["pairs"] if r.get("pairs")]
    figures = _histograms(tested) if tested else ""
    rows = (
        [
            f"pairs, {wording.seconds(r['window_s'])}",
            f"{x['level']:g}",
            f"{x['share']:.3g}",
            f"{x['inflation']:.2f}",
            f"{x['interval_95'][0]:.2g} to {x['interval_95'][1]:.2g}",
        ]
        for r in tested
        for x in r["levels"]
    )
    columns = ("p-values of", "#Level", "#Share at or under it", "#Times the level", "#95 % interval of the share")
    sentences = [words.uniformity_sentence(r) for r in found["pairs"]]
    sentences += [words.groups_sentence(channel, x) for channel, x in found["groups"].items()]
    shown = table("Share of p-values at or under a level", columns, rows, small=True)
    return (
        f"<h3>Are the p-values what they say?</h3>{figures}{items(map(html_text, sentences))}"
        f"{folded('The same as a table', shown)}"
    )


def _histograms(rows: list[dict[str, Any]]) -> str:
    """Per window twenty bars that should be of one height, and the line that they should reach."""
    panels = "".join(_panel(row, k * (PANEL + GAP)) for k, row in enumerate(rows))
    width = len(rows) * (PANEL + GAP) - GAP
    picture = f"""<svg class="timeline" viewBox="0 0 {width} {HEIGHT + FOOT}" role="img" \
aria-label="Histograms of p-values of pairs of accounts" font-family="system-ui, sans-serif" font-size="12">
{panels}</svg>"""
    return f"<figure>{scroll(picture, 'Histograms of p-values')}</figure>"


def _panel(row: dict[str, Any], left: int) -> str:
    counts = row["histogram"]
    even, most = sum(counts) / len(counts), max(*counts, 1)
    step, tall = PANEL / len(counts), HEIGHT / (1.15 * max(most, even))
    bars = "".join(
        f'<rect x="{left + i * step:.1f}" y="{HEIGHT - n * tall:.1f}" width="{step - 1.5:.1f}" height="{n * tall:.1f}"/>'
        for i, n in enumerate(counts)
    )
    level, right, label = HEIGHT - even * tall, left + PANEL, HEIGHT + 18
    return f"""<g class="others" fill="#8a8578">{bars}</g>
<line x1="{left}" x2="{right}" y1="{level:.1f}" y2="{level:.1f}" stroke="#b07a00" stroke-width="1.5" stroke-dasharray="5 4"/>
<text class="label" x="{left}" y="{label}">0</text>
<text class="label" x="{right}" y="{label}" text-anchor="end">1</text>
<text class="label" x="{left + PANEL / 2}" y="{label}" text-anchor="middle">p, pairs within {wording.seconds(row["window_s"])}</text>
"""


def _sensitivity(found: list[dict[str, Any]]) -> str:
    if not found:
        return ""
    columns = ("Finding", "Windows alone", "False-discovery rate", "Other halves (seeds)")
    rows = (
        [html_text(f["finding_id"]), *(html_text(words.again(f["variants"], s)) for s in ("window_s", "q", "seed"))]
        for f in found
    )
    caption = (
        "With which settings each finding passes the test again: half of its accounts in a group that they are half of. "
        "Explanations are not weighed anew."
    )
    return f"<h3>What the findings hang on</h3>{table(caption, columns, rows, small=True)}"
