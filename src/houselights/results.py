"""Every read query an outlet may ask of a RUN directory. Nothing here writes."""

import hashlib
import json
from collections.abc import Sequence
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from houselights.core import tables
from houselights.core.counted import TIERS
from houselights.core.errors import HouselightsError
from houselights.core.paths import digest, in_sql
from houselights.engine.local import connect
from houselights.records import Pair, Post, Shown, Timeline, Wording, binned, covering, ranked_wordings, timelines

NAMING_TIERS = TIERS


class Results:
    """A RUN directory, read. Raises HouselightsError when it is not one."""

    def __init__(self, run_dir: Path | str) -> None:
        self.run_dir = Path(run_dir)
        if not self.run_dir.is_dir():
            raise HouselightsError(
                f"{self.run_dir} is not a directory. Give the directory that `houselights scan --out` made."
            )
        if not (self.run_dir / "manifest.json").is_file():
            raise HouselightsError(
                f"{self.run_dir} is not a RUN directory: it has no manifest.json. "
                "Give the directory that `houselights scan --out` made; a scan that was interrupted has to be run "
                "again."
            )
        self._con: duckdb.DuckDBPyConnection | None = None
        _ = self.manifest

    # -- whole tables -------------------------------------------------------------------------------------------

    @cached_property
    def manifest(self) -> dict[str, Any]:
        found = self._json("manifest.json")
        if not isinstance(found, dict):
            raise HouselightsError(f"{self.run_dir / 'manifest.json'} does not hold an object. Run the scan again.")
        if not found.get("complete"):
            raise HouselightsError(f"The scan that wrote {self.run_dir} did not finish. Run it again.")
        return found

    @cached_property
    def findings(self) -> list[dict[str, Any]]:
        """Strongest first, as written by the scan."""
        found = self._json("findings.json")
        if not isinstance(found, list) or not all(isinstance(f, dict) and "finding_id" in f for f in found):
            raise HouselightsError(
                f"{self.run_dir / 'findings.json'} does not hold a list of findings. Run the scan again."
            )
        return found

    @cached_property
    def calibration(self) -> dict[str, Any] | None:
        """What `calibrate` measured on this run; None where it was not run."""
        if not (self.run_dir / "calibration.json").is_file():
            return None
        found = self._json("calibration.json")
        lists = ("shuffles", "recall", "sensitivity")
        if not (
            isinstance(found, dict)
            and all(isinstance(found.get(k), list) for k in lists)
            and isinstance(found.get("uniformity"), dict)
            and all(isinstance(row, dict) for k in lists for row in found[k])
        ):
            raise HouselightsError(
                f"{self.run_dir / 'calibration.json'} does not hold a calibration. Run `houselights calibrate` again."
            )
        return found

    @cached_property
    def opinion(self) -> list[dict[str, Any]]:
        """Per topic that was asked about, apparent against organic; empty where `opinion` was not run."""
        if not (self.run_dir / "opinion.json").is_file():
            return []
        found = self._json("opinion.json")
        topics = found.get("topics") if isinstance(found, dict) else None
        if not (
            isinstance(topics, list)
            and all(
                isinstance(t, dict) and isinstance(t.get("dimensions"), list) and {"manufactured", "topic"} <= t.keys()
                for t in topics
            )
        ):
            raise HouselightsError(
                f"{self.run_dir / 'opinion.json'} does not hold an answer, or one of an earlier version. Remove it, and run "
                "`houselights opinion` again."
            )
        return topics

    def opinion_is_stale(self, topic: dict[str, Any]) -> bool:
        """Whether annotations, or the sheet that was audited, are others than when the answer was written."""
        counted = {d["dimension"] for d in topic["dimensions"]} & {"stance", "technique"}
        return bool(counted) and any(digest(self.run_dir / f) != d for f, d in topic.get("labels_from", {}).items())

    def table(self, declared: tables.Table) -> pa.Table:
        """A declared table of this run, whole; an empty one when the run has no such file."""
        path = self.run_dir / declared.file
        return declared.check(pq.read_table(path)) if path.is_file() else declared.empty()

    def claims(self) -> list[dict[str, Any]]:
        """claim_id, claim_text, claim_url, verdict of each claim that posts match first of all, with `posts` and `accounts`; most posts first."""
        return self._rows(
            f"""SELECT claim_id, claim_text, claim_url, verdict, count(*) AS posts, count(DISTINCT author_id) AS accounts
            FROM {self._source(tables.CLAIM_MATCHES)} JOIN {self._source(tables.POSTS)} USING (post_id) WHERE rank = 1
            GROUP BY ALL ORDER BY posts DESC, claim_id""",
            [],
        )

    def claimed_posts(self, claim_ids: Sequence[str], limit: int = 3) -> dict[str, list[tuple[str, str]]]:
        """Per claim (text, "file, line n") of the posts in own words that match it first of all, the nearest first; at most `limit`."""
        rows = self._rows(
            f"""SELECT claim_id, p."text", p.raw_ref.file AS file, p.raw_ref.line AS line
            FROM {self._source(tables.CLAIM_MATCHES)} m JOIN {self._source(tables.POSTS)} p USING (post_id)
            WHERE rank = 1 AND m."by" = 'text' AND list_contains(?, claim_id)
            QUALIFY row_number() OVER (PARTITION BY claim_id ORDER BY score DESC, post_id) <= ?
            ORDER BY claim_id, score DESC, post_id""",
            [list(claim_ids), limit],
        )
        out: dict[str, list[tuple[str, str]]] = {}
        for r in rows:
            out.setdefault(r["claim_id"], []).append((r["text"], f"{r['file']}, line {r['line']:,}"))
        return out

    def descriptions(self) -> list[dict[str, Any]]:
        """What a language model wrote: names of narratives, summaries of findings, its view of explanations. Empty where none was asked."""
        return [dict(r) for r in self.table(tables.DESCRIPTIONS).to_pylist()]

    def narrative_names(self) -> dict[str, tuple[str, int]]:
        """Narrative id -> (its keywords, its posts)."""
        rows = self._rows(f"SELECT narrative_id, name, n_posts FROM {self._source(tables.NARRATIVES)}", [])
        return {r["narrative_id"]: (r["name"], r["n_posts"]) for r in rows}

    def marked(self, finding_id: str, limit: int = 3) -> list[dict[str, Any]]:
        """Per technique that the head marked in the finding's posts: label, posts and share of the finding's posts in own words with it, the
        same of all others, and up to `limit` quotes (text of the post, start, end), the surest first, the same words once. Most posts first."""
        self.finding(finding_id)
        if not (self.run_dir / tables.ANNOTATIONS.file).is_file():
            return []  # before all texts are read
        rows = self._rows(
            f"""WITH own AS (SELECT post_id, "text", post_id IN (
                    SELECT unnest([post_id_a, post_id_b]) FROM {self._source(tables.EVIDENCE)} WHERE finding_id = $id) AS mine
                FROM {self._source(tables.POSTS)} WHERE kind <> 'repost' AND trim("text") <> ''),
            n AS (SELECT count(*) FILTER (mine) AS n_mine, count(*) FILTER (NOT mine) AS n_others FROM own),
            marks AS (SELECT label, post_id, "start", "end", confidence, mine, "text"
                FROM {self._source(tables.ANNOTATIONS)} JOIN own USING (post_id) WHERE task = 'techniques' AND starts_with(model, 'head:')),
            words AS (SELECT label, lower(substring("text", "start" + 1, "end" - "start")) AS words, arg_min("text", surest) AS "text",
                arg_min("start", surest) AS "start", arg_min("end", surest) AS "end", min(surest) AS surest
                FROM (SELECT *, (-confidence, post_id, "start") AS surest FROM marks WHERE mine) GROUP BY 1, 2),
            quoted AS (SELECT label, list({{'text': "text", 'start': "start", 'end': "end"}} ORDER BY surest) AS quotes
                FROM words GROUP BY label)
            SELECT label, count(DISTINCT post_id) FILTER (mine) AS n_posts,
                count(DISTINCT post_id) FILTER (mine) / any_value(n_mine) AS share_0_1,
                count(DISTINCT post_id) FILTER (NOT mine) / nullif(any_value(n_others), 0) AS others_0_1, any_value(quotes) AS quotes
            FROM marks JOIN quoted USING (label), n GROUP BY label ORDER BY n_posts DESC, label""",
            {"id": finding_id},
        )
        return [r | {"quotes": r["quotes"][:limit]} for r in rows]

    # -- one finding --------------------------------------------------------------------------------------------

    def finding(self, finding_id: str) -> dict[str, Any]:
        for found in self.findings:
            if found["finding_id"] == finding_id:
                return found
        known = ", ".join(str(f["finding_id"]) for f in self.findings[:20]) or "none: this run found nothing"
        more = f" and {len(self.findings) - 20} more" if len(self.findings) > 20 else ""
        raise HouselightsError(f"There is no finding {finding_id} in {self.run_dir}. Its findings: {known}{more}.")

    def members(self, finding_id: str) -> list[dict[str, Any]]:
        """Rows of `members` for one finding: core first, strongest first."""
        self.finding(finding_id)
        return self._rows(
            f"""SELECT * FROM {self._source(tables.MEMBERS)} WHERE finding_id = ?
            ORDER BY array_position(['core', 'source', 'periphery'], role), p_value, n_events DESC, account_id""",
            [finding_id],
        )

    def shown(self, finding_id: str) -> dict[str, Shown]:
        """How each account of a finding may be shown.

        Core accounts of a resolved finding that passed its test are named, and so are sources (who are not members).
        Everyone else gets a number from a hash of (finding, account), so that it says nothing about the account.
        """
        found = self.finding(finding_id)
        may_name = bool(found.get("resolved")) and found.get("tier") in NAMING_TIERS
        rows = self.members(finding_id)
        hidden = sorted(
            (str(m["account_id"]) for m in rows if not (may_name and m["role"] in ("core", "source"))),
            key=lambda a: hashlib.blake2b(
                f"{finding_id}\0{a}".encode("utf-8", "surrogatepass"), digest_size=16
            ).digest(),
        )
        number = {account: i for i, account in enumerate(hidden, 1)}
        out = {}
        for m in rows:
            account = str(m["account_id"])
            named = account not in number
            out[account] = Shown(account, account if named else f"account {number[account]}", str(m["role"]), named)
        return out

    def evidence(self, finding_id: str, limit: int | None = None) -> pa.Table:
        """Rows of `evidence` for one finding, least likely by chance first; `limit` keeps the first rows."""
        self.finding(finding_id)
        bound = "" if limit is None else f" LIMIT {int(limit)}"
        found = self._table(
            f"SELECT * FROM {self._source(tables.EVIDENCE)} WHERE finding_id = ? {_STRONGEST_FIRST}{bound}",
            [finding_id],
        )
        return tables.EVIDENCE.check(found)

    def n_evidence(self, finding_id: str) -> int:
        return int(
            self._one(f"SELECT count(*) AS n FROM {self._source(tables.EVIDENCE)} WHERE finding_id = ?", [finding_id])[
                "n"
            ]
        )

    def pairs(self, finding_id: str, limit: int = 30) -> list[Pair]:
        """The strongest coincidences with both posts side by side: the strongest of every object, then the second of
        every object, and so on, so that one much-shared object does not hide the others; those that confirmed the
        finding come before those that only suggested it. At most `limit`."""
        self.finding(finding_id)
        rows = self._rows(
            f"""SELECT * FROM (
                SELECT *, row_number() OVER (PARTITION BY object_id, confirming {_STRONGEST_FIRST}) AS nth
                FROM {self._source(tables.EVIDENCE)} WHERE finding_id = ?)
            ORDER BY NOT confirming, nth, {_STRONGEST_FIRST.removeprefix("ORDER BY ")} LIMIT {int(limit)}""",
            [finding_id],
        )
        posts = self.posts(
            [(r["post_id_a"], r["account_a"]) for r in rows] + [(r["post_id_b"], r["account_b"]) for r in rows]
        )
        return [
            Pair(
                object_id=r["object_id"],
                kind=r["kind"],
                channel=r["channel"],
                account_a=r["account_a"],
                account_b=r["account_b"],
                post_id_a=r["post_id_a"],
                post_id_b=r["post_id_b"],
                post_a=posts.get((r["post_id_a"], r["account_a"])),
                post_b=posts.get((r["post_id_b"], r["account_b"])),
                delta_s=r["delta_s"],
                chance_0_1=r["chance"],
                confirming=r["confirming"],
            )
            for r in rows
        ]

    def posts(self, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Post]:
        """Posts by (post id, author id): a post id alone may exist on two platforms."""
        if not keys:
            return {}
        wanted = pa.table({"post_id": [k[0] for k in keys], "author_id": [k[1] for k in keys]})
        self._db.register("wanted_posts", wanted)
        cited = _cited_in(self._source(tables.EVIDENCE))
        others = self._rows(f"FROM wanted_posts ANTI JOIN ({cited}) USING (post_id, author_id) LIMIT 1", [])
        posts = self._source(tables.POSTS) if others else self._cited()
        rows = self._rows(
            f"""WITH wanted AS (
                SELECT post_id, platform, author_id, created_at, created_at_precision, kind, text, repost_of, raw_ref
                FROM {posts} SEMI JOIN wanted_posts USING (post_id, author_id))
            SELECT wanted.* EXCLUDE raw_ref, source.text AS reposted_text, raw_ref.file AS file, raw_ref.line AS line
            FROM wanted LEFT JOIN (SELECT post_id, platform, text FROM {posts} SEMI JOIN (SELECT repost_of AS post_id
                FROM wanted) USING (post_id)) AS source
            ON source.post_id = wanted.repost_of AND source.platform = wanted.platform
            ORDER BY wanted.platform DESC""",
            [],
        )
        self._db.unregister("wanted_posts")
        return {
            (r["post_id"], r["author_id"]): Post(
                r["post_id"],
                r["author_id"],
                r["created_at"],
                r["created_at_precision"],
                r["kind"],
                r["text"],
                r["repost_of"],
                r["reposted_text"],
                f"{r['file']}, line {r['line']:,}",
            )
            for r in rows
        }

    def wordings(self, finding_id: str, limit: int = 5) -> list[list[Wording]]:
        """The near-identical texts of the finding that are not word for word the same: for each its wordings, the most used first.
        At most `limit` texts, those of the most posts first."""
        self.finding(finding_id)
        rows = self._rows(
            f"""SELECT DISTINCT object_id, unnest([post_id_a, post_id_b]) AS post_id, unnest([account_a, account_b]) AS account
            FROM {self._source(tables.EVIDENCE)} WHERE finding_id = ? AND kind = 'text'""",
            [finding_id],
        )
        posts = self.posts([(r["post_id"], r["account"]) for r in rows])
        found = ((r["object_id"], posts.get((r["post_id"], r["account"]))) for r in rows)
        return ranked_wordings(((object_id, post) for object_id, post in found if post), limit)

    @cached_property
    def handles(self) -> dict[str, str]:
        """The last known handle of each account of a finding that has one."""
        rows = self._rows(
            f"""SELECT author_id, max_by(author_handle, created_at) AS handle FROM {self._source(tables.POSTS)}
            SEMI JOIN (SELECT account_id AS author_id FROM {self._source(tables.MEMBERS)}) USING (author_id)
            WHERE author_handle IS NOT NULL GROUP BY 1""",
            [],
        )
        return {r["author_id"]: r["handle"] for r in rows}

    def highlights(self, post_id: str, finding_id: str | None = None) -> list[dict[str, Any]]:
        """Highlighted spans of one post, in reading order; of one finding when it is given."""
        return self.highlights_of([post_id], finding_id).get(post_id, [])

    def highlights_of(self, post_ids: Sequence[str], finding_id: str | None = None) -> dict[str, list[dict[str, Any]]]:
        rows = self._rows(
            f"""SELECT * FROM {self._source(tables.HIGHLIGHTS)}
            WHERE list_contains(?, post_id) AND (? IS NULL OR finding_id = ?)
            ORDER BY post_id, "start", "end", kind, finding_id, reason""",
            [list(post_ids), finding_id, finding_id],
        )
        out: dict[str, list[dict[str, Any]]] = {}
        for r in rows:
            out.setdefault(r["post_id"], []).append(r)
        return out

    def timeline(self, finding_id: str, max_bins: int = 96) -> Timeline:
        """The finding's posts (those in its evidence) per bin, with everybody else's posts in the same span."""
        self.finding(finding_id)
        nth = "floor(epoch(created_at - $start) / $bin)::INT"
        own = f"{_cited_in(self._source(tables.EVIDENCE))} WHERE finding_id = $id"
        mine = f"mine AS (SELECT created_at FROM {self._cited()} SEMI JOIN ({own}) USING (post_id, author_id))"
        span = self._one(
            f"WITH {mine} SELECT min(created_at) AS first_at, max(created_at) AS last_at FROM mine", {"id": finding_id}
        )
        if span["first_at"] is None:
            return Timeline(1, (), (), ())
        bin_s, start, n_bins = binned(span["first_at"], span["last_at"], max_bins)
        rows = self._rows(
            f"""WITH {mine}, binned AS (SELECT {nth} AS nth, count(*) AS n FROM {self._source(tables.POSTS)}
                WHERE created_at >= $start AND created_at < $stop GROUP BY 1),
            mine_binned AS (SELECT {nth} AS nth, count(*) AS n FROM mine GROUP BY 1)
            SELECT nth, binned.n AS everyone, coalesce(mine_binned.n, 0) AS mine
            FROM binned LEFT JOIN mine_binned USING (nth)""",
            {"id": finding_id, "start": start, "stop": start + timedelta(seconds=bin_s * n_bins), "bin": bin_s},
        )
        group, others = [0] * n_bins, [0] * n_bins
        for r in rows:
            group[r["nth"]], others[r["nth"]] = r["mine"], r["everyone"] - r["mine"]
        starts = tuple(start + timedelta(seconds=bin_s * i) for i in range(n_bins))
        return Timeline(bin_s, starts, tuple(group), tuple(others))

    def typical_posts(self, narrative_ids: Sequence[str]) -> dict[str, list[str]]:
        """Per narrative the texts of the posts nearest to what all of its posts have in common, the nearest first."""
        rows = self._rows(
            f"""SELECT n.narrative_id, p."text" FROM (
                SELECT narrative_id, unnest(representative_post_ids) AS post_id, generate_subscripts(representative_post_ids, 1) AS nth
                FROM {self._source(tables.NARRATIVES)} WHERE list_contains($ids, narrative_id)) n
            JOIN {self._source(tables.POSTS)} p USING (post_id) ORDER BY n.narrative_id, n.nth""",
            {"ids": list(narrative_ids)},
        )
        out: dict[str, list[str]] = {}
        for row in rows:
            out.setdefault(row["narrative_id"], []).append(row["text"])
        return out

    def volumes(self, finding_id: str, narrative_ids: Sequence[str], n_bins: int = 48) -> dict[str, Timeline]:
        """Per narrative its posts over the whole period of the data: those of the finding's accounts, and all others'."""
        self.finding(finding_id)
        first, last = self.counts["first_at"], self.counts["last_at"]
        if first is None:
            return {}
        bin_s, start, _ = bins = covering(first, last, n_bins)
        rows = self._rows(
            f"""SELECT n.narrative_id, floor(epoch(p.created_at - $start) / $bin)::INT AS nth, m.account_id IS NOT NULL AS mine, count(*) AS n
            FROM {self._source(tables.POST_NARRATIVES)} n JOIN {self._source(tables.POSTS)} p USING (post_id)
            LEFT JOIN (SELECT DISTINCT account_id FROM {self._source(tables.MEMBERS)} WHERE finding_id = $id AND role <> 'source') m
              ON m.account_id = p.author_id
            WHERE list_contains($ids, n.narrative_id) GROUP BY ALL""",
            {"id": finding_id, "ids": list(narrative_ids), "start": start, "bin": bin_s},
        )
        return timelines(narrative_ids, rows, bins)

    def edges(self, finding_id: str) -> list[tuple[str, str, int]]:
        """(account, account, coincidences) among the finding's accounts, each pair once, ids in order."""
        self.finding(finding_id)
        rows = self._rows(
            f"""SELECT least(account_a, account_b) AS a, greatest(account_a, account_b) AS b, count(*) AS n
            FROM {self._source(tables.EVIDENCE)} WHERE finding_id = ? AND account_a <> account_b
            GROUP BY 1, 2 ORDER BY 1, 2""",
            [finding_id],
        )
        return [(r["a"], r["b"], r["n"]) for r in rows]

    # -- the data behind the run --------------------------------------------------------------------------------

    @cached_property
    def counts(self) -> dict[str, Any]:
        """posts, accounts, first_at, last_at of the accepted posts; `rejected` rows."""
        out = self._one(
            f"""SELECT count(*) AS posts, count(DISTINCT author_id) AS accounts, min(created_at) AS first_at,
            max(created_at) AS last_at FROM {self._source(tables.POSTS)}""",
            [],
        )
        out["rejected"] = sum(n for _, n in self.rejects_by_rule)
        return out

    @cached_property
    def rejects_by_rule(self) -> list[tuple[str, int]]:
        rows = self._rows(
            f"SELECT rule, count(*) AS n FROM {self._source(tables.REJECTS)} GROUP BY 1 ORDER BY n DESC, rule", []
        )
        return [(r["rule"], r["n"]) for r in rows]

    @cached_property
    def precisions(self) -> list[tuple[str, int]]:
        """(precision of the time stamps, posts), most frequent first."""
        rows = self._rows(
            f"SELECT created_at_precision AS p, count(*) AS n FROM {self._source(tables.POSTS)} GROUP BY 1 ORDER BY "
            f"n DESC, p",
            [],
        )
        return [(r["p"], r["n"]) for r in rows]

    # -- reading ------------------------------------------------------------------------------------------------

    @property
    def _db(self) -> duckdb.DuckDBPyConnection:
        if self._con is None:
            self._con = connect()
        return self._con

    def _source(self, declared: tables.Table) -> str:
        path = self.run_dir / declared.file
        if path.is_file():
            return f"read_parquet({in_sql(path)})"
        name = f"no_{declared.name}"
        self._db.register(name, declared.empty())
        return name

    @cached_property
    def _cited_posts(self) -> pa.Table:
        """The posts in evidence, and those that they repost: two walks through all posts, however many findings are asked about."""
        columns = "post_id, platform, author_id, created_at, created_at_precision, kind, text, repost_of, raw_ref"
        posts = f"SELECT {columns} FROM {self._source(tables.POSTS)}"
        return self._table(
            f"""WITH own AS MATERIALIZED ({posts} SEMI JOIN ({_cited_in(self._source(tables.EVIDENCE))}) USING (post_id, author_id))
            FROM own UNION {posts} SEMI JOIN (SELECT repost_of AS post_id FROM own) USING (post_id)""",
            [],
        )

    def _cited(self) -> str:
        self._db.register("cited", self._cited_posts)
        return "cited"

    def _rows(self, sql: str, params: Any) -> list[dict[str, Any]]:
        return list(self._table(sql, params).to_pylist())

    def _table(self, sql: str, params: Any) -> pa.Table:
        try:
            return self._db.sql(sql, params=params).to_arrow_table()
        except (duckdb.IOException, duckdb.InvalidInputException, duckdb.BinderException) as exc:
            first_line = str(exc).splitlines()[0]
            raise HouselightsError(f"{self.run_dir} cannot be read: {first_line}. Run the scan again.") from exc

    def _one(self, sql: str, params: Any) -> dict[str, Any]:
        return self._rows(sql, params)[0]

    def _json(self, name: str) -> Any:
        path = self.run_dir / name
        if not path.is_file():
            raise HouselightsError(f"{self.run_dir} lacks {name}: the scan did not finish. Run it again.")
        try:
            return json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as exc:
            again = {
                "calibration.json": "Run `houselights calibrate` again",
                "opinion.json": "Remove it, and run `houselights opinion` again",
            }
            raise HouselightsError(f"{path} cannot be read: {exc}. {again.get(name, 'Run the scan again')}.") from exc


def _cited_in(evidence: str) -> str:
    return f"SELECT DISTINCT unnest([post_id_a, post_id_b]) AS post_id, unnest([account_a, account_b]) AS author_id FROM {evidence}"


_STRONGEST_FIRST = "ORDER BY chance, abs(delta_s), object_id, post_id_a, post_id_b, channel"


def _is_run(directory: Path) -> bool:
    """Whether its manifest.json is one of ours: other tools write files of that name."""
    try:
        found = json.loads((directory / "manifest.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(found, dict) and {"complete", "version"} <= found.keys()


def refuse_foreign_directory(out: Path) -> None:
    """A RUN directory may be replaced; anything else that exists is somebody's work."""
    if out.is_dir():
        beginning = {"manifest.json.part"}  # all that a scan killed at its first step leaves
        if {p.name for p in out.iterdir()} - beginning and not _is_run(out):
            raise HouselightsError(
                f"{out} exists, is not empty and is not a RUN directory. Give another --out, or empty it yourself."
            )
    elif out.exists():
        raise HouselightsError(f"{out} is a file. Give a directory for --out.")
