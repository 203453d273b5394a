"""Near-identical texts: MinHash bands find candidates, exact Jaccard decides, leaders hold clusters together.

A **corpus** is n normalised texts as UTF-8 in one byte array: text i is data[start[i]:end[i]], single-spaced words.
Words are those of `core.text.word_spans`: two neighbouring characters each where a script has no spaces.
"""

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from houselights.core.text import SPACELESS_RANGES

MAX_LEADERS = 32
"""Leaders looked at per bucket: more would cost the square of a template's variants. Near pairs meet in other bands."""

BANDS_AT_ONCE = 4
"""Bands whose keys are in memory together: four bytes a text and band."""

N_FIRST = 8
MOST_ALIKE = 0.8
"""Of a group's posts, as far as its first members tell, the share that a text must be like to join it."""

_SPACELESS = np.array(SPACELESS_RANGES, dtype=np.int64)
_OFFSET = np.uint64(0xCBF29CE484222325)  # FNV-1a
_PRIME = np.uint64(0x100000001B3)
_MIX = np.uint64(0xFF51AFD7ED558CCD)  # finaliser of MurmurHash3
_33 = np.uint64(33)
_32 = np.uint64(32)
_LOW = np.uint64(0xFFFFFFFF)
_SPACE, _HASH, _AT = 32, 35, 64


@njit(cache=True, inline="always")
def _mixed(h: np.uint64) -> np.uint64:
    h = (h ^ (h >> _33)) * _MIX
    return h ^ (h >> _33)


@njit(cache=True, inline="always")
def _width(byte: int) -> int:
    """Bytes of the UTF-8 character that begins with `byte`."""
    return 1 if byte < 0xC0 else 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4


@njit(cache=True)
def _spaceless_at(data: NDArray[np.uint8], i: int, stop: int) -> bool:
    if i >= stop or data[i] < 0xE0:  # two-byte characters end below the first such script
        return False
    if data[i] < 0xF0:
        code = (data[i] & 15) << 12 | (data[i + 1] & 63) << 6 | (data[i + 2] & 63)
    else:
        code = (data[i] & 7) << 18 | (data[i + 1] & 63) << 12 | (data[i + 2] & 63) << 6 | (data[i + 3] & 63)
    for r in range(len(_SPACELESS)):  # noqa: SIM110 (compiled: no generators)
        if _SPACELESS[r, 0] <= code <= _SPACELESS[r, 1]:
            return True
    return False


@njit(cache=True)
def _next_word(data: NDArray[np.uint8], i: int, stop: int, in_run: bool) -> tuple[np.uint64, int, bool]:
    """(hash, where to go on, whether inside a run of a script without spaces); position -1 where no word is left."""
    while i < stop:
        h = _OFFSET
        if _spaceless_at(data, i, stop):
            middle = i + _width(data[i])
            paired = _spaceless_at(data, middle, stop)
            if paired or not in_run:
                last = middle + _width(data[middle]) if paired else middle
                for k in range(i, last):
                    h = (h ^ np.uint64(data[k])) * _PRIME
                return _mixed(h), middle, paired
            i = middle
            in_run = False
            continue
        in_run = False
        letters = False
        while i < stop and data[i] != _SPACE and not _spaceless_at(data, i, stop):
            letters = letters or (data[i] != _HASH and data[i] != _AT)
            for k in range(i, i + _width(data[i])):
                h = (h ^ np.uint64(data[k])) * _PRIME
            i += _width(data[i])
        if letters:
            return _mixed(h), i, False
        if i < stop and data[i] == _SPACE:
            i += 1
    return _OFFSET, -1, False


