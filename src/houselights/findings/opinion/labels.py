"""Errors of a classifier, from an audited sample, carried into the counts.

What a predicted label is worth, P(true | predicted), hangs on how frequent the labels are, and a group that says one thing only has other
frequencies than everybody else. So it is taken from the sample twice: from posts by accounts of findings for the groups' part, and from all
others for theirs (post-stratification; Särndal, Swensson and Wretman 1992, 7.6). A classifier that knows nothing then gives what the sheet
says by itself."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from houselights.findings.opinion.estimate import Drawn, Floats

PRIOR = 1.0
"""Observations, spread evenly over the labels that the sheet has at all (Perks 1947)."""
SHARED = 1.0
"""Observations that a stratum takes over from both together: all that it has where nothing of it was audited."""
OTHERS, GROUPS = 0, 1


@dataclass(frozen=True)
class Audit:
    """n [2, C predicted, C labelled]: effective numbers of audited posts, [0] by accounts outside findings, [1] by those in them."""

    n: NDArray[np.float64]

    def worth(self, draws: int, rng: np.random.Generator | None) -> Floats:
        """[draws, 2, C predicted, C true] P(true | predicted), rows add up to one; the mean, once, where `rng` is None.

        Labels that nobody gave have none."""
        used = self.n.sum(axis=(0, 1)) > 0
        alpha = self.n.sum(axis=0)[:, used] + PRIOR / used.sum()
        if rng is None:
            alpha = alpha[None]
        both = _dirichlet(alpha, draws, rng)
        each = _dirichlet(self.n[None][..., used] + SHARED * both[:, None], draws, rng)
        out = np.zeros((*each.shape[:3], self.n.shape[2]))
        out[..., used] = each
        return out


def _dirichlet(alpha: Floats, draws: int, rng: np.random.Generator | None) -> Floats:
    if rng is None:
        return np.asarray(alpha / alpha.sum(axis=-1, keepdims=True))
    if alpha.ndim == 2:
        alpha = np.broadcast_to(alpha, (draws, *alpha.shape))
    x = np.maximum(rng.standard_gamma(alpha), 1e-300)
    return np.asarray(x / x.sum(axis=-1, keepdims=True))


def corrected(drawn: Drawn, audit: Audit, rng: np.random.Generator | None) -> Drawn:
    """True labels instead of predicted ones."""
    worth = audit.worth(len(drawn.total), rng)

    def true(volume: Floats, by: int) -> Floats:
        return np.asarray(
            np.einsum("bp,bpt->bt", volume, np.broadcast_to(worth[:, by], (len(volume), *worth.shape[2:])))
        )

    mine = true(drawn.manufactured, GROUPS)
    return Drawn(mine, mine + true(drawn.organic, OTHERS), true(drawn.voices, GROUPS))
