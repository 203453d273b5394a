"""Errors of a classifier, from an audited sample, carried into the counts.

What is taken over from the sample is how a label is missed, P(predicted | true), not what a predicted label is worth, P(true | predicted):
the latter hangs on how frequent the labels are, and a group that says one thing only has other frequencies than everybody else. The
frequencies are then found for the groups' posts and for all others apart, by EM (Saerens, Latinne and Decaestecker 2002)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from houselights.findings.opinion.estimate import Drawn, Floats

PRIOR = 0.25  # of a label in each cell
ROUNDS = 200


@dataclass(frozen=True)
class Confusion:
    """n [C, C] rows of the sheet: predicted, labelled, in the order of the categories."""

    n: NDArray[np.float64]

    def missed(self, predicted: Floats, draws: int, rng: np.random.Generator | None) -> Floats:
        """[draws, C true, C predicted] P(predicted | true), rows add up to one; the mean where `rng` is None."""
        alpha = self.n + PRIOR
        if rng is None:
            worth = (alpha / alpha.sum(axis=1, keepdims=True))[None]
        else:
            worth = rng.gamma(np.broadcast_to(alpha, (draws, *alpha.shape)))
            worth /= worth.sum(axis=2, keepdims=True)
        joint = np.swapaxes(worth * np.maximum(predicted, 1e-9)[None, :, None], 1, 2)
        return np.asarray(joint / joint.sum(axis=2, keepdims=True))


def corrected(drawn: Drawn, confusion: Confusion, rng: np.random.Generator | None) -> Drawn:
    """True labels instead of predicted ones, for the groups' weight and for all other by themselves."""
    missed = confusion.missed(drawn.total[0], len(drawn.total), rng)
    mine, others = _true(drawn.manufactured, missed), _true(drawn.organic, missed)
    return Drawn(mine, mine + others, _true(drawn.voices, missed))


def _true(volume: Floats, missed: Floats) -> Floats:
    whole = volume.sum(axis=1, keepdims=True)
    part = np.divide(volume, whole, out=np.zeros_like(volume), where=whole > 0)
    true = np.full_like(part, 1 / part.shape[1])
    for _ in range(ROUNDS):
        expected = np.einsum("bt,btp->bp", true, missed)
        ratio = np.divide(part, expected, out=np.zeros_like(part), where=expected > 0)
        true = true * np.einsum("btp,bp->bt", missed, ratio)
        true /= np.maximum(true.sum(axis=1, keepdims=True), 1e-300)
    return np.asarray(true * whole)
