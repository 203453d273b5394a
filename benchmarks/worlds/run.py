"""The whole procedure on simulated worlds: how often it finds something where nothing is, and what it finds where something is.

usage: python benchmarks/worlds/run.py [--free 100] [--planted 20] [--first-seed 50000] [--jobs 2]
Every world runs traces, evidence and findings as a scan does. Reaction speeds cycle through sd 0.5, 1.0, 1.5 and objects per
post through 1, 2, 3. Prints a line per world and writes the table into benchmarks/worlds/README.md between its markers.
"""

import argparse
import tempfile
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow.parquet as pq

from houselights import findings, traces, worlds
from houselights.core.settings import ScanSettings
from houselights.core.stats import wilson_interval
from houselights.core.tables import POSTS, TRACES
from houselights.engine.local import connect
from houselights.evidence.detect import detect

SPEEDS = (0.5, 1.0, 1.5)
README = Path(__file__).with_name("README.md")
START, END = "<!-- results -->", "<!-- end of results -->"


@dataclass(frozen=True)
class Outcome:
    kind: str
    seed: int
    found: list[tuple[str, bool, dict[str, dict[str, int]]]]  # tier, resolved, role -> truth -> accounts
    planted: dict[str, int]  # tactic or look-alike -> accounts

    @property
    def passed(self) -> list[tuple[str, bool, dict[str, dict[str, int]]]]:
        return [f for f in self.found if f[0] != "described"]


def one(task: tuple[str, int]) -> Outcome:
    kind, seed = task
    preset = {"free": "campaign_free", "plain": "campaign_free", "planted": "planted", "all": "demo"}[kind]
    settings = replace(worlds.preset(preset), reaction_speed_sd=SPEEDS[seed % 3], objects_per_post=1 + (seed // 3) % 3)
    if kind == "plain":
        settings = replace(settings, lookalikes=())
    world = worlds.simulate(settings, seed)
    truth = {r["account_id"]: r["tactic"] or "ordinary" for r in world.truth.to_pylist()}
    with tempfile.TemporaryDirectory() as name:
        run, con, scan = Path(name), connect(threads=1), ScanSettings()
        pq.write_table(world.posts, run / POSTS.file)
        traces.build(con, run / POSTS.file, run / TRACES.file, scan.traces)
        listed = findings.write(con, run, detect(con, run / POSTS.file, run / TRACES.file, scan.evidence), scan)
        members = pq.read_table(run / "members.parquet").to_pylist()
        con.close()
    found = []
    for f in listed:
        roles: dict[str, Counter[str]] = {}
        for m in members:
            if m["finding_id"] == f["finding_id"]:
                roles.setdefault(m["role"], Counter())[truth[m["account_id"]]] += 1
        found.append((f["tier"], f["resolved"], {role: dict(c) for role, c in sorted(roles.items())}))
    return Outcome(kind, seed, found, dict(Counter(truth.values())))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for kind, default in (("plain", 50), ("free", 100), ("planted", 20), ("all", 10)):
        parser.add_argument(f"--{kind}", type=int, default=default)
    parser.add_argument("--first-seed", type=int, default=50000)
    parser.add_argument("--jobs", type=int, default=2)
    args = parser.parse_args()
    tasks = [(k, args.first_seed + i) for k in ("plain", "free", "planted", "all") for i in range(getattr(args, k))]
    outcomes = []
    with ProcessPoolExecutor(args.jobs) as pool:
        for outcome in pool.map(one, tasks):
            outcomes.append(outcome)
            print(outcome.kind, outcome.seed, *outcome.found, sep="\n   ", flush=True)
    table = "\n".join(lines(outcomes, args))
    print(table)
    text = README.read_text(encoding="utf-8")
    README.write_text(
        text[: text.index(START) + len(START)] + f"\n{table}\n" + text[text.index(END) :], encoding="utf-8"
    )


def lines(outcomes: list[Outcome], args: argparse.Namespace) -> list[str]:
    out = [f"Seeds {args.first_seed} and up, q = 0.05.", "", "| worlds | figure | value |", "|---|---|---|"]
    names = {
        "plain": "ordinary life alone",
        "free": "ordinary life and look-alikes",
        "planted": "four campaigns",
        "all": "campaigns and look-alikes",
    }
    for kind, name in names.items():
        mine = [o for o in outcomes if o.kind == kind]
        if not mine:
            continue
        if kind in ("plain", "free"):
            bad = sum(bool(o.passed) for o in mine)
            low, high = wilson_interval(bad, len(mine))
            out.append(
                f"| {name} ({len(mine)}) | worlds with a finding of tier observed or better | {bad} (95 % interval {low:.3f} to {high:.3f}) |"
            )
        innocent = sum(n for o in mine for t, n in o.planted.items() if t not in worlds.TACTICS)
        named = sum(
            n
            for o in mine
            for _, _, roles in o.passed
            for t, n in roles.get("core", {}).items()
            if t not in worlds.TACTICS
        )
        out.append(f"| {name} ({len(mine)}) | innocent accounts named as core | {named} of {innocent:,} |")
        for tactic in worlds.TACTICS:
            planted = [o for o in mine if tactic in o.planted]
            if not planted:
                continue
            total = sum(o.planted[tactic] for o in planted)
            core = sum(
                min(o.planted[tactic], sum(roles.get("core", {}).get(tactic, 0) for _, _, roles in o.passed))
                for o in planted
            )
            groups = sum(_group_found(o, tactic) for o in planted)
            out.append(
                f"| {name} ({len(planted)}) | {tactic}: group found; core recall | {groups} of {len(planted)}; {core / total:.3f} |"
            )
    return out


def _group_found(o: Outcome, tactic: str) -> bool:
    """A finding lists at least half of the group, and the group is most of the finding."""
    for _, _, roles in o.passed:
        listed = Counter()
        for c in roles.values():
            listed.update(c)
        if listed[tactic] >= o.planted[tactic] / 2 and listed[tactic] >= sum(listed.values()) / 2:
            return True
    return False


if __name__ == "__main__":
    main()
