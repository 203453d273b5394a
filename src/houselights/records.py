"""What `results` hands to outlets: posts, pairs of posts, how an account may be shown, a timeline."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

BIN_WIDTHS_S = (1, 2, 5, 10, 30, 60, 300, 900, 3600, 3 * 3600, 6 * 3600, 12 * 3600, 86400, 7 * 86400, 30 * 86400)


@dataclass(frozen=True)
class Shown:
    """How an outlet may show an account: by its id when `named`, otherwise by a number that holds for this finding
    only."""

    account_id: str
    label: str
    role: str
    named: bool


@dataclass(frozen=True)
class Post:
    post_id: str
    author_id: str
    created_at: datetime
    precision: str
    kind: str
    text: str
    repost_of: str | None
    reposted_text: str | None  # where the reposted post is in the data
    source: str  # "file, line n": where the row can be checked


@dataclass(frozen=True)
class Pair:
    """One coincidence: two posts that share an object.

    `post_a` is the earlier one; None when the posts table lacks it.
    """

    object_id: str
    kind: str
    channel: str
    account_a: str
    account_b: str
    post_id_a: str
    post_id_b: str
    post_a: Post | None
    post_b: Post | None
    delta_s: float
    chance_0_1: float
    confirming: bool


@dataclass(frozen=True)
class Wording:
    """One of the ways in which a finding's posts say the same: its first post, and how many posts and accounts have these words."""

    first: Post
    n_posts: int
    n_accounts: int


@dataclass(frozen=True)
class Timeline:
    """Posts per bin: the finding's own against everybody else's. `starts[i]` is the first moment of bin i."""

    bin_s: int
    starts: tuple[datetime, ...]
    group: tuple[int, ...]
    others: tuple[int, ...]


def bin_width_s(span_s: float, max_bins: int) -> int:
    """The smallest round width, in seconds, that needs at most `max_bins` bins for `span_s`, margins included."""
    for width in BIN_WIDTHS_S:
        if span_s / width <= max_bins - 4:
            return width
    return BIN_WIDTHS_S[-1] * math.ceil(span_s / BIN_WIDTHS_S[-1] / (max_bins - 4))


def floor(at: datetime, bin_s: int) -> datetime:
    """The start of the bin that holds `at`; bins are counted from 1970."""
    return at - timedelta(seconds=at.timestamp() % bin_s)


def binned(first: datetime, last: datetime, max_bins: int) -> tuple[int, datetime, int]:
    """(width in seconds, start, number) of the bins from `first` to `last`, with an empty one either side: the quiet before and after."""
    bin_s, start, n_bins = covering(first, last, max_bins)
    return bin_s, start - timedelta(seconds=bin_s), n_bins + 2


def covering(first: datetime, last: datetime, max_bins: int) -> tuple[int, datetime, int]:
    """(width in seconds, start, number) of the bins from `first` to `last`."""
    bin_s = bin_width_s((last - first).total_seconds(), max_bins)
    start = floor(first, bin_s)
    return bin_s, start, int((last - start).total_seconds() // bin_s) + 1


def timelines(
    ids: Sequence[str], rows: Iterable[Mapping[str, Any]], bins: tuple[int, datetime, int]
) -> dict[str, Timeline]:
    """One of each narrative; rows: narrative_id, `nth` bin, whether `mine`, and `n` posts."""
    bin_s, start, width = bins
    told = {id_: ([0] * width, [0] * width) for id_ in ids}
    for r in rows:
        told[r["narrative_id"]][not r["mine"]][r["nth"]] = r["n"]
    starts = tuple(start + timedelta(seconds=bin_s * i) for i in range(width))
    return {id_: Timeline(bin_s, starts, tuple(mine), tuple(others)) for id_, (mine, others) in told.items()}


def ranked_wordings(copies: Iterable[tuple[str, Post]], limit: int) -> list[list[Wording]]:
    """Per text, of which (text's id, post) are copies, its wordings, the most used first, where there are several.
    At most `limit` texts, those of the most posts first."""
    from houselights.core.text import own_words  # slow to load, and most pages show no wordings

    said: dict[str, dict[str, list[Post]]] = {}
    for text_id, post in copies:
        said.setdefault(text_id, {}).setdefault(own_words(post.text), []).append(post)
    ranked = []
    for same in said.values():
        if len(same) > 1:
            wordings = [
                Wording(min(p, key=lambda q: (q.created_at, q.post_id)), len(p), len({q.author_id for q in p}))
                for p in same.values()
            ]
            ranked.append(sorted(wordings, key=lambda w: (-w.n_posts, w.first.created_at, w.first.post_id)))
    return sorted(ranked, key=lambda t: (-sum(w.n_posts for w in t), t[0].first.post_id))[:limit]
