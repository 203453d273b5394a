"""One finding: the sentence, the numbers and the posts behind each, the evidence, then the pictures, the accounts and the doubts."""

from collections.abc import Mapping
from typing import Any

from houselights.outlets import calibration, wording
from houselights.outlets.report import reading
from houselights.outlets.web import queries, urls
from houselights.outlets.web.cards import account
from houselights.outlets.web.indexed import Indexed
from houselights.outlets.web.pages import copies, evidence, network, timeline

MOST_ACCOUNTS = 500
NOT_CALIBRATED = (
    "What this finding hangs on was not measured: `houselights calibrate RUN` tries it again with other windows, other false-discovery "
    "rates and other halves of the data."
)


def context(results: Indexed, query: Mapping[str, str], finding_id: str) -> dict[str, Any]:
    f = results.finding(finding_id)
    masked = urls.is_on(query, "masked")
    first, more = wording.told(f)
    return {
        "finding_id": finding_id,
        "place": results.place[finding_id],
        "n_findings": len(results.findings),
        "tier": str(f.get("tier")),
        "tier_meaning": wording.TIER_MEANING.get(str(f.get("tier")), ""),
        "sentence": first,
        "more": more,
        "span": wording.span(f.get("first_at"), f.get("last_at")),
        "not_named": wording.naming(f),
        "fits": [{"name": str(e.get("name")), "detail": str(e.get("detail") or "")} for e in wording.fitting(f)],
        "numbers": numbers(f),
        "summary": _summary(results, finding_id),
        "pairs": evidence.pairs(results, finding_id, masked=masked),
        "n_evidence": results.n_evidence(finding_id),
        "evidence_meaning": evidence.meaning(f),
        "copies": copies.texts(results, finding_id, masked=masked, limit=2),
        "moments": timeline.moments(results, finding_id),
        "volume": volume(results, finding_id),
        "network": network.pairs_told(results, finding_id, masked=masked),
        "accounts": accounts(results, finding_id, masked=masked),
        "narratives": narratives(results, f),
        "pushed": pushed(results, finding_id),
        "techniques": _techniques(results, finding_id),
        "explanations": explanations(results, f),
        "untested": wording.untested(f),
        "limits": wording.limits(f),
        "wrong_if": wording.wrong_if(f),
        "sensitivity": sensitivity(results, finding_id),
    }


def numbers(f: dict[str, Any]) -> list[dict[str, str]]:
    """Each number with what it counts and where the posts behind it are."""
    window = wording.seconds(float(f.get("window_s") or 0))
    return [
        {
            "value": wording.tested_objects(f),
            "what": f"shared objects close within {window}, in the half kept for the test",
            "leads": "evidence",
        },
        {"value": wording.amount(f.get("expected")), "what": "of these by chance", "leads": "methods"},
        {"value": wording.probability(f.get("p_value")), "what": "p: this group alone", "leads": "methods"},
        {"value": wording.probability(f.get("q_value")), "what": "q: after all that was tried", "leads": "methods"},
        {
            "value": f"{f.get('n_objects', 0):,}",
            "what": f"objects shared within {window}, both halves",
            "leads": "pushed",
        },
        {"value": f"{f.get('n_posts', 0):,}", "what": "posts with these", "leads": "feed"},
    ]


def _summary(results: Indexed, finding_id: str) -> dict[str, str] | None:
    """A model's three sentences, where one was asked."""
    for d in results.descriptions():
        if d["task"] == "summary" and d["subject_id"] == finding_id:
            return {"model": str(d["model"]), "text": str(d["text"])}
    return None


def volume(results: Indexed, finding_id: str) -> dict[str, Any]:
    line = results.timeline(finding_id)
    return {
        "bin_s": line.bin_s,
        "starts": [at.isoformat() for at in line.starts],
        "group": list(line.group),
        "others": list(line.others),
    }


