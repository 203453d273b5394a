"""Tuning stage four of the model of techniques: low-rank changes of some of the embedded language model's layers, and what they say. PyTorch.

Half precision (bfloat16) throughout: it needs a processor with AMX, where a fold takes some 40 minutes on a core, or a GPU. The lower layers stay
as they are, so their states are computed once for all fits. Texts teach as in stage three (`encoder_tuning`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import corpora
import numpy as np
import token_head
import torch
from encoder_tuning import OF_TOKENS
from numpy.typing import NDArray

from houselights.content import technique_units
from houselights.content.technique_names import LABELS
from houselights.content.tuned_decoder import Changes, Decoder, Layer

Floats = NDArray[np.float32]
LOWER, UPPER, RANK, PASSES, BATCH, DROPPED = 10, 6, 8, 2, 32, 0.2
RATE, HEAD_RATE, WARM_STEPS = 5e-4, 1e-3, 60
HALF = torch.bfloat16
_AT_ONCE = 24


class _Block(torch.nn.Module):
    """One layer as it is; where it learns, with thin matrices beside each of its matrices."""

    def __init__(self, layer: Layer, decoder: Decoder, learns: bool) -> None:
        super().__init__()
        self.decoder, self.learns = decoder, learns
        self.matrix = {kind: torch.from_numpy(np.ascontiguousarray(m)).to(HALF) for kind, m in layer.matrix.items()}
        self.bias = {kind: torch.from_numpy(b).to(HALF) for kind, b in layer.bias.items()}
        self.first, self.second = (torch.from_numpy(gain).to(HALF) for gain in (layer.first, layer.second))
        self.down, self.up = torch.nn.ParameterDict(), torch.nn.ParameterDict()
        for kind, matrix in self.matrix.items() if learns else ():
            n_in, n_out = matrix.shape
            self.down[kind] = torch.nn.Parameter(torch.randn(n_in, RANK) / n_in**0.5)
            self.up[kind] = torch.nn.Parameter(torch.zeros(RANK, n_out))

    def _applied(self, x: Any, kind: str) -> Any:
        out = x @ self.matrix[kind]
        if kind in self.bias:
            out = out + self.bias[kind]
        if self.learns:
            out = out + (x @ self.down[kind].to(HALF)) @ self.up[kind].to(HALF)
        return out

    def _scaled(self, x: Any, gain: Any) -> Any:
        wide = x.float()
        return (wide * torch.rsqrt(wide.pow(2).mean(-1, keepdim=True) + self.decoder.eps)).to(HALF) * gain

    def _heads(self, x: Any, kind: str, n: int, turn: tuple[Any, Any] | None) -> Any:
        x = self._applied(x, kind).view(x.shape[0], x.shape[1], n, -1).transpose(1, 2)
        if turn is None:
            return x
        a, b = x.chunk(2, -1)
        return torch.cat([a * turn[0] - b * turn[1], b * turn[0] + a * turn[1]], -1)

    def forward(self, x: Any, hidden: Any) -> Any:
        """x: [texts, tokens, width]; hidden: added to the odds of attention, very small where a token is not seen."""
        n, n_tokens, width = x.shape
        shared = self.decoder.n_heads // self.decoder.n_shared
        turn = tuple(torch.from_numpy(t).to(HALF) for t in self.decoder.turns(np.arange(n_tokens)))
        h = self._scaled(x, self.first)
        q = self._heads(h, "query", self.decoder.n_heads, turn)
        k = self._heads(h, "key", self.decoder.n_shared, turn).repeat_interleave(shared, 1)
        v = self._heads(h, "value", self.decoder.n_shared, None).repeat_interleave(shared, 1)
        # by hand: the backward pass of scaled_dot_product_attention takes half of all time on a CPU
        share = ((q * q.shape[-1] ** -0.5) @ k.transpose(-1, -2) + hidden).softmax(-1)
        x = x + self._applied((share @ v).transpose(1, 2).reshape(n, n_tokens, width), "out")
        h = self._scaled(x, self.second)
        wide = torch.nn.functional.silu(self._applied(h, "gate")) * self._applied(h, "wide")
        return x + self._applied(wide, "back")


@dataclass(frozen=True)
class States:
    """Of several texts: states of their tokens after the lower layers, one after another, in half precision (bfloat16, as whole numbers) on disk."""

    held: NDArray[np.int16]  # [tokens, width]
    starts: NDArray[np.int64]  # [texts + 1]
    ids: list[NDArray[np.int64]]

    @property
    def sizes(self) -> NDArray[np.int64]:
        return np.diff(self.starts)

    def of(self, rows: NDArray[np.int64]) -> tuple[Any, Any]:
        """([texts, tokens, width] states, [texts, tokens] which of them are there)"""
        sizes = self.sizes[rows]
        x = np.zeros((len(rows), int(sizes.max()), self.held.shape[1]), np.int16)
        there = np.zeros(x.shape[:2], np.bool_)
        for r, (i, n) in enumerate(zip(rows.tolist(), sizes.tolist(), strict=True)):
            x[r, :n], there[r, :n] = self.held[self.starts[i] :][:n], True
        return torch.from_numpy(x).view(HALF), torch.from_numpy(there)


def by_length(sizes: NDArray[np.int64], most: int) -> Iterator[NDArray[np.int64]]:
    order = np.argsort(sizes, kind="stable")
    for begin in range(0, len(order), most):
        yield order[begin : begin + most]


def lower_states(texts: Sequence[str], decoder: Decoder, cache: Path, name: str) -> States:
    """Reads every text once; `cache` keeps the states."""
    ids = [decoder.tokens(text) for text in texts]
    starts = np.concatenate([[0], np.cumsum([len(own) for own in ids])]).astype(np.int64)
    path = cache / f"{name}-{starts[-1]}.bf16"
    shape = (int(starts[-1]), decoder.width)
    if not path.exists():
        part = path.with_suffix(".part")
        out = np.memmap(part, np.int16, "w+", shape=shape)
        blocks = [_Block(decoder.layer(i), decoder, False) for i in range(LOWER)]
        with torch.no_grad():
            for rows in by_length(np.diff(starts), _AT_ONCE):
                most = max(len(ids[i]) for i in rows)
                padded = np.zeros((len(rows), most), np.int64)
                for r, i in enumerate(rows.tolist()):
                    padded[r, : len(ids[i])] = ids[i]
                x = torch.from_numpy(decoder.words(padded.ravel()).reshape(*padded.shape, -1)).to(HALF)
                hidden = torch.full((most, most), -1e9).triu(1).to(HALF)
                for block in blocks:
                    x = block(x, hidden)
                for r, i in enumerate(rows.tolist()):
                    out[starts[i] : starts[i + 1]] = x[r, : len(ids[i])].view(torch.int16).numpy()
        out.flush()
        part.rename(path)
    return States(np.memmap(path, np.int16, "r", shape=shape), starts, ids)


@dataclass(frozen=True)
class Texts:
    """e examples."""

    states: States
    inside: list[NDArray[np.int8]]  # e times [tokens, techniques] 1 in a span, 0 outside, -1 where nothing is known
    Y: Floats  # [e, techniques]
    M: Floats  # [e, techniques] 1 where annotated
    corpus: NDArray[np.int64]  # [e]


def texts_of(examples: Sequence[corpora.Example], decoder: Decoder, cache: Path) -> Texts:
    """English paragraphs teach nothing: they are lines of `ptc` once more."""
    said = [technique_units.clean(e.text) for e in examples]
    states = lower_states(said, decoder, cache, "decoder-texts")
    names = sorted({e.corpus for e in examples})
    return Texts(
        states,
        [
            token_head.inside(e, _bounds(text, ids, decoder))
            for e, text, ids in zip(examples, said, states.ids, strict=True)
        ],
        np.array([[t in e.all_labels for t in LABELS] for e in examples], np.float32),
        np.array([[t not in e.all_unknown for t in LABELS] for e in examples], np.float32),
        np.array([names.index(e.corpus) for e in examples]),
    )


def _bounds(text: str, ids: NDArray[np.int64], decoder: Decoder) -> NDArray[np.int64]:
    """[n, 2] where in a text its tokens lie: half-open code points."""
    said, starts = decoder.encoding.decode_with_offsets(ids.tolist())
    before = len(text) - len(text.lstrip())
    edges = np.array([*starts, len(said)], np.int64) + before
    return np.stack([edges[:-1], edges[1:]], axis=1)


class _Head(torch.nn.Module):
    def __init__(self, width: int, n_corpora: int, base_rate: Any) -> None:
        super().__init__()
        k = len(LABELS)
        self.norm = torch.nn.LayerNorm(width)
        self.token, self.attend = torch.nn.Linear(width, k), torch.nn.Linear(width, k)
        self.whole = torch.nn.Linear(2 * width, k)
        self.set = torch.nn.Embedding(n_corpora, k)
        torch.nn.init.zeros_(self.set.weight)
        self.whole.bias.data = torch.logit(base_rate) / 2
        self.token.bias.data = torch.logit(base_rate) / 2

    def forward(self, x: Any, inside: Any, corpus: Any) -> tuple[Any, Any]:
        """corpus: None where what sets are like on the whole is left out."""
        outside = ~inside[..., None]
        h = torch.nn.functional.dropout(self.norm(x.float()), DROPPED, self.training)
        token = self.token(h)
        share = self.attend(h).masked_fill(outside, -1e4).softmax(1)
        largest = h.masked_fill(outside, -1e4).max(1).values
        mean = h.masked_fill(outside, 0).sum(1) / inside.sum(1, keepdim=True)
        odds = (share * token).sum(1) + self.whole(torch.cat([largest, mean], 1))
        return (odds if corpus is None else odds + self.set(corpus)), token


class Tuned:
    """The upper layers and the head, while they learn and when they predict."""

    def __init__(self, decoder: Decoder, n_corpora: int, base_rate: Any) -> None:
        self.upper = torch.nn.ModuleList([_Block(decoder.layer(LOWER + i), decoder, True) for i in range(UPPER)])
        self.head = _Head(decoder.width, n_corpora, base_rate).train()

    def __call__(self, x: Any, there: Any, corpus: Any) -> tuple[Any, Any]:
        hidden = torch.zeros(there.shape, dtype=HALF).masked_fill(~there, -1e9)[:, None, None, :]
        for block in self.upper:
            x = block(x, hidden)
        return self.head(x, there, corpus)

    def odds(self, states: States) -> Floats:
        """[texts, techniques]"""
        self.head.eval()
        out = np.zeros((len(states.ids), len(LABELS)), np.float32)
        with torch.no_grad():
            for rows in by_length(states.sizes, BATCH):
                out[rows] = self(*states.of(rows), None)[0].numpy()
        return out

    def changes(self) -> Changes:
        kinds = list(self.upper[0].down)
        down, up = (
            {kind: np.stack([_of(getattr(block, way)[kind]) for block in self.upper]) for kind in kinds}
            for way in ("down", "up")
        )
        return Changes(LOWER, down, up)

    def weights(self) -> dict[str, Floats]:
        """As `FourthStage` has them."""
        parts = {"token": self.head.token, "attend": self.head.attend, "whole": self.head.whole}
        return (
            {"gain": _of(self.head.norm.weight), "shift": _of(self.head.norm.bias)}
            | {name: _of(part.weight).T for name, part in parts.items()}
            | {f"{name}_bias": _of(part.bias) for name, part in parts.items()}
        )


def fitted(texts: Texts, rows: NDArray[np.int64], decoder: Decoder, seed: int) -> Tuned:
    """Learned from these examples."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    rate = np.clip((texts.Y * texts.M).sum(0) / np.maximum(texts.M.sum(0), 1), 1e-4, 0.9).astype(np.float32)
    tuned = Tuned(decoder, int(texts.corpus.max()) + 1, torch.from_numpy(rate))
    learning = [
        {"params": tuned.upper.parameters(), "lr": RATE, "weight_decay": 0.01},
        {"params": tuned.head.parameters(), "lr": HEAD_RATE},
    ]
    optimizer = torch.optim.AdamW(learning)
    silent = texts.Y[rows].sum(1) == 0
    n_steps, step = PASSES * int((~silent).sum() + silent.sum() / 2) // BATCH + 1, 0
    for _ in range(PASSES):
        read = rows[~silent | (rng.random(len(rows)) < 0.5)]
        for batch in token_head.batches(texts.states.sizes, read, rng, BATCH, 50):
            for group, own in zip(optimizer.param_groups, (RATE, HEAD_RATE), strict=True):
                group["lr"] = own * min(1.0, step / WARM_STEPS) * max(0.02, 1 - step / n_steps)
            loss = _loss(tuned, texts, batch)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(tuned.upper.parameters(), 1.0)
            optimizer.step()
            step += 1
            if step % 20 == 0:
                print(f"seed {seed}: step {step} of {n_steps}, loss {loss.item():.2f}", flush=True)
    return tuned


def _loss(tuned: Tuned, texts: Texts, batch: NDArray[np.int64]) -> Any:
    x, there = texts.states.of(batch)
    known = np.full((*there.shape, len(LABELS)), -1, np.float32)
    for r, i in enumerate(batch.tolist()):
        known[r, : len(texts.inside[i])] = texts.inside[i]
    odds, token = tuned(x, there, torch.from_numpy(texts.corpus[batch]))
    bce = torch.nn.functional.binary_cross_entropy_with_logits
    of_text = (bce(odds, torch.from_numpy(texts.Y[batch]), reduction="none") * torch.from_numpy(texts.M[batch])).sum()
    told = torch.from_numpy(known)
    of_tokens = (bce(token, told.clamp(min=0), reduction="none") * (told >= 0)).sum()
    return (of_text + OF_TOKENS * of_tokens) / len(batch)


def _of(values: Any) -> Floats:
    return np.asarray(values.detach().float().numpy(), np.float32)
