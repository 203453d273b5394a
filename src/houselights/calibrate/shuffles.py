"""Data in which nobody acts together, made from the user's own: how many groups pass there? It should be next to none."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from houselights.core.settings import EvidenceSettings
from houselights.core.stats import wilson_interval
from houselights.evidence.detect import rounds
from houselights.evidence.events import Events
from houselights.kernels import cells as kernel

KINDS = ("within_cells", "across_objects")


def within_cells(e: Events, window_s: float, rng: np.random.Generator) -> Events:
    """Accounts change places inside an object, an hour and a latency bin: who shared what when it was going round stays, and so does how
    it went round."""
    everybody = np.ones(len(e.account), dtype=np.bool_)
    cell, *_ = kernel.assign_cells(e.start, e.at_us, e.source_us, everybody, e.sitting, round(window_s * 1e6))
    inside = np.flatnonzero(cell >= 0)
    account = e.account.copy()
    account[inside] = e.account[inside][_exchanged(cell[inside], rng)]
    return _with_accounts(e, account)


def across_objects(e: Events, rng: np.random.Generator) -> Events:
    """Accounts change places among all events of a kind in an hour: how much and when everybody acts stays, and how things go round;
    who shares them with whom is chance. Who comes to hold an object twice keeps the first."""
    n_hours = int(e.sitting.max(initial=0)) + 1
    group = e.family[e.unit].astype(np.int64) * n_hours + e.sitting
    return _with_accounts(e, e.account[_exchanged(group, rng)])


def _exchanged(group: NDArray[np.int64] | NDArray[np.int32], rng: np.random.Generator) -> NDArray[np.intp]:
    """[n] a permutation of the rows that moves each within its group."""
    by_group = np.argsort(group, kind="stable")
    shuffled = np.lexsort((rng.random(len(group)), group))
    out = np.empty(len(group), np.intp)
    out[by_group] = shuffled
    return out


def _with_accounts(e: Events, account: NDArray[np.int32]) -> Events:
    """Other accounts for the events; the first of each account on each unit stays."""
    key = e.unit.astype(np.int64) * e.n_accounts + account
    _, first = np.unique(key, return_index=True)
    rows = np.zeros(len(account), dtype=np.bool_)
    rows[first] = True
    return e.exchanged(account).selected(rows)


def draw(
    e: Events,
    in_findings: NDArray[np.bool_],
    kind: str,
    windows_s: list[float],
    evidence: EvidenceSettings,
    seed: int,
    k: int,
) -> int:
    """Groups that pass in the k-th shuffle of a kind. in_findings: [n_accounts], left out: what a group has to itself would stay in its
    hands within cells, and its busy hours would go to others across objects."""
    if not windows_s:
        return 0
    rng = np.random.default_rng([seed, KINDS.index(kind), k])
    ordinary = e.of(~in_findings)
    window_s = windows_s[k % len(windows_s)]
    shuffled = across_objects(ordinary, rng) if kind == "across_objects" else within_cells(ordinary, window_s, rng)
    return len(rounds(shuffled, windows_s, evidence)[0])


def summary(kind: str, passed: list[int]) -> dict[str, Any]:
    n_with = sum(n > 0 for n in passed)
    low, high = wilson_interval(n_with, len(passed))
    return {
        "kind": kind,
        "draws": len(passed),
        "groups_passed": passed,
        "draws_with_a_group": n_with,
        "interval_95": [low, high],
    }
