"""Ordinary life: own posts, shared stories, reposts in bursts, answers, breaking news. Nobody acts by agreement."""

import numpy as np

from houselights.worlds.ledger import POST, QUOTE, REPLY, REPOST, Ledger
from houselights.worlds.media import Items, Media
from houselights.worlds.population import N_CIRCLES, Crowd, Floats, Ints, Population, moments, when_awake
from houselights.worlds.settings import WorldSettings
from houselights.worlds.text import Grammar

DAY_S = 86_400.0
# Shares of ordinary actions.
_OWN, _SHARED, _REPOST, _REPLY, _QUOTE, _SERIES = 0.27, 0.20, 0.32, 0.11, 0.05, 0.05


class Life:
    """Writes the ordinary life of a world into `ledger`."""

    def __init__(self, s: WorldSettings, people: Population, grammar: Grammar, media: Media, ledger: Ledger) -> None:
        self.s, self.people, self.grammar, self.media, self.ledger = s, people, grammar, media, ledger
        self.crowd = Crowd(people)
        self.end_s = s.n_days * DAY_S

    def run(self, rng: np.random.Generator) -> tuple[Ints, Ints, Floats]:
        """Returns the rows, authors and moments of own posts, those with the largest audience first."""
        total = self.people.activity.sum()
        posts = self.own_posts(rng, int(_OWN * total))
        self.shared_items(rng, int(_SHARED * total))
        ranked = self.reposts(rng, posts, int(_REPOST * total))
        self.answers(rng, posts, int(_REPLY * total), REPLY)
        self.answers(rng, posts, int(_QUOTE * total), QUOTE)
        if "breaking_news" in self.s.confounders:
            self.breaking_news(rng)
        if "series" in self.s.confounders:
            self.series(rng, int(_SERIES * total))
        return ranked

    def own_posts(self, rng: np.random.Generator, n: int) -> tuple[Ints, Ints, Floats]:
        p = self.people
        author = rng.choice(len(p), n, p=p.activity / p.activity.sum())
        at_s = moments(rng, p.zone_h[author], self.s.n_days)
        return self.say(rng, author, at_s), author, at_s

    def say(
        self, rng: np.random.Generator, author: Ints, at_s: Floats, tags: list[tuple[str, ...]] | None = None
    ) -> Ints:
        """Posts in the authors' own words, with usual or given hashtags; one in six has a link that nobody else has."""
        p = self.people
        linked = (rng.random(len(author)) < 0.16).tolist()
        link = [
            u if x else "" for u, x in zip(self.media.links(rng, len(author), p.community[author]), linked, strict=True)
        ]
        text = self.grammar.posts(rng, p.lang[author], p.topic[author])
        tags = tags or self.media.tags(rng, p.community[author], 0.25)
        return self.ledger.add(author, at_s, POST, text=text, link=link, tags=tags)

    def shared_items(self, rng: np.random.Generator, n: int) -> None:
        """Stories (with share-button headline or own words) and copied lines, most of them shared by a handful."""
        p = self.people
        size = sizes(rng, n, 2.25, 300)
        origin = rng.choice(len(p), len(size), p=p.activity / p.activity.sum())
        start_s = moments(rng, p.zone_h[origin], self.s.n_days)
        live = (rng.random(len(size)) < 0.55) & (
            "bursts" in self.s.confounders
        )  # seen by many at once: live events, alerts, the front page
        clock_s = np.where(
            live, rng.lognormal(np.log(110), 0.8, len(size)), rng.lognormal(np.log(5400), 1.2, len(size))
        )
        items = self.media.items(rng, p.lang[origin], p.topic[origin], p.community[origin], self.s.objects_per_post)
        style = rng.choice(3, len(size), p=[0.6, 0.2, 0.2])  # as offered, link with own words, text without its link
        item, account = self.sharers(rng, size, p.circle[origin])
        at_s = self.reactions(rng, item, account, start_s, clock_s, follow_0_1=0.3)
        self.share(rng, items, style, item, account, at_s)

    def share(self, rng: np.random.Generator, items: Items, style: Ints, item: Ints, who: Ints, at_s: Floats) -> Ints:
        keep = at_s < self.end_s
        item, who, at_s = item[keep], who[keep], at_s[keep]
        own = self.grammar.posts(rng, self.people.lang[who], self.people.topic[who])
        rows = list(zip(item.tolist(), style[item].tolist(), own, strict=True))
        text = [items.text[i] if items.text[i] and k != 1 else o for i, k, o in rows]
        link = ["" if k == 2 and items.text[i] else items.link[i] for i, k, _ in rows]
        return self.ledger.add(who, at_s, POST, text=text, link=link, tags=[items.tags[i] for i in item.tolist()])

    def reposts(self, rng: np.random.Generator, posts: tuple[Ints, Ints, Floats], n: int) -> tuple[Ints, Ints, Floats]:
        """Cascades of heavy-tailed size among people of like taste; hubs that re-share set off secondary bursts."""
        rows, author, at_s = posts
        p = self.people
        size = np.sort(sizes(rng, n, 2.15, max(20, len(p) // 6)))[::-1]
        best = np.argsort(-(np.log(p.fame[author]) + 1.5 * rng.gumbel(size=len(rows))))[: len(size)]
        size = size[: len(best)]
        clock_s = rng.lognormal(np.log(3600), 1.3, len(size))
        cascade, account = self.sharers(rng, size, p.circle[author[best]])
        other = account != author[best][cascade]
        cascade, account = cascade[other], account[other]
        when = self.reactions(rng, cascade, account, at_s[best], clock_s, follow_0_1=0.3)
        keep = when < self.end_s
        self.ledger.add(account[keep], when[keep], REPOST, ref=rows[best][cascade[keep]])
        return rows[best], author[best], at_s[best]

    def sharers(self, rng: np.random.Generator, size: Ints, circle: Ints) -> tuple[Ints, Ints]:
        """Index of the cascade and account of each share, sorted by cascade, each account once per cascade."""
        cascade = np.repeat(np.arange(len(size)), size)
        near = np.where(size > 30, 0.3, 0.6)[cascade]
        account = self.crowd.draw(rng, circle[cascade], near)
        key = np.unique(cascade * len(self.people) + account)
        return key // len(self.people), key % len(self.people)

    def reactions(
        self,
        rng: np.random.Generator,
        cascade: Ints,
        account: Ints,
        start_s: Floats,
        clock_s: Floats,
        follow_0_1: float,
    ) -> Floats:
        """Moments of the shares: clock of the cascade x speed of the person, or soon after somebody followed."""
        p, n = self.people, len(account)
        delay_s = clock_s[cascade] * p.speed[account] * rng.lognormal(0, 1.1, n)
        pinged = p.notified[account] & (rng.random(n) < 0.6)
        delay_s = np.where(pinged, rng.lognormal(np.log(15), 0.6, n), delay_s)
        at_s = when_awake(rng, start_s[cascade] + 1 + delay_s, p.zone_h[account])
        if n == 0:
            return at_s
        first = np.flatnonzero(np.r_[True, cascade[1:] != cascade[:-1]])
        count = np.diff(np.r_[first, n])
        number = np.repeat(np.arange(len(first)), count)
        hub = np.lexsort((p.fame[account], cascade))[first + count - 1][number]
        later = (rng.random(n) < follow_0_1) & ~pinged & ("secondary_bursts" in self.s.confounders)
        later[hub] = False
        any_sharer = first[number] + np.floor(rng.random(n) * count[number]).astype(np.int64)
        seen = np.where(later[any_sharer] | (rng.random(n) < 0.6), hub, any_sharer)
        lag_s = 180 * np.sqrt(p.speed[account]) * rng.lognormal(0, 1.2, n)
        return np.where(later, when_awake(rng, at_s[seen] + 1 + lag_s, p.zone_h[account]), at_s)

    def answers(self, rng: np.random.Generator, posts: tuple[Ints, Ints, Floats], n: int, kind: int) -> None:
        rows, author, at_s = posts
        if not len(rows):
            return
        p = self.people
        weight = np.sqrt(p.fame[author]) * rng.lognormal(0, 1.0, len(rows))
        target = rng.choice(len(rows), n, p=weight / weight.sum())
        account = self.crowd.draw(rng, p.circle[author[target]], 0.6)
        when = at_s[target] + 5 + 2500 * p.speed[account] * rng.lognormal(0, 1.5, n)
        when = when_awake(rng, when, p.zone_h[account])
        keep = (account != author[target]) & (when < self.end_s)
        account, when, target = account[keep], when[keep], target[keep]
        text = self.grammar.posts(rng, p.lang[account], p.topic[account])
        tags = self.media.tags(rng, p.community[account], 0.05)
        self.ledger.add(account, when, kind, ref=rows[target], text=text, tags=tags)

    def breaking_news(self, rng: np.random.Generator) -> None:
        """Every two and a half days many accounts link the same few stories in the same minutes."""
        p = self.people
        for _ in range(max(1, round(self.s.n_days / 2.5))):
            start_s, crowd = rng.random() * (self.end_s - 7200), max(5, len(p) // 60)
            circle = rng.integers(0, self.s.n_communities * N_CIRCLES, crowd)
            account = np.unique(self.crowd.draw(rng, circle, 0.0, 0.3))
            at_s = start_s + rng.exponential(400, len(account)) * np.sqrt(p.speed[account])
            self.link_stories(rng, 4, account, at_s)

    def series(self, rng: np.random.Generator, n: int) -> None:
        """Threads and digests: who comes by shares most of the parts in one sitting, seconds apart."""
        p, n_series = self.people, max(2, n // 35)
        n_parts, n_sharers = rng.integers(3, 13, n_series), rng.integers(2, 9, n_series)
        author = rng.choice(len(p), n_series, p=p.activity / p.activity.sum())
        start_s = moments(rng, p.zone_h[author], self.s.n_days)
        series, who = self.sharers(rng, n_sharers, p.circle[author])
        delay_s = rng.lognormal(np.log(2400), 1.0, len(who)) * p.speed[who]
        sat_down_s = when_awake(rng, start_s[series] + 25.0 * n_parts[series] + 30 + delay_s, p.zone_h[who])
        pace_s = rng.lognormal(np.log(8), 0.7, len(who))
        part, each = _numbered(n_parts[series])
        item = (np.cumsum(n_parts) - n_parts)[series[each]] + part
        at_s = sat_down_s[each] + pace_s[each] * part * rng.uniform(0.7, 1.3, len(part))
        keep = (rng.random(len(part)) < 0.9) & (at_s < self.end_s)
        item, account, at_s = item[keep], who[each][keep], at_s[keep]
        is_thread = np.repeat(rng.random(n_series) < 0.5, n_parts)
        part, of = _numbered(n_parts)
        posts = self.say(rng, author[of], np.minimum(start_s[of] + 25.0 * part, self.end_s - 1))
        mine = is_thread[item] & (account != author[of][item])
        self.ledger.add(account[mine], at_s[mine], REPOST, ref=posts[item[mine]])
        items = self.media.items(rng, p.lang[author[of]], p.topic[author[of]], p.community[author[of]], 1)
        mine = ~is_thread[item]
        self.share(rng, items, np.ones(len(of), np.int64), item[mine], account[mine], at_s[mine])

    def link_stories(self, rng: np.random.Generator, n_stories: int, account: Ints, at_s: Floats) -> Ints:
        """Each account links one of a few stories with its headline."""
        community = rng.integers(0, self.s.n_communities, n_stories)
        lang = np.zeros(n_stories, np.int64)
        items = self.media.items(rng, lang, rng.integers(0, 6, n_stories), community, self.s.objects_per_post)
        item = np.minimum(rng.geometric(0.5, len(account)) - 1, n_stories - 1)
        return self.share(rng, items, np.zeros(n_stories, np.int64), item, account, at_s)


def _numbered(counts: Ints) -> tuple[Ints, Ints]:
    """(0 .. counts[0] - 1, 0 .. counts[1] - 1 and so on; which count each belongs to)."""
    which = np.repeat(np.arange(len(counts)), counts)
    return np.arange(len(which)) - np.repeat(np.cumsum(counts) - counts, counts), which


def sizes(rng: np.random.Generator, total: int, exponent: float, largest: int) -> Ints:
    """Discrete power-law sizes from 1 to `largest` that add up to about `total`."""
    k = np.arange(1, largest + 1)
    p = k**-exponent
    p /= p.sum()
    n = max(1, round(total / float((k * p).sum())))
    return rng.choice(k, n, p=p).astype(np.int64)
