"""Apparent against organic: bias, coverage and width of the estimate on worlds with truth. Writes the tables into README.md beside it.

python benchmarks/opinion/run.py                      everything: about half an hour on one core
python benchmarks/opinion/run.py --only fast          the fast layer: three minutes
python benchmarks/opinion/run.py --only whole size    the whole way on simulated worlds; a million posts
python benchmarks/opinion/run.py --only trends        would it have trended anyway?
"""

import argparse
import json
import resource
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import synthetic
import trended
import whole

HERE = Path(__file__).parent
STORED = HERE / "results.json"
LAYERS = ("fast", "whole", "trends", "size")
NEAR = 1e-6  # shares are rounded to six digits


def size(n: int) -> dict[str, Any]:
    """Seconds of the readout, spike-ins left out, on a run of `n` posts made by hand: accounts, tags, links and findings of 2,000 members."""
    import million

    with tempfile.TemporaryDirectory() as folder:
        run = million.build(Path(folder) / "run", n)
        began = time.monotonic()
        million.read(run)
        wall = time.monotonic() - began
    return {"posts": n, "wall_s": round(wall, 1), "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=LAYERS, default=LAYERS)
    parser.add_argument("--anew", action="store_true", help="forget an earlier run, which is otherwise gone on with")
    kept = (
        "directory where runs and spike-ins of the whole way stay, so that a changed estimator is measured in a minute"
    )
    parser.add_argument("--keep", type=Path, help=kept)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        measure(args, args.keep or Path(folder))


def measure(args: argparse.Namespace, keep: Path) -> None:
    results: dict[str, Any] = json.loads(STORED.read_text()) if STORED.exists() else {}
    for layer in args.only:
        if args.anew:
            results.pop(layer, None)
        if layer == "size":
            with ProcessPoolExecutor(1, get_context("spawn")) as pool:
                results["size"] = pool.submit(size, 1_000_000).result()
        elif layer == "trends":
            rows = results.setdefault(layer, [])
            for k in range(len(rows), trended.N_WORLDS):
                rows.append({"k": k} | trended.one(k))
                _store(results)
        else:
            rows = results.setdefault(layer, [])
            done = {(r["scenario"], r["k"]) for r in rows}
            for name, k in [t for t in _tasks(layer) if t not in done]:
                rows.append({"k": k} | (whole.one(name, k, keep) if layer == "whole" else synthetic.one(name, k)))
                if layer == "whole":
                    print(name, k, rows[-1]["n_found"], flush=True)
                    _store(results)
        _store(results)


def _tasks(layer: str) -> list[tuple[str, int]]:
    if layer == "whole":
        return whole.tasks()
    return [(name, k) for name, s in synthetic.SCENARIOS.items() for k in range(s.n_worlds)]


def _store(results: dict[str, Any]) -> None:
    beside = STORED.with_suffix(".part")
    beside.write_text(json.dumps(results, indent=None, separators=(",", ":")).replace('{"k"', '\n{"k"') + "\n")
    beside.replace(STORED)
    _write(results)


def _column(rows: list[dict[str, Any]], *path: str | int) -> np.ndarray:
    out = []
    for r in rows:
        value: Any = r
        for key in path:
            value = value[key]
        out.append(value)
    return np.array(out, float)


def _covered(truth: np.ndarray, low: np.ndarray, high: np.ndarray) -> str:
    return f"{np.mean((truth >= low - NEAR) & (truth <= high + NEAR)):.2f} ({np.mean(high - low):.3f})"


def _bias(error: np.ndarray) -> str:
    return f"{error.mean():+.3f} ± {error.std() / np.sqrt(max(len(error), 1)):.3f}"


def _lines(layer: str, rows: list[dict[str, Any]]) -> list[str]:
    names = [n for n in synthetic.SCENARIOS if any(r["scenario"] == n for r in rows)]
    out = [
        "| worlds with | n | groups found | manufactured | bias: apparent share | plain removal | **estimate** | RMSE: removal; estimate "
        "| covered (mean width): organic share | the same with one more group undetected | manufactured volume | bias of manufactured |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for name in names:
        mine = [r for r in rows if r["scenario"] == name]
        o, at, made = _column(mine, "organic"), _column(mine, "at", "at"), _column(mine, "made")
        removed = _column(mine, "removed") - o
        out.append(
            f"| {synthetic.SCENARIOS[name].title} | {len(mine)} | {sum(r['n_found'] for r in mine)} of {sum(r['n_campaigns'] for r in mine)} "
            f"| {made.min():.2f} to {made.max():.2f} | {_bias(_column(mine, 'apparent') - o)} | {_bias(removed)} | **{_bias(at - o)}** "
            f"| {np.sqrt(np.mean(removed**2)):.3f}; {np.sqrt(np.mean((at - o) ** 2)):.3f} "
            f"| {_covered(o, _column(mine, 'at', 'low'), _column(mine, 'at', 'high'))} "
            f"| {_covered(o, _column(mine, 'at', 'widest_low'), _column(mine, 'at', 'widest_high'))} "
            f"| {_covered(made, _column(mine, 'made_at', 'low'), _column(mine, 'made_at', 'high'))} "
            f"| {_bias(_column(mine, 'made_at', 'at') - made)} |"
        )
    return out


def _published(rows: list[dict[str, Any]]) -> list[str]:
    out = [
        "| worlds with | bias | organic share covered (mean width) | manufactured volume covered (mean width) |",
        "|---|---|---|---|",
    ]
    for name, scenario in synthetic.SCENARIOS.items():
        mine = [r for r in rows if r["scenario"] == name]
        if mine and not scenario.labels:
            o, made = _column(mine, "organic"), _column(mine, "made")
            p = {(k, i): _column(mine, "published", k, i) for k in ("organic", "made") for i in range(3)}
            out.append(
                f"| {scenario.title} | {_bias(p['organic', 0] - o)} | {_covered(o, p['organic', 1], p['organic', 2])} "
                f"| {_covered(made, p['made', 1], p['made', 2])} |"
            )
    return out


def _whole_facts(rows: list[dict[str, Any]]) -> list[str]:
    listed = [m for r in rows for m in r["membership"]]
    out = []
    for role in ("core", "periphery"):
        mine = [(q, t) for kind, q, t in listed if kind == role]
        if mine:
            out.append(
                f"{role}: {len(mine):,} listed accounts, mean probability of membership as the scan gives it {np.mean([q for q, _ in mine]):.3f}, "
                f"share that are members {np.mean([t for _, t in mine]):.3f}"
            )
    shapes = [tuple(s) for r in rows for s in r["shapes"]]
    right = sum(a == b for a, b in shapes)
    wrong = sorted({f"{a or 'none planted'} taken for {b or 'no tactic'}" for a, b in shapes if a != b})
    out.append(
        f"shape of the finding taken for the tactic that was planted: {right} of {len(shapes)}"
        + (f" ({'; '.join(wrong)})" if wrong else "")
    )
    return out


def _write(results: dict[str, Any]) -> None:
    lines: list[str] = []
    if rows := results.get("fast"):
        lines += [f"### Fast layer: {len(rows)} worlds", "", *_lines("fast", rows), ""]
        lines += ["### The formula as it was first put down, on the same worlds", "", *_published(rows), ""]
    if rows := results.get("whole"):
        lines += [f"### The whole way: {len(rows)} worlds, each with its own spike-ins", "", *_lines("whole", rows), ""]
        lines += [*(f"- {fact}" for fact in _whole_facts(rows)), ""]
    if rows := results.get("trends"):
        lines += ["### Would it have trended anyway?", "", *trended.lines(rows), ""]
    if f := results.get("size"):
        lines += [
            f"{f['posts']:,} posts: readout in {f['wall_s']:.1f} s, peak memory {f['mb']:,} MB (2,000 draws, no spike-ins)."
        ]
    readme = HERE / "README.md"
    text = readme.read_text() if readme.exists() else "<!-- results -->\n<!-- end of results -->\n"
    head, _, rest = text.partition("<!-- results -->\n")
    tail = rest.partition("<!-- end of results -->")[2]
    readme.write_text(f"{head}<!-- results -->\n" + "\n".join(lines) + f"\n<!-- end of results -->{tail}")


if __name__ == "__main__":
    sys.exit(main())
