"""Fitting the stages of the model of techniques: plain NumPy, one thread, the same seed gives the same numbers.

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
_DROPPED_INPUT, _DROPPED_HIDDEN, _BATCH, _DECAY, _RATE = 0.1, 0.3, 128, 0.01, 1e-3


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


def network(X: Floats, Y: Floats, M: Floats, hidden: int, epochs: int, seeds: int) -> dict[str, Floats]:
    """Several networks of one hidden layer with a linear path beside it, trained apart, as one network that gives their mean."""
    nets = [_one_network(X, Y, M, hidden, epochs, seed) for seed in range(seeds)]
    mean = [np.asarray(sum(n[i] for n in nets) / seeds, np.float32) for i in (3, 4)]
    return {
        "hidden_weights": np.hstack([n[0] for n in nets]),
        "hidden_bias": np.concatenate([n[1] for n in nets]),
        "out_weights": np.vstack([n[2] for n in nets]) / np.float32(seeds),
        "out_bias": mean[0],
        "skip_weights": mean[1],
    }


def outputs(net: dict[str, Floats], X: Floats) -> Floats:
    hidden = np.maximum(X @ net["hidden_weights"] + net["hidden_bias"], 0)
    return np.asarray(hidden @ net["out_weights"] + X @ net["skip_weights"] + net["out_bias"], np.float32)


def _one_network(X: Floats, Y: Floats, M: Floats, hidden: int, epochs: int, seed: int) -> list[Floats]:
    """AdamW with a rate that falls to nothing; inputs and hidden units dropped at random."""
    rng, f, d, k = np.random.default_rng(seed), np.float32, X.shape[1], Y.shape[1]
    P: list[Any] = [
        (rng.standard_normal((d, hidden)) * np.sqrt(1 / d)).astype(f), np.zeros(hidden, f),
        (rng.standard_normal((hidden, k)) * 0.05).astype(f), start(Y, M), np.zeros((d, k), f),
    ]  # fmt: skip
    first, second = [np.zeros_like(p) for p in P], [np.zeros_like(p) for p in P]
    steps = epochs * (len(X) // _BATCH)
    order = np.concatenate([rng.permutation(len(X))[: len(X) // _BATCH * _BATCH] for _ in range(epochs)])
    for t, rows in enumerate(order.reshape(steps, _BATCH), 1):
        x = X[rows] * (rng.random((_BATCH, d), f) > _DROPPED_INPUT) / f(1 - _DROPPED_INPUT)
        h = np.maximum(x @ P[0] + P[1], 0)
        kept = (rng.random(h.shape, f) > _DROPPED_HIDDEN) / f(1 - _DROPPED_HIDDEN)
        p = 1 / (1 + np.exp(-((h * kept) @ P[2] + P[3] + x @ P[4])))
        g = (M[rows] * (p - Y[rows]) / _BATCH).astype(f)
        gh = (g @ P[2].T) * kept * (h > 0)
        rate = _RATE * (1 - t / (steps + 1))
        for j, G in enumerate((x.T @ gh, gh.sum(0), (h * kept).T @ g, g.sum(0), x.T @ g)):
            first[j] += 0.1 * (G - first[j])
            second[j] += 0.001 * (G**2 - second[j])
            P[j] -= f(rate) * (first[j] / f(1 - 0.9**t)) / (np.sqrt(second[j] / f(1 - 0.999**t)) + f(1e-8))
            if P[j].ndim == 2:
                P[j] -= f(rate * _DECAY) * P[j]
    return P


@dataclass(frozen=True)
class Rule:
    """How a threshold is chosen on left-out texts, with at least `recall`: the one that finds most while the lower end of the 95 % interval of its
    precision is `comfortable`; where there is none, the one with the highest lower end."""

    recall: float
    comfortable: float

    def threshold(self, truth: NDArray[np.bool_], score: NDArray[np.float64]) -> tuple[float, int, int]:
        """(threshold, how many are true at it, how many are said at it)."""
        order = np.argsort(-score, kind="stable")
        sorted_score, true = score[order], np.cumsum(truth[order])
        last_of_ties = np.append(sorted_score[1:] < sorted_score[:-1], True)
        enough = np.flatnonzero(last_of_ties & (true >= self.recall * truth.sum()) & (true > 0))
        low = np.array([wilson_interval(int(true[i]), i + 1)[0] for i in enough.tolist()])
        good = np.flatnonzero(low >= self.comfortable)
        best = int(enough[good[-1] if len(good) else int(np.argmax(low))])
        return float(sorted_score[best]), int(true[best]), best + 1


def best_f1(truth: NDArray[np.bool_], score: NDArray[np.float64]) -> float:
    """The threshold with the highest F1."""
    order = np.argsort(-score, kind="stable")
    true, said = np.cumsum(truth[order]), np.arange(1, len(score) + 1)
    return float(score[order][int(np.argmax(2 * true / (said + truth.sum())))])
