"""A RUN read through its index: every query of `Results`, and those that only pages ask."""

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar, cast

import duckdb

from houselights.core import tables
from houselights.outlets.web import index
from houselights.records import Post, Timeline, Wording, binned, covering, ranked_wordings, timelines
from houselights.results import NAMING_TIERS, Results

NTH = "((epoch_us(created_at) - $start_us) // $bin_us)::INT"  # whole numbers: intervals cost twenty times as much
MOST_KEPT = 2000
IN_INDEX = ("posts", "evidence", "members", "highlights", "narratives")


T = TypeVar("T")


def nth(start: datetime, bin_s: int) -> dict[str, int]:
    """Parameters of NTH, the place of a post's bin."""
    return {"start_us": round(start.timestamp() * 1_000_000), "bin_us": bin_s * 1_000_000}


class Indexed(Results):
    """`Results` over the index; one cursor a thread, so that requests do not wait for each other."""

    def __init__(self, run_dir: Path | str, making: index.Making | None = None) -> None:
        super().__init__(run_dir)
        self.seen = index.seen(self.run_dir)
        self._index = index.opened(self.run_dir, making)
        self._threads = threading.local()
        self._kept: dict[tuple[Any, ...], Any] = {}

    @property
    def _db(self) -> duckdb.DuckDBPyConnection:
        con: duckdb.DuckDBPyConnection | None = getattr(self._threads, "con", None)
        if con is None:
            con = self._index.cursor()
            con.execute("SET TimeZone = 'UTC'")
            self._threads.con = con
        return con

    def _source(self, declared: tables.Table) -> str:
        if declared.name in IN_INDEX:
            return declared.name
        if (self.run_dir / declared.file).is_file():
            return super()._source(declared)
        return f"no_{declared.name}"  # an empty table of the index

    def rows(self, sql: str, params: Any = None) -> list[dict[str, Any]]:
        """Rows of a query on the index."""
        return self._rows(sql, params)

    def _rows(self, sql: str, params: Any) -> list[dict[str, Any]]:
        """Without a detour over Arrow, which costs more than a small query itself."""
        con = self._db.execute(sql, params or None)
        names = [str(column[0]) for column in con.description or []]
        return [dict(zip(names, row, strict=True)) for row in con.fetchall()]

    def members(self, finding_id: str) -> list[dict[str, Any]]:
        """As `Results.members`; asked for several times by one page."""
        return self.once(("members", finding_id), lambda: super(Indexed, self).members(finding_id))

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
        copies = []
        for r in rows:
            object_id, file, line = r.pop("object_id"), r.pop("file"), r.pop("line")
            copies.append((object_id, Post(**r, reposted_text=None, source=f"{file}, line {line:,}")))
        return ranked_wordings(copies, limit)

    def timeline(self, finding_id: str, max_bins: int = 96) -> Timeline:
        """As `Results.timeline`, by numbers of posts instead of ids."""
        self.finding(finding_id)
        mine = """(SELECT DISTINCT unnest([no_a, no_b]) AS no, unnest([at_a, at_b]) AS created_at FROM evidence WHERE finding_id = $id)"""
        span = self.rows(
            f"SELECT min(created_at) AS first_at, max(created_at) AS last_at FROM {mine}", {"id": finding_id}
        )[0]
        if span["first_at"] is None:
            return Timeline(1, (), (), ())
        bin_s, start, n_bins = binned(span["first_at"], span["last_at"], max_bins)
        stop = start + timedelta(seconds=bin_s * n_bins)
        all_posts = (
            """(SELECT make_timestamptz(minute * 60000000) AS created_at, n FROM minutes)"""
            if bin_s % 60 == 0
            else "(SELECT created_at, 1 AS n FROM posts)"
        )
        rows = self.rows(
            f"""SELECT {NTH} AS nth, sum(n)::BIGINT AS n, sum(mine)::BIGINT AS mine FROM (
                SELECT created_at, n, 0 AS mine FROM {all_posts} WHERE created_at >= $start AND created_at < $stop
                UNION ALL SELECT created_at, 0, 1 FROM {mine} WHERE no IS NOT NULL) GROUP BY 1""",
            {"id": finding_id, "start": start, "stop": stop} | nth(start, bin_s),
        )
        group, others = [0] * n_bins, [0] * n_bins
        for r in rows:
            group[r["nth"]], others[r["nth"]] = r["mine"], r["n"] - r["mine"]
        starts = tuple(start + timedelta(seconds=bin_s * i) for i in range(n_bins))
        return Timeline(bin_s, starts, tuple(group), tuple(others))

    def typical_posts(self, narrative_ids: Sequence[str]) -> dict[str, list[str]]:
        """As `Results.typical_posts`."""
        out: dict[str, list[str]] = {}
        for r in self.rows(
            """SELECT narrative_id, "text" FROM typical WHERE list_contains(?, narrative_id) ORDER BY narrative_id, nth""",
            [list(narrative_ids)],
        ):
            out.setdefault(r["narrative_id"], []).append(r["text"])
        return out

    def volumes(self, finding_id: str, narrative_ids: Sequence[str], n_bins: int = 48) -> dict[str, Timeline]:
        """As `Results.volumes`."""
        self.finding(finding_id)
        first, last = self.counts["first_at"], self.counts["last_at"]
        if first is None:
            return {}
        bin_s, start, _ = bins = covering(first, last, n_bins)
        rows = self.rows(
            f"""SELECT narrative_id, {NTH} AS nth, m.account_id IS NOT NULL AS mine, count(*) AS n
            FROM told LEFT JOIN (SELECT DISTINCT account_id FROM members WHERE finding_id = $id AND role <> 'source') m
              ON m.account_id = author_id
            WHERE narrative_id IN (SELECT unnest($ids)) GROUP BY ALL""",
            {"id": finding_id, "ids": list(narrative_ids)} | nth(start, bin_s),
        )
        return timelines(narrative_ids, rows, bins)

    @cached_property
    def _n_in_own_words(self) -> int:
        return int(self.rows("SELECT count(*) AS n FROM posts WHERE in_own_words")[0]["n"])

    @cached_property
    def _has_techniques(self) -> bool:
        return bool(self.rows("SELECT count(*) AS n FROM techniques")[0]["n"])

    def marked(self, finding_id: str, limit: int = 3) -> list[dict[str, Any]]:
        """As `Results.marked`."""
        self.finding(finding_id)
        if not self._has_techniques:
            return []
        rows = self.rows(
            """WITH mine AS (SELECT DISTINCT unnest([no_a, no_b]) AS no FROM evidence WHERE finding_id = $id),
            n AS (SELECT count(*) AS n_mine FROM mine JOIN posts USING (no) WHERE in_own_words),
            words AS (SELECT label, lower(substring("text", "start" + 1, "end" - "start")) AS words, arg_min(no, surest) AS no,
                arg_min("start", surest) AS "start", arg_min("end", surest) AS "end", min(surest) AS surest
                FROM (SELECT *, (-confidence, post_id, "start") AS surest FROM techniques JOIN mine USING (no) JOIN posts USING (no)) GROUP BY 1, 2),
            quoted AS (SELECT label, list({'no': no, 'start': "start", 'end': "end"} ORDER BY surest) AS quotes
                FROM words GROUP BY label)
            SELECT label, count(DISTINCT mine.no) AS n_posts, count(DISTINCT mine.no) / any_value(n_mine) AS share_0_1,
                (count(DISTINCT t.no) - count(DISTINCT mine.no)) / nullif($n - any_value(n_mine), 0) AS others_0_1, any_value(quotes) AS quotes
            FROM techniques t JOIN quoted USING (label) LEFT JOIN mine ON mine.no = t.no, n
            GROUP BY label ORDER BY n_posts DESC, label""",
            {"id": finding_id, "n": self._n_in_own_words},
        )
        wanted = sorted({q["no"] for r in rows for q in r["quotes"][:limit]})
        texts = self.rows('SELECT no, "text" FROM posts WHERE list_contains(?, no)', [wanted]) if wanted else []
        text = {t["no"]: t["text"] for t in texts}
        return [
            r | {"quotes": [{"text": text[q["no"]], "start": q["start"], "end": q["end"]} for q in r["quotes"][:limit]]}
            for r in rows
        ]

    def once(self, key: tuple[Any, ...], make: Callable[[], T]) -> T:
        """What `make` gives, kept while the RUN is served: it does not change. The oldest go where there are too many."""
        if key not in self._kept:
            self._kept[key] = make()
            with suppress(KeyError, StopIteration, RuntimeError):  # another thread may have been there first
                if len(self._kept) > MOST_KEPT:
                    del self._kept[next(iter(self._kept))]
        return cast(T, self._kept[key]) if key in self._kept else make()

    def close(self) -> None:
        self._index.close()

    @cached_property
    def counts(self) -> dict[str, Any]:
        """As `Results.counts`; accounts are counted where each stands once."""
        rows = self.rows(
            """SELECT count(*) AS posts, (SELECT count(*) FROM accounts) AS accounts, min(created_at) AS first_at,
            max(created_at) AS last_at FROM posts"""
        )
        return rows[0] | {"rejected": sum(n for _, n in self.rejects_by_rule)}

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
