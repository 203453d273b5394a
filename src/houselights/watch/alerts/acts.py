"""What alerts look at: who shared what and when, as hashes. The objects are those that need no other post to be known."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from houselights.watch.horizon import AHEAD_US

_TRACKING = r"[?&](?:utm_[a-z_]+|fbclid|gclid|ref|ref_src|ref_url|igshid|mc_cid|mc_eid|s|t)=[^&#]*"
_NO_WORD = r"https?://\S+|[@#]\S+|[^\p{L}\p{N}\s]+"
LEAST_WORDS = 5

_WORDS = f"regexp_replace(lower(\"text\"), '{_NO_WORD}', '', 'g')"
_OBJECTS = f"""CASE WHEN repost_of IS NOT NULL THEN ['repost ' || repost_of]
  ELSE list_concat(
    CASE WHEN quote_of IS NOT NULL THEN ['quote ' || quote_of] ELSE [] END,
    CASE WHEN reply_to IS NOT NULL THEN ['reply ' || reply_to] ELSE [] END,
    list_transform(urls[:4], lambda u: 'link ' || regexp_replace(u, '{_TRACKING}', '', 'g')),
    CASE WHEN len(hashtags) >= 2 THEN ['tags ' || array_to_string(hashtags, ' ')] ELSE [] END,
    CASE WHEN len("text") >= 20 THEN ['text ' || trim(regexp_replace({_WORDS}, '\\s+', ' ', 'g'))] ELSE [] END) END"""
ACTS = f"""SELECT row AS post, md5_number_lower(author_id) AS account, md5_number_lower(object) AS object, at_us FROM (
  SELECT row, author_id, at_us, unnest({_OBJECTS}) AS object FROM {{rows}}
  WHERE timely AND behind_us = 0 AND at_us <= coalesce(clock_us, at_us) + {AHEAD_US})
  WHERE object NOT LIKE 'text %' OR len(object) - len(replace(object, ' ', '')) >= {LEAST_WORDS}"""
"""SQL of the acts of staged and judged rows: post (its row), account, object (hashes), at_us."""


@dataclass(frozen=True)
class Acts:
    """[n] arrays."""

    post: NDArray[np.int64]
    account: NDArray[np.uint64]
    object: NDArray[np.uint64]
    at_us: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.at_us)

    def only(self, kept: NDArray[np.bool_] | NDArray[np.int64]) -> "Acts":
        return Acts(self.post[kept], self.account[kept], self.object[kept], self.at_us[kept])

    @staticmethod
    def joined(parts: list["Acts"]) -> "Acts":
        return Acts(
            *(np.concatenate([getattr(p, name) for p in parts]) for name in ("post", "account", "object", "at_us"))
        )

    @staticmethod
    def none() -> "Acts":
        return Acts(np.empty(0, np.int64), np.empty(0, np.uint64), np.empty(0, np.uint64), np.empty(0, np.int64))


def one_object_each(acts: Acts) -> tuple[Acts, NDArray[np.int64]]:
    """Every post once, for the object that the fewest accounts share (two at least), and every account once per object, the first time;
    sorted by object and time. And where each object begins, with the end."""
    order = np.lexsort((acts.post, acts.at_us, acts.account, acts.object))
    acts = acts.only(order)
    first = np.ones(len(acts), bool)
    first[1:] = (acts.object[1:] != acts.object[:-1]) | (acts.account[1:] != acts.account[:-1])
    acts = acts.only(first)
    _, of, n = np.unique(acts.object, return_inverse=True, return_counts=True)
    shared = n[of] >= 2
    acts, sharers = acts.only(shared), n[of][shared]
    order = np.lexsort((acts.object, sharers, acts.post))
    acts = acts.only(order)
    fewest = np.ones(len(acts), bool)
    fewest[1:] = acts.post[1:] != acts.post[:-1]
    acts = acts.only(fewest)
    acts = acts.only(np.lexsort((acts.post, acts.account, acts.at_us, acts.object)))
    return acts, starts_of(acts.object)


def starts_of(key: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Where each run of equal keys begins, and the end of all."""
    if not len(key):
        return np.zeros(1, np.int64)
    return np.concatenate([[0], np.flatnonzero(key[1:] != key[:-1]) + 1, [len(key)]]).astype(np.int64)
