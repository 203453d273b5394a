"""Groups that act by agreement. Members are picked from the population and keep a share of ordinary life as camouflage."""

from dataclasses import dataclass

import numpy as np

from houselights.worlds.ledger import POST, REPOST, Ledger
from houselights.worlds.media import Media
from houselights.worlds.organic import DAY_S
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
    rng: np.random.Generator,
    s: WorldSettings,
    campaign: Campaign,
    people: Population,
    media: Media,
    ledger: Ledger,
    popular: tuple[Ints, Ints, Floats],
) -> None:
    """Writes the campaign's posts: every object at one moment, all its shares within `window_s`."""
    tactic, n = campaign.spec.tactic, campaign.spec.n_objects
    reshared = {"burst_amplification": n, "slow_drip": n // 2}.get(tactic, 0)
    window_s = campaign.spec.window_s
    for i, who in enumerate(campaign.joins):
        offset_s = rng.random(len(who)) * window_s * 0.999
        if i < reshared:
            ref, start_s = _target(rng, s, campaign, popular, window_s)
            rows = ledger.add(who, start_s + offset_s, REPOST, ref=np.full(len(who), ref))
        else:
            rows = _post_own(rng, s, campaign, who, people, media, ledger, offset_s)
        campaign.rows.append(rows)


def _target(
    rng: np.random.Generator, s: WorldSettings, c: Campaign, popular: tuple[Ints, Ints, Floats], window_s: float
) -> tuple[int, float]:
    """A post with an audience, or one of a member, and the moment to push it: some minutes to two hours after it appeared."""
    rows, author, at_s = popular
    room = np.flatnonzero(at_s < s.n_days * DAY_S - window_s - 60)
    own = room[np.isin(author[room], c.members)]
    pool = own if len(own) and rng.random() < 0.33 else room[: max(20, len(room) // 20)]
    pick = int(rng.choice(pool))
    latest_s = s.n_days * DAY_S - window_s - at_s[pick]
    return int(rows[pick]), float(at_s[pick] + 1 + min(rng.exponential(2400) + 60, latest_s - 2))


def _post_own(
    rng: np.random.Generator,
    s: WorldSettings,
    c: Campaign,
    who: Ints,
    people: Population,
    media: Media,
    ledger: Ledger,
    offset_s: Floats,
) -> Ints:
    """Members post one text or link of their own; nobody else ever does."""
    lead = who[:1]
    item = media.items(rng, people.lang[lead], people.topic[lead], people.community[lead], s.objects_per_post)
    start_s = rng.random() * (s.n_days * DAY_S - c.spec.window_s)
    n = len(who)
    text = item.text * n if item.text[0] else media.own_words(rng, people.lang[who], people.topic[who])
    return ledger.add(who, start_s + offset_s, POST, text=text, link=item.link * n, tags=item.tags * n)
