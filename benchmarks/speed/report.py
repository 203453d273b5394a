"""Renders the figures as the table of README.md, between its markers."""

from pathlib import Path
from typing import Any

BEGIN, END = "<!-- figures -->", "<!-- end of figures -->"
NAMES = {
    "kernel": "houselights pair kernel",
    "duckdb": "DuckDB, bucketed equi-join",
    "sqlite": "SQLite self-join (the plan of Coordination Network Toolkit)",
}
Figures = dict[str, dict[str, Any]]


def write(figures: Figures, path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    body = "\n".join([*_joins(figures), *_toolkit(figures), *_reads(figures), *_scans(figures)])
    path.write_text(f"{before}{BEGIN}\n{body}\n{END}{after}", encoding="utf-8")


def _joins(figures: Figures) -> list[str]:
    lines = [
        "| pairs with >= 2 shared objects within 60 s | actions | CPU s | times the kernel | peak memory, MB "
        "| pairs | result |",
        "|---|---|---|---|---|---|---|",
    ]
    for size, actions in (("1m", "1,000,000"), ("10m", "10,000,000")):
        base = figures.get(f"kernel_{size}")
        for method, name in NAMES.items():
            found = figures.get(f"{method}_{size}")
            if not found or not base:
                continue
            same = "identical" if found["checksum"] == base["checksum"] else "DIFFERENT"
            lines.append(
                f"| {name} | {actions} | {found['cpu_s']:.2f} | {found['cpu_s'] / base['cpu_s']:.0f} "
                f"(memory {found['mb'] / base['mb']:.1f}) | {found['mb']:,.0f} | {found['pairs']:,} | {same} |"
            )
    return lines


def _toolkit(figures: Figures) -> list[str]:
    found = figures.get("toolkit_1m")
    if not found:
        return []
    same = "the same" if found["identical"] else "DIFFERENT"
    return [
        "",
        f"Coordination Network Toolkit 1.5.2 itself, `co_retweet` on the same million reposts (weight 2 or more): "
        f"{found['cpu_s']:.1f} CPU s after {found['read_cpu_s']:.1f} CPU s of reading; `houselights network --as cnt`, "
        f"from CSV to CSV with start-up: {found['ours_csv_to_csv_cpu_s']:.1f} CPU s; {found['edges']:,} edges, {same}.",
    ]


def _reads(figures: Figures) -> list[str]:
    names = {
        "read_300k": "300,000 X API v2 lines",
        "read_3m": "3,000,000 lines",
        "read_reversed_3m": "3,000,000 lines, the newest first",
    }
    lines = [
        "",
        "| lines -> posts.parquet | GB | CPU s | DuckDB's typed `read_json` -> Parquet, CPU s | times | peak memory, MB |",
    ]
    lines.append("|---|---|---|---|---|---|")
    for case, name in names.items():
        if case in figures:
            f = figures[case]
            ours, peer = f["houselights"], f.get("duckdb")
            beside = f"{peer['cpu_s']:.1f} | {ours['cpu_s'] / peer['cpu_s']:.2f}" if peer else " | "
            lines.append(f"| {name} | {f['bytes'] / 1e9:.1f} | {ours['cpu_s']:.1f} | {beside} | {ours['mb']:,.0f} |")
    return lines if len(lines) > 3 else []


def _scans(figures: Figures) -> list[str]:
    names = {
        "scan_x_api_1m": "`houselights scan`, 1,000,000 X API v2 lines of 1.7 kB",
        "scan_parquet_1m": "`houselights scan`, posts.parquet, 1,000,000 rows",
        "scan_parquet_10m": "`houselights scan`, posts.parquet, 10,000,000 rows",
    }
    lines = ["", "| whole runs | CPU s | wall s | peak memory, MB |", "|---|---|---|---|"]
    for case, name in names.items():
        if case in figures:
            f = figures[case]
            lines.append(f"| {name} | {f['cpu_s']:.1f} | {f['wall_s']:.1f} | {f['mb']:,.0f} |")
    if {"scan_parquet_1m", "scan_parquet_10m"} <= set(figures):
        ratio = figures["scan_parquet_10m"]["cpu_s"] / figures["scan_parquet_1m"]["cpu_s"]
        lines.append(f"| ten times the rows cost | {ratio:.1f} times | | |")
    if "help" in figures:
        lines.append(f"| `houselights --help`, best of 5 | | {figures['help']['wall_s']:.2f} | |")
    return lines if len(lines) > 3 else []
