"""Both methods learn, a killed training goes on to the same weights bit for bit, and an adapter leaves its base alone. Skipped without torch."""

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="the extra `train` is not installed (torch)")
pytest.importorskip("transformers", reason="the extra `train` is not installed (transformers)")
pytest.importorskip("peft", reason="the extra `train` is not installed (peft)")

from houselights.core.errors import HouselightsError  # noqa: E402
from houselights.outlets import cli  # noqa: E402
from houselights.train import checkpoints, loop, session  # noqa: E402
from houselights.train.rows import Row  # noqa: E402
from houselights.train.settings import TrainSettings  # noqa: E402

Lines = Callable[[str, int], Path]
SETTINGS = {
    ("stance", "full"): TrainSettings("stance", "full", steps=150, lr=3e-3, max_tokens=64),
    ("techniques", "full"): TrainSettings("techniques", "full", steps=70, lr=3e-3, max_tokens=64),
    ("stance", "lora"): TrainSettings("stance", "lora", steps=150, lr=5e-3, max_tokens=192, answers=40),
    ("techniques", "lora"): TrainSettings("techniques", "lora", steps=30, lr=5e-3, max_tokens=256, answers=2),
}
FALLS_TO = {"full": 0.2, "lora": 0.35}
"""Share of the first loss that the last ten updates stay under. Answers of a random model are wrong in every token, so that its loss begins high."""


def _train(data: Path, base: Path, out: Path, settings: TrainSettings) -> dict[str, Any]:
    return session.train([data], base, out, settings, None, lambda stage, share: None, lambda: 0.0)


