"""Frames as Bluesky's Jetstream gives them, made up: a pure function of a seed. Times run from START_US on."""

import json
import random
from datetime import UTC, datetime
from typing import Any

START_US = 1_781_684_500_000_000
# fmt: off
WORDS = [
    "river", "stone", "window", "garden", "market", "bridge", "winter", "letter", "music", "paper", "morning", "evening",
    "table", "corner", "forest", "mountain", "story", "number", "island", "summer", "yellow", "silver", "copper", "lantern",
    "harbour", "village", "teacher", "doctor", "driver", "painter", "station", "ticket", "coffee", "bread", "butter",
]
# fmt: on


def stamp(us: int) -> str:
    return datetime.fromtimestamp(us / 1e6, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def frame(
    did: str, us: int, rkey: str, record: dict[str, Any] | None, collection: str, operation: str = "create"
) -> bytes:
    commit = {"rev": "3k" + rkey, "operation": operation, "collection": collection, "rkey": rkey}
    if record is not None:
        commit |= {"record": record, "cid": "bafy" + rkey}
    return json.dumps({"did": did, "time_us": us, "kind": "commit", "commit": commit}, separators=(",", ":")).encode()


def post(did: str, us: int, rkey: str, text: str, at_us: int | None = None, link: str | None = None) -> bytes:
    record: dict[str, Any] = {
        "$type": "app.bsky.feed.post",
        "createdAt": stamp(us if at_us is None else at_us),
        "langs": ["en"],
        "text": text,
    }
    if link:
        record["facets"] = [
            {
                "features": [{"$type": "app.bsky.richtext.facet#link", "uri": link}],
                "index": {"byteStart": 0, "byteEnd": 1},
            }
        ]
    return frame(did, us, rkey, record, "app.bsky.feed.post")


def repost(did: str, us: int, rkey: str, of: str, at_us: int | None = None) -> bytes:
    record = {
        "$type": "app.bsky.feed.repost",
        "createdAt": stamp(us if at_us is None else at_us),
        "subject": {"cid": "c", "uri": of},
    }
    return frame(did, us, rkey, record, "app.bsky.feed.repost")


def did(account: int) -> str:
    return f"did:plc:{account:024x}"


def mixed(n: int, seed: int, step_us: int = 1_500_000, accounts: int = 120) -> list[bytes]:
    """Posts and reposts in order of arrival, with everything a stream has: late ones, some from the future, deletions, things that are no
    post, broken ones, and the same frame twice."""
    rng = random.Random(seed)
    frames: list[bytes] = []
    made: list[str] = []
    for i in range(n):
        us, who, rkey = START_US + i * step_us, did(rng.randrange(accounts)), f"k{i:08}"
        chance = rng.random()
        if i % 250 >= 244 and made:  # six accounts repost the same, now and then
            frames.append(repost(did(10_000 + i % 250), us, rkey, made[i // 250]))
        elif chance < 0.02 and made:
            uri = rng.choice(made)
            frames.append(frame(uri.split("/")[2], us, uri.split("/")[4], None, "app.bsky.feed.post", "delete"))
        elif chance < 0.03:
            frames.append(
                rng.choice([b'{"did":"did:plc:x","ti', b"\xff\xfe{}", b"[1,2]", b'{"text":"\\ud800"}', b"   "])
            )
        elif chance < 0.05:
            frames.append(
                json.dumps({"did": who, "time_us": us, "kind": "identity", "identity": {"did": who}}).encode()
            )
        elif chance < 0.35 and made:
            frames.append(repost(who, us, rkey, rng.choice(made[-200:]), us - rng.randrange(20_000_000)))
        elif chance < 0.37 and frames:
            frames.append(frames[-1])
        else:
            at = us - rng.randrange(30_000_000)
            if rng.random() < 0.02:
                at = us - rng.randrange(400_000_000, 4_000_000_000)
            if rng.random() < 0.005:
                at = us + rng.randrange(2, 400) * 86_400_000_000
            link = f"https://example.org/{rng.randrange(n // 20 + 2)}" if rng.random() < 0.3 else None
            text = " ".join(rng.choices(WORDS, k=rng.randrange(1, 15)))
            frames.append(post(who, us, rkey, text, at, link))
            made.append(f"at://{who}/app.bsky.feed.post/{rkey}")
    return frames
