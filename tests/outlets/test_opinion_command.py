"""`houselights opinion` on runs made by hand: planted shares, hostile names, what is lacking, exit codes, the report."""

import json
import shutil
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import loading
from houselights.core import tables
from houselights.outlets import cli
from houselights.outlets.report import render
from houselights.results import Results

HOSTILE = ["<script>alert(1)</script>", "=cmd()", "\u202eleft", "[bold]x[/]", "other", "a" * 300, "\x1b[31mred", "{x}"]


def _run(made: ModuleType, out: Path, tags: list[str] | None = None) -> Path:
    """300 ordinary posts, two thirds of them under `no`; twenty ring accounts with 10 posts each under `yes`; an account of both."""
    tags = tags or ["yes", "no"]
    posts: list[dict[str, Any]] = []

    def post(author: str, tag: str, **more: Any) -> None:
        at = made.START + timedelta(minutes=7 * len(posts))
        posts.append(
            made._post(
                f"p{len(posts):04d}", author, at, f"words {len(posts)} of it", len(posts) + 1, hashtags=[tag], **more
            )
        )

    for i in range(300):
        post(f"ordinary{i % 60:02d}", tags[1] if i % 3 else tags[0])
    for i in range(200):
        post(made.RING[i % 20], tags[0])
    made.build(out)
    order = [(c, "ascending") for c in tables.POSTS.order]
    pq.write_table(pa.Table.from_pylist(posts, schema=tables.POSTS.schema).sort_by(order), out / tables.POSTS.file)
    return out


@pytest.fixture
def run(made: ModuleType, tmp_path: Path) -> Path:
    return _run(made, tmp_path / "run")


def _calibrated(run: Path, found: int = 20) -> None:
    rows = [
        {
            "tactic": t,
            "what_it_does": "acts",
            "accounts": n,
            "objects": 15,
            "window_s": 60.0,
            "implants": 20,
            "found": found,
            "recall": found / 20,
            "interval_95": [0.5, 1.0],
            "core_recall": 1.0,
            "volume_recall": found / 20,
            "posts": 270 * n,
            "posts_of_found": 13 * n * found,
            "posts_listed": 13 * n * found,
        }
        for t in ("own_content_ring", "shared_pool")
        for n in (6, 20, 60)
    ]
    empty = {
        "shuffles": [],
        "sensitivity": [],
        "uniformity": {"pairs": [], "groups": {}},
        "recall": rows,
        "tactics": {},
        "settings": {},
    }
    (run / "calibration.json").write_text(json.dumps(empty))


def _told(run: Path, *args: str, code: int = 10) -> dict[str, Any]:
    assert cli.main(["opinion", str(run), "--quiet", *args]) == code
    [topic] = json.loads((run / "opinion.json").read_text())["topics"]
    return topic


def test_a_planted_share_is_taken_out(run: Path) -> None:
    _calibrated(run)
    [one] = _told(run)["dimensions"]
    at = {r["category"]: r for r in one["categories"]}
    assert at["yes"]["apparent_0_1"] == pytest.approx(0.6) and at["yes"]["organic_0_1"]["at"] == pytest.approx(
        1 / 3, abs=0.02
    )
    assert at["yes"]["organic_0_1"]["low"] <= 1 / 3 <= at["yes"]["organic_0_1"]["high"]
    assert at["yes"]["manufactured_posts"]["at"] == pytest.approx(200, rel=0.03)
    assert at["yes"]["in_evidence_posts"] == 0  # the evidence of this run is about other posts
    tip = one["tipping_point"]
    assert (tip["leader"], tip["runner_up"], tip["apparent_leader"]) == ("no", "yes", "yes")
    assert tip["share_0_1"] == pytest.approx(0.2, abs=0.01)
    assert at["no"]["one_voice_per_group_0_1"]["at"] > at["no"]["apparent_by_accounts_0_1"]


def test_a_category_that_stands_alone_is_told_to_say_nothing(made: ModuleType, tmp_path: Path) -> None:
    for tags, said in ((["yes", "yes"], True), (["yes", "no"], False)):
        [one] = _told(_run(made, tmp_path / "-".join(tags), tags), "--spike-ins", "0")["dimensions"]
        assert any("one category alone" in x for x in one["sentences"]) == said


def test_described_findings_are_not_counted(run: Path) -> None:
    findings = json.loads((run / "findings.json").read_text())
    (run / "findings.json").write_text(json.dumps([f | {"tier": "described"} for f in findings]))
    assert cli.main(["opinion", str(run), "--quiet", "--spike-ins", "0"]) == 0
    [one] = json.loads((run / "opinion.json").read_text())["topics"][0]["dimensions"]
    assert one["manufactured"]["posts"]["at"] == 0 and one["manufactured"]["share_0_1"]["high"] == 1.0


