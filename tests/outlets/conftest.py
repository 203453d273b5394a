import importlib.util
from pathlib import Path
from types import ModuleType

import pytest


def _load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("made_run", Path(__file__).with_name("made_run.py"))
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def made() -> ModuleType:
    return _load()


@pytest.fixture(scope="session")
def run_dir(made: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made.build(tmp_path_factory.mktemp("made") / "run")


@pytest.fixture(scope="session")
def empty_run_dir(made: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made.build(tmp_path_factory.mktemp("made") / "nothing", nothing=True)
