"""A large RUN out of a small one: laid out many times over the same days, each copy with accounts, posts and findings of its own."""

import hashlib
import json
import shutil
from pathlib import Path

import duckdb

from houselights.core import tables
from houselights.core.paths import in_sql

MOVED = {  # table -> columns that get the number of the copy, so that copies share nothing but words
    tables.POSTS: ("post_id", "author_id", "author_handle", "reply_to", "repost_of", "quote_of"),
    tables.LANGUAGES: ("post_id",),
    tables.EVIDENCE: ("finding_id", "object_id", "post_id_a", "post_id_b", "account_a", "account_b"),
    tables.MEMBERS: ("finding_id", "account_id"),
    tables.HIGHLIGHTS: ("post_id", "finding_id"),
    tables.POST_NARRATIVES: ("post_id",),
    tables.ANNOTATIONS: ("post_id",),
}
SHIFT_S = 61  # a copy lies this much later than the one before: times differ, the period stays


def tiled(base: Path, out: Path, n_copies: int) -> None:
    """Writes a RUN of `n_copies` copies of `base` into `out`, which is replaced."""
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    con = duckdb.connect()
    con.execute("SET TimeZone = 'UTC'; SET memory_limit = '3GB'; SET preserve_insertion_order = true")
    for table, moved in MOVED.items():
        source = base / table.file
        if source.is_file():
            _write(con, table, source, out / table.file, moved, n_copies)
    _narratives(con, base, out, n_copies)
    findings = json.loads((base / "findings.json").read_text(encoding="utf-8"))
    copies = [f | {"finding_id": f"{f['finding_id']}-{k}"} for k in range(n_copies) for f in findings]
    copies.sort(key=lambda f: (-f["score"], f["finding_id"]))
    (out / "findings.json").write_text(json.dumps(copies), encoding="utf-8")
    for name in ("opinion.json", "calibration.json", tables.REJECTS.file):
        if (base / name).is_file():
            shutil.copyfile(base / name, out / name)
    manifest = json.loads((base / "manifest.json").read_text(encoding="utf-8"))
    manifest["accepted"] = manifest["accepted"] * n_copies
    manifest["tiled_from"] = hashlib.sha256((base / "manifest.json").read_bytes()).hexdigest()
    (out / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    con.close()


def _write(
    con: duckdb.DuckDBPyConnection, table: tables.Table, source: Path, out: Path, moved: tuple[str, ...], n_copies: int
) -> None:
    replaced = [f'"{c}" || \'-\' || k AS "{c}"' for c in moved]
    if table is tables.POSTS:
        replaced += [
            f"created_at + to_seconds({SHIFT_S} * k) AS created_at",
            "CASE WHEN \"text\" = '' THEN '' ELSE \"text\" || ' ' || k END AS \"text\"",
        ]
    order = ", ".join(f'"{c}"' for c in table.order)
    con.execute(
        f"""COPY (SELECT * EXCLUDE k REPLACE ({", ".join(replaced)}) FROM read_parquet({in_sql(source)}), range({n_copies}) r(k)
        ORDER BY {order}) TO '{out}' (FORMAT parquet, COMPRESSION zstd)"""
    )


def _narratives(con: duckdb.DuckDBPyConnection, base: Path, out: Path, n_copies: int) -> None:
    source = base / tables.NARRATIVES.file
    if source.is_file():
        con.execute(
            f"""COPY (SELECT * REPLACE (n_posts * {n_copies} AS n_posts, n_accounts * {n_copies} AS n_accounts,
                [x || '-0' FOR x IN representative_post_ids] AS representative_post_ids) FROM read_parquet({in_sql(source)}))
            TO '{out / tables.NARRATIVES.file}' (FORMAT parquet, COMPRESSION zstd)"""
        )
