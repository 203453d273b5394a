"""From traces to groups: rounds of screening and confirming, then members, then the coincidences behind them."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from houselights.core import stats
from houselights.core.detection import COINCIDENCES, Detection, Group, Member
from houselights.core.paths import literally
from houselights.core.settings import EvidenceSettings
from houselights.core.work import HERE, Work
from houselights.evidence import events as event_table
from houselights.evidence import members, searches, small_objects
from houselights.evidence.background import Selection, View, own_rate, rates
from houselights.evidence.confirmed import Confirmed, Tested, discoveries
from houselights.evidence.events import MAX_UNIT_ACCOUNTS, ORIGINAL, Events
from houselights.evidence.merging import OVERLAP_0_1, Merged, apart, merge
from houselights.evidence.sittings import MIN_SITTINGS
from houselights.kernels import objects as kernel

MAX_ROUNDS = 5
MIN_CORE = 3
LISTED_PROBABILITY_0_1 = 0.5
SOURCE_FIRST_0_1 = 0.8
SOURCE_MIN_OBJECTS = 5
SOURCE_P = 0.001
PRECISION_S = {"us": 0.0, "ms": 0.001, "s": 1.0, "min": 60.0, "day": 86400.0}


def detect(
    con: duckdb.DuckDBPyConnection,
    posts_path: Path,
    traces_path: Path,
    settings: EvidenceSettings,
    work: Work = HERE,
) -> Detection:
    """Groups that act together, with their error control. Pure in (posts, traces, settings)."""
    windows_s, skipped = usable_windows(con, posts_path, settings)
    e = event_table.load(con, literally(posts_path), literally(traces_path), settings.seed)
    n_hours = min(len(np.unique(e.sitting[e.in_a == half])) for half in (True, False))
    if n_hours < MIN_SITTINGS:
        windows_s, skipped = [], [{"channel": "all", "window_s": None, "reason": _TOO_SHORT}]
    skipped += _untested_kinds(con, traces_path)
    merged, run = rounds(e, windows_s, settings, work)
    in_none = e.without([m.accounts for m in merged])[e.account]
    everybody, clean = (
        cache(partial(View, Selection(e, kept, MAX_UNIT_ACCOUNTS))) for kept in (np.ones_like(in_none), in_none)
    )
    names = _Names(con, posts_path, e)
    groups = _distinct([_group(m, _rest_p(m, merged), everybody, clean, settings, names) for m in merged])
    shown = [g for g in groups if g.coincidences.num_rows]  # without a pair of posts there is nothing to show
    return Detection(groups=shown, channels_run=run, channels_skipped=skipped)


def _untested_kinds(con: duckdb.DuckDBPyConnection, traces_path: Path) -> list[dict[str, object]]:
    kinds = con.execute("SELECT DISTINCT kind FROM read_parquet(?) ORDER BY 1", [literally(traces_path)]).fetchall()
    return [
        {"channel": f"objects of kind {kind}", "reason": _NO_ERROR_RATE}
        for (kind,) in kinds
        if kind not in event_table.KINDS
    ]


_NO_ERROR_RATE = "listed in traces.parquet, but not tested: the error rate of a test on them has not been measured"


def _distinct(groups: list[Group]) -> list[Group]:
    """Each group once, the strongest first: who only shares a group's objects may lead to the same members again."""
    kept: list[tuple[set[str], Group]] = []
    for group in groups:
        accounts = {m.account_id for m in group.members if m.role != "source"}
        if all(len(accounts & other) < OVERLAP_0_1 * min(len(accounts), len(other)) for other, _ in kept):
            kept.append((accounts, group))
    return [group for _, group in kept]


