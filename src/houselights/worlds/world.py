"""A simulated world: posts and the truth about them, a pure function of settings and seed."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from houselights.core import tables
from houselights.worlds import campaigns, lookalikes
from houselights.worlds.ledger import KINDS, QUOTE, REPLY, REPOST, Entries, Ledger
from houselights.worlds.media import Media
from houselights.worlds.organic import Life
from houselights.worlds.population import Ints, Population, populate
from houselights.worlds.settings import PRECISION_S, WorldSettings
from houselights.worlds.text import LANGS, Grammar

START = datetime(2026, 3, 2, tzinfo=UTC)
_START_MS = int(START.timestamp()) * 1000
_SNOWFLAKE_EPOCH_MS = 1_288_834_974_657
_CLIENTS = ("Web", "Phone A", "Phone B")


@dataclass(frozen=True)
class World:
    """`posts` fits core.tables.POSTS, `truth` core.tables.TRUTH.

    `campaigns`: group_id -> tactic, members (account ids), n_objects, window_s, camouflage_0_1 and posts (per object
    the ids of the group's posts in the world, which an API sample may have thinned).
    """

    posts: pa.Table
    truth: pa.Table
    campaigns: dict[str, dict[str, Any]]


def simulate(settings: WorldSettings, seed: int) -> World:
    """Same settings and seed, same bytes."""
    streams = [np.random.Generator(np.random.PCG64(s)) for s in np.random.SeedSequence(seed).spawn(6)]
    people = populate(streams[0], settings)
    grammar = Grammar(streams[1])
    media = Media(streams[1], grammar, settings.n_communities)
    planned, free = campaigns.plan(streams[2], settings, people, streams[2].permutation(len(people)))
    groups, free = lookalikes.choose(people, settings, free)
    ledger = Ledger()
    life = Life(settings, people, grammar, media, ledger)
    popular = life.run(streams[3])
    lookalikes.live(streams[4], life, groups, free)
    taken: set[int] = set()
    for campaign in planned:
        campaigns.act(streams[2], life, campaign, popular, taken)
    entries = ledger.all()
    order = _order(streams[5], settings, entries)
    account = _account_ids(people)
    posts, post_id = _posts_table(streams[5], settings, entries, order, people, account)
    return World(posts, _truth_table(people, account), _describe(settings, planned, account, post_id))


def _order(rng: np.random.Generator, s: WorldSettings, e: Entries) -> Ints:
    """Rows that are in the world, in time order. An account reposts a post once; the source of a kept post is kept."""
    n = len(e.author)
    reposts = np.flatnonzero(e.kind == REPOST)
    key = e.ref[reposts] * (e.author.max() + 1) + e.author[reposts]
    _, last = np.unique(key[::-1], return_index=True)
    keep = np.ones(n, bool)
    keep[reposts] = False
    keep[reposts[::-1][last]] = True
    if s.retention_0_1 < 1:
        keep &= rng.random(n) < s.retention_0_1
        while True:
            sources = e.ref[keep & (e.ref >= 0)]
            if keep[sources].all():
                break
            keep[sources] = True
    rows = np.flatnonzero(keep)
    return rows[np.argsort(e.at_s[rows], kind="stable")]


def _account_ids(people: Population) -> list[str]:
    """Ids of equal length. They say nothing about roles, since members are picked at random."""
    return [str(10**15 + 7_919 * i) for i in range(len(people))]


def _posts_table(
    rng: np.random.Generator, s: WorldSettings, e: Entries, order: Ints, people: Population, account: list[str]
) -> tuple[pa.Table, npt.NDArray[np.object_]]:
    """The table, and the id of each ledger row ("" where the row is not in the world)."""
    n, step_ms = len(order), int(PRECISION_S[s.precision] * 1000)
    at_ms = _START_MS + np.floor(e.at_s[order] * 1000).astype(np.int64) // step_ms * step_ms
    serial = np.arange(n) - np.searchsorted(at_ms, at_ms)  # number of the post within its moment
    ids = np.array([str(x) for x in (((at_ms - _SNOWFLAKE_EPOCH_MS) << 22) + serial).tolist()], object)
    post_id: npt.NDArray[np.object_] = np.full(len(e.author), "", object)
    post_id[order] = ids
    who, kind, ref = e.author[order].tolist(), e.kind[order].tolist(), e.ref[order].tolist()
    root = _roots(e)
    text, mentions = _texts(e, order.tolist(), people, account)
    created_us = (_START_MS * 1000 - (people.created_days * 86_400e6).astype(np.int64)) // 1_000_000 * 1_000_000

    def target(wanted: int, source: Callable[[int], str]) -> list[str | None]:
        return [source(r) if k == wanted else None for k, r in zip(kind, ref, strict=True)]

    def ref_post(r: int) -> str:
        return str(post_id[r])

    def ref_author(r: int) -> str:
        return account[int(e.author[r])]

    columns = {
        "post_id": ids,
        "platform": ["x"] * n,
        "author_id": [account[a] for a in who],
        "author_handle": [people.handle[a] for a in who],
        "author_name": [people.name[a] for a in who],
        "author_created_at": pa.array(created_us[who], pa.int64()).cast(tables.TIME),
        "author_followers": people.followers[who],
        "created_at": pa.array(at_ms * 1000, pa.int64()).cast(tables.TIME),
        "created_at_precision": [s.precision] * n,
        "collected_at": pa.nulls(n, tables.TIME),
        "text": text,
        "lang": [LANGS[people.lang[e.author[r] if k == REPOST else a]] for a, k, r in zip(who, kind, ref, strict=True)],
        "lang_source": ["platform"] * n,
        "urls": [[e.link[r]] if e.link[r] else [] for r in order.tolist()],
        "hashtags": [list(e.tags[r]) for r in order.tolist()],
        "mentions": mentions,
        "reply_to": target(REPLY, ref_post),
        "reply_to_author": target(REPLY, ref_author),
        "thread_id": post_id[root[order]],
        "repost_of": target(REPOST, ref_post),
        "repost_of_author": target(REPOST, ref_author),
        "quote_of": target(QUOTE, ref_post),
        "quote_of_author": target(QUOTE, ref_author),
        "media": [[]] * n,
        "client": [e.client[r] or _CLIENTS[people.client[a]] for r, a in zip(order.tolist(), who, strict=True)],
        "metrics": _metrics(rng, e, order),
        "url": [f"https://posts.example/{people.handle[a]}/{i}" for a, i in zip(who, ids, strict=True)],
        "kind": [KINDS[k] for k in kind],
        "source_format": ["world"] * n,
        "raw_ref": [{"file": "world", "line": i + 1} for i in range(n)],
    }
    schema = tables.POSTS.schema
    table = pa.Table.from_arrays([pa.array(columns[f.name], f.type) for f in schema], schema=schema)
    return tables.POSTS.check(table), post_id


def _roots(e: Entries) -> Ints:
    """Row of the first post of each row's conversation; only answers join one."""
    root = np.where(e.kind == REPLY, e.ref, np.arange(len(e.ref)))
    while True:
        further = root[root]
        if (further == root).all():
            return root
        root = further


def _texts(e: Entries, rows: list[int], people: Population, account: list[str]) -> tuple[list[str], list[list[str]]]:
    text, mentions = [], []
    for r in rows:
        parts = [e.text[r], *("#" + t for t in e.tags[r]), e.link[r]]
        named: list[str] = []
        if e.kind[r] == REPLY:
            parts.insert(0, "@" + people.handle[e.author[e.ref[r]]])
            named = [account[e.author[e.ref[r]]]]
        text.append(" ".join(p for p in parts if p))
        mentions.append(named)
    return text, mentions


def _metrics(rng: np.random.Generator, e: Entries, order: Ints) -> pa.Array:
    n = len(e.author)
    counts = [np.bincount(e.ref[order][e.kind[order] == k], minlength=n)[order] for k in (REPOST, REPLY, QUOTE)]
    likes = rng.poisson(2 + 4 * counts[0])
    zeros = pa.nulls(len(order), pa.int64())
    fields = [*(pa.array(c, pa.int64()) for c in (counts[0], counts[1], likes, counts[2])), zeros]
    return pa.StructArray.from_arrays(fields, ["reposts", "replies", "likes", "quotes", "views"])


def _truth_table(people: Population, account: list[str]) -> pa.Table:
    columns = {"account_id": account, "role": people.role, "group_id": people.group, "tactic": people.tactic}
    return tables.TRUTH.check(pa.table(columns, schema=tables.TRUTH.schema))


def _describe(
    s: WorldSettings, planned: list[campaigns.Campaign], account: list[str], post_id: npt.NDArray[np.object_]
) -> dict[str, dict[str, Any]]:
    return {
        c.group_id: {
            "tactic": c.spec.tactic,
            "members": [account[m] for m in c.members.tolist()],
            "n_objects": c.spec.n_objects,
            "window_s": c.spec.window_s,
            "camouflage_0_1": s.camouflage_0_1,
            "posts": [[x for x in post_id[rows].tolist() if x] for rows in c.rows],
        }
        for c in planned
    }
