"""Innocent groups whose posts are made by machines: newsrooms, feed readers, schedulers, papers that print the same agency."""

import numpy as np

from houselights.worlds.ledger import POST
from houselights.worlds.organic import Life
from houselights.worlds.population import Ints, Population, moments

_DESKS = (
    "news",
    "sport",
    "culture",
    "local",
    "live",
    "economy",
    "health",
    "politics",
    "weather",
    "world",
    "science",
    "art",
)


def name_newsroom(people: Population, members: Ints, site: str) -> None:
    """Accounts of one outlet carry its name and a desk."""
    for k, m in enumerate(members.tolist()):
        people.handle[m] = f"{site}_{_DESKS[k % len(_DESKS)]}"
        people.name[m] = f"{site.capitalize()} {_DESKS[k % len(_DESKS)].capitalize()}"


def newsroom(rng: np.random.Generator, life: Life, members: Ints) -> None:
    """Accounts of one outlet post its headlines and links within seconds, from one scheduling tool."""
    n, site = max(4, round(4 * life.s.n_days)), life.media.site[0]
    name_newsroom(life.people, members, site)
    start_s = moments(rng, np.zeros(n, np.int64), life.s.n_days)
    story = np.repeat(np.arange(n), len(members))
    who = np.tile(members, n)
    at_s = start_s[story] + rng.random(len(who)) * 8
    keep = (rng.random(len(who)) < 0.85) & (at_s < life.end_s)
    _post_items(rng, life, n, story[keep], who[keep], at_s[keep], f"{site}.example", "Scheduler")


def feed_readers(rng: np.random.Generator, life: Life, members: Ints) -> None:
    """Self-declared automatic accounts: all poll the same feeds every 5, 10 or 15 minutes and post what is new."""
    n = max(5, round(6 * life.s.n_days))
    published_s = moments(rng, np.zeros(n, np.int64), life.s.n_days)
    poll_s = rng.choice([300.0, 600.0, 900.0], len(members))
    story = np.repeat(np.arange(n), len(members))
    who = np.tile(members, n)
    every_s = np.tile(poll_s, n)
    at_s = np.ceil(published_s[story] / every_s) * every_s + rng.random(len(who)) * 3
    keep = (rng.random(len(who)) < 0.9) & (at_s < life.end_s)
    for k, m in enumerate(members.tolist()):
        life.people.name[m] = f"{life.media.site[1].capitalize()} feed {k + 1} (automated)"
    _post_items(rng, life, n, story[keep], who[keep], at_s[keep], f"{life.media.site[1]}.example", "Feed Relay")


def scheduled(rng: np.random.Generator, life: Life, members: Ints) -> None:
    """Curators with a posting tool: they queue the day's best read stories, and the queue empties at every quarter of an hour."""
    n = max(6, round(8 * life.s.n_days))
    found_s = moments(rng, np.zeros(n, np.int64), life.s.n_days)
    story, who = np.nonzero(rng.random((n, len(members))) < 0.35)
    waits = rng.geometric(0.3, len(story))  # in its own queue
    at_s = np.ceil(found_s[story] / 900) * 900 + 900 * waits + rng.random(len(story)) * 2
    keep = at_s < life.end_s
    _post_items(rng, life, n, story[keep], members[who[keep]], at_s[keep], "", "Queue")


def syndicate(rng: np.random.Generator, life: Life, members: Ints) -> None:
    """Local papers that print the same agency: its headline over a link to their own site, minutes after it comes in."""
    n = max(5, round(6 * life.s.n_days))
    released_s = moments(rng, np.zeros(n, np.int64), life.s.n_days)
    story, paper = np.nonzero(rng.random((n, len(members))) < 0.6)
    at_s = released_s[story] + 20 + rng.exponential(60, len(story))
    keep = at_s < life.end_s
    story, paper, at_s = story[keep], paper[keep], at_s[keep]
    headline = life.grammar.headlines(rng, np.zeros(n, np.int64), rng.integers(0, 6, n))
    town = [life.people.handle[m].split("_")[0] for m in members.tolist()]
    link = [
        f"https://{town[k]}-gazette.example/{np.base_repr(i + 36**4 * (k + 1), 36).lower()}"
        for i, k in zip(story.tolist(), paper.tolist(), strict=True)
    ]
    for k, m in enumerate(members.tolist()):
        life.people.name[m] = f"{town[k].capitalize()} Gazette"
    life.ledger.add(
        members[paper], at_s, POST, text=[headline[i] for i in story.tolist()], link=link, client="Press Desk"
    )


def _post_items(
    rng: np.random.Generator, life: Life, n: int, story: Ints, who: Ints, at_s: np.ndarray, domain: str, client: str
) -> None:
    community = rng.integers(0, life.s.n_communities, n)
    zero = np.zeros(n, np.int64)
    items = life.media.items(rng, zero, rng.integers(0, 6, n), community, 2, domain)
    pick = story.tolist()
    text, link = [items.text[i] for i in pick], [items.link[i] for i in pick]
    life.ledger.add(who, at_s, POST, text=text, link=link, client=client)
