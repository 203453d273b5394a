"""`annotate --llm ray:MODEL`: the questions of a RUN over a real Ray cluster of this machine and back. vLLM needs GPUs, so a function stands for it:
it gets the rows that vLLM would get, and gives rows of the shape that `ray.data.llm` documents."""

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from houselights.core.tables import ANNOTATIONS, ANSWERS
from houselights.llm import ray_batch
from houselights.outlets import cli

pytest.importorskip("openai")
pytest.importorskip("jsonschema")


def _without_gpu(engine: ray_batch.Engine) -> Any:
    def generate(row: dict[str, Any]) -> dict[str, Any]:
        user = next(m["content"] for m in row["messages"] if m["role"] == "user")
        first = user.split("post:\nBEGIN ")[1].split("\n", 1)[1].split("\nEND ")[0].split()[:1]
        said = json.dumps({"quote": " ".join(first), "stance": "favour" if first else "neither"})
        assert (
            row["sampling_params"]["max_tokens"] > 0
            and "stance" in row["sampling_params"]["structured_outputs"]["json"]
        )
        return {"key": row["key"], "generated_text": said, "num_input_tokens": 50, "num_generated_tokens": 12}

    return lambda rows: rows.map(ray_batch.to_engine).map(generate).map(ray_batch.from_engine)


@pytest.mark.ray
@pytest.mark.usefixtures("no_heads")
def test_answers_come_back_from_the_cluster_and_are_asked_once(
    annotated_run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("ray")
    monkeypatch.setattr(ray_batch, "processor", _without_gpu)
    asked = [
        str(annotated_run),
        "--llm",
        "ray:/models/some-model",
        "--tasks",
        "stance",
        "--target",
        "the ferry",
        "--posts",
        "40",
    ]
    assert cli.main(["annotate", *asked]) == 0
    assert "37 calls" in capsys.readouterr().err
    answers = ANSWERS.check(pq.read_table(annotated_run / ANSWERS.file)).to_pylist()
    assert len(answers) > 30 and {a["status"] for a in answers} == {"ok"}
    marks = ANNOTATIONS.check(pq.read_table(annotated_run / ANNOTATIONS.file)).to_pylist()
    assert {m["model"] for m in marks} == {"/models/some-model"} and {m["label"] for m in marks} >= {"favour"}
    monkeypatch.setattr(ray_batch, "processor", lambda engine: pytest.fail("asked again"))
    assert cli.main(["annotate", *asked]) == 0
    assert "nothing to ask" in capsys.readouterr().err


def test_what_is_wrong_with_the_options_is_told(annotated_run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = str(annotated_run)
    for options, said in (
        (["--llm", "ray:"], "needs a model"),
        (["--llm", "ray:  "], "needs a model"),
        (["--llm", "ray:m", "--llm-model", "n"], "names the model itself"),
        (["--llm", "ray:m", "--parallel", "4"], "names the model itself"),
        (["--llm", "ray:m", "--gpus", "3", "--gpus-a-replica", "2"], "multiple"),
        (["--gpus", "8"], "--llm ray:MODEL"),
        (["--ray-address", "h:1"], "--llm ray:MODEL"),
    ):
        assert cli.main(["annotate", run, *options]) == 2
        assert said in capsys.readouterr().err


def test_a_scan_does_not_begin_where_its_model_could_not_be_asked(
    annotated_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    posts = str(annotated_run / "posts.parquet")
    assert cli.main(["scan", posts, "--out", str(tmp_path / "scanned"), "--llm", "ray:m"]) == 2
    assert "after the scan" in capsys.readouterr().err and not (tmp_path / "scanned").exists()


def test_a_dry_run_needs_no_cluster(annotated_run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = [
        "--llm",
        "ray:/models/some-model",
        "--gpus",
        "4",
        "--tasks",
        "stance",
        "--target",
        "the ferry",
        "--posts",
        "40",
    ]
    assert cli.main(["annotate", str(annotated_run), *asked, "--dry-run"]) == 0
    assert "37 calls" in capsys.readouterr().err
    assert not (annotated_run / ANSWERS.file).exists()
