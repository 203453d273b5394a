"""What may not change a finding: the order of rows, a second run, the number of threads, the names of accounts, a file given twice."""

import csv
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from houselights import findings, traces
from houselights.core.settings import EvidenceSettings, ScanSettings, TraceSettings
from houselights.engine.local import connect
from houselights.evidence.detect import detect
from houselights.worlds import World

REFERENCES = ("author_id", "reply_to_author", "repost_of_author", "quote_of_author")


def posts_without_lines(run: Any) -> pa.Table:
    return pq.read_table(run.path / "posts.parquet").drop_columns(["raw_ref"])


def test_shuffled_json_lines_give_the_same_bytes(
    planted_dir: Path, from_jsonl: Any, scanned: Callable[..., Any], tmp_path: Path
) -> None:
    lines = (planted_dir / "posts.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    np.random.default_rng(1).shuffle(lines)
    (tmp_path / "posts.jsonl").write_text("".join(lines), encoding="utf-8")
    run = scanned(tmp_path / "posts.jsonl")
    assert run.bytes() == from_jsonl.bytes()
    assert posts_without_lines(run).equals(posts_without_lines(from_jsonl))
    assert from_jsonl.observed


def test_shuffled_csv_rows_give_the_same_bytes(
    csv_rows: list[list[str]], from_csv: Any, scanned: Callable[..., Any], tmp_path: Path
) -> None:
    body = csv_rows[1:]
    np.random.default_rng(3).shuffle(body)
    with (tmp_path / "posts.csv").open("w", encoding="utf-8", newline="") as out:
        csv.writer(out).writerows([csv_rows[0], *body])
    run = scanned(tmp_path / "posts.csv")
    assert run.bytes() == from_csv.bytes()
    assert posts_without_lines(run).equals(posts_without_lines(from_csv))
    assert from_csv.observed


def test_the_same_input_twice_gives_the_same_bytes(
    planted_dir: Path, from_jsonl: Any, scanned: Callable[..., Any]
) -> None:
    again = scanned(planted_dir / "posts.jsonl")
    names = sorted(p.name for p in from_jsonl.path.iterdir() if p.name != "manifest.json")
    assert names == sorted(p.name for p in again.path.iterdir() if p.name != "manifest.json")
    content = {"languages.parquet", "narratives.parquet", "post_narratives.parquet"}
    assert {"posts.parquet", "rejects.parquet", "report.html", *content, *from_jsonl.bytes()} == set(names)
    assert again.bytes(*names) == from_jsonl.bytes(*names)
    # Seconds and memory are measured anew; nothing else in the manifest is.
    kept = [{k: v for k, v in run.manifest.items() if k != "stages"} for run in (again, from_jsonl)]
    assert kept[0] == kept[1]


@pytest.mark.parametrize("threads", [1, 4])
def test_threads_change_nothing(from_jsonl: Any, tmp_path: Path, threads: int) -> None:
    """Small row groups give every thread of a small world its share; each stage runs on what the one before it wrote."""
    posts = pq.read_table(from_jsonl.path / "posts.parquet")
    pq.write_table(posts, tmp_path / "posts.parquet", row_group_size=512)
    con = connect(threads=threads)
    traces.build(con, tmp_path / "posts.parquet", tmp_path / "traces.parquet", TraceSettings())
    detection = detect(con, tmp_path / "posts.parquet", tmp_path / "traces.parquet", EvidenceSettings())
    findings.write(con, tmp_path, detection, ScanSettings())
    con.close()
    for name, content in from_jsonl.bytes().items():
        assert (tmp_path / name).read_bytes() == content, name


def renamed(account: str) -> str:
    return "u" + hashlib.blake2b(account.encode(), digest_size=9).hexdigest()


def test_renaming_accounts_only_renames(planted: World, from_parquet: Any, scanned: Callable[..., Any]) -> None:
    posts = planted.posts
    for name in (*REFERENCES, "mentions"):
        at = posts.column_names.index(name)
        column = [[renamed(x) for x in a] if isinstance(a, list) else a and renamed(a) for a in posts[name].to_pylist()]
        posts = posts.set_column(at, posts.schema.field(name), pa.array(column, posts.schema.field(name).type))
    run = scanned(posts)
    new_name = {a: renamed(a) for a in planted.truth["account_id"].to_pylist()}
    assert sorted(new_name) != sorted(new_name, key=new_name.__getitem__)
    new_id = {f["finding_id"]: g["finding_id"] for f, g in zip(from_parquet.findings, run.findings, strict=True)}
    assert new_id

    def told(text: str) -> str:
        for old, new in (*new_name.items(), *new_id.items()):
            text = text.replace(old, new)
        return text

    assert json.loads(told(json.dumps(from_parquet.findings))) == run.findings
    for table in ("members", "evidence", "highlights", "traces"):
        wanted = {told(json.dumps(row, default=str, sort_keys=True)) for row in from_parquet.rows(table)}
        assert wanted == {json.dumps(row, default=str, sort_keys=True) for row in run.rows(table)}, table


def test_a_file_given_twice_adds_only_rejects(
    planted_dir: Path, from_jsonl: Any, scanned: Callable[..., Any], tmp_path: Path
) -> None:
    copy = tmp_path / "the same again.jsonl"
    copy.write_bytes((planted_dir / "posts.jsonl").read_bytes())
    run = scanned(planted_dir / "posts.jsonl", copy)
    assert run.bytes("posts.parquet", *from_jsonl.bytes()) == from_jsonl.bytes("posts.parquet", *from_jsonl.bytes())
    before, after = from_jsonl.manifest, run.manifest
    assert after["accepted"] == before["accepted"]
    added = after["rejected_by_rule"]["duplicate_post"] - before["rejected_by_rule"].get("duplicate_post", 0)
    assert added == before["inputs"][0]["rows"] == len(run.rows("rejects")) - len(from_jsonl.rows("rejects"))
    assert {r["rule"] for r in run.rows("rejects") if r["source"].endswith(copy.name)} == {"duplicate_post"}
