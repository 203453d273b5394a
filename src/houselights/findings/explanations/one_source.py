"""Fans or amplifiers: a group that mostly reposts one author is described, not accused (unless synchrony was
confirmed as well)."""

from collections import Counter
from statistics import median

from houselights.findings.casefile import Case
from houselights.findings.explanations.weighing import Check
from houselights.findings.wording import count, duration, of, percent


def one_source(case: Case) -> Check:
    """At least half of the group's evidence posts are reposts of one author. Reports that share, the share of
    everything the members
    posted, how many of the author's posts were reposted and how fast."""
    name = "fans of one source"
    reposts = [p for p in case.posts.values() if p.kind == "repost"]
    if not reposts:
        return Check(name, "None of the group's shared posts is a repost.")
    authors = Counter(p.repost_author for p in reposts if p.repost_author is not None)
    if not authors:
        return Check(name, "Could not be tested: this data has no authors of the reposted posts.", tested=False)
    first_us = {
        p.repost_author: p.at_us for p in sorted(reposts, key=lambda p: -p.at_us)
    }  # of equals the earliest, whatever its name
    author, n = min(authors.items(), key=lambda item: (-item[1], first_us[item[0]], item[0]))
    theirs = [o for o in case.objects.values() if 2 * _of(case, o.posts, author) >= len(o.posts)]
    total, everything = case.activity.get(author, (n, 0))
    detail = (
        f"The most reposted author got {of(n, len(case.posts), 'shared post')} of the group "
        f"({percent(n / len(case.posts))})"
        + (f" and for {percent(total / everything)} of everything its accounts posted" if everything else "")
        + f"; {count(len(theirs), 'post')} of that author {'was' if len(theirs) == 1 else 'were'} reposted together"
        + f"{_delay(case, author)}."
    )
    return Check(
        name,
        detail,
        fits=2 * n >= len(case.posts),
        covered=frozenset(o.object_id for o in theirs),
        held_fixed_by_synchrony=True,
    )


def _of(case: Case, refs: tuple[tuple[str, str], ...], author: str) -> int:
    return sum(case.posts[r].kind == "repost" and case.posts[r].repost_author == author for r in refs)


def _delay(case: Case, author: str) -> str:
    delays = [
        (p.at_us - p.source_us) / 1e6
        for p in case.posts.values()
        if p.kind == "repost" and p.repost_author == author and p.source_us is not None and p.at_us >= p.source_us
    ]
    return f", typically {duration(median(delays))} after it appeared" if delays else ""
