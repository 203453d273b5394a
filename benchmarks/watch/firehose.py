"""A made-up firehose of Jetstream's shape: posts with words of many, and reposts that come in waves of any size and pace. Optionally a planted
group. Frames are made a second of event time at once; the same seed gives the same frames.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

START_US = 1_781_684_500_000_000
_POST = (
    '{"did":"did:plc:%s","time_us":%d,"kind":"commit","commit":{"rev":"3lzabcdefgh2x","operation":"create","collection":"app.bsky.feed.post",'
    '"rkey":"%s","record":{"$type":"app.bsky.feed.post","createdAt":"%s","langs":["en"],%s"text":"%s"},"cid":"bafyreihvcmc5xhzbl6xi4ydm6yxjx5bq6klmn6x4kfgpbu7qpyk7ocbase"}}'
)
_REPOST = (
    '{"did":"did:plc:%s","time_us":%d,"kind":"commit","commit":{"rev":"3lzabcdefgh2x","operation":"create","collection":"app.bsky.feed.repost",'
    '"rkey":"%s","record":{"$type":"app.bsky.feed.repost","createdAt":"%s","subject":{"cid":"bafyreihvcmc5xhzbl6xi4ydm6yxjx5bq6klmn6x4kfgpbu7qpyk7ocbase",'
    '"uri":"%s"}},"cid":"bafyreihvcmc5xhzbl6xi4ydm6yxjx5bq6klmn6x4kfgpbu7qpyk7ocbase"}}'
)
_DELETE = (
    '{"did":"did:plc:%s","time_us":%d,"kind":"commit","commit":{"rev":"3lzabcdefgh2x","operation":"delete","collection":"app.bsky.feed.post",'
    '"rkey":"%s"}}'
)
_LINK = '"facets":[{"features":[{"$type":"app.bsky.richtext.facet#link","uri":"https://news.example/%d"}],"index":{"byteStart":0,"byteEnd":5}}],'
_REPLY = '"reply":{"parent":{"cid":"bafyreihv","uri":"%s"},"root":{"cid":"bafyreihv","uri":"%s"}},'
KEPT_POSTS = 400_000


@dataclass(frozen=True)
class Group:
    """`accounts` accounts that all repost one post within `window_s`, `times` times, every `every_s`, from `first_s` on."""

    accounts: int = 20
    window_s: float = 60.0
    every_s: float = 1200.0
    first_s: float = 600.0
    times: int = 5

    def acts(self, rng: np.random.Generator) -> dict[int, list[tuple[int, int]]]:
        """second -> (member, number of the joint act)."""
        out: dict[int, list[tuple[int, int]]] = {}
        for k in range(self.times):
            for member in range(self.accounts):
                second = int(self.first_s + k * self.every_s + rng.random() * self.window_s)
                out.setdefault(second, []).append((member, k))
        return out


def seconds(rate_per_s: int, seed: int, group: Group | None = None, accounts: int = 200_000) -> Iterator[list[bytes]]:
    """Frames of one second of event time after the other, without end. Activity is heavy-tailed; half the posts nobody reposts; waves of
    reposts last from half a minute to hours."""
    rng = np.random.default_rng(seed)
    ids = [f"{i * 7919 + 11:024x}" for i in range(accounts)]
    members = [f"{10**15 + i:024x}" for i in range(group.accounts if group else 0)]
    acts = group.acts(rng) if group else {}
    words = np.array(
        [
            f"{a}{b}"
            for a in ("ba", "ke", "lo", "mi", "nu", "ra", "se", "to", "vi", "zu")
            for b in ("dan", "fer", "gol", "hin", "jup")
        ]
    )
    heap_at, heap_uri = np.empty(0), np.empty(0, object)  # reposts to come
    recent: list[str] = []
    serial = second = 0
    while True:
        now = datetime.fromtimestamp(START_US / 1e6 + second, UTC).strftime("%Y-%m-%dT%H:%M:%S.")
        due = heap_at < second + 1
        uris, heap_at, heap_uri = heap_uri[due], heap_at[~due], heap_uri[~due]
        n_posts = max(rate_per_s - len(uris), rate_per_s // 3)
        kinds = np.concatenate([np.ones(len(uris), np.int8), np.zeros(n_posts, np.int8)])
        rng.shuffle(kinds)
        who = (accounts * rng.random(len(kinds)) ** 3).astype(np.int64)
        chosen = rng.random((len(kinds), 3))
        text = words[rng.integers(0, len(words), (len(kinds), 16))]
        frames, made, next_uri = [], [], 0
        for i, kind in enumerate(kinds):
            us = START_US + second * 1_000_000 + i * 1_000_000 // len(kinds)
            stamp = f"{now}{i * 1000 // len(kinds):03}Z"
            rkey = f"3l{serial:011}"
            serial += 1
            did = ids[who[i]]
            if kind:
                frames.append((_REPOST % (did, us, rkey, stamp, uris[next_uri])).encode())
                next_uri += 1
                continue
            if chosen[i, 0] < 0.03 and recent:
                uri = recent[int(chosen[i, 1] * len(recent))].split("/")
                frames.append((_DELETE % (uri[2][8:], us, uri[4])).encode())
                continue
            more = _LINK % int(2e6 * chosen[i, 1] ** 4) if chosen[i, 0] < 0.25 else ""
            if chosen[i, 0] > 0.75 and recent:
                parent = recent[int(chosen[i, 2] * len(recent))]
                more = _REPLY % (parent, parent)
            frames.append((_POST % (did, us, rkey, stamp, more, " ".join(text[i]))).encode())
            made.append(f"at://did:plc:{did}/app.bsky.feed.post/{rkey}")
        for member, k in acts.get(second, []):
            us = START_US + second * 1_000_000 + 999_000 + member
            stamp = f"{now}999Z"
            frames.append(
                (
                    _REPOST
                    % (
                        members[member],
                        us,
                        f"3x{k:05}{member:05}",
                        stamp,
                        f"at://did:plc:{ids[k]}/app.bsky.feed.post/3planted{k}",
                    )
                ).encode()
            )
        # how often each is reposted (heavy tail, mean about .5) and how fast (a wave's own pace)
        n = np.minimum(rng.pareto(1.1, len(made)) * 0.12, 3_000).astype(np.int64)
        pace = np.exp(rng.normal(np.log(1200), 1.4, len(made)))
        of = np.repeat(np.arange(len(made)), n)
        delay = np.exp(rng.normal(0, 1.0, len(of))) * pace[of]
        kept = delay < 6 * 3600
        heap_at = np.concatenate([heap_at, second + 1 + delay[kept]])
        heap_uri = np.concatenate([heap_uri, np.array(made, object)[of[kept]]]) if len(made) else heap_uri
        recent = (recent + made)[-20_000:]
        second += 1
        yield frames
