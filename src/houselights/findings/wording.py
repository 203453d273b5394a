"""Numbers, lengths of time and moments as a reader would say them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
KIND_NOUNS = {
    "link": "link",
    "repost": "reposted post",
    "quote": "quoted post",
    "reply": "answered post",
    "hashtags": "hashtag sequence",
    "text": "text",
    "narrative": "message",
}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def count(n: int, noun: str) -> str:
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


def of(n: int, total: int, noun: str) -> str:
    """ "3 of 12 shared links". Put the verb in the past tense, which knows no number."""
    return f"{n:,} of {count(total, noun)}"


def percent(share_0_1: float) -> str:
    return f"{100 * share_0_1:.0f} %" if share_0_1 >= 0.1 or share_0_1 == 0 else f"{100 * share_0_1:.2g} %"


def amount(x: float) -> str:
    """Whole when it is whole or large, else with one decimal, more when it is under 0.1."""
    if abs(x - round(x)) < 1e-9 or abs(x) >= 100:
        return f"{round(x):,}"
    return f"{x:.1f}".removesuffix(".0") if abs(x) >= 0.1 else f"{x:.2g}"


def probability(p: float) -> str:
    """0.031, 0.0004, 5.7×10⁻¹⁴: one style everywhere a person reads."""
    if p < 1e-300:
        return "under 10⁻³⁰⁰"
    if p >= 0.001:
        return f"{p:.2g}"
    mantissa, exponent = f"{p:.1e}".split("e")
    return f"{mantissa}×10{str(int(exponent)).translate(str.maketrans('-0123456789', '⁻⁰¹²³⁴⁵⁶⁷⁸⁹'))}"


def times_as_many(observed: float, expected: float) -> str:
    """ "4.6 times as many as chance gives"; empty where that says nothing."""
    if observed <= expected:
        return ""
    if expected <= 0 or observed >= 1000 * expected:
        return "over 1,000 times as many as chance gives"
    ratio = observed / expected
    return (
        f"{ratio:.0f} times as many as chance gives"
        if ratio >= 10
        else f"{amount(ratio)} times as many as chance gives"
    )


def duration(seconds: float) -> str:
    """In the unit a reader would use: "1 second", "10 minutes", "1.5 hours"."""
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= 2 * size or seconds == size:
            return _of_unit(round(seconds / size, 1), unit)
    return _of_unit(round(seconds, 1), "second")


def _of_unit(value: float, unit: str) -> str:
    return f"{value:g} {unit}{'' if value == 1 else 's'}"


def listing(words: Sequence[str], last: str = "and") -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {last} {words[-1]}"


def at(us: int) -> datetime:
    """Microseconds since 1970 as a moment, UTC."""
    return _EPOCH + timedelta(microseconds=us)


def iso(us: int) -> str:
    return at(us).isoformat().replace("+00:00", "Z")


def span(first_us: int, last_us: int, to_the_day: bool = False) -> str:
    """First to last moment, UTC, as short as it can be said. Strings of months, since strftime would ask the locale."""
    a, b = at(first_us), at(last_us)
    if to_the_day:
        return f"on {_day(a)}" if a.date() == b.date() else f"from {_day(a)} to {_day(b)}"
    if f"{a:%Y%m%d%H%M}" == f"{b:%Y%m%d%H%M}":
        return f"on {_day(a)} at {a:%H:%M} UTC"
    if a.date() == b.date():
        return f"on {_day(a)} from {a:%H:%M} to {b:%H:%M} UTC"
    return f"from {_day(a)} {a:%H:%M} to {_day(b)} {b:%H:%M} UTC"


def _day(moment: datetime) -> str:
    return f"{moment.day} {_MONTHS[moment.month - 1]} {moment.year}"