def test_where_recall_is_not_known_that_is_said(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["opinion", str(run), "--spike-ins", "0"]) == 10
    out = " ".join(capsys.readouterr().out.split())
    assert "was not measured" in out and "90 % interval) are by" not in out
    [topic] = json.loads((run / "opinion.json").read_text())["topics"]
    assert topic["recall_from"] == "unknown"
    [one] = topic["dimensions"]
    assert [r["recall_0_1"] for r in one["if_recall_were"]] == [1.0, 0.8, 0.6, 0.4, 0.2]
    assert one["manufactured"]["posts"]["high"] > one["manufactured"]["posts"]["at"]


def test_the_order_of_rows_changes_no_byte(run: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(run, other)
    for declared in (tables.POSTS, tables.MEMBERS, tables.EVIDENCE):
        table = pq.read_table(other / declared.file)
        pq.write_table(table.take(pa.array(range(len(table) - 1, -1, -1))), other / declared.file)
    for folder in (run, other):
        _told(folder, "--spike-ins", "0")
    assert (run / "opinion.json").read_bytes() == (other / "opinion.json").read_bytes()


def test_topics_are_kept_beside_each_other_and_asked_again(run: Path) -> None:
    for topic in ("all", "hashtag:#YES", 'query:"words 1"', "all"):
        only = ["--dimension", "hashtag"] * (topic == "all")
        assert cli.main(["opinion", str(run), "--quiet", "--spike-ins", "0", "--topic", topic, *only]) == 10
    topics = json.loads((run / "opinion.json").read_text())["topics"]
    assert [t["topic"] for t in topics] == ["all", "hashtag:#YES", 'query:"words 1"']
    assert (
        topics[1]["dimensions"] == [] and topics[1]["manufactured"]["share_0_1"]["at"] > 0
    )  # of one tag's posts there is no other to count
    page = render(Results(run))
    assert "Apparent against organic" in page and page.count("<svg") >= 6


@pytest.mark.parametrize(
    "args",
    [
        ["--topic", "hashtag:nowhere"],
        ["--topic", "colour:red"],
        ["--topic", "hashtag:"],
        ["--topic", "narrative:x"],
        ["--dimension", "stance"],
        ["--dimension", "narrative"],
        ["--dimension", "technique"],
        ["--dimension", "link_domain"],
        ["--target", "ferries"],
    ],
)
def test_what_is_lacking_is_said(run: Path, args: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["opinion", str(run), "--spike-ins", "0", *args]) == 2
    told = capsys.readouterr().err
    assert told.startswith("houselights: ") and "fault of houselights" not in told
    assert not (run / "opinion.json").exists()


def test_hostile_names_harm_nobody(made: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for k in range(0, len(HOSTILE), 2):
        run = _run(made, tmp_path / f"run{k}", HOSTILE[k : k + 2])
        assert cli.main(["opinion", str(run), "--spike-ins", "0"]) == 10
        page, out = render(Results(run)), capsys.readouterr().out
        assert "<script>alert" not in page and "\x1b" not in out and "\u202e" not in page + out


def test_a_run_without_findings(empty_run_dir: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(empty_run_dir, run)
    told = _told(run, "--spike-ins", "0", code=0)  # its posts have no tag, link or label
    assert told["dimensions"] == [] and told["manufactured"]["posts"]["at"] == 0
    assert "None of the" in told["manufactured"]["sentence"]


def test_stances_with_an_audited_sample(run: Path) -> None:
    ids = pq.read_table(run / tables.POSTS.file, columns=["post_id"])["post_id"].to_pylist()
    labels = ["favour" if int(i[1:]) % 4 else "against" for i in ids]
    base = {
        "task": "stance",
        "target": "ferries",
        "start": 0,
        "end": 0,
        "quote": "",
        "confidence": 0.9,
        "model": "head:x",
        "prompt_version": "1",
    }
    marks = [{"post_id": i, "label": x} | base for i, x in zip(ids, labels, strict=True)]
    pq.write_table(pa.Table.from_pylist(marks, schema=tables.ANNOTATIONS.schema), run / tables.ANNOTATIONS.file)
    plain = next(d for d in _told(run, "--spike-ins", "0")["dimensions"] if d["dimension"] == "stance")
    assert not plain["labels_corrected"] and plain["target"] == "ferries"
    cells = [("favour", "favour", 80), ("favour", "against", 20), ("against", "against", 90), ("against", "favour", 10)]
    rows = [
        {
            "task": "stance",
            "target": "ferries",
            "model": "head:x",
            "lang": "all",
            "predicted": p,
            "labelled": t,
            "found": found,
            "n": n,
            "n_effective": float(n),
            "weight": float(n),
        }
        for p, t, n in cells
        for found in (True, False)
    ]
    pq.write_table(pa.Table.from_pylist(rows, schema=tables.CONFUSION.schema), run / tables.CONFUSION.file)
    told = next(d for d in _told(run, "--spike-ins", "0")["dimensions"] if d["dimension"] == "stance")
    assert told["labels_corrected"]
    width = [{r["category"]: r["organic_0_1"] for r in d["categories"]}["favour"] for d in (plain, told)]
    assert width[1]["high"] - width[1]["low"] > width[0]["high"] - width[0]["low"]
    rows_told = {r["category"]: r for r in told["categories"]}
    share = rows_told["favour"]["as_predicted_0_1"]
    assert rows_told["favour"]["apparent_0_1"] == pytest.approx(share * 0.8 + (1 - share) * 0.1, abs=0.01)
    assert rows_told["neither"]["apparent_0_1"] == rows_told["unclear"]["apparent_0_1"] == 0  # nobody gave these labels
    assert any("audited sample of 400 posts" in x for x in told["sentences"])
    results = Results(run)
    assert not results.opinion_is_stale(results.opinion[0])
    pq.write_table(pa.Table.from_pylist(rows[:2], schema=tables.CONFUSION.schema), run / tables.CONFUSION.file)
    assert results.opinion_is_stale(results.opinion[0]) and "have changed since" in render(results)


def _marks(run: Path, target: str, labels: list[str], model: str, confidence: float | None) -> list[dict[str, Any]]:
    """Rows of `annotations` for the first posts."""
    posts = pq.read_table(run / tables.POSTS.file, columns=["post_id", "kind"]).to_pylist()
    ids = [p["post_id"] for p in posts if p["kind"] != "repost"]
    blank = {
        "task": "stance",
        "target": target,
        "start": 0,
        "end": 0,
        "quote": "",
        "model": model,
        "prompt_version": "1",
    }
    return [{"post_id": i, "label": x, "confidence": confidence} | blank for i, x in zip(ids, labels, strict=False)]


def test_what_a_model_read_of_a_sample_is_no_share_of_all(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    n = pq.read_table(run / tables.POSTS.file).num_rows
    rows = _marks(run, "ferries", ["unclear"] * n, "head:stance", 0.0)
    rows += _marks(run, "ferries", ["favour"] * (n // 5), "a model", None)
    path = run / tables.ANNOTATIONS.file
    pq.write_table(pa.Table.from_pylist(rows, schema=tables.ANNOTATIONS.schema), path)
    told = _told(run, "--spike-ins", "0")
    assert all(d["dimension"] != "stance" for d in told["dimensions"])
    assert any("are not counted: a model read" in x for x in told["sentences"])
    assert cli.main(["opinion", str(run), "--spike-ins", "0", "--dimension", "stance"]) == 2
    assert "--posts 0" in capsys.readouterr().err
    rows = _marks(run, "ferries", ["unclear"] * n, "head:stance", 0.0)
    pq.write_table(pa.Table.from_pylist(rows, schema=tables.ANNOTATIONS.schema), path)
    assert cli.main(["opinion", str(run), "--spike-ins", "0", "--dimension", "stance"]) == 2
    assert "no head knows this target" in capsys.readouterr().err
    rows += _marks(run, "ferries", ["favour"] * n, "a model", None)
    pq.write_table(pa.Table.from_pylist(rows, schema=tables.ANNOTATIONS.schema), path)
    [stance] = _told(run, "--spike-ins", "0", "--dimension", "stance")["dimensions"]
    assert stance["labels_by"] == "a model" and stance["categories"][0]["apparent_0_1"] == 1


def test_every_field_has_a_sentence_in_the_documents(run: Path) -> None:
    _calibrated(run)
    told = _told(run)
    pages = Path(__file__).parents[2] / "docs/write_tables.py"
    names = {
        n.strip()
        for key in loading.module(pages).OPINION_FIELDS
        for n in key.replace("dimensions[].", "").replace("[]", "").split(",")
    }
    assert set(told) <= names


def test_a_scan_takes_the_answer_away(run: Path, tmp_path: Path) -> None:
    from houselights.pipeline import replaced

    assert run / "opinion.json" in replaced(run)


@pytest.mark.slow
def test_the_whole_way(tmp_path: Path) -> None:
    from houselights import worlds
    from houselights.worlds.settings import CampaignSpec, WorldSettings

    settings = WorldSettings(n_accounts=900, n_days=8.0, campaigns=(CampaignSpec("burst_amplification", 25, 15, 60.0),))
    worlds.simulate_to(tmp_path / "world", settings, 5)
    assert cli.main(["scan", str(tmp_path / "world/posts.parquet"), "--out", str(tmp_path / "run"), "--quiet"]) == 10
    told = _told(tmp_path / "run", "--spike-ins", "1", "--dimension", "hashtag")
    assert told["recall_from"] == "spike-ins" and told["findings"][0]["tactic"] == "burst_amplification"
