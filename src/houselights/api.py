"""The same in Python: `run = houselights.scan("posts.jsonl")`, then `run.findings`, `run.highlights`,
`run.explain(id)`."""

import io
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from houselights.core import tables
from houselights.core.errors import HouselightsError
from houselights.core.settings import ContentSettings, EvidenceSettings, ReadSettings, ScanSettings
from houselights.outlets import explain, report, summary, wording
from houselights.outlets.hostile import html_marked
from houselights.outlets.report import timeline
from houselights.results import Results, refuse_foreign_directory

PathLike = str | Path


def scan(
    source: Any,
    out: PathLike | None = None,
    *,
    format: str = "auto",
    columns: dict[str, str] | None = None,
    q: float = 0.05,
    windows_s: Sequence[float] = (10.0, 60.0, 600.0),
    seed: int = 0,
    since: datetime | str | None = None,
    until: datetime | str | None = None,
    account: str | None = None,
    link: str | None = None,
    known: PathLike | None = None,
    narratives: bool = False,
    embeddings_url: str = "",
    embeddings_model: str = "",
    narratives_from: PathLike | None = None,
    engine: str = "local",
    ray_address: str = "",
) -> "Run":
    """Scans posts and returns the Run.

    `source`: a path, a list of paths, or a table: Arrow, pandas, polars, a DuckDB relation, any Arrow C stream.
    `out`: the RUN directory to write; without it the tables live in a temporary directory for as long as the Run does.
    `columns`: our column -> column of the source. Times without a zone are UTC. Raises HouselightsError for bad input.
    `narratives`: also group posts by what they say (extra `narratives`), by the embedded model or an OpenAI-compatible server;
    `narratives_from`: an earlier RUN whose narratives go on under their names.
    `engine`: local or ray (extra `ray`; `ray_address` of a running cluster, else one of this machine): the same tables.
    """
    from houselights.engine.choice import chosen
    from houselights.pipeline import scan as run_pipeline

    if not 0 < q < 1:
        raise HouselightsError(f"q is {q}; a false-discovery rate lies between 0 and 1.")
    if narratives_from and not narratives:
        raise HouselightsError("narratives_from names an earlier run whose narratives go on: add narratives=True.")
    read = ReadSettings(format, dict(columns or {}), _utc(since), _utc(until), account, link)
    windows = tuple(sorted({float(w) for w in windows_s}))
    settings = ScanSettings(
        read=read,
        content=ContentSettings(
            narratives, embeddings_url, embeddings_model, earlier_run=str(narratives_from) if narratives_from else ""
        ),
        evidence=EvidenceSettings(q=q, windows_s=windows, seed=seed),
        known_file=str(known) if known else None,
    )
    keeper = None if out else tempfile.TemporaryDirectory(prefix="houselights-")
    run_dir = Path(out) if out else Path(keeper.name) / "run"  # type: ignore[union-attr]
    refuse_foreign_directory(run_dir)
    with tempfile.TemporaryDirectory(prefix="houselights-") as beside, chosen(engine, ray_address) as work:
        run_pipeline(_paths(source, Path(beside)), run_dir, settings, work=work)
    results = Results(run_dir)
    report.write(results)
    return Run(results, keeper)


def open_run(run_dir: PathLike) -> "Run":
    """A RUN directory that a scan wrote before."""
    return Run(Results(run_dir))


