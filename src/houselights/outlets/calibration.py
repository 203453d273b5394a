"""What `calibrate` measured, in plain words: the same sentences in the terminal and in the report."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from houselights.outlets import wording

if TYPE_CHECKING:  # pages say the same sentences, and would wait for what draws in a terminal
    from rich.console import Console
    from rich.table import Table

HEADING = "Checked on this data"
NOT_RUN = (
    "This run was not calibrated: how often its tests pass where nobody acts together, and how large a group it would have "
    "found here, is not known. `houselights calibrate RUN` measures both on these posts and adds them to this report."
)
NOT_PROVED = (
    "What this does not prove: a shuffle takes common causes apart together with agreements, so people whom a push "
    "notification or a broadcast brings together are not in it; planted groups act as these tactics do, and their "
    "members have the life of accounts of these data beside; real ones may not."
)
SHUFFLE_NAMES = {
    "within_cells": (
        "Accounts changed places among those who shared the same thing in the same hour and at the same stage of its spread "
        "(accounts of findings left out)"
    ),
    "across_objects": (
        "Accounts changed places among all who shared something of a kind in the same hour, so that who shares what with whom is "
        "chance (accounts of findings left out)"
    ),
}
MIN_IMPLANTS = 10  # of fewer no probability is told
MIN_GROUPS, MIN_PAIRS = 100, 100  # of fewer no share of p-values is told
_SETTING = {"window_s": "window", "q": "false-discovery rate", "seed": "other halves, seed"}


def shuffle_sentence(row: dict[str, Any]) -> str:
    low, high = row["interval_95"]
    return (
        f"{SHUFFLE_NAMES[row['kind']]}: a group passed in {row['draws_with_a_group']} of {row['draws']} shuffles "
        f"(95 % interval {low:.2f} to {high:.2f})."
    )


def recall_sentence(row: dict[str, Any]) -> str:
    what = (
        f"On this data a group of {row['accounts']} accounts that {row['what_it_does']}, {wording.count(row['objects'], 'thing')} "
        f"within {wording.seconds(row['window_s'])},"
    )
    if row["implants"] < MIN_IMPLANTS:
        return f"{what} was found in {row['found']} of {row['implants']} copies, too few to give a probability."
    low, high = row["interval_95"]
    return (
        f"{what} would have been found with probability {row['recall']:.2f} "
        f"({row['found']} of {row['implants']}, {low:.2f} to {high:.2f})."
    )


def lead(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The row that stands for all in one sentence: a ring of twenty."""
    return next((r for r in rows if r["tactic"] == "own_content_ring" and r["accounts"] == 20), rows[0])


def by_tactic(rows: list[dict[str, Any]]) -> tuple[list[int], list[list[str]]]:
    """(sizes, per tactic: what it does, its window, and per size the probability of being found)."""
    sizes = sorted({r["accounts"] for r in rows})
    lines = []
    for tactic in dict.fromkeys(r["tactic"] for r in rows):
        mine = {r["accounts"]: r for r in rows if r["tactic"] == tactic}
        first = next(iter(mine.values()))
        name = f"{first['what_it_does'][0].upper()}{first['what_it_does'][1:]}"
        lines.append([name, wording.seconds(first["window_s"]), *(_found(mine.get(size)) for size in sizes)])
    return sizes, lines


def _found(row: dict[str, Any] | None) -> str:
    if row is None:
        return "-"
    low, high = row["interval_95"]
    of_planted = f"{row['found']} of {row['implants']}"
    if row["implants"] < MIN_IMPLANTS:
        return of_planted
    return f"{row['recall']:.2f} ({of_planted}; {low:.2f} to {high:.2f})"


def uniformity_sentence(row: dict[str, Any]) -> str:
    if row.get("pairs", 0) < MIN_PAIRS:
        return f"Within {wording.seconds(row['window_s'])}: too few accounts share things in two hours to test pairs."
    levels = ", ".join(f"{x['share']:.2g} at or under {x['level']:g}" for x in row["levels"])
    return (
        f"Within {wording.seconds(row['window_s'])}, {row['pairs']:,} pairs of accounts outside the findings with two hours in "
        f"common or more: share of p-values "
        f"{levels} (a test that is right on average has these shares equal); distance from uniform {row['ks_distance']:.3f} "
        f"(Kolmogorov-Smirnov, p = {wording.probability(row['ks_p_value'])}; pairs with an account in common are not independent)."
    )


def groups_sentence(channel: str, found: dict[str, Any]) -> str:
    if found["groups"] < MIN_GROUPS:
        return f"Channel {channel}: {wording.count(found['groups'], 'random group')} could be tested, too few to say how p-values lie."
    levels = ", ".join(f"{x['share']:.2g} at or under {x['level']:g}" for x in found["levels"])
    return (
        f"Channel {channel}: of {found['groups']:,} random groups, share of p-values {levels}; they are upper bounds."
    )


def again(variants: Iterable[dict[str, Any]], setting: str) -> str:
    """Where a finding passed the test again: "60 s, 10 min; not 10 s"."""
    mine = [v for v in variants if v["setting"] == setting]
    name = wording.seconds if setting == "window_s" else lambda x: f"{x:g}"
    yes, no = ([name(v["value"]) for v in mine if v["found"] == hit] for hit in (True, False))
    return "; ".join(x for x in (", ".join(yes), f"not {', '.join(no)}" if no else "") if x)


def _recall_table(rows: list[dict[str, Any]]) -> "Table":
    from rich import box
    from rich.table import Table

    sizes, lines = by_tactic(rows)
    table = Table(box=box.SIMPLE, show_edge=False, pad_edge=False)
    for name in ("a group that", "within", *(f"{size} accounts" for size in sizes)):
        table.add_column(name)
    for line in lines:
        table.add_row(*line)
    return table


def show(measured: dict[str, Any], out: "Console") -> None:
    from rich.text import Text

    out.print(Text("Where nobody acts together", style="bold"))
    for row in measured["shuffles"]:
        out.print(Text(shuffle_sentence(row)))
    for row in measured["uniformity"]["pairs"]:
        out.print(Text(uniformity_sentence(row)))
    for channel, found in measured["uniformity"]["groups"].items():
        out.print(Text(groups_sentence(channel, found)))
    out.print(Text("\nWhat would have been found", style="bold"))
    if measured["recall"]:
        out.print(Text(recall_sentence(lead(measured["recall"]))))
        out.print(_recall_table(measured["recall"]))
    if measured["sensitivity"]:
        out.print(Text("\nWhat the findings hang on", style="bold"))
    for finding in measured["sensitivity"]:
        parts = (f"{words} {again(finding['variants'], setting)}" for setting, words in _SETTING.items())
        out.print(Text(f"{finding['finding_id']} passes the test again with {' | '.join(parts)}"))
    out.print(Text(f"\n{NOT_PROVED}"))
