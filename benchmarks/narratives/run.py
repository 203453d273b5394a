"""Narratives: error rate and power on simulated worlds, and cost by size. Writes the tables into README.md beside it.

python benchmarks/narratives/run.py                       everything: about an hour on two cores
python benchmarks/narratives/run.py --only swarm free     some parts; the others keep their last figures
python benchmarks/narratives/run.py --share 0.1           a tenth of the worlds
"""

import argparse
import json
import multiprocessing
import os
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import texts

from houselights import pipeline, worlds
from houselights.core.settings import ContentSettings, ScanSettings
from houselights.core.stats import wilson_interval
from houselights.core.tables import MEMBERS, POSTS
from houselights.worlds.settings import LOOKALIKES, TALK, CampaignSpec, WorldSettings

HERE = Path(__file__).parent
NAMING_TIERS = ("observed", "strong", "reviewed")


@dataclass(frozen=True)
class Part:
    title: str
    first_seed: int
    n_worlds: int
    campaigns: tuple[CampaignSpec, ...]


PARTS = {
    "swarm": Part(
        "one message in other words within a minute", 96_500, 20, (CampaignSpec("paraphrase_swarm", 30, 15, 60.0),)
    ),
    "translated": Part(
        "the same, each account in its own language", 96_600, 20, (CampaignSpec("translated_swarm", 30, 15, 60.0),)
    ),
    "slow": Part("within ten minutes", 96_700, 10, (CampaignSpec("paraphrase_swarm", 30, 15, 600.0),)),
    "few": Part("within a minute, ten messages", 96_800, 10, (CampaignSpec("paraphrase_swarm", 30, 10, 60.0),)),
    "free": Part("no campaign", 97_500, 120, ()),
}
SIZES = {"10k": 10_000, "100k": 100_000, "300k": 300_000}
TEXTS = "texts"


def settings_of(part: Part, k: int) -> WorldSettings:
    """Communities with topics of their own, and circles that say the same in words of their own; in campaign-free worlds all look-alikes."""
    lookalikes = TALK if part.campaigns else (*TALK, *LOOKALIKES)
    return WorldSettings(
        n_accounts=1400 if part.campaigns else 1800,
        reaction_speed_sd=(0.5, 1.0, 1.5)[k % 3],
        objects_per_post=1 + k % 3,
        campaigns=part.campaigns,
        lookalikes=lookalikes,
    )


def one(task: tuple[str, int]) -> dict[str, Any]:
    name, k = task
    part = PARTS[name]
    world = worlds.simulate(settings_of(part, k), part.first_seed + k)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / POSTS.file
        pq.write_table(world.posts, path)
        with_them = _scanned(world, path, Path(folder) / "with", True)
        without = _scanned(world, path, Path(folder) / "without", False) if part.campaigns else None
    return {"part": name, "seed": part.first_seed + k, "with": with_them, "without": without}


def _scanned(world: worlds.World, path: Path, run: Path, narratives: bool) -> dict[str, Any]:
    manifest = pipeline.scan([path], run, ScanSettings(content=ContentSettings(narratives=narratives)))
    findings = {f["finding_id"]: f for f in json.loads((run / "findings.json").read_text())}
    role = {r["account_id"]: r for r in world.truth.to_pylist()}
    members = [m for m in pq.read_table(run / MEMBERS.file).to_pylist() if m["role"] != "source"]
    out: dict[str, Any] = {"n_narratives": manifest["content"]["n_narratives"], "groups": []}
    planted = {a for c in world.campaigns.values() for a in c["members"]}
    for id_, finding in findings.items():
        mine = [m for m in members if m["finding_id"] == id_]
        listed, core = (
            {m["account_id"] for m in mine if m["role"] in roles} for roles in (("core", "periphery"), ("core",))
        )
        out["groups"].append(
            {
                "tier": finding["tier"],
                "true": 2 * len(listed & planted) >= len(listed),
                "core_planted": sorted(core & planted),
                "core_others": [role[a]["tactic"] or "ordinary" for a in core - planted],
                "most": _most([role[a]["tactic"] or "ordinary" for a in listed]),
                "explained_by": [e["name"] for e in finding["explanations"] if e["demotes"]],
            }
        )
    out["n_planted"] = len(planted)
    out["n_others"] = len(role) - len(planted)
    return out


def _most(kinds: list[str]) -> str:
    return max(sorted(set(kinds)), key=kinds.count) if kinds else ""


