"""A small RUN directory made by hand: posts, their traces, and groups with coincidences."""

import itertools
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from houselights.core.detection import COINCIDENCES, Detection, Group, Member
from houselights.core.settings import ScanSettings
from houselights.core.tables import POSTS, TRACES
from houselights.findings import write

START = datetime(2026, 3, 2, tzinfo=UTC)
MEMBERS = tuple(f"m{i}" for i in range(6))
ENOUGH = 4  # objects that the stand-in for the confirming test needs


@dataclass
class Data:
    """Posts and traces. `add` returns the post id; traces follow from the arguments (a text is its own object)."""

    posts: list[dict[str, Any]] = field(default_factory=list)
    traces: list[dict[str, Any]] = field(default_factory=list)
    precision: str = "s"
    handles: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    clients: dict[str, str] = field(default_factory=dict)

    def add(
        self,
        account: str,
        at_s: float,
        text: str = "",
        link: str | None = None,
        repost_of: str | None = None,
        author: str | None = None,
        tags: Sequence[str] = (),
        text_object: str | None = None,
    ) -> str:
        post_id = f"p{len(self.posts)}"
        at = START + timedelta(seconds=at_s)
        empty = {c.name: None for c in POSTS.columns}
        self.posts.append(
            empty
            | {
                "post_id": post_id,
                "platform": "x",
                "author_id": account,
                "author_handle": self.handles.get(account),
                "author_name": self.names.get(account),
                "created_at": at,
                "created_at_precision": self.precision,
                "text": text,
                "urls": [link] if link else [],
                "hashtags": list(tags),
                "mentions": [],
                "media": [],
                "repost_of": repost_of,
                "repost_of_author": author,
                "client": self.clients.get(account),
                "kind": "repost" if repost_of else "post",
                "source_format": "by hand",
                "raw_ref": {"file": "by hand", "line": len(self.posts) + 1},
            }
        )
        objects = {"repost": repost_of, "link": link, "text": text_object, "hashtags": " ".join(tags) or None}
        for kind, object_id in objects.items():
            if object_id is not None:
                self.traces.append(
                    {"account_id": account, "kind": kind, "object_id": object_id, "post_id": post_id, "at": at}
                )
        return post_id

    def crowd(self, n: int = 240, hours: int = 60) -> None:
        """Ordinary posts by other accounts, spread evenly over hours and minutes; they share nothing."""
        for i in range(n):
            self.add(f"o{i % 60}", i * hours * 3600 / n + 71 * (i % 13), f"ordinary words number {i}")

    def share(
        self, kind: str, object_id: str, at_s: float, accounts: Iterable[str] = MEMBERS, step_s: float = 3, **post: Any
    ) -> list[dict[str, Any]]:
        """Every account posts the object, `step_s` after one another; returns the coincidences of neighbours."""
        ids = [(a, at_s + i * step_s, self.add(a, at_s + i * step_s, **post)) for i, a in enumerate(accounts)]
        return [
            {
                "channel": "small_objects",
                "object_id": object_id,
                "kind": kind,
                "post_id_a": pa_,
                "post_id_b": pb,
                "account_a": a,
                "account_b": b,
                "delta_s": tb - ta,
                "chance": 0.1,
                "confirming": True,
            }
            for (a, ta, pa_), (b, tb, pb) in itertools.pairwise(ids)
        ]

    def other_objects(self, n: int, first: int = 0) -> list[dict[str, Any]]:
        """Shared objects that no explanation covers: reposts of as many authors, never at a round minute, one every
        five hours."""
        rows = []
        for i in range(first, first + n):
            at_s = i * 5 * 3600 + 7 * 60 + 13
            order = MEMBERS[i % 6 :] + MEMBERS[: i % 6]
            order = order if i % 2 else order[::-1]
            rows += self.share("repost", f"r{i}", at_s, order, repost_of=f"r{i}", author=f"author{i}")
        return rows

    def save(self, run_dir: Path) -> None:
        order = sorted(self.posts, key=lambda p: (p["created_at"], p["platform"], p["post_id"]))
        pq.write_table(pa.Table.from_pylist(order, schema=POSTS.schema), run_dir / POSTS.file)
        rows = sorted(self.traces, key=lambda t: (t["kind"], t["object_id"], t["at"], t["account_id"]))
        pq.write_table(pa.Table.from_pylist(rows, schema=TRACES.schema), run_dir / TRACES.file)


def make_group(rows: Sequence[dict[str, Any]], **changes: Any) -> Group:
    """A group of everybody in the coincidences. Its test passes with ENOUGH objects left, or with `needs` where that
    is given."""
    objects = {r["object_id"] for r in rows}
    needs = changes.pop("needs", ENOUGH)
    accounts = sorted({r[k] for r in rows for k in ("account_a", "account_b")})
    fields: dict[str, Any] = {
        "channels": ("small_objects",),
        "window_s": 60.0,
        "members": tuple(Member(a, "core", 5, 0.001, 0.9) for a in accounts),
        "resolved": True,
        "n_accounts_tested": len(accounts),
        "n_hours_tested": len(objects),
        "n_objects_tested": len(objects),
        "observed": float(len(objects)),
        "expected": 0.5,
        "p_value": 1e-9,
        "q_value": 1e-8,
        "rest_p": 0.01,
        "coincidences": pa.Table.from_pylist(list(rows), schema=COINCIDENCES),
        "background": "this data",
        "retest": lambda covered: 1e-6 if len(objects - covered) >= needs else 0.4,
    }
    return Group(**(fields | changes))


@pytest.fixture
def data() -> Data:
    return Data()


@pytest.fixture
def group() -> Callable[..., Group]:
    return make_group


@pytest.fixture
def new_data() -> Callable[..., Data]:
    """For hypothesis, which may not share one Data between examples."""
    return Data


@pytest.fixture
def find(tmp_path: Path) -> Callable[..., list[dict[str, Any]]]:
    """Writes the data and the findings of the groups; checks that findings.json holds what `write` returned."""

    def run(data: Data, *groups: Group, settings: ScanSettings | None = None, run_dir: Path = tmp_path) -> Any:
        data.save(run_dir)
        con = duckdb.connect()
        found = write(con, run_dir, Detection(groups=list(groups)), settings or ScanSettings())
        con.close()
        assert json.loads((run_dir / "findings.json").read_text(encoding="utf-8")) == found
        return found

    return run
