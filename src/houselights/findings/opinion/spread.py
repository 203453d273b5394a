"""What others posted after the groups: attribution under a model of contagion, not a cause.

A Hawkes process of the posts by everybody else (Hawkes 1971; shared out as in Veen and Schoenberg 2008): a baseline that follows
the hours of the day, and after every post, a group's or not, a rate that decays exponentially.
Each post by others is shared out among the baseline, earlier posts of groups and earlier posts of others.
The same with the groups' posts moved by whole days says how much the model attributes where nothing can be."""

from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy import optimize

from houselights.findings.opinion.sentences import percent

Floats = NDArray[np.float64]
DECAYS_S = (600.0, 3600.0, 21600.0)  # mean waiting time of an answer; the likeliest is taken
LEAST_POSTS = 100
LEAST_DAYS = 4
MOST_POSTS = 100_000  # ten seconds; of more, a topic
SHIFTS = 5
TURNS = 6
MEMBER_FROM = 0.5

NO_LINKS = (
    "left out: the posts here hold no repost whose source is in the data, so nothing says that one post led to another."
)
TOO_MANY = f"left out: it is made for {MOST_POSTS:,} posts at most; ask about a topic."
TOO_FEW = f"left out: it takes {LEAST_POSTS} posts of groups, as many of others, and {LEAST_DAYS} days."


@dataclass(frozen=True)
class Fit:
    """`induced`: posts of others attributed to the groups' directly; `ratio`: posts of others that one of theirs sets off."""

    induced: float
    ratio: float
    decay_s: float
    log_likelihood: float
    error: float  # standard error of `induced`, from the curvature of the likelihood


def spread(con: duckdb.DuckDBPyConnection, probability: dict[str, float]) -> dict[str, Any]:
    """Of the table `said`. `left_out` says why where there is no answer."""
    members = [a for a in sorted(probability) if probability[a] >= MEMBER_FROM]
    con.register("spread_member", pa.table({"author_id": pa.array(members, pa.string())}))
    con.execute("CREATE OR REPLACE TEMP TABLE spreader AS SELECT * FROM spread_member")
    con.unregister("spread_member")
    [(links, passed_on)] = con.execute(
        """SELECT count(*), count(*) FILTER (source.author_id IN (SELECT author_id FROM spreader))
        FROM said JOIN (SELECT post_id AS said_id, author_id FROM said) source USING (said_id)
        WHERE said.post_id <> said.said_id AND said.author_id NOT IN (SELECT author_id FROM spreader)"""
    ).fetchall()
    found = con.execute(
        """SELECT epoch_us(created_at) / 1e6 AS at, author_id IN (SELECT author_id FROM spreader) AS theirs FROM said ORDER BY 1, 2"""
    ).fetchnumpy()
    at, theirs = np.asarray(found["at"], np.float64), np.asarray(found["theirs"], np.bool_)
    direct = {"direct_posts": int(theirs.sum()), "reposts_of_theirs_by_others": int(passed_on)}
    if not links:
        return direct | {"left_out": NO_LINKS}
    if len(at) > MOST_POSTS:
        return direct | {"left_out": TOO_MANY}
    n_days = (at[-1] - at[0]) / 86400
    if theirs.sum() < LEAST_POSTS or (~theirs).sum() < LEAST_POSTS or n_days < LEAST_DAYS:
        return direct | {"left_out": TOO_FEW}
    return direct | _told(at, theirs)


