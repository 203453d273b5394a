"""Tuning stage three of the model of techniques: low-rank changes of the encoder's upper layers, and what they say. PyTorch, one thread a fit.

The lower layers stay as they are, so their states are computed once for all fits. Texts teach by their labels; where a set says which words, those
teach the tokens. English paragraphs are left out: they are lines of `ptc` once more. A text without any technique is read in every other pass.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

import corpora
import numpy as np
import token_head
import torch
from numpy.typing import NDArray

from houselights.content import technique_units, tuned_encoder
from houselights.content.technique_names import LABELS
from houselights.content.tuned_encoder import WIDTH, Changes, Encoder

Floats = NDArray[np.float32]
FOLDS = 3
UPPER, RANK, PASSES, BATCH, DROPPED = 6, 8, 4, 32, 0.2
RATE, HEAD_RATE, WARM_STEPS = 1e-3, 2e-3, 100
OF_TOKENS = 0.01
_KINDS = ("qkv", "out", "wide", "back")


def fold_of(example: corpora.Example) -> int:
    """By article, apart from the folds of stages one and two."""
    return int.from_bytes(blake2b(f"stage three {example.group}".encode(), digest_size=8).digest(), "big") % FOLDS


@dataclass(frozen=True)
class Texts:
    """e examples; states of their tokens after the lower layers, one after another, in half precision on disk."""

    states: NDArray[np.float16]  # [tokens, WIDTH]
    starts: NDArray[np.int64]  # [e + 1]
    inside: list[NDArray[np.int8]]  # e times [tokens, techniques] 1 in a span, 0 outside, -1 where nothing is known
    Y: Floats  # [e, techniques]
    M: Floats  # [e, techniques] 1 where annotated
    corpus: NDArray[np.int64]  # [e]
    teaches: NDArray[np.bool_]  # [e]

    @property
    def sizes(self) -> NDArray[np.int64]:
        return np.diff(self.starts)


def texts_of(examples: Sequence[corpora.Example], cache: Path) -> Texts:
    """Reads every example once; `cache` keeps the states."""
    encoder = Encoder(None)
    read = [encoder.tokens(technique_units.clean(e.text)) for e in examples]
    starts = np.concatenate([[0], np.cumsum([len(ids) for ids, _ in read])]).astype(np.int64)
    path = cache / f"lower-{len(examples)}-{starts[-1]}.f16"
    if not path.exists():
        part = path.with_suffix(".part")
        with part.open("wb") as out:
            for ids, _ in read:
                [states] = encoder.states([ids], len(encoder.layers) - UPPER)
                out.write(states.astype(np.float16).tobytes())
        part.rename(path)
    names = sorted({e.corpus for e in examples})
    return Texts(
        np.memmap(path, np.float16, "r", shape=(int(starts[-1]), WIDTH)),
        starts,
        [token_head.inside(e, bounds) for e, (_, bounds) in zip(examples, read, strict=True)],
        np.array([[t in e.all_labels for t in LABELS] for e in examples], np.float32),
        np.array([[t not in e.all_unknown for t in LABELS] for e in examples], np.float32),
        np.array([names.index(e.corpus) for e in examples]),
        np.array([e.corpus != "semeval2023-en" for e in examples]),
    )


class _Changed(torch.nn.Module):
    """One layer as it is, with thin matrices that learn beside each of its matrices."""

    def __init__(self, layer: tuned_encoder.Layer, n_heads: int, eps: float) -> None:
        super().__init__()
        self.n_heads, self.eps = n_heads, eps
        self.held = {kind: tuple(map(torch.from_numpy, getattr(layer, kind))) for kind in (*_KINDS, "first", "second")}
        self.down, self.up = torch.nn.ParameterDict(), torch.nn.ParameterDict()
        for kind in _KINDS:
            n_in, n_out = self.held[kind][0].shape
            self.down[kind] = torch.nn.Parameter(torch.randn(n_in, RANK) / n_in**0.5)
            self.up[kind] = torch.nn.Parameter(torch.zeros(RANK, n_out))

    def _applied(self, x: Any, kind: str) -> Any:
        matrix, constant = self.held[kind]
        return x @ matrix + constant + (x @ self.down[kind]) @ self.up[kind]

    def _normed(self, x: Any, which: str) -> Any:
        return torch.nn.functional.layer_norm(x, x.shape[-1:], *self.held[which], self.eps)

    def forward(self, x: Any, hidden: Any) -> Any:
        n, most, width = x.shape
        q, k, v = self._applied(x, "qkv").view(n, most, 3, self.n_heads, width // self.n_heads).permute(2, 0, 3, 1, 4)
        seen = torch.nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=hidden)
        x = self._normed(x + self._applied(seen.transpose(1, 2).reshape(n, most, width), "out"), "first")
        wide = torch.nn.functional.gelu(self._applied(x, "wide"))
        return self._normed(x + self._applied(wide, "back"), "second")


class _Head(torch.nn.Module):
    def __init__(self, n_corpora: int, base_rate: Any) -> None:
        super().__init__()
        k = len(LABELS)
        self.token, self.attend = torch.nn.Linear(WIDTH, k), torch.nn.Linear(WIDTH, k)
        self.whole = torch.nn.Linear(2 * WIDTH, k)
        self.set = torch.nn.Embedding(n_corpora, k)
        torch.nn.init.zeros_(self.set.weight)
        self.whole.bias.data = torch.logit(base_rate) / 2
        self.token.bias.data = torch.logit(base_rate) / 2

    def forward(self, x: Any, inside: Any, corpus: Any) -> tuple[Any, Any]:
        outside = ~inside[..., None]
        h = torch.nn.functional.dropout(x, DROPPED, self.training)
        token = self.token(h)
        share = self.attend(h).masked_fill(outside, -1e4).softmax(1)
        largest = h.masked_fill(outside, -1e4).max(1).values
        mean = h.masked_fill(outside, 0).sum(1) / inside.sum(1, keepdim=True)
        return (share * token).sum(1) + self.whole(torch.cat([largest, mean], 1)) + self.set(corpus), token


def fitted(texts: Texts, rows: NDArray[np.int64], seed: int) -> tuple[Changes, dict[str, Floats]]:
    """(changes of the encoder, the weights of stage three as `TechniqueModel` has them) from these examples."""
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    rows = rows[texts.teaches[rows]]
    encoder = Encoder(None)
    upper = torch.nn.ModuleList([_Changed(layer, encoder.n_heads, encoder.eps) for layer in encoder.layers[-UPPER:]])
    Y, M = texts.Y[texts.teaches], texts.M[texts.teaches]
    rate = np.clip((Y * M).sum(0) / np.maximum(M.sum(0), 1), 1e-4, 0.9).astype(np.float32)
    head = _Head(int(texts.corpus.max()) + 1, torch.from_numpy(rate)).train()
    learning = [
        {"params": upper.parameters(), "lr": RATE, "weight_decay": 0.01},
        {"params": head.parameters(), "lr": HEAD_RATE},
    ]
    optimizer = torch.optim.AdamW(learning)
    silent = texts.Y[rows].sum(1) == 0
    n_steps, step = PASSES * int((~silent).sum() + silent.sum() / 2) // BATCH + 1, 0
    for _ in range(PASSES):
        read = rows[~silent | (rng.random(len(rows)) < 0.5)]
        for batch in token_head.batches(texts.sizes, read, rng, BATCH, 50):
            for group, own in zip(optimizer.param_groups, (RATE, HEAD_RATE), strict=True):
                group["lr"] = own * min(1.0, step / WARM_STEPS) * max(0.02, 1 - step / n_steps)
            loss = _loss(upper, head, texts, batch)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(upper.parameters(), 1.0)
            optimizer.step()
            step += 1
            if step % 100 == 0:
                print(f"seed {seed}: step {step} of {n_steps}, loss {loss.item():.2f}", flush=True)
    return _changes(upper), _weights(head)


def _loss(upper: Any, head: _Head, texts: Texts, batch: NDArray[np.int64]) -> Any:
    sizes = texts.sizes[batch]
    x = np.zeros((len(batch), int(sizes.max()), WIDTH), np.float32)
    inside = np.zeros(x.shape[:2], np.bool_)
    known = np.full((*x.shape[:2], len(LABELS)), -1, np.float32)
    for r, (i, n) in enumerate(zip(batch.tolist(), sizes.tolist(), strict=True)):
        x[r, :n], inside[r, :n], known[r, :n] = texts.states[texts.starts[i] :][:n], True, texts.inside[i]
    there = torch.from_numpy(inside)
    hidden = torch.zeros(there.shape).masked_fill(~there, -1e9)[:, None, None, :]
    state = torch.from_numpy(x)
    for layer in upper:
        state = layer(state, hidden)
    odds, token = head(state, there, torch.from_numpy(texts.corpus[batch]))
    bce = torch.nn.functional.binary_cross_entropy_with_logits
    of_text = (bce(odds, torch.from_numpy(texts.Y[batch]), reduction="none") * torch.from_numpy(texts.M[batch])).sum()
    told = torch.from_numpy(known)
    of_tokens = (bce(token, told.clamp(min=0), reduction="none") * (told >= 0)).sum()
    return (of_text + OF_TOKENS * of_tokens) / len(batch)


def _of(values: Any) -> Floats:
    return np.asarray(values.detach().numpy(), np.float32)


def _changes(upper: Any) -> Changes:
    return Changes(
        **{
            f"{kind}_{way}": np.stack([_of(getattr(layer, way)[kind]) for layer in upper])
            for kind in _KINDS
            for way in ("down", "up")
        }
    )


def _weights(head: _Head) -> dict[str, Floats]:
    parts = {"token": head.token, "attend": head.attend, "whole": head.whole}
    return {f"late_{name}": _of(part.weight).T for name, part in parts.items()} | {
        f"late_{name}_bias": _of(part.bias) for name, part in parts.items()
    }
