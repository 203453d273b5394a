"""Where to look inside a post: the copied words, the link, the tags, or the whole post, each with its reason."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from houselights.core.tables import HIGHLIGHTS
from houselights.core.text import find_hashtag_spans, find_url_span, shared_span
from houselights.findings.casefile import Case, Key, Pair, Post, Ref
from houselights.findings.wording import KIND_NOUNS, count, duration, listing, percent

RULE_VERSION = "1"
RULES = {
    "text": "copied_text",
    "link": "shared_link",
    "hashtags": "shared_hashtags",
    "repost": "same_post",
    "quote": "same_post",
    "reply": "same_post",
    "narrative": "same_message",
}
_DONE = {
    "text": "These words also stand in posts",
    "link": "This link was also shared",
    "hashtags": "These hashtags, in this order, were also used",
    "repost": "The same post was also reposted",
    "quote": "The same post was also quoted",
    "reply": "The same post was also answered",
    "narrative": "A model of meaning reads the same message, in other words, in posts",
}
Span = tuple[int, int]
WHOLE: Span = (0, 0)


@dataclass
class _Use:
    """What the coincidences of a finding say about one object."""

    accounts: set[str] = field(default_factory=set)
    nearest: dict[Ref, tuple[float, Ref, float]] = field(default_factory=dict)  # post -> (delta_s, other post, chance)

    def add(self, pair: Pair) -> None:
        self.accounts.update((pair.a[1], pair.b[1]))
        for own, other in ((pair.a, pair.b), (pair.b, pair.a)):
            candidate = (pair.delta_s, other, pair.chance)
            self.nearest[own] = min(self.nearest.get(own, candidate), candidate)


def highlights(case: Case, finding: Mapping[str, Any]) -> pa.Table:
    """HIGHLIGHTS rows of one finding, at most one per (post, kind, start). Spans are code points of posts.text."""
    rows: dict[tuple[str, str, int], dict[str, Any]] = {}
    cached: dict[tuple[str, str], Span | None] = {}
    for (kind, object_id), use in sorted(_uses(case).items(), key=lambda item: (-len(item[1].accounts), item[0])):
        for ref, (delta_s, other, chance) in sorted(use.nearest.items()):
            post = case.posts[ref]
            reason = _reason(kind, len(use.accounts) - 1, delta_s, chance, case.precision, finding)
            for start, end in _spans(kind, object_id, post, case.posts[other], cached):
                rows.setdefault(
                    (post.post_id, kind, start),
                    {
                        "post_id": post.post_id,
                        "finding_id": finding["finding_id"],
                        "kind": kind,
                        "start": start,
                        "end": end,
                        "reason": reason,
                        "rule": RULES[kind],
                        "rule_version": RULE_VERSION,
                    },
                )
    return pa.Table.from_pylist(list(rows.values()), schema=HIGHLIGHTS.schema)


def _uses(case: Case) -> dict[Key, _Use]:
    """Per object: that of the coincidence, and everything else of a tested kind that its two posts share (a link usually brings its
    text along)."""
    uses: dict[Key, _Use] = defaultdict(_Use)
    none: frozenset[Key] = frozenset()
    for shared in case.objects.values():
        for pair in shared.pairs:
            for key in {pair.key} | (case.traces.get(pair.a, none) & case.traces.get(pair.b, none)):
                if key[0] in RULES:
                    uses[key].add(pair)
    return uses


def _spans(
    kind: str, object_id: str, post: Post, other: Post, cached: dict[tuple[str, str], Span | None]
) -> Iterator[Span]:
    """Spans inside the text; the whole post where there is no text to point at."""
    found: list[Span | None] = [None]
    if kind == "text":
        texts = (post.text, other.text)
        if texts not in cached:
            cached[texts] = shared_span(*texts)
        found = [cached[texts]]
    elif kind == "link":
        found = [find_url_span(post.text, [object_id])]
    elif kind == "hashtags":
        found = [*find_hashtag_spans(post.text)] or [None]
    for span in found:
        yield span if span and 0 <= span[0] < span[1] <= len(post.text) else WHOLE


def _reason(kind: str, n_others: int, delta_s: float, chance: float, precision: str, finding: Mapping[str, Any]) -> str:
    who = "of" if kind in ("text", "narrative") else "by"
    apart = (
        f"{duration(delta_s)} apart"
        if delta_s or precision not in ("min", "day")
        else f"in the same {_UNITS[precision]}"
    )
    parts = [
        f"{_DONE[kind]} {who} {count(n_others, 'other account')} of this pattern, the nearest {apart}; "
        f"two accounts that share such a {KIND_NOUNS[kind]} come that close by chance in about "
        f"{percent(min(chance, 1.0))} of cases."
    ]
    if finding["tier"] == "described":
        fitting = [e["name"] for e in finding["explanations"] if e["demotes"]]
        why = f"an innocent explanation fits ({listing(fitting)})" if fitting else "its test did not hold"
        parts.append(f"The pattern is described only: {why}.")
    elif not finding["resolved"]:
        parts.append("The test is about the pattern as a whole and does not tell whether this account belongs to it.")
    return " ".join(parts)


_UNITS = {"min": "minute", "day": "day"}
