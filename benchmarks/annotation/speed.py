"""Cost of annotation: posts through the heads, cached answers joined, and what a call costs the client beside the server.

    python benchmarks/annotation/speed.py [--posts 100000] [--run RUN --about WORDS]

Figures go to speed.json. Posts are made by the simulator, and those of RUN, real ones, are read beside them: what posts say decides how many go
through the dear stages. The server of the client's part answers after half a second, as a loaded one would.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

HERE = Path(__file__).parent
LLM_TESTS = HERE.parents[1] / "tests/llm"
OUT = HERE / "speed.json"
N_CALLS, PARALLEL, N_CACHED = 2000, 64, 10_000
DELAY_S = 0.5

SERVER = """
import json, sys
sys.path.insert(0, sys.argv[1])
from scripted import Script, serving
with serving(Script(lambda body: json.dumps({"stance": "favour", "quote": "good"}), delay_s=float(sys.argv[2]))) as url:
    print(url, flush=True)
    sys.stdin.read()
"""


def heads(n_posts: int) -> dict[str, Any]:
    """Stance and techniques of n posts of simulated worlds."""
    from houselights import worlds
    from houselights.worlds.settings import WorldSettings

    world = worlds.simulate(WorldSettings(n_accounts=max(500, n_posts // 5), n_days=10), 5)
    own = world.posts.filter([k != "repost" for k in world.posts["kind"].to_pylist()]).slice(0, n_posts)
    assert own.num_rows == n_posts
    return _marked(own)


def heads_of(run: Path) -> dict[str, Any]:
    """The same of a run's posts that are no reposts."""
    from houselights.core.tables import POSTS

    posts = pq.read_table(run / POSTS.file)
    return _marked(posts.filter([k != "repost" for k in posts["kind"].to_pylist()]))


def _marked(own: pa.Table) -> dict[str, Any]:
    """Embeddings are included, none of them cached."""
    from houselights.content import by_heads
    from houselights.core.settings import AnnotateSettings
    from houselights.core.tables import POSTS
    from houselights.engine.local import connect

    with tempfile.TemporaryDirectory() as folder:
        pq.write_table(own, Path(folder) / POSTS.file)
        settings = AnnotateSettings(targets=("climate change",), jobs=os.cpu_count() or 1)
        wall, cpu = time.perf_counter(), _cpu()
        marked = by_heads.mark(connect(), Path(folder), ("stance", "techniques"), settings, lambda done, total: None)
        assert len(marked.done) == 2, marked.left_out
        texts = own["text"].to_pylist()
        return {
            "n_posts": own.num_rows,
            "n_distinct_texts": len(set(texts)),
            "mean_characters": round(sum(map(len, texts)) / max(len(texts), 1), 1),
            "n_rows": len(marked.rows),
            "wall_s": round(time.perf_counter() - wall, 1),
            "cpu_s": round(_cpu() - cpu, 1),
        }


def _cpu() -> float:
    """CPU seconds of this process and its finished children."""
    t = os.times()
    return t.user + t.system + t.children_user + t.children_system


def cached() -> dict[str, Any]:
    """10,000 answers in a store, joined with their questions."""
    from houselights.llm import store

    keys = [store.key(f"id{i}", "m", {"seed": 0}) for i in range(N_CACHED)]
    with tempfile.TemporaryDirectory() as folder:
        with store.opened(Path(folder)) as held:
            for i, key in enumerate(keys):
                held.keep(
                    key,
                    store.Answer(
                        f"id{i}",
                        "m",
                        "v",
                        "ok",
                        '{"stance": "favour", "quote": "good"}',
                        "raw " * 20,
                        300,
                        20,
                        1.0,
                        1,
                        "",
                    ),
                )
        begin = time.perf_counter()
        with store.opened(Path(folder)) as held:
            n = len(held.held(keys))
            table = held.answers(keys)
        return {"n": n, "rows": table.num_rows, "wall_s": round(time.perf_counter() - begin, 3)}


def client() -> dict[str, Any]:
    """CPU milliseconds of a call in the client (prompt, request, check, store) at 64 parallel calls; and wall time over the ideal."""
    sys.path.insert(0, str(LLM_TESTS))
    import questions

    from houselights.llm import ask, server, store

    child = subprocess.Popen(
        [sys.executable, "-c", SERVER, str(LLM_TESTS), str(DELAY_S)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdin and child.stdout
    try:
        url = child.stdout.readline().strip()
        with tempfile.TemporaryDirectory() as folder, store.opened(Path(folder)) as held:
            driver = server.Server(url, "scripted", parallel=PARALLEL)
            asked = questions.stance(questions.numbered(N_CALLS + 1), "scripted")
            ask.ask(asked[:1], driver, held, {}, "warm")
            wall, cpu = time.perf_counter(), time.process_time()
            told = ask.ask(asked, driver, held, {}, "fe")
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        assert told.n_asked == N_CALLS
    finally:
        child.stdin.close()
        child.wait()
    ideal = N_CALLS / PARALLEL * DELAY_S
    return {
        "n_calls": N_CALLS,
        "parallel": PARALLEL,
        "cpu_ms_per_call": round(1000 * cpu / N_CALLS, 2),
        "wall_ms_per_call_over_ideal": round(1000 * (wall - ideal) / N_CALLS, 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--posts", type=int, default=100_000)
    parser.add_argument("--only", nargs="*", default=["cached", "client", "heads"])
    parser.add_argument("--run", type=Path, help="also the posts of this run, as heads_of_run")
    parser.add_argument("--about", default="posts of a run", help="what its posts are, for the table")
    args = parser.parse_args()
    parts = {"heads": lambda: heads(args.posts), "cached": cached, "client": client}
    if args.run:
        parts["heads_of_run"] = lambda: {"about": args.about} | heads_of(args.run)
    for part in [*args.only, *(["heads_of_run"] if args.run else [])]:
        told = json.loads(OUT.read_text(encoding="utf-8")) if OUT.exists() else {}
        told[part] = parts[part]()
        print(part, told[part])
        OUT.write_text(json.dumps(told, indent=1, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
