"""Handles of one family: "acme_news", "acme_sport". A stem that other accounts of the data use as well makes no
family."""

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise

MIN_STEM = 4  # characters; shorter ones recur by chance
STEM_0_1 = 0.4  # of the handle's letters that the stem must make up
COMMON_OUTSIDE_0_1 = 0.02  # of the other accounts: a stem in more of their handles names a fashion, not an owner
_TOKEN = re.compile(r"[A-Z]?[^\W\d_A-Z]+|[A-Z]+(?![^\W\d_A-Z])")


@dataclass(frozen=True)
class Family:
    """Accounts whose handles share one stem. `numbered`: most differ in digits only, as handles made in a batch do."""

    accounts: frozenset[str]
    numbered: bool


def family(handles: Mapping[str, str], share_outside: Callable[[str], float]) -> Family | None:
    """The largest set of at least two accounts whose handles share a stem (a word, a beginning or an end). None
    where there is none.

    `share_outside(stem)`: share, 0 to 1, of the other accounts whose handle holds the stem.
    """
    letters = {a: "".join(c for c in h.casefold() if c.isalpha()) for a, h in handles.items()}
    stems: Counter[str] = Counter()
    for account, handle in handles.items():
        stems.update({t.casefold() for t in _TOKEN.findall(handle)} - {letters[account]})
    stems.update(_common_starts(sorted(letters.values())))
    stems.update(s[::-1] for s in _common_starts(sorted(w[::-1] for w in letters.values())))
    families = []
    for stem in stems:
        if len(stem) < MIN_STEM:
            continue
        of_stem = frozenset(a for a, w in letters.items() if stem in w and len(stem) >= STEM_0_1 * len(w))
        if len(of_stem) >= 2:
            families.append((len(of_stem), len(stem), stem, of_stem))
    for _, _, stem, of_stem in sorted(families, key=lambda f: (-f[0], -f[1], f[2]))[:5]:
        if share_outside(stem) <= COMMON_OUTSIDE_0_1:
            apart = {letters[a] for a in of_stem}
            return Family(of_stem, numbered=2 * len(apart) <= len(of_stem) or len(apart) == 1)
    return None


def _common_starts(words: list[str]) -> set[str]:
    """Longest common beginnings of neighbours in sorted order."""
    out = set()
    for a, b in pairwise(words):
        n = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
        out.add(a[:n])
    return out
