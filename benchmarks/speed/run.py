"""Measures the pair kernel against general engines, and whole scans; writes the table into README.md beside it.

    python benchmarks/speed/run.py                                    everything (the last join takes 11 GB)
    python benchmarks/speed/run.py --only kernel_1m sqlite_1m         some; the others keep their last figures
    python benchmarks/speed/run.py --toolkit-python VENV/bin/python   coordination-network-toolkit 1.5.2 is there

Every case runs in a child process. `CPU s` is user and system time of all its threads from loaded arrays to sorted
result; peak memory is that of the whole child. Results of one size are compared by checksum.
"""

import argparse
import hashlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from cost import child

HERE = Path(__file__).parent
WINDOW_US = 60_000_000
ROWS = {"300k": 300_000, "1m": 1_000_000, "3m": 3_000_000, "10m": 10_000_000}
READ_AGAIN = 3
Result = tuple[np.ndarray, np.ndarray, np.ndarray]


def kernel(account: np.ndarray, what: np.ndarray, at_us: np.ndarray) -> Callable[[], Result]:
    from houselights.kernels.pairs import close_pairs

    close_pairs(account[:1000], what[:1000], at_us[:1000], WINDOW_US)  # loads the compiled code

    def run() -> Result:
        found = close_pairs(account, what, at_us, WINDOW_US)
        return found.a, found.b, found.n_shared

    return run


def duckdb_join(account: np.ndarray, what: np.ndarray, at_us: np.ndarray) -> Callable[[], Result]:
    """Equal buckets of one window: a row meets the later rows of its own bucket and of the next."""
    import duckdb
    import pyarrow as pa

    con = duckdb.connect()
    actions = pa.table({"account": account, "object": what, "t": at_us})
    con.register("arrow_actions", actions)
    con.execute(f"CREATE TABLE actions AS SELECT *, t // {WINDOW_US} AS bucket FROM arrow_actions")

    def run() -> Result:
        rows = con.sql(
            f"""
            WITH early AS (SELECT account, object, t, bucket + unnest([0, 1]) AS bucket FROM actions),
            near AS (
                SELECT DISTINCT least(e.account, l.account) AS a, greatest(e.account, l.account) AS b, object
                FROM early e JOIN actions l USING (object, bucket)
                WHERE l.t BETWEEN e.t AND e.t + {WINDOW_US} AND e.account <> l.account
            )
            SELECT a, b, count(*)::INTEGER AS n FROM near GROUP BY a, b HAVING count(*) >= 2 ORDER BY a, b
            """
        ).fetchnumpy()
        return rows["a"], rows["b"], rows["n"]

    return run


def sqlite_join(account: np.ndarray, what: np.ndarray, at_us: np.ndarray) -> Callable[[], Result]:
    """The plan of Coordination Network Toolkit: an index on (object, time), a self-join, groups in both directions."""
    import sqlite3

    db = sqlite3.connect(":memory:")
    db.execute("CREATE TABLE actions (account INTEGER, object INTEGER, at INTEGER)")
    rows = zip(account.tolist(), what.tolist(), at_us.tolist(), strict=True)
    db.executemany("INSERT INTO actions VALUES (?, ?, ?)", rows)

    def run() -> Result:
        db.execute("CREATE INDEX object_time ON actions (object, at)")
        rows = db.execute(
            """
            SELECT one.account AS a, other.account AS b, count(DISTINCT one.object) AS n
            FROM actions one JOIN actions other
              ON one.object = other.object AND other.at BETWEEN one.at - ?1 AND one.at + ?1
            GROUP BY one.account, other.account HAVING n >= 2
            """,
            (WINDOW_US,),
        )
        rows = [row for row in rows if row[0] < row[1]]
        a, b, n = (np.array([r[i] for r in rows], np.int32) for i in range(3))
        return a, b, n

    return run


METHODS = {"kernel": kernel, "duckdb": duckdb_join, "sqlite": sqlite_join}
CASES = ("kernel_1m", "sqlite_1m", "duckdb_1m", "toolkit_1m", "kernel_10m", "duckdb_10m")
READS = ("read_300k", "read_3m", "read_reversed_3m")
SCANS = ("help", "scan_x_api_1m", "scan_parquet_1m", "scan_parquet_10m")