def accounts(results: Indexed, finding_id: str, *, masked: bool) -> dict[str, Any]:
    """Listed accounts, core first, and how many of each role there are; test values only where an account is named."""
    rows = results.members(finding_id)
    known = queries.accounts(results, [m["account_id"] for m in rows[:MOST_ACCOUNTS]])
    shown = results.shown(finding_id)
    listed = []
    for m in rows[:MOST_ACCOUNTS]:
        named = shown[m["account_id"]].named
        who = account(results, m["account_id"], known, masked=masked or not named)
        listed.append(
            who
            | {
                "role": m["role"] if named else "listed",
                "n_events": m["n_events"],
                "p_value": m["p_value"] if named and m["role"] == "core" else None,
            }
        )
    roles = {role: sum(m["role"] == role for m in rows) for role in ("core", "periphery", "source")}
    return {"listed": listed, "roles": roles, "total": len(rows), "n_named": sum(s.named for s in shown.values())}


def narratives(results: Indexed, f: dict[str, Any]) -> list[dict[str, Any]]:
    told = f.get("narratives") or []
    ids = [str(n["narrative_id"]) for n in told]
    if not ids:
        return []
    named, typical = reading.names(results), results.typical_posts(ids)
    volumes = results.volumes(str(f["finding_id"]), ids)
    return [
        {
            "narrative_id": str(n["narrative_id"]),
            "name": named.get(str(n["narrative_id"])),
            "keywords": str(n["name"]),
            "languages": list(n.get("languages") or []),
            "n_posts": n.get("n_posts", 0),
            "n_posts_of_all": n.get("n_posts_of_all", 0),
            "share_0_1": n.get("share_0_1", 0.0),
            "typical": typical.get(str(n["narrative_id"]), [])[:2],
            "volume": _line(volumes.get(str(n["narrative_id"]))),
        }
        for n in told
    ]


def _line(line: Any) -> dict[str, Any] | None:
    if line is None:
        return None
    return {
        "bin_s": line.bin_s,
        "starts": [at.isoformat() for at in line.starts],
        "group": list(line.group),
        "others": list(line.others),
    }


def pushed(results: Indexed, finding_id: str) -> dict[str, list[dict[str, Any]]]:
    """Sites, links and hashtags of the finding's posts, most accounts first."""
    out: dict[str, list[dict[str, Any]]] = {"sites": [], "links": [], "hashtags": []}
    rows = results.rows(
        "SELECT * FROM pushed WHERE finding_id = ? ORDER BY n_accounts DESC, n_posts DESC, thing", [finding_id]
    )
    for r in rows:
        out[r["what"]].append({k: r[k] for k in ("thing", "n_accounts", "n_posts")})
    return out


def _techniques(results: Indexed, finding_id: str) -> list[dict[str, Any]]:
    return [
        {
            "technique": reading.technique(str(r["label"])),
            "n_posts": r["n_posts"],
            "share_0_1": r["share_0_1"],
            "others_0_1": r["others_0_1"],
            "quotes": [_quoted(q) for q in r["quotes"]],
        }
        for r in results.marked(finding_id, reading.MOST_QUOTES)
    ]


def _quoted(quote: dict[str, Any]) -> dict[str, str]:
    text, start, end = str(quote["text"]), int(quote["start"]), int(quote["end"])
    around = reading.AROUND
    return {
        "before": ("… " if start > around else "") + text[max(0, start - around) : start],
        "words": text[start:end][: reading.MOST_QUOTED],
        "after": text[end : end + around] + (" …" if len(text) > end + around else ""),
    }


def explanations(results: Indexed, f: dict[str, Any]) -> list[dict[str, Any]]:
    advice = reading.advice(results, str(f["finding_id"]))
    return [
        {
            "name": str(e.get("name")),
            "outcome": wording.outcome(e),
            "detail": str(e.get("detail") or ""),
            "advice": advice.get(str(e.get("name"))),
        }
        for e in wording.tested_explanations(f)
    ]


def sensitivity(results: Indexed, finding_id: str) -> dict[str, Any]:
    """With which windows, rates and halves the finding passes again; a sentence where that was not measured."""
    rows = (results.calibration or {}).get("sensitivity") or []
    mine = next((r for r in rows if r.get("finding_id") == finding_id), None)
    if mine is None:
        return {"sentence": NOT_CALIBRATED, "rows": []}
    said = {"window_s": "Windows alone", "q": "False-discovery rate", "seed": "Other halves (seeds)"}
    return {
        "sentence": "With which settings it passes the test again; explanations are not weighed anew.",
        "rows": [
            {"setting": words, "passes": calibration.again(mine["variants"], name)} for name, words in said.items()
        ],
    }
