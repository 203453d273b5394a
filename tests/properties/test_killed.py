"""A scan killed without warning leaves no half-written table and no result, and running it again gives what it would have given."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from houselights import worlds
from houselights.outlets import cli
from houselights.worlds import CampaignSpec, WorldSettings

SMALL = WorldSettings(
    n_accounts=250, n_days=3, campaigns=(CampaignSpec("burst_amplification", 12, 24, 30.0),), camouflage_0_1=0.3
)
N_NAMES = 14  # names a scan gives: the manifest three times, three of content, eight other files
PLANS: dict[str, tuple[str, object]] = {
    "whole": ("whole", None),
    **{f"before name {k}": ("rename", k) for k in (1, 4, 5, 7, 9, 12, 13, N_NAMES, N_NAMES + 1)},
    **{f"inside {stage}": ("stage", [stage, 0.02]) for stage in ("read", "traces", "evidence", "findings")},
}
KILLED = [name for name in PLANS if name not in ("whole", f"before name {N_NAMES + 1}")]

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="the killed scans are forks")


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("small")
    worlds.simulate_to(path, SMALL, 1)
    return path / "posts.jsonl"


@pytest.fixture(scope="module")
def ended(source: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, int]]:
    """Plan -> directory and how the scan ended. The child has another hash seed than we: the bytes may not depend on it."""
    room = tmp_path_factory.mktemp("killed")
    asked = [[str(room / name.replace(" ", "-")), *plan] for name, plan in PLANS.items()]
    script = Path(__file__).with_name("kill_scans.py")
    environment = os.environ | {"PYTHONHASHSEED": "12345"}
    done = subprocess.run(
        [sys.executable, str(script), str(source), json.dumps(asked)],
        capture_output=True,
        text=True,
        env=environment,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    codes = [json.loads(line) for line in done.stdout.splitlines()]
    return {name: (Path(path), code) for name, (path, code) in zip(PLANS, codes, strict=True)}


def content(run: Path) -> dict[str, bytes]:
    """Everything but the manifest, which holds seconds."""
    return {p.name: p.read_bytes() for p in run.iterdir() if p.name != "manifest.json"}


def test_the_plans_cover_a_whole_scan(ended: dict[str, tuple[Path, int]]) -> None:
    assert ended["whole"][1] == cli.FOUND
    assert ended[f"before name {N_NAMES + 1}"][1] == cli.FOUND, "a scan gives more names than are killed here"
    assert {ended[name][1] for name in KILLED} == {-signal.SIGKILL}


@pytest.mark.parametrize("name", KILLED)
def test_a_killed_scan(
    source: Path, ended: dict[str, tuple[Path, int]], capsys: pytest.CaptureFixture[str], name: str
) -> None:
    run, _ = ended[name]
    for table in run.glob("*.parquet"):
        pq.read_table(table)
    if (run / "findings.json").exists():
        json.loads((run / "findings.json").read_text(encoding="utf-8"))
    if name != f"before name {N_NAMES}":  # there only the report is missing: all tables are whole and say so
        assert cli.main(["explain", str(run), "F0"]) == cli.WRONG_USE
        told = capsys.readouterr().err
        assert "did not finish" in told or "is not a RUN directory" in told
    assert cli.main(["scan", str(source), "--out", str(run), "--quiet"]) == cli.FOUND, capsys.readouterr().err
    assert content(run) == content(ended["whole"][0])


def test_a_scan_over_an_old_result_is_no_result_until_it_ends(source: Path, ended: dict[str, tuple[Path, int]]) -> None:
    """Killed while it replaces a whole result, a scan leaves neither the old nor a mixture."""
    run = ended["whole"][0].parent / "over"
    shutil.copytree(ended["whole"][0], run)
    script = Path(__file__).with_name("kill_scans.py")
    plan = json.dumps([[str(run), "rename", 4]])
    subprocess.run([sys.executable, str(script), str(source), plan], check=True, capture_output=True, timeout=100)
    assert cli.main(["explain", str(run), "F0"]) == cli.WRONG_USE
    assert not (run / "findings.json").exists() and not (run / "report.html").exists()
    cli.main(["scan", str(source), "--out", str(run), "--quiet"])
    assert content(run) == content(ended["whole"][0])
