"""Apparent against organic, per topic that was asked about; nothing where `opinion` was not run."""

from collections.abc import Sequence
from typing import Any

from houselights.outlets import opinion as words
from houselights.outlets import wording
from houselights.outlets.hostile import html_marked, html_text
from houselights.outlets.report import opinion_pictures as pictures
from houselights.outlets.report.markup import folded, items, scroll, section, table
from houselights.results import Results

MOST_TOPICS, MOST_TRENDS = 5, 20
HEADING = "Apparent against organic"
READING = (
    "What is asked: what would the shares look like without the groups that act together? Grey bars count what is there, coloured ones are "
    "estimates, and the line across their end is a 90 % interval."
)

CAPTION = (
    "Shares of the posts or voices counted, with 90 % intervals. Widest: without coordinated posts, if one more group had been there "
    "that a scan of this data may miss."
)
STALE = "Annotations, or the sample that was labelled, have changed since this was written: run `houselights opinion` again."


def block(results: Results) -> str:
    if not results.opinion:
        return ""
    stale = [results.opinion_is_stale(t) for t in results.opinion]
    return section("opinion", HEADING, inside(results.opinion, words.category_names(results), stale))


def inside(topics: list[dict[str, Any]], names: dict[str, str], stale: Sequence[bool]) -> str:
    """The section without its heading; `names` of narratives; `stale`: whose labels have changed since."""
    shown = [
        _topic(t, names, f"opinion-{i}", stale=old)
        for i, (t, old) in enumerate(zip(topics[:MOST_TOPICS], stale, strict=False), 1)
    ]
    rest = f"<p>{len(topics) - MOST_TOPICS:,} more topics are in opinion.json.</p>" if len(topics) > MOST_TOPICS else ""
    reading = f"<p>{html_text(READING)} {html_text(words.WAYS_MEANING)}</p>"
    return "\n".join([reading, *shown, rest])


def _topic(told: dict[str, Any], names: dict[str, str], anchor: str, *, stale: bool) -> str:
    parts = [f'<h3 id="{anchor}">{html_marked(words.headline(told))}</h3>']
    parts += [f"<p><strong>{html_text(STALE)}</strong></p>"] if stale else []
    parts.append(f"<p>{html_text(told['manufactured']['sentence'])}</p>")
    parts += [_dimension(one, names) for one in told["dimensions"]]
    parts += [
        _volume(told["volume"]),
        _trends(told["trends"], names),
        f"<p>{html_text(words.spread(told['spread']))}</p>",
    ]
    parts.append(folded("What this rests on", items(html_text(s) for s in told["sentences"]), printed=True))
    return "\n".join(p for p in parts if p)


def _dimension(one: dict[str, Any], names: dict[str, str]) -> str:
    rows = one["categories"]
    drawn = [r for r in rows if r["category"] is not None][: pictures.MOST]
    bars = [(words.name_of(r["category"], names), _bars(r)) for r in drawn]
    said = " ".join(html_text(s) for s in one["sentences"])
    picture = pictures.bars(f"{words.heading(one)}: shares in four ways of counting", bars)
    cells = (
        [
            html_marked(words.name_of(r["category"], names)),
            *(_in_two_lines(w) for w in words.ways(r)),
            _widest(r),
            _in_two_lines(words.posts_of_groups(r)),
            _seen(r),
        ]
        for r in rows
    )
    columns = (
        "Category",
        *(f"#{w.capitalize()}" for w in words.WAYS),
        "#Widest",
        "#Posts of groups",
        "#In the evidence",
    )
    shares = table(CAPTION, columns, cells)
    return (
        f"<h3>{html_marked(words.heading(one))}</h3>\n<p>{said}</p>\n"
        f"<figure>{scroll(picture, 'Shares')}</figure>\n{shares}\n{_ranking(drawn, names)}"
    )


def _bars(r: dict[str, Any]) -> list[pictures.Bar]:
    organic, voice = r["organic_0_1"], r["one_voice_per_group_0_1"]
    return [
        (words.WAYS[0], r["apparent_0_1"], None, None),
        (words.WAYS[1], r["apparent_by_accounts_0_1"], None, None),
        (words.WAYS[2], organic["at"], organic["low"], organic["high"]),
        (words.WAYS[3], voice["at"], voice["low"], voice["high"]),
    ]


