"""Reads the case files of all groups in a handful of scans: only evidence posts and their objects ever enter Python."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from houselights.core.detection import Group
from houselights.core.errors import HouselightsError
from houselights.core.paths import literally
from houselights.findings.casefile import Case, DataFacts, Key, Pair, Post, Ref, SharedObject

_EVIDENCE_POSTS = """
CREATE TEMP TABLE evidence_post AS
SELECT p.post_id, p.author_id, p.created_at, p.created_at_precision, p.kind, p.text, p.urls, p.client,
       p.author_handle, p.author_name, p.repost_of,
       coalesce(p.repost_of_author, CASE WHEN p.kind = 'repost' THEN nullif(regexp_extract(p.text, '^RT @(\\w+)', 1),
       '') END)
           AS stated_author
FROM read_parquet($posts) p
SEMI JOIN (SELECT DISTINCT post_id, account_id FROM needed) n ON n.post_id = p.post_id AND n.account_id = p.author_id
QUALIFY row_number() OVER (PARTITION BY p.post_id, p.author_id ORDER BY p.platform, p.created_at, p.text) = 1
"""

_SOURCES = """
CREATE TEMP TABLE source_post AS
SELECT post_id, min(author_id) AS author_id, min(created_at) AS created_at
FROM read_parquet($posts) WHERE post_id IN (SELECT repost_of FROM evidence_post WHERE repost_of IS NOT NULL)
GROUP BY post_id
"""

_POSTS_OF_CASE = """
SELECT e.post_id, e.author_id, epoch_us(e.created_at), e.created_at_precision, e.kind, e.text, e.urls,
       CASE WHEN e.kind = 'repost' THEN coalesce(e.stated_author, s.author_id) END, epoch_us(s.created_at), e.client
FROM (SELECT DISTINCT post_id, account_id FROM needed WHERE number = $case) n
JOIN evidence_post e ON e.post_id = n.post_id AND e.author_id = n.account_id
LEFT JOIN source_post s ON s.post_id = e.repost_of
ORDER BY e.post_id, e.author_id
"""

_TRACES = """
CREATE TEMP TABLE evidence_trace AS
SELECT DISTINCT t.post_id, t.account_id, t.kind, t.object_id FROM read_parquet($traces) t
SEMI JOIN (SELECT DISTINCT post_id, account_id FROM needed) n ON n.post_id = t.post_id AND n.account_id = t.account_id
"""

# Who else has the objects: those of the coincidences, and the texts and links of the same posts.
_SHARERS = """
CREATE TEMP TABLE sharer AS
SELECT t.kind, t.object_id, t.account_id, t.post_id FROM read_parquet($traces) t
SEMI JOIN (SELECT kind, object_id FROM shared UNION SELECT kind, object_id FROM evidence_trace WHERE kind IN ('text',
'link')) o
    ON o.kind = t.kind AND o.object_id = t.object_id
"""

_OUTSIDE = """
SELECT kind, object_id, count(*), min(account_id, 50) FROM (
  SELECT DISTINCT o.kind, o.object_id, s.account_id FROM shared o JOIN sharer s ON s.kind = o.kind AND s.object_id = o.object_id
  WHERE o.number = $case AND s.account_id NOT IN (SELECT account_id FROM listed WHERE number = $case))
GROUP BY 1, 2
"""

_BUTTONS = """
WITH text_link AS (
    SELECT DISTINCT t.object_id AS text_id, l.object_id AS link_id
    FROM evidence_trace t
    JOIN evidence_trace l ON l.post_id = t.post_id AND l.account_id = t.account_id AND l.kind = 'link'
    JOIN needed n ON n.post_id = t.post_id AND n.account_id = t.account_id AND n.number = $case
    WHERE t.kind = 'text'
)
SELECT b.text_id, b.link_id, count(DISTINCT t.account_id)
FROM text_link b
JOIN sharer t ON t.kind = 'text' AND t.object_id = b.text_id
JOIN sharer l ON l.kind = 'link' AND l.object_id = b.link_id AND l.post_id = t.post_id AND l.account_id = t.account_id
WHERE t.account_id NOT IN (SELECT account_id FROM listed WHERE number = $case)
GROUP BY 1, 2
"""

_LINKS = """
SELECT s.object_id, count(DISTINCT s.account_id) FROM sharer s
WHERE s.kind = 'link' AND s.object_id IN (
    SELECT t.object_id FROM evidence_trace t
    JOIN needed n ON n.post_id = t.post_id AND n.account_id = t.account_id AND n.number = $case WHERE t.kind = 'link')
  AND s.account_id NOT IN (SELECT account_id FROM listed WHERE number = $case)
