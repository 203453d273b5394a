"""`houselights annotate` and `sample`: a model over real sockets, a hand-made RUN with hostile posts, the tables, the report, the exit codes."""

import csv
import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

import loading
from houselights.core.tables import (
    ANNOTATIONS,
    ANSWERS,
    CONFUSION,
    DESCRIPTIONS,
    POSTS,
    PROMPTS,
)
from houselights.llm import server
from houselights.outlets import cli

pytest.importorskip("openai")
pytest.importorskip("jsonschema")


scripted = loading.module(Path(__file__).parents[1] / "llm/scripted.py")


def reader(body: dict[str, Any]) -> str:
    """Answers each task as a model would that reads the first word of the last post."""
    system = body["messages"][0]["content"]
    user = next(m["content"] for m in body["messages"] if m["role"] == "user")
    posts = user.split("post:\nBEGIN ")[1:]
    first = posts[0].split("\n", 1)[1].split("\nEND ")[0] if posts else ""
    word = first.split()[0] if first.split() else ""
    if '"stance"' in system:
        return json.dumps({"quote": word, "stance": "favour" if word else "neither"})
    if '"found"' in system:
        return json.dumps({"found": [{"quote": word, "technique": "Slogans"}] if word else []})
    if '"fits"' in system:
        return json.dumps({"quote": word, "fits": "yes", "reason": "It asks <b>to be signed</b>."})
    if '"did"' in system:
        return json.dumps(
            {"did": "A group posted", "says": "that <script>alert(1)</script>", "not_shown": "who is behind it."}
        )
    return json.dumps({"claim": "The ferry is late.", "name": "The ferry is late <i>again</i>"})


@pytest.fixture
def run(annotated_run: Path) -> Path:
    return annotated_run


def _annotate(run: Path, url: str, *more: str) -> int:
    return cli.main(["annotate", str(run), "--llm", url, "--target", "the ferry", "--posts", "40", *more])


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.usefixtures("no_heads")
def test_the_whole_way(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    untouched = {p.name: _digest(p) for p in run.iterdir() if p.is_file() and p.name != "report.html"}
    script = scripted.Script(reader)
    with scripted.serving(script) as url:
        assert _annotate(run, url) == 0
        first = sum(script.asked.values())
        told = capsys.readouterr()
        assert _annotate(run, url, "--quiet") == 0
    assert sum(script.asked.values()) == first > 40
    assert "calls" in told.err and "unknown time" in told.err
    assert "unverified" in told.out and "houselights[narratives]" in told.out and "<i>again" in told.out
    assert {n: _digest(run / n) for n in untouched} == untouched  # findings, members and evidence are the same bytes
    text = {p["post_id"]: p["text"] for p in pq.read_table(run / POSTS.file).to_pylist()}
    marks = ANNOTATIONS.check(pq.read_table(run / ANNOTATIONS.file)).to_pylist()
    assert {m["task"] for m in marks} == {"stance", "techniques"} and {m["model"] for m in marks} == {"scripted"}
    for m in marks:
        assert 0 <= m["start"] <= m["end"] <= len(text[m["post_id"]])
        assert text[m["post_id"]][m["start"] : m["end"]] == m["quote"] and m["confidence"] is None
    described = DESCRIPTIONS.check(pq.read_table(run / DESCRIPTIONS.file)).to_pylist()
    assert {d["task"] for d in described} == {"name", "summary", "explanation"}
    assert (
        PROMPTS.check(pq.read_table(run / PROMPTS.file)).num_rows
        >= ANSWERS.check(pq.read_table(run / ANSWERS.file)).num_rows
    )
    page = (run / "report.html").read_text()
    assert "Drafted by scripted, not checked by a person" in page and "name drafted by a model" in page
    assert "<script>alert(1)" not in page and "<i>again</i>" not in page and "it changes no outcome" in page


@pytest.mark.usefixtures("no_heads")
def test_no_account_goes_to_the_model_beside_the_posts(run: Path) -> None:
    script = scripted.Script(reader)
    with scripted.serving(script) as url:
        assert _annotate(run, url, "--quiet", "--tasks", "summary,explanation,name") == 0
    sent = " ".join(m["content"] for b in script.bodies for m in b["messages"])
    posts = " ".join(p["text"] for p in pq.read_table(run / POSTS.file).to_pylist())
    members = pq.read_table(run / "members.parquet")["account_id"].to_pylist()
    assert not [m for m in members if m in sent and m not in posts]


@pytest.mark.usefixtures("no_heads")
def test_a_dry_run_asks_nothing(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    script = scripted.Script(reader)
    with scripted.serving(script) as url:
        assert _annotate(run, url, "--dry-run") == 0
    assert not script.bodies and "tokens to read" in capsys.readouterr().err
    assert not (run / ANNOTATIONS.file).exists()


@pytest.mark.usefixtures("no_heads")
def test_what_is_not_answered_is_told_and_asked_again(
    run: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "RETRIES", 1)
    script = scripted.Script(reader)
    with scripted.serving(script) as url:
        assert _annotate(run, url, "--quiet", "--tasks", "techniques") == 0
        question = next(iter(script.asked))
        shutil.rmtree(run / ".answers")
        script.faults[question] = ["503"] * 99
        code = _annotate(run, url, "--quiet", "--tasks", "techniques")
    assert code == 2 and "1 questions have no answer" in capsys.readouterr().err


@pytest.mark.usefixtures("no_heads")
def test_batch_files_and_recordings_give_the_same_tables(run: Path, tmp_path: Path) -> None:
    script = scripted.Script(reader)
    with scripted.serving(script) as url:
        assert _annotate(run, url, "--quiet") == 0
    online = {t.file: pq.read_table(run / t.file) for t in (ANNOTATIONS, DESCRIPTIONS)}
    shutil.copy(run / ANSWERS.file, tmp_path / "recorded.parquet")
    other = Path(shutil.copytree(run, tmp_path / "other", ignore=shutil.ignore_patterns(".answers")))
    assert _annotate(other, f"replay:{tmp_path / 'recorded.parquet'}", "--quiet") == 0
    assert {f: pq.read_table(other / f) for f in online} == online
    assert not (other / ".answers").exists()  # a recording is not what the model answers here
    out, back = tmp_path / "out.jsonl", tmp_path / "back.jsonl"
    common = ["--target", "the ferry", "--posts", "40", "--quiet", "--llm-model", "scripted"]
    assert cli.main(["annotate", str(other), "--export-batch", str(out), *common]) == 0
    with back.open("w") as file:
        for line in out.read_text().splitlines():
            request = json.loads(line)
            body = scripted._Handler.completion(reader(request["body"]), "stop")
            file.write(
                json.dumps({"custom_id": request["custom_id"], "response": {"status_code": 200, "body": body}}) + "\n"
            )
    assert cli.main(["annotate", str(other), "--import-batch", str(back), *common]) == 0
    assert {f: pq.read_table(other / f) for f in online} == online


@pytest.mark.usefixtures("no_heads")
@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--llm", "localhost:8000"], "is no address"),
        (["--llm", "embedded", "--weights", "nowhere.gguf"], "does not exist"),
        (["--tasks", "verdict"], "there is no task"),
        (["--export-batch", "x.jsonl"], "name it with --llm-model"),
        (["--llm", "replay:nowhere"], "no recorded answers"),
    ],
)
def test_wrong_use_is_one_sentence(
    run: Path, capsys: pytest.CaptureFixture[str], options: list[str], sentence: str
) -> None:
    assert cli.main(["annotate", str(run), *options]) == 2
    assert sentence in capsys.readouterr().err


