"""Error rates and power on simulated worlds and real sets, beside what others do.

usage: python benchmarks/detection/run.py [--only PART ...] [--share 1.0] [--jobs 2]
Runs every part (or those named), keeps what it measured in results.json, and writes tables and pictures from it. --share 0.1 runs a
tenth of the worlds of each part, for a first look; results of parts that are not run stay.
"""

import argparse
import json
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np
from benchmarks.detection import formats, inflation, pictures, real, report, together
from benchmarks.detection.parts import PARTS

RESULTS = Path(__file__).with_name("results.json")
EXTRA = {"inflation": inflation.run, "real": real.run, "together": together.run, "formats": formats.run}


def one(task: tuple[str, int]) -> dict[str, object]:
    part, i = PARTS[task[0]], task[1]
    return part.record(part.settings(i), part.first_seed + i)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=(*PARTS, *EXTRA, "report"), default=(*PARTS, *EXTRA))
    parser.add_argument("--share", type=float, default=1.0)
    parser.add_argument("--jobs", type=int, default=2)
    args = parser.parse_args()
    results = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    with ProcessPoolExecutor(args.jobs) as pool:
        for name in args.only:
            began = time.perf_counter()
            if name in PARTS:
                n = max(1, round(args.share * PARTS[name].n_worlds))
                results[name] = list(pool.map(one, [(name, i) for i in range(n)]))
            elif name in EXTRA:
                results[name] = EXTRA[name](pool, args.share)
            results.setdefault("wall_s", {})[name] = round(time.perf_counter() - began)
            print(name, results["wall_s"][name], "s", flush=True)
            RESULTS.write_text(
                json.dumps(results, separators=(",", ":"), default=np.generic.item) + "\n", encoding="utf-8"
            )
    pictures.draw(results)
    report.write(results)


if __name__ == "__main__":
    main()
