"""A RUN directory made by hand from the declared tables:
a resolved ring, an unresolved pool, a described newsroom, hostile text."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from houselights.core import tables

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
RING = [f"ring{i:02d}" for i in range(20)]
HANGERS_ON = ["hanger_on_1", "hanger_on_2"]
POOL = [f"pool{i:02d}" for i in range(30)]
DESK = [f"desk_{i}" for i in range(6)]
HOSTILE = [
    "<script>alert('x')</script><img src=x onerror=alert(1)> & \"quotes\"",
    "\u202eright to left override\u202c and zero\u200bwidth\ufeff",
    '=HYPERLINK("http://evil.example","click")',
    "\x1b[31mterminal\x1b[0m \x1b]0;title\x07 escape \x9b31m",
    "family 👨‍👩‍👧‍👦 flag 🏳️‍🌈 فارسی می‌خواهم 日本語",
    "very long " + "word " * 4000,
    "]]></style></title><!-- [bold red]markup[/] {braces} %s ${x}",
    "first line\nsecond line\r\nthird\ttab",
]


def _post(post_id: str, author: str, at: datetime, text: str, line: int, **more: Any) -> dict[str, Any]:
    row: dict[str, Any] = {c.name: None for c in tables.POSTS.columns}
    row.update(post_id=post_id, platform="made", author_id=author, created_at=at, created_at_precision="s", text=text)
    row.update(urls=[], hashtags=[], mentions=[], media=[], kind="post", source_format="made")
    row.update(raw_ref={"file": "made.jsonl", "line": line})
    return row | more


class _Maker:
    def __init__(self) -> None:
        self.posts: list[dict[str, Any]] = []
        self.evidence: list[dict[str, Any]] = []
        self.highlights: list[dict[str, Any]] = []

    def post(self, author: str, at: datetime, text: str, **more: Any) -> str:
        post_id = f"p{len(self.posts):05d}"
        self.posts.append(_post(post_id, author, at, text, len(self.posts) + 1, **more))
        return post_id

    def burst(
        self, finding: str, obj: str, accounts: list[str], at: datetime, text: str, step_s: float, chance: float
    ) -> None:
        """Everybody posts `text` one after another, the third with another day; neighbours are the coincidences."""
        texts = [text.replace("Friday", "Sunday") if i == 2 else text for i in range(len(accounts))]
        ids = [self.post(a, at + timedelta(seconds=step_s * i), texts[i]) for i, a in enumerate(accounts)]
        for i in range(len(ids) - 1):
            values = (finding, "small_objects", obj, "text", ids[i], ids[i + 1], accounts[i], accounts[i + 1])
            row = dict(zip([c.name for c in tables.EVIDENCE.columns], values, strict=False))
            self.evidence.append(row | {"delta_s": step_s, "chance": chance, "confirming": i % 2 == 0})
        reason = f"{len(accounts)} accounts posted this text within {step_s * len(accounts):.0f} s."
        for post_id in ids:
            values = (post_id, finding, "text", 0, min(len(text), 60), reason, "copied_text", "1")
            self.highlights.append(dict(zip([c.name for c in tables.HIGHLIGHTS.columns], values, strict=True)))


def _finding(finding_id: str, tier: str, **more: Any) -> dict[str, Any]:
    lacking = "Could not be tested: no file of known organisations was given."
    vouched = {"name": "organisation the user vouches for", "tested": False, "fits": False, "detail": lacking}
    untested = [vouched] if finding_id == "f-ring" else []
    return {
        "finding_id": finding_id,
        "tier": tier,
        "resolved": True,
        "channels": ["small_objects"],
        "observed": 120.0,
        "expected": 6.4,
        "p_value": 1.2e-9,
        "q_value": 4e-9,
        "window_s": 60.0,
        "limits": "This does not show who is behind it, that any claim is untrue, or who runs any of the accounts.",
        "explanations": [
            {
                "name": "one source",
                "tested": True,
                "fits": False,
                "demotes": False,
                "detail": "3 % of the shares are reposts of one author",
            },
            {
                "name": "round minutes",
                "fits": False,
                "detail": "21 % of the posts lie on minutes divisible by 5; 20 % by chance",
            },
            *untested,
        ],
        "would_be_wrong_if": [
            "It would be wrong if a push notification reached these accounts and hardly anybody else."
        ],
        "score": 9.0,
    } | more


def _spans(maker: _Maker, finding: dict[str, Any], accounts: list[str]) -> dict[str, Any]:
    rows = [e for e in maker.evidence if e["finding_id"] == finding["finding_id"]]
    ids = {e["post_id_a"] for e in rows} | {e["post_id_b"] for e in rows}
    times = [p["created_at"] for p in maker.posts if p["post_id"] in ids]
    times = times or [START]
    return finding | {
        "n_accounts": len(accounts),
        "n_posts": len(ids),
        "n_objects": len({e["object_id"] for e in rows}),
        "first_at": min(times).isoformat(),
        "last_at": max(times).isoformat(),
    }


def _ordinary(maker: _Maker) -> None:
    for i in range(60):
        for k in range(5):
            at = START + timedelta(minutes=(i * 37 + k * 211) % 2880, seconds=i)
            maker.post(f"ordinary{i:02d}", at, f"Something {i} that nobody else wrote, {k}.")


def _campaigns(maker: _Maker) -> None:
    for j in range(12):
        text = HOSTILE[j] if j < len(HOSTILE) else f"Everyone is talking about measure {j}, read it before Friday."
        members = [RING[(j * 3 + i) % 20] for i in range(8)] + ([HANGERS_ON[j % 2]] if j % 4 == 0 else [])
        maker.burst(
            "f-ring", f"text:{j:04x}", members, START + timedelta(hours=3 * j, minutes=7), text, 4.0, 0.002 * (j + 1)
        )
    for j in range(15):
        pair = [POOL[(2 * j) % 30], POOL[(2 * j + 1) % 30]]
        text = f"Pool message number {j} about the harbour, with enough words."
        maker.burst("f-pool", f"text:1{j:03x}", pair, START + timedelta(hours=2 * j), text, 9.0, 0.04)
    for j in range(6):
        text = f"BREAKING: council meets for session {j} https://news.example/story{j}"
        maker.burst("f-desk", f"https://news.example/story{j}", DESK, START + timedelta(hours=5 * j), text, 1.0, 0.01)


def _findings(maker: _Maker) -> list[dict[str, Any]]:
    ring = _finding(
        "f-ring", "observed", n_core=20,
        sentence="22 accounts posted 12 near-identical texts within a minute, 120 times; 6.4 would be chance.",
    )  # fmt: skip
    pool = _finding(
        "f-pool", "observed", resolved=False, n_core=0, observed=15.0, expected=1.1, p_value=2e-5, q_value=0.003,
        sentence="A pool of about 30 accounts holds coordinated posting; single members cannot be told apart.",
    )  # fmt: skip
    desk = _finding(
        "f-desk", "described", n_core=6, observed=30.0, expected=2.0, p_value=1e-6, q_value=0.0004,
        sentence="6 accounts share links of one site within seconds of publication: one outlet's own accounts fit.",
        explanations=[
            {"name": "same outlet", "tested": True, "fits": True, "demotes": True, "detail": "one site, in its order"}
        ],
    )  # fmt: skip
    return [_spans(maker, ring, RING + HANGERS_ON), _spans(maker, pool, POOL), _spans(maker, desk, DESK)]


def _members() -> list[dict[str, Any]]:
    def row(finding: str, account: str, role: str, p: float, prob: float) -> dict[str, Any]:
        values = (finding, account, role, 5, p, prob)
        return dict(zip([c.name for c in tables.MEMBERS.columns], values, strict=True))

    rows = [row("f-ring", a, "core", 1e-4 * (i + 1), 0.99) for i, a in enumerate(RING)]
    rows += [row("f-ring", a, "periphery", 0.3, 0.4) for a in HANGERS_ON] + [
        row("f-ring", "copied_writer", "source", 1.0, 0.0)
    ]
    rows += [row("f-pool", a, "periphery", 1.0, 0.9) for a in POOL]
    return rows + [row("f-desk", a, "core", 1e-3, 0.99) for a in DESK]


def manifest(n_posts: int) -> dict[str, Any]:
    return {
        "complete": True,
        "version": "0.1.0",
        "inputs": [{"path": "made.jsonl", "sha256": "0" * 64, "rows": n_posts + 3, "format": "made"}],
        "settings": {"evidence": {"q": 0.05, "windows_s": [10.0, 60.0, 600.0], "seed": 0}},
        "seed": 0,
        "accepted": n_posts,
        "rejected": 3,
        "late": 0,
        "channels_run": [
            {"channel": "small_objects", "window_s": 60.0, "candidates": 7},
            {"channel": "synchrony", "window_s": 60.0, "candidates": 2},
        ],
        "channels_skipped": [
            {"channel": "synchrony", "window_s": 10.0, "reason": "times are known to the minute only"}
        ],
        "stages": [],
    }


def build(out_dir: Path, *, nothing: bool = False) -> Path:
    """Writes the RUN; `nothing` leaves the findings out."""
    out_dir.mkdir(parents=True, exist_ok=True)
    maker = _Maker()
    _ordinary(maker)
    if not nothing:
        _campaigns(maker)
    rows: dict[tables.Table, list[dict[str, Any]]] = {
        tables.POSTS: maker.posts,
        tables.REJECTS: [
            {"source": "made.jsonl", "line": n, "rule": rule, "detail": "\x1b[2J<b>detail</b>"}
            for n, rule in ((901, "no_time"), (902, "bad_json"), (903, "no_time"))
        ],
        tables.TRACES: [],
        tables.MEMBERS: [] if nothing else _members(),
        tables.EVIDENCE: maker.evidence,
        tables.HIGHLIGHTS: maker.highlights,
    }
    for declared, content in rows.items():
        table = pa.Table.from_pylist(content, schema=declared.schema)
        pq.write_table(table.sort_by([(c, "ascending") for c in declared.order]), out_dir / declared.file)
    (out_dir / "findings.json").write_text(json.dumps([] if nothing else _findings(maker)), encoding="utf-8")
    (out_dir / "manifest.json").write_text(json.dumps(manifest(len(maker.posts))), encoding="utf-8")
    return out_dir
