"""What a group pushes: the narratives its posts tell, and how much of each narrative's volume is the group's."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from houselights.core.detection import Group
from houselights.core.paths import in_sql
from houselights.core.tables import NARRATIVES, POST_NARRATIVES, POSTS

MOST = 10
MIN_POSTS = 3
"""Fewer posts of a group on one narrative are talk, no push."""

_PUSHED = """
WITH told AS (
    SELECT n.narrative_id, p.author_id FROM read_parquet({told}) n JOIN read_parquet({posts}) p USING (post_id)
)
SELECT l.number, n.narrative_id, n.name, n.languages, n.n_posts AS n_posts_of_all, count(*) AS n_posts,
       count(DISTINCT t.author_id) AS n_accounts
FROM pushers l JOIN told t ON t.author_id = l.account_id JOIN read_parquet({narratives}) n ON n.narrative_id = t.narrative_id
GROUP BY ALL HAVING count(*) >= {least} AND count(DISTINCT t.author_id) >= 2
ORDER BY l.number, n_posts DESC, n.narrative_id
"""


def pushed(con: duckdb.DuckDBPyConnection, run_dir: Path, groups: Sequence[Group]) -> list[list[dict[str, Any]]]:
    """Per group the narratives that its listed accounts tell, most posts first: id, name, languages, posts and accounts of the group, posts of all,
    share of the narrative's volume, 0 to 1. Reposts of such posts count. Empty where narratives were not made."""
    out: list[list[dict[str, Any]]] = [[] for _ in groups]
    if not (groups and (run_dir / NARRATIVES.file).exists()):
        return out
    members = [(i, m.account_id) for i, group in enumerate(groups) for m in group.members if m.role != "source"]
    numbers, accounts = pa.array([i for i, _ in members], pa.int64()), pa.array([a for _, a in members], pa.string())
    con.register("pushers", pa.table({"number": numbers, "account_id": accounts}))
    query = _PUSHED.format(
        told=in_sql(run_dir / POST_NARRATIVES.file),
        posts=in_sql(run_dir / POSTS.file),
        narratives=in_sql(run_dir / NARRATIVES.file),
        least=MIN_POSTS,
    )
    for number, narrative_id, name, languages, n_all, n_posts, n_accounts in con.execute(query).fetchall():
        if len(out[number]) < MOST:
            out[number].append(
                {
                    "narrative_id": narrative_id,
                    "name": name,
                    "languages": languages,
                    "n_posts": n_posts,
                    "n_accounts": n_accounts,
                    "n_posts_of_all": n_all,
                    "share_0_1": round(n_posts / n_all, 4),
                }
            )
    con.unregister("pushers")
    return out
