"""posts -> languages, narratives and which posts tell them."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from houselights.content import clusters, earlier, embedding, keywords, languages, texts
from houselights.core.paths import in_sql
from houselights.core.settings import ContentSettings
from houselights.core.tables import LANGUAGES, NARRATIVES, POST_NARRATIVES, Table
from houselights.core.work import HERE, Work

CACHE = ".embeddings"
N_REPRESENTATIVES = 3
Tell = Callable[[int, int], None]


@dataclass(frozen=True)
class ContentReport:
    """What was read and found; or why nothing was."""

    model: str
    n_texts: int
    n_narratives: int
    n_posts: int  # posts that tell a narrative, reposts of such included
    skipped: str = ""


def write(
    con: duckdb.DuckDBPyConnection,
    posts_path: Path,
    out_dir: Path,
    settings: ContentSettings,
    tell: Tell | None = None,
    work: Work = HERE,
) -> ContentReport:
    """Writes languages.parquet, narratives.parquet and post_narratives.parquet into `out_dir`; empty ones, with the reason, where narratives were
    not asked for. Raises HouselightsError where they were and cannot be made."""
    if not settings.narratives:
        for table in (LANGUAGES, NARRATIVES, POST_NARRATIVES):
            write_table(out_dir, table, table.empty())
        return ContentReport("", 0, 0, 0, "narratives were not asked for: scan with --narratives")
    model = embedding.chosen(settings.embeddings_url, settings.embeddings_model)
    said = texts.read(con, posts_path)
    codes, confidence = languages.identify(said.text)
    write_table(out_dir, LANGUAGES, _languages(said, codes, confidence))
    vectors = embedding.vectors(said.text, model, out_dir / CACHE, settings.jobs, tell, work)
    n_posts = np.bincount(said.text_of_post, minlength=len(said.text))
    known = None
    if settings.earlier_run:
        before = Path(settings.earlier_run)
        known = earlier.read(con, before, model, before / CACHE, settings.jobs)
    label, going_on = _label(said, vectors, n_posts, known)
    found = _Found.of(said, vectors, label, codes, n_posts, going_on)
    con.register("text_narratives", found.of_posts(said))
    try:
        told = con.sql(_TOLD.format(posts=in_sql(posts_path))).to_arrow_table()
        con.register("told_narratives", told)
        counts = con.sql(_COUNTS.format(posts=in_sql(posts_path))).to_arrow_table()
    finally:
        con.unregister("text_narratives")
        con.unregister("told_narratives")
    write_table(out_dir, POST_NARRATIVES, told)
    write_table(out_dir, NARRATIVES, found.described(counts))
    return ContentReport(model.name, len(said.text), len(found.id), told.num_rows)


def _label(
    said: texts.Texts, vectors: NDArray[np.float32], n_posts: NDArray[np.int64], known: earlier.Earlier | None
) -> tuple[NDArray[np.int64], list[tuple[str, list[str]]]]:
    """([texts] the narrative of each, id and keywords of the first: those that go on from an earlier run). Clusters are made of the rest."""
    label = earlier.told(known, said.hash, vectors) if known else np.full(len(said.text), clusters.NOISE, np.int64)
    inside = np.flatnonzero(label != clusters.NOISE)
    present, label[inside] = np.unique(label[inside], return_inverse=True)
    rest = np.flatnonzero(label == clusters.NOISE)
    fresh = clusters.with_copied(clusters.dense(vectors[rest]), n_posts[rest])
    label[rest] = np.where(fresh == clusters.NOISE, clusters.NOISE, fresh + len(present))
    return label, [(known.id[k], known.keywords[k]) for k in present.tolist()] if known else []


_TOLD = """
SELECT post_id, narrative_id, similarity_0_1, 'text' AS "by" FROM text_narratives
UNION ALL
SELECT r.post_id, n.narrative_id, n.similarity_0_1, 'repost' AS "by"
FROM read_parquet({posts}) r JOIN text_narratives n ON r.repost_of = n.post_id WHERE r.kind = 'repost'
ORDER BY narrative_id, post_id
"""
_COUNTS = """
SELECT n.narrative_id, count(*) AS n_posts, count(DISTINCT p.author_id) AS n_accounts,
       min(p.created_at) AS first_at, max(p.created_at) AS last_at,
       count(DISTINCT p.author_id) / (SELECT count(DISTINCT author_id) FROM read_parquet({posts})) AS account_share_0_1
