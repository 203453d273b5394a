"""The tables of the README, from results.json alone."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.detection import side_by_side
from benchmarks.detection.markdown import share_of, table, write_between_markers
from benchmarks.detection.measures import pooled
from benchmarks.detection.parts import ALONE, CAMOUFLAGE, JITTER_S, NAMES, RETENTION

from houselights.worlds import preset
from houselights.worlds.settings import LOOKALIKES

README = Path(__file__).with_name("README.md")
LIMITS, CARD = (Path(__file__).parents[2] / "docs" / f"{name}.md" for name in ("detection-limits", "model-card"))
Record = dict[str, Any]


def write(results: Record) -> None:
    """Writes what the parts that were run measured between the markers."""
    blocks = [
        _errors(results) if "free" in results else "",
        _recall(results) if "planted" in results else "",
        *(side_by_side.on_worlds(results, *names) for names in _WORLDS if names[0] in results and names[1] in results),
        _inflation(results["inflation"]) if "inflation" in results else "",
        _lines(results),
        _delay(results["delay"]) if "delay" in results else "",
        side_by_side.on_real_accounts(results["real"]) if "real" in results else "",
        _together(results["together"]) if "together" in results else "",
        _formats(results["formats"]) if "formats" in results else "",
        "Wall seconds on two cores: " + ", ".join(f"{k} {v}" for k, v in results["wall_s"].items()) + ".",
    ]
    write_between_markers(README, blocks)
    write_between_markers(LIMITS, [_recall(results) if "planted" in results else "", _lines(results)])
    write_between_markers(
        CARD,
        [_errors(results) if "free" in results else "", _formats(results["formats"]) if "formats" in results else ""],
    )


_WORLDS = (
    ("tuning", "reporting", "campaigns among look-alikes"),
    ("tuning_plain", "reporting_plain", "campaigns in ordinary life, no look-alikes"),
)


def _errors(results: Record) -> str:
    free = results["free"]
    named = sum(r["organic_named"] for r in free)
    rows = [
        ["worlds with a finding of tier observed or better", share_of(sum(r["findings"] > 0 for r in free), len(free))],
        ["organic accounts named, per 10,000", f"{1e4 * named / sum(r['organic'] for r in free):.2f} ({named})"],
    ]
    for name in LOOKALIKES:
        above = sum(name in r["lookalikes_named"] for r in free)
        seen = sum(name in r["lookalikes_described"] for r in free)
        rows.append(
            [
                f"{name.replace('_', ' ')}: named; described, with the explanation",
                f"{share_of(above, len(free))}; {seen}",
            ]
        )
    return table(f"{len(free)} worlds without campaigns, every confounder and look-alike on", ("figure", "value"), rows)


def _recall(results: Record) -> str:
    rows = []
    for part, names in (
        ("planted", NAMES),
        ("minutes", NAMES),
        ("hard", [c.tactic.replace("_", " ") for c in preset("hard").campaigns]),
    ):
        if part not in results:
            continue
        records = results[part]
        false, n = (sum(r[k] for r in records) for k in ("false_findings", "findings"))
        named, organic = (sum(r[k] for r in records) for k in ("organic_named", "organic"))
        where = {"minutes": ", time stamps of minutes", "hard": ", tactics that share little"}.get(part, "")
        rows.append(
            [
                f"**{len(records)} worlds{where}**: false findings; organic accounts named per 10,000",
                share_of(false, n),
                f"{1e4 * named / organic:.2f}",
            ]
        )
        for k, name in enumerate(names):
            n_found = sum(2 * r["campaigns"][k]["listed"] >= r["campaigns"][k]["accounts"] for r in records)
            rows.append(
                [
                    f"{name}: groups found; core; listed",
                    share_of(n_found, len(records)),
                    f"{pooled(records, k, 'core'):.3f}; {pooled(records, k, 'listed'):.3f}",
                ]
            )
    return table("Campaigns among all look-alikes", ("", "groups", "accounts"), rows)


def _inflation(found: Record) -> str:
    rows = [
        [kind, f"{n:,}", *(f"{k / n / level:.2f} ({k})" for k, level in zip(counts, found["levels"], strict=True))]
        for kind, (n, *counts) in found["counts"].items()
    ]
    columns = ("p-values of", "number", *(f"at {level:g}" for level in found["levels"]))
    said = table(
        f"Inflation: share of p-values under a level, over the level (how many); {found['worlds']} worlds of ordinary life",
        columns,
        rows,
    )
    return (
        f"{said}\n\nA ratio from k p-values is uncertain by a factor of about 1 ± 2/√k. Findings report those of candidate groups and of members. "
        "Pairs are a check of the chance model alone: `calibrate` shows them, no finding rests on one. SVN is the baseline, on the same shares."
    )


def _lines(results: Record) -> str:
    """The figures behind the curves."""
    rows = []
    if "jitter" in results:
        rows += [
            [f"own-content ring over {w:g} s", f"{pooled(results['jitter'][i % 2 :: 2], i // 2, 'listed'):.3f}"]
            for i, w in enumerate(JITTER_S)
        ]
    if "camouflage" in results:
        for i, c in enumerate(CAMOUFLAGE):
            mine = results["camouflage"][i :: len(CAMOUFLAGE)]
            rows.append(
                [
                    f"camouflage {c:.0%}: {NAMES[0]}; {NAMES[1]}",
                    f"{pooled(mine, 0, 'listed'):.3f}; {pooled(mine, 1, 'listed'):.3f}",
                ]
            )
    if "alone" in results:
        rows += [
            [f"no life beside: {n} own things over {w:g} s", f"{pooled(results['alone'], i, 'listed'):.3f}"]
            for i, (n, w) in enumerate(ALONE)
        ]
    if "retention" in results:
        for i, kept in enumerate(RETENTION):
            mine = results["retention"][i :: len(RETENTION)]
            rows.append(
                [
                    f"sample of {kept:.0%}: {'; '.join(NAMES)}",
                    "; ".join(f"{pooled(mine, k, 'listed'):.3f}" for k in range(len(NAMES))),
                ]
            )
    return table("Share of accounts listed, as campaigns get harder", ("what", "listed"), rows) if rows else ""


def _delay(records: Sequence[Record]) -> str:
    rows = []
    for k, name in enumerate(NAMES):
        days = [r["first_day"][k] for r in records]
        known = sorted(d for d in days if d is not None)
        rows.append([name, f"{known[len(known) // 2] if known else '-'}", f"{len(known)} of {len(days)}"])
    return table(
        "Time to detection: first evening on which a new scan of all posts so far finds the group, of ten days",
        ("campaign", "median day", "found at all"),
        rows,
    )


def _formats(found: Sequence[Record]) -> str:
    rows = []
    for format_ in dict.fromkeys(r["format"] for r in found):
        mine = [r for r in found if r["format"] == format_]
        free = [r for r in mine if not r["campaigns"]]
        planted, named = (sum(r[k] for r in mine) for k in ("planted", "planted_named"))
        organic, wrong = (sum((Counter(r[k]) for r in mine), Counter()) for k in ("organic", "organic_named"))
        by_language = "; ".join(f"{lang} {wrong[lang]} of {n:,}" for lang, n in sorted(organic.items()))
        rows.append(
            [format_, share_of(sum(r["findings"] > 0 for r in free), len(free)), f"{named / planted:.3f}", by_language]
        )
    columns = (
        "read from",
        "worlds without campaigns that have a finding",
        "planted accounts named",
        "organic accounts named, by language",
    )
    return table("The same worlds from several formats", columns, rows)


def _together(found: Record) -> str:
    rows = [
        [
            f"{a['tactic'].replace('_', ' ')}, {a['accounts']} accounts",
            f"{a['found']} of {a['implants']}",
            f"{b['found']} of {b['implants']}",
        ]
        for a, b in zip(found["alone"], found["together"], strict=True)
    ]
    sums = [[sum(r[k] for r in found[way]) for k in ("found", "implants")] for way in ("alone", "together")]
    rows.append(["**all**", *(share_of(n, total) for n, total in sums)])
    return table(
        "Planted by calibration: found with a copy of the data to itself, and five to a copy",
        ("group", "alone", "five to a copy"),
        rows,
    )
