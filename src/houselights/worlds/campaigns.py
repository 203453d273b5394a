"""Groups that act by agreement. Members are ordinary accounts and keep a share of ordinary life as camouflage."""

from dataclasses import dataclass

import numpy as np

from houselights.core.errors import HouselightsError
from houselights.worlds.ledger import POST, REPOST
from houselights.worlds.organic import Life
from houselights.worlds.population import Floats, Ints, Population
from houselights.worlds.settings import CampaignSpec, WorldSettings


@dataclass
class Campaign:
    """A planted group. `joins[i]` are the members who act on object i; `rows[i]` their posts once they are written."""

    group_id: str
    spec: CampaignSpec
    members: Ints
    joins: list[Ints]
    rows: list[Ints]


def plan(rng: np.random.Generator, s: WorldSettings, people: Population, free: Ints) -> tuple[list[Campaign], Ints]:
    """Picks members out of `free` and who joins which object; sets the ordinary activity that camouflages them."""
    campaigns = []
    for i, spec in enumerate(s.campaigns):
        members, free = np.sort(free[: spec.n_accounts]), free[spec.n_accounts :]
        joins = [_who_joins(rng, spec, members) for _ in range(spec.n_objects)]
        acts = np.bincount(np.concatenate(joins), minlength=len(people)) if joins else np.zeros(len(people))
        people.activity[members] = acts[members] * s.camouflage_0_1 / (1 - s.camouflage_0_1)
        group_id = f"campaign-{i + 1}"
        for m in members.tolist():
            people.role[m], people.group[m], people.tactic[m] = "campaign", group_id, spec.tactic
        campaigns.append(Campaign(group_id, spec, members, joins, []))
    return campaigns, free


def _who_joins(rng: np.random.Generator, spec: CampaignSpec, members: Ints) -> Ints:
    if spec.accounts_per_object is not None:
        low, high = spec.accounts_per_object
        n = min(len(members), int(rng.integers(low, high + 1)))
        return rng.permutation(members)[:n]
    joined = members[rng.random(len(members)) < spec.participation_0_1]
    return rng.permutation(joined if len(joined) >= 2 else members[:2])


def act(
    rng: np.random.Generator, life: Life, campaign: Campaign, popular: tuple[Ints, Ints, Floats], taken: set[int]
) -> None:
    """Writes the campaign's posts: every object at one moment, all its shares within `window_s`.

    `popular`: rows, authors and moments of posts, largest audience first; `taken`: rows already re-shared by campaigns.
    """
    spec = campaign.spec
    reshared = {"burst_amplification": spec.n_objects, "slow_drip": spec.n_objects // 2}.get(spec.tactic, 0)
    for i, who in enumerate(campaign.joins):
        if i < reshared:
            ref, author, start_s = _target(rng, life, campaign, popular, taken)
            who = who[who != author]
            at_s = start_s + rng.random(len(who)) * spec.window_s * 0.999
            rows = life.ledger.add(who, at_s, REPOST, ref=np.full(len(who), ref))
        else:
            rows = _post_own(rng, life, who, spec.window_s)
        campaign.rows.append(rows)


def _target(
    rng: np.random.Generator, life: Life, c: Campaign, popular: tuple[Ints, Ints, Floats], taken: set[int]
) -> tuple[int, int, float]:
    """A post with an audience or a member's own, its author, and when to push it: minutes to hours later."""
    rows, author, at_s = popular
    last_s = life.end_s - c.spec.window_s
    room = np.flatnonzero((at_s < last_s - 60) & ~np.isin(rows, list(taken)))
    own = room[np.isin(author[room], c.members)]
    pool = own if len(own) and rng.random() < 0.33 else room[: max(20, len(room) // 20)]
    if not len(pool):
        raise HouselightsError(
            "World settings: too few ordinary posts for campaigns to re-share: add accounts or days."
        )
    pick = int(rng.choice(pool))
    taken.add(int(rows[pick]))
    lag_s = min(60 + rng.exponential(2400), last_s - at_s[pick] - 1)
    return int(rows[pick]), int(author[pick]), float(at_s[pick] + 1 + lag_s)


def _post_own(rng: np.random.Generator, life: Life, who: Ints, window_s: float) -> Ints:
    """Members post one text or link of their own; nobody else ever does."""
    people, lead = life.people, who[:1]
    item = life.media.items(rng, people.lang[lead], people.topic[lead], people.community[lead], life.s.objects_per_post)
    at_s = rng.random() * (life.end_s - window_s) + rng.random(len(who)) * window_s * 0.999
    n = len(who)
    text = item.text * n if item.text[0] else life.grammar.posts(rng, people.lang[who], people.topic[who])
    return life.ledger.add(who, at_s, POST, text=text, link=item.link * n, tags=item.tags * n)