FROM told_narratives n JOIN read_parquet({posts}) p USING (post_id) GROUP BY 1
"""


@dataclass(frozen=True)
class _Found:
    """c narratives, by what their texts are."""

    id: list[str]  # [c]
    keywords: list[list[str]]
    languages: list[list[str]]
    representatives: list[list[str]]  # post ids
    n_texts: NDArray[np.int64]
    label: NDArray[np.int64]  # [texts]
    similarity: NDArray[np.float64]  # [texts] cosine to the narrative's centre

    @staticmethod
    def of(
        said: texts.Texts,
        vectors: NDArray[np.float32],
        label: NDArray[np.int64],
        codes: list[str],
        n_posts: NDArray[np.int64],
        going_on: list[tuple[str, list[str]]],
    ) -> "_Found":
        middle = clusters.centres(vectors, label)
        similarity = np.zeros(len(label))
        inside = np.flatnonzero(label >= 0)
        similarity[inside] = np.einsum("ij,ij->i", vectors[inside], middle[label[inside]])
        first_post: dict[int, str] = {}
        for post, text in zip(said.post_id, said.text_of_post.tolist(), strict=True):
            first_post.setdefault(text, post)
        ids, shown, spoken = [], [], []
        order = inside[np.lexsort((inside, -similarity[inside], label[inside]))]
        bounds = np.searchsorted(label[order], np.arange(len(middle) + 1))
        for k in range(len(middle)):
            members = order[bounds[k] : bounds[k + 1]].tolist()
            ids.append(f"narrative:{said.hash[members[0]]}")
            shown.append([first_post[t] for t in members[:N_REPRESENTATIVES]])
            weight: Counter[str] = Counter()
            for t in members:
                weight[codes[t]] += int(n_posts[t])
            spoken.append([c for c, _ in sorted(weight.items(), key=lambda item: (-item[1], item[0]))])
        words = keywords.of_clusters(said.text, label, n_posts)
        ids[: len(going_on)] = [id_ for id_, _ in going_on]
        words[: len(going_on)] = [keywords_ for _, keywords_ in going_on]
        return _Found(ids, words, spoken, shown, np.bincount(label[inside], minlength=len(middle)), label, similarity)

    def of_posts(self, said: texts.Texts) -> pa.Table:
        """post_id, narrative_id and similarity of every post in own words that tells one."""
        label = self.label[said.text_of_post]
        told = np.flatnonzero(label >= 0)
        return pa.table(
            {
                "post_id": pa.array([said.post_id[i] for i in told.tolist()], pa.string()),
                "narrative_id": pa.array([self.id[k] for k in label[told].tolist()], pa.string()),
                "similarity_0_1": np.clip(self.similarity[said.text_of_post[told]], 0.0, 1.0),
            }
        )

    def described(self, counts: pa.Table) -> pa.Table:
        of = {row["narrative_id"]: row for row in counts.to_pylist()}
        rows = [
            of[id_]
            | {
                "name": keywords.name(words),
                "keywords": words,
                "languages": spoken,
                "representative_post_ids": shown,
                "n_texts": int(n),
            }
            for id_, words, spoken, shown, n in zip(
                self.id, self.keywords, self.languages, self.representatives, self.n_texts, strict=True
            )
        ]
        rows.sort(key=lambda row: (-row["n_posts"], row["narrative_id"]))
        return pa.Table.from_pylist(rows, schema=NARRATIVES.schema)


def _languages(said: texts.Texts, codes: list[str], confidence: NDArray[np.float64]) -> pa.Table:
    return pa.table(
        {
            "post_id": pa.array(said.post_id, pa.string()),
            "lang": pa.array([codes[t] for t in said.text_of_post.tolist()], pa.string()),
            "confidence_0_1": confidence[said.text_of_post],
        }
    ).sort_by("post_id")


def write_table(out_dir: Path, table: Table, rows: pa.Table) -> None:
    """There as a whole or not at all."""
    path = out_dir / table.file
    beside = path.with_name(path.name + ".part")
    pq.write_table(table.check(rows), beside, compression="zstd")
    beside.replace(path)
