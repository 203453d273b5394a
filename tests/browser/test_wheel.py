"""Who installs the wheel needs no Node and no network; a wheel built without Node serves everything but the interactive parts."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
DIST = "houselights/outlets/web/static/dist/"


def _sources(to: Path) -> Path:
    """The tree as it is checked in, with what is changed but not yet checked in; nothing that was built."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    for name in listed.stdout.decode().split("\0"):
        if name and (ROOT / name).is_file() and not name.startswith(("tests/", "benchmarks/")):
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, to / name)
    return to


def _wheel(sources: Path, out: Path, path: str) -> Path:
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out)]
    done = subprocess.run(command, cwd=sources, env=os.environ | {"PATH": path}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (wheel,) = out.glob("*.whl")
    return wheel


def _installed(wheel: Path, into: Path) -> Path:
    """The interpreter of a fresh environment with the wheel. What it depends on is lent from the environment of the tests, by path: nothing is
    fetched. (An installation in development there is not lent: its .pth file counts in its own environment alone.)"""
    venv.create(into, with_pip=True)
    python = into / "bin" / "python"
    command = [str(python), "-m", "pip", "install", "-q", "--no-index", "--no-deps", str(wheel)]
    subprocess.run(command, check=True)
    site = Path(sysconfig.get_path("purelib", vars={"base": str(into), "platbase": str(into)}))
    (site / "lent.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return python


def _served_offline(python: Path, run: Path) -> dict[str, Any]:
    alone = ["unshare", "--net", "--map-root-user"]
    if subprocess.run([*alone, "true"], capture_output=True).returncode:
        pytest.fail("this test needs `unshare --net` (util-linux), to take the network away")
    command = [*alone, str(python), "-I", str(Path(__file__).with_name("offline.py")), str(run)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


@pytest.fixture(scope="module")
def run(runs: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    made: Path = runs.hostile(tmp_path_factory.mktemp("wheel") / "run")
    return made


def test_a_wheel_serves_everything_with_the_network_off(tmp_path: Path, run: Path) -> None:
    wheel = _wheel(_sources(tmp_path / "sources"), tmp_path / "out", os.environ["PATH"])
    names = zipfile.ZipFile(wheel).namelist()
    assert DIST + "app.js" in names and DIST + "licenses.txt" in names
    assert not [n for n in names if "node_modules" in n or n.startswith("web/")]
    told = _served_offline(_installed(wheel, tmp_path / "fresh"), run)
    assert told["from"].startswith(str(tmp_path / "fresh")) and not told["network"]
    assert all(status == 200 for status, _ in told["got"].values())
    assert told["scripts"] == ["/static/dist/app.js"] and "import" in told["got"]["/static/dist/app.js"][1]
    assert "interactive parts are not built" not in told["got"]["/"][1]


def test_a_wheel_built_without_node_says_what_is_missing_and_serves_the_rest(tmp_path: Path, run: Path) -> None:
    wheel = _wheel(_sources(tmp_path / "sources"), tmp_path / "out", str(Path(sys.executable).parent))
    assert not [n for n in zipfile.ZipFile(wheel).namelist() if n.startswith(DIST)]
    told = _served_offline(_installed(wheel, tmp_path / "fresh"), run)
    assert all(status == 200 for status, _ in told["got"].values())
    assert told["scripts"] == []
    assert "interactive parts are not built" in told["got"]["/"][1]
