"""Labelled lines: what is wrong is told with file and line, and no group or text is on both sides of a split. Needs no torch."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from houselights.core.errors import HouselightsError
from houselights.train import examples
from houselights.train.examples import Example, Span, read, split

GOOD = {
    "stance": {"text": "no more bridges", "target": "the bridge", "label": "against", "group": "a"},
    "techniques": {"text": "a vile plan", "spans": [{"technique": "Loaded", "start": 2, "end": 6}], "group": "a"},
}


def _file(folder: Path, *lines: object) -> Path:
    path = folder / "lines.jsonl"
    path.write_text("\n".join(x if isinstance(x, str) else json.dumps(x) for x in lines), encoding="utf-8")
    return path


def test_lines_are_read(tmp_path: Path) -> None:
    (row,) = read("stance", [_file(tmp_path, GOOD["stance"])])
    assert row == Example("no more bridges", "a", "the bridge", "against")
    (row,) = read("techniques", [_file(tmp_path, "", GOOD["techniques"], "")])
    assert row.spans == (Span(2, 6, "Loaded"),)


@pytest.mark.parametrize(
    ("task", "bad", "told"),
    [
        ("stance", "{", "no JSON"),
        ("stance", "[" * 100_000, "no JSON"),
        ("stance", [1], "not an object"),
        ("stance", GOOD["stance"] | {"text": " "}, "`text`"),
        ("stance", GOOD["stance"] | {"text": "half \ud800"}, "surrogate"),
        ("stance", GOOD["stance"] | {"label": None}, "`label`"),
        ("stance", GOOD["stance"] | {"label": True}, "`label`"),
        ("stance", {k: v for k, v in GOOD["stance"].items() if k != "group"}, "`group`"),
        ("techniques", GOOD["stance"], "`spans`"),
        ("techniques", GOOD["techniques"] | {"spans": ["vile"]}, "no object"),
        ("techniques", GOOD["techniques"] | {"spans": [{"technique": "x", "start": 0}]}, "whole numbers"),
        ("techniques", GOOD["techniques"] | {"spans": [{"technique": "x", "start": 0, "end": True}]}, "whole numbers"),
        ("techniques", GOOD["techniques"] | {"spans": [{"technique": "x", "start": 5, "end": 5}]}, "does not lie"),
        ("techniques", GOOD["techniques"] | {"spans": [{"technique": "x", "start": 0, "end": 99}]}, "11 characters"),
        ("techniques", GOOD["techniques"] | {"spans": [{"technique": "", "start": 0, "end": 3}]}, "`technique`"),
    ],
)
def test_a_bad_line_is_told_with_file_and_line(tmp_path: Path, task: str, bad: object, told: str) -> None:
    path = _file(tmp_path, GOOD[task], bad, GOOD[task])
    with pytest.raises(HouselightsError) as error:
        read(task, [path])
    message = str(error.value)
    assert f"{path}, line 2: " in message and told in message
    assert message.count("line 2") == 1 and "line 1:" not in message and "line 3:" not in message


def test_many_bad_lines_are_counted(tmp_path: Path) -> None:
    with pytest.raises(HouselightsError, match="and 7 more lines"):
        read("stance", [_file(tmp_path, *["{"] * 12)])


def test_other_encodings_and_missing_files_are_told(tmp_path: Path) -> None:
    path = tmp_path / "latin.jsonl"
    path.write_bytes(b'{"text": "x"}\n' + "caf\u00e9".encode("latin-1"))
    with pytest.raises(HouselightsError, match="line 2: not UTF-8"):
        read("stance", [path])
    with pytest.raises(HouselightsError, match="does not exist"):
        read("stance", [tmp_path / "none"])
    with pytest.raises(HouselightsError, match="no line at all"):
        read("stance", [_file(tmp_path)])


def test_one_group_or_one_label_is_not_enough(tmp_path: Path) -> None:
    rows = [Example("x", "a", "", "for"), Example("y", "a", "", "for")]
    with pytest.raises(HouselightsError, match="one group"):
        split(rows, 0.2, 0)
    with pytest.raises(HouselightsError, match="at least 2 labels"):
        examples.names("stance", rows)


ROWS = st.lists(
    st.builds(Example, st.sampled_from(["x", "y", "z", "x!", "w", "v"]), st.sampled_from("abcdef")), min_size=1
)


@given(ROWS, st.floats(0.01, 0.99), st.integers(0, 99), st.randoms())
def test_no_group_and_no_text_is_on_both_sides(rows: list[Example], share: float, seed: int, random: object) -> None:
    try:
        got = split(rows, share, seed)
    except HouselightsError:
        return
    assert not {r.group for r in got.train} & {r.group for r in got.held_out}
    assert not {r.text for r in got.train} & {r.text for r in got.held_out}
    assert len(got.train) + len(got.held_out) + got.n_twins == len(rows)
    assert got.train and got.held_out
    random.shuffle(rows)  # type: ignore[attr-defined]
    again = split(rows, share, seed)
    assert sorted(map(str, again.train)) == sorted(map(str, got.train))
