"""The tables of the README, from results.json alone."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.detection.baselines import BASELINES
from benchmarks.detection.measures import pooled
from benchmarks.detection.parts import ALONE, CAMOUFLAGE, JITTER_S, NAMES, RETENTION

from houselights.core.stats import wilson_interval
from houselights.worlds import preset
from houselights.worlds.settings import LOOKALIKES

README = Path(__file__).with_name("README.md")
LIMITS, CARD = (Path(__file__).parents[2] / "docs" / f"{name}.md" for name in ("detection-limits", "model-card"))
START, END = "<!-- results -->", "<!-- end of results -->"
Record = dict[str, Any]
MOST_FALSE_0_1 = 0.05


def write(results: Record) -> None:
    """Writes what the parts that were run measured between the markers."""
    blocks = [
        _errors(results) if "free" in results else "",
        _recall(results) if "planted" in results else "",
        *(_peers(results, *names) for names in _WORLDS if names[0] in results and names[1] in results),
        _inflation(results["inflation"]) if "inflation" in results else "",
        _lines(results),
        _delay(results["delay"]) if "delay" in results else "",
        _real(results["real"]) if "real" in results else "",
        _together(results["together"]) if "together" in results else "",
        _formats(results["formats"]) if "formats" in results else "",
        "Wall seconds on two cores: " + ", ".join(f"{k} {v}" for k, v in results["wall_s"].items()) + ".",
    ]
    _between_markers(README, blocks)
    _between_markers(LIMITS, [_recall(results) if "planted" in results else "", _lines(results)])
    _between_markers(
        CARD,
        [_errors(results) if "free" in results else "", _formats(results["formats"]) if "formats" in results else ""],
    )


def _between_markers(page: Path, blocks: Sequence[str]) -> None:
    text = page.read_text(encoding="utf-8")
    inside = "\n\n".join(b for b in blocks if b)
    before, after = text[: text.index(START) + len(START)], text[text.index(END) :]
    page.write_text(f"{before}\n{inside}\n{after}", encoding="utf-8")


_WORLDS = (
    ("tuning", "reporting", "campaigns among look-alikes"),
    ("tuning_plain", "reporting_plain", "campaigns in ordinary life, no look-alikes"),
)


def _table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = f"### {title}\n\n| {' | '.join(columns)} |\n|{'---|' * len(columns)}\n"
    return head + "\n".join(f"| {' | '.join(r)} |" for r in rows)


def _of(n: int, total: int) -> str:
    low, high = wilson_interval(n, total)
    return f"{n} of {total:,} (95 % interval {low:.3f} to {high:.3f})"


def _errors(results: Record) -> str:
    free = results["free"]
    named = sum(r["organic_named"] for r in free)
    rows = [
        ["worlds with a finding of tier observed or better", _of(sum(r["findings"] > 0 for r in free), len(free))],
        ["organic accounts named, per 10,000", f"{1e4 * named / sum(r['organic'] for r in free):.2f} ({named})"],
    ]
    for name in LOOKALIKES:
        above = sum(name in r["lookalikes_named"] for r in free)
        seen = sum(name in r["lookalikes_described"] for r in free)
        rows.append(
            [f"{name.replace('_', ' ')}: named; described, with the explanation", f"{_of(above, len(free))}; {seen}"]
        )
    return _table(
        f"{len(free)} worlds without campaigns, every confounder and look-alike on", ("figure", "value"), rows
    )


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
                _of(false, n),
                f"{1e4 * named / organic:.2f}",
            ]
        )
        for k, name in enumerate(names):
            n_found = sum(2 * r["campaigns"][k]["listed"] >= r["campaigns"][k]["accounts"] for r in records)
            rows.append(
                [
                    f"{name}: groups found; core; listed",
                    _of(n_found, len(records)),
                    f"{pooled(records, k, 'core'):.3f}; {pooled(records, k, 'listed'):.3f}",
                ]
            )
    return _table("Campaigns among all look-alikes", ("", "groups", "accounts"), rows)


def _peers(results: Record, tuning: str, reporting: str, title: str) -> str:
    """Every method at its default, and at the strictness that found most at a false share of at most 5 % on the tuning worlds."""
    rows = [_method_row("houselights", "q = 0.05", _rows_of(results[reporting], "houselights", 0.0))]
    for baseline in BASELINES:
        rows.append(
            _method_row(baseline.name, "default", _rows_of(results[reporting], baseline.name, baseline.default))
        )
        tuned = _tuned(results[tuning], baseline.name, baseline.strictness_values)
        if tuned is None:
            rows.append([baseline.name, "tuned: no strictness keeps 5 %", *["-"] * 8])
        else:
            rows.append(
                _method_row(baseline.name, f"tuned: {tuned:g}", _rows_of(results[reporting], baseline.name, tuned))
            )
    columns = (
        "method",
        "strictness",
        "recall",
        "false groups",
        "but look-alikes",
        "organic named per 10,000",
        "ordinary named",
        "PR-AUC",
        "recall at FPR 0.1 %",
        "ARI",
    )
    n = len(results[reporting])
    return _table(
        f"Side by side: {title} ({n} worlds; strictness tuned on {len(results[tuning])} others)", columns, rows
    )


def _rows_of(records: Sequence[Record], method: str, knob: float) -> list[Record]:
    return [
        {**m, "organic": r["organic"]}
        for r in records
        for m in r["methods"]
        if m["method"] == method and m["knob"] == knob
    ]


def _tuned(records: Sequence[Record], method: str, knobs: Sequence[float]) -> float | None:
    """The strictness with the largest recall among those with a realised false share of at most 5 % and any group at all."""
    best: tuple[int, float] | None = None
    for knob in knobs:
        rows = _rows_of(records, method, knob)
        false, groups, found = (sum(r[k] for r in rows) for k in ("false", "groups", "found"))
        if groups and false <= MOST_FALSE_0_1 * groups and (best is None or found > best[0]):
            best = (found, knob)
    return None if best is None else best[1]


def _method_row(name: str, how: str, rows: Sequence[Record]) -> list[str]:
    total = {
        k: sum(r[k] for r in rows)
        for k in (
            "found",
            "planted",
            "false",
            "groups",
            "false_but_lookalike",
            "organic_named",
            "organic",
            "ordinary_named",
        )
    }
    mean = {k: float(np.mean([r[k] for r in rows])) for k in ("average_precision", "recall_at_fpr", "adjusted_rand")}
    return [
        name,
        how,
        f"{total['found'] / total['planted']:.3f}",
        f"{total['false']} of {total['groups']}",
        str(total["false_but_lookalike"]),
        f"{1e4 * total['organic_named'] / total['organic']:.1f}",
        str(total["ordinary_named"]),
        *(f"{mean[k]:.2f}" for k in ("average_precision", "recall_at_fpr", "adjusted_rand")),
    ]


def _inflation(found: Record) -> str:
    rows = [
        [kind, f"{n:,}", *(f"{k / n / level:.2f} ({k})" for k, level in zip(counts, found["levels"], strict=True))]
        for kind, (n, *counts) in found["counts"].items()
    ]
    columns = ("p-values of", "number", *(f"at {level:g}" for level in found["levels"]))
    return _table(
        f"Inflation: share of p-values under a level, over the level (how many); {found['worlds']} worlds of ordinary life",
        columns,
        rows,
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
    return _table("Share of accounts listed, as campaigns get harder", ("what", "listed"), rows) if rows else ""


def _delay(records: Sequence[Record]) -> str:
    rows = []
    for k, name in enumerate(NAMES):
        days = [r["first_day"][k] for r in records]
        known = sorted(d for d in days if d is not None)
        rows.append([name, f"{known[len(known) // 2] if known else '-'}", f"{len(known)} of {len(days)}"])
    return _table(
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
            [format_, _of(sum(r["findings"] > 0 for r in free), len(free)), f"{named / planted:.3f}", by_language]
        )
    columns = (
        "read from",
        "worlds without campaigns that have a finding",
        "planted accounts named",
        "organic accounts named, by language",
    )
    return _table("The same worlds from several formats", columns, rows)


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
    rows.append(["**all**", *(_of(n, total) for n, total in sums)])
    return _table(
        "Planted by calibration: found with a copy of the data to itself, and five to a copy",
        ("group", "alone", "five to a copy"),
        rows,
    )


def _alarms(row: Record) -> int:
    return sum(n for k, n in row["flagged"].items() if k.startswith("ordinary"))


def _chosen(rows: Sequence[Record]) -> list[Record]:
    """houselights at every q; each baseline at its default and at the strictness that flags most at no more alarms than houselights."""
    ours = [r for r in rows if r["method"] == "houselights"]
    most = max(_alarms(r) for r in ours)
    out = list(ours)
    for baseline in BASELINES:
        mine = [r for r in rows if r["method"] == baseline.name]
        out += [r for r in mine if r["knob"] == baseline.default]
        quiet = [r for r in mine if _alarms(r) <= most and r["knob"] != baseline.default]
        out += sorted(quiet, key=lambda r: -sum(r["flagged"].values()))[:1]
    return out


def _real(found: Record) -> str:
    if "skipped" in found:
        return f"Real sets: skipped, {found['skipped']}."
    blocks = []
    for span, part in found.items():
        total = Counter(part["accounts"])
        kinds = sorted(k for k in total if not k.startswith("ordinary") and total[k] >= 25)
        ordinary = sum(n for k, n in total.items() if k.startswith("ordinary"))
        rows = []
        for r in _chosen(part["rows"]):
            flagged = Counter(r["flagged"])
            alarms = _alarms(r)
            if sum(flagged.values()):
                rows.append(
                    [
                        r["method"],
                        f"{r['knob']:g}",
                        f"{alarms} of {ordinary:,}",
                        *(f"{flagged[k]} of {total[k]}" for k in kinds),
                    ]
                )
        blocks.append(
            _table(
                f"Real accounts of one operation among ordinary ones, {span}",
                ("method", "strictness", "ordinary flagged", *kinds),
                rows,
            )
        )
    return "\n\n".join(blocks)