GROUP BY 1
"""

_ACTIVITY = """
CREATE TEMP TABLE activity AS
SELECT author_id,
       CASE WHEN kind = 'repost' THEN coalesce(repost_of_author, nullif(regexp_extract(text, '^RT @(\\w+)', 1), ''))
       END AS target,
       count(*) AS n
FROM read_parquet($posts) WHERE author_id IN (SELECT account_id FROM listed) GROUP BY 1, 2
"""

_ACTIVITY_OF_CASE = """
SELECT target, sum(n)::BIGINT FROM activity
WHERE author_id IN (SELECT account_id FROM listed WHERE number = $case AND member) GROUP BY 1
"""

_HOURS = """
SELECT epoch_us(created_at) // 3600000000 AS hour, count(*), count_if(len(urls) > 0), count(author_handle),
count(client),
       count_if(created_at_precision <> 'day'), count_if(created_at_precision <> 'day' AND minute(created_at) % 5 = 0)
FROM read_parquet($posts) GROUP BY 1
"""

_CLIENTS = """
SELECT client, count(DISTINCT author_id) FROM read_parquet($posts)
WHERE client IN (SELECT client FROM evidence_post) GROUP BY 1
"""

_HANDLES = """
CREATE TEMP TABLE handle AS
SELECT author_id, lower(regexp_replace(min(author_handle), '\\P{L}', '', 'g')) AS letters
FROM read_parquet($posts) WHERE author_handle IS NOT NULL GROUP BY 1
"""

_STEM = """
SELECT count(*), count_if(contains(letters, $stem)) FROM handle
WHERE author_id NOT IN (SELECT account_id FROM listed WHERE number = $case)
"""


class Loader:
    """Holds the temporary tables of one run on a connection of its own; close it with `with`."""

    def __init__(self, con: duckdb.DuckDBPyConnection, run_dir: Path, groups: Sequence[Group]) -> None:
        self._con = con.cursor()
        self._con.execute("SET TimeZone = 'UTC'")
        self._posts, self._traces = literally(run_dir / "posts.parquet"), literally(run_dir / "traces.parquet")
        self._groups = groups
        self._pairs = [_pairs(g) for g in groups]
        self._handles_read = False

    def __enter__(self) -> "Loader":
        self._register()
        posts, traces = {"posts": self._posts}, {"traces": self._traces}
        for sql in (_EVIDENCE_POSTS, _SOURCES, _ACTIVITY):
            self._con.execute(sql, posts)
        for sql in (_TRACES, _SHARERS):
            self._con.execute(sql, traces)
        self._data = self._data_facts()
        return self

    def __exit__(self, *_: object) -> None:
        self._con.close()

    def case(self, number: int) -> Case:
        """Raises HouselightsError when the evidence names a post that posts.parquet does not hold."""
        group, pairs = self._groups[number], self._pairs[number]
        posts = {p.ref: p for p in map(_post, self._rows(_POSTS_OF_CASE, number))}
        for pair in pairs:
            if pair.a not in posts or pair.b not in posts:
                raise HouselightsError(
                    f"{self._posts}: the evidence names a post that is not there; traces.parquet belongs to other "
                    f"posts, scan again"
                )
        outside = {(k, o): (n, frozenset(some)) for k, o, n, some in self._rows(_OUTSIDE, number)}
        targets: dict[str | None, int] = dict(self._rows(_ACTIVITY_OF_CASE, number))
        total = sum(targets.values())
        return Case(
            group=group,
            posts=posts,
            objects=_objects(pairs, outside),
            traces=self._traces_of(number),
            button_outside={(t, link): n for t, link, n in self._rows(_BUTTONS, number)},
            link_outside=dict(self._rows(_LINKS, number)),
            handles=self._handles_of(number),
            handle_outside=self._stem_counter(number),
            activity={t: (n, total) for t, n in targets.items() if t is not None},
            data=self._data,
        )

    def _rows(self, sql: str, number: int) -> list[Any]:
        return self._con.execute(sql, {"case": number}).fetchall()

    def _register(self) -> None:
        refs: set[tuple[int, str, str]] = set()
        keys: set[tuple[int, str, str]] = set()
        accounts: set[tuple[int, str, bool]] = set()
        for number, (group, pairs) in enumerate(zip(self._groups, self._pairs, strict=True)):
            for pair in pairs:
                refs.update(((number, *pair.a), (number, *pair.b)))
                keys.add((number, *pair.key))
            accounts.update((number, m.account_id, m.role != "source") for m in group.members)
        for name, rows, columns in (
            ("needed", refs, ("number", "post_id", "account_id")),
            ("shared", keys, ("number", "kind", "object_id")),
            ("listed", accounts, ("number", "account_id", "member")),
        ):
            arrays = [pa.array(c) for c in zip(*sorted(rows), strict=True)] or [pa.array([], pa.string())] * 3
            self._con.register("handed", pa.table(dict(zip(columns, arrays, strict=True))))
            self._con.execute(f"CREATE TEMP TABLE {name} AS SELECT * FROM handed")
            self._con.unregister("handed")

    def _data_facts(self) -> DataFacts:
        hours = self._con.execute(_HOURS, {"posts": self._posts}).fetchall()
        n_posts, links, handles, clients_known, minutes, round_minutes = (sum(r[i] for r in hours) for i in range(1, 7))
        clients: dict[str, int] = {}
        if clients_known:
            clients = dict(self._con.execute(_CLIENTS, {"posts": self._posts}).fetchall())
        accounts = self._con.execute(
            "SELECT count(DISTINCT author_id) FROM read_parquet($posts)", {"posts": self._posts}
        )
        return DataFacts(
            n_posts=n_posts,
            n_with_links=links,
            n_with_handles=handles,
            n_with_clients=clients_known,
            n_minute_known=minutes,
            n_round_minute=round_minutes,
            posts_per_hour={r[0]: r[1] for r in hours},
            client_accounts=clients,
            n_accounts=_one(accounts)[0],
        )

    def _traces_of(self, number: int) -> dict[Ref, frozenset[Key]]:
        out: dict[Ref, set[Key]] = defaultdict(set)
        for post, account, kind, obj in self._rows(
            "SELECT t.* FROM evidence_trace t SEMI JOIN (SELECT * FROM needed WHERE number = $case) n "
            "ON n.post_id = t.post_id AND n.account_id = t.account_id",
            number,
        ):
            out[post, account].add((kind, obj))
        return {ref: frozenset(keys) for ref, keys in out.items()}

    def _handles_of(self, number: int) -> dict[str, tuple[str | None, str | None]]:
        rows = self._rows(
            "SELECT e.author_id, min(e.author_handle), min(e.author_name) FROM evidence_post e "
            "SEMI JOIN (SELECT * FROM listed WHERE number = $case AND member) l ON l.account_id = e.author_id GROUP "
            "BY 1",
            number,
        )
        return {a: (handle, name) for a, handle, name in rows}

    def _stem_counter(self, number: int) -> Callable[[str], float]:
        def share_outside(stem: str) -> float:
            if not self._handles_read:
                self._con.execute(_HANDLES, {"posts": self._posts})
                self._handles_read = True
            n, with_stem = _one(self._con.execute(_STEM, {"stem": stem, "case": number}))
            return float(with_stem / n) if n else 0.0

        return share_outside


def _one(result: duckdb.DuckDBPyConnection) -> Any:
    return result.fetchone()


def _post(row: Any) -> Post:
    post_id, account, at_us, precision, kind, text, urls, author, source_us, client = row
    return Post(post_id, account, at_us, precision, kind, text, tuple(urls or ()), author, source_us, client)


def _pairs(group: Group) -> list[Pair]:
    """Coincidences without those of a source: people whose content is copied are not members and never counted."""
    sources = {m.account_id for m in group.members if m.role == "source"}
    columns = [
        group.coincidences.column(c).to_pylist()
        for c in (
            "channel",
            "kind",
            "object_id",
            "post_id_a",
            "account_a",
            "post_id_b",
            "account_b",
            "delta_s",
            "chance",
            "confirming",
        )
    ]
    pairs = {
        Pair(channel, (kind, obj), (post_a, a), (post_b, b), delta, chance, confirming)
        for channel, kind, obj, post_a, a, post_b, b, delta, chance, confirming in zip(*columns, strict=True)
        if a not in sources and b not in sources
    }
    return sorted(pairs, key=lambda p: (p.channel, p.key, p.a, p.b))


def _objects(pairs: Sequence[Pair], outside: Mapping[Key, tuple[int, frozenset[str]]]) -> dict[Key, SharedObject]:
    nobody: tuple[int, frozenset[str]] = (0, frozenset())
    by_key: dict[Key, list[Pair]] = defaultdict(list)
    for pair in pairs:
        by_key[pair.key].append(pair)
    return {
        key: SharedObject(
            kind=key[0],
            object_id=key[1],
            pairs=tuple(own),
            posts=tuple(sorted({r for p in own for r in (p.a, p.b)})),
            accounts=frozenset(r[1] for p in own for r in (p.a, p.b)),
            n_outside=outside.get(key, nobody)[0],
            some_outside=outside.get(key, nobody)[1],
        )
        for key, own in sorted(by_key.items())
    }
