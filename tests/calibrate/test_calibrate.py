"""`calibrate` end to end on a small simulated world, and on what is no run at all."""

import json
import shutil
import sys
from collections import Counter
from multiprocessing import active_children
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from houselights import pipeline, worlds
from houselights.calibrate import CalibrateSettings, calibrate, implants, recall
from houselights.calibrate.implants import TACTICS, Ground
from houselights.core.errors import HouselightsError
from houselights.core.settings import ScanSettings
from houselights.core.tables import POSTS
from houselights.outlets import cli, report
from houselights.results import Results

SMALL = CalibrateSettings(shuffles=1, implants=1, together=4, jobs=2)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("calibrated")
    settings = worlds.WorldSettings(
        n_accounts=500, n_days=5, campaigns=(worlds.CampaignSpec("own_content_ring", 20, 20, 60.0),)
    )
    worlds.simulate_to(folder / "world", settings, 3)
    pipeline.scan([folder / "world" / "posts.parquet"], folder / "run", ScanSettings())
    return folder / "run"


@pytest.fixture(scope="module")
def measured(run: Path) -> dict[str, Any]:
    return calibrate(run, SMALL)


def test_every_part_is_there_and_large_groups_are_found(run: Path, measured: dict[str, Any]) -> None:
    assert json.loads((run / "calibration.json").read_text()) == json.loads(json.dumps(measured))
    assert [s["draws"] for s in measured["shuffles"]] == [1, 1]
    rows = {(r["tactic"], r["accounts"]): r for r in measured["recall"]}
    assert {t.name for t in TACTICS} == {t for t, _ in rows}
    assert all(r["implants"] == 1 and 0 <= r["recall"] <= 1 for r in rows.values())
    for tactic in ("burst_amplification", "shared_pool"):
        assert rows[tactic, 60]["found"] == 1 and rows[tactic, 60]["volume_recall"] > 0.9
    [finding] = measured["sensitivity"]
    again = {(v["setting"], v["value"]): v["found"] for v in finding["variants"]}
    assert again["q", 0.05] and again["q", 0.2]


