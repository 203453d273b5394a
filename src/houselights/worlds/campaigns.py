"""Groups that act by agreement. Members are ordinary accounts and keep a share of ordinary life as camouflage."""

from dataclasses import dataclass

import numpy as np

from houselights.core.errors import HouselightsError
from houselights.worlds.ledger import POST, REPLY, REPOST
from houselights.worlds.organic import Life
from houselights.worlds.population import Floats, Ints, Population
from houselights.worlds.settings import CampaignSpec, WorldSettings

_ON_A_POST = {"burst_amplification": REPOST, "rotation": REPOST, "reply_brigade": REPLY}


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
        joins = _turns(rng, spec, members) if spec.tactic == "rotation" else _who_joins(rng, spec, members)
        acts = np.bincount(np.concatenate(joins), minlength=len(people)) if joins else np.zeros(len(people))
        people.activity[members] = acts[members] * s.camouflage_0_1 / (1 - s.camouflage_0_1)
        group_id = f"campaign-{i + 1}"
        for m in members.tolist():
            people.role[m], people.group[m], people.tactic[m] = "campaign", group_id, spec.tactic
        campaigns.append(Campaign(group_id, spec, members, joins, []))
    return campaigns, free


def _who_joins(rng: np.random.Generator, spec: CampaignSpec, members: Ints) -> list[Ints]:
    """For each object the members who act on it, in random order, at least two."""
    joins = []
    for _ in range(spec.n_objects):
        n = _size(rng, spec) if spec.accounts_per_object else int(rng.binomial(len(members), spec.participation_0_1))
        joins.append(rng.permutation(members)[: max(2, n)])
    return joins


def _turns(rng: np.random.Generator, spec: CampaignSpec, members: Ints) -> list[Ints]:
    """Those who have acted least are next, so that nobody stands out."""
    acts, joins = np.zeros(len(members), np.int64), []
    for _ in range(spec.n_objects):
        chosen = np.lexsort((rng.random(len(members)), acts))[: _size(rng, spec)]
        acts[chosen] += 1
        joins.append(members[chosen])
    return joins


def _size(rng: np.random.Generator, spec: CampaignSpec) -> int:
    low, high = spec.accounts_per_object or (spec.n_accounts, spec.n_accounts)
    return int(rng.integers(low, high + 1))


def act(
    rng: np.random.Generator, life: Life, campaign: Campaign, popular: tuple[Ints, Ints, Floats], taken: set[int]
) -> None:
    """Writes the campaign's posts: every object at one moment, all its shares within `window_s`.

    `popular`: rows, authors and moments of posts, largest audience first; `taken`: rows already used by campaigns.
    """
    spec = campaign.spec
    tag = life.media.new_tag(rng)
    for i, who in enumerate(campaign.joins):
        if spec.tactic in _ON_A_POST or (spec.tactic == "slow_drip" and i < spec.n_objects // 2):
            rows = _on_a_post(rng, life, campaign, who, popular, taken)
        elif spec.tactic == "hashtag_flood":
            rows = life.say(rng, who, _together(rng, life, spec, len(who)), [(tag,)] * len(who))
        elif spec.tactic == "hashtag_hijack":
            tags = life.media.usual_tags(rng, int(rng.integers(life.s.n_communities)))
            rows = life.say(rng, who, _together(rng, life, spec, len(who)), [tags] * len(who))
        else:
            rows = _own_content(rng, life, spec, who)
        campaign.rows.append(rows)


def _together(rng: np.random.Generator, life: Life, spec: CampaignSpec, n: int) -> Floats:
    return rng.random() * (life.end_s - spec.window_s) + rng.random(n) * spec.window_s * 0.999


def _on_a_post(
    rng: np.random.Generator,
    life: Life,
    campaign: Campaign,
    who: Ints,
    popular: tuple[Ints, Ints, Floats],
    taken: set[int],
) -> Ints:
    """Re-shares one post, or answers it in own words."""
    people, kind = life.people, _ON_A_POST.get(campaign.spec.tactic, REPOST)
    ref, author, start_s = _target(rng, life, campaign, popular, taken)
    who = who[who != author]
    at_s = start_s + rng.random(len(who)) * campaign.spec.window_s * 0.999
    text = life.grammar.posts(rng, people.lang[who], people.topic[who]) if kind == REPLY else None
    return life.ledger.add(who, at_s, kind, ref=np.full(len(who), ref), text=text)


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


def _own_content(rng: np.random.Generator, life: Life, spec: CampaignSpec, who: Ints) -> Ints:
    """Members post one text or link of their own, which nobody else ever does, or one message in ever other words."""
    people, lead, n = life.people, who[:1], len(who)
    lang, topic, at_s = people.lang[lead], people.topic[lead], _together(rng, life, spec, n)
    if spec.tactic == "paraphrase_swarm":
        return life.ledger.add(who, at_s, POST, text=life.grammar.paraphrases(rng, int(lang[0]), int(topic[0]), n))
    if spec.tactic == "translated_swarm":
        return life.ledger.add(who, at_s, POST, text=life.grammar.paraphrases(rng, people.lang[who], int(topic[0]), n))
    item = life.media.items(rng, lang, topic, people.community[lead], life.s.objects_per_post)
    text = item.text * n if item.text[0] else life.grammar.posts(rng, people.lang[who], people.topic[who])
    return life.ledger.add(who, at_s, POST, text=text, link=item.link * n, tags=item.tags * n)
