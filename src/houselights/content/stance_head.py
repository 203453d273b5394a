"""Which stance posts take toward a target, offline: shipped heads for five targets, and a user's own from a hand-labelled sheet."""

from collections.abc import Sequence
from functools import cache
from importlib.resources import as_file, files

import numpy as np
import pyarrow as pa

from houselights.content.stance_model import LABELS, STANCES, UNCLEAR, Encode, StanceHead, judge, load, save
from houselights.content.stance_training import fit
from houselights.core.text import normalise

__all__ = [
    "LABELS",
    "STANCES",
    "UNCLEAR",
    "Encode",
    "StanceHead",
    "fit",
    "judge",
    "known_target",
    "load",
    "save",
    "shipped",
    "stances",
]

VERSION = "stance-1"
ALIASES = {
    "legalization of abortion": (
        "legalisation of abortion",
        "legalizing abortion",
        "legalising abortion",
        "legal abortion",
        "abortion rights",
        "abortion",
        "a woman's right to abortion",
        "pro-choice",
    ),
    "atheism": ("atheists", "being an atheist", "atheism is right"),
    "climate change is a real concern": (
        "climate",
        "climate change",
        "global warming is real",
        "climate change is caused by humans",
    ),
    "feminist movement": ("feminism", "feminists", "feminist"),
    "Hillary Clinton": ("Hillary", "Hillary Clinton for president"),
}
"""Other names of the targets of SemEval-2016 task 6. To favour one is to favour the other."""
_ARTICLES = frozenset(("the", "a", "an"))


@cache
def shipped() -> dict[str, StanceHead]:
    """The heads that come with houselights, by the name of their target; made for the embedded model of meaning."""
    with as_file(files("houselights.content") / "heads" / "stance.npz") as path:
        return {head.target: head for head in load(path)}


def known_target(target: str) -> str | None:
    """The shipped target that `target` names, by one of its names word for word; letter case, spaces, articles and # aside. None for all else.

    Never by likeness: a model of meaning takes "end abortion rights" for "abortion rights", and every answer would be upside down."""
    words = _bare(target)
    for name, aliases in ALIASES.items():
        if words and words in {_bare(alias) for alias in (name, *aliases)}:
            return name
    return None


def _bare(target: str) -> tuple[str, ...]:
    return tuple(w for w in normalise(target).replace("#", "").split() if w not in _ARTICLES)


def stances(said: Sequence[str], target: str, encode: Encode) -> pa.Table:
    """Texts -> one row each of STANCES: text_index, label ("favour", "against", "neither", "unclear"), confidence, start, end (see `judge`).

    `encode` gives the embedded model's vectors [texts, 512] (`embedding.vectors`; `embedding.chosen` names the extra where it is missing).
    For any other target than the five of `ALIASES` each label is "unclear" with confidence 0: trained on four targets and asked for the
    fifth, a head was right less often than the most frequent label, and its surest answers were reliable on one target of five
    (docs/heads-stance.md). Label a sheet and use `fit` and `judge` there. Linear, and no text raises."""
    name = known_target(target)
    if name is not None:
        return judge(said, shipped()[name], encode)
    n = len(said)
    zeros = np.zeros(n, np.int64)
    return pa.table([np.arange(n), pa.array([UNCLEAR] * n, pa.string()), np.zeros(n), zeros, zeros], schema=STANCES)
