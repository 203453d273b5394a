"""Inputs of the speed benchmark, the same bytes for the same size and seed.

    python benchmarks/speed/generate.py actions 10000000 --out actions.npz
    python benchmarks/speed/generate.py x-api 1000000 --out tweets.jsonl
    python benchmarks/speed/generate.py posts 1000000 --out posts.parquet

Two weeks. Objects have a Pareto(1) number of shares up to 100,000, delays are log-normal (median 6 h), accounts differ
in activity by a power law, one account for ten actions.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from houselights.core.tables import POSTS

DAY_S = 86_400
DAYS = 14
START_S = 1_700_000_000
MOST_SHARES = 100_000
MEDIAN_DELAY_S, DELAY_SIGMA = 6 * 3600, 1.5
WORDS = [
    a + b + c
    for a in ("ka", "lo", "mi", "ne", "ru", "so", "ta")
    for b in ("ban", "der", "lin", "mor", "vek")
    for c in ("", "a", "en", "is", "or", "um")
]
Actions = tuple[npt.NDArray[np.int32], npt.NDArray[np.int32], npt.NDArray[np.int64]]


def actions(n: int, seed: int = 0) -> Actions:
    """account, object (int32) and at_us (int64, whole seconds), in random order."""
    rng = np.random.default_rng(seed)
    sizes = np.empty(0, np.int64)
    while sizes.sum() < n:
        more = np.minimum(rng.pareto(1.0, max(n // 8, 16)) + 1, MOST_SHARES).astype(np.int64)
        sizes = np.concatenate([sizes, more])
    sizes = sizes[: np.searchsorted(np.cumsum(sizes), n) + 1]
    what = np.repeat(np.arange(len(sizes), dtype=np.int32), sizes)[:n]
    born_s = rng.uniform(0, 0.9 * DAYS * DAY_S, len(sizes))[what]
    at_s = born_s + rng.lognormal(np.log(MEDIAN_DELAY_S), DELAY_SIGMA, n)
    at_s = np.where(at_s < DAYS * DAY_S, at_s, rng.uniform(born_s, DAYS * DAY_S))
    activity = np.cumsum((1 - rng.random(max(n // 10, 10))) ** -0.7)
    who = np.searchsorted(activity, rng.random(n) * activity[-1]).astype(np.int32)
    order = rng.permutation(n)
    return who[order], what[order], at_s[order].astype(np.int64) * 1_000_000


def conversation(n: int, seed: int = 0) -> tuple[Actions, npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """Actions in time order, the kind of each (0 original, 1 repost, 2 reply, 3 quote), the row it refers to or -1.

    The first action on an object is an original; later ones repost, answer or quote it, or link the same page.
    """
    who, what, at_us = actions(n, seed)
    order = np.argsort(at_us, kind="stable")
    who, what, at_us = who[order], what[order], at_us[order]
    first = np.zeros(int(what.max()) + 1, np.int64)
    first[what[::-1]] = np.arange(n)[::-1]
    kind = np.random.default_rng(seed + 1).choice(np.array([0, 1, 2, 3], np.uint8), n, p=[0.25, 0.55, 0.12, 0.08])
    refers = first[what]
    kind[refers == np.arange(n)] = 0
    return (who, what, at_us), kind, np.where(kind > 0, refers, -1)


def texts(what: npt.NDArray[np.int32], seed: int) -> list[str]:
    """14 words, of which the first four come from the object and the rest from the post."""
    rng = np.random.default_rng(seed + 2)
    own = rng.integers(0, len(WORDS), (len(what), 10))
    about = (what[:, None].astype(np.int64) * 2654435761 >> np.array([3, 7, 11, 15])) % len(WORDS)
    return [" ".join([WORDS[i] for i in row]) for row in np.concatenate([about, own], axis=1).tolist()]


def iso(at_us: npt.NDArray[np.int64]) -> list[str]:
    stamps = np.datetime_as_string((at_us // 1000 + START_S * 1000).astype("datetime64[ms]"), unit="ms")
    return [f"{s}Z" for s in stamps.tolist()]


def x_api(n: int, path: Path, seed: int = 0) -> None:
    """JSON lines as the X API v2 streams them: `data` and `includes.users`, about 1.5 kB each."""
    (who, what, at_us), kind, refers = conversation(n, seed)
    words, stamps = texts(what, seed), iso(at_us)
    account, topic, refer = who.tolist(), what.tolist(), refers.tolist()
    names = ("", "retweeted", "replied_to", "quoted")
    with path.open("w", encoding="utf-8") as out:
        for i, k in enumerate(kind.tolist()):
            out.write(
                json.dumps(_tweet(i, account, topic[i], words, stamps[i], names[k], refer[i]), ensure_ascii=False)
            )
            out.write("\n")


def _tweet(
    i: int, account: list[int], topic: int, words: list[str], at: str, refers_as: str, refer: int
) -> dict[str, object]:
    ids = [account[i]] + ([account[refer]] if refers_as else [])
    text, tag, link = words[i], f"topic{topic % 997}", f"https://site{topic % 5003}.example/story/{topic}?ref=feed"
    tags = [{"start": len(text) + 1, "end": len(text) + 2 + len(tag), "tag": tag}]
    again = f"RT @user{account[refer]}: {words[refer]} #{tag}"[:140]
    text = again if refers_as == "retweeted" else f"{text} #{tag} https://t.co/{topic:010d}"
    tweet: dict[str, object] = {
        "id": str(10**18 + i),
        "author_id": str(10**9 + account[i]),
        "conversation_id": str(10**18 + (refer if refers_as == "replied_to" else i)),
        "created_at": at,
        "edit_history_tweet_ids": [str(10**18 + i)],
        "lang": "en",
        "possibly_sensitive": False,
        "reply_settings": "everyone",
        "source": "Web App",
        "text": text,
        "public_metrics": {"retweet_count": i % 97, "reply_count": i % 7, "like_count": i % 301, "quote_count": i % 5},
        "entities": {
            "hashtags": tags,
            "urls": [
                {
                    "start": 0,
                    "end": 23,
                    "url": f"https://t.co/{topic:010d}",
                    "expanded_url": link,
                    "display_url": link[8:40],
                    "status": 200,
                    "title": words[i],
                    "unwound_url": link,
                }
            ],
            "annotations": [{"start": 0, "end": 9, "probability": 0.71, "type": "Other", "normalized_text": text[:9]}],
        },
    }
    if refers_as:
        tweet["referenced_tweets"] = [{"type": refers_as, "id": str(10**18 + refer)}]
    if refers_as == "replied_to":
        tweet["in_reply_to_user_id"] = str(10**9 + account[refer])
    users = [
        {
            "id": str(10**9 + a),
            "username": f"user{a}",
            "name": f"Name {a}",
            "created_at": "2019-03-05T10:00:00.000Z",
            "description": f"{WORDS[a % len(WORDS)]} and {WORDS[a // 7 % len(WORDS)]}, views my own",
            "verified": False,
            "public_metrics": {"followers_count": a % 5003, "following_count": a % 701, "tweet_count": a % 9001},
        }
        for a in dict.fromkeys(ids)
    ]
    return {"data": tweet, "includes": {"users": users}, "matching_rules": [{"id": "1", "tag": "all"}]}


def posts(n: int, path: Path, seed: int = 0, chunk: int = 500_000) -> None:
    """The same conversation as posts.parquet, written in row groups so that memory stays flat."""
    (who, what, at_us), kind, refers = conversation(n, seed)
    schema = POSTS.schema
    names = np.array(["post", "repost", "reply", "quote"])
    with pq.ParquetWriter(path, schema, compression="zstd") as out:
        for begin in range(0, n, chunk):
            rows = slice(begin, min(begin + chunk, n))
            k, r, o = kind[rows], refers[rows], what[rows]
            size = len(k)
            said = [w if kk != 1 else "" for w, kk in zip(texts(o, seed), k.tolist(), strict=True)]
            ids = [str(10**18 + i) for i in range(rows.start, rows.stop)]

            def where(which: int, values: npt.NDArray[np.int64], k: npt.NDArray[np.uint8] = k) -> list[str | None]:
                return [str(v) if kk == which else None for v, kk in zip(values.tolist(), k.tolist(), strict=True)]

            target, target_author = r + 10**18, who[np.maximum(r, 0)].astype(np.int64) + 10**9
            known: dict[str, object] = {
                "post_id": ids,
                "platform": ["x"] * size,
                "author_id": [str(a) for a in (who[rows].astype(np.int64) + 10**9).tolist()],
                "created_at": pa.array(at_us[rows] + START_S * 1_000_000, pa.timestamp("us", tz="UTC")),
                "created_at_precision": ["s"] * size,
                "text": said,
                "urls": [
                    [f"https://site{t % 5003}.example/story/{t}"] if kk != 1 else []
                    for t, kk in zip(o.tolist(), k.tolist(), strict=True)
                ],
                "hashtags": [[f"topic{t % 997}"] for t in o.tolist()],
                "mentions": [[]] * size,
                "media": [[]] * size,
                "repost_of": where(1, target),
                "repost_of_author": where(1, target_author),
                "reply_to": where(2, target),
                "reply_to_author": where(2, target_author),
                "quote_of": where(3, target),
                "quote_of_author": where(3, target_author),
                "kind": names[k].tolist(),
                "source_format": ["generated"] * size,
                "raw_ref": [{"file": path.name, "line": i + 1} for i in range(rows.start, rows.stop)],
            }
            columns = [pa.array(known[f.name], f.type) if f.name in known else pa.nulls(size, f.type) for f in schema]
            out.write_table(pa.Table.from_arrays(columns, schema=schema))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("actions", "x-api", "posts"))
    parser.add_argument("rows", type=int)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    if args.what == "actions":
        who, what, at_us = actions(args.rows, args.seed)
        np.savez(args.out, account=who, object=what, at_us=at_us)
    else:
        {"x-api": x_api, "posts": posts}[args.what](args.rows, args.out, args.seed)


if __name__ == "__main__":
    main()
