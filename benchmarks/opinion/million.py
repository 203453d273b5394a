"""A RUN of a million posts, made by SQL: what the readout has to count, without the scan that would come before it."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from synthetic import TABLE

from houselights.core.settings import OpinionSettings
from houselights.core.tables import EVIDENCE, MEMBERS, POSTS
from houselights.engine.local import connect
from houselights.findings import opinion

N_FINDINGS, N_MEMBERS = 40, 50

_POSTS = """
COPY (SELECT 'p' || i AS post_id, 'x' AS platform, 'a' || author AS author_id, NULL::VARCHAR AS author_handle, NULL::VARCHAR AS author_name,
    NULL::TIMESTAMPTZ AS author_created_at, NULL::BIGINT AS author_followers,
    TIMESTAMPTZ '2026-03-02 00:00:00+00' + to_microseconds(i::BIGINT * 2592000) AS created_at,
    's' AS created_at_precision, NULL::TIMESTAMPTZ AS collected_at,
    CASE WHEN repost THEN '' ELSE 'words of post ' || i END AS text, 'en' AS lang, 'platform' AS lang_source,
    CASE WHEN repost OR h % 3 > 0 THEN []::VARCHAR[] ELSE ['https://www.site' || (h % 997) || '.example/' || (h % 50021)] END AS urls,
    CASE WHEN repost OR h % 2 > 0 THEN []::VARCHAR[] ELSE ['tag' || floor(sqrt(h % 40009)), 'tag' || (h % 13)] END AS hashtags,
    []::VARCHAR[] AS mentions,
    NULL::VARCHAR AS reply_to, NULL::VARCHAR AS reply_to_author, NULL::VARCHAR AS thread_id,
    CASE WHEN repost THEN 'p' || (i - 1 - h % least(i, 5000)) END AS repost_of, NULL::VARCHAR AS repost_of_author, NULL::VARCHAR AS quote_of,
    NULL::VARCHAR AS quote_of_author, []::STRUCT("type" VARCHAR, url VARCHAR, hash VARCHAR, alt VARCHAR)[] AS media, NULL::VARCHAR AS client,
    NULL::STRUCT(reposts BIGINT, replies BIGINT, likes BIGINT, quotes BIGINT, "views" BIGINT) AS metrics, NULL::VARCHAR AS url,
    CASE WHEN repost THEN 'repost' ELSE 'post' END AS kind, 'made' AS source_format, {{'file': 'made', 'line': i + 1}} AS raw_ref
FROM (SELECT i, (hash(i) % 1000000007)::BIGINT AS h, floor(pow((hash(i * 7 + 1) % 1000003) / 1000003.0, 2) * {accounts})::BIGINT AS author,
    i > 10 AND hash(i * 3) % 5 < 2 AS repost FROM range({n}) t(i))) TO '{out}' (FORMAT parquet)
"""


def build(run: Path, n: int) -> Path:
    run.mkdir(parents=True)
    con = connect()
    con.execute(_POSTS.format(n=n, accounts=n // 4, out=run / POSTS.file))
    assert set(pq.read_schema(run / POSTS.file).names) == set(POSTS.schema.names)
    members, findings = [], []
    for f in range(N_FINDINGS):
        id_ = f"F{f:010x}"
        findings.append(
            {
                "finding_id": id_,
                "tier": "observed",
                "kinds": {"repost": 15},
                "n_accounts": N_MEMBERS,
                "n_posts": 700,
                "window_s": 60.0,
            }
        )
        members += [
            {
                "finding_id": id_,
                "account_id": f"a{f * N_MEMBERS + i}",
                "role": "core",
                "n_events": 20,
                "p_value": 1e-6,
                "membership_probability": 0.99,
            }
            for i in range(N_MEMBERS)
        ]
    pq.write_table(pa.Table.from_pylist(members, schema=MEMBERS.schema), run / MEMBERS.file)
    pq.write_table(EVIDENCE.empty(), run / EVIDENCE.file)
    (run / "findings.json").write_text(json.dumps(findings))
    return run


def read(run: Path) -> dict[str, Any]:
    return opinion.write(connect(), run, OpinionSettings(), TABLE, "calibration", 0.05)