@pytest.mark.slow
def test_the_same_run_gives_the_same_bytes(run: Path, measured: dict[str, Any], tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(run, copy)
    calibrate(copy, CalibrateSettings(**{**vars(SMALL), "jobs": 1}))
    assert (copy / "calibration.json").read_bytes() == (run / "calibration.json").read_bytes()


def test_report_and_terminal_say_it_in_words(
    run: Path, measured: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    page = report.write(Results(run)).read_text()
    assert "too few to give a probability" in page and "What this does not prove" in page
    from houselights.outlets import calibration, summary

    often = {**calibration.lead(measured["recall"]), "implants": 20, "found": 17, "recall": 0.85}
    assert "would have been found with probability 0.85 (17 of 20" in calibration.recall_sentence(often)

    calibration.show(measured, summary.console(sys.stdout))
    said = capsys.readouterr().out
    assert "to give a probability" in said and "shuffles" in said


def test_stopped_it_leaves_no_half_file_and_no_process(run: Path, tmp_path: Path) -> None:
    shutil.copytree(run, tmp_path / "run")
    (tmp_path / "run" / "calibration.json").unlink(missing_ok=True)
    before = sorted(p.name for p in (tmp_path / "run").iterdir())

    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        calibrate(tmp_path / "run", SMALL, stop)
    assert sorted(p.name for p in (tmp_path / "run").iterdir()) == before
    assert not active_children()


def test_a_worker_that_dies_is_said(run: Path) -> None:
    def kill(done: int, total: int) -> None:
        for child in active_children():
            child.kill()

    with pytest.raises(HouselightsError, match="--jobs 1"):
        calibrate(run, SMALL, kill)


def test_a_new_scan_forgets_the_calibration_of_the_old_one(run: Path, measured: dict[str, Any], tmp_path: Path) -> None:
    shutil.copytree(run, tmp_path / "run")
    pipeline.scan([run / "posts.parquet"], tmp_path / "run", ScanSettings())
    assert not (tmp_path / "run" / "calibration.json").exists()
    assert Results(tmp_path / "run").calibration is None
    assert "was not calibrated" in report.write(Results(tmp_path / "run")).read_text()


# -- what is planted -------------------------------------------------------------------------------------------------


def test_implants_change_no_post_and_share_nothing_with_the_data(run: Path) -> None:
    posts = pq.read_table(run / POSTS.file)
    ground = Ground.of(posts, set())
    planted = implants.plant(ground, [(t, 6) for t in TACTICS], "x", np.random.default_rng(1))
    added = POSTS.check(implants.table(planted, ground))
    members = Counter(m for i in planted for m in i.members)
    assert set(members) <= set(posts["author_id"].to_pylist()) and max(members.values()) == 1
    assert not set(added["post_id"].to_pylist()) & set(posts["post_id"].to_pylist())
    words = {w for text in posts["text"].to_pylist() for w in text.split()}
    assert not any(w in words for text in added["text"].to_pylist() for w in text.split())
    for implant in planted:
        for name in {p["object"] for p in implant.posts}:
            at = [p["created_at"] for p in implant.posts if p["object"] == name]
            assert max(at) - min(at) <= implant.tactic.window_s * 1e6


@pytest.mark.parametrize("precision,step_us", [("day", 86_400_000_000), ("min", 60_000_000), ("ms", 1_000)])
def test_implants_have_the_time_precision_of_the_data(run: Path, precision: str, step_us: int) -> None:
    posts = pq.read_table(run / POSTS.file)
    column = posts.schema.get_field_index("created_at_precision")
    posts = posts.set_column(column, "created_at_precision", pa.array([precision] * posts.num_rows))
    planted = implants.plant(Ground.of(posts, set()), [(TACTICS[1], 6)], "x", np.random.default_rng(1))
    assert all(
        p["created_at"] % step_us == 0 and p["created_at_precision"] == precision for i in planted for p in i.posts
    )


def test_nobody_acts_more_than_three_times_in_a_rotation(run: Path) -> None:
    ground = Ground.of(pq.read_table(run / POSTS.file), set())
    rotation = next(t for t in TACTICS if t.name == "rotation")
    for size in implants.SIZES:
        [planted] = implants.plant(ground, [(rotation, size)], "x", np.random.default_rng(size))
        assert max(Counter(p["author_id"] for p in planted.posts).values()) <= 3


def test_every_tactic_and_size_is_planted_as_often_as_asked() -> None:
    copies = recall.copies(3, 5, 1_000, 0)
    assert set(Counter(x for c in copies for x in c).values()) == {3} and max(map(len, copies)) <= 5
    assert all(2 * sum(size for _, size in c) <= 130 or len(c) == 1 for c in recall.copies(3, 5, 130, 0))


# -- what cannot be calibrated ---------------------------------------------------------------------------------------


def test_what_is_no_run_is_refused_in_one_sentence(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("x")
    empty = tmp_path / "empty"
    empty.mkdir()
    half = tmp_path / "half"
    shutil.copytree(run, half)
    (half / "manifest.json").write_text('{"complete": false}')
    lost = tmp_path / "lost"
    shutil.copytree(run, lost)
    (lost / "traces.parquet").unlink()
    torn = tmp_path / "torn"
    shutil.copytree(run, torn)
    (torn / "posts.parquet").write_bytes((run / "posts.parquet").read_bytes()[:5000])
    odd = tmp_path / "odd"
    shutil.copytree(run, odd)
    manifest = json.loads((odd / "manifest.json").read_text())
    manifest["settings"]["evidence"]["windows_s"] = ["x"]
    (odd / "manifest.json").write_text(json.dumps(manifest))
    shutil.copytree(run, tmp_path / "mixed")
    shutil.copy(run / "members.parquet", tmp_path / "mixed" / "traces.parquet")
    for wrong in (torn, odd, tmp_path / "mixed", tmp_path / "nowhere", tmp_path / "file", empty, half, lost):
        assert cli.main(["calibrate", str(wrong), "--quiet"]) == 2
        said = capsys.readouterr().err
        assert "Traceback" not in said and len(said.strip().splitlines()) <= 3 and str(wrong) in said.replace("\n", "")


@pytest.mark.parametrize("content", ["[]", '{"recall": 3}', '{"recall": [], "shuffles": null}', "{"])
def test_a_calibration_that_is_none_is_refused(run: Path, tmp_path: Path, content: str) -> None:
    shutil.copytree(run, tmp_path / "run")
    (tmp_path / "run" / "calibration.json").write_text(content)
    with pytest.raises(HouselightsError):
        report.write(Results(tmp_path / "run"))


def test_data_of_few_accounts_are_refused(run: Path, tmp_path: Path) -> None:
    posts = pq.read_table(run / POSTS.file)
    few = posts.filter(pc.is_in(posts["author_id"], pc.unique(posts["author_id"])[:5]))
    pq.write_table(few, tmp_path / "few.parquet")
    pipeline.scan([tmp_path / "few.parquet"], tmp_path / "run", ScanSettings())
    with pytest.raises(HouselightsError, match="Scan more posts"):
        calibrate(tmp_path / "run", SMALL)
