"""Fitting stage one of the model of techniques, and choosing thresholds: plain NumPy, the same numbers each time.

Y is [units, techniques] of 0 and 1; M says which of them were annotated: others neither teach nor count.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.sparse import csr_matrix

from houselights.core.stats import wilson_interval

Floats = NDArray[np.float32]


def start(Y: Floats, M: Floats) -> Floats:
    """[techniques] log odds of the base rates."""
    rate = np.clip((Y * M).sum(0) / np.maximum(M.sum(0), 1), 1e-4, 0.99)
    return np.asarray(np.log(rate / (1 - rate)), np.float32)


def logistic(X: csr_matrix, Y: Floats, M: Floats, ridge: float = 0.5, rounds: int = 35) -> tuple[Floats, Floats]:
    """Weights [columns, techniques] and bias [techniques] of ridge logistic regressions, all at once, by L-BFGS stopped early."""
    d, k, X_T = X.shape[1], Y.shape[1], X.T.tocsr()

    def loss(v: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        W, b = v[: d * k].reshape(d, k).astype(np.float32), v[d * k :].astype(np.float32)
        z = X @ W + b
        value = (M * (np.logaddexp(0, z) - Y * z)).sum() + 0.5 * ridge * (W**2).sum()
        g = M * (1 / (1 + np.exp(-z)) - Y)
        return float(value), np.concatenate([(X_T @ g + ridge * W).ravel(), g.sum(0)]).astype(np.float64)

    first = np.concatenate([np.zeros(d * k), start(Y, M)])
    v = minimize(loss, first, jac=True, method="L-BFGS-B", options={"maxiter": rounds, "maxcor": 8}).x
    return v[: d * k].reshape(d, k).astype(np.float32), v[d * k :].astype(np.float32)


@dataclass(frozen=True)
class Rule:
    """In which languages a technique is shown, and from which probability on, by left-out texts.

    In each language the threshold is the lowest from which on `aimed` of what is said is right, if at least `least_said` texts and `recall` of those
    that have the technique are said then. A language whose said texts are fewer is left out, and so is the technique, unless over all its languages
    together the lower end of the 90 % interval of precision reaches `least`.
    """

    aimed: float = 0.76
    least: float = 0.68
    recall: float = 0.11
    least_said: int = 15
    least_texts: int = 30

    def languages(
        self, parts: dict[str, tuple[NDArray[np.bool_], NDArray[np.float64]]]
    ) -> tuple[dict[str, float], dict[str, Any]]:
        """({language: threshold} where it is shown, what was found on the left-out texts)."""
        found, true, said, support = {}, 0, 0, 0
        table: dict[str, Any] = {}
        for code, (truth, score) in parts.items():
            threshold, right, n = self._one(truth, score)
            table[code] = {
                "said": n,
                "precision": round(right / max(n, 1), 3),
                "recall": round(right / int(truth.sum()), 3),
                "texts": int(truth.sum()),
            }
            if n >= self.least_said and right >= self.recall * truth.sum() and right >= self.aimed * n:
                found[code] = threshold
                true, said, support = true + right, said + n, support + int(truth.sum())
                table[code]["threshold"] = round(threshold, 4)
        low = wilson_interval(true, said, 1.645)[0] if said else 0.0
        table["shown"] = {
            "said": said,
            "precision": round(true / max(said, 1), 3),
            "low": round(low, 3),
            "recall": round(true / max(support, 1), 3),
        }
        return (found if low >= self.least else {}), table

    def _one(self, truth: NDArray[np.bool_], score: NDArray[np.float64]) -> tuple[float, int, int]:
        """(threshold, how many are true at it, how many are said at it): the lowest at which `aimed` are right, else the one with the best
        precision at the recall that is asked for. A score below 0 is of a text about which nothing may be said."""
        order = np.argsort(-score, kind="stable")
        sorted_score, true = score[order], np.cumsum(truth[order])
        said = np.arange(1, len(score) + 1)
        ends = np.append(sorted_score[1:] < sorted_score[:-1], True) & (sorted_score >= 0)
        reached = ends & (true >= self.aimed * said) & (true >= self.recall * truth.sum())
        good = np.flatnonzero(reached & (said >= self.least_said))
        enough = np.flatnonzero(ends & (true >= self.recall * truth.sum()))
        if not len(enough):
            return 2.0, 0, 0
        best = int(good[-1]) if len(good) else int(enough[np.argmax(true[enough] / said[enough])])
        return float(sorted_score[best]), int(true[best]), int(said[best])


RULE = Rule()


def best_f1(truth: NDArray[np.bool_], score: NDArray[np.float64]) -> float:
    """The threshold with the highest F1."""
    order = np.argsort(-score, kind="stable")
    true, said = np.cumsum(truth[order]), np.arange(1, len(score) + 1)
    return float(score[order][int(np.argmax(2 * true / (said + truth.sum())))])
