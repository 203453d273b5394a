"""Writes the tables of docs/scale.md: what days of posts take on processors and GPUs. A test fails while the page is out of date.

python docs/scale_arithmetic.py     writes them into the page
"""

import importlib.util
import json
import math
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

PAGE = Path(__file__).with_name("scale.md")
MEASURED = Path(__file__).parents[1] / "benchmarks/scale/results.json"
DAY, HOUR = 86400.0, 3600.0
POSTS_A_DAY = 500e6
TRACES_A_POST = 1.68  # of the benchmark's conversation
BUSY = 0.7  # share of processors that are at work (assumed)
CORES_A_GPU = 24  # of a machine with GPUs (assumed)
DOLLARS_GPU_HOUR = 2.5  # H100, rented (assumed)
DOLLARS_CORE_HOUR = 0.04  # (assumed)
GPUS = (10, 1_000, 10_000)
EVENT_BYTES, EVENTS_A_TRACE = 45, 0.53
SEQUENCES = {"7B": 256, "70B": 256}  # prompts that a replica works on at a time
REPLICA = {"7B": 1, "70B": 4}  # GPUs of a replica
KEPT = 0.8 * 80e9  # bytes of a GPU for weights and cache together (assumed)


def _training() -> ModuleType:
    """Models, rates and lengths are those of the training page."""
    spec = importlib.util.spec_from_file_location("training_arithmetic", PAGE.with_name("training_arithmetic.py"))
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


T = _training()
MODELS = {"7B": T.SMALL, "70B": T.LARGE}


def _scan() -> tuple[str, dict[str, Any]]:
    """The largest whole scan that was measured."""
    figures = json.loads(MEASURED.read_text(encoding="utf-8"))
    size = next(s for s in ("100m", "30m", "10m", "1m") if f"scan_{s}" in figures)
    return size, figures[f"scan_{size}"]


def detection() -> str:
    size, scan = _scan()
    rows = []
    for stage in ("read", "traces", "evidence"):
        cpu = next(s["cpu_seconds"] for s in scan["stages"] if s["stage"] == stage)
        rows.append(_cost(f"{stage}, measured at {size} traces", cpu / scan["traces"]))
    rows.append(_cost("whole scan", scan["cpu_s"] / scan["traces"]))
    return T._table(("stage", "CPU us a trace", "CPU hours a day of posts", "cores all day", "dollars a day"), rows)


def _cost(name: str, s_a_trace: float) -> tuple[str, ...]:
    hours = s_a_trace * POSTS_A_DAY * TRACES_A_POST / HOUR
    cores = math.ceil(hours / 24 / BUSY)
    return name, f"{1e6 * s_a_trace:.1f}", f"{hours:,.1f}", f"{cores:,}", f"{cores * 24 * DOLLARS_CORE_HOUR:,.0f}"


def _seconds_a_post(name: str) -> float:
    """GPU seconds, of all GPUs of a replica together."""
    model = MODELS[name]
    read = 2 * model.multiplied * T.POST / (T.PEAK * T.MFU_READ)
    wrote = 2 * model.multiplied * T.ANSWER / (T.PEAK * T.MFU_WRITE)
    return float(read + wrote)


def reading() -> str:
    rows = []
    for name in MODELS:
        each = _seconds_a_post(name)
        for gpus in GPUS:
            a_day = gpus * DAY / each
            whole = POSTS_A_DAY * each / gpus
            rows.append(
                (
                    name,
                    f"{gpus:,}",
                    f"{gpus / each:,.0f}",
                    f"{a_day / 1e6:,.1f}",
                    f"{100 * min(1.0, a_day / POSTS_A_DAY):.1f} %",
                    T._time(whole),
                    f"{gpus * 24 * DOLLARS_GPU_HOUR:,.0f}",
                    f"{each / HOUR * DOLLARS_GPU_HOUR * 1e6:,.0f}",
                )
            )
    heads = (
        "posts a second",
        "million a day",
        "of a day's posts",
        "one day's posts take",
        "dollars a day",
        "a million posts",
    )
    return str(T._table(("model", "GPUs", *heads), rows))


def placement() -> str:
    rows = []
    for name, model in MODELS.items():
        cache = 2 * model.layers * model.kv * 2 * (T.POST + T.ASKED + T.ANSWER)
        room = REPLICA[name] * KEPT - 2 * model.weights
        most = int(room / cache)
        batch = min(SEQUENCES[name], most)
        each = _seconds_a_post(name) / REPLICA[name] * batch
        for gpus in GPUS:
            replicas = gpus // REPLICA[name]
            machines = math.ceil(gpus / 8)
            events = POSTS_A_DAY * TRACES_A_POST * EVENTS_A_TRACE * EVENT_BYTES / 1e9
            rows.append(
                (
                    name,
                    f"{gpus:,}",
                    f"{machines:,}",
                    f"{replicas:,}",
                    f"{most:,}",
                    f"{batch:,}",
                    f"{each:,.1f}",
                    f"{replicas * batch:,}",
                    f"{CORES_A_GPU * gpus:,}",
                    f"{events:,.0f}",
                )
            )
    heads = (
        "machines",
        "replicas",
        "prompts that fit",
        "rows a batch",
        "s a batch",
        "prompts in flight",
        "cores beside",
        "GB events",
    )
    return str(T._table(("model", "GPUs", *heads), rows))


BLOCKS = {"detection": detection, "reading": reading, "placement": placement}


def text(page: str) -> str:
    return str(T.written(page, BLOCKS))


if __name__ == "__main__":
    PAGE.write_text(text(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
