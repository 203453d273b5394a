"""What a simulated world is made of. Frozen: a world is a function of these settings and a seed, of nothing else."""

from dataclasses import dataclass

from houselights.core.errors import HouselightsError

TACTICS = (
    "burst_amplification",  # re-share the same posts
    "own_content_ring",  # post the same text or link, which nobody else has
    "shared_pool",  # the same, two or three at a time out of many, partners changing
    "slow_drip",  # half re-shares, half own content, minutes apart
    "rotation",  # re-share in turns, so that nobody acts often
    "paraphrase_swarm",  # one message in ever other words
    "translated_swarm",  # one message in ever other words, each member in its own language
    "hashtag_flood",  # one made-up hashtag, unlike texts
    "reply_brigade",  # answer the same posts in own words
    "hashtag_hijack",  # hashtags that a community uses anyway, under unlike texts
)
LOOKALIKES = (
    "fans",
    "breaking_news",
    "newsroom",
    "feed_readers",
    "petition",
    "live_events",
    "timetable",
    "quick_circle",
    "scheduled",
    "syndicate",
    "streaming_party",
    "busy_feed",
)
TALK = (
    "live_talk",  # watchers of the same matches, who say the same of the same moments
    "common_talk",  # a circle that talks about the same news of the hour
)
"""Look-alikes in words of their own: no common link, post or text."""
LOOKALIKE_SIZES = {
    "live_talk": 25,
    "common_talk": 40,
    "fans": 60,
    "breaking_news": 80,
    "newsroom": 12,
    "feed_readers": 10,
    "petition": 80,
    "live_events": 25,
    "timetable": 60,
    "quick_circle": 60,
    "scheduled": 15,
    "syndicate": 15,
    "streaming_party": 50,
    "busy_feed": 50,
}
CONFOUNDERS = (
    "heavy_tails",  # some act a hundred times as often as others
    "time_zones",
    "taste",  # circles inside a community share the same things
    "bursts",  # half of what goes round goes round in minutes
    "notifications",  # one in twenty reacts to some sources in seconds
    "secondary_bursts",  # a hub that re-shares sets off its own wave
    "breaking_news",
    "series",  # threads and digests, shared part by part in one sitting
)
PRECISION_S = {"ms": 0.001, "s": 1.0, "min": 60.0}


@dataclass(frozen=True)
class CampaignSpec:
    """One group that acts together. `window_s` is the span from its first to its last post on an object."""

    tactic: str
    n_accounts: int
    n_objects: int
    window_s: float
    accounts_per_object: tuple[int, int] | None = None  # inclusive range; None: nearly every member joins every object
    participation_0_1: float = 0.9  # chance that a member joins an object, where accounts_per_object is None


BURST = CampaignSpec("burst_amplification", 20, 15, 60.0)
RING = CampaignSpec("own_content_ring", 20, 15, 60.0)
POOL = CampaignSpec("shared_pool", 120, 600, 60.0, accounts_per_object=(2, 3))
DRIP = CampaignSpec("slow_drip", 25, 30, 480.0)  # +-4 minutes around a common moment
SMALL = CampaignSpec("burst_amplification", 5, 15, 60.0)
ROTATION = CampaignSpec("rotation", 150, 40, 60.0, accounts_per_object=(8, 12))  # at most three acts per account
PARAPHRASE = CampaignSpec("paraphrase_swarm", 30, 10, 600.0)
SWARM = CampaignSpec("paraphrase_swarm", 30, 15, 60.0)
TRANSLATED = CampaignSpec("translated_swarm", 30, 15, 60.0)
FLOOD = CampaignSpec("hashtag_flood", 40, 8, 600.0)
BRIGADE = CampaignSpec("reply_brigade", 25, 12, 300.0)
HIJACK = CampaignSpec("hashtag_hijack", 30, 10, 300.0)
SIX = CampaignSpec("burst_amplification", 6, 10, 60.0)