@njit(cache=True, nogil=True)
def count_words(
    data: NDArray[np.uint8], start: NDArray[np.int64], end: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(words, pairs)[n]: words of each text, how many of them are character pairs of a script without spaces."""
    words = np.zeros(len(start), np.int64)
    pairs = np.zeros(len(start), np.int64)
    for t in range(len(start)):
        i, in_run = start[t], False
        while True:
            _, i, in_run = _next_word(data, i, end[t], in_run)
            if i < 0:
                break
            words[t] += 1
            pairs[t] += in_run
    return words, pairs


@njit(cache=True, nogil=True)
def word_sets(
    data: NDArray[np.uint8], start: NDArray[np.int64], end: NDArray[np.int64], n_words: NDArray[np.int64]
) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """(words, offset[n + 1]): sorted distinct word hashes of text t are words[offset[t]:offset[t + 1]]."""
    words = np.empty(n_words.sum(), np.uint32)
    offset = np.zeros(len(start) + 1, np.int64)
    filled = 0
    for t in range(len(start)):
        first = filled
        i, in_run = start[t], False
        while True:
            h, i, in_run = _next_word(data, i, end[t], in_run)
            if i < 0:
                break
            words[filled] = np.uint32(h >> _32)
            filled += 1
        words[first:filled].sort()
        kept = first
        for k in range(first, filled):
            if k == first or words[k] != words[kept - 1]:
                words[kept] = words[k]
                kept += 1
        filled = kept
        offset[t + 1] = filled
    return words[:filled], offset


@njit(cache=True, nogil=True)
def band_keys(
    words: NDArray[np.uint32],
    offset: NDArray[np.int64],
    factor: NDArray[np.uint64],
    addend: NDArray[np.uint64],
    n_bands: int,
) -> NDArray[np.uint32]:
    """[n_bands, n]: texts whose keys of a band agree are candidates.

    One multiply-shift hash (Dietzfelbinger 1996) per permutation.
    """
    n_permutations = len(factor)
    rows = n_permutations // n_bands
    keys = np.empty((n_bands, len(offset) - 1), np.uint32)
    least = np.empty(n_permutations, np.uint32)
    for t in range(len(offset) - 1):
        least[:] = 0xFFFFFFFF
        for k in range(offset[t], offset[t + 1]):
            word = np.uint64(words[k])
            for p in range(n_permutations):
                least[p] = min(least[p], np.uint32((factor[p] * word + addend[p]) >> _32))
        for b in range(n_bands):
            h = _OFFSET
            for p in range(b * rows, (b + 1) * rows):
                h = _mixed((h ^ np.uint64(least[p])) * _PRIME)
            keys[b, t] = np.uint32(h >> _32)
    return keys


@dataclass(frozen=True)
class Buckets:
    """Texts that agree in the key of a band share a bucket; a key that one text alone has is no bucket.

    `place` says where in `lead`'s room the buckets of text t begin: place[offset[t]:offset[t + 1]], in the order of
    the bands. A bucket takes one place and two for each leader, of which it holds at most capacity[b].
    """

    place: NDArray[np.int64]
    offset: NDArray[np.int64]
    capacity: NDArray[np.int64]

    def of(self, texts: NDArray[np.int64]) -> "Buckets":
        """The same for these texts, which are all that have a bucket."""
        sizes = np.diff(self.offset)[texts]
        return Buckets(self.place, np.concatenate([[0], np.cumsum(sizes)]), self.capacity)


def shared_buckets(
    words: NDArray[np.uint32],
    offset: NDArray[np.int64],
    factor: NDArray[np.uint64],
    addend: NDArray[np.uint64],
    n_bands: int,
    threshold: float,
) -> Buckets:
    """The buckets of n texts, words and offset as `word_sets` makes them. The keys of a few bands are in memory at a time. Who is unlike all
    others of a small bucket, as far as sketches tell, is left out of it: nobody would look at it twice."""
    n, rows = len(offset) - 1, len(factor) // n_bands
    sketch, most_missed = sketches(words, offset, threshold)
    texts: list[NDArray[np.int32]] = []
    sizes: list[NDArray[np.int64]] = []
    for first in range(0, n_bands, BANDS_AT_ONCE):
        bands = min(BANDS_AT_ONCE, n_bands - first)
        mine = slice(first * rows, (first + bands) * rows)
        for band in band_keys(words, offset, factor[mine], addend[mine], bands):
            pairs = band.astype(np.uint64) << _32 | np.arange(n, dtype=np.uint64)
            pairs.sort()
            shared, size = _runs_of_key(pairs, sketch, most_missed)
            texts.append(shared)
            sizes.append(size)
    starts = np.zeros(n + 1, np.int64)
    for shared in texts:
        starts[1:] += np.bincount(shared, minlength=n)
    np.cumsum(starts, out=starts)
    place = np.empty(starts[-1], np.int64)
    filled = starts[:-1].copy()
    begin = 0
    for shared, size in zip(texts, sizes, strict=True):
        begin = _put(place, filled, shared, size, begin)
    return Buckets(place, starts, np.minimum(np.concatenate(sizes), MAX_LEADERS))


@njit(cache=True, nogil=True)
def _n_bits(x: np.uint64) -> np.int64:
    x = x - ((x >> np.uint64(1)) & np.uint64(0x5555555555555555))
    x = (x & np.uint64(0x3333333333333333)) + ((x >> np.uint64(2)) & np.uint64(0x3333333333333333))
    x = (x + (x >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return np.int64((x * np.uint64(0x0101010101010101)) >> np.uint64(56))


@njit(cache=True, nogil=True)
def sketches(
    words: NDArray[np.uint32], offset: NDArray[np.int64], threshold: float
) -> tuple[NDArray[np.uint64], NDArray[np.float64]]:
    """([n] one bit per word, [n] words that a set as alike as `threshold` may lack or have beside at most). Sets differ in at least as many words as
    their sketches in bits; a set as alike as `threshold` has at most |t| / threshold words (see `jaccard` for the rest)."""
    n = len(offset) - 1
    sketch = np.zeros(n, np.uint64)
    most_missed = np.empty(n)
    for t in range(n):
        for k in range(offset[t], offset[t + 1]):
            sketch[t] |= np.uint64(1) << np.uint64(words[k] & np.uint32(63))
        most_missed[t] = (offset[t + 1] - offset[t]) * (1.0 - threshold) / threshold + 1e-9
    return sketch, most_missed


@njit(cache=True, nogil=True)
def _runs_of_key(
    pairs: NDArray[np.uint64], sketch: NDArray[np.uint64], most_missed: NDArray[np.float64]
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """(texts whose key another text has too, key by key; how many have each such key) of sorted key << 32 | text. In a bucket that has room for
    all as leaders only those count that may be like another: who leaves changes nothing for those who stay."""
    texts = np.empty(len(pairs), np.int32)
    sizes = np.empty(len(pairs) // 2, np.int64)
    n_texts = n_sizes = begin = 0
    while begin < len(pairs):
        end = begin + 1
        while end < len(pairs) and pairs[end] >> _32 == pairs[begin] >> _32:
            end += 1
        size = 0
        if end - begin > 1:
            for k in range(begin, end):
                t = np.int32(pairs[k] & _LOW)
                if end - begin > MAX_LEADERS or _may_be_alike(pairs, begin, end, k, sketch, most_missed):
                    texts[n_texts + size] = t
                    size += 1
        if size:
            n_texts += size
            sizes[n_sizes] = size
            n_sizes += 1
        begin = end
    return texts[:n_texts].copy(), sizes[:n_sizes].copy()


@njit(cache=True, nogil=True)
def _may_be_alike(
    pairs: NDArray[np.uint64],
    begin: int,
    end: int,
    k: int,
    sketch: NDArray[np.uint64],
    most_missed: NDArray[np.float64],
) -> bool:
    t = np.int64(pairs[k] & _LOW)
    for j in range(begin, end):
        other = np.int64(pairs[j] & _LOW)
        if j != k and _n_bits(sketch[t] ^ sketch[other]) <= max(most_missed[t], most_missed[other]):
            return True
    return False


@njit(cache=True, nogil=True)
def _put(
    place: NDArray[np.int64],
    filled: NDArray[np.int64],
    texts: NDArray[np.int32],
    sizes: NDArray[np.int64],
    begin: int,
) -> int:
    """Appends the buckets of a band to those of each text, the first of them at `begin`; where the next band begins."""
    k = 0
    for b in range(len(sizes)):
        for _ in range(sizes[b]):
            place[filled[texts[k]]] = begin
            filled[texts[k]] += 1
            k += 1
        begin += 1 + 2 * min(sizes[b], MAX_LEADERS)
    return begin


@njit(cache=True, nogil=True)
def jaccard(words: NDArray[np.uint32], a: int, a_end: int, b: int, b_end: int, threshold: float) -> float:
    """Exact similarity of the sorted sets words[a:a_end] and words[b:b_end]; 0 if under the threshold."""
    total = a_end - a + b_end - b
    allowed = total * (1.0 - threshold) / (1.0 + threshold) + 1e-9  # unmatched words: J = m / (total - m) >= threshold
    missed = 0
    while a < a_end and b < b_end:
        if words[a] == words[b]:
            a += 1
            b += 1
            continue
        missed += 1
        if missed > allowed:
            return 0.0
        if words[a] < words[b]:
            a += 1
        else:
            b += 1
    missed += a_end - a + b_end - b
    if missed > allowed:
        return 0.0
    return (total - missed) / (total + missed)


@njit(cache=True, nogil=True)
def lead(
    order: NDArray[np.int64],
    words: NDArray[np.uint32],
    offset: NDArray[np.int64],
    place_of: NDArray[np.int64],
    place_offset: NDArray[np.int64],
    capacity: NDArray[np.int64],
    weight: NDArray[np.int64],
    threshold: float,
) -> NDArray[np.int64]:
    """[n] the leader of each text: the most similar of the leaders before it in `order` whose group is like it, or itself.

    Of equally similar leaders the first. Leader clustering (Hartigan 1975, ch. 3): each member is like its leader, so a
    chain of small changes cannot join unlike texts; and like MOST_ALIKE of the group, counted by `weight` over the leader and the
    first members, so that ends of a star do not pass for alike. The places are those of `Buckets`.
    """
    n = len(order)
    leader = np.arange(n)
    rank = np.empty(n, np.int64)
    rank[order] = np.arange(n)
    sketch, missed_at_most = sketches(words, offset, threshold)
    seen = np.full(n, -1, np.int64)
    n_first = np.zeros(n, np.int8)
    first = np.zeros((n, N_FIRST), np.int32)
    # A bucket is its capacity << 32 | how many leaders it has, then each leader with its sketch: a look costs one place
    # in memory.
    room = np.zeros(2 * capacity.sum() + len(capacity), np.uint64)
    place = 0
    for b in range(len(capacity)):
        room[place] = np.uint64(capacity[b]) << _32
        place += 1 + 2 * capacity[b]
    for t in order:
        best = 0.0
        most_missed = missed_at_most[t]
        for place in place_of[place_offset[t] : place_offset[t + 1]]:
            for k in range(place + 1, place + 1 + 2 * np.int64(room[place] & _LOW), 2):
                if _n_bits(room[k + 1] ^ sketch[t]) > most_missed:
                    continue
                other = np.int64(room[k])
                if seen[other] == t:
                    continue
                seen[other] = t
                similarity = jaccard(words, offset[t], offset[t + 1], offset[other], offset[other + 1], threshold)
                if similarity > best or (0 < similarity == best and rank[other] < rank[leader[t]]):
                    alike, total = weight[other], weight[other]
                    for m in first[other, : n_first[other]]:
                        total += weight[m]
                        if jaccard(words, offset[t], offset[t + 1], offset[m], offset[m + 1], threshold) > 0.0:
                            alike += weight[m]
                    if alike >= MOST_ALIKE * total:
                        best = similarity
                        leader[t] = other
        if best > 0.0:
            if n_first[leader[t]] < N_FIRST:
                first[leader[t], n_first[leader[t]]] = t
                n_first[leader[t]] += 1
        else:
            for place in place_of[place_offset[t] : place_offset[t + 1]]:
                filled = np.int64(room[place] & _LOW)
                if filled < np.int64(room[place] >> _32):
                    room[place + 1 + 2 * filled] = np.uint64(t)
                    room[place + 2 + 2 * filled] = sketch[t]
                    room[place] += np.uint64(1)
    return leader


@njit(cache=True, nogil=True)
def _slot(table: NDArray[np.uint64], h: np.uint64) -> np.int64:
    """Where h lies, or would lie, in an open-addressing table whose size is a power of two; 0 marks an empty slot."""
    slot = np.int64(h & np.uint64(len(table) - 1))
    while table[slot] != 0 and table[slot] != h:
        slot = (slot + 1) & (len(table) - 1)
    return slot


@njit(cache=True, nogil=True)
def sources_of_cut(
    data: NDArray[np.uint8],
    start: NDArray[np.int64],
    end: NDArray[np.int64],
    n_words: NDArray[np.int64],
    cut: NDArray[np.bool_],
    order: NDArray[np.int64],
) -> NDArray[np.int64]:
    """[n] for each cut text the text that begins with all its words and goes on; -1 for the others.

    Of several the first whole text in `order`, else the first cut one. Linear: prefixes are looked up by hash.
    """
    source = np.full(len(start), -1, np.int64)
    size = 16
    while size < 4 * cut.sum():
        size *= 2
    table = np.zeros(size, np.uint64)
    best = np.full(size, -1, np.int64)
    slot_of = np.full(len(start), -1, np.int64)
    is_length = np.zeros(n_words.max() + 1 if len(n_words) else 1, np.bool_)
    for t in range(len(start)):
        if cut[t]:
            h, i, in_run = np.uint64(1), start[t], False
            for _ in range(n_words[t]):
                word, i, in_run = _next_word(data, i, end[t], in_run)
                h = _mixed((h ^ word) * _PRIME) | np.uint64(1)
            slot_of[t] = _slot(table, h)
            table[slot_of[t]] = h
            is_length[n_words[t]] = True
    for t in order:
        h, i, in_run = np.uint64(1), start[t], False
        for k in range(1, n_words[t]):
            word, i, in_run = _next_word(data, i, end[t], in_run)
            h = _mixed((h ^ word) * _PRIME) | np.uint64(1)
            if is_length[k]:
                slot = _slot(table, h)
                if table[slot] == h and (best[slot] < 0 or (cut[best[slot]] and not cut[t])):
                    best[slot] = t
    for t in range(len(start)):
        if cut[t]:
            source[t] = best[slot_of[t]]
    return source