def scale(size: str) -> dict[str, Any]:
    """Posts of a world, embedded, clustered and named from nothing on all cores."""
    n = SIZES[size]
    world = worlds.simulate(WorldSettings(n_accounts=max(300, n // 9), n_days=30.0), 98_000 + n)
    with tempfile.TemporaryDirectory() as folder:
        posts = Path(folder) / POSTS.file
        pq.write_table(world.posts.slice(0, n), posts)
        del world
        from houselights import content
        from houselights.engine.local import connect

        began, cpu = time.monotonic(), time.process_time()
        report = content.write(
            connect(), posts, Path(folder), ContentSettings(narratives=True, jobs=os.cpu_count() or 1)
        )
        wall = time.monotonic() - began
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "posts": n,
        "texts": report.n_texts,
        "narratives": report.n_narratives,
        "wall_s": wall,
        "cpu_s": time.process_time() - cpu + children.ru_utime + children.ru_stime,
        "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=(*PARTS, *SIZES, TEXTS), default=[*PARTS, *SIZES, TEXTS])
    parser.add_argument("--share", type=float, default=1.0, help="of the worlds")
    parser.add_argument(
        "--anew", action="store_true", help="forget the worlds of an earlier run, which are otherwise gone on with"
    )
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    args = parser.parse_args()
    stored = HERE / "results.json"
    results = json.loads(stored.read_text()) if stored.exists() else {}
    for name in args.only:
        if name not in PARTS:
            results[name] = _alone(name)
            _store(stored, results)
            continue
        if args.anew:
            results.pop(name, None)
        rows = results.setdefault(name, [])
        for row in _side_by_side(name, {r["seed"] for r in rows}, args):
            rows.append(row)
            _store(stored, results)


def _store(stored: Path, results: dict[str, Any]) -> None:
    stored.write_text(json.dumps(results, indent=1) + "\n")
    _write(results)


def _alone(size: str) -> dict[str, Any]:
    """In a process of its own, so that its peak memory is its own."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        found = (pool.submit(texts.measure) if size == TEXTS else pool.submit(scale, size)).result()
    print(size, found, flush=True)
    return found


def _side_by_side(name: str, done: set[int], args: argparse.Namespace) -> Iterator[dict[str, Any]]:
    n = max(1, round(PARTS[name].n_worlds * args.share))
    tasks = [(name, k) for k in range(n) if PARTS[name].first_seed + k not in done]
    with ProcessPoolExecutor(args.jobs, multiprocessing.get_context("spawn")) as pool:
        for row in pool.map(one, tasks):
            groups = [
                (g["tier"], g["most"], len(g["core_planted"]), len(g["core_others"])) for g in row["with"]["groups"]
            ]
            print(row["part"], row["seed"], groups, flush=True)
            yield row


def _passed(scanned: dict[str, Any]) -> list[dict[str, Any]]:
    return [g for g in scanned["groups"] if g["tier"] in NAMING_TIERS]


def _recall(rows: list[dict[str, Any]], which: str, tiers: tuple[str, ...]) -> float:
    found = sum(len({a for g in r[which]["groups"] if g["tier"] in tiers for a in g["core_planted"]}) for r in rows)
    return found / sum(r[which]["n_planted"] for r in rows)


def _write(results: dict[str, Any]) -> None:
    lines = [
        "| campaign of 30 accounts | worlds | core recall | core, with those an explanation fits | without narratives "
        "| false groups | others named |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, part in PARTS.items():
        rows = results.get(name)
        if rows and part.campaigns:
            passed = [g for r in rows for g in _passed(r["with"])]
            false = sum(not g["true"] for g in passed)
            named = sum(len(g["core_others"]) for g in passed)
            every = ("described", *NAMING_TIERS)
            lines.append(
                f"| {part.title} | {len(rows)} | {_recall(rows, 'with', NAMING_TIERS):.3f} | {_recall(rows, 'with', every):.3f} "
                f"| {_recall(rows, 'without', every):.3f} | {false} of {len(passed)} | {named} of {sum(r['with']['n_others'] for r in rows):,} |"
            )
    if rows := results.get("free"):
        n = sum(bool(_passed(r["with"])) for r in rows)
        low, high = wilson_interval(n, len(rows))
        named = sum(len(g["core_others"]) for r in rows for g in _passed(r["with"]))
        lines += [
            "",
            f"Without a campaign, all look-alikes on: {n} of {len(rows)} worlds with a finding of tier observed or better "
            f"(95 % interval {low:.3f} to {high:.3f}); "
            f"accounts named: {named} of {sum(r['with']['n_others'] for r in rows):,}.",
        ]
    lines += ["", "| posts | texts | narratives | wall s | CPU s | peak memory, MB |", "|---|---|---|---|---|---|"]
    for size in SIZES:
        if f := results.get(size):
            lines.append(
                f"| {f['posts']:,} | {f['texts']:,} | {f['narratives']:,} | {f['wall_s']:.0f} | {f['cpu_s']:.0f} | {f['mb']:,.0f} |"
            )
    if f := results.get(TEXTS):
        survive = ", ".join(f"{how} {share:.2f}" for how, share in f["survives"].items())
        lines += [
            "",
            f"Near-identical texts: {f['posts']:,} short posts in {f['cpu_s']:.0f} CPU s, peak memory {f['mb']:,.0f} MB. "
            f"Of {f['labelled']:,} labelled texts, pairs within a group against exact word-set similarity of 0.8: "
            f"recall {f['recall']:.3f}, precision {f['precision']:.3f} (all of one original: {f['same_family']:.3f}). "
            f"Share of variants that lie with their original: {survive}.",
        ]
    readme = HERE / "README.md"
    head, _, rest = readme.read_text().partition("<!-- results -->\n")
    tail = rest.partition("<!-- end of results -->")[2]
    readme.write_text(f"{head}<!-- results -->\n" + "\n".join(lines) + f"\n<!-- end of results -->{tail}")


if __name__ == "__main__":
    sys.exit(main())
