"""How much the words of a text say of each claim: BM25 (Robertson and Zaragoza 2009, The Probabilistic Relevance Framework, section 3.2)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from houselights.content.texts import words

K1 = 1.2
"""How soon a repeated word stops to count."""
B = 0.75
"""How much a long claim has to have more of it."""


@dataclass(frozen=True)
class Index:
    """t texts and c claims over v words."""

    texts: sparse.csr_matrix  # [t, v] 1 where the text has the word
    claims: sparse.csr_matrix  # [v, c] weight of the word in the claim

    def scores(self, begin: int, end: int) -> NDArray[np.float64]:
        """[end - begin, c] BM25 of every claim for some of the texts, in words that stand once in all claims and texts; 0 without a shared word."""
        return np.asarray((self.texts[begin:end] @ self.claims).toarray(), np.float64)


def index(texts: Sequence[str], claims: Sequence[str]) -> Index:
    """A word weighs by how few claims *and texts* have it: in a list of a dozen claims alone 'the' would be rare.

    idf = ln(1 + (N - df + .5) / (df + .5)) as a share of that of a word with df = 1, so that scores mean the same for lists of any length.
    """
    said, claimed = [words(t) for t in texts], [words(c) for c in claims]
    number = {w: i for i, w in enumerate(sorted(set(chain(*said, *claimed))))}
    has = _counts(said, number)
    has.data[:] = 1.0
    tf = _counts(claimed, number)
    df = np.bincount(np.concatenate([has.indices, tf.indices]), minlength=len(number))
    n = len(texts) + len(claims)
    idf = np.log1p((n - df + 0.5) / (df + 0.5)) / np.log1p((n - 0.5) / 1.5)
    length = np.asarray(tf.sum(axis=1)).ravel()
    slow = K1 * (1 - B + B * length / max(float(length.mean()) if len(length) else 0.0, 1.0))
    row = np.repeat(np.arange(len(claims)), np.diff(tf.indptr))
    tf.data = tf.data * (K1 + 1) / (tf.data + slow[row]) * idf[tf.indices]
    return Index(has, tf.T.tocsr())


def _counts(of: Iterable[list[str]], number: dict[str, int]) -> sparse.csr_matrix:
    """[documents, words] how often."""
    columns, ends = [], [0]
    for found in of:
        columns += [number[w] for w in found]
        ends.append(len(columns))
    shape = (len(ends) - 1, len(number))
    out = sparse.csr_matrix((np.ones(len(columns)), np.array(columns, np.int64), np.array(ends)), shape=shape)
    out.sum_duplicates()
    return out
