"""The same loop with weights dealt to two processes (FSDP over gloo, on a CPU): the losses of one process, and its checkpoints are gone on with."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="the extra `train` is not installed (torch)")
pytest.importorskip("peft", reason="the extra `train` is not installed (peft)")

from houselights.train import session
from houselights.train.settings import TrainSettings

STEPS = 4
TWO = """
import json, os, sys
from pathlib import Path
import torch, transformers, peft
from torch import distributed
from houselights.core.errors import HouselightsError
from houselights.train import checkpoints, cluster, loop, session
from houselights.train.settings import TrainSettings
asked, store = json.loads(sys.argv[1]), sys.argv[2]
def run(rank):
    torch.set_num_threads(1)
    distributed.init_process_group("gloo", init_method=f"file://{store}", rank=rank, world_size=2)
    for case in asked:
        class Stopped(Exception): pass
        def stop(stage, share):
            if case["stops"] and share > 0.7:
                raise Stopped
        data, base, out = Path(case["data"]), Path(case["base"]), Path(case["out"])
        settings = TrainSettings(**case["settings"])
        try:
            session.train([data], base, out, settings, cluster.Sharded(), stop, lambda: 0.0)
        except Stopped:
            session.train([data], base, out, settings, cluster.Sharded(), lambda stage, share: None, lambda: 0.0)
    distributed.destroy_process_group()
children = []
for rank in range(2):
    child = os.fork()
    if not child:
        try:
            run(rank)
            os._exit(0)
        except BaseException:
            import traceback
            traceback.print_exc()
            os._exit(1)
    children.append(child)
codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
sys.exit(max(codes, key=abs))
"""


def test_two_processes_train_like_one(
    bases: dict[str, Path], write_lines: Callable[[str, int], Path], tmp_path: Path
) -> None:
    from safetensors.torch import load_file

    data = write_lines("stance", 40)
    plain = TrainSettings("stance", "lora", steps=STEPS, batch=4, lr=1e-3, max_tokens=192, save_every=2, answers=0)
    cases = []
    for method, base in (("lora", bases["lora"]), ("full", _without_dropout(bases["full"], tmp_path / "base"))):
        settings = replace(plain, method=method, max_tokens=192 if method == "lora" else 64)
        for stops in (False, True):
            out = tmp_path / f"{method}-{'stopped' if stops else 'two'}"
            case = {"data": str(data), "base": str(base), "out": str(out), "stops": stops, "settings": asdict(settings)}
            cases.append(case)
        session.train([data], base, tmp_path / f"{method}-one", settings, None, lambda stage, share: None, lambda: 0.0)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", TWO, json.dumps(cases), str(tmp_path / "store")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    for method, folder in (("lora", "merged"), ("full", "model")):
        one, two, stopped = (tmp_path / f"{method}-{name}" for name in ("one", "two", "stopped"))
        assert _losses(two) == pytest.approx(_losses(one), rel=1e-4)
        assert _losses(stopped) == _losses(two) and len(_losses(two)) == STEPS
        first, second, third = (load_file(out / folder / "model.safetensors") for out in (one, two, stopped))
        assert first.keys() == second.keys() == third.keys()
        assert all(second[name].equal(third[name]) for name in second)
        assert all(first[name].allclose(second[name], atol=1e-4) for name in first)
        shards = {p.name for p in (two / "checkpoints").rglob("*.distcp")}
        assert shards == {"__0_0.distcp", "__1_0.distcp"}  # each process wrote its own half
        assert json.loads((two / "model_card.json").read_text(encoding="utf-8"))["processes"] == 2


def _losses(out: Path) -> list[float]:
    lines = [json.loads(line) for line in (out / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
    return [line["loss"] for line in lines if "loss" in line]


def _without_dropout(base: Path, folder: Path) -> Path:
    """Its draws differ by process, as they should; what is compared here is everything else."""
    import shutil

    shutil.copytree(base, folder)
    config = json.loads((base / "config.json").read_text(encoding="utf-8"))
    config |= {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    return folder
