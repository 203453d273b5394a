"""The lower layers of the embedded language model as a reader of whole texts, tuned for one task: text -> a state for each of its tokens.

The weights are those that `houselights models fetch` brings (Qwen2.5-Coder of 1.5 billion, Hui et al. 2024, arXiv 2409.12186; a GGUF file). The first
layers read as they were trained, each token those before it; the changed ones, by products of two thin matrices (low-rank adaptation: Hu et al. 2021,
arXiv 2106.09685), read the whole text both ways; those above are left out. Weights lie packed in the file and are opened a layer at a time, for many
texts together, so that memory stays far below what they would take open.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from houselights.content.byte_numbers import to_bytes
from houselights.content.pieces import batches
from houselights.core.errors import HouselightsError

Floats = NDArray[np.float32]
MOST_TOKENS = 128
TOGETHER = 4096
"""Tokens read at a time: opening a layer's weights costs about what reading 400 tokens does."""
MISSING = "reading with the embedded model's weights needs the extra: pip install 'houselights[embedded]'"
_NAMES = {
    "query": "attn_q",
    "key": "attn_k",
    "value": "attn_v",
    "out": "attn_output",
    "gate": "ffn_gate",
    "wide": "ffn_up",
    "back": "ffn_down",
}
_ROWS = 1024  # tokens that the widest products take at a time: bounds memory
_EMPTY = "."  # read for a text without words
_PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
"""Where the model's vocabulary is not joined across, as its publisher gives it."""


def check_installed() -> None:
    """Raises HouselightsError without the extra."""
    if find_spec("gguf") is None or find_spec("tiktoken") is None:
        raise HouselightsError(MISSING)


@dataclass(frozen=True)
class Changes:
    """What training adds to the weights of n layers, of which `first` is the lowest: `down @ up`, rank r, by kind of matrix."""

    first: int
    down: dict[str, Floats]  # [n, in, r]
    up: dict[str, Floats]  # [n, r, out]

    @property
    def n_layers(self) -> int:
        return len(self.down["query"])


def save(changes: Changes, path: Path) -> None:
    """A byte a number, with a scale by column. The same numbers give the same bytes."""
    parts: dict[str, NDArray[Any]] = {"first": np.array(changes.first)}
    for way in ("down", "up"):
        for kind in _NAMES:
            name = f"{kind}_{way}"
            parts[name], parts[f"{name}_scale"] = to_bytes(getattr(changes, way)[kind])
    np.savez_compressed(path, **parts)  # type: ignore[arg-type]


def load(path: Path) -> Changes:
    with np.load(path, allow_pickle=False) as stored:

        def opened(name: str) -> Floats:
            return np.asarray(stored[name].astype(np.float32) * stored[f"{name}_scale"], np.float32)

        down, up = ({kind: opened(f"{kind}_{way}") for kind in _NAMES} for way in ("down", "up"))
        return Changes(int(stored["first"]), down, up)


@dataclass(frozen=True)
class Layer:
    """Open weights, [in, out], by kind of matrix; what the three of attention add; the gains of the two norms."""

    matrix: dict[str, Floats]
    bias: dict[str, Floats]
    first: Floats
    second: Floats

    def applied(self, x: Floats, kind: str) -> Floats:
        return np.asarray(x @ self.matrix[kind] + self.bias.get(kind, np.float32(0)), np.float32)