def usable_windows(
    con: duckdb.DuckDBPyConnection, posts_path: Path, settings: EvidenceSettings
) -> tuple[list[float], list[dict[str, object]]]:
    """Windows not under the time precision of the data: coincidence inside a stamp's own width means nothing."""
    found = con.execute("SELECT DISTINCT created_at_precision FROM read_parquet(?)", [literally(posts_path)]).fetchall()
    coarsest = max((row[0] for row in found), key=PRECISION_S.__getitem__, default="us")
    skipped: list[dict[str, object]] = [
        {
            "channel": "all",
            "window_s": w,
            "reason": f"times are known to the {_PRECISION_WORDS[coarsest]} only, which is wider than this window",
        }
        for w in settings.windows_s
        if w < PRECISION_S[coarsest]
    ]
    return [w for w in settings.windows_s if w >= PRECISION_S[coarsest]], skipped


_TOO_SHORT = (
    "the things that several accounts share lie in too few different hours: the test takes hours as independent and needs "
    f"at least {MIN_SITTINGS} in either half of the data"
)
_PRECISION_WORDS = {"us": "microsecond", "ms": "millisecond", "s": "second", "min": "minute", "day": "day"}


def rounds(
    e: Events, windows_s: list[float], settings: EvidenceSettings, work: Work = HERE
) -> tuple[list[Merged], list[dict[str, object]]]:
    """Peels confirmed groups off and looks again: a strong group otherwise sets the chance level for the rest."""
    alive = np.ones(e.n_accounts, dtype=np.bool_)
    confirmed: list[Confirmed] = []
    merged: list[Merged] = []
    counts = {(channel, w): 0 for channel in searches.CHANNELS for w in windows_s}
    for round_ in range(1, MAX_ROUNDS + 1):
        candidates = searches.candidates(e, alive, windows_s, settings, work)
        for c in candidates:
            counts[c.channel, c.window_us / 1e6] += 1
        new = discoveries(candidates, settings.q, round_)
        if not new:
            break
        confirmed += new
        everybody = _Everybody(e)
        merged = merge(e, confirmed, everybody.retest)
        everybody.let_go()
        del everybody
        alive = e.without([m.accounts for m in merged])
    run: list[dict[str, object]] = [
        {"channel": channel, "window_s": w, "candidates": n} for (channel, w), n in counts.items()
    ]
    return merged, run


Views = Callable[[int], View]
"""The view at a window; each is made once."""


class _Everybody:
    """All events at any window: what the parts of a group are tested against again. As large as the data, so kept for one merge and not
    through the searches of the next round."""

    def __init__(self, e: Events) -> None:
        self._selection = Selection(e, np.ones(len(e.account), dtype=np.bool_), MAX_UNIT_ACCOUNTS)
        self._views: dict[int, View] = {}

    def retest(self, part: NDArray[np.int64], whole: Tested) -> Tested | None:
        """Always by the channel that works on what the part owns; a part of a synchrony group passes there or goes."""
        view = self._views.setdefault(whole.window_us, View(self._selection, whole.window_us))
        return small_objects.confirm(view, part, whole.confirm_in_a, whole.window_us / 1e6)

    def let_go(self) -> None:
        self._selection.let_go()
        for view in self._views.values():
            view.let_go()


class _Names:
    """Looks ids of accounts and posts up by row of posts.parquet, only those asked for."""

    def __init__(self, con: duckdb.DuckDBPyConnection, posts_path: Path, e: Events) -> None:
        self.con, self.posts_path, self.e = con, literally(posts_path), e

    def accounts(self, codes: NDArray[np.int64]) -> list[str]:
        return self._column("author_id", self.e.account_rows[codes])

    def posts(self, rows: NDArray[np.int64]) -> list[str]:
        return self._column("post_id", rows)

    def _column(self, column: str, rows: NDArray[np.int64]) -> list[str]:
        wanted = pa.table({"row": np.unique(rows)})
        self.con.register("wanted_rows", wanted)
        found = self.con.sql(
            f"SELECT w.row, p.{column} FROM wanted_rows w "
            "JOIN read_parquet(?, file_row_number = true) p ON p.file_row_number = w.row ORDER BY w.row",
            params=[self.posts_path],
        ).to_arrow_table()
        self.con.unregister("wanted_rows")
        at = np.searchsorted(found["row"].to_numpy(), rows)
        return list(found[column].combine_chunks().take(pa.array(at)).to_pylist())


