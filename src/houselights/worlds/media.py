"""What people share: outlets with their stories, slogans that are copied, hashtags of communities."""

from dataclasses import dataclass

import numpy as np

from houselights.worlds.population import Ints
from houselights.worlds.text import Grammar, made_up_words

N_OUTLETS = 60
N_TAGS = 16  # per community


@dataclass(frozen=True)
class Items:
    """Parallel lists: what one share of each item carries. An empty text means that every sharer uses own words."""

    text: list[str]
    link: list[str]
    tags: list[tuple[str, ...]]


class Media:
    """Outlets and hashtags of one world; `.example` domains, so that no link leads anywhere."""

    def __init__(self, rng: np.random.Generator, grammar: Grammar, n_communities: int) -> None:
        words = made_up_words(rng, N_OUTLETS + 8 + N_TAGS * n_communities, 2)
        self.domains = [f"{w}-news.example" for w in words[:N_OUTLETS]]
        self.site = words[N_OUTLETS : N_OUTLETS + 8]  # names for groups that own a site
        tags = words[N_OUTLETS + 8 :]
        self._tags = [tags[i * N_TAGS : (i + 1) * N_TAGS] for i in range(n_communities)]
        self._grammar = grammar

    def links(self, rng: np.random.Generator, n: int, community: Ints | None = None, domain: str = "") -> list[str]:
        """`n` story addresses, on one domain or on outlets that the community prefers."""
        serial = rng.integers(0, 36**7, n).tolist()
        if domain:
            return [f"https://{domain}/{np.base_repr(k, 36).lower()}" for k in serial]
        taste = np.zeros(n, np.int64) if community is None else community
        outlet = ((taste * 5 + rng.geometric(0.25, n)) % N_OUTLETS).tolist()
        return [f"https://{self.domains[o]}/{np.base_repr(k, 36).lower()}" for o, k in zip(outlet, serial, strict=True)]

    def tags(self, rng: np.random.Generator, community: Ints, share_0_1: float) -> list[tuple[str, ...]]:
        """One to three hashtags of the community, popular ones more often, for a share of entries; else none."""
        n = len(community)
        count = np.where(rng.random(n) < share_0_1, rng.choice([1, 2, 3], n, p=[0.55, 0.3, 0.15]), 0).tolist()
        pick = (np.floor(N_TAGS * rng.random((n, 3)) ** 1.8)).astype(np.int64).tolist()
        return [
            tuple(dict.fromkeys(self._tags[c][j] for j in p[:k])) if k else ()
            for c, k, p in zip(community.tolist(), count, pick, strict=True)
        ]

    def usual_tags(self, rng: np.random.Generator, community: int) -> tuple[str, ...]:
        """Two popular hashtags of a community."""
        return tuple(self._tags[community][i] for i in rng.permutation(5)[:2])

    def new_tag(self, rng: np.random.Generator) -> str:
        """A hashtag that no community has."""
        return "".join(made_up_words(rng, 2, 2))

    def items(
        self,
        rng: np.random.Generator,
        lang: Ints,
        topic: Ints,
        community: Ints,
        objects_per_post: int,
        domain: str = "",
    ) -> Items:
        """One story per entry with its share-button headline; `objects_per_post` says what a share repeats."""
        n = len(lang)
        headline, link = self._grammar.headlines(rng, lang, topic), self.links(rng, n, community, domain)
        tags: list[tuple[str, ...]] = [()] * n
        if objects_per_post == 1:
            only_link = (rng.random(n) < 0.5).tolist()
            headline = ["" if x else h for x, h in zip(only_link, headline, strict=True)]
            link = [u if x else "" for x, u in zip(only_link, link, strict=True)]
        elif objects_per_post == 3:
            pick = np.argsort(rng.random((n, N_TAGS)), axis=1)[:, :3].tolist()
            tags = [tuple(self._tags[c][j] for j in p) for c, p in zip(community.tolist(), pick, strict=True)]
        return Items(headline, link, tags)
