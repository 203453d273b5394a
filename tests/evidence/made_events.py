"""Events made by hand, and those of simulated worlds, for tests of the evidence room."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from houselights import traces, worlds
from houselights.core.settings import TraceSettings
from houselights.engine.local import connect
from houselights.evidence import events as event_table
from houselights.evidence import sittings
from houselights.evidence.background import Selection, View
from houselights.evidence.events import MAX_UNIT_ACCOUNTS, UNKNOWN_US, Events

Unit = list[tuple[int, float]]  # (account, second)


def events(units: Sequence[Unit], n_accounts: int, family: int = 0, by_hour: bool = False) -> Events:
    """Units alternate between half A and half B, or go by the hour as in life."""
    ordered = [sorted(u, key=lambda row: (row[1], row[0])) for u in units]
    flat = [row for u in ordered for row in u]
    n = len(units)
    hour = sittings.of_times(np.array([round(s * 1e6) for _, s in flat], np.int64))
    sizes = [len(u) for u in ordered]
    return Events(
        account=np.array([a for a, _ in flat], np.int32),
        at_us=np.array([round(s * 1e6) for _, s in flat], np.int64),
        post=np.arange(len(flat)),
        object=np.repeat(np.arange(n, dtype=np.int32), sizes),
        sitting=hour,
        in_a=sittings.in_half_a(hour, 0) if by_hour else np.repeat(np.arange(n) % 2 == 0, sizes),
        start=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
        family=np.full(n, family, np.int8),
        source_us=np.full(n, UNKNOWN_US),
        n_accounts=n_accounts,
        account_rows=np.arange(n_accounts),
        object_ids=pa.array([str(k) for k in range(n)]),
        object_kinds=pa.array(["link"] * n),
    )


def view(e: Events, window_s: float = 60.0, without: Sequence[int] = ()) -> View:
    kept = ~np.isin(e.account, np.asarray(without, np.int32))
    return View(Selection(e, kept, MAX_UNIT_ACCOUNTS), round(window_s * 1e6))


def life(
    rng: np.random.Generator, n_units: int, who: Sequence[int], sizes: tuple[int, int] = (2, 7), hours: float = 6.0
) -> list[Unit]:
    """Objects that accounts of `who` share by chance, each within `hours` of a moment of its own."""
    out = []
    for _ in range(n_units):
        n = int(rng.integers(*sizes))
        start_s = rng.uniform(0, 10 * 86_400)
        chosen = rng.choice(np.asarray(who), n, replace=False).tolist()
        out.append(list(zip(chosen, (start_s + rng.exponential(hours * 3600 / 3, n)).tolist(), strict=True)))
    return out


def in_step(
    rng: np.random.Generator, n_units: int, who: Sequence[int], window_s: float, some: tuple[int, int] | None = None
) -> list[Unit]:
    """Objects that `who`, or `some` many of them, share within `window_s`."""
    out = []
    for _ in range(n_units):
        chosen = who if some is None else rng.choice(np.asarray(who), int(rng.integers(*some)), replace=False).tolist()
        start_s = rng.uniform(0, 10 * 86_400)
        out.append([(a, start_s + float(rng.uniform(0, window_s))) for a in chosen])
    return out


def bridges(rng: np.random.Generator, n_each: int, who: Sequence[int], others: Sequence[int]) -> list[Unit]:
    """What each of `who` shares with two others as people do, so that their pace is known."""
    out = []
    for a in who:
        for unit in life(rng, n_each, others, sizes=(2, 3)):
            out.append([*unit, (a, unit[0][1] + float(rng.exponential(7200)))])
    return out


def of_world(settings: worlds.WorldSettings, seed: int, room: Path) -> tuple[Events, list[str]]:
    """The events of a simulated world, and the account id of each code."""
    posts = worlds.simulate(settings, seed).posts
    pq.write_table(posts, room / "posts.parquet")
    con = connect()
    traces.build(con, room / "posts.parquet", room / "traces.parquet", TraceSettings())
    e = event_table.load(con, str(room / "posts.parquet"), str(room / "traces.parquet"), seed)
    con.close()
    return e, posts["author_id"].take(pa.array(e.account_rows)).to_pylist()


def companies(e: Events, rng: np.random.Generator, n: int, size: int) -> list[np.ndarray]:
    """Groups of people who share objects with each other, picked by who shares what and never by when."""
    out = []
    while len(out) < n:
        group = {int(rng.integers(e.n_accounts))}
        for _ in range(20):
            units = e.units_of(np.array(sorted(group)))
            near = np.flatnonzero(e.accounts_in(rng.choice(units, 1))) if len(units) else np.array([], np.int64)
            group |= set(rng.permutation(near)[: max(0, size - len(group))].tolist())
            if len(group) >= size:
                break
        if len(group) == size:
            out.append(np.array(sorted(group), np.int64))
    return out
