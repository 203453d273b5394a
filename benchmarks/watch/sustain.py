"""Does `houselights watch` keep up? Starts the server and a watch of it, both in processes of their own, and reads the watch's own figures.

    python benchmarks/watch/sustain.py --rate 6000 --seconds 600 --horizon-posts 1000000 [--tables-every 0]

Prints one line every ten seconds, and at the end what came of it. Lag: wall clock less clock of the stream, less the same at the start
(event time runs as fast as the wall clock).
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

HERE = Path(__file__).parent


def cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def figures(port: int) -> dict[str, float]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    return {
        name.removeprefix("houselights_"): float(value)
        for name, value in (line.split() for line in lines if not line.startswith("#"))
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rate", type=int, default=6000)
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--horizon-posts", type=int, default=1_000_000)
    parser.add_argument("--tables-every", type=float, default=0)
    parser.add_argument("--metrics-port", type=int, default=9431)
    told = parser.parse_args()
    command = [sys.executable, str(HERE / "server.py"), "--rate", str(told.rate), "--seconds", str(told.seconds)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert server.stdout
    port = server.stdout.readline().strip()
    with tempfile.TemporaryDirectory() as folder:
        run_dir = Path(folder) / "run"
        command = [
            sys.executable,
            "-m",
            "houselights.outlets.cli",
            "watch",
            f"ws://127.0.0.1:{port}/subscribe",
            "--out",
            str(run_dir),
            "--quiet",
        ]
        command += [
            "--tables-every",
            str(told.tables_every),
            "--metrics-port",
            str(told.metrics_port),
            "--horizon-posts",
            str(told.horizon_posts),
        ]
        watch = subprocess.Popen(command)
        rows, begun = [], time.time()
        while time.time() - begun < told.seconds + 15:
            time.sleep(10)
            try:
                now = figures(told.metrics_port)
            except OSError:
                continue
            disk = sum(p.stat().st_size for p in (run_dir / ".watch").iterdir() if p.is_file())
            row = {
                "s": round(time.time() - begun),
                "cpu_s": cpu_s(watch.pid),
                "server_cpu_s": cpu_s(server.pid),
                "disk_mib": disk >> 20,
                "at": time.time(),
            }
            rows.append(row | now)
            print(
                row["s"],
                int(now["frames_total"]),
                f"{now['frames_per_second']:.0f}/s",
                "queued",
                int(now["queued_chunks"]),
                "lag",
                round(now.get("lag_seconds", 0) - rows[0].get("lag_seconds", 0), 1),
                "rss MiB",
                int(now["resident_memory_bytes"]) >> 20,
                "disk MiB",
                row["disk_mib"],
                "cpu s",
                row["cpu_s"],
                flush=True,
            )
        watch.send_signal(signal.SIGTERM)
        code = watch.wait(60)
        server.kill()
    rows = [r for r in rows if "lag_seconds" in r]
    full = [r for r in rows if r["frames_total"] > told.horizon_posts * 1.3] or rows[-2:]
    last = rows[-1]
    spent = last["cpu_s"] - rows[0]["cpu_s"]
    frames = last["frames_total"] - rows[0]["frames_total"]
    print(
        json.dumps(
            {
                "exit_code": code,
                "frames": last["frames_total"],
                "expected": told.rate * told.seconds,
                "seconds": told.seconds,
                "cpu_s_per_1000": round(spent / frames * 1000, 4),
                "frames_per_cpu_s": round(frames / spent),
                "lag_s_most": round(max(r["lag_seconds"] for r in rows) - min(r["lag_seconds"] for r in rows[:2]), 1),
                "lag_s_last": round(last["lag_seconds"] - rows[0]["lag_seconds"], 1),
                "rss_mib_when_full": [
                    min(int(r["resident_memory_bytes"]) >> 20 for r in full),
                    max(int(r["resident_memory_bytes"]) >> 20 for r in full),
                ],
                "disk_mib_when_full": [min(r["disk_mib"] for r in full), max(r["disk_mib"] for r in full)],
                "server_cpu_s": last["server_cpu_s"],
            }
        )
    )


if __name__ == "__main__":
    main()
