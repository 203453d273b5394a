"""Small worlds and their scans, shared by every law: one world with a ring and a burst, scanned once per kind of file."""

import csv
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from houselights import worlds
from houselights.core.settings import ScanSettings
from houselights.outlets import report
from houselights.pipeline import scan
from houselights.results import Results
from houselights.worlds import CampaignSpec, World, WorldSettings

RING = CampaignSpec("own_content_ring", 14, 36, 30.0)
BURST = CampaignSpec("burst_amplification", 12, 24, 30.0)
PLANTED = WorldSettings(n_accounts=700, n_days=4, campaigns=(RING, BURST), camouflage_0_1=0.3)
TABLES = ("traces.parquet", "findings.json", "members.parquet", "evidence.parquet", "highlights.parquet")


@dataclass(frozen=True)
class Scanned:
    """A RUN directory and what a law asks of it."""

    path: Path

    @cached_property
    def findings(self) -> list[dict[str, Any]]:
        return json.loads((self.path / "findings.json").read_text(encoding="utf-8"))

    @property
    def observed(self) -> list[dict[str, Any]]:
        return [f for f in self.findings if f["tier"] in ("observed", "strong")]

    @cached_property
    def manifest(self) -> dict[str, Any]:
        return json.loads((self.path / "manifest.json").read_text(encoding="utf-8"))

    def rows(self, name: str, finding: dict[str, Any] | None = None) -> list[dict[str, Any]]:
        rows = pq.read_table(self.path / f"{name}.parquet").to_pylist()
        return rows if finding is None else [r for r in rows if r["finding_id"] == finding["finding_id"]]

    def accounts(self, finding: dict[str, Any], *roles: str) -> set[str]:
        return {m["account_id"] for m in self.rows("members", finding) if not roles or m["role"] in roles}

    def bytes(self, *names: str) -> dict[str, bytes]:
        return {name: (self.path / name).read_bytes() for name in names or TABLES}

    def groups(self, world: World, finding: dict[str, Any], *roles: str) -> Counter[str | None]:
        """How many accounts of each true group a finding names."""
        truth = {r["account_id"]: r["group_id"] for r in world.truth.to_pylist()}
        return Counter(truth[a] for a in self.accounts(finding, *roles))


@pytest.fixture(scope="session")
def scanned(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Scanned]:
    """Scans files, or a table of posts, with the report, into a directory of its own."""

    def run(*inputs: Path | pa.Table, settings: ScanSettings | None = None) -> Scanned:
        room = tmp_path_factory.mktemp("scan")
        paths = []
        for k, each in enumerate(inputs):
            if isinstance(each, pa.Table):
                pq.write_table(each, room / f"posts{k}.parquet")
                each = room / f"posts{k}.parquet"
            paths.append(each)
        scan(paths, room / "run", settings or ScanSettings())
        report.write(Results(room / "run"))
        return Scanned(room / "run")

    return run


@pytest.fixture(scope="session")
def planted_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("planted")
    worlds.simulate_to(path, PLANTED, 1)
    return path


@pytest.fixture(scope="session")
def planted() -> World:
    return worlds.simulate(PLANTED, 1)


@pytest.fixture(scope="session")
def from_jsonl(planted_dir: Path, scanned: Callable[..., Scanned]) -> Scanned:
    return scanned(planted_dir / "posts.jsonl")


@pytest.fixture(scope="session")
def from_csv(planted_dir: Path, scanned: Callable[..., Scanned]) -> Scanned:
    return scanned(planted_dir / "posts.csv")


@pytest.fixture(scope="session")
def from_parquet(planted: World, scanned: Callable[..., Scanned]) -> Scanned:
    return scanned(planted.posts)


@pytest.fixture(scope="session")
def csv_rows(planted_dir: Path) -> list[list[str]]:
    with (planted_dir / "posts.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.reader(lines))


@pytest.fixture(scope="session")
def laid_out() -> dict[str, Any]:
    return {"planted": PLANTED, "ring": RING, "burst": BURST}
