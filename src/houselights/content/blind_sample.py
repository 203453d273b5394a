"""A blind sample of posts for a person to label, stratified by predicted label, language and whether a post is by an account of a finding."""

import heapq
from collections import defaultdict
from hashlib import blake2b
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from houselights.content.earlier_tables import kept_with, read_table
from houselights.content.marking import STANCE
from houselights.content.write import write_table
from houselights.core import counted
from houselights.core.errors import HouselightsError
from houselights.core.paths import in_sql
from houselights.core.tables import ANNOTATIONS, LANGUAGES, POSTS, SAMPLE

LEAST_IN_STRATUM = 4
"""Smaller strata have no spread that could be told; they are joined with others of the same predicted label, then with all."""
IN_PROPORTION_0_1 = 0.5
"""Of the sheet, so that no labelled post stands for more than twice as many as the average one; the rest is the same for each stratum."""


def draw(con: duckdb.DuckDBPyConnection, run_dir: Path, task: str, target: str, n: int, seed: int) -> pa.Table:
    """The `sample` of one task and target: n posts, at least two of each stratum, their strata and inclusion probabilities. Writes nothing.

    Raises HouselightsError where nothing is marked."""
    posts = _predicted(con, run_dir, task, target)
    strata = _strata(posts)
    take = allocated({s: len(p) for s, p in strata.items()}, min(n, len(posts)))
    rows = []
    for name, members in strata.items():
        members.sort(key=lambda p: blake2b(f"{seed} {p['post_id']}".encode("utf-8", "surrogatepass")).digest())
        for post in members[: take[name]]:
            rows.append(
                {
                    "row": _row_id(seed, task, target, str(post["post_id"])),
                    "post_id": post["post_id"],
                    "task": task,
                    "target": target,
                    "model": post["model"],
                    "predicted": post["predicted"],
                    "lang": post["lang"],
                    "found": post["found"],
                    "stratum": name,
                    "n_stratum": len(members),
                    "inclusion_probability": take[name] / len(members),
                }
            )
    return pa.Table.from_pylist(sorted(rows, key=lambda r: str(r["row"])), schema=SAMPLE.schema)


def keep(run_dir: Path, sample: pa.Table) -> None:
    """Writes the sample into the RUN. Samples of other tasks and targets stay; an earlier one of the same goes."""
    write_table(run_dir, SAMPLE, kept_with(run_dir, SAMPLE, sample, sample.select(["task", "target"])))


def _row_id(seed: int, task: str, target: str, post_id: str) -> str:
    """A letter first: a spreadsheet takes 402904e89571 for a number."""
    said = "\0".join(("row", str(seed), task, target, post_id))
    return "r" + blake2b(said.encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()


_PREDICTED = """
WITH own AS (SELECT DISTINCT post_id FROM read_parquet({posts}) WHERE kind <> 'repost' AND trim("text") <> ''),
marked AS (
    SELECT post_id, model, label FROM read_parquet({marks}) WHERE task = $task AND (
        ($task = 'stance' AND target = $target) OR ($task = 'techniques' AND label = $target))
    QUALIFY row_number() OVER (PARTITION BY post_id ORDER BY starts_with(model, 'head:'), model) = 1
)
SELECT o.post_id, coalesce(m.model, '') AS model, m.label, coalesce(l.lang, p.lang, 'und') AS lang, p.found
FROM own o JOIN (
    SELECT post_id, any_value(lang) AS lang, bool_or(author_id IN (SELECT author_id FROM counted_account)) AS found
    FROM read_parquet({posts}) GROUP BY 1) p USING (post_id)
LEFT JOIN marked m USING (post_id) LEFT JOIN read_parquet({languages}) l USING (post_id)
ORDER BY o.post_id
"""


def _predicted(con: duckdb.DuckDBPyConnection, run_dir: Path, task: str, target: str) -> list[dict[str, Any]]:
    """Posts in own words with the label that a model, else a head, gave them; one that nobody marked counts as 'unclear', or as 'no'."""
    if not (run_dir / ANNOTATIONS.file).is_file():
        raise HouselightsError(f"{run_dir} has no annotations to check: run houselights annotate {run_dir} first.")
    read_table(run_dir, ANNOTATIONS)
    files = {
        "posts": in_sql(run_dir / POSTS.file),
        "marks": in_sql(run_dir / ANNOTATIONS.file),
        "languages": in_sql(run_dir / LANGUAGES.file),
    }
    con.register(
        "counted_account", pa.table({"author_id": pa.array({m[1] for m in counted.members(con, run_dir)}, pa.string())})
    )
    found = con.sql(_PREDICTED.format(**files), params={"task": task, "target": target}).to_arrow_table()
    con.unregister("counted_account")
    rows: list[dict[str, Any]] = found.to_pylist()
    if not rows:
        raise HouselightsError(f"{run_dir} has no post in own words.")
    if not any(r["label"] for r in rows):
        what = f"--target {target!r} of the annotations" if task == STANCE else f"the technique {target!r}"
        raise HouselightsError(f"no post is marked for {task} and {what}: run houselights annotate with it first.")
    for r in rows:
        r["predicted"] = (r["label"] or "unclear") if task == STANCE else ("yes" if r["label"] else "no")
    return rows


def _strata(posts: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """By predicted label, language and finding; small ones joined, first over languages and findings, then with all."""
    fine: dict[tuple[str, ...], list[dict[str, Any]]] = defaultdict(list)
    for p in posts:
        fine[p["predicted"], p["lang"], "found" if p["found"] else "other"].append(p)
    out: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for key in sorted(fine):
        name = " ".join(key) if len(fine[key]) >= LEAST_IN_STRATUM else key[0]
        out[name] += fine[key]
    small = [k for k in out if len(out[k]) < LEAST_IN_STRATUM]
    if small and len(out) > 1:
        big = max(out, key=lambda k: len(out[k]))
        for k in small:
            if k != big:
                out[big] += out.pop(k)
    return dict(out)


def allocated(sizes: dict[str, int], n: int) -> dict[str, int]:
    """Posts to draw from each stratum: at least two, a part in proportion to its size and a part the same for each, as far as they reach."""
    whole = sum(sizes.values())
    want = {s: IN_PROPORTION_0_1 * size / whole + (1 - IN_PROPORTION_0_1) / len(sizes) for s, size in sizes.items()}
    take = {s: min(2, size) for s, size in sizes.items()}
    queue = [(take[s] / want[s], s) for s in sizes if take[s] < sizes[s]]
    heapq.heapify(queue)
    for _ in range(n - sum(take.values())):
        _, s = heapq.heappop(queue)  # whoever has least of what it wants
        take[s] += 1
        if take[s] < sizes[s]:
            heapq.heappush(queue, (take[s] / want[s], s))
    return take