@dataclass(frozen=True)
class _Roles:
    core: NDArray[np.int64]
    listed: NDArray[np.int64]
    sources: NDArray[np.int64]


def _rest_p(merged: Merged, groups: list[Merged]) -> float:
    """The p-value that what is left of a group would need beside the other groups of the same search: its own parts, found several times,
    would go with what is taken out, and so may not widen the threshold."""
    best = merged.best
    others = (part for group in groups if group is not merged for part in group.parts)
    same = (best.tested.confirm_in_a, best.alone_p)
    return best.alone_p * (1 + sum((part.tested.confirm_in_a, part.alone_p) == same for part in others))


def _group(
    merged: Merged, rest_p: float, everybody: Views, clean: Views, settings: EvidenceSettings, names: _Names
) -> Group:
    best = merged.best.tested
    view, background = everybody(best.window_us), clean(best.window_us)
    e = view.events
    found = members.assess(view, merged.accounts, background)
    passed = found.testable.copy()
    passed[found.testable] = stats.benjamini_hochberg(found.p_value[found.testable], settings.q)
    sources = _sources(e, merged.accounts)
    core = np.setdiff1d(found.account[passed], sources)
    resolved = len(core) >= MIN_CORE
    likely = np.intersect1d(found.account[found.probability >= LISTED_PROBABILITY_0_1], merged.accounts)
    if resolved:
        core, likely = _one_set(e, core, likely, merged)
        resolved = len(core) >= MIN_CORE
    listed = np.setdiff1d(np.union1d(likely, core) if resolved else likely, sources)
    if len(listed) < MIN_CORE:
        listed = np.setdiff1d(merged.accounts, sources)
    roles = _Roles(core if resolved else np.empty(0, np.int64), listed, sources)
    coincidences = _coincidences(roles, background, merged, names)
    unit_of_object = _units_of_objects(e, roles.listed)
    return Group(
        channels=merged.independent_channels,
        window_s=best.window_us / 1e6,
        members=_members(found, roles, names),
        resolved=resolved,
        n_accounts_tested=len(best.accounts),
        n_hours_tested=best.n_sittings,
        n_objects_tested=len(best.units),
        observed=best.observed,
        expected=best.expected,
        p_value=best.p_value,
        q_value=merged.best.q_value,
        rest_p=rest_p,
        coincidences=coincidences,
        background="this data" if best.from_data_0_1 >= 0.5 else "reference profile",
        retest=lambda ids: best.retest(np.array([unit_of_object[i] for i in ids if i in unit_of_object], np.int64)),
    )


