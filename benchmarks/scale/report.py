"""Renders the figures as the tables of README.md, between its markers."""

from pathlib import Path
from typing import Any

BEGIN, END = "<!-- figures -->", "<!-- end of figures -->"
SIZES = {"1m": 1_000_000, "10m": 10_000_000, "30m": 30_000_000, "100m": 100_000_000}
Figures = dict[str, dict[str, Any]]


def write(figures: Figures, path: Path) -> None:
    before, rest = path.read_text(encoding="utf-8").split(BEGIN)
    after = rest.split(END)[1]
    lines = [*_kernels(figures), "", *_scans(figures), "", *_stages(figures), "", *_rays(figures)]
    path.write_text(f"{before}{BEGIN}\n{chr(10).join(lines)}\n{END}{after}", encoding="utf-8")


def _kernels(figures: Figures) -> list[str]:
    lines = [
        "| pair kernel | actions | CPU s | us an action | peak memory, MB | pairs | result |",
        "|---|---|---|---|---|---|---|",
    ]
    for size, n in SIZES.items():
        for what, name in (("kernel", "as one"), ("shards", "four shards of objects, added")):
            f = figures.get(f"{what}_{size}")
            if f:
                whole = figures.get(f"kernel_{size}", f)
                same = "identical" if f["checksum"] == whole["checksum"] else "DIFFERENT"
                per = 1e6 * f["cpu_s"] / n
                lines.append(
                    f"| {name} | {n:,} | {f['cpu_s']:.1f} | {per:.2f} | {f['mb']:,.0f} | {f['pairs']:,} | {same} |"
                )
    return lines


def _scans(figures: Figures) -> list[str]:
    lines = [
        "| whole scan | posts | traces | CPU s (of which in the system) | us a trace | against 10M | wall s | peak memory, MiB |",
        "|---|---|---|---|---|---|---|---|",
    ]
    base = figures.get("scan_10m")
    for size in SIZES:
        f = figures.get(f"scan_{size}")
        if f:
            per = 1e6 * f["cpu_s"] / f["traces"]
            against = f"{per / (1e6 * base['cpu_s'] / base['traces']):.2f}" if base else ""
            system = f" ({f['system_s']:,.0f})" if "system_s" in f else ""
            lines.append(
                f"| `houselights scan` | {f['posts']:,} | {f['traces']:,} | {f['cpu_s']:,.0f}{system} | {per:.1f} | {against} "
                f"| {f['wall_s']:,.0f} | {f['mb']:,.0f} |"
            )
    return lines


def _stages(figures: Figures) -> list[str]:
    lines = ["| stage, CPU s (peak memory so far, MiB) | " + " | ".join(SIZES) + " |", "|---" * (1 + len(SIZES)) + "|"]
    of = {
        size: {s["stage"]: s for s in figures[f"scan_{size}"]["stages"]} for size in SIZES if f"scan_{size}" in figures
    }
    for stage in ("read", "traces", "evidence"):
        cells = [of.get(size, {}).get(stage) for size in SIZES]
        lines.append(
            f"| {stage} | "
            + " | ".join(f"{c['cpu_seconds']:,.0f} ({c['peak_memory_mib_so_far']:,})" if c else "" for c in cells)
            + " |"
        )
    return lines


def _rays(figures: Figures) -> list[str]:
    lines = ["| one machine, wall s | local | Ray | times | tables |", "|---|---|---|---|---|"]
    for size in SIZES:
        here, there = figures.get(f"scan_{size}"), figures.get(f"ray_{size}")
        if here and there:
            same = "identical" if here["checksum"] == there["checksum"] else "DIFFERENT"
            times = there["wall_s"] / here["wall_s"]
            lines.append(f"| {size} traces | {here['wall_s']:,.0f} | {there['wall_s']:,.0f} | {times:.2f} | {same} |")
    return lines if len(lines) > 2 else []
