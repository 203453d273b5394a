"""What a model is asked about a finding: three sentences from its evidence, and whether an innocent explanation fits the texts. Advice, no more:
tiers and outcomes of explanations are made without it."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from houselights.core.judging import judged
from houselights.core.paths import in_sql
from houselights.core.quotes import find
from houselights.core.tables import ASKED, EVIDENCE, POSTS

SUMMARY, EXPLANATION = "summary", "explanation"
N_TEXTS = 6
MOST_CHARACTERS = 400
EXPLANATIONS = {
    "share button or headline text": "a share button or a headline: words that a site's button writes, or the headline of the linked page",
    "petition or text to pass on": "a petition or a text to pass on: it asks readers to sign, to copy or to share it",
    "quotation or slogan": "a quotation, lyrics or a slogan: words that many people know from a person, a song or a campaign",
    "breaking news": "breaking news: something that just happened and that everybody tells at once",
}
"""Those that a text can show, by the name of the rule; the others are about clocks, sites and accounts, which a model does not see."""
_NUMBER = re.compile(r"\d+(?:[.,\u202f ]\d+)*")
_TEXTS = """
WITH seen AS (
    SELECT unnest([post_id_a, post_id_b]) AS post_id, unnest([account_a, account_b]) AS author_id, object_id
    FROM read_parquet({evidence}) WHERE finding_id = $id
), said AS (
    SELECT coalesce(nullif(p."text", ''), s."text") AS "text", count(*) AS n, min(p.post_id) AS post_id
    FROM (SELECT DISTINCT * FROM seen) e JOIN read_parquet({posts}) p USING (post_id, author_id)
    LEFT JOIN read_parquet({posts}) s ON s.post_id = p.repost_of AND s.platform = p.platform
    GROUP BY 1
)
SELECT "text" FROM said WHERE "text" IS NOT NULL AND "text" <> '' ORDER BY n DESC, post_id LIMIT $most
"""


def texts(con: duckdb.DuckDBPyConnection, run_dir: Path, finding_id: str) -> list[str]:
    """What the posts of a finding say, the most repeated words first; of reposts the words of what they repeat."""
    query = _TEXTS.format(evidence=in_sql(run_dir / EVIDENCE.file), posts=in_sql(run_dir / POSTS.file))
    rows = con.execute(query, {"id": finding_id, "most": N_TEXTS}).fetchall()
    return [str(r[0])[:MOST_CHARACTERS] for r in rows]


def asked(
    con: duckdb.DuckDBPyConnection,
    run_dir: Path,
    findings: Sequence[dict[str, Any]],
    tasks: Sequence[str],
    language: str,
) -> pa.Table:
    """Questions about findings. No account is named in what a model sees, but posts may name whom they will."""
    rows = []
    for finding in findings:
        id_ = str(finding["finding_id"])
        said = texts(con, run_dir, id_)
        if SUMMARY in tasks:
            messages = [str(n["name"]) for n in finding.get("narratives") or []][:5]
            rows.append(
                _row(SUMMARY, id_, "", language, {"finding": finding["sentence"], "message": messages, "post": said})
            )
        if EXPLANATION in tasks and said:
            rows += [_row(EXPLANATION, id_, what, language, {"post": said}) for what in EXPLANATIONS.values()]
    return pa.Table.from_pylist(rows, schema=ASKED)


def _row(task: str, id_: str, target: str, language: str, fields: dict[str, Any]) -> dict[str, Any]:
    whole = json.dumps(fields, ensure_ascii=True, sort_keys=True)
    return {"task": task, "subject_id": id_, "target": target, "language": language, "fields": whole}


def summary_complaint(answer: dict[str, Any], fields: dict[str, Any]) -> str:
    """A number that the evidence does not hold, or a word that judges and that no post has."""
    given = " ".join([str(fields["finding"]), *map(str, fields["message"]), *map(str, fields["post"])])
    said = " ".join(str(answer[k]) for k in ("did", "says", "not_shown"))
    held = _numbers(given)
    made_up = sorted(_numbers(said) - held)
    if made_up:
        return f"The number {made_up[0]} is not in what was given."
    word = judged(said, given)
    return f"Nothing that was given says '{word}'." if word else ""


def explanation_complaint(answer: dict[str, Any], fields: dict[str, Any]) -> str:
    if answer["fits"] != "yes":
        return ""
    quoted = str(answer["quote"])
    if any(find(quoted, str(text)) for text in fields["post"]):
        return ""
    return "To say yes, words must be quoted that occur in the posts, letter for letter."


def summarised(subject_id: str, answer: dict[str, Any], model: str, version: str) -> dict[str, Any]:
    """A row of `descriptions`."""
    words = " ".join(_sentence(str(answer[k])) for k in ("did", "says", "not_shown"))
    return _described(subject_id, SUMMARY, "", "", words, model, version)


def advised(subject_id: str, target: str, answer: dict[str, Any], model: str, version: str) -> dict[str, Any]:
    """A row of `descriptions`; `target` becomes the name of the rule that it stands beside."""
    name = next((n for n, what in EXPLANATIONS.items() if what == target), target)
    return _described(subject_id, EXPLANATION, name, str(answer["fits"]), str(answer["reason"]).strip(), model, version)


def _described(id_: str, task: str, target: str, label: str, text: str, model: str, version: str) -> dict[str, Any]:
    return {
        "subject_id": id_,
        "task": task,
        "target": target,
        "label": label,
        "text": text,
        "model": model,
        "prompt_version": version,
    }


def _sentence(text: str) -> str:
    text = text.strip()
    return text if text[-1:] in ".!?…" else text + "."


def _numbers(text: str) -> set[str]:
    """Numbers without the marks between their digits; powers of ten as their digits."""
    return {re.sub(r"\D", "", n) for n in _NUMBER.findall(text)}
