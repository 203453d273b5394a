"""The command line: exit codes, sentences instead of tracebacks, and silence where silence was asked for."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from houselights.core.errors import HouselightsError
from houselights.outlets import cli

Outcome = tuple[int, str, str]
Run = Callable[..., Outcome]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.delenv("HOUSELIGHTS_DEBUG", raising=False)

    def call(*argv: object) -> Outcome:
        try:
            code = cli.main([str(a) for a in argv])
        except SystemExit as exc:
            code = int(exc.code or 0)
        out = capsys.readouterr()
        return code, out.out, out.err

    return call


@pytest.fixture
def pipeline(monkeypatch: pytest.MonkeyPatch, made: ModuleType) -> dict[str, Any]:
    """Stands in for the pipeline: writes the made RUN and remembers its settings."""
    seen: dict[str, Any] = {"nothing": False}

    def scan(inputs: list[Path], out_dir: Path, settings: object, progress: object, work: object) -> dict[str, Any]:
        seen.update(inputs=inputs, settings=settings)
        if "raises" in seen:
            raise seen["raises"]
        made.build(out_dir, nothing=seen["nothing"])
        return {}

    monkeypatch.setattr("houselights.pipeline.scan", scan, raising=False)
    return seen


@pytest.fixture
def posts(tmp_path: Path) -> Path:
    path = tmp_path / "posts.csv"
    path.write_text("made\n", encoding="utf-8")
    return path


def test_findings_exit_10_and_are_told(run: Run, pipeline: dict[str, Any], posts: Path, tmp_path: Path) -> None:
    code, out, err = run("scan", posts, "--out", tmp_path / "run")
    assert (code, err) == (10, "")
    for words in ("2 groups of accounts pass", "f-ring", "f-desk", "no_time 2", "known to the minute", "report.html"):
        assert words in " ".join(out.split())
    assert (tmp_path / "run" / "report.html").is_file()


def test_nothing_found_exits_0_and_says_what_was_tested(
    run: Run, pipeline: dict[str, Any], posts: Path, tmp_path: Path
) -> None:
    pipeline["nothing"] = True
    code, out, _ = run("scan", posts, "--out", tmp_path / "run")
    assert code == 0
    assert "Nothing found is a result. Tested:" in " ".join(out.split())


def test_json_is_one_ascii_object(run: Run, pipeline: dict[str, Any], posts: Path, tmp_path: Path) -> None:
    code, out, _ = run("scan", posts, "--out", tmp_path / "run", "--json")
    told = json.loads(out)
    assert out.isascii()
    assert told["exit_code"] == code == 10
    assert [f["finding_id"] for f in told["findings"]] == ["f-ring", "f-pool", "f-desk"]
    assert told["rejected"] == {"no_time": 2, "bad_json": 1}


def test_quiet_is_quiet(run: Run, pipeline: dict[str, Any], posts: Path, tmp_path: Path) -> None:
    assert run("scan", posts, "--out", tmp_path / "run", "--quiet") == (10, "", "")


def test_options_reach_the_settings(run: Run, pipeline: dict[str, Any], posts: Path, tmp_path: Path) -> None:
    options = "--q 0.01 --windows 600,5 --seed 7 --format x_api_v2 --map text=body,author_id=who --account 42"
    times = "--since 2026-03-01 --until 2026-03-02T10:00:00+02:00 --known known.txt"
    run("scan", posts, "--out", tmp_path / "run", *options.split(), *times.split())
    s = pipeline["settings"]
    assert (s.evidence.q, s.evidence.windows_s, s.evidence.seed) == (0.01, (5.0, 600.0), 7)
    assert (s.read.format, s.read.column_map) == ("x_api_v2", {"text": "body", "author_id": "who"})
    assert (s.read.account, s.read.link, s.known_file) == ("42", None, "known.txt")
    assert s.read.since.isoformat() == "2026-03-01T00:00:00+00:00"
    assert s.read.until.isoformat() == "2026-03-02T08:00:00+00:00"


@pytest.mark.parametrize(
    "options",
    [
        "--q 0",
        "--q 1.5",
        "--q many",
        "--windows 0",
        "--windows ten",
        "--windows nan",
        "--seed -1",
        "--map text",
        "--since yesterday",
        "--engine spark",
        "--ray-address 127.0.0.1:6379",
        "--llm embedded",
        "--account a --link b",
        "--since 2026-03-02 --until 2026-03-01",
        "--nonsense",
    ],
)
def test_wrong_use_exits_2_with_a_sentence(
    options: str, run: Run, pipeline: dict[str, Any], posts: Path, tmp_path: Path
) -> None:
    code, out, err = run("scan", posts, "--out", tmp_path / "run", *options.split())
    assert (code, out) == (2, "")
    assert "houselights" in err and "Traceback" not in err
    assert not (tmp_path / "run").exists()


def test_an_engine_that_is_not_installed_is_told(
    run: Run, pipeline: dict[str, Any], posts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    code, _, err = run("scan", posts, "--out", tmp_path / "run", "--engine", "ray")
    assert code == 2 and "pip install 'houselights[ray]'" in err
    assert not (tmp_path / "run").exists()


def test_bad_input_exits_2_without_a_traceback(run: Run, pipeline: dict[str, Any], posts: Path, tmp_path: Path) -> None:
    pipeline["raises"] = HouselightsError("no row is left in \x1b[31mposts.csv")
    code, out, err = run("scan", posts, "--out", tmp_path / "run")
    assert (code, out) == (2, "")
    assert err == "houselights: no row is left in <U+001B>[31mposts.csv\n"
    code, _, err = run("scan", tmp_path / "missing.csv", "--out", tmp_path / "run")
    assert code == 2 and "does not exist" in err


def test_our_fault_exits_1_and_says_how_to_report_it(
    run: Run, pipeline: dict[str, Any], posts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline["raises"] = ZeroDivisionError("x")
    code, out, err = run("scan", posts, "--out", tmp_path / "run")
    assert (code, out) == (1, "")
    assert "fault of houselights" in err and "HOUSELIGHTS_DEBUG=1" in err and "Traceback" not in err
    monkeypatch.setenv("HOUSELIGHTS_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        cli.main(["scan", str(posts), "--out", str(tmp_path / "run")])


def test_an_interrupt_exits_130(run: Run, pipeline: dict[str, Any], posts: Path, tmp_path: Path) -> None:
    pipeline["raises"] = KeyboardInterrupt()
    assert run("scan", posts, "--out", tmp_path / "run")[0] == 130


@pytest.mark.parametrize("told", ["Query interrupted", "Python exception: KeyboardInterrupt"])
def test_an_interrupt_that_came_through_duckdb_is_one(
    run: Run, pipeline: dict[str, Any], posts: Path, tmp_path: Path, told: str
) -> None:
    pipeline["raises"] = RuntimeError(told)
    code, _, err = run("scan", posts, "--out", tmp_path / "run")
    assert code == 130 and "interrupted" in err and "fault" not in err


def test_somebodys_directory_is_refused_and_a_run_is_replaced(
    run: Run, pipeline: dict[str, Any], posts: Path, tmp_path: Path
) -> None:
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    (theirs / "thesis.txt").write_text("years of work", encoding="utf-8")
    code, _, err = run("scan", posts, "--out", theirs)
    assert code == 2 and "is not a RUN directory" in err
    assert run("scan", posts, "--out", posts)[0] == 2
    assert run("scan", posts, "--out", tmp_path / "run")[0] == 10
    assert run("scan", posts, "--out", tmp_path / "run")[0] == 10


def test_explain_tells_evidence_and_is_safe(run: Run, run_dir: Path) -> None:
    code, out, _ = run("explain", run_dir, "f-ring")
    assert code == 0
    assert "\x1b" not in out and "\u202e" not in out and "<U+202E>" in out
    for words in ("20 core accounts", "not a member: copied_writer", "2 accounts counted, not named", "does not fit"):
        assert words in " ".join(out.split())
    code, out, _ = run("explain", run_dir, "f-pool")
    assert "pool0" not in out and "account 1" in out
    code, _, err = run("explain", run_dir, "nope")
    assert code == 2 and "f-ring, f-pool, f-desk" in err
    code, _, err = run("explain", run_dir / "posts.parquet", "f-ring")
    assert code == 2


def test_export_tells_its_files(run: Run, run_dir: Path, tmp_path: Path) -> None:
    code, out, _ = run("export", run_dir, "--to", "gexf", "--out", tmp_path / "deep" / "g.gexf")
    assert code == 0 and Path(out.strip()).is_file()


def test_doctor_is_well(run: Run) -> None:
    code, out, _ = run("doctor")
    assert code == 0 and re.search(r"database +works", out)


def test_formats_are_told(run: Run) -> None:
    from houselights.ingest import formats

    code, out, _ = run("formats")
    assert code == 0 and max(map(len, out.splitlines())) <= 80
    words = " ".join(out.split())
    for f in formats():
        assert all(str(f[c]) in words for c in ("name", "title", "containers", "time_precision", "limits")), f["name"]
    assert out.count("    reposts:") == out.count("    accounts:") == len(formats())
    code, out, _ = run("formats", "--json")
    assert code == 0 and json.loads(out) == {"formats": formats()}


def _houselights(*argv: str, **more: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "houselights.outlets.cli", *argv], capture_output=True, text=True, **more
    )


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from houselights.outlets import cli; cli.build_parser().format_help();"
        "print([m for m in ('duckdb', 'numpy', 'pyarrow', 'numba', 'igraph', 'rich') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_closed_pipe_is_quiet(run_dir: Path) -> None:
    command = f'"{sys.executable}" -m houselights.outlets.cli explain "{run_dir}" f-ring | head -c 5'
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True)
    assert done.stderr == ""


def test_a_terminal_without_utf8_does_not_end_it(run_dir: Path) -> None:
    done = _houselights("explain", str(run_dir), "f-ring", env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert done.returncode == 0, done.stderr
