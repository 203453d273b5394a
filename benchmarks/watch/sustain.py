"""Does `houselights watch` keep up? Starts the server and a watch of it, both in processes of their own, and reads the watch's own figures.

    python benchmarks/watch/sustain.py --rate 6000 --seconds 600 --event-rate 300 --horizon-days 0.04 [--tables-every 0]

--event-rate: frames a second of event time: with 300 the clock of the stream runs twenty times as fast as that of the wall, so that a horizon
of .04 days (58 minutes) is full after three minutes. Prints one line every ten seconds, and at the end what came of it. Lag: the frames that the
server should have sent by now, less those that are committed, in seconds.
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
    parser.add_argument("--event-rate", type=int, default=300)
    parser.add_argument("--horizon-days", type=float, default=0.04)
    parser.add_argument("--tables-every", type=float, default=0)
    parser.add_argument("--metrics-port", type=int, default=9431)
    told = parser.parse_args()
    command = [sys.executable, str(HERE / "server.py"), "--rate", str(told.rate)]
    event_s = told.seconds * told.rate / told.event_rate
    command += ["--event-rate", str(told.event_rate), "--seconds", str(event_s)]
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
            "--horizon-days",
            str(told.horizon_days),
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
            first = rows[0]
            sent = min(first["frames_total"] + told.rate * (row["at"] - first["at"]), told.rate * told.seconds)
            rows[-1]["lag_s"] = (sent - now["frames_total"]) / told.rate
            print(
                row["s"],
                int(now["frames_total"]),
                f"{now['frames_per_second']:.0f}/s",
                "queued",
                int(now["queued_chunks"]),
                "lag",
                round(rows[-1]["lag_s"], 1),
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
    filled = told.horizon_days * 86_400 * told.event_rate  # frames until the horizon is full
    full = [r for r in rows if r["frames_total"] > filled] or rows[-2:]
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
                "lag_s_most": round(max(r["lag_s"] for r in rows), 1),
                "lag_s_last": round(last["lag_s"], 1),
                "full_after_s": full[0]["s"],
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
