"""The facts of one group that its sentences, explanations and highlights need: evidence posts, shared objects, the
data around."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

from houselights.core.detection import Group

Ref = tuple[str, str]  # (post id, account id): post ids alone may repeat between platforms
Key = tuple[str, str]  # (kind, object id)
PRECISION_ORDER = ("us", "ms", "s", "min", "day")


@dataclass(frozen=True, slots=True)
class Post:
    post_id: str
    account_id: str
    at_us: int  # microseconds since 1970, UTC
    precision: str  # us, ms, s, min or day
    kind: str
    text: str
    urls: tuple[str, ...]
    repost_author: str | None
    source_us: int | None  # when the reposted post was made, if that post is in the data
    client: str | None

    @property
    def ref(self) -> Ref:
        return self.post_id, self.account_id


@dataclass(frozen=True, slots=True)
class Pair:
    """One coincidence: the earlier post first."""

    channel: str
    key: Key
    a: Ref
    b: Ref
    delta_s: float
    chance: float
    confirming: bool


@dataclass(frozen=True, slots=True)
class SharedObject:
    kind: str
    object_id: str
    pairs: tuple[Pair, ...]
    posts: tuple[Ref, ...]  # sorted
    accounts: frozenset[str]
    n_outside: int  # accounts outside the group that have this object
    some_outside: frozenset[str]  # up to 50 of them, the first by id


@dataclass(frozen=True)
class DataFacts:
    """What the whole data can tell, and its volume. Counts are posts."""

    n_posts: int
    n_with_links: int
    n_with_handles: int
    n_with_clients: int
    n_minute_known: int  # posts stamped to the minute or finer
    n_round_minute: int  # of those, posts at a minute divisible by 5
    posts_per_hour: Mapping[int, int]  # hours since 1970, UTC -> posts
    client_accounts: Mapping[str, int]  # client -> distinct accounts
    n_accounts: int


@dataclass(frozen=True)
class Case:
    """One group with everything that is known about its evidence. Posts and accounts of role `source` are left out."""

    group: Group
    posts: Mapping[Ref, Post]
    objects: Mapping[Key, SharedObject]
    traces: Mapping[Ref, frozenset[Key]]  # all objects of each evidence post
    button_outside: Mapping[tuple[str, str], int]  # (text object, link) -> accounts outside that post both in one post
    link_outside: Mapping[str, int]  # link of an evidence post -> accounts outside the group that share it
    handles: Mapping[str, tuple[str | None, str | None]]  # account -> (handle, display name)
    handle_outside: Callable[[str], float]  # share of the other accounts whose handle has this stem
    activity: Mapping[str, tuple[int, int]]  # repost author -> (reposts of them by members, all posts of members)
    data: DataFacts

    @cached_property
    def members(self) -> frozenset[str]:
        return frozenset(m.account_id for m in self.group.members if m.role != "source")

    @cached_property
    def object_ids(self) -> frozenset[str]:
        return frozenset(o.object_id for o in self.objects.values())

    @cached_property
    def accounts(self) -> frozenset[str]:
        """Members that have evidence."""
        return frozenset(a for o in self.objects.values() for a in o.accounts)

    @cached_property
    def precision(self) -> str:
        """The coarsest precision among the evidence posts."""
        return max((p.precision for p in self.posts.values()), key=PRECISION_ORDER.index, default="us")

    def posts_of(self, shared: SharedObject) -> list[Post]:
        return [self.posts[r] for r in shared.posts]
