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
        wanted_unit: NDArray[np.bool_] | None = None,
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """(rows in ascending order, index into `accounts` of each), of all units or of the wanted ones. unit: [n], wanted_unit: [u]."""
        bits = len(accounts).bit_length()
        both = kernel.rows_with_account(self.row, self.bounds, np.asarray(accounts), bits)
        if unit is not None and wanted_unit is not None:
            both = both[wanted_unit[unit[both >> bits]]]
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
SELECT o.object, p.post, epoch_us(t.at) AS at_us, first_seen.post AS account_row
FROM read_parquet($traces) t
JOIN shared_objects o ON o.kind = t.kind AND o.object_id = t.object_id
JOIN post_rows p ON p.post_id = t.post_id AND p.author_id = t.account_id
JOIN (SELECT author_id, min(post) AS post FROM post_rows GROUP BY author_id) first_seen ON first_seen.author_id = t.account_id
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
    rows = con.execute(_EVENTS, {"traces": traces_path}).fetchnumpy()
    sources = con.sql(_SOURCES).fetchnumpy()
    con.execute("DROP TABLE shared_objects; DROP TABLE post_rows")
    families = np.array([CLASS_OF_KIND[k] for k in KINDS], dtype=np.int8)
    kind_codes = pc.index_in(objects["kind"].combine_chunks(), pa.array(KINDS)).to_numpy(zero_copy_only=False)
    object_source_us = np.full(objects.num_rows, UNKNOWN_US, dtype=np.int64)
    object_source_us[np.asarray(sources["object"])] = np.asarray(sources["source_us"])
    return build(
        seed=seed,
        object_code=np.asarray(rows["object"], dtype=np.int64),
        post=np.asarray(rows["post"], dtype=np.int64),
        at_us=np.asarray(rows["at_us"], dtype=np.int64),
        account_row=np.asarray(rows["account_row"], dtype=np.int64),
        object_family=families[kind_codes],
        object_source_us=object_source_us,
        object_ids=objects["object_id"].combine_chunks(),
        object_kinds=objects["kind"].combine_chunks(),
    )


def build(
    *,
    seed: int,
    object_code: NDArray[np.int64],
    post: NDArray[np.int64],
    at_us: NDArray[np.int64],
    account_row: NDArray[np.int64],
    object_family: NDArray[np.int8],
    object_source_us: NDArray[np.int64],
    object_ids: pa.Array,
    object_kinds: pa.Array,
) -> Events:
    """Gives every post its unit and keeps each account's first event per unit. Input rows may come in any order; posts are numbered
    in the order of their times, as they lie in posts.parquet."""
    n_objects, n_posts, n_rows = len(object_family), int(post.max(initial=-1)) + 1, int(account_row.max(initial=-1)) + 1
    at_of_post, account_of_post = np.zeros(n_posts, np.int64), np.zeros(n_posts, np.int64)
    at_of_post[post], account_of_post[post] = at_us, account_row
    sharers = distinct(np.sort(object_code * n_rows + account_row)) // max(1, n_rows)
    vagueness = np.where(object_family == NARRATIVE, 2, np.where(object_family == HASHTAGS, 1, 0))
    by_rank = np.lexsort((np.bincount(sharers, minlength=n_objects), vagueness))
    object_code, post = _most_specific(object_code, post, by_rank)
    object_code, post = _first_of_each(object_code, post, account_of_post[post], n_rows)
    shared = np.bincount(object_code, minlength=n_objects)[object_code] >= 2
    in_order = np.sort(object_code[shared] * n_posts + post[shared])
    object_code, post = in_order // max(1, n_posts), in_order % max(1, n_posts)
    units = distinct(object_code)
    at_us = at_of_post[post]
    sitting = sittings.of_times(at_us)
    acts = np.zeros(n_rows, dtype=np.bool_)
    acts[account_of_post[post]] = True
    return Events(
        account=(np.cumsum(acts) - 1).astype(np.int32)[account_of_post[post]],
        at_us=at_us,
        post=post,
        object=object_code.astype(np.int32),
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


Codes = tuple[NDArray[np.int64], NDArray[np.int64]]


def _most_specific(object_code: NDArray[np.int64], post: NDArray[np.int64], by_rank: NDArray[np.intp]) -> Codes:
    """(object, post): every post once, in order, with its object of the lowest rank: that with the fewest accounts; a tag sequence
    only where the post shares nothing else, and what it says in other words only where it has no such sequence
    either. by_rank: the objects, lowest rank first."""
    n_objects = max(1, len(by_rank))
    rank = np.empty(len(by_rank), np.int64)
    rank[by_rank] = np.arange(len(by_rank))
    key = np.sort(post * n_objects + rank[object_code])
    key = key[np.flatnonzero(np.diff(key // n_objects, prepend=-1))]
    return by_rank[key % n_objects], key // n_objects


def _first_of_each(
    object_code: NDArray[np.int64], post: NDArray[np.int64], account: NDArray[np.int64], n_accounts: int
) -> Codes:
    """(object, post) of the first post of each account on each object. Posts come in order."""
    key = object_code * n_accounts + account
    order = np.argsort(key, kind="stable")
    first = order[np.flatnonzero(np.diff(key[order], prepend=-1))]
    return object_code[first], post[first]