class Decoder:
    """Reads with a GGUF file of Qwen2's form and a task's changes; None: with all its layers as they are. Raises HouselightsError where the file is
    another, or without the extra."""

    def __init__(self, path: Path, changes: Changes | None) -> None:
        check_installed()
        import gguf
        import tiktoken

        self._open = gguf.dequantize
        try:
            file = gguf.GGUFReader(path)
            told = {name: field.contents() for name, field in file.fields.items()}
            if told["general.architecture"] != "qwen2" or told["tokenizer.ggml.pre"] != "qwen2":
                raise ValueError(f"a model of the kind {told['general.architecture']!r}")
            self.n_heads = int(told["qwen2.attention.head_count"])
            self.n_shared = int(told["qwen2.attention.head_count_kv"])
            self.width = int(told["qwen2.embedding_length"])
            self._n_layers = self._first = int(told["qwen2.block_count"])
            self.eps = float(told["qwen2.attention.layer_norm_rms_epsilon"])
            self._turns = float(told["qwen2.rope.freq_base"])
            self._tensors = {t.name: t for t in file.tensors}
            if changes is not None:
                if changes.down["query"].shape[1] != self.width or changes.first + changes.n_layers > self._n_layers:
                    raise ValueError("its layers have other sizes than the task was learned with")
                self._first, self._n_layers = changes.first, changes.first + changes.n_layers
            self.encoding = tiktoken.Encoding(
                "qwen2", pat_str=_PATTERN, mergeable_ranks=_ranks(told), special_tokens={}
            )
        except (OSError, ValueError, KeyError, IndexError, TypeError) as error:
            raise HouselightsError(
                f"{path}: not the weights that are known here ({error}). `houselights models fetch` brings them."
            ) from error
        self._changes = changes

    def __call__(self, texts: Sequence[str]) -> Iterator[Floats]:
        """Of each text: [n, width] states, of its first MOST_TOKENS tokens, at least one."""
        none = np.zeros((0, 2), np.int64)
        for some in batches(((self.tokens(text), none) for text in texts), TOGETHER):
            yield from self.states([ids for ids, _ in some])

    def tokens(self, text: str) -> NDArray[np.int64]:
        said = unicodedata.normalize("NFC", text.strip()).encode("utf-8", "replace").decode() or _EMPTY
        return np.array(self.encoding.encode_ordinary(said)[:MOST_TOKENS], np.int64)

    def states(self, several: Sequence[NDArray[np.int64]]) -> list[Floats]:
        """Of each text, given by its ids: [n, width]."""
        ends = np.cumsum([len(ids) for ids in several])
        places = np.concatenate([np.arange(len(ids)) for ids in several])
        turn = self.turns(places)
        x = self.words(np.concatenate(several))
        for i in range(self._n_layers):
            layer = self.layer(i)
            x = x + self._seen(_scaled(x, layer.first, self.eps), layer, turn, ends, both_ways=i >= self._first)
            x = np.concatenate(
                [part + _widened(_scaled(part, layer.second, self.eps), layer) for part in _parts(x, _ROWS)]
            )
        return np.split(x, ends[:-1])

    def words(self, ids: NDArray[np.int64]) -> Floats:
        """[n, width]"""
        held = self._tensors["token_embd.weight"]
        return np.asarray(self._open(held.data[ids], held.tensor_type), np.float32)

    def turns(self, places: NDArray[np.int64]) -> tuple[Floats, Floats]:
        """[n, half a head's width] cosine and sine of how far each pair of a head's numbers turns at a place (Su et al. 2021, arXiv 2104.09864)."""
        half = self.width // self.n_heads // 2
        angle = (places[:, None] * self._turns ** -(np.arange(half) / half)).astype(np.float32)
        return np.cos(angle), np.sin(angle)

    def layer(self, i: int) -> Layer:
        """Opens the weights of a layer, with the task's changes."""

        def numbers(name: str) -> Floats:
            tensor = self._tensors[f"blk.{i}.{name}"]
            return np.asarray(self._open(tensor.data, tensor.tensor_type), np.float32)

        matrix = {kind: numbers(f"{name}.weight").T for kind, name in _NAMES.items()}
        if self._changes is not None and i >= self._first:
            down, up, n = self._changes.down, self._changes.up, i - self._first
            matrix = {kind: values + down[kind][n] @ up[kind][n] for kind, values in matrix.items()}
        bias = {kind: numbers(f"{_NAMES[kind]}.bias") for kind in ("query", "key", "value")}
        return Layer(matrix, bias, numbers("attn_norm.weight"), numbers("ffn_norm.weight"))

    def _seen(
        self, x: Floats, layer: Layer, turn: tuple[Floats, Floats], ends: NDArray[np.int64], both_ways: bool
    ) -> Floats:
        """[n, width] What each token takes from those of its text that it sees: all, or those up to itself. Several heads ask the same ones."""
        asks = _turned(layer.applied(x, "query").reshape(len(x), self.n_heads, -1), turn)
        asked = _turned(layer.applied(x, "key").reshape(len(x), self.n_shared, -1), turn)
        gives = layer.applied(x, "value").reshape(len(x), self.n_shared, -1)
        seen = []
        for begin, end in zip([0, *ends[:-1].tolist()], ends.tolist(), strict=True):
            n = end - begin
            q = asks[begin:end].reshape(n, self.n_shared, self.n_heads // self.n_shared, -1).transpose(1, 2, 0, 3)
            k, v = (own[begin:end].transpose(1, 0, 2)[:, None] for own in (asked, gives))
            odds = q @ k.swapaxes(2, 3) / np.float32(np.sqrt(q.shape[-1]))
            if not both_ways:
                odds[..., np.triu(np.ones((n, n), np.bool_), 1)] = -np.inf
            share = np.exp(odds - odds.max(axis=-1, keepdims=True))
            share /= share.sum(axis=-1, keepdims=True)
            seen.append((share @ v).transpose(2, 0, 1, 3).reshape(n, -1))
        return layer.applied(np.concatenate(seen), "out")


def _ranks(told: dict[str, Any]) -> dict[bytes, int]:
    """The vocabulary's byte sequences and their numbers, which are also the order in which they are joined. The file spells each byte as a
    printable character (Radford et al. 2019)."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [b for b in range(256) if b not in plain]
    spelled = {chr(b): b for b in plain} | {chr(256 + i): b for i, b in enumerate(others)}
    kinds = told["tokenizer.ggml.token_type"]
    return {
        bytes(spelled[c] for c in token): i
        for i, (token, kind) in enumerate(zip(told["tokenizer.ggml.tokens"], kinds, strict=True))
        if kind == 1
    }


def _parts(x: Floats, most: int) -> list[Floats]:
    return [x[i : i + most] for i in range(0, len(x), most)]


def _scaled(x: Floats, gain: Floats, eps: float) -> Floats:
    """[n, width] each row brought to a mean square of 1, then to gain (Zhang and Sennrich 2019, arXiv 1910.07467)."""
    size = np.sqrt(np.einsum("ij,ij->i", x, x) / x.shape[1] + eps)
    return np.asarray(x / size[:, None] * gain, np.float32)


def _turned(x: Floats, turn: tuple[Floats, Floats]) -> Floats:
    """[n, heads, width] each pair of a token's numbers turned by its place in the text."""
    cos, sin = turn[0][:, None], turn[1][:, None]
    a, b = np.split(x, 2, axis=-1)
    return np.asarray(np.concatenate([a * cos - b * sin, b * cos + a * sin], axis=-1), np.float32)


def _widened(x: Floats, layer: Layer) -> Floats:
    """Gated linear units (Shazeer 2020, arXiv 2002.05202)."""
    gate = layer.applied(x, "gate")
    with np.errstate(over="ignore"):  # e to a large number: its part is 0
        gate /= 1 + np.exp(-gate)
    return layer.applied(gate * layer.applied(x, "wide"), "back")
