"""Hand labels of a blind sample: the corrected share is right on average, and its interval covers as often as it says, whatever was predicted."""

import csv
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from houselights.content import audit
from houselights.core.errors import HouselightsError
from houselights.core.tables import ANNOTATIONS, CONFUSION, EVIDENCE, LANGUAGES, POSTS
from houselights.engine.local import connect

LABELS = audit.LABELS["stance"]
N = 2500


def _run(folder: Path, right: float, seed: int, found: int = 0) -> dict[str, str]:
    """A RUN of N posts of two languages; a prediction is right with probability `right` (fewer in the second); the first `found` are a finding's.
    Returns the true labels."""
    rng = np.random.default_rng(seed)
    at = datetime(2026, 1, 1, tzinfo=UTC)
    blank = {c.name: None for c in POSTS.columns}
    posts, marks, langs, truth = [], [], [], {}
    for i in range(N):
        id_, lang = f"p{i}", "en" if i % 3 else "de"
        true = LABELS[rng.choice(4, p=[0.1, 0.3, 0.5, 0.1])]
        sure = right if lang == "en" else right - 0.2
        said = true if rng.random() < sure else LABELS[rng.integers(4)]
        truth[id_] = true
        posts.append(
            blank
            | {
                "post_id": id_,
                "platform": "x",
                "author_id": f"a{i % 90}",
                "created_at": at,
                "created_at_precision": "s",
                "text": f"text {i}",
            }
            | {
                "urls": [],
                "hashtags": [],
                "mentions": [],
                "media": [],
                "kind": "post",
                "source_format": "t",
                "raw_ref": {"file": "f", "line": i},
            }
        )
        langs.append({"post_id": id_, "lang": lang, "confidence_0_1": 1.0})
        marks.append(
            {
                "post_id": id_,
                "task": "stance",
                "target": "t",
                "label": said,
                "start": 0,
                "end": 0,
                "quote": "",
                "confidence": 0.5,
                "model": "head:stance",
            }
            | {"prompt_version": "1"}
        )
    blank = {c.name: {pa.string(): "", pa.bool_(): False}.get(c.type, 0) for c in EVIDENCE.columns}
    evidence = [blank | {"post_id_a": f"p{i}", "post_id_b": f"p{i + 1}"} for i in range(0, found, 2)]
    for table, rows in ((POSTS, posts), (ANNOTATIONS, marks), (LANGUAGES, langs), (EVIDENCE, evidence)):
        pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), folder / table.file)
    return truth


def _label(sheet: Path, truth: dict[str, str], sample: pa.Table, leave_out: int = 0) -> None:
    of = dict(zip(sample["row"].to_pylist(), sample["post_id"].to_pylist(), strict=True))
    with sheet.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(audit.COLUMNS)
        for i, (row, post) in enumerate(of.items()):
            writer.writerow((row, "", "" if leave_out and i % leave_out == 0 else truth[post]))


@pytest.mark.parametrize(("right", "n", "leave_out"), [(0.9, 150, 0), (0.4, 150, 5)])
def test_shares_are_right_and_intervals_cover(tmp_path: Path, right: float, n: int, leave_out: int) -> None:
    truth = _run(tmp_path, right, 7)
    con, sheet, draws = connect(), tmp_path / "sheet.csv", 60
    share = {k: sum(t == k for t in truth.values()) / N for k in LABELS}
    covered, off, width = 0, dict.fromkeys(LABELS, 0.0), 0.0
    for seed in range(draws):
        sample = audit.draw(con, tmp_path, "stance", "t", n, seed)
        assert sample.num_rows == n
        _label(sheet, truth, sample, leave_out)
        told = audit.read_back(tmp_path, sheet)
        for s in told.shares:
            covered += s.low_0_1 <= share[s.label] <= s.high_0_1
            off[s.label] += (s.corrected_0_1 - share[s.label]) / draws
            width += s.high_0_1 - s.low_0_1
    assert covered / (4 * draws) >= 0.85  # 90 % stated; 240 draws leave .036 of doubt
    assert max(abs(x) for x in off.values()) < 0.015
    assert width / (4 * draws) < 0.16


def test_the_draw_is_blind_to_the_order_and_stable(tmp_path: Path) -> None:
    _run(tmp_path, 0.8, 3)
    con = connect()
    first = audit.draw(con, tmp_path, "stance", "t", 80, 5)
    posts = pq.read_table(tmp_path / POSTS.file)
    pq.write_table(posts.take(pa.array(list(range(N))[::-1])), tmp_path / POSTS.file)
    assert audit.draw(con, tmp_path, "stance", "t", 80, 5) == first
    assert audit.draw(con, tmp_path, "stance", "t", 80, 6) != first
    rows = first.to_pylist()
    mass = sum(1 / r["inclusion_probability"] for r in rows)
    assert abs(mass - N) < 1e-6 and all(0 < r["inclusion_probability"] <= 1 for r in rows)


def test_a_sheet_larger_than_the_data_is_the_data(tmp_path: Path) -> None:
    truth = _run(tmp_path, 0.8, 3)
    sample = audit.draw(connect(), tmp_path, "stance", "t", 10 * N, 0)
    assert sample.num_rows == N
    _label(tmp_path / "s.csv", truth, sample)
    told = audit.read_back(tmp_path, tmp_path / "s.csv")
    for s in told.shares:
        exact = sum(t == s.label for t in truth.values()) / N
        assert s.corrected_0_1 == pytest.approx(exact) and s.low_0_1 == pytest.approx(s.high_0_1)


def test_what_was_not_annotated_is_told(tmp_path: Path) -> None:
    _run(tmp_path, 0.8, 3)
    with pytest.raises(HouselightsError, match="no post is marked"):
        audit.draw(connect(), tmp_path, "stance", "another target", 80, 0)


def test_confusion_tells_by_finding_with_effective_numbers(tmp_path: Path) -> None:
    truth = _run(tmp_path, 0.7, 3, found=400)
    sample = audit.draw(connect(), tmp_path, "stance", "t", 120, 0)
    _label(tmp_path / "s.csv", truth, sample)
    audit.read_back(tmp_path, tmp_path / "s.csv")
    rows = [r for r in pq.read_table(tmp_path / CONFUSION.file).to_pylist() if r["lang"] == "all"]
    assert {r["found"] for r in rows} == {True, False} == set(sample["found"].to_pylist())
    assert sum(r["n"] for r in rows) == 120 and sum(r["weight"] for r in rows) == pytest.approx(N)
    mass = sum(r["weight"] for r in rows if r["found"])
    assert mass == pytest.approx(400, rel=0.02)  # strata too small to stand alone are joined
    for key in {(r["predicted"], r["found"]) for r in rows}:
        mine = [r for r in rows if (r["predicted"], r["found"]) == key]
        n = sum(r["n"] for r in mine)
        assert 1 <= sum(r["n_effective"] for r in mine) <= n * (1 + 1e-9)  # Kish: no more than there are


@given(st.lists(st.floats(0.01, 1000), min_size=1, max_size=50), st.floats(0.01, 100))
def test_effective_numbers(weights: list[float], times: float) -> None:
    w = np.array(weights)
    n = audit.effective_number(w)
    assert 1 - 1e-9 <= n <= len(w) * (1 + 1e-9)
    assert audit.effective_number(w * times) == pytest.approx(n)
    assert audit.effective_number(np.full(len(w), times)) == pytest.approx(len(w))
