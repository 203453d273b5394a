"""Coordination Network Toolkit itself, from the package index, on the same reposts; and our edges in its shape."""

import csv
import hashlib
import json
import subprocess
import sys
from pathlib import Path

import numpy as np

WINDOW_S = 60
MIN_WEIGHT = 2
TOOLKIT = """
import contextlib, io, json, pathlib, resource, sys
from coordination_network_toolkit.compute_networks import compute_co_retweet_parallel
from coordination_network_toolkit.graph import get_edge_rows
from coordination_network_toolkit.preprocess import preprocess_csv_files
def cpu():
    both = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return sum(u.ru_utime + u.ru_stime for u in both)
if __name__ == "__main__":
    source, db, out = sys.argv[1:4]
    pathlib.Path(db).unlink(missing_ok=True)
    with contextlib.redirect_stdout(io.StringIO()):
        preprocess_csv_files(db, [source])
        start = cpu()
        compute_co_retweet_parallel(db, 60, n_threads=2, min_edge_weight=2)
    with open(out, "w") as file:
        file.writelines(f"{a},{b},{w}\\n" for a, b, w, _ in get_edge_rows(db, "co_retweet"))
    print(json.dumps({"cpu_s": cpu() - start, "read_cpu_s": start}))
"""


def compare(python: Path, actions: Path, folder: Path) -> dict[str, object]:
    """CPU seconds of the Toolkit's join and of ours from CSV to CSV, and whether the edges are the same."""
    source = folder / "messages_1m.csv"
    if not source.exists():
        _write_messages(actions, source)
    script = folder / "toolkit_child.py"
    script.write_text(TOOLKIT)
    theirs = folder / "toolkit_edges.csv"
    command = [str(python), str(script), str(source), str(folder / "toolkit.db"), str(theirs)]
    cost = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1])
    ours = json.loads(
        subprocess.run(
            [sys.executable, __file__, str(source), str(folder / "ours")], check=True, capture_output=True
        ).stdout
    )
    same = _digest(theirs.read_text().splitlines()) == _digest(_our_edges(folder / "ours" / "edges.csv"))
    return cost | {"ours_csv_to_csv_cpu_s": ours["cpu_s"], "identical": same, "edges": ours["edges"]}


def _write_messages(actions: Path, source: Path) -> None:
    data = np.load(actions)
    with source.open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["message_id", "user_id", "username", "repost_id", "reply_id", "message", "timestamp", "urls"])
        rows = zip(
            data["account"].tolist(), data["object"].tolist(), (data["at_us"] // 1_000_000).tolist(), strict=True
        )
        out.writerows((f"m{i}", f"u{a}", f"u{a}", f"o{o}", "", "", t, "") for i, (a, o, t) in enumerate(rows))


def _our_edges(path: Path) -> list[str]:
    with path.open(newline="") as file:
        return [",".join(row[:3]) for row in list(csv.reader(file))[1:]]


def _digest(lines: list[str]) -> str:
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()


def main() -> None:
    import resource

    import duckdb

    from houselights.compat import cnt

    with duckdb.connect() as con:
        n = cnt.network(con, Path(sys.argv[1]), Path(sys.argv[2]), "co_retweet", WINDOW_S, MIN_WEIGHT)
    usage = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps({"cpu_s": usage.ru_utime + usage.ru_stime, "edges": n}))


if __name__ == "__main__":
    main()
