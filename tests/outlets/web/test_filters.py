"""Filters and pages are laws: a page shows every post once, filters narrow as sets do, an address says all that is shown."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qsl

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from houselights.outlets.web import cards, queries, redact, urls
from houselights.outlets.web.indexed import Indexed
from houselights.outlets.web.urls import Feed

LAW = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
TIMES = ("", "2026-03-02T09:00", "2026-03-02T11:07:31", "2026-03-03", "2026-03-04T00:00:00+02:00", "2027-01-01")
VALUES = {
    "finding": ("", "f-ring", "f-pool", "f-desk"),
    "tier": ("", "observed", "described", "strong"),
    "channel": ("", "small_objects", "synchrony"),
    "narrative": ("", "narrative:0", "narrative:2", "narrative:none"),
    "lang": ("", "en", "de", "und", "xx"),
    "account": ("", "ring03", "~1", "~17", "~0", "~", "'; DROP TABLE posts; --"),
    "object": ("", "text:0001", "https://news.example/story2", "%"),
    "since": TIMES,
    "until": TIMES,
}
FEEDS = st.builds(
    Feed,
    **{name: st.sampled_from(("", "", *values)) for name, values in VALUES.items()},
    organic=st.booleans(),
    order=st.sampled_from(urls.ORDERS),
    masked=st.booleans(),
)


@pytest.fixture(scope="module")
def results(rich_run: Path) -> Iterator[Indexed]:
    opened = Indexed(rich_run)
    yield opened
    opened.close()


def _all(results: Indexed, asked: Feed, size: int = 10_000) -> list[int]:
    """Page after page, as a reader who follows the link to the next one."""
    seen: list[int] = []
    while True:
        numbers, more = queries.page(results, asked, size)
        seen += numbers
        if not more:
            return seen
        assert numbers
        asked = asked.with_(after=numbers[-1])


@LAW
@given(asked=FEEDS, size=st.integers(1, 97))
def test_paging_visits_every_post_exactly_once_in_order(results: Indexed, asked: Feed, size: int) -> None:
    whole, paged = _all(results, asked), _all(results, asked, size)
    assert paged == whole == sorted(set(whole), reverse=asked.order == "newest")
    assert queries.count(results, asked)["posts"] == len(whole)


@LAW
@given(asked=FEEDS)
def test_filters_hold_together_as_sets_do(results: Indexed, asked: Feed) -> None:
    """Finding, tier and channel are of one mark, so that they go together; every other filter narrows by itself."""
    both = set(_all(results, asked))
    marks = Feed(finding=asked.finding, tier=asked.tier, channel=asked.channel)
    alone = [marks] + [
        Feed(**{name: getattr(asked, name)}) for name in ("narrative", "lang", "account", "since", "until", "organic")
    ]
    alone.append(Feed(object=asked.object, finding=asked.finding if asked.object else ""))
    expected = set(range(results.counts["posts"]))
    for one in alone:
        expected &= set(_all(results, one))
    assert both == expected


def test_findings_and_the_organic_rest_are_all_posts(results: Indexed) -> None:
    everything = set(_all(results, Feed()))
    passed = set().union(*(_all(results, Feed(finding=i)) for i in results.passed_ids))
    organic = set(_all(results, Feed(organic=True)))
    assert passed | organic == everything and not passed & organic and passed and organic
    observed = set(_all(results, Feed(tier="observed")))
    assert observed == passed  # the two that passed are the two of this tier
    by_language = [set(_all(results, Feed(lang=lang))) for lang, _ in queries.languages(results)]
    assert set().union(*by_language) == everything and sum(map(len, by_language)) == len(everything)


def test_a_moment_belongs_to_one_side(results: Indexed) -> None:
    before, after = (set(_all(results, Feed(**{k: "2026-03-02T11:07:31"}))) for k in ("until", "since"))
    assert before | after == set(_all(results, Feed())) and not before & after


@LAW
@given(asked=FEEDS, after=st.none() | st.integers(0, 10**12))
def test_an_address_says_all_that_is_shown(asked: Feed, after: int | None) -> None:
    asked = asked.with_(after=after)
    assert urls.feed(dict(parse_qsl(asked.query().removeprefix("?")))) == asked


@LAW
@given(asked=FEEDS)
def test_masking_changes_no_post(results: Indexed, asked: Feed) -> None:
    numbers = _all(results, asked)[:20]
    shown, masked = (cards.cards(results, numbers, masked=m) for m in (False, True))
    assert [c["no"] for c in shown] == [c["no"] for c in masked] == numbers
    assert all(not c["account"]["named"] for c in masked)
    for a, b in zip(shown, masked, strict=True):
        assert a["account"]["label"] == b["account"]["label"] or a["account"]["named"]


HANDLES = st.from_regex(r"[A-Za-z][A-Za-z0-9_]{2,14}", fullmatch=True)
WORDS = st.text(alphabet="ab c.\n", max_size=12)


@LAW
@given(
    parts=st.lists(
        st.tuples(WORDS, HANDLES, st.sampled_from(["@{}", "https://x.com/{}/status/1", "t.me/{}", "u@{}.org"])),
        max_size=5,
    )
)
def test_names_in_words_are_hidden_and_marks_stay_on_their_words(parts: list[tuple[str, str, str]]) -> None:
    text, spans = "", []
    for before, handle, form in parts:
        text += before + " "
        start = len(text)
        text += form.format(handle + "QZ")
        spans.append({"start": start, "end": len(text)})
        text += " "
    hidden, moved = redact.names(text, spans)
    for span, (_, handle, form) in zip(moved, parts, strict=True):
        words = hidden[span["start"] : span["end"]]
        assert 0 <= span["start"] < span["end"] <= len(hidden)
        if form != "u@{}.org":  # an address for mail is no account of a platform
            assert words == form.format(redact.HIDDEN) and f"{handle}QZ" not in words


def test_words_without_names_stay_as_they_are() -> None:
    for text in (
        "no names here",
        "mail me@example.org",
        "https://x.com/hashtag/vote",
        "a @ b",
        "https://news.example/x",
    ):
        assert redact.names(text, [{"start": 0, "end": 3}]) == (text, [{"start": 0, "end": 3}])
    for text in (
        "hi @someone!",
        "@someone",
        "(@someone)",
        "https://mastodon.example/@someone/1",
        "bsky.app/profile/someone.bsky.social",
    ):
        assert "someone" not in redact.names(text, [])[0]
