"""Breaking news: everybody posts at once, about the same things."""

from collections import defaultdict
from statistics import median

from houselights.findings.casefile import Case, SharedObject
from houselights.findings.explanations.weighing import Check
from houselights.findings.wording import count, of, span

_HOUR_US = 3_600_000_000
PEAK = 3.0  # times the median hour; the daily rhythm alone stays under it
MIN_HOURS = 12  # with posts: fewer have no median worth the name


def breaking_news(case: Case) -> Check:
    """At least half of the shared objects lie in one hour in which the rest of the data peaks, and other people
    share them too."""
    name = "breaking news"
    hours = case.data.posts_per_hour
    if len(hours) < MIN_HOURS:
        return Check(
            name,
            f"Could not be tested: this data has no more than {count(len(hours), 'hour')} with posts.",
            tested=False,
        )
    if case.precision == "day":
        return Check(name, "Could not be tested: this data has no hours in its times.", tested=False)
    by_hour: dict[int, list[SharedObject]] = defaultdict(list)
    own: dict[int, int] = defaultdict(int)
    for post in case.posts.values():
        own[post.at_us // _HOUR_US] += 1
    for shared in case.objects.values():
        by_hour[min(p.at_us for p in case.posts_of(shared)) // _HOUR_US].append(shared)
    hour, objects = min(by_hour.items(), key=lambda item: (-len(item[1]), item[0]))
    others = hours.get(hour, 0) - own[hour]
    ratio = others / max(1.0, median(hours.values()))
    public = [o for o in objects if o.n_outside > 0]
    detail = (
        f"{of(len(objects), len(case.objects), 'shared object')} began in one hour "
        f"({span(hour * _HOUR_US, (hour + 1) * _HOUR_US - 1)}), {len(public):,} of them shared by other people as "
        f"well; "
        f"the rest of the data then had {ratio:.1f} times the posts of a median hour."
    )
    fits = 2 * len(public) >= len(case.objects) and ratio >= PEAK
    return Check(name, detail, fits=fits, covered=frozenset(o.object_id for o in public), held_fixed_by_synchrony=True)
