"""The same hand-made events as tests/evidence use."""

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def made() -> ModuleType:
    path = Path(__file__).parents[1] / "evidence" / "made_events.py"
    spec = spec_from_file_location("made_events", path)
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
