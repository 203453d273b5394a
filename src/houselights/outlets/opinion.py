"""Apparent against organic in the terminal: a sentence before a table, four ways of counting side by side."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from houselights.outlets import wording
from houselights.outlets.hostile import clip, terminal
from houselights.results import Results

if TYPE_CHECKING:  # pages say the same sentences, and would wait for what draws in a terminal
    from rich.console import Console
    from rich.table import Table

MOST_SHOWN, MOST_TRENDS, LONGEST = 20, 10, 60
DIMENSION_NAME = {
    "narrative": "narratives",
    "stance": "stances",
    "hashtag": "hashtags",
    "link_domain": "linked sites",
    "technique": "techniques",
}
WAYS = ("by posts", "by accounts", "without coordinated posts", "one voice per group")
WAYS_MEANING = (
    "By posts: every post counts. By accounts: every account has one voice, split over its posts. Without "
    "coordinated posts: what the estimate leaves when "
    "the groups' posts are taken out, with those that were likely missed. One voice per group: every account has "
    "one voice, and every group has one as if it were "
    "an account. In brackets: 90 % intervals, where no sentence says otherwise."
)


def show(told: dict[str, Any], results: Results, out: "Console", report: Path) -> None:
    from rich.text import Text

    names = category_names(results)
    out.print(Text(headline(told), style="bold"))
    out.print(Text(terminal(told["manufactured"]["sentence"])))
    for one in told["dimensions"]:
        out.print(Text(f"\n{heading(one)}", style="bold"))
        for sentence in one["sentences"]:
            out.print(Text(terminal(sentence)))
        out.print(_table(one, names))
    out.print(Text(WAYS_MEANING))
    if told["trends"]:
        out.print(Text("\nWould it have been among the first ten anyway?", style="bold"))
        for row in told["trends"][:MOST_TRENDS]:
            out.print(Text(terminal(trend(row, names))))
    out.print(Text(f"\n{terminal(spread(told['spread']))}"))
    out.print(Text("\n" + " ".join(terminal(s) for s in told["sentences"])))
    out.print(Text(f"Written to {terminal(str(results.run_dir / 'opinion.json'))} and {terminal(str(report))}"))


def headline(told: dict[str, Any]) -> str:
    about = "all posts" if told["topic"] == "all" else terminal(str(told["topic"]))
    return (
        f"Apparent against organic, {about}: {wording.count(told['n_posts'], 'post')} by {wording.count(told['n_accounts'], 'account')}, "
        f"{wording.count(len(told['findings']), 'finding')} of tier observed or better."
    )


def heading(one: dict[str, Any]) -> str:
    toward = f" toward {terminal(str(one['target']))}" if one.get("target") else ""
    return f"Counted by {DIMENSION_NAME.get(one['dimension'], str(one['dimension']))}{toward} ({wording.count(one['n_posts'], 'post')})"


def category_names(results: Results) -> dict[str, str]:
    """Narratives by their keywords; everything else is its own name."""
    return {id_: name for id_, (name, _) in results.narrative_names().items()}


def name_of(category: str | None, names: dict[str, str]) -> str:
    return "all others" if category is None else clip(names.get(category, category) or "(empty)", LONGEST)


def ways(row: dict[str, Any]) -> list[str]:
    """The four shares of a category, the last two with their intervals."""
    return [
        f"{percent(row['apparent_0_1'])} %",
        f"{percent(row['apparent_by_accounts_0_1'])} %",
        with_interval(row["organic_0_1"]),
        with_interval(row["one_voice_per_group_0_1"]),
    ]


def with_interval(x: dict[str, float]) -> str:
    return f"{percent(x['at'])} % ({percent(x['low'])} to {percent(x['high'])})"


def percent(share_0_1: float) -> str:
    """Two digits; whole numbers from ten on; nothing finer than a thousandth."""
    x = 100 * share_0_1
    if 0 < x < 0.001:
        return "under 0.001"
    return f"{x:.0f}" if x >= 9.95 else f"{x:.2g}"


def posts_of_groups(row: dict[str, Any]) -> str:
    m = row["manufactured_posts"]
    return f"{m['at']:,.0f} ({m['low']:,.0f} to {m['high']:,.0f})"


def trend(row: dict[str, Any], names: dict[str, str]) -> str:
    earlier = ""
    if row["hours_earlier"] is not None and row["hours_earlier"] > 0:
        earlier = f"; it came in about {row['hours_earlier']:,.0f} hours earlier with them"
    without = row["rank_without"]
    return (
        f"{row['kind']} {name_of(row['thing'], names)}: in its best {row['per']} place {row['best_rank']:,}, "
        f"and {without:,} without the groups' posts; that the rest alone would have been among the first ten of some {row['per']} "
        f"has a probability of {row['without_groups_0_1']:.2f}{earlier}."
    )


def spread(told: dict[str, Any]) -> str:
    """What others posted after the groups, or why nothing is said of it."""
    direct = f"{wording.count(told['direct_posts'], 'post')} by accounts of groups, {told['reposts_of_theirs_by_others']:,} times reposted by others."
    return f"Spread: {direct} {told.get('sentence') or 'What they set off is ' + told['left_out']}"


def _table(one: dict[str, Any], names: dict[str, str]) -> "Table":
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE, show_edge=False, pad_edge=False)
    table.add_column("category", ratio=2)
    for way in (*WAYS, "posts of groups"):
        table.add_column(way, justify="right")
    for row in one["categories"][:MOST_SHOWN]:
        table.add_row(Text(terminal(name_of(row["category"], names))), *ways(row), posts_of_groups(row))
    return table