def test_no_weights_is_one_sentence(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HOUSELIGHTS_MODELS", str(tmp_path / "none"))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "none"))
    assert cli.main(["annotate", str(run), "--llm", "embedded"]) == 2
    assert "houselights models fetch" in capsys.readouterr().err
    assert cli.main(["models", "list"]) == 0
    assert "not here" in capsys.readouterr().out


@pytest.mark.usefixtures("no_heads")
def test_a_sheet_goes_out_blind_and_comes_back(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    script = scripted.Script(reader)
    with scripted.serving(script) as url:
        assert (
            cli.main(
                [
                    "annotate",
                    str(run),
                    "--llm",
                    url,
                    "--target",
                    "the ferry",
                    "--posts",
                    "all",
                    "--quiet",
                    "--tasks",
                    "stance",
                ]
            )
            == 0
        )
    sheet = tmp_path / "sheet.csv"
    ask = ["sample", str(run), "--n", "40", "--target", "the ferry", "--out", str(sheet)]
    assert cli.main(ask) == 0 and cli.main(ask) == 2  # labels may stand in it
    with sheet.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 40 and set(rows[0]) == {"row", "text", "label"} and not any(r["label"] for r in rows)
    assert not any(r["text"][:1] in "=+-@" for r in rows if r["text"])
    for i, r in enumerate(rows):
        r["label"] = ("favour", "Against ", "neither", "")[i % 4]
    _write(sheet, rows)
    capsys.readouterr()
    assert cli.main(["sample", str(run), "--audit", str(sheet), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["n_sheet"] == 40 and told["n_labelled"] == 30
    assert abs(sum(s["corrected_0_1"] for s in told["shares"]) - 1) < 1e-9
    assert all(0 <= s["low_0_1"] <= s["corrected_0_1"] <= s["high_0_1"] <= 1 for s in told["shares"])
    confusion = CONFUSION.check(pq.read_table(run / CONFUSION.file)).to_pylist()
    assert sum(c["n"] for c in confusion if c["lang"] == "all") == 30
    rows[3]["label"] = "maybe"
    _write(sheet, rows)
    assert cli.main(["sample", str(run), "--audit", str(sheet)]) == 2
    assert "'maybe' is none. Allowed: favour" in capsys.readouterr().err


def _write(path: Path, rows: list[dict[str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, ["row", "text", "label"])
        writer.writeheader()
        writer.writerows(rows)


def test_a_scan_asks_the_model_at_its_end_and_a_wrong_address_before_its_beginning(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    posts = tmp_path / "posts.csv"
    lines = [f"p{i},a{i % 5},2026-03-02T08:{i:02d}:00Z,post number {i} about the ferry" for i in range(20)]
    posts.write_text("\n".join(["post_id,author_id,created_at,text", *lines]))
    out = tmp_path / "run"
    assert cli.main(["scan", str(posts), "--out", str(out), "--llm", "nowhere", "--quiet"]) == 2
    assert "is no address" in capsys.readouterr().err and not out.exists()
    script = scripted.Script(reader)
    with scripted.serving(script) as url:
        assert cli.main(["scan", str(posts), "--out", str(out), "--llm", url, "--quiet"]) == 0
    assert not script.bodies  # nothing was found, and no narratives were made: there is nothing to ask
    assert DESCRIPTIONS.check(pq.read_table(out / DESCRIPTIONS.file)).num_rows == 0
