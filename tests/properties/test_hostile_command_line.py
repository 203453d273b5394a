"""Input that wants to break the program, through `houselights scan` as a child process: an exit code and a sentence, never a traceback."""

import csv
import gzip
import io
import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pyarrow.parquet as pq
import pytest

HEADER = "id,author_id,created_at,text\n"
ROWS = "".join(f"p{k},a{k % 3},2021-05-01T10:{k:02d}:00Z,plain words number {k} of a good row\n" for k in range(30))
GOOD = (HEADER + ROWS).encode()
NASTY = [
    '=HYPERLINK("http://bad.example","click")',
    "<script>alert(1)</script><img src=x onerror=alert(2)>",
    "\x1b]0;owned\x07\x1b[31mred\x1b[0m",
    "'; DROP TABLE posts; --",
    "\u202egnp.exe\u200b \u2066",
]


def nasty_table() -> bytes:
    """The same hostile words by three accounts within seconds, again and again: they reach the report as a finding or not at all."""
    out = io.StringIO()
    write = csv.writer(out)
    write.writerow(["id", "author_id", "author_handle", "created_at", "text"])
    for k in range(40):
        for who, name in enumerate(NASTY[:4]):
            text = f"{NASTY[k % len(NASTY)]} words that make this text number {k} long enough"
            write.writerow([f"p{k}-{who}", f"a{who}{name}", name, f"2021-05-{1 + k // 2:02d}T10:{k:02d}:0{who}Z", text])
    return out.getvalue().encode()


def zip_bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("posts.csv", b"0" * (64 << 20))
    return out.getvalue()


def ten_megabytes() -> bytes:
    long = {"id": "long", "author_id": "a", "created_at": "2021-05-01T10:00:00Z", "text": "x" * (10 << 20)}
    good = [{"id": f"p{k}", "author_id": f"a{k}", "created_at": "2021-05-01", "text": "plain words"} for k in range(3)]
    return b"".join(json.dumps(r).encode() + b"\n" for r in (good[0], long, *good[1:]))


REFUSED = {
    "empty": (b"", "empty"),
    "a folder": (None, "folder"),
    "noise": (bytes(range(256)) * 400, "binary"),
    "only a header": (HEADER.encode(), "only a header"),
    "no author column": (b"id,created_at,text\np1,2021-05-01,words\n", "author"),
    "a ZIP bomb": (zip_bomb(), "ZIP"),
    "a gzip bomb": (gzip.compress(b"0" * (64 << 20)), "one field"),
}
READ = {
    "a line of 10 MB": (ten_megabytes(), 4, {}),
    "a field of 200 kB": ((HEADER + "p98,a,2021-05-01," + "y" * 200_000 + "\n" + ROWS).encode(), 31, {}),
    "broken rows": (GOOD + b"p98,a\np99,a1,never,words\n", 30, {"malformed_csv_row": 1, "unparseable_time": 1}),
    "formulas, markup and escapes": (nasty_table(), 160, {}),
}


def scan(path: Path, out: Path) -> subprocess.CompletedProcess[bytes]:
    done = subprocess.run(
        [sys.executable, "-m", "houselights.outlets.cli", "scan", str(path), "--out", str(out)],
        capture_output=True,
        timeout=120,
    )
    assert b"Traceback" not in done.stderr, done.stderr
    assert b"\x1b]0" not in done.stdout + done.stderr, "a post wrote to the terminal's title"
    return done


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_read_is_refused_in_a_sentence(name: str, tmp_path: Path) -> None:
    data, word = REFUSED[name]
    path = tmp_path / "posts"
    if data is None:
        path.mkdir()
    else:
        path.write_bytes(data)
    done = scan(path, tmp_path / "run")
    told = done.stderr.decode()
    assert done.returncode == 2, told
    assert done.stdout == b""
    assert told.startswith("houselights: ") and word in told and len(told) < 1500
    assert str(path) in told, "the sentence names the file"


@pytest.mark.parametrize("name", READ)
def test_good_rows_go_through_and_the_others_are_counted(name: str, tmp_path: Path) -> None:
    data, n_accepted, rejected = READ[name]
    path = tmp_path / "posts"
    path.write_bytes(data)
    done = scan(path, tmp_path / "run")
    assert done.returncode in (0, 10), done.stderr.decode()
    manifest = json.loads((tmp_path / "run" / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["accepted"] == n_accepted == pq.read_table(tmp_path / "run" / "posts.parquet").num_rows
    assert manifest["rejected_by_rule"] == rejected
    assert pq.read_table(tmp_path / "run" / "rejects.parquet").num_rows == sum(rejected.values())
    report = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert not re.search(r"<script>alert|<img src=x|\x1b", report)