def _told(at: Floats, theirs: NDArray[np.bool_]) -> dict[str, Any]:
    best = max((fit(at, theirs, d) for d in DECAYS_S), key=lambda f: f.log_likelihood)
    days = int((at[-1] - at[0]) // 86400)
    steps = sorted({1 + round(k * (days - 1) / SHIFTS) for k in range(SHIFTS)} - {0, days + 1})
    moved = [fit(*_moved(at, theirs, k), best.decay_s).induced for k in steps]
    low, high = max(0.0, best.induced - 1.645 * best.error), best.induced + 1.645 * best.error
    told = {
        "attributed_posts": {"at": round(best.induced, 1), "low": round(low, 1), "high": round(high, 1)},
        "where_nothing_can_be": [round(x, 1) for x in moved],
        "share_of_others_0_1": round(best.induced / float((~theirs).sum()), 6),
        "decay_s": best.decay_s,
        "method": "Hawkes process with exponential decay; 90 % interval from the curvature of the likelihood; attribution, not cause",
    }
    return told | {"sentence": sentence(told)}


def sentence(told: dict[str, Any]) -> str:
    a, chance = told["attributed_posts"], max(told["where_nothing_can_be"])
    said = (
        f"A model of contagion attributes {a['at']:,.0f} posts of others ({a['low']:,.0f} to {a['high']:,.0f}; "
        f"{percent(told['share_of_others_0_1'])}) to the groups' posts before them. "
        "This is attribution under a model, not a cause: what brought both about looks the same."
    )
    if chance >= a["low"]:
        said += f" With the groups' posts moved to other days it attributes up to {chance:,.0f}, so this number tells nothing."
    return said


def _moved(at: Floats, theirs: NDArray[np.bool_], days: int) -> tuple[Floats, NDArray[np.bool_]]:
    """The groups' posts `days` later, round the end of the data."""
    first, span = at[0], at[-1] - at[0] + 1.0
    new = np.where(theirs, first + (at - first + days * 86400.0) % span, at)
    order = np.lexsort((theirs, new))
    return new[order], theirs[order]


def fit(at: Floats, theirs: NDArray[np.bool_], decay_s: float) -> Fit:
    """at [n] seconds, in order; theirs [n]. The likeliest hours of the baseline and ratios, in turns: hours that hold what groups set
    off would hide it."""
    ours = ~theirs
    by_group, by_others = _echo(at, theirs, decay_s)[ours], _echo(at, ours, decay_s)[ours]
    span, n = float(at[-1] - at[0]), float(ours.sum())
    left = 1 - np.exp(-(at[-1] - at) / decay_s)
    whole = np.array([n, left[theirs].sum(), left[ours].sum()])
    of_baseline, theta = np.ones(int(n)), np.array([0.5, 0.1, 0.3])
    for _ in range(TURNS):
        shape = _hours(at, at[ours], of_baseline)
        columns = np.stack([shape * n / span, by_group / decay_s, by_others / decay_s], axis=1)
        found = optimize.minimize(
            _minus,
            theta,
            (columns, whole),
            jac=True,
            method="L-BFGS-B",
            bounds=[(1e-6, None), (0.0, None), (0.0, 0.99)],
        )
        theta = np.maximum(found.x, [0.01, 0.01, 0.01])
        rate = np.maximum(columns @ found.x, 1e-300)
        of_baseline = columns[:, 0] * found.x[0] / rate
    scaled = columns / rate[:, None]
    variance = float(np.linalg.pinv(scaled.T @ scaled)[1, 1])
    ratio = float(found.x[1])
    return Fit(ratio * whole[1], ratio, decay_s, -float(found.fun) * n, float(np.sqrt(max(variance, 0.0))) * whole[1])


def _minus(theta: Floats, columns: Floats, whole: Floats) -> tuple[float, Floats]:
    """Minus the log-likelihood a post, concave in base rate and ratios, and its slope."""
    rate = np.maximum(columns @ theta, 1e-300)
    n = len(rate)
    return float(whole @ theta - np.log(rate).sum()) / n, (whole - (columns / rate[:, None]).sum(axis=0)) / n


def _echo(at: Floats, mine: NDArray[np.bool_], decay_s: float) -> Floats:
    """[n] sum over earlier posts of `mine` of exp(-wait / decay); posts of one moment do not answer each other."""
    moments, which = np.unique(at, return_inverse=True)
    n = np.bincount(which, mine).tolist()
    fade = np.exp(-np.diff(moments, prepend=moments[0]) / decay_s).tolist()
    out, level, before = [], 0.0, 0.0
    for k, f in zip(n, fade, strict=True):
        level = (level + before) * f
        out.append(level)
        before = k
    return np.array(out)[which]


def _hours(at: Floats, of: Floats, weight: Floats) -> Floats:
    """[n] how busy the hour of the day of each post is, 1 on average over the span; posts count by their weight."""
    hour = (of // 3600 % 24).astype(np.int64)
    grid = (np.arange(at[0], at[-1], 600.0) // 3600 % 24).astype(np.int64)
    busy = (np.bincount(hour, weight, minlength=24) + 0.5) / (np.bincount(grid, minlength=24) + 1.0)
    return np.asarray(busy[hour] / busy[grid].mean(), np.float64)
