"""Which rows count now: a function of the rows that arrived and their order, never of where a batch or a segment ended."""

from dataclasses import dataclass

from houselights.watch.log import State
from houselights.watch.settings import WatchSettings

AHEAD_US = 86_400_000_000
"""A post may be dated so far ahead of the clock; files have the same rule against the time of collection."""


@dataclass(frozen=True)
class Horizon:
    """Event time, microseconds: start <= effective time, and at <= end. None: the clock has not begun."""

    start_us: int | None
    end_us: int | None
    bound: str  # time, posts or none: what holds it


def clock_us(state: State) -> int | None:
    """The furthest part's clock."""
    told = [us for us in state.clock.get("now", []) if us is not None]
    return max(told) if told else None


def count(state: State, settings: WatchSettings, times_us: list[int]) -> None:
    """Adds posts that count, by effective time."""
    for us in times_us:
        bucket = str(us // settings.bucket_us)
        state.buckets[bucket] = state.buckets.get(bucket, 0) + 1


def horizon(state: State, settings: WatchSettings) -> Horizon:
    """It never goes back: buckets before it are forgotten, where it began last is not."""
    now = clock_us(state)
    if now is None:
        return Horizon(None, None, "none")
    by_time, left = now - int(settings.horizon_s * 1e6), settings.horizon_posts
    start = by_time if state.start_us is None else max(by_time, state.start_us)
    for bucket in sorted(map(int, state.buckets), reverse=True):
        left -= state.buckets[str(bucket)]
        if left < 0:
            start = max(start, (bucket + 1) * settings.bucket_us)
            break
    if start > by_time:
        return Horizon(start, now + AHEAD_US, "posts")
    is_full = state.first_clock_us is not None and state.first_clock_us < by_time
    return Horizon(start, now + AHEAD_US, "time" if is_full else "none")


def forget(state: State, settings: WatchSettings) -> None:
    """Drops what lies before the horizon: segments as a whole, buckets."""
    start = horizon(state, settings).start_us
    if start is None:
        return
    state.start_us = start
    state.segments = [s for s in state.segments if s.acts or s.last_us is None or s.last_us >= start]
    first = start // settings.bucket_us
    state.buckets = {b: n for b, n in state.buckets.items() if int(b) >= first}


def rows_in(files_sql: str, of: Horizon, first_clock_us: int | None, late: bool = False) -> str:
    """SQL of the rows of segments that count (`late` False), or that came too late or from too far ahead."""
    effective = (
        f"least(at_us, coalesce(clock_us, {_number(first_clock_us)}))" if first_clock_us is not None else "at_us"
    )
    arrival = f"coalesce(clock_us, {_number(first_clock_us)})"
    inside = "true" if of.start_us is None else f"coalesce({effective}, {arrival}, {of.start_us}) >= {of.start_us}"
    ahead = "false" if of.end_us is None else f"coalesce(timely AND at_us > {of.end_us}, false)"
    if late:
        inside_late = "true" if of.start_us is None else f"coalesce({arrival}, {of.start_us}) >= {of.start_us}"
        return f"SELECT * FROM {files_sql} WHERE (behind_us > 0 AND {inside_late}) OR ({ahead} AND {inside})"
    return f"SELECT * FROM {files_sql} WHERE behind_us = 0 AND NOT {ahead} AND {inside}"


def _number(us: int | None) -> str:
    return "NULL::BIGINT" if us is None else str(us)
