"""From confirmed groups to findings: tier, sentence, explanations and highlights, written to the RUN directory."""

import hashlib
import json
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from houselights.core.detection import Detection, Group
from houselights.core.settings import ScanSettings
from houselights.core.tables import EVIDENCE, HIGHLIGHTS, MEMBERS, Table
from houselights.findings import sentences
from houselights.findings.casefile import Case
from houselights.findings.explanations import Vouched, Weighed, explain
from houselights.findings.highlights import highlights
from houselights.findings.loading import Loader
from houselights.findings.narratives import pushed
from houselights.findings.wording import iso

TIER_RANK = {"described": 0, "observed": 1, "strong": 2}
SCORE_PER_TIER = 100.0
MAX_LOG10_P = 99.0  # under one tier's step


def write(
    con: duckdb.DuckDBPyConnection, run_dir: Path, detection: Detection, settings: ScanSettings
) -> list[dict[str, Any]]:
    """Writes findings.json, members, evidence and highlights (.parquet) from posts.parquet and traces.parquet of
    `run_dir`.

    Returns the findings as in findings.json, strongest first. Groups with the same members and objects are one
    finding: the smallest
    p-value is kept. Order of groups, members and coincidences changes nothing. Raises HouselightsError.
    """
    vouched = Vouched.read(Path(settings.known_file)) if settings.known_file else None
    q = settings.evidence.q
    found: dict[str, tuple[dict[str, Any], Group, pa.Table]] = {}
    told = pushed(con, run_dir, detection.groups)
    if detection.groups:
        with Loader(con, run_dir, detection.groups) as loader:
            for number in range(len(detection.groups)):
                case = loader.case(number)
                finding = _finding(case, explain(case, vouched), q) | {"narratives": told[number]}
                kept = found.get(finding["finding_id"])
                if kept is None or _strength(finding) < _strength(kept[0]):
                    found[finding["finding_id"]] = (finding, case.group, highlights(case, finding))
    entries = sorted(found.values(), key=lambda entry: _strength(entry[0]))
    _write_table(run_dir, MEMBERS, [_members(f["finding_id"], g) for f, g, _ in entries])
    _write_table(run_dir, EVIDENCE, [_evidence(f["finding_id"], g) for f, g, _ in entries])
    _write_table(run_dir, HIGHLIGHTS, [h for _, _, h in entries])
    findings = [f for f, _, _ in entries]
    _write_bytes(
        run_dir / "findings.json", json.dumps(findings, ensure_ascii=False, indent=1, allow_nan=False).encode() + b"\n"
    )
    return findings


def finding_id(members: Iterable[str], object_ids: Iterable[str]) -> str:
    """'F' and ten hex digits of a BLAKE2b hash of the sorted member ids and the sorted object ids; each id with its
    length before it,
    so that no two lists look alike."""
    digest = hashlib.blake2b(digest_size=5)
    for ids in (sorted(set(members)), sorted(set(object_ids))):
        digest.update(len(ids).to_bytes(8, "big"))
        for each in ids:
            raw = each.encode("utf-8", "surrogatepass")
            digest.update(len(raw).to_bytes(8, "big") + raw)
    return "F" + digest.hexdigest()


