"""docs/training.md quotes what docs/training_arithmetic.py computes, and that computes what it says."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def arithmetic() -> ModuleType:
    spec = importlib.util.spec_from_file_location("training_arithmetic", ROOT / "docs/training_arithmetic.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["training_arithmetic"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def test_the_training_page_is_current(arithmetic: ModuleType) -> None:
    page = (ROOT / "docs/training.md").read_text(encoding="utf-8")
    assert page == arithmetic.text(page), "run `python docs/training_arithmetic.py`"


def test_shapes_have_the_published_numbers_of_weights(arithmetic: ModuleType) -> None:
    assert arithmetic.ENCODER.weights == pytest.approx(560e6, rel=0.01)  # XLM-R large
    assert arithmetic.SMALL.weights == pytest.approx(7.24e9, rel=0.01)  # Mistral 7B
    assert arithmetic.LARGE.weights == pytest.approx(70.6e9, rel=0.01)  # Llama 3 70B


def test_the_numbers_in_the_words_are_those_of_the_script(arithmetic: ModuleType) -> None:
    full, lora = (arithmetic.Run(arithmetic.LARGE, lora, 64) for lora in (False, True))
    assert round(full.fewest_tokens, -2) == 1600 and round(lora.fewest_tokens, -2) == 1000
    assert round(arithmetic.GPU_HOURS_A_FAILURE, -2) == 50_700
    assert arithmetic.BATCH_MOST == 8192 * 512 and round(arithmetic.BATCH_MOST / 1e6, 1) == 4.2
    large = [arithmetic.Run(m, lora, 10_000) for m in (arithmetic.SMALL, arithmetic.LARGE) for lora in (True, False)]
    assert all(run.computing < 0.5 * run.update for run in large)
    assert all(run.writing / run.interval < 0.02 for run in arithmetic.RUNS)


def test_the_interval_between_checkpoints_loses_least(arithmetic: ModuleType) -> None:
    class Other(arithmetic.Run):  # type: ignore[misc, name-defined]
        factor = 1.0

        @property
        def interval(self) -> float:
            return float(self.factor * super().interval)

    other = Other(arithmetic.SMALL, False, 1000)
    best = other.lost
    for factor in (0.7, 1.4):
        Other.factor = factor
        assert other.lost > best
