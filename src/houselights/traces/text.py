"""Traces of kind text: near-identical texts are one object. The same objects serve reposts whose source is not known.

1. Texts with the same normalised words are one text.
2. A cut text ("RT @x: the first words of a…") belongs to the text that begins with its words.
3. The others are clustered by MinHash candidates and exact Jaccard similarity with the leader of the cluster.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from houselights.core.settings import TraceSettings
from houselights.core.text import is_spaceless, own_words
from houselights.core.work import HERE, Work
from houselights.kernels import minhash

_Scalar = TypeVar("_Scalar", bound=np.generic)
_BATCH = 262_144  # rows; changes time and memory only
_REMOVED = re.compile(r"(?is)\s*\[ ?(?:removed|deleted)(?: by (?:reddit|moderator|user)\b.*)?\s*\]\s*\Z")
_REPOST_MARK = re.compile(r"[^\w#@]*+rt\s*+@", re.IGNORECASE)
_CUT_END = re.compile(r"(\S*)(…|\.\.\.)\s*(?:https?://\S*)?\s*\Z")
_TAIL = 400  # characters: a cut lies at the end
_CUT_AT = range(139, 149)  # 140 characters, or a few more where "…" was decoded wrongly
_LONG = 100  # characters: shorter originals that end in "…" trail off by choice


@dataclass(frozen=True)
class TextObjects:
    """Row r of posts.parquet (from 0) has the text object `object`; rows without one are missing."""

    row: NDArray[np.int64]
    object: NDArray[np.uint64]


@dataclass(frozen=True)
class _Corpus:
    """n distinct normalised texts as bytes, in order of their hash: the order of the input does not show."""

    data: NDArray[np.uint8]
    start: NDArray[np.int64]
    end: NDArray[np.int64]
    hash: NDArray[np.uint64]
    n_posts: NDArray[np.int64]
    cut: NDArray[np.bool_]  # whether every post that has it was cut
    n_words: NDArray[np.int64]


def text_objects(posts_path: Path, settings: TraceSettings, work: Work = HERE) -> TextObjects:
    """The text cluster of each post in own words, and of each repost that does not say which post it repeats."""
    row, text, corpus = _normalised(posts_path, work)
    n_words, n_pairs = minhash.count_words(corpus.data, corpus.start, corpus.end)
    # In scripts without spaces two character pairs count as one word.
    kept = n_words - n_pairs // 2 >= settings.min_words
    corpus = _only(replace(corpus, n_words=n_words), kept)
    object_of_text = np.zeros(len(kept), dtype=np.uint64)
    object_of_text[kept] = _names(corpus, _clusters(corpus, settings))
    return TextObjects(row[kept[text]], object_of_text[text[kept[text]]])


@dataclass(frozen=True)
class _Part:
    """The texts of some row groups of posts.parquet: p posts, d different texts, each normalised once."""

    row: NDArray[np.int64]  # [p]
    code: NDArray[np.int64]  # [p] which of the texts
    n_posts: NDArray[np.int64]  # [d]
    words: NDArray[np.uint8]  # one text after the other
    length: NDArray[np.int64]  # [d] bytes
    hash: NDArray[np.uint64]  # [d]
    cut: NDArray[np.bool_]  # [d]


def _row_groups(posts_path: Path) -> list[tuple[int, int, int]]:
    """(first row group, the one after the last, row of the first) of parts with about _BATCH rows."""
    with pq.ParquetFile(posts_path) as file:
        rows = [file.metadata.row_group(k).num_rows for k in range(file.num_row_groups)]
    parts, begin, n_before, n = [], 0, 0, 0
    for k, n_rows in enumerate(rows):
        n += n_rows
        if n >= _BATCH or k == len(rows) - 1:
            parts.append((begin, k + 1, n_before))
            begin, n_before, n = k + 1, n_before + n, 0
    return parts


def _own_texts(posts_path: str, part: tuple[int, int, int]) -> Iterator[tuple[NDArray[np.int64], pa.Array, bool]]:
    """(rows, their texts, whether these posts are reposts); only reposts that do not name their source."""
    begin, end, first = part
    with pq.ParquetFile(posts_path) as file:
        groups = list(range(begin, end))
        for batch in file.iter_batches(_BATCH, row_groups=groups, columns=["text", "kind", "repost_of"]):
            is_repost = pc.equal(batch["kind"], "repost")
            has_text = pc.not_equal(batch["text"], "")
            unnamed = pc.and_(is_repost, pc.is_null(batch["repost_of"]))
            for chosen, reposts in ((pc.invert(is_repost), False), (unnamed, True)):
                own = pc.and_(chosen, has_text)
                rows = np.flatnonzero(own.to_numpy(zero_copy_only=False)) + first
                if len(rows):
                    yield rows, batch["text"].filter(own), reposts
            first += batch.num_rows


def _normalised_part(part: tuple[int, int, int], posts_path: str) -> list[_Part]:
    return [_normalise(*texts) for texts in _own_texts(posts_path, part)]


def _normalise(rows: NDArray[np.int64], texts: pa.Array, are_reposts: bool) -> _Part:
    encoded = texts.dictionary_encode()
    code = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    pairs = [complete_words(text, are_reposts) for text in encoded.dictionary.to_pylist()]
    words = [own.encode() for own, _ in pairs]
    digests = b"".join(blake2b(word, digest_size=8).digest() for word in words)
    return _Part(
        rows,
        code,
        np.bincount(code, minlength=len(words)),
        np.frombuffer(b"".join(words), dtype=np.uint8),
        np.fromiter(map(len, words), dtype=np.int64, count=len(words)),
        np.frombuffer(digests, dtype=">u8").astype(np.uint64),
        np.fromiter((cut for _, cut in pairs), dtype=bool, count=len(pairs)),
    )


def _normalised(posts_path: Path, work: Work) -> tuple[NDArray[np.int64], NDArray[np.int64], _Corpus]:
    """(rows, the number of each row's text in the corpus, the corpus)."""
    row, code, counts, lengths, hashes, cuts = [], [], [], [], [], []
    data = bytearray()  # grows in place
    n_texts = 0
    for parts in work.map(partial(_normalised_part, posts_path=str(posts_path)), _row_groups(posts_path)):
        for part in parts:
            row.append(part.row)
            code.append(part.code + n_texts)
            counts.append(part.n_posts)
            data += part.words.data
            lengths.append(part.length)
            hashes.append(part.hash)
            cuts.append(part.cut)
            n_texts += len(part.hash)
    end = np.cumsum(_concatenated(lengths, np.int64))
    start = end - _concatenated(lengths, np.int64)
    hash_, first_with, number = np.unique(_concatenated(hashes, np.uint64), return_index=True, return_inverse=True)
    whole = np.zeros(len(hash_), dtype=bool)
    whole[number[~_concatenated(cuts, np.bool_)]] = True
    n_posts = np.bincount(number, weights=_concatenated(counts, np.int64), minlength=len(hash_)).astype(np.int64)
    no_words = np.zeros(len(hash_), dtype=np.int64)
    corpus = _Corpus(
        np.frombuffer(data, np.uint8), start[first_with], end[first_with], hash_, n_posts, ~whole, no_words
    )
    return _concatenated(row, np.int64), number[_concatenated(code, np.int64)], corpus


def complete_words(text: str, is_repost: bool) -> tuple[str, bool]:
    """(own words without the one a platform cut through, whether it cut the text). "[removed]" and its like: no words.

    Cut texts end in "…" (before a link that was added, perhaps); of reposts, those that end in "..." or just fill 140
    characters too.
    """
    if text[:60].lstrip().startswith("[") and _REMOVED.match(text):
        return "", False
    words = own_words(text)
    stripped = text[-_TAIL:].rstrip()
    repeated = is_repost or _REPOST_MARK.match(text) is not None
    end = _CUT_END.search(stripped) if "…" in stripped or "..." in stripped else None
    if end and not (repeated or (end[2] == "…" and len(text) >= _LONG)):
        end = None
    if end is None and not (repeated and len(text.rstrip()) in _CUT_AT):
        return words, False
    last = end[1] if end else stripped.rsplit(maxsplit=1)[-1]
    if "://" in last or not words or is_spaceless(words[-1]):
        return words, True  # what was cut is a link, or a script without spaces, whose characters are all complete
    return words.rpartition(" ")[0], True


def _only(corpus: _Corpus, kept: NDArray[np.bool_]) -> _Corpus:
    c = corpus
    return _Corpus(c.data, c.start[kept], c.end[kept], c.hash[kept], c.n_posts[kept], c.cut[kept], c.n_words[kept])


def _clusters(corpus: _Corpus, settings: TraceSettings) -> NDArray[np.int64]:
    """[n] the text that stands for each text's cluster. Decided in the order (posts that have it, descending; hash)."""
    order = np.argsort(-corpus.n_posts, kind="stable")
    source = minhash.sources_of_cut(corpus.data, corpus.start, corpus.end, corpus.n_words, corpus.cut, order)
    whole = np.flatnonzero(source < 0)
    root = np.where(source < 0, np.arange(len(source)), source)
    while not np.array_equal(root, root[root]):
        root = root[root]
    leader = np.arange(len(source))
    leader[whole] = whole[_leaders(corpus, whole, settings)]
    return leader[root]


def _leaders(corpus: _Corpus, chosen: NDArray[np.int64], settings: TraceSettings) -> NDArray[np.int64]:
    """[chosen] the place of each text's leader. Only texts that share a bucket with another can have one, or be one of others."""
    words, offset = _words(corpus, chosen)
    factor, addend = _permutations(settings.n_permutations)
    buckets = minhash.shared_buckets(words, offset, factor, addend, settings.n_bands, settings.jaccard_0_1)
    leader = np.arange(len(chosen))
    meets = np.flatnonzero(np.diff(buckets.offset))
    if not len(meets):
        return leader
    if len(meets) < len(chosen):
        del words
        buckets = buckets.of(meets)
        words, offset = _words(corpus, chosen[meets])
    weight = corpus.n_posts[chosen[meets]]
    order = np.argsort(-weight, kind="stable")
    leader[meets] = meets[
        minhash.lead(
            order, words, offset, buckets.place, buckets.offset, buckets.capacity, weight, settings.jaccard_0_1
        )
    ]
    return leader


def _words(corpus: _Corpus, chosen: NDArray[np.int64]) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    return minhash.word_sets(corpus.data, corpus.start[chosen], corpus.end[chosen], corpus.n_words[chosen])


def _permutations(n: int) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """Fixed (odd factors, addends), from a hash of their number: the same in every run."""
    digests = b"".join(blake2b(b"permutation %d" % i, digest_size=16).digest() for i in range(n))
    numbers = np.frombuffer(digests, dtype="<u8").astype(np.uint64).reshape(n, 2)
    return numbers[:, 0] | np.uint64(1), numbers[:, 1].copy()


def _names(corpus: _Corpus, cluster: NDArray[np.int64]) -> NDArray[np.uint64]:
    """[n] hash of the smallest text of each text's cluster."""
    name = corpus.hash.copy()
    size = np.bincount(cluster, minlength=len(cluster))
    members = np.flatnonzero(size[cluster] > 1)
    members = members[np.argsort(cluster[members], kind="stable")]
    for group in _runs(members, cluster[members]):
        smallest = min(group.tolist(), key=lambda t: corpus.data[corpus.start[t] : corpus.end[t]].tobytes())
        name[group] = corpus.hash[smallest]
    return name


def _runs(values: NDArray[np.int64], key: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    yield from np.split(values, np.flatnonzero(key[1:] != key[:-1]) + 1) if len(values) else []


def _concatenated(parts: Sequence[NDArray[_Scalar]], type_: type[_Scalar]) -> NDArray[_Scalar]:
    return np.concatenate(parts) if parts else np.empty(0, dtype=type_)
