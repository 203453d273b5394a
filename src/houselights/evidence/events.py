"""Traces as arrays: who did what when, cut into units of evidence that can be split into halves.

A post with a link and a copied text makes two objects but only one coincidence: with its objects in different halves, the
half that suggests a group would have seen what confirms it. So every post counts for one object alone, its most specific
one; the posts of an object are a **unit**, and each account counts once in it. Halves are drawn per sitting (sittings.py): a pair of
posts lies in the half of its earlier post.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from houselights.evidence import sittings
from houselights.kernels import objects as kernel
from houselights.kernels import units as kernel_units

KINDS = ("link", "repost", "quote", "reply", "hashtags", "text", "narrative")
"""Kinds of traces whose error rate has been measured on simulated worlds; the others are traced, and not tested."""
ORIGINAL, REPOST, QUOTE, REPLY, HASHTAGS, NARRATIVE = range(6)
CLASS_OF_KIND = {
    "link": ORIGINAL,
    "text": ORIGINAL,
    "repost": REPOST,
    "quote": QUOTE,
    "reply": REPLY,
    "hashtags": HASHTAGS,
    "narrative": NARRATIVE,
}
MAX_UNIT_ACCOUNTS = 500
"""A larger object is no small one: everybody has it, and the channel leaves it out."""


@dataclass(frozen=True)
class Events:
    """n events sorted by (unit, at, account): the first of each account on each unit. u units, each of >= 2 accounts."""

    account: NDArray[np.int32]  # [n] code, in order of first appearance in the data
    at_us: NDArray[np.int64]  # [n] microseconds since 1970, UTC
    post: NDArray[np.int64]  # [n] row of posts.parquet
    object: NDArray[np.int32]  # [n] code of the trace's object
    sitting: NDArray[np.int64]  # [n] hour of the event
    in_a: NDArray[np.bool_]  # [n] half A or half B
    start: NDArray[np.int64]  # [u + 1] events of unit j are start[j]:start[j + 1]
    family: NDArray[np.int8]  # [u] original, repost, quote, reply, hashtags or narrative
    source_us: NDArray[np.int64]  # [u] when the source of a repost, quote or reply was posted; minimum int64 if unknown
    n_accounts: int
    account_rows: NDArray[np.int64]  # [n_accounts] a post row of each account, to look its id up
    object_ids: pa.Array  # [objects]
    object_kinds: pa.Array  # [objects]

    @cached_property
    def unit(self) -> NDArray[np.int32]:
        """[n] unit of each event."""
        return np.repeat(np.arange(len(self.start) - 1, dtype=np.int32), np.diff(self.start))

    @cached_property
    def surroundings(self) -> sittings.Surroundings:
        """Of its hours."""
        return sittings.Surroundings.of(self.sitting, self.in_a)

    def mask(self, accounts: NDArray[np.int64] | NDArray[np.int32]) -> NDArray[np.bool_]:
        """[n_accounts] True for these account codes."""
        out = np.zeros(self.n_accounts, dtype=np.bool_)
        out[accounts] = True
        return out

    def without(self, groups: list[NDArray[np.int64]]) -> NDArray[np.bool_]:
        """[n_accounts] True for accounts in none of the groups."""
        return ~self.mask(np.concatenate([np.empty(0, np.int64), *groups]))

    @cached_property
    def by_account(self) -> "ByAccount":
        order = np.argsort(self.account, kind="stable")
        bounds = np.concatenate([[0], np.cumsum(np.bincount(self.account, minlength=self.n_accounts))])
        return ByAccount(order, bounds)

    def rows_of(self, accounts: NDArray[np.int64]) -> NDArray[np.int64]:
        """Events of these accounts, in the order of all events."""
        return self.by_account.rows_of(accounts)[0]

    def units_of(self, accounts: NDArray[np.int64]) -> NDArray[np.int64]:
        """Units in which any of these accounts acts, sorted."""
        return distinct(self.unit[self.rows_of(accounts)])

    def rows_in(self, units: NDArray[np.int64]) -> NDArray[np.int64]:
        """Events of these units, unit after unit."""
        return ranges(self.start[units], self.start[units + 1])

    def accounts_in(self, units: NDArray[np.int64]) -> NDArray[np.bool_]:
        """[n_accounts] True for accounts that act in any of these units."""
        return self.mask(self.account[self.rows_in(units)])

    def exchanged(self, account: NDArray[np.int32]) -> "Events":
        """The same events by other accounts. account: [n]."""
        return replace(self, account=account)

    def of(self, accounts: NDArray[np.bool_]) -> "Events":
        """Events of these accounts alone. accounts: [n_accounts]."""
        return self.selected(accounts[self.account])

    def selected(self, rows: NDArray[np.bool_]) -> "Events":
        """These events alone, of units that keep two or more. rows: [n]."""
        n_left = np.bincount(self.unit[rows], minlength=len(self.size))
        rows = rows & (n_left >= 2)[self.unit]
        units = np.flatnonzero(n_left >= 2)
        return replace(
            self,
            **{name: getattr(self, name)[rows] for name in ("account", "at_us", "post", "object", "sitting", "in_a")},
            start=np.concatenate([[0], np.cumsum(n_left[units])]).astype(np.int64),
            family=self.family[units],
            source_us=self.source_us[units],
        )

    @cached_property
    def size(self) -> NDArray[np.int64]:
        """[u] distinct accounts of each unit."""
        return np.diff(self.start)


@dataclass(frozen=True)
class ByAccount:
    """Rows of events, account after account."""

    row: NDArray[np.int64]
    bounds: NDArray[np.int64]  # [n_accounts + 1] rows of account a are row[bounds[a]:bounds[a + 1]]

    def only(self, wanted: NDArray[np.bool_]) -> "ByAccount":
        """Those of the rows that are wanted. wanted: [n]."""
        return ByAccount(*kernel.only_wanted(self.row, self.bounds, wanted))

    def rows_of(
        self,
        accounts: NDArray[np.int64],
        unit: NDArray[np.int32] | None = None,
        wanted: NDArray[np.int64] | None = None,
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """(rows in ascending order, index into `accounts` of each), of all units or of the wanted ones. unit: [n], wanted: sorted."""
        bits = len(accounts).bit_length()
        both = kernel.rows_with_account(self.row, self.bounds, np.asarray(accounts), bits)
        if unit is not None and wanted is not None:
            both = both[kernel.is_among(unit[both >> bits], wanted)]
        both.sort()  # a row has one account, so this is the order of the rows
        return both >> bits, both & ((1 << bits) - 1)


def distinct(ascending: NDArray[np.int32] | NDArray[np.int64]) -> NDArray[np.int64]:
    """Each value once."""
    return ascending[np.flatnonzero(np.diff(ascending, prepend=-1))].astype(np.int64)


def ranges(first: NDArray[np.int64], end: NDArray[np.int64]) -> NDArray[np.int64]:
    """first[0] .. end[0] - 1, first[1] .. end[1] - 1 and so on, in one array."""
    sizes = end - first
    shift = np.repeat(first - (np.cumsum(sizes) - sizes), sizes)
    return np.asarray(np.arange(len(shift)) + shift)


UNKNOWN_US = np.iinfo(np.int64).min
_BATCH = 1 << 20

_OBJECTS = """
CREATE OR REPLACE TEMP TABLE shared_objects AS
SELECT row_number() OVER (ORDER BY kind, object_id) - 1 AS object, kind, object_id
FROM (
    SELECT kind, object_id FROM read_parquet($traces) WHERE list_contains($kinds, kind)
    GROUP BY kind, object_id HAVING min(account_id) <> max(account_id)
)
"""

_POST_ROWS = """
CREATE OR REPLACE TEMP TABLE post_rows AS
SELECT post_id, author_id, file_row_number AS post, created_at FROM read_parquet($posts, file_row_number = true)
"""

_EVENTS = """
SELECT o.object::INTEGER AS object, p.post::INTEGER AS post
FROM read_parquet($traces) t
JOIN shared_objects o ON o.kind = t.kind AND o.object_id = t.object_id
JOIN post_rows p ON p.post_id = t.post_id AND p.author_id = t.account_id
"""

_POSTS = """
SELECT p.post::INTEGER AS post, epoch_us(p.created_at) AS at_us, first_seen.post::INTEGER AS account_row
FROM post_rows p JOIN (SELECT author_id, min(post) AS post FROM post_rows GROUP BY author_id) first_seen USING (author_id)
"""

_SOURCES = """
SELECT o.object, epoch_us(p.created_at) AS source_us
FROM shared_objects o JOIN post_rows p ON p.post_id = o.object_id
WHERE o.kind IN ('repost', 'quote', 'reply')
"""


def load(con: duckdb.DuckDBPyConnection, posts_path: str, traces_path: str, seed: int) -> Events:
    """Reads `traces` and `posts` into Events. Objects of a single account are left out: they can hold no coincidence."""
    con.execute(_OBJECTS, {"traces": traces_path, "kinds": list(KINDS)})
    con.execute(_POST_ROWS, {"posts": posts_path})
    objects = con.sql("SELECT object_id, kind FROM shared_objects ORDER BY object").to_arrow_table()
    object_code, post = _streamed(con.sql(_EVENTS, params={"traces": traces_path}))
    sources = con.sql(_SOURCES).fetchnumpy()
    at_of_post, account_of_post = _of_posts(con)
    con.execute("DROP TABLE shared_objects; DROP TABLE post_rows")
    families = np.array([CLASS_OF_KIND[k] for k in KINDS], dtype=np.int8)
    kind_codes = pc.index_in(objects["kind"].combine_chunks(), pa.array(KINDS)).to_numpy(zero_copy_only=False)
    object_source_us = np.full(objects.num_rows, UNKNOWN_US, dtype=np.int64)
    object_source_us[np.asarray(sources["object"])] = np.asarray(sources["source_us"])
    return build(
        seed=seed,
        object_code=object_code,
        post=post,
        at_of_post=at_of_post,
        account_of_post=account_of_post,
        object_family=families[kind_codes],
        object_source_us=object_source_us,
        object_ids=objects["object_id"].combine_chunks(),
        object_kinds=objects["kind"].combine_chunks(),
    )


def _streamed(rows: duckdb.DuckDBPyRelation) -> list[NDArray[np.int32]]:
    """The columns of int32 rows, which are never all in memory as DuckDB holds them."""
    parts: list[list[NDArray[np.int32]]] = [[] for _ in rows.columns]
    for batch in rows.to_arrow_reader(_BATCH):
        for part, column in zip(parts, batch.columns, strict=True):
            part.append(column.to_numpy(zero_copy_only=False).astype(np.int32))
    return [np.concatenate(parts.pop(0) or [np.empty(0, np.int32)]) for _ in rows.columns]


def _of_posts(con: duckdb.DuckDBPyConnection) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """([posts] time, [posts] first post of its account)."""
    (n,) = con.execute("SELECT count(*) FROM post_rows").fetchall()[0]
    at_us, account = np.zeros(n, np.int64), np.zeros(n, np.int32)
    for batch in con.sql(_POSTS).to_arrow_reader(_BATCH):
        post, at, row = (column.to_numpy(zero_copy_only=False) for column in batch.columns)
        at_us[post], account[post] = at, row
    return at_us, account


def build(
    *,
    seed: int,
    object_code: NDArray[np.int32],
    post: NDArray[np.int32],
    at_of_post: NDArray[np.int64],
    account_of_post: NDArray[np.int32],
    object_family: NDArray[np.int8],
    object_source_us: NDArray[np.int64],
    object_ids: pa.Array,
    object_kinds: pa.Array,
) -> Events:
    """Gives every post its unit and keeps each account's first event per unit. Input rows may come in any order; posts are numbered
    in the order of their times, as they lie in posts.parquet."""
    n_objects, n_posts = max(1, len(object_family)), max(1, len(at_of_post))
    rank = _rank(object_code, post, account_of_post, object_family)
    by_post = kernel_units.packed_through(post, object_code, rank, n_objects)
    by_post.sort()
    kept = kernel_units.lowest_of_each(by_post, n_objects)
    by_rank = np.empty(n_objects, np.int32)
    by_rank[rank] = np.arange(len(rank), dtype=np.int32)
    post = (by_post[:kept] // n_objects).astype(np.int32)
    object_code = by_rank[by_post[:kept] % n_objects]
    del by_post, rank, by_rank
    key = kernel_units.packed(object_code, post, n_posts)
    del object_code, post
    key.sort()
    kept = kernel_units.shared_firsts(key, n_posts, account_of_post, n_posts)
    object_code, post_of_event = (key[:kept] // n_posts).astype(np.int32), key[:kept] % n_posts
    del key
    return _events(
        seed,
        object_code,
        post_of_event,
        at_of_post,
        account_of_post,
        object_family,
        object_source_us,
        object_ids,
        object_kinds,
    )


def _rank(
    object_code: NDArray[np.int32],
    post: NDArray[np.int32],
    account_of_post: NDArray[np.int32],
    object_family: NDArray[np.int8],
) -> NDArray[np.int32]:
    """[objects] the lower the more specific: that with the fewest accounts; a tag sequence only where a post shares nothing else, and what it
    says in other words only where it has no such sequence either."""
    n_objects, n_posts = len(object_family), max(1, len(account_of_post))
    shared_by = kernel_units.packed_through(object_code, post, account_of_post, n_posts)
    shared_by.sort()
    n_sharers = kernel_units.n_distinct(shared_by, n_posts, n_objects)
    vagueness = np.where(object_family == NARRATIVE, 2, np.where(object_family == HASHTAGS, 1, 0))
    rank = np.empty(n_objects, np.int32)
    rank[np.lexsort((n_sharers, vagueness))] = np.arange(n_objects, dtype=np.int32)
    return rank


def _events(
    seed: int,
    object_code: NDArray[np.int32],
    post: NDArray[np.int64],
    at_of_post: NDArray[np.int64],
    account_of_post: NDArray[np.int32],
    object_family: NDArray[np.int8],
    object_source_us: NDArray[np.int64],
    object_ids: pa.Array,
    object_kinds: pa.Array,
) -> Events:
    """Of sorted (object, post)."""
    units = distinct(object_code)
    at_us, account_row = at_of_post[post], account_of_post[post]
    sitting = sittings.of_times(at_us)
    acts = np.zeros(len(account_of_post), dtype=np.bool_)
    acts[account_row] = True
    return Events(
        account=np.cumsum(acts, dtype=np.int32)[account_row] - np.int32(1),
        at_us=at_us,
        post=post,
        object=object_code,
        sitting=sitting,
        in_a=sittings.in_half_a(sitting, seed),
        start=np.append(np.searchsorted(object_code, units), len(object_code)).astype(np.int64),
        family=object_family[units],
        source_us=object_source_us[units],
        n_accounts=int(acts.sum()),
        account_rows=np.flatnonzero(acts),
        object_ids=object_ids,
        object_kinds=object_kinds,
    )
