"""RUN directories for the browser: one with everything a stranger may write, one with a wide network."""

import importlib.util
import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from houselights.core import tables

HOSTILE_TEXTS = [
    "W" * 100_000,
    "<a href=\"javascript:document.title='owned'\">click</a> <svg/onload=document.title='owned'> <iframe srcdoc='<script>parent.owned=1</script>'>",
    "</script><script>window.owned=1</script> \" onmouseover=\"window.owned=1\" x=\" ' onfocus='window.owned=1' autofocus '",
    "{{ 7*7 }} {% raw %} ${7*7} <%= 7*7 %> &lt;script&gt;window.owned=1&lt;/script&gt;",
]
HOSTILE_NAME = '"><img src=x onerror=window.owned=1>\u202eevil'
HOSTILE_URLS = [
    "javascript:window.owned=1",
    "data:text/html,<script>opener.owned=1</script>",
    "https://posts.example/1",
]


def made_run() -> ModuleType:
    """The module of the made-up RUN that the tests of the other outlets use."""
    path = Path(__file__).parents[1] / "outlets" / "made_run.py"
    spec = importlib.util.spec_from_file_location("made_run_of_the_browser", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def hostile(out_dir: Path) -> Path:
    """The made-up RUN, with hostile texts, names, languages and addresses in it, and a topic of opinion."""
    made = made_run()
    made.HOSTILE.extend(HOSTILE_TEXTS)
    made.build(out_dir)
    path = out_dir / tables.POSTS.file
    posts = pq.read_table(path)
    rows = posts.to_pylist()
    for i, row in enumerate(rows):
        row["author_handle"] = f"{HOSTILE_NAME}{row['author_id']}" if i % 5 == 0 else row["author_id"]
        row["author_name"] = HOSTILE_NAME
        row["url"] = HOSTILE_URLS[i % len(HOSTILE_URLS)]
        row["lang"] = ("en", "fr", "<b>x</b>")[i % 3]
    pq.write_table(pa.Table.from_pylist(rows, schema=posts.schema), path)
    _narratives(out_dir, rows)
    _watched(out_dir, posts.num_rows)
    command = [sys.executable, "-m", "houselights.outlets.cli", "opinion", str(out_dir)]
    code = subprocess.run([*command, "--spike-ins", "0", "--draws", "100", "--quiet"]).returncode
    assert code == 10, f"`houselights opinion` ended with {code}"  # 10: there are findings
    return out_dir


def _watched(out_dir: Path, n_posts: int) -> None:
    """As if a watch had written it: alerts, one of a group with a hostile name."""
    manifest = json.loads((out_dir / "manifest.json").read_text(encoding="utf-8"))
    told = {"source": HOSTILE_NAME, "clock": "2026-03-01T13:00:00+00:00", "frames": n_posts}
    (out_dir / "manifest.json").write_text(json.dumps(manifest | {"watch": told}), encoding="utf-8")
    write_alerts(out_dir, 3)


def write_alerts(out_dir: Path, n: int) -> None:
    at = datetime(2026, 3, 1, 12, tzinfo=UTC)
    rows = []
    for k in range(n):
        values = (
            f"alert{k}",
            HOSTILE_NAME if k == 1 else "g1",
            ("appear", "grow", "fade")[k % 3],
            at + timedelta(minutes=k),
        )
        rest = (
            12 + k,
            ["hidden"],
            [],
            5,
            4,
            812.0,
            60.0,
            3,
            0.05,
            f"Coordinated pattern: {12 + k} accounts.",
            "At most a share.",
        )
        rows.append(dict(zip([c.name for c in tables.ALERTS.columns], values + rest, strict=True)))
    tables.ALERTS.write(out_dir, pa.Table.from_pylist(rows, schema=tables.ALERTS.schema))


def _narratives(out_dir: Path, posts: list[dict[str, Any]]) -> None:
    """Two messages, one with a hostile name, so that these pages have something to show."""
    told: dict[str, list[dict[str, Any]]] = {"narrative:harbour": [], "narrative:<b>x": []}
    for post in posts:
        if "council" in post["text"] or "harbour" in post["text"]:
            told["narrative:harbour" if "harbour" in post["text"] else "narrative:<b>x"].append(post)
    narratives, members = [], []
    for id_, own in told.items():
        name = "harbour · pool" if id_ == "narrative:harbour" else HOSTILE_NAME
        values = (id_, name, [name], ["en"], len(own), 2, len({p["author_id"] for p in own}), 0.1)
        times = (own[0]["created_at"], own[-1]["created_at"], [own[0]["post_id"]])
        narratives.append(dict(zip([c.name for c in tables.NARRATIVES.columns], values + times, strict=True)))
        members += [{"post_id": p["post_id"], "narrative_id": id_, "similarity_0_1": 0.9, "by": "text"} for p in own]
    for declared, rows in ((tables.NARRATIVES, narratives), (tables.POST_NARRATIVES, members)):
        table = pa.Table.from_pylist(rows, schema=declared.schema)
        pq.write_table(table.sort_by([(c, "ascending") for c in declared.order]), out_dir / declared.file)


def wide(out_dir: Path, n_accounts: int, n_pairs: int, seed: int = 0) -> Path:
    """A RUN with one finding of `n_accounts` accounts, `n_pairs` pairs of which coincide, in communities of forty."""
    made = made_run()
    rng = np.random.default_rng(seed)
    made.build(out_dir)
    names = [f"account{i:04d}" for i in range(n_accounts)]
    pairs = _pairs(rng, n_accounts, n_pairs)
    posts: list[dict[str, Any]] = []
    evidence: list[dict[str, Any]] = []
    for k, (a, b) in enumerate(pairs):
        at = made.START + timedelta(seconds=int(rng.integers(0, 86_400 * 3)))
        ids = []
        for who, later_s in ((a, 0), (b, int(rng.integers(1, 50)))):
            ids.append(f"w{len(posts):06d}")
            text = f"See what the council decided about item {k} https://town.example/item{k}"
            posts.append(made._post(ids[-1], names[who], at + timedelta(seconds=later_s), text, len(posts) + 1))
        values = ("f-wide", "synchrony", f"https://town.example/item{k}", "link", *ids, names[a], names[b])
        row = dict(zip([c.name for c in tables.EVIDENCE.columns], values, strict=False))
        evidence.append(row | {"delta_s": 10.0, "chance": 0.01, "confirming": bool(k % 2)})
    members = [
        dict(
            zip(
                [c.name for c in tables.MEMBERS.columns],
                ("f-wide", n, "core" if i % 4 else "periphery", 5, 0.001, 0.9),
                strict=True,
            )
        )
        for i, n in enumerate(names)
    ]
    sentence = f"{n_accounts} accounts shared {len(pairs)} links within a minute of each other, 9 times as many as chance gives."
    finding = made._finding("f-wide", "observed", n_core=n_accounts * 3 // 4, sentence=sentence) | {
        "n_accounts": n_accounts,
        "n_posts": len(posts),
        "n_objects": len(pairs),
        "first_at": min(p["created_at"] for p in posts).isoformat(),
        "last_at": max(p["created_at"] for p in posts).isoformat(),
    }
    content = {tables.POSTS: posts, tables.MEMBERS: members, tables.EVIDENCE: evidence, tables.HIGHLIGHTS: []}
    for declared, rows in content.items():
        table = pa.Table.from_pylist(rows, schema=declared.schema)
        pq.write_table(table.sort_by([(c, "ascending") for c in declared.order]), out_dir / declared.file)
    (out_dir / "findings.json").write_text(json.dumps([finding]), encoding="utf-8")
    (out_dir / "manifest.json").write_text(json.dumps(made.manifest(len(posts))), encoding="utf-8")
    return out_dir


def _pairs(rng: np.random.Generator, n_accounts: int, n_pairs: int) -> list[tuple[int, int]]:
    out: set[tuple[int, int]] = {(i, (i + 1) % n_accounts) for i in range(n_accounts - 1)}
    while len(out) < n_pairs:
        a = int(rng.integers(n_accounts))
        near = a // 40 * 40 + int(rng.integers(40))
        b = min(near, n_accounts - 1) if rng.random() < 0.93 else int(rng.integers(n_accounts))
        if a != b:
            out.add((min(a, b), max(a, b)))
    return sorted(out)
