"""Measures the pair kernel and whole scans from a million to a hundred million traces; writes the tables into README.md beside it.

    python benchmarks/scale/run.py                            1M, 10M and 30M (the scan of 30M takes 10 GB of disk and an hour)
    python benchmarks/scale/run.py --only scan_100m           some; the others keep their last figures
    python benchmarks/scale/run.py --only scan_10m ray_10m    both engines on this machine (extra `ray`)

Every case runs in a child process; CPU seconds are those of all its threads and children, peak memory that of the largest of its processes.
"""

import argparse
import hashlib
import json
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "speed")]
from cost import child  # noqa: E402

TRACES = {"1m": 1_000_000, "10m": 10_000_000, "30m": 30_000_000, "100m": 100_000_000}
DEFAULT = [f"{what}_{size}" for what in ("kernel", "scan") for size in ("1m", "10m", "30m")]
CASES = [f"{what}_{size}" for what in ("kernel", "shards", "scan", "ray") for size in TRACES]
WINDOW_US = 60_000_000
TABLES = ("posts", "traces", "members", "evidence", "highlights")


def kernel(size: str, in_shards: bool) -> None:
    """Runs in the child: prints what it measured as JSON. Actions are made here, since a file of them would be read at the same cost."""
    from generate import actions

    from houselights.kernels.pairs import close_pairs
    from houselights.kernels.shards import close_pairs_of_many

    account, what, at_us = actions(TRACES[size])
    close_pairs(account[:1000], what[:1000], at_us[:1000], WINDOW_US)  # loads the compiled code
    Path("/proc/self/clear_refs").write_text("5")  # the peak of making the actions is none of the kernel's
    cpu, wall = time.process_time(), time.monotonic()
    if in_shards:
        found = close_pairs_of_many(account, what, at_us, WINDOW_US, shard_actions=TRACES[size] // 4)
    else:
        found = close_pairs(account, what, at_us, WINDOW_US)
    cpu, wall = time.process_time() - cpu, time.monotonic() - wall
    digest = hashlib.sha256(b"".join(c.tobytes() for c in (found.a, found.b, found.n_shared))).hexdigest()
    print(json.dumps({"cpu_s": cpu, "wall_s": wall, "mb": _peak_mb(), "pairs": len(found.a), "checksum": digest[:16]}))


def _peak_mb() -> float:
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def posts_of(size: str, folder: Path) -> Path:
    from generate_posts import TRACES_PER_POST

    path = folder / f"posts_{size}.parquet"
    if not path.exists():
        n = round(TRACES[size] / TRACES_PER_POST)
        child([sys.executable, str(HERE / "generate_posts.py"), str(n), "--out", str(path)])
    return path


def scan(size: str, folder: Path, engine: str) -> dict[str, Any]:
    """With Ray, the start of the cluster and of its processes counts; compiled code lies on disk once a scan has run."""
    source = posts_of(size, folder)
    command = [str(Path(sys.executable).with_name("houselights")), "scan", str(source), "--quiet", "--engine", engine]
    run = folder / f"run_{size}_{engine}"
    shutil.rmtree(run, ignore_errors=True)
    try:
        _, cost = child([*command, "--out", str(run)])
        manifest = json.loads((run / "manifest.json").read_text())
        digest = hashlib.sha256()
        for table in TABLES:
            digest.update((run / f"{table}.parquet").read_bytes())
        return {
            **cost,
            "traces": sum(manifest["traces"].values()),
            "posts": manifest["accepted"],
            "findings": len(json.loads((run / "findings.json").read_text())),
            "checksum": digest.hexdigest()[:16],
            "stages": manifest["stages"],
        }
    finally:
        shutil.rmtree(run, ignore_errors=True)


def measure(case: str, folder: Path) -> dict[str, Any]:
    what, size = case.split("_")
    if what == "scan":
        return scan(size, folder, "local")
    if what == "ray":
        return scan(size, folder, "ray")
    text, _ = child([sys.executable, __file__, "--child", case])
    return dict(json.loads(text))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=CASES, default=DEFAULT)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "houselights-scale")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child:
        kernel(args.child.split("_")[1], args.child.startswith("shards"))
        return
    from report import write

    args.folder.mkdir(parents=True, exist_ok=True)
    results = HERE / "results.json"
    figures = json.loads(results.read_text()) if results.exists() else {}
    for case in args.only:
        figures[case] = measure(case, args.folder)
        print(case, {k: v for k, v in figures[case].items() if k != "stages"}, flush=True)
        results.write_text(json.dumps(figures, indent=1, sort_keys=True) + "\n")
        write(figures, HERE / "README.md")


if __name__ == "__main__":
    main()
