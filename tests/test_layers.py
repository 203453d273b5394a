"""Who may import whom: the contracts of pyproject.toml hold."""

from pathlib import Path

import pytest
from importlinter.cli import lint_imports

ROOT = Path(__file__).parents[1]


def test_import_contracts_hold(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(ROOT)
    assert lint_imports(config_filename=str(ROOT / "pyproject.toml"), cache_dir=str(tmp_path)) == 0


def test_every_room_is_under_a_contract() -> None:
    rooms = {p.stem for p in (ROOT / "src/houselights").iterdir() if p.suffix == ".py" or (p / "__init__.py").is_file()}
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8").split("[tool.importlinter]")[1]
    assert not {room for room in rooms - {"__init__", "py"} if f"houselights.{room}" not in text}
