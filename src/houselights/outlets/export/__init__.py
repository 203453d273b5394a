"""A RUN for other tools: graph files, CSV, the report.

Whoever is not named in the report is not named here: exports leave the desk. The ids stay in `members.parquet`.
"""

from pathlib import Path

from houselights.core.errors import HouselightsError, refuse_to_lose
from houselights.core.tables import ALL
from houselights.outlets import report
from houselights.outlets.export import csv, gexf, graphml
from houselights.outlets.export.graph import read_graph
from houselights.results import Results

GRAPHS = {"gexf": gexf.text, "graphml": graphml.text}


def write(results: Results, to: str, out: Path) -> list[Path]:
    """Writes the export `to` (gexf, graphml, csv or report) and returns the files.

    `out` is a file, for csv a directory.
    """
    if to == "csv":
        if out.exists() and not out.is_dir():
            raise HouselightsError(f"{out} is a file. CSV export writes four files: give a directory.")
        return csv.write(results, out)
    if out.is_dir():
        raise HouselightsError(
            f"{out} is a directory. Give the file to write, for instance {out / ('houselights.' + to)}."
        )
    out.parent.mkdir(parents=True, exist_ok=True)
    refuse_to_lose(
        [results.run_dir / name for name in (*(t.file for t in ALL), "findings.json", "manifest.json")], [out]
    )
    if to == "report":
        return [report.write(results, out)]
    beside = out.with_name(out.name + ".part")
    beside.write_text(GRAPHS[to](read_graph(results)), encoding="utf-8", newline="\n")
    beside.replace(out)
    return [out]
