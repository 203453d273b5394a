"""Fitting stage two of the model of techniques on the states of tokens: PyTorch, one thread a fit, the same numbers each time on one machine.

A text's odds are learned from its labels alone, as the text's tokens say them together (attention-based multiple-instance learning: Ilse et al. 2018,
arXiv 1802.04712); where a set also says which words, those teach the tokens. What a set's texts are like on the whole is a constant of the set, which
is left out afterwards, so that the rest learns what differs between texts of one set.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import corpora
import numpy as np
import torch
from numpy.typing import NDArray

from houselights.content import technique_head, technique_units, token_states
from houselights.content.technique_names import LABELS

Floats = NDArray[np.float32]
MOST_TOKENS = 160
HIDDEN, EPOCHS, BATCH, RATE, DECAY, DROPPED = 96, 7, 64, 1e-3, 0.02, 0.3
OF_TOKENS = 0.1
"""Weight of what tokens are taught beside what texts are."""


@dataclass(frozen=True)
class Texts:
    """e examples, their tokens one after another: states in half precision on disk."""

    states: NDArray[np.float16]  # [tokens, WIDTH]
    starts: NDArray[np.int64]  # [e + 1]
    inside: NDArray[np.int8]  # [tokens, techniques] 1 in a span, 0 outside, -1 where nothing is known
    Y: Floats  # [e, techniques]
    M: Floats  # [e, techniques] 1 where annotated
    corpus: NDArray[np.int64]  # [e]


def texts_of(examples: Sequence[corpora.Example], cache: Path) -> Texts:
    """Reads every example once; `cache` keeps the states."""
    cache.mkdir(parents=True, exist_ok=True)
    read, sizes, marks = token_states.reader(), [], []
    path = cache / f"states-{len(examples)}.f16"
    with path.open("wb") as out:
        said = [technique_units.clean(e.text) for e in examples]
        for e, (states, bounds) in zip(examples, read(said), strict=True):
            states, bounds = states[:MOST_TOKENS], bounds[:MOST_TOKENS]
            out.write(states.astype(np.float16).tobytes())
            sizes.append(len(states))
            marks.append(inside(e, bounds))
    starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    states = np.memmap(path, np.float16, "r", shape=(int(starts[-1]), token_states.WIDTH))
    Y = np.array([[t in e.all_labels for t in LABELS] for e in examples], np.float32)
    M = np.array([[t not in e.all_unknown for t in LABELS] for e in examples], np.float32)
    names = sorted({e.corpus for e in examples})
    return Texts(states, starts, np.concatenate(marks), Y, M, np.array([names.index(e.corpus) for e in examples]))


def inside(example: corpora.Example, bounds: NDArray[np.int64]) -> NDArray[np.int8]:
    """[tokens, techniques] 1 where a token lies in a span of the technique, 0 where it does not, -1 where the set does not say."""
    out = np.full((len(bounds), len(LABELS)), -1, np.int8)
    if example.spans is None:
        return out
    of = {t: [(x, y) for name, x, y in example.all_spans if name == t] for t in LABELS}
    for j, technique in enumerate(LABELS):
        if technique in example.all_labels:
            out[:, j] = [any(x < b and y > a for x, y in of[technique]) for a, b in bounds.tolist()]
    return out


class _Head(torch.nn.Module):
    def __init__(self, n_corpora: int) -> None:
        super().__init__()
        k = len(LABELS)
        self.project = torch.nn.Linear(token_states.WIDTH, HIDDEN)
        self.near = torch.nn.Conv1d(HIDDEN, HIDDEN, 3, padding=1)
        self.token = torch.nn.Linear(HIDDEN, k)
        self.attend = torch.nn.Linear(HIDDEN, k)
        self.whole = torch.nn.Linear(2 * HIDDEN, k)
        self.set = torch.nn.Embedding(n_corpora, k)
        torch.nn.init.zeros_(self.set.weight)

    def forward(self, x: Any, mask: Any, corpus: Any) -> tuple[Any, Any]:
        drop = torch.nn.functional.dropout
        h = torch.relu(self.project(drop(x, DROPPED / 2, self.training))) * mask
        h = h + torch.relu(self.near(h.transpose(1, 2)).transpose(1, 2))
        h = drop(h, DROPPED, self.training) * mask
        token = self.token(h)
        share = self.attend(h).masked_fill(mask == 0, -1e4).softmax(1)
        largest, mean = h.masked_fill(mask == 0, -1e4).max(1).values, h.sum(1) / mask.sum(1)
        return (share * token).sum(1) + self.whole(torch.cat([largest, mean], 1)) + self.set(corpus), token


def fitted(texts: Texts, rows: NDArray[np.int64], seed: int) -> dict[str, Floats]:
    """The weights of stage two, as `TechniqueModel` has them, from these examples."""
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    head = _Head(int(texts.corpus.max()) + 1).train()
    optimizer = torch.optim.AdamW(head.parameters(), lr=RATE, weight_decay=DECAY)
    n_steps, step = EPOCHS * -(-len(rows) // BATCH), 0
    for _ in range(EPOCHS):
        for batch in batches(np.diff(texts.starts), rows, rng, BATCH, 30):
            for group in optimizer.param_groups:
                group["lr"] = RATE * min(1.0, step / 200) * max(0.0, 1 - step / n_steps)
            optimizer.zero_grad()
            _loss(head, texts, batch).backward()
            optimizer.step()
            step += 1
    return _weights(head)


def batches(
    sizes: NDArray[np.int64], rows: NDArray[np.int64], rng: np.random.Generator, batch: int, alike: int
) -> list[NDArray[np.int64]]:
    """Texts of about one length together, in random order: each `alike` batches are drawn at random and sorted by length among themselves."""
    mixed = rng.permutation(rows)
    out = []
    for begin in range(0, len(mixed), alike * batch):
        some = mixed[begin : begin + alike * batch]
        some = some[np.argsort(sizes[some], kind="stable")]
        out += [some[i : i + batch] for i in range(0, len(some), batch)]
    return [out[i] for i in rng.permutation(len(out))]


def _loss(head: _Head, texts: Texts, batch: NDArray[np.int64]) -> Any:
    sizes = np.diff(texts.starts)[batch]
    x = np.zeros((len(batch), int(sizes.max()), token_states.WIDTH), np.float32)
    mask = np.zeros((*x.shape[:2], 1), np.float32)
    inside = np.full((*x.shape[:2], len(LABELS)), -1, np.float32)
    for r, (i, n) in enumerate(zip(batch.tolist(), sizes.tolist(), strict=True)):
        at = slice(texts.starts[i], texts.starts[i] + n)
        x[r, :n], mask[r, :n], inside[r, :n] = texts.states[at], 1, texts.inside[at]
    odds, token = head(torch.from_numpy(x), torch.from_numpy(mask), torch.from_numpy(texts.corpus[batch]))
    bce = torch.nn.functional.binary_cross_entropy_with_logits
    Y, M = torch.from_numpy(texts.Y[batch]), torch.from_numpy(texts.M[batch])
    known = torch.from_numpy(inside)
    of_tokens = bce(token, known.clamp(min=0), reduction="none") * (known >= 0)
    return (bce(odds, Y, reduction="none") * M).sum() / len(batch) + OF_TOKENS * of_tokens.sum() / len(batch) / 10


def _weights(head: _Head) -> dict[str, Floats]:
    def of(values: Any) -> Floats:
        return np.asarray(values.detach().numpy(), np.float32)

    near = of(head.near.weight)  # [out, in, 3]
    return {
        "project": of(head.project.weight).T,
        "project_bias": of(head.project.bias),
        "near": np.concatenate([near[:, :, j].T for j in range(3)]),
        "near_bias": of(head.near.bias),
        "token": of(head.token.weight).T,
        "token_bias": of(head.token.bias),
        "attend": of(head.attend.weight).T,
        "attend_bias": of(head.attend.bias),
        "whole": of(head.whole.weight).T,
        "whole_bias": of(head.whole.bias),
    }


def plain(example: corpora.Example) -> str:
    return technique_head.plain(technique_units.clean(example.text))
