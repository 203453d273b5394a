"""Words that set a narrative apart: class-based TF-IDF (Grootendorst 2022, arXiv 2203.05794, section 3.3)."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from houselights.content.texts import words

N_KEYWORDS = 8
N_IN_NAME = 4
_SHORTEST = 3  # characters of a word; scripts without spaces come in pairs


def of_clusters(texts: Sequence[str], label: NDArray[np.int64], n_posts: NDArray[np.int64]) -> list[list[str]]:
    """Per cluster its keywords, the most telling first: tf in the cluster times log(1 + words of an average cluster / count in all texts).

    A word must stand in two of a cluster's texts, if it has two. n_posts: [texts] how many posts say each; at most ten count.
    """
    n = int(label.max(initial=-1)) + 1
    inside: list[Counter[str]] = [Counter() for _ in range(n)]
    spread: list[Counter[str]] = [Counter() for _ in range(n)]
    everywhere: Counter[str] = Counter()
    n_texts = np.bincount(label[label >= 0], minlength=n)
    for text, of, posts in zip(texts, label.tolist(), n_posts.tolist(), strict=True):
        found = _telling(text)
        everywhere.update(found)
        if of >= 0:
            for word in found:
                inside[of][word] += min(posts, 10)
            spread[of].update(set(found))
    average = sum(everywhere.values()) / max(n, 1)
    out = []
    for k in range(n):
        total = sum(inside[k].values())
        least = min(2, int(n_texts[k]))
        score = {
            w: c / total * np.log(1 + average / everywhere[w]) for w, c in inside[k].items() if spread[k][w] >= least
        }
        out.append(sorted(score, key=lambda w: (-score[w], w))[:N_KEYWORDS])
    return out


def name(keywords: Sequence[str]) -> str:
    return " · ".join(keywords[:N_IN_NAME])


def _telling(text: str) -> list[str]:
    """Its words without short ones, numbers, handles."""
    return [
        w for w in words(text) if not w.startswith("@") and not w.isdigit() and (len(w) >= _SHORTEST or not w.isascii())
    ]