_USUAL = (BURST, RING, POOL, DRIP, ROTATION, PARAPHRASE, TRANSLATED, FLOOD, BRIGADE, HIJACK)


def campaign(tactic: str) -> CampaignSpec:
    """The usual campaign of a tactic. Raises HouselightsError where there is no such tactic."""
    for spec in _USUAL:
        if spec.tactic == tactic:
            return spec
    raise HouselightsError(f"No tactic '{tactic}': choose from {', '.join(TACTICS)}.")


@dataclass(frozen=True)
class WorldSettings:
    n_accounts: int = 2500  # everybody: ordinary accounts, campaign members and look-alikes
    n_days: float = 10.0
    mean_posts_per_account: float = 9.0  # of ordinary life, heavy-tailed over accounts
    n_communities: int = 12
    reaction_speed_sd: float = 1.0  # log-normal sd of an account's own reaction speed; 0.5 to 1.5 in life
    objects_per_post: int = 2  # of a shared item: 1 link or text, 2 link and headline, 3 also its hashtags
    campaigns: tuple[CampaignSpec, ...] = ()
    lookalikes: tuple[str, ...] = ()
    camouflage_0_1: float = 0.5  # share of a campaign member's actions that are ordinary life
    precision: str = "s"  # what the source's time stamps know: ms, s or min
    retention_0_1: float = 1.0  # share of posts that an API sample keeps; sources of kept posts come along
    confounders: tuple[str, ...] = CONFOUNDERS  # what ordinary life has that looks like agreement

    def __post_init__(self) -> None:
        _demand(0 <= self.camouflage_0_1 < 1, "camouflage_0_1 must lie in [0, 1)")
        _demand(0 < self.retention_0_1 <= 1, "retention_0_1 must lie in (0, 1]")
        _demand(self.precision in PRECISION_S, f"precision must be one of {', '.join(PRECISION_S)}")
        _demand(self.objects_per_post in (1, 2, 3), "objects_per_post must be 1, 2 or 3")
        _demand(self.n_days >= 1, "n_days must be at least 1")
        _demand(self.n_communities >= 1, "n_communities must be at least 1")
        _demand(self.mean_posts_per_account > 0, "mean_posts_per_account must be positive")
        for spec in self.campaigns:
            _demand(spec.tactic in TACTICS, f"no tactic '{spec.tactic}': choose from {', '.join(TACTICS)}")
        for name in self.confounders:
            _demand(name in CONFOUNDERS, f"no confounder '{name}': choose from {', '.join(CONFOUNDERS)}")
        for name in self.lookalikes:
            known = (*LOOKALIKES, *TALK)
            _demand(name in known, f"no look-alike '{name}': choose from {', '.join(known)}")
        planted = sum(s.n_accounts for s in self.campaigns) + sum(LOOKALIKE_SIZES[n] for n in self.lookalikes)
        _demand(
            self.n_accounts >= planted + 50,
            f"n_accounts is {self.n_accounts}, but groups need {planted} accounts and life needs 50 more",
        )


def _demand(holds: bool, sentence: str) -> None:
    if not holds:
        raise HouselightsError(f"World settings: {sentence}.")


def preset(name: str) -> WorldSettings:
    """`demo`: four tactics and all look-alikes; `planted`: the tactics alone; `campaign_free`: look-alikes alone;
    `hard`: six tactics that leave few or no shared objects, with all look-alikes."""
    campaigns = (BURST, RING, POOL, DRIP)
    hard = (SMALL, ROTATION, PARAPHRASE, FLOOD, BRIGADE, HIJACK)
    presets = {
        "demo": WorldSettings(campaigns=campaigns, lookalikes=LOOKALIKES),
        "planted": WorldSettings(campaigns=campaigns),
        "hard": WorldSettings(campaigns=hard, lookalikes=LOOKALIKES),
        "campaign_free": WorldSettings(lookalikes=LOOKALIKES),
    }
    if name not in presets:
        raise HouselightsError(f"No preset '{name}': choose from {', '.join(presets)}.")
    return presets[name]
