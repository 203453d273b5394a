"""Graph files and CSV."""

import csv
from pathlib import Path
from types import ModuleType
from xml.dom import minidom

import igraph
import pytest

from houselights.core.errors import HouselightsError
from houselights.outlets import export
from houselights.results import Results


def test_graphml_holds_every_account_and_edge(run_dir: Path, tmp_path: Path) -> None:
    results = Results(run_dir)
    (path,) = export.write(results, "graphml", tmp_path / "g.graphml")
    graph = igraph.Graph.Read_GraphML(str(path))
    ids = [f["finding_id"] for f in results.findings]
    assert graph.vcount() == sum(len(results.shown(i)) for i in ids)
    assert sum(graph.es["weight"]) == sum(results.n_evidence(i) for i in ids)


def test_gexf_has_positions_and_ends_meet(run_dir: Path, tmp_path: Path) -> None:
    (path,) = export.write(Results(run_dir), "gexf", tmp_path / "g.gexf")
    root = minidom.parse(str(path)).documentElement
    assert root is not None and root.getAttribute("version") == "1.3"
    nodes = {n.getAttribute("id") for n in root.getElementsByTagName("node")}
    assert len(root.getElementsByTagName("viz:position")) == len(nodes)
    for edge in root.getElementsByTagName("edge"):
        assert {edge.getAttribute("source"), edge.getAttribute("target")} <= nodes


@pytest.mark.parametrize("to", ["gexf", "graphml", "csv", "report"])
def test_nobody_is_named_who_may_not_be(to: str, run_dir: Path, tmp_path: Path, made: ModuleType) -> None:
    text = "".join(p.read_text(encoding="utf-8") for p in export.write(Results(run_dir), to, tmp_path / "out"))
    assert not [a for a in (*made.HANGERS_ON, *made.POOL, *made.DESK) if a in text]
    assert all(a in text for a in made.RING)


def test_csv_has_no_formula(run_dir: Path, tmp_path: Path) -> None:
    files = export.write(Results(run_dir), "csv", tmp_path / "out")
    assert [f.name for f in files] == ["findings.csv", "members.csv", "evidence.csv", "highlights.csv"]
    for file in files:
        with file.open(encoding="utf-8-sig", newline="") as rows:
            for row in csv.reader(rows):
                assert not [cell for cell in row if cell.startswith(("=", "+", "@", "\t", "\r"))]


def test_the_same_run_gives_the_same_bytes(run_dir: Path, tmp_path: Path) -> None:
    for to in ("gexf", "graphml"):
        (a,) = export.write(Results(run_dir), to, tmp_path / "a")
        (b,) = export.write(Results(run_dir), to, tmp_path / "b")
        assert a.read_bytes() == b.read_bytes()


def test_an_empty_run_exports(empty_run_dir: Path, tmp_path: Path) -> None:
    for to in ("gexf", "graphml", "csv", "report"):
        assert all(p.is_file() for p in export.write(Results(empty_run_dir), to, tmp_path / to))


def test_wrong_places_are_refused(run_dir: Path, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("somebody's work", encoding="utf-8")
    with pytest.raises(HouselightsError, match="give a directory"):
        export.write(Results(run_dir), "csv", file)
    with pytest.raises(HouselightsError, match="is a directory"):
        export.write(Results(run_dir), "gexf", tmp_path)
