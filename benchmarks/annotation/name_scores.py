"""What a program can check of a narrative's name: the claim's words, no word of another claim, length, neutral wording.

Names are expected in English, whatever the posts' languages. The rubric beside this file says what a reader scores;
these points are its lower storey: they are cheap, the same each time, and blind to a wrong claim in the right words.
"""

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CLUSTERS = Path(__file__).with_name("clusters.jsonl")
MOST_WORDS = 8
BANNED = re.compile(r"\b(?:bots?|troll(?:s|ed|ing)?|fak(?:e|es|ed|ery|ing)|propagand(?:a|as|ist|ists))\b")
HANDLE_OR_LINK = re.compile(r"(?<!\w)@\w|\w://|\bwww\.|\b[\w-]+\.[a-z]{2,}/")
_NOT_DECOMPOSED = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ı": "i", "æ": "ae", "œ": "oe", "’": "'"})


@dataclass(frozen=True, slots=True)
class NameScore:
    """0 to 2 points each: the claim is there, no word of the wrong claim, short, neutral."""

    claim: int
    direction: int
    short: int
    neutral: int

    @property
    def points(self) -> int:
        return self.claim + self.direction + self.short + self.neutral


def load(path: Path = CLUSTERS) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def score(name: str, must: Sequence[Sequence[str]], wrong: Sequence[str]) -> NameScore:
    """Points of one name; a name that says nothing of the claim has no direction either, and an empty one nothing."""
    folded = fold(name)
    if not folded:
        return NameScore(0, 0, 0, 0)
    held = [any(holds(folded, word) for word in group) for group in must]
    claim = 2 if all(held) else int(any(held))
    direction = 2 if claim and not any(holds(folded, word) for word in wrong) else 0
    return NameScore(claim, direction, 2 if n_words(folded) <= MOST_WORDS else 0, 2 if neutral(folded) else 0)


def score_all(names: Mapping[str, str], clusters: Sequence[Mapping[str, Any]]) -> dict[str, NameScore]:
    """Cluster id to score; a cluster without a name scores nothing, so that silence does not pay."""
    return {c["id"]: score(names.get(c["id"], ""), c["must"], c["wrong"]) for c in clusters}


def mean_points(scores: Mapping[str, NameScore]) -> float:
    """Of 8."""
    return sum(s.points for s in scores.values()) / len(scores)


def holds(folded: str, word: str) -> bool:
    """Whether a folded text holds a word or phrase; the word may go on where it ends in *: "sell*" is in "selling"."""
    stem, more = (word[:-1], r"\w*") if word.endswith("*") else (word, "")
    return re.search(rf"(?<!\w){re.escape(fold(stem))}{more}(?!\w)", folded) is not None


def neutral(folded: str) -> bool:
    """No verdict on who speaks, and nobody's account or link."""
    return BANNED.search(folded) is None and HANDLE_OR_LINK.search(folded) is None


def n_words(text: str) -> int:
    """Pieces between spaces with a letter or digit; "smart-meter" is one."""
    return sum(any(c.isalnum() for c in piece) for piece in text.split())


def fold(text: str) -> str:
    """Lower case without accents, single spaces."""
    parts = unicodedata.normalize("NFKD", text.casefold().translate(_NOT_DECOMPOSED))
    kept = (c for c in parts if unicodedata.category(c) not in {"Mn", "Cf"})
    return " ".join("".join(kept).split())
