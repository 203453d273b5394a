"""Which stance posts take toward a target, offline: shipped heads for five targets, and a user's own from a hand-labelled sheet."""

from collections.abc import Sequence
from functools import cache
from importlib.resources import as_file, files

import numpy as np
import pyarrow as pa

from houselights.content.stance_model import LABELS, STANCES, UNCLEAR, Encode, StanceHead, judge, load, save
from houselights.content.stance_training import fit
from houselights.core.text import normalise

__all__ = ["LABELS", "STANCES", "UNCLEAR", "Encode", "StanceHead", "fit", "judge", "known_target", "load", "save", "shipped", "stances"]

ALIASES: dict[str, tuple[str, ...]] = {}


@cache
def shipped() -> dict[str, StanceHead]:
    """The heads that come with houselights, by the name of their target."""
    with as_file(files("houselights.content") / "heads" / "stance.npz") as path:
        return {head.target: head for head in load(path)}
