"""Campaigns planted into the user's own data: their members are accounts of the data, whose own life is the camouflage."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from houselights.core.tables import POSTS

SIZES = (6, 20, 60)  # accounts
N_OBJECTS = 15  # things that a member of a whole group shares
_STEP_US = {"us": 1, "ms": 1_000, "s": 1_000_000, "min": 60_000_000, "day": 86_400_000_000}
_SYLLABLES = [consonant + vowel for consonant in "bdklmnr" for vowel in "aeiou"]


@dataclass(frozen=True)
class Tactic:
    name: str
    window_s: float  # from the first to the last post on an object
    words: str  # "that ..."


TACTICS = (
    Tactic("burst_amplification", 60.0, "re-shares the same posts"),
    Tactic("own_content_ring", 60.0, "shares links or texts of its own"),
    Tactic("shared_pool", 60.0, "shares its own links or texts two or three accounts at a time"),
    Tactic("slow_drip", 480.0, "shares its own links or texts within eight minutes"),
    Tactic("rotation", 60.0, "takes turns, so that nobody acts more than three times"),
)


@dataclass
class Implant:
    """`posts`: row numbers are filled in once they are written; account ids of members."""

    tactic: Tactic
    members: list[str]
    posts: list[dict[str, Any]] = field(default_factory=list)

    @property
    def n_objects(self) -> int:
        return len({p["object"] for p in self.posts})


@dataclass(frozen=True)
class Ground:
    """What implants are made from: arrays over the posts of the data."""

    at_us: NDArray[np.int64]
    precision: list[str]
    platform: str
    accounts: list[str]  # free to be members
    popular: list[tuple[str, str, int]]  # posts that others re-shared: id, author, moment
    has_links: bool

    @staticmethod
    def of(posts: pa.Table, in_findings: set[str]) -> "Ground":
        counts = pc.value_counts(posts["platform"]).to_pylist()
        authors = pc.unique(posts["author_id"]).to_pylist()
        return Ground(
            at_us=posts["created_at"].cast(pa.int64()).to_numpy(),
            precision=posts["created_at_precision"].to_pylist(),
            platform=max(counts, key=lambda c: (c["counts"], c["values"]))["values"],
            accounts=sorted(set(authors) - in_findings),
            popular=_popular(posts),
            has_links=bool(pc.any(pc.greater(pc.list_value_length(posts["urls"]), 0)).as_py()),
        )


def _popular(posts: pa.Table) -> list[tuple[str, str, int]]:
    """Up to 2,000 posts of the data that others re-shared by id, those re-shared most first."""
    sources = pc.value_counts(posts["repost_of"].drop_null()).to_pylist()
    n = {c["values"]: c["counts"] for c in sources}
    mine = posts.select(["post_id", "author_id", "created_at"]).filter(
        pc.is_in(posts["post_id"], pa.array(list(n), pa.string()))
    )
    rows = zip(
        mine["post_id"].to_pylist(),
        mine["author_id"].to_pylist(),
        mine["created_at"].cast(pa.int64()).to_pylist(),
        strict=True,
    )
    return sorted(rows, key=lambda r: (-n[r[0]], r[0]))[:2_000]


def plant(ground: Ground, wanted: Sequence[tuple[Tactic, int]], name: str, rng: np.random.Generator) -> list[Implant]:
    """One implant of each (tactic, number of accounts), no member in two of them. `name` makes ids and texts unlike any other's."""
    free = rng.permutation(len(ground.accounts)).tolist()
    out = []
    for k, (tactic, size) in enumerate(wanted):
        members = [ground.accounts[i] for i in free[:size]]
        free = free[size:]
        implant = Implant(tactic, members)
        for number, who in enumerate(_joins(tactic, members, rng)):
            implant.posts += _object(ground, tactic, who, f"{name}-{k}-{number}", rng)
        out.append(implant)
    return out


def _joins(tactic: Tactic, members: list[str], rng: np.random.Generator) -> list[list[str]]:
    """Who acts on each object; nine in ten of the members where the tactic does not say otherwise."""
    n = len(members)
    if tactic.name == "shared_pool":
        return [_some(members, int(rng.integers(2, 4)), rng) for _ in range(round(N_OBJECTS * n / 2.5))]
    if tactic.name == "rotation":
        turn = [m for _ in range(3) for m in _some(members, n, rng)]
        size = max(3, n // 5)
        return [turn[i : i + size] for i in range(0, 3 * n - size + 1, size)]
    return [_some(members, max(2, int(rng.binomial(n, 0.9))), rng) for _ in range(N_OBJECTS)]


def _some(members: list[str], n: int, rng: np.random.Generator) -> list[str]:
    return [members[i] for i in rng.permutation(len(members))[:n]]


def _object(
    ground: Ground, tactic: Tactic, who: list[str], name: str, rng: np.random.Generator
) -> list[dict[str, Any]]:
    """Posts on one object, at an hour of the data, in its time precision."""
    base = int(rng.integers(len(ground.at_us)))
    start_us, precision = int(ground.at_us[base]), ground.precision[base]
    shared: dict[str, Any] = {"text": _words(rng, 14), "urls": [], "kind": "post"}
    if tactic.name in ("burst_amplification", "rotation") and ground.popular:
        source, author, at_us = ground.popular[int(rng.integers(len(ground.popular)))]
        start_us = at_us + int((60 + rng.exponential(2400)) * 1e6)
        who = [m for m in who if m != author]
        shared = {"text": "", "urls": [], "kind": "repost", "repost_of": source, "repost_of_author": author}
    elif ground.has_links:
        shared["urls"] = [f"https://{_words(rng, 1)}.example/{name}"]
    step = _STEP_US[precision]
    posts = []
    for k, member in enumerate(who):
        at_us = start_us + int(rng.random() * tactic.window_s * 1e6)
        text = _words(rng, 12) if shared["urls"] else shared["text"]
        post = {
            "post_id": f"implant-{name}-{k}",
            "author_id": member,
            "created_at": at_us // step * step,
            "object": name,
        }
        posts.append({**shared, **post, "text": text, "created_at_precision": precision})
    return posts


def _words(rng: np.random.Generator, n: int) -> str:
    """Made-up words of five syllables: nothing in the data reads like them."""
    draws = rng.integers(0, len(_SYLLABLES), (n, 5)).tolist()
    return " ".join("".join(_SYLLABLES[i] for i in word) for word in draws)


def table(implants: Sequence[Implant], ground: Ground) -> pa.Table:
    """The implanted posts in the schema of posts."""
    rows = sorted((p for i in implants for p in i.posts), key=lambda p: (p["created_at"], p["post_id"]))
    same = {"platform": ground.platform, "source_format": "implant", "hashtags": [], "mentions": [], "media": []}
    columns = {}
    for f in POSTS.schema:
        values = [same.get(f.name, r.get(f.name)) for r in rows]
        if f.name == "raw_ref":
            values = [{"file": "implant", "line": i + 1} for i in range(len(rows))]
        array = pa.array(values, pa.int64() if f.name == "created_at" else f.type)
        columns[f.name] = array.cast(f.type)
    return pa.table(columns, schema=POSTS.schema)