def _in_two_lines(estimate: str) -> str:
    """The interval under its estimate: seven columns side by side are wider than a page."""
    return estimate.replace(" (", "<br>(")


def _widest(r: dict[str, Any]) -> str:
    o = r["organic_0_1"]
    return f"{words.percent(o['widest_low'])} to {words.percent(o['widest_high'])} %"


def _seen(r: dict[str, Any]) -> str:
    return "-" if r["in_evidence_posts"] is None else f"{r['in_evidence_posts']:,.0f}"


def _ranking(rows: list[dict[str, Any]], names: dict[str, str]) -> str:
    if len(rows) < 2:
        return ""
    before = _places([float(r["apparent_0_1"]) for r in rows])
    after = _places([float(r["organic_0_1"]["at"]) for r in rows])
    called = [words.name_of(r["category"], names) for r in rows]
    moved = sum(a != b for a, b in zip(before, after, strict=True))
    cells = ([html_marked(n), f"{a:,}", f"{b:,}"] for n, a, b in zip(called, before, after, strict=True))
    same = table(
        "Places among the categories shown.",
        ("Category", "#All posts", "#Without the groups’ posts"),
        cells,
        small=True,
    )
    told = (
        f"{moved:,} of {len(rows):,} categories change places when the groups’ posts are left out."
        if moved
        else "No category changes its place."
    )
    picture = scroll(pictures.ranking(called, before, after), "Ranking")
    return f"<figure>{picture}<figcaption>{told}</figcaption></figure>\n{folded('The same as a table', same)}"


def _places(values: list[float]) -> list[int]:
    order = sorted(range(len(values)), key=lambda i: (-values[i], i))
    out = [0] * len(values)
    for place, i in enumerate(order, 1):
        out[i] = place
    return out


def _volume(told: dict[str, Any]) -> str:
    from datetime import UTC, datetime

    posts, theirs = told["posts"], told["by_groups"]
    busy = sorted(range(len(posts)), key=lambda i: (-theirs[i], -posts[i], i))[:40]
    at = [datetime.fromtimestamp(int(told["first_s"]) + i * int(told["bin_s"]), UTC) for i in range(len(posts))]
    cells = ([wording.moment(at[i]), f"{posts[i]:,}", f"{theirs[i]:,.1f}"] for i in sorted(busy))
    same = table(
        "Bins with most posts of groups, 40 at most.", ("From (UTC)", "#Posts", "#By groups"), cells, small=True
    )
    said = (
        f"Of {sum(posts):,} posts, {sum(theirs):,.0f} are by accounts listed in findings, weighted by their probability of membership; "
        "nothing is added for what was missed."
    )
    picture = f"<figure>{scroll(pictures.volume(told), 'Volume over time')}<figcaption>{said}</figcaption></figure>"
    return f"<h3>Volume over time</h3>{picture}\n{folded('The same as a table', same)}"


def _trends(rows: list[dict[str, Any]], names: dict[str, str]) -> str:
    if not rows:
        return ""
    columns = (
        "What",
        "Per",
        "#Posts",
        "#By groups",
        "#Best place",
        "#Place without",
        "#Passes without",
        "#Hours earlier",
    )
    cells = (
        [
            f"{html_text(r['kind'])} {html_marked(words.name_of(r['thing'], names))}",
            html_text(r["per"]),
            f"{r['posts']:,}",
            f"{r['by_groups']:,.0f}",
            f"{r['best_rank']:,}",
            f"{r['rank_without']:,}",
            f"{r['without_groups_0_1']:.2f}",
            "-" if r["hours_earlier"] is None else f"{r['hours_earlier']:,.0f}",
        ]
        for r in rows[:MOST_TRENDS]
    )
    caption = (
        "What was among the first ten of an hour or a day (five posts or more) and groups had a part in. Places are in its best hour "
        "or day. Passes without: probability that in some hour or day the posts of all others alone reach what the tenth had. Hours "
        "earlier: by how much the groups' posts brought the first entry forward."
    )
    return f"<h3>Would it have trended anyway?</h3>{table(caption, columns, cells)}"