def _finding(case: Case, weighed: Sequence[Weighed], q: float) -> dict[str, Any]:
    group, tier = case.group, _tier(case, weighed, q)
    times = [p.at_us for p in case.posts.values()]
    facts: dict[str, Any] = {
        "finding_id": finding_id(case.members, case.object_ids),
        "tier": tier,
        "resolved": group.resolved,
        "channels": sorted(group.channels),
        "n_accounts": len(case.members),
        "n_core": sum(m.role == "core" for m in group.members),
        "n_posts": len(case.posts),
        "n_objects": len(case.objects),
        "n_accounts_tested": group.n_accounts_tested,
        "n_hours_tested": group.n_hours_tested,
        "n_objects_tested": group.n_objects_tested,
        "observed": float(group.observed),
        "expected": float(group.expected),
        "p_value": _p(group.p_value),
        "q_value": _p(group.q_value),
        "window_s": float(group.window_s),
        "background": group.background,
        "kinds": dict(sorted(Counter(o.kind for o in case.objects.values()).items())),
        "score": score(tier, _p(group.p_value)),
    }
    told = {**facts, "first_us": min(times, default=0), "last_us": max(times, default=0)}
    return {
        **facts,
        "first_at": iso(told["first_us"]),
        "last_at": iso(told["last_us"]),
        "sentence": sentences.sentence(case, told, weighed, q),
        "limits": sentences.limits(case, told),
        "would_be_wrong_if": sentences.would_be_wrong_if(case, told, weighed),
        "explanations": [
            {"name": w.name, "fits": w.fits, "detail": w.detail, "tested": w.tested, "demotes": w.demotes}
            for w in weighed
        ],
    }


def _tier(case: Case, weighed: Sequence[Weighed], q: float) -> str:
    """`reviewed` is a person's to give. `strong` needs two channels with confirming coincidences on disjoint posts."""
    if _p(case.group.q_value) > q or any(w.demotes for w in weighed):
        return "described"
    posts: dict[str, set[tuple[str, str]]] = {}
    for shared in case.objects.values():
        for pair in shared.pairs:
            if pair.confirming:
                posts.setdefault(pair.channel, set()).update((pair.a, pair.b))
    confirmed = [posts[c] for c in set(case.group.channels) if c in posts]
    independent = any(not a & b for i, a in enumerate(confirmed) for b in confirmed[:i])
    return "strong" if independent and not any(w.leaves_synchrony_only for w in weighed) else "observed"


def score(tier: str, p_value: float) -> float:
    """Orders findings and does nothing else: -log10(p), at most 99, plus 100 per tier above `described`."""
    log = MAX_LOG10_P if p_value <= 0 else min(MAX_LOG10_P, max(0.0, -math.log10(p_value)))
    return round(SCORE_PER_TIER * TIER_RANK[tier] + log, 3)


def _strength(finding: dict[str, Any]) -> tuple[float, float, int, str, float, list[str], str]:
    """Sort key, strongest first; a total order, so that the order of groups changes nothing."""
    return (
        -finding["score"],
        finding["p_value"],
        -finding["n_accounts"],
        finding["finding_id"],
        finding["window_s"],
        finding["channels"],
        finding["sentence"],
    )


def _p(p: float) -> float:
    return 1.0 if math.isnan(p) else float(p)


def _members(finding: str, group: Group) -> pa.Table:
    members = group.members
    return pa.table(
        {
            "finding_id": pa.array([finding] * len(members), pa.string()),
            "account_id": pa.array([m.account_id for m in members], pa.string()),
            "role": pa.array([m.role for m in members], pa.string()),
            "n_events": pa.array([m.n_events for m in members], pa.int64()),
            "p_value": pa.array([_p(m.p_value) for m in members], pa.float64()),
            "membership_probability": pa.array([m.membership_probability for m in members], pa.float64()),
        }
    )


def _evidence(finding: str, group: Group) -> pa.Table:
    ids = pa.array([finding] * group.coincidences.num_rows, pa.string())
    return group.coincidences.append_column("finding_id", ids)


def _write_table(run_dir: Path, declared: Table, parts: Sequence[pa.Table]) -> None:
    """In the declared order, ties by all other columns. Written beside, then renamed."""
    table = declared.check(pa.concat_tables([declared.check(p) for p in parts]) if parts else declared.empty())
    rest = [c.name for c in declared.columns if c.name not in declared.order]
    table = table.sort_by([(name, "ascending") for name in (*declared.order, *rest)]).combine_chunks()
    beside = run_dir / f"{declared.file}.part"
    pq.write_table(table, beside, compression="zstd")
    beside.replace(run_dir / declared.file)


def _write_bytes(path: Path, content: bytes) -> None:
    beside = path.with_name(path.name + ".part")
    beside.write_bytes(content)
    beside.replace(path)
