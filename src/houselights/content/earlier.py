"""Narratives of an earlier run that go on: new posts that tell one of them keep its name."""

from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from houselights.content import clusters, embedding, texts
from houselights.core.errors import HouselightsError
from houselights.core.tables import NARRATIVES, POST_NARRATIVES, POSTS


@dataclass(frozen=True)
class Earlier:
    """c narratives and the t texts that told them."""

    id: list[str]  # [c]
    keywords: list[list[str]]  # [c]
    hash: list[str]  # [t] of the text, as in `texts.Texts`
    label: NDArray[np.int64]  # [t]
    vectors: NDArray[np.float32]  # [t, d]


def check(run: Path) -> None:
    """Raises HouselightsError when `run` has no narratives to go on with."""
    path = run / NARRATIVES.file
    if not path.is_file() or not pq.read_metadata(path).num_rows:
        raise HouselightsError(
            f"{run} has no narratives that could go on: name the directory of an earlier scan with --narratives."
        )


def read(con: duckdb.DuckDBPyConnection, run: Path, model: embedding.Model, cache_dir: Path, jobs: int) -> Earlier:
    """The narratives of `run`; their texts are embedded again, by the model that reads the new ones, where its cache lacks them."""
    check(run)
    rows = NARRATIVES.check(pq.read_table(run / NARRATIVES.file)).select(["narrative_id", "keywords"]).to_pylist()
    number = {row["narrative_id"]: i for i, row in enumerate(rows)}
    told = POST_NARRATIVES.check(pq.read_table(run / POST_NARRATIVES.file))
    of_post = dict(zip(told["post_id"].to_pylist(), told["narrative_id"].to_pylist(), strict=True))
    said = texts.read(con, run / POSTS.file)
    label_of = {
        text: number[of_post[post]]
        for post, text in zip(said.post_id, said.text_of_post.tolist(), strict=True)
        if post in of_post
    }
    kept = sorted(label_of)
    vectors = embedding.vectors([said.text[t] for t in kept], model, cache_dir, jobs)
    label = np.fromiter((label_of[t] for t in kept), np.int64, len(kept))
    return Earlier(list(number), [row["keywords"] for row in rows], [said.hash[t] for t in kept], label, vectors)


def told(earlier: Earlier, hashes: list[str], vectors: NDArray[np.float32]) -> NDArray[np.int64]:
    """[texts] which of the earlier narratives each text tells, NOISE for none: the same text the same one, others by `clusters.assigned`."""
    label_of = dict(zip(earlier.hash, earlier.label.tolist(), strict=True))
    label = np.array([label_of.get(h, clusters.NOISE) for h in hashes], np.int64)
    new = np.flatnonzero(label == clusters.NOISE)
    label[new], _ = clusters.assigned(vectors[new], earlier.vectors, earlier.label)
    return label
