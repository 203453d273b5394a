"""Where the parts of a world write their posts down before the posts get ids and a common order."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from houselights.worlds.population import Floats, Ints

POST, REPLY, REPOST, QUOTE = range(4)
KINDS = ("post", "reply", "repost", "quote")
NO_TAGS: tuple[str, ...] = ()


@dataclass(frozen=True)
class Entries:
    """Columns of equal length, one entry per post. `ref` is the row of the post reposted, answered or quoted, or -1."""

    author: Ints
    at_s: Floats
    kind: Ints
    ref: Ints
    text: list[str]
    link: list[str]
    tags: list[tuple[str, ...]]
    client: list[str]


@dataclass
class Ledger:
    _batches: list[Entries] = field(default_factory=list)
    _n: int = 0

    def add(
        self,
        author: Ints,
        at_s: Floats,
        kind: int | Ints = POST,
        ref: Ints | None = None,
        text: Sequence[str] | None = None,
        link: Sequence[str] | None = None,
        tags: Sequence[tuple[str, ...]] | None = None,
        client: str = "",
    ) -> Ints:
        """Returns the rows of the new posts. An empty `client` means the account's usual application."""
        n = len(author)
        self._batches.append(
            Entries(
                np.asarray(author, np.int64),
                np.asarray(at_s, np.float64),
                np.broadcast_to(np.asarray(kind, np.int64), n),
                np.full(n, -1, np.int64) if ref is None else np.asarray(ref, np.int64),
                [""] * n if text is None else list(text),
                [""] * n if link is None else list(link),
                [NO_TAGS] * n if tags is None else list(tags),
                [client] * n,
            )
        )
        self._n += n
        return np.arange(self._n - n, self._n)

    def all(self) -> Entries:
        parts = self._batches
        return Entries(
            author=np.concatenate([p.author for p in parts]),
            at_s=np.concatenate([p.at_s for p in parts]),
            kind=np.concatenate([p.kind for p in parts]),
            ref=np.concatenate([p.ref for p in parts]),
            text=[x for p in parts for x in p.text],
            link=[x for p in parts for x in p.link],
            tags=[x for p in parts for x in p.tags],
            client=[x for p in parts for x in p.client],
        )
