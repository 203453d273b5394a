"""Hand labels of a blind sample: the corrected share is right on average, and its interval covers as often as it says, whatever was predicted."""

import csv
import re
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from houselights.content import audit, blind_sample, sheet
from houselights.core.errors import HouselightsError
from houselights.core.tables import ANNOTATIONS, CONFUSION, LANGUAGES, MEMBERS, POSTS, SAMPLE
from houselights.engine.local import connect

LABELS = sheet.LABELS["stance"]
N = 2500


def _run(folder: Path, right: float, seed: int, found: int = 0) -> dict[str, str]:
    """A RUN of N posts of two languages; a prediction is right with probability `right` (fewer in the second); the first `found` of 90 accounts
    are a finding's. Returns the true labels."""
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
    blank = {c.name: {pa.string(): "", pa.bool_(): False}.get(c.type, 0) for c in MEMBERS.columns}
    members = [blank | {"finding_id": "F1", "account_id": f"a{i}", "role": "core"} for i in range(found)]
    (folder / "findings.json").write_text('[{"finding_id": "F1", "tier": "observed", "resolved": true}]')
    for table, rows in ((POSTS, posts), (ANNOTATIONS, marks), (LANGUAGES, langs), (MEMBERS, members)):
        pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), folder / table.file)
    return truth


def _draw(con: duckdb.DuckDBPyConnection, run: Path, task: str, target: str, n: int, seed: int) -> pa.Table:
    sample = blind_sample.draw(con, run, task, target, n, seed)
    blind_sample.keep(run, sample)
    return sample


def _label(path: Path, truth: dict[str, str], sample: pa.Table, leave_out: int = 0) -> None:
    of = dict(zip(sample["row"].to_pylist(), sample["post_id"].to_pylist(), strict=True))
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(sheet.COLUMNS)
        for i, (row, post) in enumerate(of.items()):
            writer.writerow((row, "", "" if leave_out and i % leave_out == 0 else truth[post]))


@pytest.mark.parametrize(("right", "n", "leave_out"), [(0.9, 150, 0), (0.4, 150, 5)])
def test_shares_are_right_and_intervals_cover(tmp_path: Path, right: float, n: int, leave_out: int) -> None:
    truth = _run(tmp_path, right, 7)
    con, filled, draws = connect(), tmp_path / "sheet.csv", 60
    share = {k: sum(t == k for t in truth.values()) / N for k in LABELS}
    covered, off, width = 0, dict.fromkeys(LABELS, 0.0), 0.0
    for seed in range(draws):
        sample = _draw(con, tmp_path, "stance", "t", n, seed)
        assert sample.num_rows == n
        _label(filled, truth, sample, leave_out)
        told = audit.read_back(tmp_path, filled)
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
    first = _draw(con, tmp_path, "stance", "t", 80, 5)
    posts = pq.read_table(tmp_path / POSTS.file)
    pq.write_table(posts.take(pa.array(list(range(N))[::-1])), tmp_path / POSTS.file)
    assert _draw(con, tmp_path, "stance", "t", 80, 5) == first
    assert _draw(con, tmp_path, "stance", "t", 80, 6) != first
    rows = first.to_pylist()
    mass = sum(1 / r["inclusion_probability"] for r in rows)
    assert abs(mass - N) < 1e-6 and all(0 < r["inclusion_probability"] <= 1 for r in rows)


def test_a_sheet_larger_than_the_data_is_the_data(tmp_path: Path) -> None:
    truth = _run(tmp_path, 0.8, 3)
    sample = _draw(connect(), tmp_path, "stance", "t", 10 * N, 0)
    assert sample.num_rows == N
    _label(tmp_path / "s.csv", truth, sample)
    told = audit.read_back(tmp_path, tmp_path / "s.csv")
    for s in told.shares:
        exact = sum(t == s.label for t in truth.values()) / N
        assert s.corrected_0_1 == pytest.approx(exact) and s.low_0_1 == pytest.approx(s.high_0_1)


def test_what_was_not_annotated_is_told(tmp_path: Path) -> None:
    _run(tmp_path, 0.8, 3)
    with pytest.raises(HouselightsError, match="no post is marked"):
        _draw(connect(), tmp_path, "stance", "another target", 80, 0)


