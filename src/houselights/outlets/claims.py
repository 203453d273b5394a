"""Which claims of a list the posts of a run are about, in the terminal."""

from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from houselights.core.tables import CLAIM_MATCHES
from houselights.outlets import wording
from houselights.outlets.hostile import clip, terminal
from houselights.results import Results

MOST_SHOWN = 20
_LONGEST = 200  # characters of a claim in the table
WORDS_ALONE = (
    "Compared by words alone, so the same in other words or another language is missed: the model of meaning is not installed "
    "(pip install 'houselights[narratives]', or name a server with --embeddings URL)."
)


def show(results: Results, out: Console, n_claims: int, n_posts: int, model: str) -> None:
    """`model`: of meaning; '' where words alone were compared."""
    rows = results.claims()
    told = (
        f"{wording.count(n_posts, 'post')} of {results.counts['posts']:,} {'is' if n_posts == 1 else 'are'} near "
        f"{'one' if n_claims == 1 else 'some'} of {wording.count(n_claims, 'claim')}."
    )
    out.print(Text(told, style="bold"))
    if rows:
        out.print(_table(rows[:MOST_SHOWN]))
    if len(rows) > MOST_SHOWN:
        out.print(Text(f"... and {len(rows) - MOST_SHOWN:,} more claims."))
    if rows:
        out.print(Text(wording.CLAIMS_MEANING))
    if not model:
        out.print(Text(WORDS_ALONE))
    out.print(Text(f"Written to {terminal(str(results.run_dir / CLAIM_MATCHES.file))}"))


def _table(rows: list[dict[str, Any]]) -> Table:
    table = Table(box=box.SIMPLE, show_edge=False, pad_edge=False)
    table.add_column("claim", ratio=3)
    table.add_column("verdict as published", ratio=1)
    for name in ("posts", "accounts"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in rows:
        claim = terminal(clip(str(row["claim_text"]), _LONGEST))
        if row["claim_url"]:
            claim += f"\n{terminal(str(row['claim_url']))}"
        verdict = terminal(str(row["verdict"])) if row["verdict"] else "none given"
        table.add_row(Text(claim), Text(verdict), f"{row['posts']:,}", f"{row['accounts']:,}")
    return table


def as_dict(results: Results, n_claims: int, n_texts: int, n_posts: int, model: str) -> dict[str, Any]:
    """The same for machines; `model` is '' where words alone were compared."""
    return {
        "run": str(results.run_dir),
        "table": str(results.run_dir / CLAIM_MATCHES.file),
        "n_claims": n_claims,
        "n_texts": n_texts,
        "n_posts": n_posts,
        "model": model,
        "claims": results.claims(),
    }