def _losses(out: Path) -> list[float]:
    lines = [json.loads(line) for line in (out / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
    return [line["loss"] for line in lines if "loss" in line]


def _hashes(out: Path) -> dict[str, str]:
    files = [*out.rglob("*.safetensors"), out / "metrics.jsonl"]
    return {str(p.relative_to(out)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


@pytest.mark.parametrize(("task", "method"), SETTINGS)
def test_the_loss_falls_and_what_was_learned_holds_on_other_groups(
    task: str, method: str, bases: dict[str, Path], write_lines: Lines, tmp_path: Path
) -> None:
    data = write_lines(task, 300)
    card = _train(data, bases[method], tmp_path, SETTINGS[task, method])
    losses = _losses(tmp_path)
    assert max(losses[-10:]) < FALLS_TO[method] * losses[0]
    held_out = card["held_out"]
    if task == "stance":
        assert held_out["accuracy"] > 0.8 > held_out["accuracy_of_commonest"]
    elif method == "full":
        assert held_out["span_f1"] > 0.85
    assert card == json.loads((tmp_path / "model_card.json").read_text(encoding="utf-8"))
    assert card["data"] == [{"file": data.name, "sha256": hashlib.sha256(data.read_bytes()).hexdigest(), "rows": 300}]
    assert card["groups"] == {"train": 8, "held_out": 2} and len(card["base"]["sha256"]) == 64


CASES = [
    (method, moment)
    for method in ("full", "lora")
    for moment in ("before the rename", "while writing", "inside an update")
]
STOPPED = {
    m: TrainSettings("stance", m, steps=7, batch=4, save_every=2, max_tokens=192, answers=1) for m in ("full", "lora")
}
STOPPED["full"] = replace(STOPPED["full"], max_tokens=64)
KILLED = """
import json, os, signal, sys
from pathlib import Path
import torch, transformers, peft
from houselights.train import checkpoints, decoder, encoder, loop, placement, session
from houselights.train.settings import TrainSettings
def dies_at(call, n, first=lambda *a: None):
    times = []
    def other(*args, **more):
        times.append(1)
        if len(times) == n:
            first(*args)
            os.kill(os.getpid(), signal.SIGKILL)
        return call(*args, **more)
    return other
def train(moment, data, base, out, settings):
    if moment == "before the rename":
        checkpoints.into_place = dies_at(checkpoints.into_place, 2)
    elif moment == "while writing":
        placement.torch.save = dies_at(placement.torch.save, 3, lambda state, path: Path(path).write_bytes(b"half"))
    else:
        loop.seed_of = dies_at(loop.seed_of, 6)
    session.train([Path(data)], Path(base), Path(out), TrainSettings(**settings), None, lambda stage, share: None, lambda: 0.0)
codes = []
for case in json.loads(sys.argv[1]):
    child = os.fork()  # each dies on its own; what takes seconds to import is imported once
    if not child:
        train(*case)
        os._exit(0)
    codes.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
print(json.dumps(codes))
"""


@pytest.fixture(scope="module")
def stopped(bases: dict[str, Path], write_lines: Lines, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A training killed at each moment, and one of each method that was not."""
    data, folder = write_lines("stance", 40), tmp_path_factory.mktemp("stopped")
    at = {case: folder / "-".join(case).replace(" ", "-") for case in CASES}
    asked = [
        (moment, str(data), str(bases[method]), str(at[method, moment]), asdict(STOPPED[method]))
        for method, moment in CASES
    ]
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", KILLED, json.dumps(asked)], capture_output=True, text=True, check=False
    )
    assert json.loads(done.stdout.splitlines()[-1]) == [-9] * len(CASES), done.stderr
    for method in STOPPED:
        _train(data, bases[method], folder / method, STOPPED[method])
    return {"data": data, "at": at, "whole": {method: folder / method for method in STOPPED}}


@pytest.mark.parametrize(("method", "moment"), CASES)
def test_a_killed_training_goes_on_to_the_same_weights(
    method: str, moment: str, bases: dict[str, Path], stopped: dict[str, Any]
) -> None:
    out = stopped["at"][method, moment]
    assert not (out / "model_card.json").exists()
    done, _ = checkpoints.latest(out)
    assert (done, len(_losses(out))) == {
        "before the rename": (2, 4),
        "while writing": (4, 6),
        "inside an update": (4, 5),
    }[moment]
    _train(stopped["data"], bases[method], out, STOPPED[method])
    assert _hashes(out) == _hashes(stopped["whole"][method])


def test_an_adapter_changes_nothing_of_its_base(bases: dict[str, Path], write_lines: Lines, tmp_path: Path) -> None:
    from safetensors.torch import load_file

    settings = replace(SETTINGS["stance", "lora"], steps=3, answers=0)
    card = _train(write_lines("stance", 40), bases["lora"], tmp_path, settings)
    adapter = load_file(tmp_path / "adapter/adapter_model.safetensors")
    assert all(".lora_A." in name or ".lora_B." in name for name in adapter)
    assert card["trained_weights"] == sum(value.numel() for value in adapter.values()) < card["all_weights"]
    kept = torch.load(next((tmp_path / "checkpoints").rglob("state.pt")), weights_only=True)["model"]
    assert all(".lora_" in name for name in kept)
    base, merged = (load_file(folder / "model.safetensors") for folder in (bases["lora"], tmp_path / "merged"))
    changed = {name for name in base if not torch.equal(base[name], merged[name])}
    assert changed and all("proj" in name for name in changed)  # embeddings and norms are the base's own, to the bit


def test_cutting_a_batch_into_parts_changes_no_gradient(
    bases: dict[str, Path], write_lines: Lines, tmp_path: Path
) -> None:
    data = write_lines("techniques", 60)
    whole = TrainSettings("techniques", "full", steps=2, batch=8, max_tokens=64)
    _train(data, _without_dropout(bases["full"], tmp_path), tmp_path / "a", whole)
    cut = replace(whole, accumulate=4, less_memory=True)
    _train(data, tmp_path / "base", tmp_path / "b", cut)
    assert _losses(tmp_path / "b") == pytest.approx(_losses(tmp_path / "a"), rel=1e-5)


def _without_dropout(base: Path, folder: Path) -> Path:
    import shutil

    shutil.copytree(base, folder / "base")
    config = json.loads((base / "config.json").read_text(encoding="utf-8"))
    config |= {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    (folder / "base/config.json").write_text(json.dumps(config), encoding="utf-8")
    return folder / "base"


def test_every_pass_sees_every_row_once() -> None:
    rows = [Row([i], None, 1) for i in range(10)]
    settings = TrainSettings("stance", batch=4)
    seen = [row.ids[0] for step in range(1, 6) for row in loop.rows_of(rows, settings, step)]
    assert sorted(seen[:10]) == sorted(seen[10:]) == list(range(10)) and seen[:10] != seen[10:]


def test_the_rate_rises_and_falls() -> None:
    rates = [loop.rate_at(TrainSettings("stance", lr=1.0), step, 100) for step in range(1, 101)]
    assert max(rates) == rates[5] == 1.0 and 0 < rates[-1] < 1e-3 and rates[0] == pytest.approx(1 / 6)


def test_other_options_are_not_resumed(bases: dict[str, Path], write_lines: Lines, tmp_path: Path) -> None:
    data, settings = write_lines("stance", 40), replace(SETTINGS["stance", "full"], steps=1)
    _train(data, bases["full"], tmp_path / "out", settings)
    with pytest.raises(HouselightsError, match=r"lr 0.003 before, 0.1 now"):
        _train(data, bases["full"], tmp_path / "out", replace(settings, lr=0.1))
    with pytest.raises(HouselightsError, match="other data"):
        _train(write_lines("stance", 41), bases["full"], tmp_path / "out", settings)


def test_the_command(
    bases: dict[str, Path], write_lines: Lines, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = [
        "train",
        "stance",
        "--data",
        str(write_lines("stance", 40)),
        "--base",
        str(bases["full"]),
        "--method",
        "full",
    ]
    asked += ["--out", str(tmp_path / "out"), "--steps", "2", "--max-tokens", "64"]
    assert cli.main([*asked, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["steps"] == 2
    assert cli.main(asked) == 2
    assert "--resume" in capsys.readouterr().err
    assert cli.main([*asked, "--resume"]) == 0
    assert "2 updates on 32 rows of 8 groups" in capsys.readouterr().out
    assert cli.main([*asked[:-2], "--max-tokens", "500", "--out", str(tmp_path / "b")]) == 2
    assert "has places for 128" in capsys.readouterr().err
    asked[asked.index("full", 5)] = "lora"
    assert cli.main(asked) == 2
    assert "--method full" in capsys.readouterr().err
