"""Innocent groups that look like campaigns: fans, followers of a feed, petitions, watchers of the same events, people with the same hours."""

from collections.abc import Callable

import numpy as np

from houselights.worlds import automated
from houselights.worlds.ledger import POST, REPOST
from houselights.worlds.organic import DAY_S, Life
from houselights.worlds.population import Ints, Population, moments, when_awake
from houselights.worlds.settings import LOOKALIKE_SIZES, WorldSettings

_AUTOMATED = ("newsroom", "feed_readers", "scheduled", "syndicate")  # little life of their own


def choose(people: Population, s: WorldSettings, free: Ints) -> tuple[dict[str, Ints], Ints]:
    """Gives look-alike roles to the first accounts of `free`; returns the members per kind and who is left."""
    groups = {}
    for i, name in enumerate(s.lookalikes):
        members, free = np.sort(free[: LOOKALIKE_SIZES[name]]), free[LOOKALIKE_SIZES[name] :]
        for m in members.tolist():
            people.role[m], people.group[m], people.tactic[m] = "lookalike", f"lookalike-{i + 1}", name
        if name in _AUTOMATED:
            people.activity[members] = 2.0
        groups[name] = members
    return groups, free


def live(rng: np.random.Generator, life: Life, groups: dict[str, Ints], free: Ints) -> None:
    """Writes the posts of every chosen group. The source that fans follow is one of `free`, the ordinary accounts."""
    for name, members in groups.items():
        if name == "fans":
            fans(rng, life, members, int(rng.choice(free)))
        elif name == "busy_feed":
            busy_feed(rng, life, members, free)
        else:
            _GROUPS[name](rng, life, members)


def fans(rng: np.random.Generator, life: Life, members: Ints, source: int) -> None:
    """They repost nearly everything of one source within minutes; one in five is notified and needs only seconds."""
    p, n = life.people, max(4, round(4 * life.s.n_days))
    p.fame[source] = max(p.fame[source], 20.0)
    at_s = moments(rng, np.full(n, p.zone_h[source]), life.s.n_days)
    rows = life.say(rng, np.full(n, source), at_s)
    post = np.repeat(np.arange(n), len(members))
    who = np.tile(members, n)
    notified = np.tile(rng.random(len(members)) < 0.2, n)
    lag_s = np.where(
        notified, rng.lognormal(np.log(12), 0.6, len(who)), p.speed[who] * rng.lognormal(np.log(300), 1.0, len(who))
    )
    when = when_awake(rng, at_s[post] + 1 + lag_s, p.zone_h[who])
    keep = (rng.random(len(who)) < 0.8) & (when < life.end_s)
    life.ledger.add(who[keep], when[keep], REPOST, ref=rows[post[keep]])


def news_followers(rng: np.random.Generator, life: Life, members: Ints) -> None:
    """They link whatever breaks, within minutes of it, several times in the span of the world."""
    for _ in range(max(3, round(life.s.n_days / 2))):
        start_s = rng.random() * (life.end_s - 7200)
        who = rng.permutation(members[rng.random(len(members)) < 0.6])
        lag_s = rng.exponential(300, len(who)) * np.sqrt(life.people.speed[who])
        life.link_stories(rng, 3, who, start_s + lag_s)


def live_events(rng: np.random.Generator, life: Life, members: Ints) -> None:
    """They watch the same matches, and share clips of the same moments while it is on."""
    n_matches, n_clips = max(3, round(life.s.n_days / 2)), 7
    n, zero = n_matches * n_clips, np.zeros(n_matches * n_clips, np.int64)
    kick_off_s = moments(rng, np.zeros(n_matches, np.int64), life.s.n_days)
    moment_s = np.repeat(kick_off_s, n_clips) + rng.uniform(0, 6000, n)
    items = life.media.items(rng, zero, rng.integers(0, 6, n), rng.integers(0, life.s.n_communities, n), 1)
    clip, who = np.repeat(np.arange(n), len(members)), np.tile(members, n)
    at_s = moment_s[clip] + rng.exponential(25, len(who)) * np.sqrt(life.people.speed[who])
    keep = rng.random(len(who)) < 0.25
    life.share(rng, items, np.ones(n, np.int64), clip[keep], who[keep], at_s[keep])


def timetable(rng: np.random.Generator, life: Life, members: Ints) -> None:
    """They keep the same breaks every day, find the same new links there, and share some of them within minutes."""
    n_slots, n_links, n_days = int(rng.integers(3, 9)), 8, int(life.s.n_days)
    slot_s = np.sort(rng.uniform(6, 23, n_slots)) * 3600
    spread_s = rng.uniform(60, 300)
    start_s = (np.arange(n_days)[:, None] * DAY_S + slot_s).ravel()
    break_, who = np.nonzero(rng.random((len(start_s), len(members))) < 0.6)
    sat_down_s = start_s[break_] + rng.normal(0, spread_s, len(break_))
    seen, link = np.nonzero(rng.random((len(break_), n_links)) < 0.3)
    at_s = sat_down_s[seen] + link * rng.uniform(5, 15, len(seen))
    _share_links(rng, life, break_[seen] * n_links + link, members[who[seen]], at_s)


def quick_circle(rng: np.random.Generator, life: Life, members: Ints) -> None:
    """What they alone care about goes round among them in minutes: quicker than anything else they share."""
    n, n_sharers = max(5, round(20 * life.s.n_days)), 8
    delay_s = np.exp(rng.uniform(np.log(180), np.log(900)))
    start_s = moments(rng, np.zeros(n, np.int64), life.s.n_days)
    item = np.repeat(np.arange(n), n_sharers)
    who = np.concatenate([rng.permutation(members)[:n_sharers] for _ in range(n)])
    _share_links(rng, life, item, who, start_s[item] + delay_s * rng.lognormal(0, 1.0, len(item)))


