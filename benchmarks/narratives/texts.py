"""Near-identical texts: cost on a million short posts, and pairs against the exact similarity of word sets on a labelled sample.

Variants of one text: words changed, emoji, links, addressees, capitals, hashtags at the end, look-alike letters, zero-width characters, cut off.
"""

import random
import resource
import tempfile
import time
from itertools import accumulate, combinations
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from houselights.core.settings import TraceSettings
from houselights.core.tables import POSTS
from houselights.core.text import own_words
from houselights.traces.text import text_objects

N_POSTS, N_LABELLED = 1_000_000, 3_000
_VOCABULARY = 30_000
_LIKE = str.maketrans("aeopc", "\u0430\u0435\u043e\u0440\u0441")
VARIANTS = (
    "as it is",
    "one word changed",
    "emoji",
    "link",
    "addressee",
    "capitals",
    "hashtag at the end",
    "two hashtags at the end",
    "look-alike letters",
    "zero-width characters",
    "cut off",
)


def varied(words: list[str], how: str, rng: random.Random, vocabulary: list[str]) -> str:
    text = " ".join(words)
    match how:
        case "one word changed":
            other = list(words)
            other[rng.randrange(len(words))] = rng.choice(vocabulary)
            return " ".join(other)
        case "emoji":
            return f"{text} \U0001f680\U0001f525"
        case "link":
            return f"{text} https://t.co/{rng.randrange(1 << 40):x}"
        case "addressee":
            return f"@user{rng.randrange(9999)} {text}"
        case "capitals":
            return text.upper() if rng.random() < 0.5 else text.title()
        case "hashtag at the end":
            return f"{text} #tag{rng.randrange(99)}"
        case "two hashtags at the end":
            return f"{text} #tag{rng.randrange(99)} #more{rng.randrange(99)}"
        case "look-alike letters":
            return text.translate(_LIKE)
        case "zero-width characters":
            return "\u200b".join(text)
        case "cut off":
            return f"RT @user{rng.randrange(9999)}: {text[: 3 * len(text) // 4]}…"
    return text


def posts(n: int, seed: int) -> list[str]:
    """85 of 100 texts stand alone, families are heavy-tailed."""
    rng = random.Random(seed)
    letters = "bcdfghklmnprstvwaeiou"
    vocabulary = ["".join(rng.choice(letters) for _ in range(rng.randint(3, 9))) for _ in range(_VOCABULARY)]
    ranks = list(accumulate(1 / (i + 10) for i in range(_VOCABULARY)))
    texts: list[str] = []
    while len(texts) < n:
        words = rng.choices(vocabulary, cum_weights=ranks, k=rng.randint(6, 22))
        size = 1 if rng.random() < 0.85 else min(500, int(rng.paretovariate(0.9)) + 1)
        for _ in range(min(size, n - len(texts))):
            texts.append(varied(words, "as it is" if size == 1 else rng.choice(VARIANTS), rng, vocabulary))
    return texts


def table(texts: list[str]) -> pa.Table:
    n = len(texts)
    fixed = {"text": texts, "kind": ["post"] * n, "repost_of": pa.nulls(n, pa.string())}
    return pa.table({f.name: pa.array(fixed[f.name], f.type) for f in POSTS.schema if f.name in fixed})


def measure() -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / POSTS.file
        pq.write_table(table(posts(2_000, 1)), path)
        text_objects(path, TraceSettings())  # kernels are compiled
        texts = posts(N_POSTS, 2)
        pq.write_table(table(texts), path)
        del texts
        before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
        text_objects(path, TraceSettings())
        cpu_s = time.process_time() - began
        found = {
            "posts": N_POSTS,
            "cpu_s": cpu_s,
            "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            "mb_before": before / 1024,
        }
        return found | labelled(path)


def labelled(path: Path) -> dict[str, Any]:
    """Pairs of a sample against exact word-set similarity of 0.8; and per variant the share that lies with its original."""
    rng = random.Random(4)
    texts, family, variant = _families(rng)
    pq.write_table(table(texts), path)
    found = text_objects(path, TraceSettings())
    object_of = dict(zip(found.row.tolist(), found.object.tolist(), strict=True))
    words = [frozenset(own_words(t).split()) for t in texts]
    near = {
        (i, j)
        for i, j in combinations(range(len(texts)), 2)
        if i in object_of and j in object_of and _jaccard(words[i], words[j]) >= 0.8
    }
    groups: dict[int, list[int]] = {}
    for i, o in object_of.items():
        groups.setdefault(o, []).append(i)
    joined = {pair for members in groups.values() for pair in combinations(sorted(members), 2)}
    uncut = {(i, j) for i, j in joined if "cut off" not in (variant[i], variant[j])}
    right = sum(family[i] == family[j] for i, j in uncut)
    original = {f: i for i, (f, v) in enumerate(zip(family, variant, strict=True)) if v == "as it is"}
    survives = {}
    for how in VARIANTS[1:]:
        rows = [i for i, v in enumerate(variant) if v == how]
        survives[how] = sum(object_of.get(i) == object_of.get(original[family[i]], -1) for i in rows) / len(rows)
    return {
        "labelled": len(texts),
        "recall": len(near & joined) / len(near),
        "precision": len(near & uncut) / len(uncut),
        "same_family": right / len(uncut),
        "survives": survives,
    }


def _families(rng: random.Random) -> tuple[list[str], list[int], list[str]]:
    vocabulary = ["".join(rng.choice("bcdfghklmnprstvwaeiou") for _ in range(rng.randint(3, 9))) for _ in range(3000)]
    texts, family, variant = [], [], []
    for f in range(N_LABELLED // len(VARIANTS)):
        words = [rng.choice(vocabulary) for _ in range(rng.randint(6, 22))]
        for how in VARIANTS:
            texts.append(varied(words, how, rng, vocabulary))
            family.append(f)
            variant.append(how)
    return texts, family, variant


def _jaccard(a: frozenset[str], b: frozenset[str]) -> float:
    return len(a & b) / len(a | b)
