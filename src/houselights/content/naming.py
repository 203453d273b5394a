"""What to ask a model so that a narrative gets a name, and what the answer must hold to be believed."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from houselights.core.judging import judged
from houselights.core.paths import in_sql
from houselights.core.tables import ASKED, NARRATIVES, POST_NARRATIVES, POSTS

TASK = "name"
MOST_WORDS = 8
N_TEXTS = 8
MOST_CHARACTERS = 600
_ADDRESS = re.compile(r"https?://|www\.|(?:^|\s)[@#]\w")

_WORDINGS = """
WITH said AS (
    SELECT n.narrative_id, p."text", count(*) AS n_posts, max(n.similarity_0_1) AS near, min(p.post_id) AS post_id
    FROM read_parquet({told}) n JOIN read_parquet({posts}) p USING (post_id)
    WHERE n."by" = 'text' AND list_contains($ids, n.narrative_id) GROUP BY ALL
)
SELECT narrative_id, "text" FROM said
QUALIFY row_number() OVER (PARTITION BY narrative_id ORDER BY n_posts DESC, near DESC, post_id) <= $most
ORDER BY narrative_id, n_posts DESC, near DESC, post_id
"""


def asked(con: duckdb.DuckDBPyConnection, run_dir: Path, narrative_ids: Sequence[str], language: str) -> pa.Table:
    """One question a narrative: the wordings that most posts have, and those nearest to what all have in common."""
    rows = con.execute(
        _WORDINGS.format(told=in_sql(run_dir / POST_NARRATIVES.file), posts=in_sql(run_dir / POSTS.file)),
        {"ids": list(narrative_ids), "most": N_TEXTS},
    ).fetchall()
    texts: dict[str, list[str]] = {}
    for narrative_id, text in rows:
        texts.setdefault(narrative_id, []).append(text[:MOST_CHARACTERS])
    return question({n: texts[n] for n in narrative_ids if n in texts}, language)


def question(texts: dict[str, list[str]], language: str) -> pa.Table:
    """`asked` rows for narratives whose wordings are given."""
    rows = [
        {
            "task": TASK,
            "subject_id": id_,
            "target": "",
            "language": language,
            "fields": json.dumps({"post": said}, ensure_ascii=True, sort_keys=True),
        }
        for id_, said in texts.items()
    ]
    return pa.Table.from_pylist(rows, schema=ASKED)


def complaint(answer: dict[str, Any], fields: dict[str, Any]) -> str:
    """What is wrong with a name: its length, an address, a word that judges and that no post has."""
    name = str(answer["name"]).strip()
    n_words = len(name.split())
    if n_words > MOST_WORDS:
        return f"The name has {n_words} words; at most {MOST_WORDS} are allowed."
    if not any(c.isalnum() for c in name):
        return "The name has no words."
    if _ADDRESS.search(name):
        return "The name holds a link, an account name or a hashtag."
    word = judged(f"{name} {answer['claim']}", " ".join(str(p) for p in fields["post"]))
    return f"The posts do not say '{word}'." if word else ""


def largest(con: duckdb.DuckDBPyConnection, run_dir: Path, most: int) -> list[str]:
    """Narratives of most posts first."""
    if not (run_dir / NARRATIVES.file).exists():
        return []
    found = con.execute(
        f"SELECT narrative_id FROM read_parquet({in_sql(run_dir / NARRATIVES.file)}) ORDER BY n_posts DESC, narrative_id LIMIT ?",
        [most],
    ).fetchall()
    return [str(r[0]) for r in found]


def described(subject_id: str, answer: dict[str, Any], model: str, version: str) -> dict[str, Any]:
    """A row of `descriptions`."""
    return {
        "subject_id": subject_id,
        "task": TASK,
        "target": "",
        "label": "",
        "text": str(answer["name"]).strip(),
        "model": model,
        "prompt_version": version,
    }