def one(case: str, file: Path) -> None:
    """Runs in the child: prints what it measured as JSON."""
    method, _ = case.split("_")
    data = np.load(file)
    run = METHODS[method](data["account"], data["object"], data["at_us"])
    cpu, wall = time.process_time(), time.monotonic()
    a, b, n = run()
    cpu, wall = time.process_time() - cpu, time.monotonic() - wall
    digest = hashlib.sha256(b"".join(np.ascontiguousarray(c, np.int32).tobytes() for c in (a, b, n))).hexdigest()
    print(json.dumps({"cpu_s": cpu, "wall_s": wall, "pairs": len(a), "checksum": digest[:16]}))


def generated(what: str, size: str, folder: Path) -> Path:
    path = folder / f"{what}_{size}{ {'actions': '.npz', 'x-api': '.jsonl', 'posts': '.parquet'}[what] }"
    if not path.exists():
        child([sys.executable, str(HERE / "generate.py"), what, str(ROWS[size]), "--out", str(path)])
    return path


def reading(lines: Path, folder: Path, is_reversed: bool) -> dict[str, object]:
    """Ours and the peer one after the other, several times where that is quick; the least of each counts."""
    if is_reversed:  # as searches give them: the newest first
        newest_first = lines.with_suffix(".reversed.jsonl")
        if not newest_first.exists():
            with newest_first.open("wb") as out:
                subprocess.run(["tac", str(lines)], stdout=out, check=True)
        lines = newest_first
    methods = ("houselights",) if is_reversed else ("duckdb", "houselights")
    best: dict[str, dict[str, float]] = {}
    for _ in range(READ_AGAIN if lines.stat().st_size < 1 << 30 else 1):
        with tempfile.TemporaryDirectory(dir=folder) as out:
            written = [Path(out) / method for method in methods]
            for method, to in zip(methods, written, strict=True):
                to.mkdir()
                _, cost = child([sys.executable, str(HERE / "reading.py"), method, str(lines), str(to)])
                best[method] = min(best.get(method, cost), cost, key=lambda c: c["cpu_s"])
            if len(written) > 1:
                child([sys.executable, str(HERE / "reading.py"), "same", *map(str, written)])
    return {"bytes": lines.stat().st_size, **best}


def measure(case: str, folder: Path, toolkit: Path | None) -> dict[str, object] | None:
    method, _, size = case.rpartition("_")
    if case == "help":
        command = [str(Path(sys.executable).with_name("houselights")), "--help"]
        return {"wall_s": min(child(command)[1]["wall_s"] for _ in range(5))}
    if case.startswith("read"):
        return reading(generated("x-api", size, folder), folder, is_reversed="reversed" in case)
    if case.startswith("scan"):
        source = generated("x-api" if "x_api" in case else "posts", size, folder)
        command = [str(Path(sys.executable).with_name("houselights")), "scan", str(source), "--quiet"]
        with tempfile.TemporaryDirectory(dir=folder) as out:
            return dict(child([*command, "--out", str(Path(out) / "run")])[1])
    actions = generated("actions", size, folder)
    if method == "toolkit":
        from toolkit import compare

        return compare(toolkit, actions, folder) if toolkit else None
    text, cost = child([sys.executable, __file__, "--child", case, "--input", str(actions)])
    return json.loads(text) | {"mb": cost["mb"]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=(*CASES, *READS, *SCANS), default=[*CASES, *READS, *SCANS])
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "houselights-speed")
    parser.add_argument("--toolkit-python", type=Path)
    parser.add_argument("--child", help=argparse.SUPPRESS)
    parser.add_argument("--input", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child:
        one(args.child, args.input)
        return
    from report import write

    args.folder.mkdir(parents=True, exist_ok=True)
    results = HERE / "results.json"
    figures = json.loads(results.read_text()) if results.exists() else {}
    for case in args.only:
        found = measure(case, args.folder, args.toolkit_python)
        if case == "scan_parquet_10m":  # the machine drifts while this runs: the million rows go before and after it
            again = measure("scan_parquet_1m", args.folder, None)
            figures["scan_parquet_1m"] = {k: (figures["scan_parquet_1m"][k] + v) / 2 for k, v in again.items()}
        if found is not None:
            figures[case] = found
            print(case, found, flush=True)
        results.write_text(json.dumps(figures, indent=1, sort_keys=True) + "\n")
        write(figures, HERE / "README.md")


if __name__ == "__main__":
    main()