def _share_links(
    rng: np.random.Generator, life: Life, item: Ints, who: Ints, at_s: np.ndarray, domain: str = ""
) -> None:
    """Links of their own, or of one site, each with its sharer's own words. item: numbers of links, in any order."""
    keep = (at_s >= 0) & (at_s < life.end_s)
    n, zero = int(item.max()) + 1, np.zeros(int(item.max()) + 1, np.int64)
    items = life.media.items(rng, zero, rng.integers(0, 6, n), rng.integers(0, life.s.n_communities, n), 2, domain)
    life.share(rng, items, np.ones(n, np.int64), item[keep], who[keep], at_s[keep])


def petition(rng: np.random.Generator, life: Life, members: Ints) -> None:
    """Signers post the proposed text and link over the hours of a drive; some come back for the second drive."""
    line = life.grammar.petition(rng, 0, int(rng.integers(0, 6)))
    link = f"https://{life.media.site[2]}-petitions.example/{int(rng.integers(1000, 9999))}"
    for share_0_1 in (0.9, 0.4):
        who = rng.permutation(members[rng.random(len(members)) < share_0_1])
        start_s = rng.random() * (life.end_s - DAY_S / 2)
        at_s = when_awake(rng, start_s + rng.exponential(9000, len(who)), life.people.zone_h[who])
        keep = at_s < life.end_s
        n = int(keep.sum())
        life.ledger.add(who[keep], at_s[keep], POST, text=[line] * n, link=[link] * n)


def streaming_party(rng: np.random.Generator, life: Life, members: Ints) -> None:
    """Fans who meet on announced evenings and, song by song, all post its link at the same moments."""
    n_parties, n_songs = max(3, round(life.s.n_days / 2)), 6
    start_s = np.floor(rng.permutation(int(life.s.n_days))[:n_parties, None] * DAY_S) + rng.uniform(17, 21) * 3600
    moment_s = (start_s + 900.0 * np.arange(n_songs)).ravel()  # a song every quarter of an hour
    song, who = np.nonzero(rng.random((len(moment_s), len(members))) < 0.5)
    _share_links(rng, life, song, members[who], moment_s[song] + rng.exponential(45, len(song)))


def busy_feed(rng: np.random.Generator, life: Life, members: Ints, others: Ints) -> None:
    """Followers of one site with an item nearly every hour, at a fixed minute or at any; others reach the same items hours later."""
    n_hours = int(24 * life.s.n_days)
    hour = np.flatnonzero((rng.random(n_hours) < 0.7) & (np.arange(n_hours) % 24 >= 6))
    minute = np.full(len(hour), rng.uniform(0, 3600)) if rng.random() < 0.5 else rng.uniform(0, 3600, len(hour))
    delay_s = rng.uniform(120, 300)
    item, who = np.nonzero(rng.random((len(hour), len(members))) < 0.15)
    at_s = (hour * 3600 + minute)[item] + delay_s * rng.lognormal(0, 0.7, len(item))
    later = np.repeat(np.arange(len(hour)), 2)
    later_s = (hour * 3600 + minute)[later] + rng.lognormal(np.log(4 * 3600), 0.8, len(later))
    item, at_s = np.concatenate([item, later]), np.concatenate([at_s, later_s])
    who = np.concatenate([members[who], rng.choice(others, len(later))])
    _share_links(rng, life, item, who, at_s, f"{life.media.site[4]}.example")


def live_talk(rng: np.random.Generator, life: Life, members: Ints) -> None:
    """They watch the same matches, and say the same of the same moments in words of their own within a minute or two."""
    n_matches, n_moments = max(3, round(life.s.n_days / 2)), 7
    kick_off_s = moments(rng, np.zeros(n_matches, np.int64), life.s.n_days)
    for moment_s in (np.repeat(kick_off_s, n_moments) + rng.uniform(0, 6000, n_matches * n_moments)).tolist():
        _talk(rng, life, members[rng.random(len(members)) < 0.35], moment_s, 25.0)


def common_talk(rng: np.random.Generator, life: Life, members: Ints) -> None:
    """A circle talks about the same news of the hour, several times a day, most of it within twenty minutes."""
    start_s = moments(rng, np.zeros(round(4 * life.s.n_days), np.int64), life.s.n_days)
    for moment_s in start_s.tolist():
        _talk(rng, life, members[rng.random(len(members)) < 0.35], moment_s, 500.0)


def _talk(rng: np.random.Generator, life: Life, who: Ints, moment_s: float, clock_s: float) -> None:
    """Each says one and the same in words of its own, soon after the moment."""
    at_s = moment_s + rng.exponential(clock_s, len(who)) * np.sqrt(life.people.speed[who])
    who, at_s = who[at_s < life.end_s], at_s[at_s < life.end_s]
    if len(who):
        lang = int(life.people.lang[who[0]])
        text = life.grammar.paraphrases(rng, lang, int(life.people.topic[who[0]]), len(who))
        life.ledger.add(who, at_s, POST, text=text)


_GROUPS: dict[str, Callable[[np.random.Generator, Life, Ints], None]] = {
    "breaking_news": news_followers,
    "newsroom": automated.newsroom,
    "feed_readers": automated.feed_readers,
    "petition": petition,
    "live_events": live_events,
    "timetable": timetable,
    "quick_circle": quick_circle,
    "scheduled": automated.scheduled,
    "syndicate": automated.syndicate,
    "streaming_party": streaming_party,
    "live_talk": live_talk,
    "common_talk": common_talk,
}
