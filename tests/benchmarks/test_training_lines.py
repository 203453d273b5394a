"""Public sets as lines for training: places are kept, a licence is, and nothing lands in this repository."""

import json
from pathlib import Path

import pytest
from benchmarks.annotation import as_training_lines


def _ptc(folder: Path) -> Path:
    labels = folder / "train-labels-task2-technique-classification"
    labels.mkdir(parents=True)
    (folder / "train-articles").mkdir()
    (folder / "train-articles/article7.txt").write_bytes("A tïtle\n\nA vile plan,\r\nso vile.\n".encode())
    (labels / "article7.task2-TC.labels").write_text("7\tLoaded\t11\t15\n7\tDoubt\t16\t25\n", encoding="utf-8")
    return folder


def test_spans_lie_where_they_lay(tmp_path: Path) -> None:
    out = as_training_lines.write(_ptc(tmp_path / "set"), tmp_path / "out")
    lines = [json.loads(line) for line in (tmp_path / "out/ptc.jsonl").read_text(encoding="utf-8").splitlines()]
    assert list(out.values()) == [3] and {line["group"] for line in lines} == {"7"}
    found = [(s["technique"], line["text"][s["start"] : s["end"]]) for line in lines for s in line["spans"]]
    assert found == [("Loaded", "vile"), ("Doubt", "plan,\r"), ("Doubt", "so")]


def test_what_may_not_be_used_or_written_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="none of the sets"):
        as_training_lines.write(tmp_path, tmp_path / "out")
    with pytest.raises(SystemExit, match="repository"):
        as_training_lines.write(_ptc(tmp_path / "set"), as_training_lines.REPOSITORY / "docs")
    (tmp_path / "set/LICENSE").write_text("CC BY-NC-SA 4.0", encoding="utf-8")
    with pytest.raises(SystemExit, match="forbids commercial use"):
        as_training_lines.write(tmp_path / "set", tmp_path / "out")