def _one_set(
    e: Events, core: NDArray[np.int64], likely: NDArray[np.int64], merged: Merged
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(core, likely) without those who keep step with a few hangers-on of the group and not with the group: fans in a newsroom's
    company bring all other fans along."""
    sets = apart(e, np.union1d(core, likely), merged.best.tested.window_us)
    mine = max(sets, key=lambda s: len(np.intersect1d(s, merged.accounts)))
    return np.intersect1d(core, mine), np.intersect1d(likely, mine)


def _sources(e: Events, accounts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Accounts whose own words the others copy: first on >= 80 % of the original objects they share with the group, and
    more often than their turn (one of k) would have it."""
    in_group = e.mask(accounts)
    rows = np.flatnonzero(in_group[e.account] & (e.family[e.unit] == ORIGINAL))
    sharers = np.bincount(e.unit[rows], minlength=len(e.size))
    rows = rows[sharers[e.unit[rows]] >= 2]
    unit = e.unit[rows]
    earliest = np.full(len(e.size), np.iinfo(np.int64).max)
    np.minimum.at(earliest, unit, e.at_us[rows])
    is_earliest = e.at_us[rows] == earliest[unit]
    alone = np.bincount(unit, is_earliest, minlength=len(e.size))[unit] == 1
    who = e.account[rows]
    n = np.bincount(who, minlength=e.n_accounts)
    n_first = np.bincount(who, is_earliest & alone, minlength=e.n_accounts)
    turn = np.bincount(who, 1.0 / sharers[unit], minlength=e.n_accounts) / np.maximum(n, 1)
    often = stats.binomial_tail(n_first, n, turn) <= SOURCE_P
    return np.flatnonzero((n >= SOURCE_MIN_OBJECTS) & (n_first >= SOURCE_FIRST_0_1 * n) & often)


def _coincidences(roles: _Roles, background: View, merged: Merged, names: _Names) -> pa.Table:
    """Close pairs of posts between listed accounts at the finding's window, with the chance of each. background: without any group."""
    e, window_us = background.events, background.window_us
    mine = e.mask(roles.listed)[e.account]
    units = np.unique(e.unit[mine]).astype(np.int64)
    i, j = kernel.close_pairs_in_units(e.start, e.at_us, mine, mine, units, window_us)
    unit = e.unit[i].astype(np.int64)
    known = rates(background.totals_of_all, window_us / 1e6)
    every_size = kernel.class_of_units(e.family, e.size, len(e.account))
    chance = kernel.rate_of_pairs(e.at_us[i], e.source_us[unit], every_size[unit], known.rate)
    own = np.bincount(e.unit[mine], minlength=len(e.size))[unit] == e.size[unit]
    chance = np.where(own, np.maximum(chance, own_rate(window_us / 1e6)), chance)
    best = merged.best.tested
    confirming = e.in_a[i] == best.confirm_in_a
    channel = np.full(len(i), best.channel, dtype=object)
    for other in merged.independent(best.channel):
        channel[np.isin(unit, np.setdiff1d(other.units, best.units))] = other.channel
    posts = names.posts(np.concatenate([e.post[i], e.post[j]]))
    people = names.accounts(np.concatenate([e.account[i], e.account[j]]).astype(np.int64))
    n = len(i)
    shown = pa.array(e.object[i].astype(np.int64))
    table = pa.table(
        {
            "channel": pa.array(channel, pa.string()),
            "object_id": e.object_ids.take(shown),
            "kind": e.object_kinds.take(shown),
            "post_id_a": pa.array(posts[:n], pa.string()),
            "post_id_b": pa.array(posts[n:], pa.string()),
            "account_a": pa.array(people[:n], pa.string()),
            "account_b": pa.array(people[n:], pa.string()),
            "delta_s": (e.at_us[j] - e.at_us[i]) / 1e6,
            "chance": chance,
            "confirming": confirming,
        }
    ).cast(COINCIDENCES)
    order = [("object_id", "ascending"), ("post_id_a", "ascending"), ("post_id_b", "ascending")]
    return table.sort_by(order)


def _units_of_objects(e: Events, accounts: NDArray[np.int64]) -> dict[str, int]:
    """Unit of each object these accounts share, by object id."""
    units = e.units_of(accounts)
    objects = e.object_ids.take(pa.array(e.object[e.start[units]].astype(np.int64))).to_pylist()
    return dict(zip(objects, units.tolist(), strict=True))


def _members(found: members.Membership, roles: _Roles, names: _Names) -> tuple[Member, ...]:
    codes = np.concatenate([roles.listed, roles.sources])
    at = np.searchsorted(found.account, codes)
    known = (at < len(found.account)) & (found.account[np.minimum(at, len(found.account) - 1)] == codes)
    out = []
    for code, name, k, is_known in zip(codes.tolist(), names.accounts(codes), at.tolist(), known.tolist(), strict=True):
        role = "source" if code in roles.sources else "core" if code in roles.core else "periphery"
        out.append(
            Member(
                account_id=name,
                role=role,
                n_events=int(found.n_events[k]) if is_known else 0,
                p_value=float(found.p_value[k]) if is_known else 1.0,
                membership_probability=float(found.probability[k]) if is_known else 0.0,
            )
        )
    return tuple(sorted(out, key=lambda m: m.account_id))
