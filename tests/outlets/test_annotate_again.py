"""What a second `annotate` leaves alone, what is refused before anything is done, and what no server, file or folder may end with a fault."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import loading
from houselights.content import by_heads, embedding, languages, stance_head, technique_head
from houselights.core.tables import (
    ANNOTATIONS,
    ANSWERS,
    CONFUSION,
    DESCRIPTIONS,
    EVIDENCE,
    MEMBERS,
    POSTS,
    PROMPTS,
    SAMPLE,
)
from houselights.llm import server
from houselights.outlets import cli

pytest.importorskip("openai")
pytest.importorskip("jsonschema")


scripted = loading.module(Path(__file__).parents[1] / "llm/scripted.py")
TABLES = (ANNOTATIONS, DESCRIPTIONS, PROMPTS, ANSWERS)


def reader(body: dict[str, Any]) -> str:
    system = body["messages"][0]["content"]
    user = next(m["content"] for m in body["messages"] if m["role"] == "user")
    words = user.split("post:\nBEGIN ")[-1].split("\n", 1)[1].split("\nEND ")[0].split()
    if '"stance"' in system:
        return json.dumps({"quote": words[0], "stance": "favour"} if words else {"quote": "", "stance": "neither"})
    if '"found"' in system:
        return json.dumps({"found": [{"quote": words[0], "technique": "Slogans"}] if words else []})
    if '"fits"' in system:
        return json.dumps({"quote": "", "fits": "no", "reason": "It asks for nothing."})
    if '"did"' in system:
        return json.dumps({"did": "A group posted.", "says": "It says so.", "not_shown": "Who is behind it."})
    return json.dumps({"claim": "The ferry is late.", "name": "The ferry is late"})


@pytest.fixture
def heads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Heads that need no model: every post is marked, and is English where it begins with another letter than s."""
    monkeypatch.setattr(embedding, "chosen", lambda *_: embedding.Model(embedding.EMBEDDED))
    monkeypatch.setattr(embedding, "vectors", lambda texts, *_: np.ones((len(texts), 512), np.float32))
    monkeypatch.setattr(
        languages, "identify", lambda texts: (["de" if t[:1] in "sS" else "en" for t in texts], np.ones(len(texts)))
    )

    def spans(texts: list[str], jobs: int) -> pa.Table:
        rows = [
            {"text_index": i, "technique": "Slogans", "start": 0, "end": 1, "confidence": 0.8}
            for i in range(len(texts))
        ]
        return pa.Table.from_pylist(rows, schema=technique_head.SCHEMA)

    monkeypatch.setattr(technique_head, "spans", spans)


def _annotate(run: Path, *more: str) -> int:
    return cli.main(["annotate", str(run), "--posts", "20", *more])


def _rows(run: Path, table: Any, **values: str) -> list[dict[str, Any]]:
    rows = table.check(pq.read_table(run / table.file)).to_pylist()
    return [r for r in rows if all(r[k] == v for k, v in values.items())]


@pytest.mark.usefixtures("heads")
def test_what_a_run_does_not_do_anew_stays(annotated_run: Path) -> None:
    run = annotated_run
    with scripted.serving(scripted.Script(reader)) as url:
        assert _annotate(run, "--target", "atheism", "--llm", url, "--quiet") == 0
        first = {t.file: pq.read_table(run / t.file) for t in TABLES}
        for more in (["--tasks", "none"], ["--tasks", "stance"], ["--target", "atheism"], ["--tasks", "techniques"]):
            assert _annotate(run, *more, "--quiet") == 0
            assert {t.file: pq.read_table(run / t.file) for t in TABLES} == first, more
        assert _annotate(run, "--target", "the tunnel", "--tasks", "stance", "--quiet") == 0
        both = pq.read_table(run / ANNOTATIONS.file)
        assert both.filter(pa.compute.not_equal(both["target"], "the tunnel")) == first[ANNOTATIONS.file]
        assert (
            _annotate(
                run, "--tasks", "name,stance", "--target", "atheism", "--llm", url, "--llm-model", "other", "--quiet"
            )
            == 0
        )
    for task in ("stance", "techniques"):
        assert _rows(run, ANNOTATIONS, task=task, model="scripted") == [
            r for r in first[ANNOTATIONS.file].to_pylist() if (r["task"], r["model"]) == (task, "scripted")
        ]
    assert len(_rows(run, ANNOTATIONS, task="stance", model="other")) == 20
    assert {r["model"] for r in _rows(run, DESCRIPTIONS, task="name")} == {"other"}  # one name a narrative
    assert {r["model"] for r in _rows(run, DESCRIPTIONS, task="summary")} == {"scripted"}
    assert {r["model"] for r in _rows(run, ANSWERS)} == {"scripted", "other"}


