"""Whose stances are counted, and what an audited sample says of their errors.

A head marks every post. A language model may have read a sample only, half of it posts of findings: shares of such posts are not those of a
conversation, and a post that nobody read is not an unclear one."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np

from houselights.core.errors import HouselightsError
from houselights.core.paths import in_sql
from houselights.core.tables import ANNOTATIONS, CONFUSION, POSTS
from houselights.findings.opinion.labels import GROUPS, OTHERS, Audit

ALL_0_1 = 0.99
"""Of posts in own words: a model that gave no valid answer to one in a hundred has read them all."""


@dataclass(frozen=True)
class Read:
    """`model` marked the posts; `audit` is of its marks, by hand; `note` is to be said. `why_not`: nothing can be counted, and why."""

    model: str = ""
    audit: Audit | None = None
    n_audited: int = 0
    note: str = ""
    why_not: str = ""


def read(con: duckdb.DuckDBPyConnection, run_dir: Path, target: str, names: Sequence[str]) -> Read:
    """For the target. A model that read all posts comes before the head; a head that does not know the target counts only where it was audited."""
    rows = con.execute(
        f"""SELECT model, count(DISTINCT post_id), bool_or(coalesce(confidence, 1) > 0) FROM read_parquet({in_sql(run_dir / ANNOTATIONS.file)})
        WHERE task = 'stance' AND target = $target GROUP BY 1 ORDER BY 2 DESC, 1""",
        {"target": target},
    ).fetchall()
    [texts] = con.execute(
        f"SELECT count(DISTINCT post_id) FROM read_parquet({in_sql(run_dir / POSTS.file)}) WHERE kind <> 'repost' AND trim(\"text\") <> ''"
    ).fetchall()
    audits = _audits(con, run_dir, target, names)
    whole = [(m, knows) for m, n, knows in rows if n >= ALL_0_1 * texts[0]]
    by_model = [m for m, _ in whole if not m.startswith("head:")]
    by_head = [m for m, knows in whole if m.startswith("head:") and (knows or m in audits)]
    if not (by_model or by_head):
        return Read(why_not=_why_not(target, [(m, n) for m, n, _ in rows if not m.startswith("head:")], int(texts[0])))
    model = (by_model or by_head)[0]
    audit, n = audits.get(model, (None, 0))
    note = ""
    if audits and audit is None:
        note = f"The audited sample is of labels by {', '.join(sorted(audits))}, not of those counted here, so it is not used."
    return Read(model, audit, n, note)


def _why_not(target: str, partly: Sequence[tuple[str, int]], n_texts: int) -> str:
    if partly:
        model, n = partly[0]
        return (
            f"Stances toward {target!r} are not counted: {model} read {n:,} of {n_texts:,} posts, half of them drawn from those of "
            "findings, and their shares are not the conversation's. `houselights annotate --posts 0` has all read."
        )
    return (
        f"Stances toward {target!r} are not counted: no head knows this target, and no model was asked. `houselights sample` writes a "
        "sheet of posts to label; once it is read back with --audit, the shares are estimated from it."
    )


def _audits(
    con: duckdb.DuckDBPyConnection, run_dir: Path, target: str, names: Sequence[str]
) -> dict[str, tuple[Audit, int]]:
    """Per model that was audited the effective numbers by prediction and label, and how many posts were labelled."""
    path = run_dir / CONFUSION.file
    if not path.is_file():
        return {}
    try:
        rows = con.execute(
            f"""SELECT model, found, predicted, labelled, sum(n_effective), sum(n) FROM read_parquet({in_sql(path)})
            WHERE task = 'stance' AND target = $target AND lang = 'all' GROUP BY ALL ORDER BY ALL""",
            {"target": target},
        ).fetchall()
    except duckdb.Error as error:
        raise HouselightsError(
            f"{path} cannot be read: {str(error).splitlines()[0]}. Read the labelled sheet again: houselights sample RUN --audit FILE"
        ) from error
    at = {name: i for i, name in enumerate(names)}
    counts: dict[str, np.ndarray] = {}
    n_labelled: dict[str, int] = {}
    for model, found, predicted, labelled, n_effective, n in rows:
        if predicted in at and labelled in at:
            mine = counts.setdefault(model, np.zeros((2, len(names), len(names))))
            mine[GROUPS if found else OTHERS, at[predicted], at[labelled]] += n_effective
            n_labelled[model] = n_labelled.get(model, 0) + int(n)
    return {model: (Audit(n), n_labelled[model]) for model, n in counts.items()}
