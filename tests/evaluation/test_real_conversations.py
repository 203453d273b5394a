"""A known operation mixed into ordinary conversations: the operation is found, ordinary people are not named.

The data is not part of this repository; without it these tests are skipped.
"""

import csv
import json
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from houselights.core.settings import ReadSettings, ScanSettings
from houselights.outlets.options import time
from houselights.pipeline import scan

SHARED = Path(__file__).resolve().parents[3] / "shared"
MIX = SHARED / "tools" / "make_dev_mix.py"

pytestmark = pytest.mark.skipif(
    not MIX.is_file() or not (SHARED / "data" / "ira_2015h2").is_dir(), reason="evaluation data is not on this machine"
)

Members = list[dict[str, object]]


def mixed(folder: Path, *options: str) -> Path:
    subprocess.run([sys.executable, str(MIX), str(folder), *options], check=True, capture_output=True)
    return folder


def labels(folder: Path) -> dict[str, tuple[str, bool]]:
    with open(folder / "labels.csv", encoding="utf-8", newline="") as f:
        return {r["author_id"]: (r["label"], r["active"] == "1") for r in csv.DictReader(f)}


def passed(run: Path) -> Members:
    """Members of findings of tier `observed` or better."""
    tiers = {f["finding_id"]: f["tier"] for f in json.loads((run / "findings.json").read_text(encoding="utf-8"))}
    return [m for m in pq.read_table(run / "members.parquet").to_pylist() if tiers[m["finding_id"]] != "described"]


@pytest.fixture(scope="module")
def mix(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return mixed(tmp_path_factory.mktemp("mix"))


@pytest.mark.slow
def test_two_weeks(mix: Path, tmp_path: Path) -> None:
    scan([mix / "posts.csv"], tmp_path, ScanSettings())
    known = labels(mix)
    core = {str(m["account_id"]) for m in passed(tmp_path) if m["role"] == "core"}
    pool = {a for a, (label, active) in known.items() if label == "NonEnglish" and active}
    assert len(core & pool) >= 0.7 * len(pool)
    assert not [a for a in core if known[a][0].startswith("ordinary")]


@pytest.mark.slow
def test_three_days(mix: Path, tmp_path: Path) -> None:
    read = ReadSettings(since=time("2015-08-06"), until=time("2015-08-09"))
    scan([mix / "posts.csv"], tmp_path, ScanSettings(read=read))
    known = labels(mixed(tmp_path / "labels", "--since", "2015-08-06", "--until", "2015-08-09"))
    members = passed(tmp_path)
    assert not [m for m in members if m["role"] == "core" and known[str(m["account_id"])][0].startswith("ordinary")]
    ids = {m["finding_id"] for m in members}
    groups = [[str(m["account_id"]) for m in members if m["finding_id"] == f] for f in ids]
    clean = [g for g in groups if not any(known[a][0].startswith("ordinary") for a in g)]
    pool = {a for a, (label, active) in known.items() if label == "NonEnglish" and active}
    assert len(pool & {a for g in clean for a in g}) >= 0.8 * len(pool)


@pytest.mark.parametrize("conversation", ["debate", "airline"])
def test_an_ordinary_conversation_alone_names_nobody(conversation: str, tmp_path: Path) -> None:
    scan([mixed(tmp_path / "in", "--only", conversation) / "posts.csv"], tmp_path / "run", ScanSettings())
    assert not [m for m in passed(tmp_path / "run") if m["role"] == "core"]