@pytest.mark.usefixtures("heads")
def test_the_order_of_runs_changes_nothing(annotated_run: Path, tmp_path: Path) -> None:
    other = Path(shutil.copytree(annotated_run, tmp_path / "other"))
    for run, order in ((annotated_run, ("atheism", "the tunnel")), (other, ("the tunnel", "atheism"))):
        for target in order:
            assert _annotate(run, "--tasks", "stance", "--target", target, "--quiet") == 0
    assert _rows(other, ANNOTATIONS) == _rows(annotated_run, ANNOTATIONS)


@pytest.mark.usefixtures("heads")
def test_shipped_heads_speak_of_english_alone(annotated_run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _annotate(annotated_run, "--tasks", "stance", "--target", "atheism") == 0
    told = capsys.readouterr().out
    assert "not in English, or whose language cannot be told" in " ".join(told.split())
    text = {p["post_id"]: p["text"] for p in pq.read_table(annotated_run / POSTS.file).to_pylist()}
    rows = _rows(annotated_run, ANNOTATIONS, task="stance")
    foreign = [r for r in rows if text[r["post_id"]][:1] in "sS"]
    assert foreign and all((r["label"], r["confidence"], r["quote"]) == ("unclear", 0.0, "") for r in foreign)
    assert {r["confidence"] for r in rows if text[r["post_id"]][:1] not in "sS"} != {0.0}


@pytest.mark.parametrize(
    ("detected", "platform", "spoken"),
    [
        ("en", "de", True),
        ("en", "", True),
        ("de", "en", False),
        ("und", "en-GB", True),
        ("und", "de", False),
        ("und", "", False),
    ],
)
def test_english_is_what_the_detector_says_else_the_platform(
    monkeypatch: pytest.MonkeyPatch, detected: str, platform: str, spoken: bool
) -> None:
    monkeypatch.setattr(languages, "identify", lambda texts: ([detected] * len(texts), np.ones(len(texts))))
    assert by_heads._in_english(by_heads._Said(["x"], [["p"]], [[platform]])) == [[spoken]]


@pytest.mark.usefixtures("heads")
def test_a_target_without_a_head_is_told(annotated_run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _annotate(annotated_run, "--tasks", "stance,techniques", "--target", "the tunnel") == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "this target has no head" in told and "0 posts marked, " in told
    assert "its counts are no shares" in told
    assert _annotate(annotated_run, "--tasks", "stance", "--target", "the tunnel", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["posts_marked"] == {"head:stance stance the tunnel": 0}
    assert found["posts_unclear"]["head:stance stance the tunnel"] > 20
    assert (
        cli.main(["sample", str(annotated_run), "--target", "the tunnel", "--n", "20", "--quiet"]) == 0
    )  # to learn one


def test_a_recording_is_held_against_the_posts_and_stays_out_of_the_store(
    annotated_run: Path, no_heads: None, tmp_path: Path
) -> None:
    run = annotated_run
    with scripted.serving(scripted.Script(reader)) as url:
        assert _annotate(run, "--llm", url, "--target", "atheism", "--tasks", "stance", "--quiet") == 0
    lies = [
        r | {"answer": a}
        for r, a in zip(
            _rows(run, ANSWERS),
            ['{"stance": "traitor", "quote": "x"}', '{"stance": "favour", "quote": "stands nowhere"}', "{}", "no"] * 99,
            strict=False,
        )
    ]
    pq.write_table(pa.Table.from_pylist(lies, schema=ANSWERS.schema), tmp_path / "lies.parquet")
    before = _rows(run, ANNOTATIONS)
    for t in TABLES:
        (run / t.file).unlink()
    shutil.rmtree(run / ".answers")
    replay = ["--llm", f"replay:{tmp_path / 'lies.parquet'}", "--target", "atheism", "--tasks", "stance"]
    assert before and _annotate(run, *replay, "--dry-run") == 0 and not (run / ANNOTATIONS.file).exists()
    assert _annotate(run, *replay, "--quiet") == 0
    assert not _rows(run, ANNOTATIONS) and {r["status"] for r in _rows(run, ANSWERS)} == {"unfit"}
    assert not (run / ".answers").exists()


@pytest.mark.usefixtures("no_heads")
def test_a_dry_run_makes_no_file(annotated_run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = sorted(p.name for p in annotated_run.iterdir())
    with scripted.serving(scripted.Script(reader)) as url:
        assert _annotate(annotated_run, "--llm", url, "--dry-run", "--quiet") == 0
    assert "tokens to read" in capsys.readouterr().err
    assert sorted(p.name for p in annotated_run.iterdir()) == before


@pytest.mark.usefixtures("no_heads")
@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--llm", "http://[::1"], "is no address"),
        (["--llm", "http://host:port/v1"], "is no address"),
        (["--llm", "http://"], "is no address"),
        (["--target", "the \udcdc"], "--target: it is not UTF-8"),
        (["--llm-model", "\udcdc", "--llm", "http://127.0.0.1:1/v1"], "--llm-model: it is not UTF-8"),
        (["--head", "nowhere.npz"], "is no stance head"),
        (["--weights", "nosuch"], "add --llm embedded"),
        (["--llm-model", "m"], "add --llm"),
        (["--export-batch", "nowhere/x.jsonl", "--llm-model", "m"], "cannot be written"),
        (["--export-batch", "x.jsonl", "--llm-model", "m", "--dry-run"], "Leave one of them out"),
    ],
)
def test_what_cannot_be_is_said_before_anything_is_done(
    annotated_run: Path, capsys: pytest.CaptureFixture[str], options: list[str], sentence: str
) -> None:
    assert cli.main(["annotate", str(annotated_run), *options]) == 2
    assert sentence in capsys.readouterr().err
    assert not (annotated_run / ANNOTATIONS.file).exists()


def test_a_head_of_another_target_is_told(
    annotated_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stance_head.save([stance_head.shipped()["atheism"]], tmp_path / "h.npz")
    for more in ([], ["--target", "the tunnel"]):
        assert cli.main(["annotate", str(annotated_run), "--head", str(tmp_path / "h.npz"), *more]) == 2
        assert "add --target 'atheism'" in capsys.readouterr().err


def test_numbers_have_an_end(annotated_run: Path) -> None:
    with pytest.raises(SystemExit) as stopped:
        cli.main(["annotate", str(annotated_run), "--posts", "9" * 23])
    assert stopped.value.code == 2


@pytest.mark.usefixtures("heads")
@pytest.mark.parametrize("table", [ANNOTATIONS, SAMPLE, CONFUSION, EVIDENCE, MEMBERS, POSTS])
@pytest.mark.parametrize("how", ["damaged", "gone"])
def test_a_damaged_or_missing_table_is_no_fault(
    annotated_run: Path, table: Any, how: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run = annotated_run
    assert _annotate(run, "--tasks", "stance", "--target", "atheism", "--quiet") == 0
    assert cli.main(["sample", str(run), "--target", "atheism", "--n", "30", "--quiet"]) == 0
    sheet = run / "sample.csv"
    lines = [line.split(",")[0] for line in sheet.read_text(encoding="utf-8-sig").splitlines() if line[:1] == "r"]
    sheet.write_text("row,label\n" + "".join(f"{row},favour\n" for row in lines[1:]))
    assert cli.main(["sample", str(run), "--audit", str(sheet), "--quiet"]) == 0
    if how == "gone":
        (run / table.file).unlink()
    else:
        (run / table.file).write_bytes(b"PAR1 no table at all")
    capsys.readouterr()
    for command in (
        ["annotate", str(run), "--tasks", "stance", "--target", "atheism"],
        ["annotate", str(run), "--llm", "replay:" + str(run / ANSWERS.file)],
        ["sample", str(run), "--target", "atheism", "--out", str(run / "again.csv")],
        ["sample", str(run), "--audit", str(sheet)],
    ):
        code = cli.main([*command, "--quiet"])
        assert code in (0, 2) and "fault" not in capsys.readouterr().err


def test_a_sheet_and_a_head_need_a_folder(annotated_run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for more in (
        ["--out", "nowhere/s.csv"],
        ["--audit", "s.csv", "--save-head", "nowhere/h.npz"],
        ["--out", "/proc/self/s.csv"],
    ):
        assert cli.main(["sample", str(annotated_run), "--target", "x", *more]) == 2
        assert "cannot be written" in capsys.readouterr().err


def test_a_scan_says_what_no_model_answered(
    annotated_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import argparse

    from houselights.outlets import model_commands

    monkeypatch.setattr(server, "RETRIES", 0)
    args = argparse.Namespace(
        out=annotated_run, language="en", quiet=True, llm_model="scripted", weights=None, parallel=None, dry_run=False
    )
    args.export_batch = args.import_batch = None
    with scripted.serving(scripted.Script(reader, every=["500"] * 99)) as args.llm:
        model_commands.read_findings(args)
    said = capsys.readouterr().err
    assert "questions have no answer" in said and "the findings are whole" in said
    manifest = json.loads((annotated_run / "manifest.json").read_text())
    assert manifest["complete"] and manifest["language_model"]["unanswered"] > 0
    assert "unanswered, so names or drafts are missing" in (annotated_run / "report.html").read_text()
    with scripted.serving(scripted.Script(reader)) as args.llm:
        model_commands.read_findings(args)
    assert not capsys.readouterr().err
    told = json.loads((annotated_run / "manifest.json").read_text())["language_model"]
    assert told["unanswered"] == 0 and told["answered"] > 0 and not told["stopped"]
    assert "unanswered, so names" not in (annotated_run / "report.html").read_text()
    shutil.rmtree(annotated_run / ".answers")
    args.llm = "http://127.0.0.1:1/v1"  # where nobody answers at all
    model_commands.read_findings(args)
    assert "the findings are whole" in capsys.readouterr().err
    assert json.loads((annotated_run / "manifest.json").read_text())["language_model"]["stopped"]
