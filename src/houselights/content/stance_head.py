"""Which stance posts take toward a target, offline: shipped heads for five targets, and a user's own from a hand-labelled sheet."""

from collections.abc import Sequence
from functools import cache
from importlib.resources import as_file, files
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from houselights.content import texts
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
OTHERS = (
    "banning abortion",
    "abortion ban",
    "restrict abortion",
    "abortion is murder",
    "against abortion",
    "pro-life",
    "right to life",
    "religion",
    "Christianity",
    "Islam",
    "faith in God",
    "God exists",
    "against atheism",
    "climate change is a hoax",
    "climate change is not real",
    "climate scepticism",
    "climate policy",
    "global warming is a lie",
    "fossil fuels",
    "against feminism",
    "anti-feminism",
    "men's rights",
    "gender equality",
    "against Hillary Clinton",
    "Hillary Clinton in prison",
    "Donald Trump",
    "Bill Clinton",
    "Bernie Sanders",
    "Barack Obama",
)
"""Near in meaning, yet other targets, often the very opposite: a model of meaning puts "banning abortion" next to "legal abortion" (.81)."""
NEAR_0_1 = 0.9
NEARER_THAN_OTHERS = 0.1
"""Both set by hand on 53 phrases: no wrong one passes, "legalising abortion" does, "outlaw abortion" (.90, but .07 nearer only) does not."""


@cache
def shipped() -> dict[str, StanceHead]:
    """The heads that come with houselights, by the name of their target; made for the embedded model of meaning."""
    with as_file(files("houselights.content") / "heads" / "stance.npz") as path:
        return {head.target: head for head in load(path)}


def known_target(target: str, encode: Encode) -> str | None:
    """The shipped target that `target` names, by its words or, strictly, by its meaning. None for all else, an opposite included."""
    words = normalise(target).replace("#", "")
    for name, aliases in ALIASES.items():
        if words in {normalise(alias) for alias in (name, *aliases)}:
            return name
    phrase = texts.meaning(target)
    if not words or not phrase or words in {normalise(other) for other in OTHERS}:
        return None
    names = [(name, alias) for name, aliases in ALIASES.items() for alias in (name, *aliases)]
    found = _unit(encode([phrase, *(alias for _, alias in names), *OTHERS]))
    near = found[1:] @ found[0]
    aliases, others = near[: len(names)], near[len(names) :]
    best = int(aliases.argmax())
    if aliases[best] < NEAR_0_1 or aliases[best] < others.max() + NEARER_THAN_OTHERS:
        return None
    return names[best][0]


def _unit(vectors: NDArray[Any]) -> NDArray[np.float64]:
    wide = np.asarray(vectors, np.float64)
    return np.asarray(wide / np.maximum(np.linalg.norm(wide, axis=1, keepdims=True), 1e-9))


def stances(said: Sequence[str], target: str, encode: Encode) -> pa.Table:
    """Texts -> one row each of STANCES: text_index, label ("favour", "against", "neither", "unclear"), confidence, start, end (see `judge`).

    `encode` gives the embedded model's vectors [texts, 512] (`embedding.vectors`; `embedding.chosen` names the extra where it is missing).
    For any other target than the five of `ALIASES` each label is "unclear" with confidence 0: trained on four targets and asked for the
    fifth, a head was right less often than the most frequent label, and its surest answers were reliable on one target of five
    (docs/heads-stance.md). Label a sheet and use `fit` and `judge` there. Linear, and no text raises."""
    name = known_target(target, encode)
    if name is not None:
        return judge(said, shipped()[name], encode)
    n = len(said)
    zeros = np.zeros(n, np.int64)
    return pa.table([np.arange(n), pa.array([UNCLEAR] * n, pa.string()), np.zeros(n), zeros, zeros], schema=STANCES)
