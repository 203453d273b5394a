"""The accounts of a world: activity, fame, community, taste, clock and reaction speed."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from houselights.worlds.settings import WorldSettings
from houselights.worlds.text import LANGS, N_TOPICS, made_up_words

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

N_CIRCLES = 5  # circles of taste inside a community
# Relative activity per local hour, 0 to 23: asleep at night, busiest in the evening.
_HOURS = np.array([2, 1, 0.6, 0.5, 0.5, 1, 3, 6, 8, 8, 8, 8, 9, 9, 8, 8, 8, 9, 10, 11, 12, 11, 8, 4], dtype=float)
_HOURS_CDF = np.concatenate([[0.0], np.cumsum(_HOURS) / _HOURS.sum()])
ZONES_H = np.array([-5, -3, 0, 1, 2, 8])


@dataclass
class Population:
    """Arrays of length n, one entry per account. `activity` is the expected number of ordinary actions."""

    activity: Floats
    fame: Floats  # relative audience
    community: Ints
    circle: Ints  # community * N_CIRCLES + circle of taste
    lang: Ints  # index into text.LANGS
    topic: Ints
    zone_h: Ints  # hours east of UTC
    speed: Floats  # multiplies every reaction delay
    notified: npt.NDArray[np.bool_]  # follows some sources by push notification: reacts in seconds
    handle: list[str]
    name: list[str]
    created_days: Floats  # age of the account in days when the world begins
    followers: Ints
    client: Ints
    role: list[str]
    group: list[str | None]
    tactic: list[str | None]

    def __len__(self) -> int:
        return len(self.activity)


def populate(rng: np.random.Generator, s: WorldSettings) -> Population:
    """Draws `s.n_accounts` ordinary accounts; roles are given out afterwards."""
    n = s.n_accounts
    size = 1.0 / np.arange(1, s.n_communities + 1) ** 0.7
    community = rng.choice(s.n_communities, n, p=size / size.sum())
    circle = community * N_CIRCLES + rng.integers(0, N_CIRCLES, n)
    home_lang = np.arange(s.n_communities) % 4 % len(LANGS)  # half of the communities speak the first language
    home_zone = rng.integers(0, len(ZONES_H), s.n_communities)
    zone = np.where(rng.random(n) < 0.6, home_zone[community], rng.integers(0, len(ZONES_H), n))
    if "time_zones" not in s.confounders:
        zone = np.full(n, int(np.flatnonzero(ZONES_H == 0)[0]))
    if "taste" not in s.confounders:
        circle = community * N_CIRCLES
    activity = np.minimum(rng.lognormal(0, 1.1, n), 25.0)
    if "heavy_tails" not in s.confounders:
        activity = np.ones(n)
    fame = rng.pareto(1.1, n) + 0.05
    words = made_up_words(rng, 900, 2)
    first, last = rng.integers(0, 450, n).tolist(), rng.integers(450, 900, n).tolist()
    number = rng.permutation(np.arange(n) + 10).tolist()
    return Population(
        activity=activity * s.mean_posts_per_account / activity.mean(),
        fame=fame,
        community=community,
        circle=circle,
        lang=home_lang[community],
        topic=community % N_TOPICS,
        zone_h=ZONES_H[zone],
        speed=rng.lognormal(0, s.reaction_speed_sd, n),
        notified=(rng.random(n) < 0.05) & ("notifications" in s.confounders),
        handle=[f"{words[a]}_{words[b]}{k}" for a, b, k in zip(first, last, number, strict=True)],
        name=[f"{words[a].capitalize()} {words[b].capitalize()}" for a, b in zip(first, last, strict=True)],
        created_days=rng.uniform(20, 4000, n),
        followers=np.floor(fame * rng.lognormal(4.5, 0.6, n)).astype(np.int64),
        client=rng.choice(3, n, p=[0.3, 0.4, 0.3]),
        role=["organic"] * n,
        group=[None] * n,
        tactic=[None] * n,
    )


def moments(rng: np.random.Generator, zone_h: Ints, n_days: float) -> Floats:
    """When people of these time zones act of their own accord, in seconds since the start; shape of `zone_h`."""
    u = rng.random(len(zone_h))
    local_h = np.interp(u, _HOURS_CDF, np.arange(25.0))
    day = rng.random(len(zone_h)) * n_days
    at_s: Floats = (np.floor(day) * 86_400 + ((local_h - zone_h) % 24) * 3600) % (n_days * 86_400)
    return at_s


def when_awake(rng: np.random.Generator, at_s: Floats, zone_h: Ints, night_owl_0_1: float = 0.15) -> Floats:
    """Moves reactions that would fall into the night (0 to 7 h local) to the morning, but for a share of night owls."""
    local_h = (at_s / 3600 + zone_h) % 24
    asleep = (local_h < 7) & (rng.random(len(at_s)) >= night_owl_0_1)
    shifted: Floats = np.where(asleep, at_s + (7 - local_h) * 3600 + rng.exponential(4500, len(at_s)), at_s)
    return shifted


class Crowd:
    """Draws accounts in proportion to their activity from a circle, a community or everybody."""

    def __init__(self, people: Population) -> None:
        self._order = np.argsort(people.circle, kind="stable")
        self._upto = np.concatenate([[0.0], np.cumsum(people.activity[self._order])])
        ends = np.searchsorted(people.circle[self._order], np.arange(people.circle.max() + 2 + N_CIRCLES))
        self._edge = self._upto[ends]

    def draw(self, rng: np.random.Generator, circle: Ints, p_circle: Floats | float, p_community: float = 0.25) -> Ints:
        """One account per entry of `circle`: from that circle, else its community, else anybody."""
        u = rng.random(len(circle))
        first = circle - circle % N_CIRCLES
        near, wide = u < p_circle, u < p_circle + p_community
        low = np.where(near, self._edge[circle], np.where(wide, self._edge[first], 0.0))
        high = np.where(near, self._edge[circle + 1], np.where(wide, self._edge[first + N_CIRCLES], self._upto[-1]))
        empty = high <= low
        low, high = np.where(empty, 0.0, low), np.where(empty, self._upto[-1], high)
        at = low + rng.random(len(circle)) * (high - low)
        pos = np.clip(np.searchsorted(self._upto, at, side="right") - 1, 0, len(self._order) - 1)
        return np.asarray(self._order[pos], np.int64)
