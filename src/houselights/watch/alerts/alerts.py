"""Alerts of a watch: blocks are closed as the clock passes them, and all that alerts know is committed with the rows.

What is needed to go on lies in the log: groups, what is usual, close pairs of the horizon, what was told; and the acts of blocks that are
still open, which are read again from their segments.
"""

import io
import json
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from houselights.watch.alerts import announce, block
from houselights.watch.alerts.acts import ACTS, Acts
from houselights.watch.alerts.block import Pairs
from houselights.watch.alerts.engine import MEMORY_US, Engine
from houselights.watch.alerts.groups import Group
from houselights.watch.alerts.met import Run
from houselights.watch.batches import Writer, files_sql
from houselights.watch.log import Log, write_whole
from houselights.watch.settings import WatchSettings

_NEVER = -(2**62)
IDLE_US = 3_600_000_000
"""A part of the stream that is so far behind the others has fallen silent, and no block waits for it."""


class Alerts:
    """State in the log: closed_us (end of the last closed block), n (alerts), lines (files of alerts), unsent, groups, pairs, met, files."""

    def __init__(self, log: Log, settings: WatchSettings) -> None:
        self._log, self._q, self._lateness_us = log, settings.scan.evidence.q, int(settings.lateness_s * 1e6)
        memory_us = min(MEMORY_US, int(settings.horizon_s * 1e6))
        self._engine = Engine(int(settings.block_s * 1e6), settings.scan.evidence.seed, memory_us)
        self._told: dict[str, Any] = log.state.alerts
        self._acts: list[Acts] | None = None
        self._pair_files: list[str] = []
        self._run_files: list[tuple[Run, str]] = []
        self._load()

    def unsent(self) -> list[dict[str, Any]]:
        return list(self._told.get("unsent", []))

    def sent(self, ids: set[str]) -> None:
        """The next commit knows that they need not be sent again."""
        if ids:
            self._told["unsent"] = [a for a in self._told.get("unsent", []) if a["alert_id"] not in ids]

    def take(self, writer: Writer) -> list[dict[str, Any]]:
        """Adds the rows that `writer` wrote last, closes the blocks that the clock has passed, and returns their alerts."""
        if self._acts is None:
            self._acts = self._acts_of_log(writer)
        else:
            self._acts.append(_acts(writer.acts(ACTS)))
        known = [us for us in self._log.state.clock["now"] if us is not None]
        if not known:
            return []
        size = self._engine.block_us
        slowest = min(us for us in known if us >= max(known) - IDLE_US)
        until = (slowest - self._lateness_us) // size * size
        return self._close(until, writer) if until > self._told.get("closed_us", _NEVER) else []

    def _close(self, until_us: int, writer: Writer) -> list[dict[str, Any]]:
        acts, size = Acts.joined(self._acts or []), self._engine.block_us
        alerts: list[dict[str, Any]] = []
        open_ = (acts.at_us >= self._told.get("closed_us", _NEVER)) & (acts.at_us < until_us)
        for begin in (np.unique(acts.at_us[open_] // size) * size).tolist():
            alerts += self._one(acts, begin, writer)
        self._told["closed_us"] = until_us
        self._acts = [acts.only(acts.at_us >= until_us - block.NEAR_US)]
        self._release()
        self._keep(alerts)
        return alerts

    def _one(self, acts: Acts, begin_us: int, writer: Writer) -> list[dict[str, Any]]:
        engine, end_us = self._engine, begin_us + self._engine.block_us
        change, again = engine.step(acts, begin_us)
        if len(again):
            self._pair_files.append(self._log.new_file("pairs", "npy"))
            write_whole(self._log.path(self._pair_files[-1]), [_npy(again.rows())])
        self._pair_files = self._pair_files[len(self._pair_files) - len(engine.pairs) :]
        self._name(writer, begin_us)
        standing = engine.standing(end_us, self._q)
        alerts = announce.alerts(engine.groups, standing, change, end_us, self._q)
        engine.bury(standing.alive, end_us)
        return alerts

    def _name(self, writer: Writer, begin_us: int) -> None:
        """Account ids of members who have just met again: their posts are in segments that are still open, however blocks were closed."""
        last = self._engine.pairs[-(block.NEAR_US // self._engine.block_us) :]
        met = [p.only(p.at_us >= begin_us - block.NEAR_US + block.CLOSE_US) for p in last]
        here = {account for p in met for account in (*p.a.tolist(), *p.b.tolist())}
        wanted = {str(m) for g in self._engine.groups for m in g.members if m in here and str(m) not in g.names}
        if not wanted:
            return
        open_ = [s for s in self._log.state.segments if s.acts]
        ids = writer.con.execute(
            f"""SELECT DISTINCT md5_number_lower(author_id)::VARCHAR, author_id FROM {files_sql(self._log.folder, open_)}
            WHERE md5_number_lower(author_id)::VARCHAR IN (SELECT unnest(?))""",
            [sorted(wanted)],
        ).fetchall()
        names = dict(ids)
        for g in self._engine.groups:
            g.names |= {str(m): names[str(m)] for m in g.members if str(m) in names}

    def _acts_of_log(self, writer: Writer) -> list[Acts]:
        open_ = [s for s in self._log.state.segments if s.acts]
        if not open_:
            return []
        found = writer.con.execute(ACTS.replace("{rows}", files_sql(self._log.folder, open_))).fetchnumpy()
        acts = _acts(found)
        return [acts.only(acts.at_us >= self._told.get("closed_us", -(2**62)) - block.NEAR_US)]

    def _release(self) -> None:
        """Segments whose acts no later block looks at."""
        for segment in self._log.state.segments:
            if segment.acts and segment.acts_last_us < self._told["closed_us"] - block.NEAR_US:
                segment.acts = False

    def _keep(self, alerts: Sequence[dict[str, Any]]) -> None:
        name = self._log.new_file("groups", "json")
        engine = self._engine
        told = {
            "usual": engine.usual.tolist(),
            "groups": [g.to_json() for g in engine.groups],
            "aged_us": engine.aged_us,
            "gone": engine.gone,
        }
        write_whole(self._log.path(name), [json.dumps(told).encode()])
        if alerts:
            lines = self._log.new_file("alerts", "jsonl")
            write_whole(self._log.path(lines), [json.dumps(a, ensure_ascii=False).encode() + b"\n" for a in alerts])
            self._told.setdefault("lines", []).append(lines)
            self._told["unsent"] = [*self._told.get("unsent", []), *alerts]
            self._told["n"] = self._told.get("n", 0) + len(alerts)
        self._told["groups"], self._told["pairs"], self._told["met"] = name, list(self._pair_files), self._runs()
        self._told["files"] = [name, *self._told["pairs"], *self._told["met"], *self._told.get("lines", [])]

    def _runs(self) -> list[str]:
        """The file of each run; those that a merge has made are written."""
        kept = []
        for run in self._engine.met.runs:
            name = next((known for one, known in self._run_files if one is run), None)
            if name is None:
                name = self._log.new_file("met", "npy")
                write_whole(self._log.path(name), [_npy(run.rows())])
            kept.append((run, name))
        self._run_files = kept
        return [name for _, name in kept]

    def _load(self) -> None:
        if "groups" in self._told:
            told, engine = json.loads(self._log.path(self._told["groups"]).read_text("utf-8")), self._engine
            engine.usual, engine.aged_us, engine.gone = np.array(told["usual"]), told["aged_us"], told["gone"]
            engine.groups = [Group(**g) for g in told["groups"]]
            self._pair_files = list(self._told["pairs"])
            engine.pairs = [Pairs.of_rows(np.load(self._log.path(name))) for name in self._pair_files]
            self._run_files = [(Run.of_rows(np.load(self._log.path(n))), n) for n in self._told.get("met", [])]
            engine.met.runs = [run for run, _ in self._run_files]


def _acts(found: dict[str, NDArray[Any]]) -> Acts:
    post, account, of, at = (np.asarray(found[name]) for name in ("post", "account", "object", "at_us"))
    return Acts(post.astype(np.int64), account.astype(np.uint64), of.astype(np.uint64), at.astype(np.int64))


def _npy(rows: NDArray[np.uint64]) -> bytes:
    out = io.BytesIO()
    np.save(out, rows)
    return out.getvalue()
