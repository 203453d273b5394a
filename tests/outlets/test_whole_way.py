"""From a file to the report with nothing standing in: a small simulated world, by command line and by Python."""

import gzip
import json
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import houselights as hl
from houselights import worlds
from houselights.outlets import cli, demonstration

SETTINGS = worlds.WorldSettings(
    n_accounts=700,
    n_days=4,
    campaigns=(worlds.CampaignSpec("own_content_ring", 15, 24, 30.0),),
    lookalikes=("fans",),
    camouflage_0_1=0.2,
)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("world")
    worlds.simulate_to(path, SETTINGS, 3)
    return path


@pytest.fixture(scope="module")
def run(world: Path) -> Path:
    out = world / "run"
    assert cli.main(["scan", str(world / "posts.jsonl"), "--out", str(out), "--quiet"]) in (0, 10)
    return out


def test_the_ring_is_found_and_nobody_else_is_named(world: Path, run: Path) -> None:
    told = {t.kind: t for t in demonstration.compare(hl.Results(run), world)}
    assert told["own content ring"].verdict.startswith("found")
    assert told["fans"].n_named == told["ordinary life"].n_named == 0


def test_report_and_explain_read_what_the_pipeline_writes(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = (run / "report.html").read_text(encoding="utf-8")
    for finding in hl.Results(run).findings:
        assert finding["finding_id"] in report
        assert cli.main(["explain", str(run), finding["finding_id"]]) == 0
        told = capsys.readouterr().out
        assert "What this does not show" in told and "None None" not in told and ": None" not in told
    assert ">None<" not in report and "<mark>" in report


def test_python_gives_the_same_findings_for_a_table(world: Path, run: Path) -> None:
    other = hl.scan(pq.read_table(world / "posts.parquet"))
    assert [f["finding_id"] for f in other.findings] == [f["finding_id"] for f in hl.Results(run).findings]


def test_a_second_scan_gives_the_same_bytes(world: Path, run: Path) -> None:
    out = world / "again"
    cli.main(["scan", str(world / "posts.jsonl"), "--out", str(out), "--quiet"])
    for name in ("findings.json", "members.parquet", "evidence.parquet", "highlights.parquet", "report.html"):
        assert (out / name).read_bytes() == (run / name).read_bytes(), name


def test_a_quiet_scan_leaves_nothing_on_stderr(world: Path) -> None:
    """Not while it works, and not while the interpreter exits: a library that kept a module of ours alive would make
    DuckDB's bindings complain of leaks there."""
    command = [sys.executable, "-m", "houselights.outlets.cli", "scan", world / "posts.jsonl", "--out", world / "child"]
    done = subprocess.run([*command, "--quiet"], capture_output=True, check=False)
    assert done.returncode in (0, 10)
    assert (done.stdout, done.stderr) == (b"", b"")


def test_starting_from_an_account_or_a_link(world: Path, run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A member finds its group, by id or handle; somebody else hears how many findings are not theirs; a misspelt one is told so."""
    results = hl.Results(run)
    members = pq.read_table(run / "members.parquet").to_pylist()
    passed = {f["finding_id"] for f in results.findings if f["tier"] != "described"}
    member = next(m["account_id"] for m in members if m["role"] == "core" and m["finding_id"] in passed)
    posts = pq.read_table(world / "posts.parquet", columns=["author_id", "author_handle"]).to_pylist()
    handle = next(p["author_handle"] for p in posts if p["author_id"] == member)
    everybody = {m["account_id"] for m in members}
    stranger = next(p["author_id"] for p in posts if p["author_id"] not in everybody)
    scan = ["scan", str(world / "posts.jsonl"), "--out", str(world / "asked")]
    for name in (member, f"@{handle}"):
        assert cli.main([*scan, "--account", name, "--quiet"]) == 10
        assert hl.Results(world / "asked").findings[0]["finding_id"] in {f["finding_id"] for f in results.findings}
    capsys.readouterr()
    assert cli.main([*scan, "--account", stranger]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert f"that has to do with account {stranger}" in told
    assert f"{len(results.findings)} other pattern" in told and "nothing to do with it" in told
    assert "Read: " in told
    for wrong in (["--account", "nobody-of-this-name"], ["--link", "https://nowhere.example/x"]):
        assert cli.main([*scan, *wrong]) == 2
        assert "no post in this data" in capsys.readouterr().err


def test_another_tools_manifest_is_no_run(tmp_path: Path, world: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "manifest.json").write_text('{"name": "my web app"}', encoding="utf-8")
    (tmp_path / "findings.json").write_text("mine", encoding="utf-8")
    assert cli.main(["scan", str(world / "posts.jsonl"), "--out", str(tmp_path)]) == 2
    assert "not a RUN directory" in capsys.readouterr().err
    assert (tmp_path / "findings.json").read_text(encoding="utf-8") == "mine"


def test_an_hour_of_data_is_told_to_be_too_short(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Ten accounts in step on twenty links within one hour: nothing can be said, and that is what is said."""
    rows = ["id,user,created_at,text"]
    for k in range(20):
        for a in range(10):
            at = f"2026-03-02T10:{(k * 2) + 5:02d}:{a:02d}Z"
            rows.append(f"{k * 10 + a},u{a},{at},look https://page.example/{k}")
    (tmp_path / "posts.csv").write_text("\n".join(rows), encoding="utf-8")
    assert cli.main(["scan", str(tmp_path / "posts.csv"), "--out", str(tmp_path / "run")]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert told.startswith("Nothing could be tested") and "too few different hours" in told
    assert "Nothing found" not in told
    assert "Nothing found" not in (tmp_path / "run" / "report.html").read_text(encoding="utf-8")


def test_convert_never_writes_over_its_input(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "posts.csv"
    path.write_text("id,user,created_at,text\n1,u1,2026-03-02T10:00:00Z,hello\n", encoding="utf-8")
    before = path.read_bytes()
    (tmp_path / "alias.csv").symlink_to(path)
    for out in (path, tmp_path / "alias.csv"):
        assert cli.main(["convert", str(path), "--out", str(out)]) == 2
        assert "is the input itself" in capsys.readouterr().err
    assert path.read_bytes() == before


def test_no_command_writes_over_what_it_reads(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "posts.csv"
    path.write_text("id,user,created_at,text\n1,u1,2026-03-02T10:00:00Z,hello\n", encoding="utf-8")
    run, graph = tmp_path / "run", tmp_path / "graph"
    assert cli.main(["scan", str(path), "--out", str(run), "--quiet"]) == 0
    graph.mkdir()
    edges = graph / "edges.csv"
    edges.write_text("object_id,account_id,content_id,timestamp_share\no1,a1,c1,1\no1,a2,c2,2\n", encoding="utf-8")
    kept = {p: p.read_bytes() for p in (run / "posts.parquet", edges)}
    for command in (
        ["scan", str(run / "posts.parquet"), "--out", str(run)],
        ["export", str(run), "--to", "gexf", "--out", str(run / "posts.parquet")],
        ["network", str(edges), "--as", "coortweet", "--out", str(graph)],
    ):
        capsys.readouterr()
        assert cli.main(command) == 2, command
        assert "is the input itself" in capsys.readouterr().err
    assert {p: p.read_bytes() for p in kept} == kept
    posts = graph / "posts.csv"  # beside the results, but none of them
    posts.write_bytes(edges.read_bytes())
    assert cli.main(["network", str(posts), "--as", "coortweet", "--out", str(graph)]) == 0
    for _ in range(2):
        assert cli.main(["export", str(run), "--to", "gexf", "--out", str(run / "graph.gexf")]) == 0


def test_an_input_that_cannot_be_read_costs_no_earlier_result(tmp_path: Path) -> None:
    run = tmp_path / "run"
    posts = tmp_path / "posts.csv"
    posts.write_text("id,user,created_at,text\n1,u1,2026-03-02T10:00:00Z,hello\n", encoding="utf-8")
    assert cli.main(["scan", str(posts), "--out", str(run), "--quiet"]) == 0
    before = {p.name: p.read_bytes() for p in run.iterdir()}
    broken = tmp_path / "broken.csv"
    broken.write_bytes(b"\x00\x01\x02" * 100)
    for path in (broken, tmp_path / "misspelt.csv"):
        assert cli.main(["scan", str(path), "--out", str(run), "--quiet"]) == 2
        assert {p.name: p.read_bytes() for p in run.iterdir()} == before


def test_an_input_that_breaks_off_is_told_at_the_top(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = "".join(f"{i},u{i},2026-03-02T10:00:{i % 60:02d}Z,words {i * 7919}\n" for i in range(5000))
    packed = gzip.compress(("id,user,created_at,text\n" + rows).encode())
    path = tmp_path / "posts.csv.gz"
    path.write_bytes(packed[: len(packed) // 2])
    assert cli.main(["scan", str(path), "--out", str(tmp_path / "run")]) == 0
    told = " ".join(capsys.readouterr().out.split())
    sentence = "An input file breaks off before the end: what came after is missing here."
    assert sentence in told and told.index(sentence) < told.index("Read:")
    assert sentence in (tmp_path / "run" / "report.html").read_text(encoding="utf-8")


def test_a_column_that_stands_twice_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "posts.csv"
    path.write_text(
        "id,user,created_at,text,url,url\n1,u1,2026-03-02T10:00:00Z,hello,,https://a.example/x\n", encoding="utf-8"
    )
    assert cli.main(["scan", str(path), "--out", str(tmp_path / "run")]) == 0
    assert "--map urls='url (6)' takes another" in " ".join(capsys.readouterr().out.split())
    assert cli.main(["scan", str(path), "--out", str(tmp_path / "run"), "--map", "urls=url (6)", "--json"]) == 0


def test_what_an_export_lacks_is_said_with_its_file(tmp_path: Path) -> None:
    plain, full = tmp_path / "plain.csv", tmp_path / "full.csv"
    words = "the council has decided to keep the old theatre open"
    rows = [f"{i},a{i},2024-01-0{i} 10:00:01,RT @x: {words}" for i in range(1, 6)]
    plain.write_text("\n".join(["id,author_id,created_at,text", *rows]) + "\n")
    rows = [f"{i},a{i},2024-01-0{i} 10:00:01,{words},s{i}" for i in range(6, 9)]
    full.write_text("\n".join(["id,author_id,created_at,text,repost_of", *rows]) + "\n")
    assert cli.main(["scan", str(plain), "--out", str(tmp_path / "one"), "--quiet"]) == 0
    manifest = json.loads((tmp_path / "one" / "manifest.json").read_text())
    sentence = "this export lacks the id of the reposted message, so reposts are matched by text"
    assert manifest["inputs"][0]["lacks"]["repost"] == sentence and manifest["traces"]["repost"] == 5
    reasons = {row["channel"]: row["reason"] for row in manifest["channels_skipped"]}
    assert reasons["objects of kind reply"].startswith("this export lacks the id of the answered message")
    assert sentence in (tmp_path / "one" / "report.html").read_text()
    assert cli.main(["scan", str(plain), str(full), "--out", str(tmp_path / "two"), "--quiet"]) == 0
    assert f"plain.csv: {sentence}" in (tmp_path / "two" / "report.html").read_text()


def test_an_input_of_which_nothing_is_left_costs_no_earlier_result(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run, posts = tmp_path / "run", tmp_path / "posts.csv"
    posts.write_text("id,user,created_at,text\n1,u1,2026-03-02T10:00:00Z,hello\n", encoding="utf-8")
    assert cli.main(["scan", str(posts), "--out", str(run), "--quiet"]) == 0
    before = {p.name: p.read_bytes() for p in run.iterdir()}
    assert cli.main(["scan", str(posts), "--out", str(run), "--quiet", "--since", "2030-01-01"]) == 2
    assert "earlier result" in capsys.readouterr().err
    assert {p.name: p.read_bytes() for p in run.iterdir()} == before


def test_convert_says_what_it_took_the_file_for_and_replaces_no_input(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad, good = tmp_path / "q.rejects.parquet", tmp_path / "good.csv"
    head = "id,user,created_at,text\n1,u1,2026-03-02T10:00:00Z,hello\n"
    bad.write_text(head + "2,u2,never,x\n", encoding="utf-8")
    good.write_text(head, encoding="utf-8")
    before = bad.read_bytes()
    assert cli.main(["convert", str(bad), "--out", str(tmp_path / "q.parquet")]) == 2
    assert bad.read_bytes() == before
    other = tmp_path / "bad.csv"
    other.write_bytes(before)
    capsys.readouterr()
    assert cli.main(["convert", str(other), "--out", str(tmp_path / "st.parquet")]) == 0
    assert "user" in capsys.readouterr().out and (tmp_path / "st.rejects.parquet").exists()
    assert cli.main(["convert", str(good), "--out", str(tmp_path / "st.parquet")]) == 0
    assert not (tmp_path / "st.rejects.parquet").exists()
    other.write_text("id,user,created_at,text\n2,u2,never,x\n", encoding="utf-8")
    assert cli.main(["convert", str(other), "--out", str(tmp_path / "none.parquet")]) == 2
    assert (tmp_path / "none.rejects.parquet").exists() and not (tmp_path / "none.parquet").exists()


def test_a_path_that_cannot_be_is_no_fault_of_ours(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    posts = tmp_path / "posts.csv"
    posts.write_text("id,user,created_at,text\n1,u1,2026-03-02T10:00:00Z,hello\n", encoding="utf-8")
    assert cli.main(["scan", str(posts), "--out", str(posts / "run"), "--quiet"]) == 2
    assert cli.main(["convert", str(posts), "--out", str(posts / "x" / "x.parquet")]) == 2
    assert "fault" not in capsys.readouterr().err