def test_confusion_tells_by_finding_with_effective_numbers(tmp_path: Path) -> None:
    truth = _run(tmp_path, 0.7, 3, found=15)
    sample = _draw(connect(), tmp_path, "stance", "t", 120, 0)
    _label(tmp_path / "s.csv", truth, sample)
    audit.read_back(tmp_path, tmp_path / "s.csv")
    rows = [r for r in pq.read_table(tmp_path / CONFUSION.file).to_pylist() if r["lang"] == "all"]
    assert {r["found"] for r in rows} == {True, False} == set(sample["found"].to_pylist())
    assert sum(r["n"] for r in rows) == 120 and sum(r["weight"] for r in rows) == pytest.approx(N)
    mass = sum(r["weight"] for r in rows if r["found"])
    assert mass == pytest.approx(420, rel=0.02)  # strata too small to stand alone are joined
    for key in {(r["predicted"], r["found"]) for r in rows}:
        mine = [r for r in rows if (r["predicted"], r["found"]) == key]
        n = sum(r["n"] for r in mine)
        assert 1 <= sum(r["n_effective"] for r in mine) <= n * (1 + 1e-9)  # Kish: no more than there are


def test_a_stratum_without_labels_widens_what_is_said(tmp_path: Path) -> None:
    truth = _run(tmp_path, 0.8, 3)
    sample = _draw(connect(), tmp_path, "stance", "t", 300, 0)
    rows = {r["row"]: r for r in sample.to_pylist()}
    left = {r["stratum"]: r["n_stratum"] for r in rows.values() if r["predicted"] == "neither" and r["lang"] == "en"}
    with (tmp_path / "s.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(sheet.COLUMNS)
        writer.writerows((k, "", "" if r["stratum"] in left else "favour") for k, r in rows.items())
    told = audit.read_back(tmp_path, tmp_path / "s.csv")
    covered = 1 - sum(left.values()) / N
    assert truth and told.covered_0_1 == pytest.approx(covered) and covered < 0.8
    favour = next(s for s in told.shares if s.label == "favour")
    assert favour.high_0_1 == 1 and favour.low_0_1 < covered


def _two_sheets(run: Path) -> tuple[Path, Path]:
    _run(run, 0.8, 3)
    marks = pq.read_table(run / ANNOTATIONS.file).to_pylist()
    both = [m | {"target": t} for m in marks for t in ("the tram", "the tunnel")]
    pq.write_table(pa.Table.from_pylist(both, schema=ANNOTATIONS.schema), run / ANNOTATIONS.file)
    con = connect()
    for name, target in (("tram.csv", "the tram"), ("tunnel.csv", "the tunnel")):
        sheet.write(con, run, blind_sample.draw(con, run, "stance", target, 60, 0), run / name)
    return run / "tram.csv", run / "tunnel.csv"


def _filled(path: Path, labels: list[str], header: str = "row,text,label", delimiter: str = ",") -> None:
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = [r["row"] for r in csv.DictReader(file)]
    with path.open("w", newline="") as file:
        file.write(header + "\r\n")
        writer = csv.writer(file, delimiter=delimiter)
        writer.writerows((row, "t", labels[i % len(labels)]) for i, row in enumerate(rows))


def test_a_sheet_is_of_its_target_alone(tmp_path: Path) -> None:
    tram, tunnel = _two_sheets(tmp_path)
    assert not {r[:13] for r in tram.read_text().splitlines()[1:]} & {r[:13] for r in tunnel.read_text().splitlines()}
    _filled(tram, ["favour", "against"])
    _filled(tunnel, ["neither"])
    assert audit.read_back(tmp_path, tram).target == "the tram"
    assert audit.read_back(tmp_path, tunnel, "stance", "the tunnel").target == "the tunnel"
    assert audit.labels_of_posts(tmp_path, tram)[1] == "the tram"
    kept = pq.read_table(tmp_path / CONFUSION.file).to_pylist()
    assert {(r["target"], r["labelled"]) for r in kept} == {
        ("the tram", "favour"),
        ("the tram", "against"),
        ("the tunnel", "neither"),
    }
    for task, target in (("stance", "the tunnel"), ("techniques", "")):
        with pytest.raises(HouselightsError, match="is the sheet of stance 'the tram'"):
            audit.read_back(tmp_path, tram, task, target)
        with pytest.raises(HouselightsError, match="is the sheet of stance 'the tram'"):
            audit.labels_of_posts(tmp_path, tram, task, target)
    tram.write_text(tram.read_text() + "".join(tunnel.read_text().splitlines(keepends=True)[1:]))
    with pytest.raises(HouselightsError, match="two sheets"):
        audit.read_back(tmp_path, tram)


def test_a_new_draw_of_a_target_replaces_its_sample_alone(tmp_path: Path) -> None:
    tram, tunnel = _two_sheets(tmp_path)
    con = connect()
    again = blind_sample.draw(con, tmp_path, "stance", "the tram", 50, 9)
    with pytest.raises(HouselightsError, match="cannot be written"):
        sheet.write(con, tmp_path, again, tmp_path / "nowhere" / "s.csv")
    _filled(tram, ["favour"])
    assert audit.read_back(tmp_path, tram).n_sheet == 60  # a sheet that could not be written replaced nothing
    sheet.write(con, tmp_path, again, tmp_path / "again.csv")
    counts = pq.read_table(tmp_path / SAMPLE.file).group_by("target").aggregate([("row", "count")]).to_pydict()
    assert dict(zip(counts["target"], counts["row_count"], strict=True)) == {"the tram": 50, "the tunnel": 60}
    with pytest.raises(HouselightsError, match="earlier draw"):
        audit.read_back(tmp_path, tram)
    _filled(tunnel, ["favour"])
    assert audit.read_back(tmp_path, tunnel).n_labelled == 60


@given(st.permutations(range(40)), st.sampled_from(sheet.DELIMITERS), st.booleans())
@settings(max_examples=30, deadline=None)
def test_neither_order_nor_delimiter_nor_a_copied_row_changes_a_sheet(
    order: list[int], delimiter: str, copied: bool
) -> None:
    labels = sheet.LABELS["stance"]
    rows = [(f"r{i:03d}", "a;b\tc,d", labels[i % 4] if i % 5 else "") for i in order]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "s.csv"
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.writer(file, delimiter=delimiter)
            writer.writerows([sheet.COLUMNS, *rows, *(rows[:7] if copied else [])])
        found = {row: label for row, (label, _) in sheet.read(path).items()}
        assert found == {row: label for row, _, label in rows if label}
        with path.open("a", encoding="utf-8", newline="") as file:
            csv.writer(file, delimiter=delimiter).writerow(("r001", "", "unclear"))
        with pytest.raises(HouselightsError, match="Keep one of them"):
            sheet.read(path)


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("row,text,label,label", "'label' is there more than once"),
        ("row,row,label", "'row' is there more than once"),
        ("row,text,Label", "'label' is missing"),
        ("", "'row' is missing"),
    ],
)
def test_a_sheet_with_other_columns_is_refused(tmp_path: Path, header: str, said: str) -> None:
    (tmp_path / "s.csv").write_text(header + "\r\nr1,favour,against\r\n")
    with pytest.raises(HouselightsError, match=said):
        sheet.read(tmp_path / "s.csv")


def test_a_very_long_post_goes_out_short_and_comes_back_whatever_its_length(tmp_path: Path) -> None:
    _run(tmp_path, 0.8, 3)
    posts = pq.read_table(tmp_path / POSTS.file).to_pylist()
    long = [p | {"text": "=word " * 40_000} for p in posts]
    pq.write_table(pa.Table.from_pylist(long[:50] + posts[50:], schema=POSTS.schema), tmp_path / POSTS.file)
    con, path = connect(), tmp_path / "s.csv"
    sheet.write(con, tmp_path, blind_sample.draw(con, tmp_path, "stance", "t", N, 0), path)
    assert max(map(len, path.read_text(encoding="utf-8-sig").splitlines())) < sheet.MOST_CHARACTERS + 100
    path.write_text("row,text,label\r\n" + f"r1,{'x' * 300_000},favour\r\n")
    assert sheet.read(path) == {"r1": ("favour", 2)}


@given(st.integers(0, 2**32), st.text(max_size=20))
def test_no_row_is_a_number_to_a_spreadsheet(seed: int, post_id: str) -> None:
    assert re.fullmatch("r[0-9a-f]{12}", blind_sample._row_id(seed, "stance", "t", post_id))
