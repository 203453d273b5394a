"""Posts of any number in bounded memory, the same for the same number and seed: the conversation of `benchmarks/speed/generate.py`.

    python benchmarks/scale/generate.py 6000000 --out posts.parquet

Two weeks; objects of up to 100,000 shares; one account for ten posts. A post in own words (45 %) has a link and a text, a fifth
of all answer or quote: 1.65 traces a post. A pool of twenty accounts is planted, so that there is something to find. Texts are made
column by column, with new words in each part of the file, so sixty million posts take minutes.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).parents[1] / "speed"))
from generate import START_S, WORDS, conversation

from houselights.core.tables import POSTS

TRACES_PER_POST = 1.65
CHUNK = 500_000
POOL, N_PLANTED = 20, 150
_KINDS = pa.array(["post", "repost", "reply", "quote"])


def posts(n: int, path: Path, seed: int = 0) -> None:
    (who, what, at_us), kind, refers = conversation(n, seed)
    _plant(who, what, kind, refers, np.random.default_rng([seed, 1]))
    kind, refers = kind.astype(np.int8), refers.astype(np.int32)
    with pq.ParquetWriter(path, POSTS.schema, compression="zstd") as out:
        for begin in range(0, n, CHUNK):
            rows = slice(begin, min(begin + CHUNK, n))
            out.write_table(_part(rows, who, what[rows], at_us[rows], kind[rows], refers[rows], seed))


def _plant(
    who: npt.NDArray[np.int32],
    what: npt.NDArray[np.int32],
    kind: npt.NDArray[np.uint8],
    refers: npt.NDArray[np.int64],
    rng: np.random.Generator,
) -> None:
    """A pool: of POOL accounts three at a time post the same new link in three posts that follow each other."""
    begin = rng.integers(0, len(who) - 3, N_PLANTED)
    rows = (begin[:, None] + np.arange(3)).ravel()
    who[rows] = int(who.max()) + 1 + rng.permuted(np.tile(np.arange(POOL), (N_PLANTED, 1)), axis=1)[:, :3].ravel()
    what[rows] = int(what.max()) + 1 + np.repeat(np.arange(N_PLANTED), 3)
    kind[rows], refers[rows] = 0, -1


def _part(
    rows: slice,
    who: npt.NDArray[np.int32],
    what: npt.NDArray[np.int32],
    at_us: npt.NDArray[np.int64],
    kind: npt.NDArray[np.int8],
    refers: npt.NDArray[np.int32],
    seed: int,
) -> pa.Table:
    size = len(what)
    target = _numbered(refers.astype(np.int64) + 10**18)
    target_author = _numbered(who[np.maximum(refers, 0)].astype(np.int64) + 10**9)
    own = pa.array(kind != 1)
    number = np.arange(rows.start, rows.stop, dtype=np.int64)
    link = pc.binary_join_element_wise("https://site", _numbered(what % 5003), ".example/story/", _numbered(what), "")
    known: dict[str, pa.Array] = {
        "post_id": _numbered(number + 10**18),
        "platform": pa.repeat("x", size),
        "author_id": _numbered(who[rows].astype(np.int64) + 10**9),
        "created_at": pa.array(at_us + START_S * 1_000_000, pa.timestamp("us", tz="UTC")),
        "created_at_precision": pa.repeat("s", size),
        "text": pc.if_else(own, _texts(what, np.random.default_rng([seed, rows.start])), ""),
        "urls": _lists(link, kind != 1),
        "hashtags": _lists(pc.binary_join_element_wise("topic", _numbered(what % 997), ""), np.ones(size, np.bool_)),
        "mentions": _lists(link, np.zeros(size, np.bool_)),
        "kind": _KINDS.take(pa.array(kind)),
        "source_format": pa.repeat("generated", size),
        "raw_ref": pa.StructArray.from_arrays(
            [pa.repeat("generated.parquet", size), pa.array(number + 1)],
            fields=list(POSTS.schema.field("raw_ref").type),
        ),
    }
    for code, name in ((1, "repost_of"), (2, "reply_to"), (3, "quote_of")):
        known[name] = pc.if_else(pa.array(kind == code), target, None)
        known[f"{name}_author"] = pc.if_else(pa.array(kind == code), target_author, None)
    media = POSTS.schema.field("media").type
    known["media"] = pa.ListArray.from_arrays(pa.array(np.zeros(size + 1, np.int32)), pa.nulls(0, media.value_type))
    columns = [known[f.name].cast(f.type) if f.name in known else pa.nulls(size, f.type) for f in POSTS.schema]
    return pa.Table.from_arrays(columns, schema=POSTS.schema)


def _numbered(values: npt.NDArray[np.integer]) -> pa.Array:
    return pa.array(values).cast(pa.string())


def _lists(values: pa.Array, present: npt.NDArray[np.bool_]) -> pa.Array:
    offsets = np.concatenate([[0], np.cumsum(present)]).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), values.filter(pa.array(present)))


def _texts(what: npt.NDArray[np.int32], rng: np.random.Generator) -> pa.Array:
    """14 words, of which the first four come from the object and the rest from the post."""
    words = pa.array(WORDS)
    about = [(what.astype(np.int64) * 2654435761 >> shift) % len(WORDS) for shift in (3, 7, 11, 15)]
    own = [rng.integers(0, len(WORDS), len(what)) for _ in range(10)]
    return pc.binary_join_element_wise(*[words.take(pa.array(column)) for column in (*about, *own)], " ")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("posts", type=int)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    posts(args.posts, args.out, args.seed)


if __name__ == "__main__":
    main()
