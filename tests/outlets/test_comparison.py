"""`houselights diff`: what appeared, grew, stayed, faded and is gone."""

import json
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from houselights.core import tables
from houselights.outlets import cli, comparison
from houselights.results import Results


def _changed(run: Path, out: Path, change) -> Results:  # type: ignore[no-untyped-def]
    shutil.copytree(run, out, ignore=shutil.ignore_patterns(".web"))
    findings = json.loads((out / "findings.json").read_text(encoding="utf-8"))
    (out / "findings.json").write_text(json.dumps(change(findings)), encoding="utf-8")
    return Results(out)


def _renamed(run: Path, old: str, new: str) -> None:
    members = pq.read_table(run / tables.MEMBERS.file)
    at = members.column_names.index("finding_id")
    ids = [new if i == old else i for i in members.column("finding_id").to_pylist()]
    pq.write_table(members.set_column(at, "finding_id", [ids]), run / tables.MEMBERS.file)


def test_a_run_beside_itself_stays_as_it_was(run_dir: Path) -> None:
    told = comparison.compare(Results(run_dir), Results(run_dir))
    assert told["counts"] == {"appeared": 0, "grew": 0, "stayed": 3, "faded": 0, "gone": 0}
    assert all(r["accounts"]["came"] == r["accounts"]["left"] == 0 for r in told["findings"])


def test_there_and_back_are_each_others_mirror(run_dir: Path, tmp_path: Path) -> None:
    def later(findings):  # type: ignore[no-untyped-def]
        ring, _pool, desk = findings
        return [ring | {"n_posts": ring["n_posts"] * 2}, desk | {"n_posts": desk["n_posts"] // 2}]

    a, b = Results(run_dir), _changed(run_dir, tmp_path / "b", later)
    forth, back = comparison.compare(a, b)["counts"], comparison.compare(b, a)["counts"]
    assert forth == {"appeared": 0, "grew": 1, "stayed": 0, "faded": 1, "gone": 1}
    assert back == {"appeared": 1, "grew": 1, "stayed": 0, "faded": 1, "gone": 0}


def test_the_same_accounts_under_another_id_are_the_same_pattern(run_dir: Path, tmp_path: Path) -> None:
    def renamed(findings):  # type: ignore[no-untyped-def]
        return [f | {"finding_id": "f-other"} if f["finding_id"] == "f-ring" else f for f in findings]

    b = _changed(run_dir, tmp_path / "b", renamed)
    _renamed(b.run_dir, "f-ring", "f-other")
    told = comparison.compare(Results(run_dir), b)
    one = next(r for r in told["findings"] if r["finding_id"] == "f-other")
    assert (one["change"], one["earlier_id"], one["accounts"]["both"]) == ("stayed", "f-ring", 22)
    assert told["counts"]["appeared"] == told["counts"]["gone"] == 0


def test_nothing_beside_nothing(empty_run_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["diff", str(empty_run_dir), str(empty_run_dir)]) == 0
    assert "Neither run found a pattern." in capsys.readouterr().out


def test_what_is_gone_says_whether_its_time_is_in_the_data(
    run_dir: Path, empty_run_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["diff", str(run_dir), str(empty_run_dir), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["counts"]["gone"] == 3 and all(isinstance(r["in_period"], bool) for r in told["findings"])
    assert cli.main(["diff", str(run_dir), str(run_dir / "nope")]) == 2
