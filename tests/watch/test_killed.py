"""Killed at any moment and started again, a watch ends with the tables of one that nobody stopped."""

import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import made_frames
import pytest

from houselights.watch import tables

HERE = Path(__file__).parent
COMPARED = (
    *("posts.parquet", "rejects.parquet", "late.parquet", "traces.parquet", "members.parquet", "evidence.parquet"),
    *("highlights.parquet", "findings.json", "alerts.parquet"),
)


def run_plans(source: str, run_dir: Path, plans: list[tuple[str, float, int]], **over: object) -> list[int]:
    command = [sys.executable, str(HERE / "running.py"), source, str(run_dir), json.dumps(plans), json.dumps(over)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return [json.loads(line)[2] for line in done.stdout.splitlines()]


def contents(run_dir: Path) -> dict[str, bytes]:
    return {name: (run_dir / name).read_bytes() for name in COMPARED}


def known_of_groups(run_dir: Path) -> dict[str, Any]:
    """What alerts know: it decides what they will say."""
    told = json.loads((run_dir / ".watch/state.json").read_text())["alerts"]
    return json.loads((run_dir / ".watch" / told["groups"]).read_text()) | {"closed_us": told["closed_us"]}


def whole_and_killed(tmp_path: Path, n_frames: int, plans: list[tuple[str, float, int]], **over: object) -> list[int]:
    source = tmp_path / "frames.jsonl"
    source.write_bytes(b"".join(f + b"\n" for f in made_frames.mixed(n_frames, seed=1)))
    run_plans(str(source), tmp_path / "whole", [("whole", 0, 20_000)], **over)
    ended = run_plans(str(source), tmp_path / "killed", [*plans, ("whole", 0, 150)], **over)
    assert ended[-1] == 0
    for run_dir in (tmp_path / "whole", tmp_path / "killed"):
        tables.write(run_dir)
    whole, killed = contents(tmp_path / "whole"), contents(tmp_path / "killed")
    assert [name for name in COMPARED if whole[name] != killed[name]] == []
    one, other = (known_of_groups(tmp_path / name) for name in ("whole", "killed"))
    assert one == other and (n_frames < 1000 or one["groups"])
    return ended


def test_three_kills_change_nothing(tmp_path: Path) -> None:
    plans: list[tuple[str, float, int]] = [("rename", 2, 90), ("rename", 5, 170), ("rename", 12, 60)]
    ended = whole_and_killed(tmp_path, 1500, plans)
    assert ended[:-1] == [-9, -9, -9]


@pytest.mark.slow
@pytest.mark.parametrize("over", [{}, {"horizon_s": 1200.0, "lateness_s": 200.0}, {"horizon_posts": 700}])
def test_fifty_random_kills_change_nothing(tmp_path: Path, over: dict[str, float]) -> None:
    rng = random.Random(7)
    plans = [
        ("rename", rng.randrange(1, 9), rng.randrange(20, 120))
        if rng.random() < 0.5
        else ("after", rng.uniform(1, 9), rng.randrange(20, 120))
        for _ in range(50)
    ]
    ended = whole_and_killed(tmp_path, 6_000, plans, **over)
    assert ended[:-1].count(-9) == 50
