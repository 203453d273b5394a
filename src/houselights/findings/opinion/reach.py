"""What spike-ins say of a found group, and of what was not found: recall by tactic and size, and the largest volume that may have been missed."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Row = dict[str, Any]
"""One of `recall` in calibration.json: a tactic and size, how many spike-ins, how many found, posts planted and listed."""

MISSED_AT_MOST = 0.05
OTHERS_POSTS = ("repost", "quote", "reply")
TACTIC_WORDS = {
    "burst_amplification": "shares the same posts of others together",
    "rotation": "shares posts of others in turns",
    "own_content_ring": "shares its own links or texts together",
    "shared_pool": "shares its own links or texts, a few accounts at a time",
    "slow_drip": "shares its own links or texts over minutes",
}


@dataclass(frozen=True)
class Reach:
    """What is used for one found group. `tactic` '': its shape fits none that was planted, so all of them together were used."""

    tactic: str
    found: float
    implants: float
    listed_0_1: float
    listed_accounts: float


def tactic_of(finding: dict[str, Any], accounts_per_object: float) -> str:
    """The planted tactic that a finding looks like; '' where it shares neither posts of others nor links or texts."""
    kinds = {str(k): int(n) for k, n in (finding.get("kinds") or {}).items()}
    n = int(finding.get("n_accounts") or 0)
    theirs = sum(kinds.get(k, 0) for k in OTHERS_POSTS)
    own = sum(kinds.get(k, 0) for k in ("link", "text", "narrative"))
    if not theirs + own:
        return ""
    if theirs >= own:
        acts = int(finding.get("n_posts") or 0) / max(n, 1)
        return "rotation" if acts <= 4.5 and accounts_per_object <= 0.5 * n else "burst_amplification"
    if accounts_per_object <= 4 and accounts_per_object <= 0.4 * n:
        return "shared_pool"
    return "slow_drip" if float(finding.get("window_s") or 0) > 60 else "own_content_ring"


def of_group(rows: Sequence[Row], tactic: str, n_accounts: int, *, core: bool = True) -> Reach:
    """Recall of the tactic at this size, between the planted sizes by their logarithm; no spike-ins at all give 0 of 0.

    `core`: only core accounts are counted, so what is listed of a found spike-in are its core accounts."""
    mine = [r for r in rows if r["tactic"] == tactic]
    named = tactic if mine else ""
    mine = mine or list(rows)
    sizes = sorted({int(r["accounts"]) for r in mine})
    if not sizes:
        return Reach(tactic, 0.0, 0.0, 1.0, 0.0)
    cells = {s: [r for r in mine if r["accounts"] == s] for s in sizes}

    def at(value: "dict[int, float]") -> float:
        return float(np.interp(math.log(max(n_accounts, 1)), np.log(sizes), [value[s] for s in sizes]))

    found = at({s: float(sum(r["found"] for r in cells[s])) for s in sizes})
    implants = at({s: float(sum(r["implants"] for r in cells[s])) for s in sizes})
    accounts = float(sum(r["found"] * r["accounts"] for r in mine))
    if core:
        listed = sum(r["core_recall"] * r["implants"] * r["accounts"] for r in mine) / max(accounts, 1)
    else:
        listed = sum(_posts_listed(r) for r in mine) / max(sum(_posts_of_found(r) for r in mine), 1)
    return Reach(named, found, implants, min(1.0, listed) if accounts and listed else 1.0, accounts if listed else 0.0)


def limits(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Per tactic the volume in posts of the largest single group that a scan misses with probability .05 or more; None where even the largest
    planted ones were missed that often. Probabilities are posterior means under Jeffreys' prior, and never grow with the size."""
    out = []
    for tactic in dict.fromkeys(str(r["tactic"]) for r in rows):
        mine = sorted((r for r in rows if r["tactic"] == tactic), key=lambda r: int(r["accounts"]))
        volume = [_posts(r) / max(int(r["implants"]), 1) for r in mine]
        missed = [(r["implants"] - r["found"] + 0.5) / (r["implants"] + 1) for r in mine]
        missed = [max(missed[i:]) for i in range(len(missed))]
        out.append({"tactic": tactic, "words": TACTIC_WORDS.get(tactic, tactic), "posts": _crossing(volume, missed)})
    return out


def unseen(rows: Sequence[Row], n_accounts: int) -> float:
    """How likely a group of this size would have been found, on average over the tactics that have a limit; where too few were planted for any
    limit, over those of which at least half were found (posterior means under Jeffreys' prior). 1 where there is neither."""
    within = [str(r["tactic"]) for r in limits(rows) if r["posts"] is not None]
    tactics = within or list(dict.fromkeys(str(r["tactic"]) for r in rows))
    reached = [of_group(rows, tactic, n_accounts) for tactic in tactics]
    p = [(r.found + 0.5) / (r.implants + 1) for r in reached if within or 2 * r.found >= r.implants > 0]
    return float(np.mean(p)) if p else 1.0


def _crossing(volume: Sequence[float], missed: Sequence[float]) -> float | None:
    """Where the chance to be missed falls under .05, along the logarithm of that chance; it is 1 at no volume at all."""
    if not missed or missed[-1] >= MISSED_AT_MOST:
        return None
    v0, p0 = 0.0, 1.0
    for v, p in zip(volume, missed, strict=True):
        if p < MISSED_AT_MOST:
            along = (math.log(p0) - math.log(MISSED_AT_MOST)) / (math.log(p0) - math.log(p))
            return v0 + along * (v - v0)
        v0, p0 = v, p
    return None


def largest(found: Sequence[dict[str, Any]]) -> float | None:
    """Over the tactics that have a limit; None where none has."""
    known = [float(r["posts"]) for r in found if r["posts"] is not None]
    return max(known) if known else None


def _posts(row: Row) -> float:
    each = 3 if row["tactic"] == "rotation" else 0.9 * float(row.get("objects") or 15)
    return float(row.get("posts") or each * row["accounts"] * row["implants"])


def _posts_of_found(row: Row) -> float:
    known = row.get("posts_of_found")
    return float(known) if known is not None else _posts(row) * row["found"] / max(row["implants"], 1)


def _posts_listed(row: Row) -> float:
    known = row.get("posts_listed")
    return float(known) if known is not None else _posts(row) * float(row["volume_recall"])
