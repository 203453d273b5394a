"""A RUN read through its index: every query of `Results`, and those that only pages ask."""

import threading
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb

from houselights.core import tables
from houselights.core.text import own_words
from houselights.outlets.web import index
from houselights.records import Post, Wording
from houselights.results import NAMING_TIERS, Results, ranked_wordings

IN_INDEX = ("posts", "evidence", "members", "highlights")


class Indexed(Results):
    """`Results` over the index; one cursor a thread, so that requests do not wait for each other."""

    def __init__(self, run_dir: Path | str) -> None:
        super().__init__(run_dir)
        self._index = index.opened(self.run_dir)
        self._threads = threading.local()

    @property
    def _db(self) -> duckdb.DuckDBPyConnection:
        con: duckdb.DuckDBPyConnection | None = getattr(self._threads, "con", None)
        if con is None:
            con = self._index.cursor()
            con.execute("SET TimeZone = 'UTC'")
            self._threads.con = con
        return con

    def _source(self, declared: tables.Table) -> str:
        return declared.name if declared.name in IN_INDEX else super()._source(declared)

    def rows(self, sql: str, params: Any = None) -> list[dict[str, Any]]:
        """Rows of a query on the index."""
        return self._rows(sql, params)

    def _rows(self, sql: str, params: Any) -> list[dict[str, Any]]:
        """Without a detour over Arrow, which costs more than a small query itself."""
        con = self._db.execute(sql, params or None)
        names = [str(column[0]) for column in con.description or []]
        return [dict(zip(names, row, strict=True)) for row in con.fetchall()]

    def wordings(self, finding_id: str, limit: int = 5) -> list[list[Wording]]:
        """As `Results.wordings`, by numbers of posts instead of ids."""
        self.finding(finding_id)
        rows = self.rows(
            """SELECT object_id, p.post_id, author_id, created_at, created_at_precision AS precision, p.kind, "text", repost_of,
                raw_ref.file AS file, raw_ref.line AS line
            FROM (SELECT DISTINCT object_id, unnest([no_a, no_b]) AS no FROM evidence WHERE finding_id = ? AND kind = 'text') e
            JOIN posts p USING (no)""",
            [finding_id],
        )
        said: dict[str, dict[str, list[Post]]] = {}
        for r in rows:
            object_id, file, line = r.pop("object_id"), r.pop("file"), r.pop("line")
            post = Post(**r, reposted_text=None, source=f"{file}, line {line:,}")
            said.setdefault(object_id, {}).setdefault(own_words(post.text), []).append(post)
        return ranked_wordings(said.values(), limit)

    def close(self) -> None:
        self._index.close()

    @cached_property
    def named(self) -> dict[str, str]:
        """Accounts that may be named, id -> role: core accounts and sources of resolved findings of tier observed or better."""
        ids = [f["finding_id"] for f in self.findings if f.get("resolved") and f.get("tier") in NAMING_TIERS]
        rows = self.rows(
            "SELECT account_id, min(role) AS role FROM members WHERE list_contains(?, finding_id) AND role IN ('core', 'source') GROUP BY 1",
            [ids],
        )
        return {r["account_id"]: r["role"] for r in rows}

    @cached_property
    def place(self) -> dict[str, int]:
        """Finding id -> its place in the list, from 1."""
        return {str(f["finding_id"]): i for i, f in enumerate(self.findings, 1)}

    @cached_property
    def passed_ids(self) -> list[str]:
        """Findings of tier observed or better, strongest first."""
        return [str(f["finding_id"]) for f in self.findings if f.get("tier") in NAMING_TIERS]
