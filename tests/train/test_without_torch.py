"""Where the extra is missing, the command says how to get it; what can be wrong before is told first."""

import json
from pathlib import Path

import pytest

from houselights.outlets import cli
from houselights.train import settings


def _base(folder: Path, kind: str) -> Path:
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"architectures": [kind]}), encoding="utf-8")
    return folder


def _train(base: Path, out: Path, *more: str) -> int:
    return cli.main(["train", "stance", "--data", "none.jsonl", "--base", str(base), "--out", str(out), *more])


def test_the_missing_extra_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(settings, "find_spec", lambda name: None)
    assert _train(_base(tmp_path / "base", "LlamaForCausalLM"), tmp_path / "out") == 2
    assert "pip install 'houselights[train]'" in capsys.readouterr().err


def test_a_base_of_the_other_kind_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _train(_base(tmp_path / "base", "RobertaForMaskedLM"), tmp_path / "out") == 2
    assert "--method full" in capsys.readouterr().err
    assert _train(tmp_path / "nothing", tmp_path / "out") == 2
    assert "is no model" in capsys.readouterr().err


def test_a_directory_with_other_things_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    base = _base(tmp_path / "base", "LlamaForCausalLM")
    assert _train(base, base) == 2
    assert "is not empty" in capsys.readouterr().err
    assert _train(base, base, "--resume") == 2
    assert "holds no training" in capsys.readouterr().err
