"""Does a finding hang on one setting? Every finding again with each window alone, with other rates and other halves."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from houselights.core.detection import Detection
from houselights.core.settings import EvidenceSettings
from houselights.engine.local import connect
from houselights.evidence.detect import detect

RATES = (0.01, 0.05, 0.1, 0.2)
N_SEEDS = 5


@dataclass(frozen=True)
class Variant:
    what: str  # window_s, q or seed
    value: float
    settings: EvidenceSettings


def variants(settings: EvidenceSettings) -> list[Variant]:
    out = [Variant("window_s", w, replace(settings, windows_s=(w,))) for w in settings.windows_s]
    out += [Variant("q", q, replace(settings, q=q)) for q in RATES]
    return out + [Variant("seed", s, replace(settings, seed=s)) for s in _other_seeds(settings.seed)]


def _other_seeds(seed: int) -> list[int]:
    return [s for s in range(N_SEEDS + 1) if s != seed][:N_SEEDS]


def groups(run_dir: Path, variant: Variant) -> list[dict[str, Any]]:
    """Groups that pass with these settings: accounts, p and q."""
    con = connect(threads=1)
    try:
        detection: Detection = detect(con, run_dir / "posts.parquet", run_dir / "traces.parquet", variant.settings)
    finally:
        con.close()
    return [
        {
            "accounts": sorted(m.account_id for m in g.members if m.role != "source"),
            "p_value": g.p_value,
            "q_value": g.q_value,
        }
        for g in detection.groups
    ]


def summary(
    members_of: dict[str, set[str]], done: Sequence[tuple[Variant, list[dict[str, Any]]]]
) -> list[dict[str, Any]]:
    """Per finding, whether each variant finds it: half of its accounts are in one group, and are half of that group."""
    out = []
    for finding_id, members in members_of.items():
        rows = []
        for variant, found in done:
            again = [g for g in found if 2 * len(members & set(g["accounts"])) >= max(len(members), len(g["accounts"]))]
            best = min(again, key=lambda g: g["p_value"], default=None)
            rows.append(
                {
                    "setting": variant.what,
                    "value": variant.value,
                    "found": best is not None,
                    "accounts": len(best["accounts"]) if best else 0,
                    "p_value": best["p_value"] if best else None,
                    "q_value": best["q_value"] if best else None,
                }
            )
        out.append({"finding_id": finding_id, "variants": rows})
    return out