@dataclass(frozen=True)
class Run:
    """One scan's results. Tables come as Arrow (`.to_pandas()`, `polars.from_arrow`); findings as dicts, strongest
    first."""

    results: Results
    _keeper: "tempfile.TemporaryDirectory[str] | None" = field(default=None, repr=False)

    @property
    def path(self) -> Path:
        return self.results.run_dir

    @property
    def manifest(self) -> dict[str, Any]:
        return self.results.manifest

    @property
    def findings(self) -> list[dict[str, Any]]:
        return self.results.findings

    @property
    def posts(self) -> pa.Table:
        return self.results.table(tables.POSTS)

    @property
    def members(self) -> pa.Table:
        return self.results.table(tables.MEMBERS)

    @property
    def evidence(self) -> pa.Table:
        return self.results.table(tables.EVIDENCE)

    @property
    def highlights(self) -> pa.Table:
        return self.results.table(tables.HIGHLIGHTS)

    @property
    def annotations(self) -> pa.Table:
        """Stance and techniques that `houselights annotate` marked; empty before."""
        return self.results.table(tables.ANNOTATIONS)

    @property
    def descriptions(self) -> pa.Table:
        """Names and summaries that a language model drafted; empty before."""
        return self.results.table(tables.DESCRIPTIONS)

    @property
    def rejects(self) -> pa.Table:
        return self.results.table(tables.REJECTS)

    @property
    def plot(self) -> "Plots":
        return Plots(self.results)

    def explain(self, finding_id: str) -> str:
        """One finding with its evidence, as plain text. Raises HouselightsError for an unknown id."""
        out = io.StringIO()
        explain.show(self.results, finding_id, summary.console(out))
        return out.getvalue()

    def __repr__(self) -> str:
        return f"<houselights.Run {self.path}: {wording.overall(self.results)}>"

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td><code>{html_marked(str(f['finding_id']))}</code></td><td>{html_marked(str(f.get('tier')))}</td>"
            f"<td>{f.get('n_core', 0):,} of {f.get('n_accounts', 0):,}</td><td>{wording.amount(f.get('observed'))}</td>"
            f"<td>{wording.amount(f.get('expected'))}</td><td>{html_marked(str(f.get('sentence') or ''))}</td></tr>"
            for f in self.findings[:20]
        )
        head = (
            "<tr><th>finding</th><th>tier</th><th>core of listed</th><th>observed</th><th>by chance</th><th></th></tr>"
        )
        table = f"<table><thead>{head}</thead><tbody>{rows}</tbody></table>" if rows else ""
        return f"<p><b>{html_marked(wording.overall(self.results))}</b></p>{table}"


@dataclass(frozen=True)
class Plots:
    """Pictures that notebooks show by themselves."""

    results: Results

    def timeline(self, finding_id: str) -> "Picture":
        return Picture(timeline.svg(self.results.timeline(finding_id)))


@dataclass(frozen=True)
class Picture:
    svg: str = field(repr=False)

    def _repr_svg_(self) -> str:
        return self.svg

    def _repr_html_(self) -> str:
        return self.svg

    def save(self, path: PathLike) -> Path:
        """Writes the SVG and returns its path."""
        Path(path).write_text(self.svg, encoding="utf-8", newline="\n")
        return Path(path)


def _paths(source: Any, beside: Path) -> list[Path]:
    if isinstance(source, str | Path):
        paths = [Path(source)]
    elif isinstance(source, list | tuple) and source and all(isinstance(s, str | Path) for s in source):
        paths = [Path(s) for s in source]
    else:
        path = beside / "table.parquet"
        pq.write_table(_arrow(source), path)
        return [path]
    for path in paths:
        if not path.exists():
            raise HouselightsError(f"{path} does not exist. Give a file of posts.")
    return paths


def _arrow(source: Any) -> pa.Table:
    """Any table as Arrow, by the Arrow C stream interface where the source has it."""
    if isinstance(source, pa.Table):
        return source
    if isinstance(source, pa.RecordBatch):
        return pa.Table.from_batches([source])
    if isinstance(source, pa.RecordBatchReader):
        return source.read_all()
    if hasattr(source, "__arrow_c_stream__"):
        return pa.RecordBatchReader.from_stream(source).read_all()
    raise HouselightsError(
        f"cannot read a {type(source).__name__}. Give a path, a list of paths, or a table (Arrow, pandas, polars, "
        f"DuckDB)."
    )


def _utc(at: datetime | str | None) -> datetime | None:
    if at is None:
        return None
    if isinstance(at, str):
        try:
            at = datetime.fromisoformat(at)
        except ValueError:
            raise HouselightsError(f"{at!r} is not a time: write 2026-03-01 or 2026-03-01T09:00:00Z.") from None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
